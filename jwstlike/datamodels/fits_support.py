"""FITS files to models and back: `read_model` and `write_model`, and the older functions."""

import hashlib
import io
import os

from ..atomic import replacing
from . import asdf_support
from .fits_data import ArrayData
from .fits_read import FitsReader
from .fits_scan import FitsIndex, scan
from .fits_write import OutHdu, Plan
from .properties import merge_tree

ASDF_FORM = "ASDF_METADATA"


# ---------------------------------------------------------------- reading


def index_of(init):
    """Return the `FitsIndex` of a path, bytes, file object, `HDUList` or index."""
    if isinstance(init, FitsIndex):
        return init
    if type(init).__name__ == "HDUList":
        return scan(hdulist_bytes(init), init.filename() or "<HDUList>")
    return scan(init)


def read_model(model, init):
    """Give a model the content of a FITS file, unread.

    Parameters
    ----------
    model : DataModel
    init : path, bytes, binary file object, HDUList or FitsIndex
        An `HDUList` is copied and stays open.
    """
    index = index_of(init)
    model._source_path = index.source.path
    model.__dict__["_reader"] = FitsReader(index, model._table)
    model._reader.adopt(model._tree, model._spec)
    if model._strict_validation:
        model.validate()


def hdulist_bytes(hdulist):
    """Return the bytes of the file that an `HDUList` would be written to."""
    import warnings

    from astropy.io.fits.verify import VerifyWarning

    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VerifyWarning)
        hdulist.writeto(stream, output_verify="ignore")
    return stream.getvalue()


# ---------------------------------------------------------------- writing


def write_model(model, target, overwrite=True, **kwargs):
    """Write a model as FITS, atomically.

    Parameters
    ----------
    model : DataModel
    target : str, Path or binary file object
    overwrite : bool
        Whether an existing file may be replaced.
    **kwargs
        ``checksum=True`` adds CHECKSUM and DATASUM to every HDU; other options of astropy's
        `writeto` have no effect.

    Raises
    ------
    OSError
        When the file exists (without `overwrite`) or cannot be written.
    """
    hdus = plan_hdus(model, checksum=bool(kwargs.get("checksum")))
    if hasattr(target, "write"):
        for hdu in hdus:
            target.writelines(hdu.blocks())
        return
    if not overwrite and os.path.lexists(target):
        raise FileExistsError(17, "exists already; use overwrite=True", os.fspath(target))
    with replacing(target) as stream:
        for hdu in hdus:
            for block in hdu.blocks():
                stream.write(block)


def plan_hdus(model, checksum=False):
    """Return the list of `OutHdu` of a model, the ASDF extension last."""
    model._load_below(model)
    plan = Plan(model)
    if checksum:
        for hdu in plan.hdus:
            for keyword in ("CHECKSUM", "DATASUM"):
                hdu.header.set(keyword, "0")
    plan.finish()
    if _wants_asdf(model, plan):
        plan.hdus.append(_asdf_hdu(model, plan))
    return plan.hdus


def _wants_asdf(model, plan):
    """Whether an ASDF extension is written: never in reference files, else kept or needed."""
    if not model.has_asdf_extension:
        return False
    reader = model._reader
    return (
        reader is None
        or reader.asdf_hdu is not None
        or bool(plan.lossy)
        or asdf_support.has_unbound(model._tree, model._spec)
    )


def _asdf_hdu(model, plan):
    tree = asdf_support.tree_of(model, standalone=False)
    tree["_fits_hash"] = headers_hash(hdu.header.tobytes() for hdu in plan.hdus)
    content = b"".join(
        bytes(block) for block in asdf_support.dump(tree, model, plan.links)
    )
    out = OutHdu("ASDF")
    cards = [
        ("XTENSION", "BINTABLE", "binary table extension"), ("BITPIX", 8, "array data type"),
        ("NAXIS", 2, "number of array dimensions"), ("NAXIS1", len(content), ""),
        ("NAXIS2", 1, ""), ("PCOUNT", 0, "number of group parameters"),
        ("GCOUNT", 1, "number of groups"), ("TFIELDS", 1, "number of table fields"),
        ("TTYPE1", ASDF_FORM, ""), ("TFORM1", f"{len(content)}B", ""),
    ]  # fmt: skip
    out.header.replace_layout(cards)
    out.data = ArrayData(lambda: iter([content]), len(content))
    return out


def headers_hash(headers):
    """SHA-256 of some headers, in hexadecimal."""
    total = hashlib.sha256()
    for header in headers:
        total.update(header)
    return total.hexdigest()


def fits_hash(hdulist):
    """SHA-256 of the headers of an `HDUList`, the ASDF extension left out."""
    return headers_hash(str(hdu.header).encode() for hdu in hdulist if hdu.name != "ASDF")


# ---------------------------------------------------------------- the older functions


def is_builtin_fits_keyword(key):
    """Whether a keyword describes the layout of an HDU."""
    from .fits_cards import is_structural

    return is_structural(key)


def to_fits(tree, schema, hdulist=None):
    """Make an astropy `HDUList` from a tree and its schema.

    Parameters
    ----------
    tree : dict
    schema : dict
    hdulist : HDUList, optional
        HDUs to put before.
    """
    import astropy.io.fits as afits

    from .model_base import DataModel

    stream = io.BytesIO()
    write_model(DataModel(merge_tree({}, tree), schema=schema), stream)
    made = afits.open(io.BytesIO(stream.getvalue()), memmap=False)
    for hdu in made:
        hdu.data  # noqa: B018 - read while the bytes are there
    return made if hdulist is None else afits.HDUList([*hdulist, *made[1:]])


def from_fits(hdulist, schema, context=None, **kwargs):
    """Return the whole tree of an `HDUList` (or path), read by a schema."""
    from .model_base import DataModel

    return DataModel(hdulist, schema=schema).instance

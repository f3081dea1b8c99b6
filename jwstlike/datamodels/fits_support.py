"""Models to FITS files: `write_model`, and the older functions for both ways."""

import hashlib
import io
import itertools
import os

from ..atomic import replacing
from ..errors import ALLOWED_SHOWN, UnknownAttributeError
from . import asdf_in_fits, asdf_support, formats, validate
from .defaults import _cast
from .fits_cards import is_structural
from .fits_data import ArrayData
from .fits_out import OutHdu, file_blocks
from .fits_scan import scan
from .fits_write import BUILT_IN, FITS_VALIDATORS, Plan
from .formats import is_same_file
from .tile_compression import compress
from .trees import merge_tree
from .untouched import never, untouched_items

__all__ = [
    "FITS_VALIDATORS",
    "fits_hash",
    "from_fits",
    "from_fits_asdf",
    "from_fits_hdu",
    "get_hdu",
    "is_builtin_fits_keyword",
    "to_fits",
]

ASDF_FORM = "ASDF_METADATA"


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
        ``checksum=True`` adds CHECKSUM and DATASUM to every HDU; ``compress`` makes compressed
        images, see `tile_compression.compress`; other options of astropy's `writeto` have no
        effect.

    Raises
    ------
    OSError
        When the file exists (without `overwrite`) or cannot be written.
    """
    hdus = plan_hdus(model, checksum=bool(kwargs.get("checksum")))
    if kwargs.get("compress"):
        compress(hdus, kwargs["compress"])
    if hasattr(target, "write"):
        target.writelines(file_blocks(hdus))
        return
    if not overwrite and os.path.lexists(target):
        raise FileExistsError(17, "exists already; use overwrite=True", os.fspath(target))
    with replacing(target) as stream:
        for block in file_blocks(hdus):
            stream.write(block)
    if model._reader is not None and is_same_file(model._source_path, target):
        model._reader.rebind(scan(model._source_path), hdus, model._tree)
        model._forget_nodes()


def plan_hdus(model, checksum=False):
    """Return the list of `OutHdu` of a model; a new ASDF extension is the last one."""
    model._commit()
    untouched = never if FITS_VALIDATORS != BUILT_IN else untouched_items(model)
    model._load_cards(untouched)
    plan = Plan(model, untouched)
    with_asdf = _wants_asdf(model, plan)
    if not with_asdf:
        _tell_losses(model)
    elif plan.asdf is None:
        plan.asdf = OutHdu("ASDF")
        plan.hdus.append(plan.asdf)
    if checksum:
        for hdu in plan.hdus:
            for keyword in ("CHECKSUM", "DATASUM"):
                if not hdu.header.is_filled(keyword):
                    hdu.header.set(keyword, "0")
    plan.finish(with_asdf)
    if with_asdf and not _holds_still(model, plan):
        _renew_asdf(model, plan)
    return plan.hdus


def _tell_losses(model):
    """Warn of what a file without ASDF extension leaves out."""
    names = list(_losses(model, asdf_support.unbound(model._tree, model._spec)))
    if names:
        more = len(names) - ALLOWED_SHOWN
        shown = ", ".join(names[:ALLOWED_SHOWN]) + (f" and {more} more" if more > 0 else "")
        validate.warn(
            f"{model._place()}: FITS files of {type(model).__name__} cannot hold {shown}; "
            "left out, save as .asdf to keep it"
        )


def _losses(model, value, path=()):
    """Yield the dotted names of what is below a value, but for what the model has for its items."""
    if type(value) is dict or (type(value) is list and dict in map(type, value)):
        for name, below in value.items() if type(value) is dict else enumerate(value):
            yield from _losses(model, below, (*path, name))
        return
    inside = tuple(itertools.takewhile(lambda n: type(n) is not int, reversed(path)))[::-1]
    owner = None if inside == path else model._table.find(inside)
    if owner is None or not owner.bound:
        yield validate.dotted(path)


def _wants_asdf(model, plan):
    """Whether an ASDF extension is written: never in new reference files, else kept or needed."""
    reader = model._reader
    if reader is not None and reader.asdf_hdu is not None:
        return True
    if not model.has_asdf_extension or getattr(model, "_no_asdf_extension", False):
        return False
    return (
        reader is None or bool(plan.lossy) or bool(asdf_support.unbound(model._tree, model._spec))
    )


def _holds_still(model, plan):
    """Whether all that the ASDF extension of the source says is still so."""
    reader = model._reader
    if reader is None or reader.asdf_hdu is None or plan.edited:
        return False
    mine = asdf_support.unbound(asdf_support.stored_tree(model), model._spec)
    if not reader.asdf_done:
        return not mine  # nobody asked for what only it holds
    return validate.equal(mine, asdf_support.unbound(reader.asdf, model._spec))


def _renew_asdf(model, plan):
    """Give the ASDF extension the tree of the model."""
    tree, out = asdf_support.tree_of(model, standalone=False), plan.asdf
    if not model._tree.get("extra_fits"):  # else some readers would take the tree for the whole
        headers = (hdu.header_bytes() for hdu in plan.hdus if hdu is not out)
        tree["_fits_hash"] = headers_hash(headers)
    content = asdf_support.content(tree, plan.link_of, model._place())
    cards = [
        ("XTENSION", "BINTABLE", "binary table extension"), ("BITPIX", 8, "array data type"),
        ("NAXIS", 2, "number of array dimensions"), ("NAXIS1", len(content), ""),
        ("NAXIS2", 1, ""), ("PCOUNT", 0, "number of group parameters"),
        ("GCOUNT", 1, "number of groups"), ("TFIELDS", 1, "number of table fields"),
        ("TTYPE1", ASDF_FORM, ""), ("TFORM1", f"{len(content)}B", ""),
    ]  # fmt: skip
    out.header.replace_layout(cards)
    if (named := out.header.parsed("EXTNAME")) is None or str(named.value).upper() != "ASDF":
        out.header.set("EXTNAME", "ASDF", "extension name")
    out.data, out.header.changed = ArrayData(lambda: iter([content]), len(content)), True
    out.finish()


def headers_hash(headers):
    """SHA-256 of some headers, in hexadecimal."""
    total = hashlib.sha256()
    for header in headers:
        total.update(header)
    return total.hexdigest()


def fits_hash(hdulist):
    """SHA-256 of the headers of an `HDUList`, the ASDF extension left out."""
    return headers_hash(str(hdu.header).encode() for hdu in hdulist if hdu.name != "ASDF")


def header_text(model, extname, extver=1):
    """Return the header that an HDU will be written with, without filling.

    Raises
    ------
    AttributeError
        When the model has no such HDU.
    """
    model._commit()
    model._load_cards()
    out = Plan(model)._find(extname, extver)
    if out is None:
        raise UnknownAttributeError(f"{extname},{extver}", f"the FITS form of {model!r}")
    return out.header.tobytes().decode("latin-1")


# ---------------------------------------------------------------- the older functions


def is_builtin_fits_keyword(key):
    """Whether a keyword describes the layout of an HDU."""
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

    stream = io.BytesIO()
    write_model(_generic()(merge_tree({}, tree), schema=schema), stream)
    made = afits.open(io.BytesIO(stream.getvalue()), memmap=False)
    for hdu in made:
        hdu.data  # noqa: B018 - read while the bytes are there
    return made if hdulist is None else afits.HDUList([*hdulist, *made[1:]])


def from_fits(hdulist, schema, context=None, **kwargs):
    """Return the whole tree of an `HDUList` (or path), read by a schema."""
    return _generic()(hdulist, schema=schema).instance


def from_fits_asdf(hdulist, ignore_unrecognized_tag=False, ignore_missing_extensions=True):
    """Return the ASDF extension of an `HDUList` (or path) as an `AsdfFile`; empty without one."""
    return asdf_in_fits.open(hdulist, ignore_missing_extensions, ignore_unrecognized_tag)


def from_fits_hdu(hdu, schema):
    """Return the data of an astropy HDU as the schema of an array wants them."""
    return None if hdu.data is None else _cast(hdu.data, schema)


def get_hdu(hdulist, name, index=None):
    """Return an HDU of an `HDUList` by its name and its position among those of that name.

    Raises
    ------
    AttributeError
        When there is none.
    """
    try:
        return hdulist[name] if index is None else hdulist[name, index + 1]
    except KeyError:
        raise UnknownAttributeError(
            name if index is None else f"{name},{index + 1}",
            "the FITS file",
            [hdu.name for hdu in hdulist],
        ) from None


def _generic():
    """Return `DataModel`, which itself reads and writes through this module."""
    return formats.function("jwstlike.datamodels.model_base:DataModel")

"""The ASDF extension of a FITS file, for those who know asdf and astropy."""

import io

from ..atomic import replacing
from . import asdf_support, ragged
from .fits_open import index_of

EXTNAME = "ASDF"
COLUMN = "ASDF_METADATA"


def open(filename_or_hdu, ignore_missing_extensions=False, ignore_unrecognized_tag=False):
    """Open the ASDF extension of a FITS file as an `AsdfFile`, its arrays read.

    Parameters
    ----------
    filename_or_hdu : path, bytes, binary file object or HDUList
    ignore_missing_extensions, ignore_unrecognized_tag : bool
        Passed to ``asdf.open``.

    Returns
    -------
    asdf.AsdfFile
        Empty when the file has no such extension.
    """
    import asdf

    index = index_of(filename_or_hdu)
    hdu = index.find(EXTNAME)
    if hdu is None:
        return asdf.AsdfFile()
    content = index.source.read(hdu.data_offset, hdu.data_size)
    tree = asdf_support.load_tree(content, f"{index.source.name}[{hdu.place}]", index)
    return asdf.open(
        io.BytesIO(asdf_support.content(ragged.without_objects(tree))),
        lazy_load=False,
        ignore_missing_extensions=ignore_missing_extensions,
        ignore_unrecognized_tag=ignore_unrecognized_tag,
    )


def to_hdulist(tree, hdulist=None):
    """Return an astropy `HDUList` with a tree in its ASDF extension.

    Parameters
    ----------
    tree : dict
        Arrays that are the data of one of the HDUs are not stored twice.
    hdulist : HDUList, optional
        The HDUs before; it is changed and returned.
    """
    import astropy.io.fits as afits
    import numpy as np

    hdulist = afits.HDUList([afits.PrimaryHDU()]) if hdulist is None else hdulist
    links = {
        id(hdu.data): f"fits:{hdu.name},{hdu.ver}" if hdu.name else f"fits:{number}"
        for number, hdu in enumerate(hdulist)
        if hdu.data is not None
    }
    content = asdf_support.content(tree, lambda array: links.get(id(array)))
    row = np.zeros(1, [(COLUMN, "u1", (len(content),))])
    row[COLUMN] = np.frombuffer(content, "u1")
    hdulist.append(afits.BinTableHDU(row, name=EXTNAME))
    return hdulist


def write(filename, tree, hdulist=None, **kwargs):
    """Write a FITS file with a tree in its ASDF extension, atomically.

    Parameters
    ----------
    filename : path
    tree, hdulist
        See `to_hdulist`.
    **kwargs
        Passed to ``HDUList.writeto``.
    """
    kwargs.pop("overwrite", None)
    content = io.BytesIO()
    to_hdulist(tree, hdulist).writeto(content, **kwargs)
    with replacing(filename) as stream:
        stream.write(content.getbuffer())

"""Open FITS files: all that reading needs, without what writes them."""

import io
import warnings

from .fits_read import FitsReader
from .fits_scan import FitsIndex, scan


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


def index_of(init):
    """Return the `FitsIndex` of a path, bytes, file object, `HDUList` or index."""
    if isinstance(init, FitsIndex):
        return init
    if type(init).__name__ == "HDUList":
        return scan(hdulist_bytes(init), init.filename() or "<HDUList>")
    return scan(init)


def hdulist_bytes(hdulist):
    """Return the bytes of the file that an `HDUList` would be written to."""
    from astropy.io.fits.verify import VerifyWarning

    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VerifyWarning)
        hdulist.writeto(stream, output_verify="ignore")
    return stream.getvalue()

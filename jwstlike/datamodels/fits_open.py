"""Open FITS files: all that reading needs, without what writes them."""

import io

from .fits_read import FitsReader
from .fits_scan import FitsIndex, scan
from .hdulist import index_of_hdulist


def read_model(model, init):
    """Give a model the content of a FITS file, unread.

    Parameters
    ----------
    model : DataModel
    init : path, bytes, binary file object, HDUList or FitsIndex
        An `HDUList` stays open; it is copied unless it is as on disk.
    """
    if type(init).__name__ == "HDUList" and list.__len__(init) == 0 and init.filename() is None:
        return  # nothing was put into it yet
    index = index_of(init)
    model._note_source(index.source)
    if hasattr(type(model), "_migrate_hdulist"):
        index = _migrated(index, model._migrate_hdulist)
    model._read_from(FitsReader(index, model._table))
    model._act_on_source()


def _migrated(index, migrate):
    """Let a class of a user change the HDUs of a file before they are read.

    The file stays as it is; what `migrate` gives back, an astropy `HDUList`, is read instead.
    """
    import astropy.io.fits as afits

    content = index.source.read(0, index.source.size)
    with afits.open(io.BytesIO(content), memmap=False) as hdulist:
        made = io.BytesIO()
        migrate(hdulist).writeto(made, output_verify="ignore")
    return index if made.getvalue() == content else scan(made.getvalue())


def index_of(init):
    """Return the `FitsIndex` of a path, bytes, file object, `HDUList` or index."""
    if isinstance(init, FitsIndex):
        return init
    if type(init).__name__ == "HDUList":
        return index_of_hdulist(init)
    return scan(init)

"""Open `HDUList` objects of astropy: read from their file where that is the same."""

import io

from ..errors import FileFormatError
from .fits_scan import scan
from .quiet import quiet

AS_READ = frozenset(
    {"PrimaryHDU", "ImageHDU", "BinTableHDU", "TableHDU", "GroupsHDU", "_NonstandardHDU"}
)


def index_of_hdulist(hdulist):
    """Return the `FitsIndex` of an open `HDUList`.

    One that was opened for reading, and of which nothing was loaded or changed, is read from its
    file; otherwise its content is copied.
    """
    name = hdulist.filename()
    if name is not None and _is_as_on_disk(hdulist):
        index = scan(name)
        loaded = [hdu._data_offset for hdu in _loaded(hdulist)]
        there = [hdu.data_offset for hdu in index]
        if loaded == (there[: len(loaded)] if _may_grow(hdulist) else there):
            return index
    return scan(hdulist_bytes(hdulist), name or "<HDUList>")


def _loaded(hdulist):
    """Return the HDUs that astropy has met so far, without making it look for others."""
    return list.__iter__(hdulist)


def _may_grow(hdulist):
    return not getattr(hdulist, "_read_all", True)


def _is_as_on_disk(hdulist):
    """Whether nothing of an `HDUList` can differ from its file; False where that is unclear."""
    file = getattr(hdulist, "_file", None)
    if getattr(file, "mode", None) != "readonly" or getattr(hdulist, "_resize", True):
        return False
    return all(
        type(hdu).__name__ in AS_READ
        and getattr(hdu, "_file", None) is file
        and not getattr(hdu, "_data_loaded", True)
        and not getattr(hdu.header, "_modified", True)
        for hdu in _loaded(hdulist)
    )


def hdulist_bytes(hdulist):
    """Return the bytes of the file that an `HDUList` would be written to.

    Raises
    ------
    FileFormatError
        When astropy cannot write one of its HDUs.
    """
    from astropy.io.fits.verify import VerifyWarning

    stream = io.BytesIO()
    with quiet(VerifyWarning):
        try:
            hdulist.writeto(stream, output_verify="ignore")
        except Exception as error:  # of the inside of astropy, for HDUs that it only reads
            name = hdulist.filename() or "<HDUList>"
            reason = f"astropy cannot write it ({type(error).__name__}: {error})"
            raise FileFormatError(name, reason, "give the path of the file") from error
    return stream.getvalue()

"""Open `HDUList` objects of astropy: read from their file where that is the same."""

import io
from pathlib import Path

from ..errors import FileFormatError
from .fits_cards import CARD
from .fits_scan import RECORD, scan
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
    if name is None or not Path(name).is_file():  # of a file object astropy tells the class
        return scan(hdulist_bytes(hdulist), "<HDUList>")
    if _is_as_on_disk(hdulist):
        index = scan(name)
        loaded = [hdu._data_offset for hdu in _loaded(hdulist)]
        there = [hdu.data_offset for hdu in index]
        if loaded == (there[: len(loaded)] if _may_grow(hdulist) else there):
            return index
    return scan(hdulist_bytes(hdulist), name)


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

    What astropy has not read is taken from its file as it is: to write it, astropy would scale it
    and mend odd cards.

    Raises
    ------
    FileFormatError
        When astropy cannot write one of its HDUs.
    """
    try:
        return b"".join(_bytes_of(hdu, n) for n, hdu in enumerate(hdulist))
    except Exception as error:  # of the inside of astropy, for HDUs that it only reads
        name = hdulist.filename() or "<HDUList>"
        reason = f"astropy cannot write it ({type(error).__name__}: {error})"
        raise FileFormatError(name, reason, "give the path of the file") from error


def _bytes_of(hdu, number):
    if type(hdu).__name__ not in AS_READ or getattr(hdu, "_data_loaded", True):
        return _written(hdu, number)
    info = hdu.fileinfo()
    if info is None or info["file"] is None:
        return _written(hdu, number)
    data = _read(info["file"], info["datLoc"], info["datSpan"])
    if getattr(hdu.header, "_modified", True):
        text = "".join(map(_card_text, hdu.header.cards)) + "END".ljust(CARD)
        return text.ljust(-(-len(text) // RECORD) * RECORD).encode("latin-1") + data
    return _read(info["file"], info["hdrLoc"], info["datLoc"] - info["hdrLoc"]) + data


def _read(file, offset, count):
    place = file.tell()
    file.seek(offset)
    content = file.read(count)
    file.seek(place)
    return content


def _card_text(card):
    """Return a card as it is in its file, if nobody changed it."""
    stored = None if getattr(card, "_modified", True) else getattr(card, "_image", None)
    text = stored or str(card)
    return text.ljust(-(-len(text) // CARD) * CARD)


def _written(hdu, number):
    """Return an HDU as astropy writes it."""
    import astropy.io.fits as afits
    from astropy.io.fits.verify import VerifyWarning

    stream = io.BytesIO()
    with quiet(VerifyWarning):
        before = [afits.PrimaryHDU()] if number else []
        afits.HDUList([*before, hdu]).writeto(stream, output_verify="ignore")
    return stream.getvalue()[RECORD * len(before) :]

"""Images compressed tile by tile, as FITS has it, without loss.

References
----------
FITS standard 4.0, section 10.
"""

import io

from ..errors import did_you_mean
from .fits_data import ArrayData
from .fits_header import Header
from .fits_scan import RECORD, scan
from .quiet import quiet

ALGORITHMS = ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1")
FLOATS = ("GZIP_1", "GZIP_2")  # the others change floating-point values


def compress(hdus, wish):
    """Compress images among the HDUs that are to be written, in place.

    Parameters
    ----------
    hdus : list of OutHdu
    wish : True, str or dict
        True for all images: RICE_1 for integers, GZIP_2 for floats and 64-bit integers; the name
        of one algorithm for all; or EXTNAME -> algorithm or True.

    Raises
    ------
    ValueError
        For an unknown algorithm or one that would change the values.
    """
    wanted = {name.upper(): kind for name, kind in wish.items()} if isinstance(wish, dict) else None
    for hdu in hdus:
        kind = wish if wanted is None else wanted.get(hdu.extname.upper())
        if kind and hdu.data is not None and _value(hdu.header, "XTENSION") == "IMAGE":
            _compress(hdu, kind)


def _value(header, keyword):
    card = header.parsed(keyword)
    return None if card is None else card.value


def _algorithm(hdu, kind):
    """Return the algorithm for an image."""
    bitpix = _value(hdu.header, "BITPIX")
    if kind is True:
        return "RICE_1" if bitpix in (8, 16, 32) else "GZIP_2"
    if kind not in ALGORITHMS:
        raise ValueError(
            f"compress={kind!r} is not one of {', '.join(ALGORITHMS)}"
            + did_you_mean(kind, ALGORITHMS)
        )
    if bitpix < 0 and kind not in FLOATS:
        raise ValueError(
            f"{hdu.extname}: compress={kind!r} would change floating-point values; "
            f"use {' or '.join(FLOATS)}, or True for the best of each image"
        )
    return kind


def _compress(hdu, kind):
    import astropy.io.fits as afits

    kind = _algorithm(hdu, kind)
    raw = b"".join(map(bytes, hdu.blocks()))
    with quiet():
        image = afits.ImageHDU.fromstring(raw.ljust(-(-len(raw) // RECORD) * RECORD, b"\0"))
        made = afits.CompImageHDU(
            image.data, image.header, compression_type=kind, quantize_level=0, uint=True
        )
        stream = io.BytesIO()
        afits.HDUList([afits.PrimaryHDU(), made]).writeto(stream)
    content = stream.getvalue()
    found = scan(content)[1]
    data = content[found.data_offset : found.data_offset + found.data_size]
    hdu.header = Header(found.cards)
    hdu.data = ArrayData(lambda: iter([data]), len(data))
    hdu.header.changed = True
    hdu.finish()

"""Files of the demo: FITS by astropy, ASDF as plain text; nothing in them depends on the day."""

from pathlib import Path

DATE = "2026-01-01T00:00:00.000"

ASDF = """\
#ASDF 1.0.0
#ASDF_STANDARD 1.5.0
%YAML 1.1
%TAG ! tag:stsci.edu:asdf/
--- !core/asdf-1.1.0
{body}
...
"""


def write_fits(path, keywords, hdus):
    """Write a FITS file, whole or not at all.

    Parameters
    ----------
    path : path
        The file.
    keywords : dict
        Cards of the primary header; a tuple is (value, comment).
    hdus : list of (str, numpy.ndarray, dict)
        EXTNAME, array, and further cards; a structured array becomes a binary table.
    """
    from astropy.io import fits

    path = Path(path)
    primary = fits.PrimaryHDU()
    primary.header["DATE"] = DATE
    primary.header["FILENAME"] = path.name
    for key, value in keywords.items():
        primary.header[key] = value
    made = [primary]
    for name, array, cards in hdus:
        kind = fits.BinTableHDU if array.dtype.names else fits.ImageHDU
        hdu = kind(array, name=name)
        for key, value in cards.items():
            hdu.header[key] = value
        made.append(hdu)
    part = path.with_name(path.name + ".part")
    try:
        fits.HDUList(made).writeto(part, overwrite=True)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_asdf(path, body):
    """Write an ASDF file that holds the YAML text `body` and no block."""
    Path(path).write_text(ASDF.format(body=body.strip()), encoding="utf-8")

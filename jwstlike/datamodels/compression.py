"""Files that are compressed as a whole: gzip, bzip2, xz, zstd."""

import importlib
import os

PACKED = f"{__package__}.packed"  # what packs and unpacks, with the libraries that it needs
MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x1f\x9d": "LZW",
}
SUFFIXES = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}

# The largest size that a file is unpacked to: what is above both looks like an attack, unless the
# headers of a FITS file tell of as many data.
MAX_UNPACKED = 1 << 27  # bytes
MAX_RATIO = 50  # times the packed size; data of a telescope shrink to a tenth at best
MAX_TOLD = 1 << 32  # bytes that headers may tell of


def compression_of(start):
    """Return the kind of compression that the first bytes of a file show, or None.

    Examples
    --------
    >>> compression_of(b"BZh91AY")
    'bzip2'
    """
    return next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)


def packing_of(path):
    """Return the kind of compression that the suffix of a path asks for, or None.

    Examples
    --------
    >>> packing_of("a.fits.gz"), packing_of("a.fits")
    ('gzip', None)
    """
    return SUFFIXES.get(os.path.splitext(os.fspath(path))[1].lower())  # noqa: PTH122 - fast


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(PACKED), name)

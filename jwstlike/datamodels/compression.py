"""Files that are compressed as a whole: gzip, bzip2, xz, zstd."""

import bz2
import gzip
import importlib
import lzma
import zlib

from ..errors import FileFormatError
from .sources import Source

MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x1f\x9d": "LZW",
}


def compression_of(start):
    """Return the kind of compression that the first bytes of a file show, or None.

    Examples
    --------
    >>> compression_of(b"BZh91AY")
    'bzip2'
    """
    return next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)


def open_bytes(where, name=None):
    """Return a file's bytes, decompressed where needed, as a `Source` in memory.

    Parameters
    ----------
    where : path, bytes, binary file object or Source

    Raises
    ------
    FileFormatError
        If the compressed data are damaged, or the package for zstd is missing.
    """
    source = Source.of(where, name)
    data = source.read(0, source.size)
    kind = compression_of(data)
    if kind is None:
        return Source(data, source.name)
    try:
        data = _DECOMPRESS[kind](data, source.name)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(
            source.name, f"the {kind} data are damaged ({error})", "fetch the file again"
        ) from error
    return Source(data, source.name, compression=kind)


def _zstd(data, name):
    for package in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            module = importlib.import_module(package)
        except ImportError:
            continue
        if package != "zstandard":
            return module.decompress(data)
        with module.ZstdDecompressor().stream_reader(data) as stream:
            return stream.read()
    raise FileFormatError(
        name, "is compressed with zstd", "install the package 'zstandard' or decompress it"
    )


def _lzw(_, name):
    raise FileFormatError(
        name, "is compressed by the old program 'compress' (LZW)", "unpack it with gunzip first"
    )


_DECOMPRESS = {
    "LZW": _lzw,
    "gzip": lambda data, _: gzip.decompress(data),
    "bzip2": lambda data, _: bz2.decompress(data),
    "xz": lambda data, _: lzma.decompress(data),
    "zstd": _zstd,
}

"""Files that are compressed as a whole: gzip, bzip2, xz, zstd."""

import bz2
import gzip
import importlib
import io
import lzma
import os
import zlib
from contextlib import contextmanager

from ..errors import FileFormatError
from .sources import Source

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
FOR_START = 1 << 21  # packed bytes that suffice for the first unpacked ones
XZ_MEMORY = 1 << 28  # bytes that a decoder of xz may take: its highest level needs 65 MB

ZSTD = ("compression.zstd", "backports.zstd", "zstandard")
PIECE = 1 << 20  # bytes that are packed at a time


def compression_of(start):
    """Return the kind of compression that the first bytes of a file show, or None.

    Examples
    --------
    >>> compression_of(b"BZh91AY")
    'bzip2'
    """
    return next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)


# ---------------------------------------------------------------- reading


class UnpackedSource(Source):
    """The unpacked bytes of a compressed source, in memory; it pickles as the packed one."""

    __slots__ = ("packed", "told")

    def __init__(self, data, packed, kind, told):
        super().__init__(data, packed.name, compression=kind)
        self.packed, self.told = packed, told

    def __reduce__(self):
        return open_bytes, (self.packed, None, self.told)


def start_of(where, count):
    """Return the first bytes of a file, unpacked if it is compressed.

    Raises
    ------
    FileFormatError
        If the compressed data are damaged or the package for zstd is missing.
    """
    source = Source.of(where)
    data = source.read(0, FOR_START)
    kind = compression_of(data)
    return data[:count] if kind is None else _unpack(kind, data, count, source.name)


def open_bytes(where, name=None, told=None):
    """Return a file's bytes, decompressed where needed, as a `Source` in memory.

    Parameters
    ----------
    where : path, bytes, binary file object or Source
    name : str, optional
        Name for messages.
    told : callable, optional
        First bytes of the file -> the length that they tell it has, 0 if they do not.

    Raises
    ------
    FileFormatError
        If the compressed data are damaged, unpack to far more than a file of data would, or the
        package for zstd is missing.
    """
    source = Source.of(where, name)
    data = source.read(0, source.size)
    kind = compression_of(data)
    if kind is None:
        return Source(data, source.name)
    limit = max(MAX_UNPACKED, MAX_RATIO * len(data))
    unpacked = _unpack(kind, data, limit + 1, source.name)
    while len(unpacked) > limit:
        length = told(unpacked) if told is not None else 0
        if not limit < length <= MAX_TOLD:
            raise FileFormatError(
                source.name,
                f"its {len(data)} bytes unpack to more than {limit}",
                f"unpack it with {kind} if you trust it",
            )
        limit = length + MAX_UNPACKED
        unpacked = _unpack(kind, data, limit + 1, source.name)
    return UnpackedSource(unpacked, source, kind, told)


def _unpack(kind, data, count, name):
    """Return the first bytes that compressed data give."""
    try:
        return _DECOMPRESS[kind](data, count, name)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(
            name, f"the {kind} data are damaged ({error})", "fetch the file again"
        ) from error


def unpacked(where):
    """Return the `Source` of a file, unpacked into memory if it is compressed."""
    source = Source.of(where)
    return open_bytes(source) if compression_of(source.read(0, 8)) else source


def _gzip(data, count, _):
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        return stream.read(count)


def _bzip2(data, count, _):
    with bz2.BZ2File(io.BytesIO(data)) as stream:
        return stream.read(count)


def _xz(data, count, _):
    pieces = []
    while data and count > 0:
        decoder = lzma.LZMADecompressor(memlimit=XZ_MEMORY)
        pieces.append(decoder.decompress(data, count))
        count -= len(pieces[-1])
        if count > 0 and not decoder.eof:
            raise EOFError("the end is missing")
        data = decoder.unused_data.lstrip(b"\0")
    return b"".join(pieces)


def _zstd(data, count, name):
    module, package = _zstd_module(name)
    try:
        if package != "zstandard":
            with module.ZstdFile(io.BytesIO(data)) as stream:
                return stream.read(count)
        with module.ZstdDecompressor().stream_reader(data, read_across_frames=True) as stream:
            return stream.read(count)
    except module.ZstdError as error:
        raise ValueError(error) from error


def _zstd_module(name):
    for package in ZSTD:
        try:
            return importlib.import_module(package), package
        except ImportError:
            continue
    raise FileFormatError(
        name, "is compressed with zstd", "install the package 'zstandard' or decompress it"
    )


def _lzw(_, __, name):
    raise FileFormatError(
        name, "is compressed by the old program 'compress' (LZW)", "unpack it with gunzip first"
    )


_DECOMPRESS = {"LZW": _lzw, "gzip": _gzip, "bzip2": _bzip2, "xz": _xz, "zstd": _zstd}


# ---------------------------------------------------------------- writing


def packing_of(path):
    """Return the kind of compression that the suffix of a path asks for, or None.

    Examples
    --------
    >>> packing_of("a.fits.gz"), packing_of("a.fits")
    ('gzip', None)
    """
    return SUFFIXES.get(os.path.splitext(os.fspath(path))[1].lower())  # noqa: PTH122 - fast


@contextmanager
def packing(stream, kind, name):
    """Give a binary file that packs what is written to it into `stream`.

    Equal content gives equal files: neither name nor time is stored.

    Parameters
    ----------
    stream : binary file object
    kind : {"gzip", "bzip2", "xz", "zstd"}
    name : str
        For messages.
    """
    with _PACKERS[kind](stream, name) as packer, io.BufferedWriter(packer, PIECE) as buffered:
        yield buffered


def _pack_zstd(stream, name):
    module, package = _zstd_module(name)
    if package != "zstandard":
        return module.ZstdFile(stream, "wb")
    return module.ZstdCompressor().stream_writer(stream, closefd=False)


_PACKERS = {
    "gzip": lambda stream, _: gzip.GzipFile("", "wb", 6, stream, mtime=0),
    "bzip2": lambda stream, _: bz2.BZ2File(stream, "wb"),
    "xz": lambda stream, _: lzma.LZMAFile(stream, "wb"),
    "zstd": _pack_zstd,
}

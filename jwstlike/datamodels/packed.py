"""Read and write files that are compressed as a whole."""

import bz2
import gzip
import importlib
import io
import lzma
import zlib
from contextlib import contextmanager

from ..errors import FileFormatError
from . import compression
from .compression import compression_of
from .sources import Source

FOR_START = (1 << 14, 1 << 20)  # packed bytes that suffice for the first unpacked ones
XZ_MEMORY = 1 << 28  # bytes that a decoder of xz may take: its highest level needs 65 MB

ZSTD = ("compression.zstd", "backports.zstd", "zstandard")
ANY_GZIP = 31  # the window of zlib: a file of gzip with any window
PIECE = 1 << 20  # bytes that are packed at a time

# ---------------------------------------------------------------- reading


class UnpackedSource(Source):
    """The bytes of a compressed source, unpacked into memory when more than its start is wanted.

    It pickles as the packed one.

    Parameters
    ----------
    packed : Source
    kind : str
        As `compression_of` gives it.
    told : callable, optional
        First bytes of the file -> the length that they tell it has, 0 if they do not.
    """

    __slots__ = ("packed", "told")

    path = None

    def __init__(self, packed, kind, told=None):
        self.packed, self.told, self.compression = packed, told, kind
        self.name, self.mtime_ns, self.identity = packed.name, None, None

    def __getattr__(self, name):  # of what was not set yet
        if name not in {"where", "size"}:
            raise AttributeError(name)
        self.where = _whole(self.packed, self.compression, self.told)
        self.size = len(self.where)
        return getattr(self, name)

    def __reduce__(self):
        return UnpackedSource, (self.packed, self.compression, self.told)

    def start(self, count, is_enough=None):
        """Return the first `count` bytes, unpacking more of the file only if it has to.

        Parameters
        ----------
        count : int
        is_enough : callable, optional
            Whether fewer first bytes will do.

        Raises
        ------
        FileFormatError
            If the compressed data are damaged or the package for zstd is missing.
        """
        for size in FOR_START:
            data = self.packed.read(0, size)
            found = _unpack(_START, self.compression, data, count, self.name)
            if len(found) == count or (is_enough is not None and is_enough(found)):
                return found
        return self.read(0, count)


def start_of(where, count):
    """Return the first bytes of a file, unpacked if it is compressed."""
    source = Source.of(where)
    kind = compression_of(source.read(0, 8))
    return source.read(0, count) if kind is None else UnpackedSource(source, kind).start(count)


def open_bytes(where, name=None, told=None):
    """Return a file's bytes, decompressed where needed, as a `Source` in memory.

    Parameters
    ----------
    where : path, bytes, binary file object or Source
    name : str, optional
        Name for messages.
    told : callable, optional
        See `UnpackedSource`.

    Raises
    ------
    FileFormatError
        If the compressed data are damaged, unpack to far more than a file of data would, or the
        package for zstd is missing.
    """
    source = Source.of(where, name)
    kind = compression_of(source.read(0, 8))
    if kind is None:
        return Source(source.read(0, source.size), source.name)
    unpacked = UnpackedSource(source, kind, told)
    unpacked.size  # noqa: B018 - unpacks it
    return unpacked


def _whole(source, kind, told):
    """Return all that a compressed source unpacks to; see `open_bytes`."""
    data = source.read(0, source.size)
    limit = max(compression.MAX_UNPACKED, compression.MAX_RATIO * len(data))
    unpacked = _unpack(_DECOMPRESS, kind, data, limit + 1, source.name)
    while len(unpacked) > limit:
        length = told(unpacked) if told is not None else 0
        if not limit < length <= compression.MAX_TOLD:
            raise FileFormatError(
                source.name,
                f"its {len(data)} bytes unpack to more than {limit}",
                f"unpack it with {kind} if you trust it",
            )
        limit = length + compression.MAX_UNPACKED
        unpacked = _unpack(_DECOMPRESS, kind, data, limit + 1, source.name)
    return unpacked


def _unpack(how, kind, data, count, name):
    """Return the first bytes that compressed data give, in one of the ways below."""
    try:
        return how[kind](data, count, name)
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
        decoder = _xz_decoder()
        pieces.append(decoder.decompress(data, count))
        count -= len(pieces[-1])
        if count > 0 and not decoder.eof:
            raise EOFError("the end is missing")
        data = decoder.unused_data.lstrip(b"\0")
    return b"".join(pieces)


def _xz_decoder():
    return lzma.LZMADecompressor(memlimit=XZ_MEMORY)


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


def _zstd_start(data, count, name):
    try:
        return _zstd(data, count, name)
    except EOFError:
        return b""


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
_START = {  # data may be cut anywhere
    "LZW": _lzw,
    "gzip": lambda data, count, _: zlib.decompressobj(ANY_GZIP).decompress(data, count),
    "bzip2": lambda data, count, _: bz2.BZ2Decompressor().decompress(data, count),
    "xz": lambda data, count, _: _xz_decoder().decompress(data, count),
    "zstd": _zstd_start,
}


# ---------------------------------------------------------------- writing


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

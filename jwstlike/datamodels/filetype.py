"""What a file is, from its first bytes; the suffix decides only where they do not."""

import io
import os
from pathlib import PurePath

from ..errors import FileFormatError, MissingFileError
from . import compression
from .sources import Source, located

ENOUGH = 1024
SUFFIXES = {".fits": "fits", ".fit": "fits", ".fts": "fits", ".asdf": "asdf", ".json": "asn"}
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".fz")


def check(init):
    """Return "fits", "asdf" or "asn" for a path, bytes or binary file object.

    A file object is left where it was.

    Raises
    ------
    FileFormatError
        For a file of another kind.
    TypeError
        For what is no file at all.
    """
    init = located(init)
    start, name = _start(init)
    if compression.compression_of(start) is not None:
        start = compression.start_of(init, ENOUGH)
    found = of_bytes(start)
    if found is None and start.strip(b"\0 \r\n\t"):
        found = of_name(name) if not _looks_binary_or_text(start) else None
    if found is None:
        raise FileFormatError(name, _problem(start), "give a FITS, ASDF or association file")
    return found


def of_bytes(start):
    """Return the type that the first bytes of a file tell, or None."""
    if start.startswith(b"SIMPLE") and b"=" in start[6:10]:
        return "fits"
    if start.startswith(b"#ASDF"):
        return "asdf"
    return "asn" if start.lstrip()[:1] in (b"{", b"[") else None


def of_name(name):
    """Return the type that a file name tells, or None."""
    suffixes = [s.lower() for s in PurePath(name).suffixes]
    while suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return SUFFIXES.get(suffixes[-1]) if suffixes else None


def _looks_binary_or_text(start):
    return not start.startswith((b"SIMPLE", b"#ASDF", b"XTENSION"))


def _problem(start):
    if not start:
        return "the file is empty (0 bytes)"
    return f"is neither FITS nor ASDF nor an association: it begins with {bytes(start[:24])!r}"


def _start(init):
    if isinstance(init, Source):
        return init.read(0, ENOUGH), init.name
    if isinstance(init, (bytes, bytearray, memoryview)):
        return bytes(init[:ENOUGH]), "<bytes>"
    if isinstance(init, (str, os.PathLike)):
        path = os.fspath(init)
        try:
            with io.FileIO(path) as stream:
                return stream.read(ENOUGH), path
        except FileNotFoundError:
            raise MissingFileError(path) from None
        except IsADirectoryError:
            raise FileFormatError(path, "is a folder, not a file") from None
        except OSError as error:
            raise FileFormatError(path, f"cannot be read ({error.strerror})") from None
    if not hasattr(init, "read"):
        raise TypeError(
            f"{type(init).__name__!r} is nothing to open; give a file name, bytes, a binary file "
            "object, HDUList, AsdfFile, shape, array, dict, list or model"
        )
    place = init.tell()
    init.seek(0)
    start = init.read(ENOUGH)
    init.seek(place)
    return start, str(getattr(init, "name", "<file object>"))

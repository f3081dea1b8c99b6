"""Where the bytes of a file come from: a path, bytes in memory or a binary file object.

A `Source` is opened for the time of one access only and knows whether its file is still the
one that was looked at first.
"""

import importlib
import io
import os
import stat
from contextlib import contextmanager

from ..errors import FileFormatError, MissingFileError

BLOCK = 1 << 18  # bytes moved at a time: stays in the cache between reading and converting


REMOTE = "jwstlike.datamodels.remote"  # imported when an address is opened


def is_address(where):
    """Whether something is a text like ``https://host/a.fits``."""
    return isinstance(where, str) and "://" in where and "/" not in where.partition("://")[0]


def located(where, options=None):
    """Return the `Source` of an address, for ``file:`` its path; anything else as it is.

    Parameters
    ----------
    where : object
        Also what ``fsspec.open`` returns.
    options : dict, optional
        For the file system behind the address.
    """
    if is_address(where):
        return importlib.import_module(REMOTE).located(where, options)
    if hasattr(where, "fs") and hasattr(where, "path") and not hasattr(where, "read"):
        return importlib.import_module(REMOTE).RemoteSource(where.fs, where.path, where.full_name)
    if hasattr(where, "read") and not isinstance(where, Source) and not _seekable(where):
        return Source(where)  # read once, since it cannot be read again
    return where


class Source:
    """Bytes that can be read at any place, opened late and closed at once.

    Parameters
    ----------
    where : str, bytes, bytearray, memoryview or binary file object
        A file object must be seekable; it is read in place, never closed, and its position is
        kept.
    name : str
        Name for messages; default: the path, the ``name`` of the file object or ``<bytes>``.
    """

    is_remote = False  # whether reading costs a request over a network

    __slots__ = ("compression", "identity", "mtime_ns", "name", "size", "where")

    def __init__(self, where, name=None, compression=None):
        self.mtime_ns = self.identity = None
        self.compression = compression
        if isinstance(where, (str, os.PathLike)):
            name = os.fspath(where) if name is None else name
            self.where = os.path.abspath(where)  # noqa: PTH100 - the working folder may change
            status = os.stat(self.where)  # noqa: PTH116 - a third of the time of Path.stat
            if stat.S_ISDIR(status.st_mode):
                raise FileFormatError(name, "is a folder, not a file", "give a file")
            self.size, self.mtime_ns = status.st_size, status.st_mtime_ns
            self.identity = status.st_ino, status.st_ctime_ns
        elif isinstance(where, (bytes, bytearray, memoryview)):
            self.where = where
            self.size = len(where)
        elif hasattr(where, "read"):
            self.where = where if _seekable(where) else where.read()
            self.size = _length(self.where)
        else:
            raise TypeError(f"no path, bytes or binary file object: {type(where).__name__}")
        if name is None:
            name = getattr(where, "name", "<bytes>")
        self.name = str(name)

    @classmethod
    def of(cls, where, name=None):
        """Return `where` itself if it is a `Source`, else a new one."""
        where = located(where)
        return where if isinstance(where, Source) else cls(where, name)

    @property
    def path(self):
        """The path, or None for bytes and file objects."""
        return self.where if isinstance(self.where, str) else None

    @property
    def file_name(self):
        """Base name of the file, None for bytes and file objects."""
        known = self.path or (self.name if self.compression is not None else None)
        return None if known is None else os.path.basename(known)  # noqa: PTH119 - fast

    @contextmanager
    def open(self):
        """Give a raw binary reader (``seek``, ``read``, ``readinto``) for the ``with`` block.

        Raises
        ------
        FileFormatError
            If the file is gone or changed since the source was made.
        """
        if isinstance(self.where, str):
            try:
                stream = open(self.where, "rb", buffering=0)  # noqa: PTH123 - half the time
            except FileNotFoundError as error:
                raise MissingFileError(self.name, "the file is gone", "open it again") from error
            except OSError as error:
                raise FileFormatError(
                    self.name, f"cannot be read ({error.strerror})", "check path and permissions"
                ) from error
            with stream:
                self._check(os.fstat(stream.fileno()))
                try:
                    yield stream
                except OSError as error:
                    raise self._named(error) from error
        elif hasattr(self.where, "seek"):
            try:
                place = self.where.tell()
            except ValueError:
                raise FileFormatError(
                    self.name, "the file object was closed", "keep it open or give its path"
                ) from None
            try:
                yield self.where
            finally:
                self.where.seek(place)
        else:
            yield io.BytesIO(self.where)

    def _named(self, error):
        """Return an error of the system with the name of the file, any other as it is.

        It is no `FileFormatError`: the file may be sound, and the next try succeed.
        """
        if error.errno is None or error.filename is not None:
            return error
        return OSError(error.errno, f"cannot be read ({error.strerror})", self.name)

    def _check(self, status):
        inode, changed = self.identity
        # Both: some network file systems number files anew, and a new name changes the time.
        is_other = status.st_ino != inode and status.st_ctime_ns != changed
        if is_other or (status.st_size, status.st_mtime_ns) != (self.size, self.mtime_ns):
            raise FileFormatError(
                self.name, "the file was changed after it was opened", "open it again"
            )

    def read(self, offset, count):
        """Return up to `count` bytes from `offset` on."""
        if isinstance(self.where, (bytes, bytearray, memoryview)):
            return bytes(self.where[offset : offset + count])
        count = max(0, min(count, self.size - offset))  # memory is taken for what is asked
        if not count:
            return b""
        with self.open() as stream:
            stream.seek(offset)
            return stream.read(count)

    def blocks(self, offset, count, block=BLOCK):
        """Yield the bytes ``offset .. offset + count`` in pieces of at most `block` bytes."""
        with self.open() as stream:
            stream.seek(offset)
            while count > 0:
                piece = stream.read(min(block, count))
                if not piece:
                    return
                count -= len(piece)
                yield piece


def fill(stream, view):
    """Read from `stream` until the writable byte `view` is full; return the bytes read."""
    done = 0
    while done < len(view):
        count = stream.readinto(view[done:])
        if not count:
            break
        done += count
    return done


def _seekable(stream):
    try:
        return stream.seekable()
    except AttributeError:
        return hasattr(stream, "seek")


def _length(where):
    if isinstance(where, bytes):
        return len(where)
    if isinstance(where, str):
        raise TypeError("the file object gives text; open it in binary mode")
    place = where.tell()
    try:
        return where.seek(0, os.SEEK_END)
    finally:
        where.seek(place)

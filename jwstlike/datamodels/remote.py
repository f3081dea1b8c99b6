"""Files at addresses: web servers, object stores and whatever else fsspec reaches.

Only the bytes that are asked for are fetched: the headers of a large file cost a few requests of
64 kB each, an array that is read at once comes in pieces that grow to 8 MB.
"""

import io
import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from ..errors import FileFormatError, MissingFileError
from .sources import Source

FIRST = 1 << 16  # bytes of a request where nothing is known of the next
LARGEST = 1 << 23  # bytes of a request while a file is read from end to end
KEPT = 1 << 22  # bytes kept of earlier requests
FRESH = 2.0  # seconds for which a file that was looked at counts as unchanged
MARKS = ("ETag", "etag", "VersionId", "mtime", "last_modified", "LastModified", "Last-Modified")
REMEDY = "check address, network and permissions"


def located(where, options=None):
    """Return the path or `RemoteSource` of an address; ``file:`` addresses are paths.

    Parameters
    ----------
    where : str
        ``https://host/a.fits``, ``s3://bucket/a.fits``, ``memory://a.fits`` ...
    options : dict, optional
        For the file system: ``{"anon": True}``.

    Raises
    ------
    FileFormatError
        If the file cannot be reached, or a package for it is missing.
    """
    if urlsplit(where).scheme == "file":
        return url2pathname(urlsplit(where).path)
    return RemoteSource(*_system_of(where, options), where)


def _system_of(where, options):
    """Return the file system behind an address and the path there."""
    try:
        import fsspec
    except ImportError:
        raise FileFormatError(
            where, "is an address", "install the packages of jwstlike[remote] or fetch the file"
        ) from None
    try:
        return fsspec.core.url_to_fs(where, **(options or {}))
    except ImportError as error:
        raise FileFormatError(where, f"cannot be reached ({error})", "install it") from None
    except ValueError as error:
        raise FileFormatError(where, f"cannot be reached ({error})", REMEDY) from None


@contextmanager
def uploading(where, options=None, overwrite=True):
    """Give the path of a temporary file that goes to an address when the block ends well.

    An error while it is written leaves what is at the address.

    Raises
    ------
    FileExistsError
        If there is a file already and it may not be replaced.
    OSError
        If it cannot be written there.
    """
    system, path = _system_of(where, options)
    if not overwrite and system.exists(path):
        raise FileExistsError(17, "exists already; use overwrite=True", where)
    with tempfile.TemporaryDirectory(prefix="jwstlike-") as folder:
        temporary = Path(folder) / PurePosixPath(path).name
        yield temporary
        try:
            system.put_file(str(temporary), path)
        except Exception as error:  # each system has errors of its own
            text = f"{type(error).__name__}: {error}".splitlines()[0]
            raise FileFormatError(where, f"cannot be written ({text})", REMEDY) from error


class RemoteSource(Source):
    """Bytes of a file that fsspec reaches, fetched in pieces.

    Parameters
    ----------
    system : fsspec.AbstractFileSystem
    path : str
        Of the file in that system.
    url : str, optional
        Name for messages.

    Raises
    ------
    FileFormatError
        If there is no such file.
    """

    is_remote = True

    __slots__ = ("_at", "_kept", "_span", "_system", "_whole", "checked", "mark")

    def __init__(self, system, path, url=None):
        self._system, self._at = system, path
        self.where = self.name = url or path
        self.compression = self.mtime_ns = None
        self._kept, self._span, self._whole = [], FIRST, None
        self.size, self.mark = self._look()
        if self.size is None:
            self._whole = self._fetch(None, None)
            self.size = len(self._whole)

    @property
    def path(self):
        """None: the file is no local one."""
        return None

    @property
    def file_name(self):
        """Name of the file, without what an address may carry behind it."""
        return PurePosixPath(unquote(urlsplit(self.name).path)).name

    def __reduce__(self):
        return _again, (self._system, self._at, self.name, self.size, self.mark)

    def _look(self):
        """Return size and marks of change of the file as it is now."""
        self._system.invalidate_cache()
        info = self._ask(lambda: self._system.info(self._at))
        if info.get("type") == "directory":
            raise FileFormatError(self.name, "is a folder, not a file", "give a file")
        self.checked = time.monotonic()
        mark = tuple((name, str(info[name])) for name in MARKS if info.get(name) is not None)
        return info.get("size"), mark

    def _ask(self, action):
        """Do something over the network; every failure becomes a documented error."""
        try:
            return action()
        except FileNotFoundError as error:
            cause = error.__cause__
            if cause is None:
                raise MissingFileError(self.name, remedy=REMEDY) from None
            raise FileFormatError(self.name, f"cannot be read ({cause})", REMEDY) from None
        except Exception as error:  # each system has errors of its own
            text = f"{type(error).__name__}: {error}".splitlines()[0]
            raise FileFormatError(self.name, f"cannot be read ({text})", REMEDY) from error

    @contextmanager
    def open(self):
        """Give a raw binary reader, see `Source.open`."""
        if self._whole is None and time.monotonic() - self.checked > FRESH:
            if self._look() != (self.size, self.mark):
                raise FileFormatError(
                    self.name, "the file was changed after it was opened", "open it again"
                )
        with RemoteStream(self) as stream:
            yield stream

    def read(self, offset, count):
        """Return up to `count` bytes from `offset` on."""
        with self.open() as stream:
            stream.seek(offset)
            return stream.read(count)

    def _fetch(self, start, stop):
        return self._ask(lambda: self._system.cat_file(self._at, start=start, end=stop))

    def piece(self, offset, count):
        """Return some bytes from `offset` on, at least one and at most `count`."""
        if self._whole is not None:
            return self._whole[offset : offset + count]
        for start, data in self._kept:
            if start <= offset < start + len(data):
                return data[offset - start : offset - start + count]
        follows = any(start + len(data) == offset for start, data in self._kept[:1])
        self._span = min(LARGEST, self._span * 2) if follows else FIRST
        stop = min(self.size, offset + max(self._span, min(count, LARGEST)))
        data = self._fetch(offset, stop)
        if len(data) > stop - offset:  # a server that cannot give parts
            self._whole = data
            return self.piece(offset, count)
        if not data:
            raise FileFormatError(self.name, f"ends before byte {offset}", "open it again")
        self._kept.insert(0, (offset, data))
        while len(self._kept) > 1 and sum(len(d) for _, d in self._kept) > KEPT:
            self._kept.pop()
        return data[:count]


def _again(system, path, name, size, mark):
    """Undo pickling; the file is looked at when it is read next."""
    source = RemoteSource.__new__(RemoteSource)
    source._system, source._at = system, path
    source.where = source.name = name
    source.compression = source.mtime_ns = source._whole = None
    source._kept, source._span, source.checked = [], FIRST, float("-inf")
    source.size, source.mark = size, mark
    return source


class RemoteStream(io.RawIOBase):
    """Raw reader of a `RemoteSource`."""

    def __init__(self, source):
        super().__init__()
        self._source, self._place = source, 0

    def readable(self):
        """Return True."""
        return True

    def seekable(self):
        """Return True."""
        return True

    def tell(self):
        """Return the offset of the next byte."""
        return self._place

    def seek(self, offset, whence=os.SEEK_SET):
        """Go to an offset; nothing is fetched."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._source.size}
        self._place = base[whence] + offset
        return self._place

    def read(self, count=-1):
        """Read up to `count` bytes, fewer only at the end of the file."""
        count = self._source.size - self._place if count is None or count < 0 else count
        pieces = []
        while count > 0 and self._place < self._source.size:
            pieces.append(self._source.piece(self._place, count))
            self._place += len(pieces[-1])
            count -= len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readinto(self, buffer):
        """Read into a buffer; return the number of bytes."""
        if self._place >= self._source.size:
            return 0
        data = self._source.piece(self._place, len(buffer))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

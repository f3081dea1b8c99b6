"""Index of a FITS file: where each HDU lies and what its cards say, from the headers alone.

References
----------
FITS standard 4.0, sections 3.3 (structure), 3.5 (special records).
"""

import io
import threading

from ..errors import FileFormatError, MissingFileError
from . import compression
from .fits_cards import CARD
from .fits_hdu import ENDS, MAX_NAXIS, RECORD, RECORD_NAMES, HduIndex
from .sources import Source

__all__ = ["MAX_NAXIS", "RECORD", "FitsIndex", "HduIndex", "find_end", "scan"]

CHUNK = 32768  # bytes read at a time: a header of 400 cards
SHORT = 2 * RECORD  # bytes read first of an extension: thousands of them have few cards
MAX_HEADER = 1 << 25  # longest header that is searched for its END
ASDF_NAMES = ("ASDF", "METADATA")
_TEXT_REMEDY = "give a FITS or ASDF file"


class FitsIndex:
    """The HDUs of a FITS source; each is looked at when it, or one behind it, is asked for.

    Parameters
    ----------
    source : Source
    stream : binary file object
        Of the source, with the primary header at least.
    start : bytes
        What was read from it already.

    Raises
    ------
    FileFormatError
        Here, if it is no FITS file or the primary header has no end; whenever an HDU is asked for
        that was not met yet, if the file is gone, changed or, being compressed, damaged.
    """

    __slots__ = ("_extnames", "_hdus", "_lock", "_names", "_next", "_problem", "source")

    def __init__(self, source, stream, start):
        _check_start(source, start)
        self.source, self._lock = source, threading.Lock()
        self._hdus, self._names, self._extnames, self._problem = [], {}, set(), ""
        self._next = 0  # where the next HDU begins, None if there is none
        self._step(_Window(stream, start))

    def __getstate__(self):
        return {name: getattr(self, name) for name in self.__slots__ if name != "_lock"}

    def __setstate__(self, state):
        self._lock = threading.Lock()
        for name, value in state.items():
            setattr(self, name, value)

    # ------------------------------------------------------------ what was asked for

    @property
    def hdus(self):
        """All `HduIndex`, a list."""
        return self._complete()._hdus

    @property
    def problem(self):
        """What ends the list before the end of the file; empty if nothing does."""
        return self._complete()._problem

    @property
    def tail(self):
        """Offset and length of what follows the last HDU."""
        end = min(self.hdus[-1].end, self.source.size)
        return end, self.source.size - end

    @property
    def extnames(self):
        """All names, in capitals, a set; the first HDU is PRIMARY, too."""
        return self._complete()._extnames

    def __len__(self):
        return len(self.hdus)

    def __iter__(self):
        return iter(self.hdus)

    def __getitem__(self, number):
        if isinstance(number, slice) or number < 0:
            return self.hdus[number]
        if self._next is not None and number >= len(self._hdus):
            self._look(lambda: number < len(self._hdus))
        return self._hdus[number]

    def find_all(self, extname, extver=None):
        """Return the HDUs of a name (and version), in the order of the file."""
        return list(self._complete()._names.get((extname.upper(), extver), ()))

    def find(self, extname, extver=None):
        """Return the first HDU of a name (and version), or None."""
        key = extname.upper(), extver
        if self._next is not None and key not in self._names:
            self._look(lambda: key in self._names)
        found = self._names.get(key)
        return found[0] if found else None

    @property
    def asdf_hdu(self):
        """The `HduIndex` of the ASDF extension, or None; a first HDU of that name is none."""
        found = (hdu for name in ASDF_NAMES for hdu in self.find_all(name) if hdu.number)
        return next(found, None)

    # ------------------------------------------------------------ the pass over the headers

    def _complete(self):
        if self._next is not None:
            self._look()
        return self

    def _look(self, found=lambda: False):
        """Look at further headers until `found`, or at all of them; data are jumped over."""
        with self._lock:
            if self._next is None or found():
                return  # another thread was here
            with self.source.open() as stream:
                window = _Window(stream, b"")
                while self._next is not None and not found():
                    self._step(window)

    def _step(self, window):
        """Look at the next header, if there is one."""
        offset, number = self._next, len(self._hdus)
        if number and (offset >= self.source.size or not window.shows(b"XTENSION", offset)):
            self._end()  # perhaps special records or junk (FITS 4.0, section 3.5)
            return
        names, ended = window.header(offset)
        if ended:
            self._add(window.part(offset, len(names) * CARD), names)
            return
        problem = f"the header of HDU {number} has no END card"
        if not number:
            raise FileFormatError(self.source.name, problem, "the file is truncated or damaged")
        self._end(problem)

    def _add(self, raw, names):
        hdu = HduIndex(len(self._hdus), self._next, raw, names, self.source)
        self._hdus.append(hdu)
        for key in ((hdu.extname, hdu.extver), (hdu.extname, None)):
            self._names.setdefault(key, []).append(hdu)
        self._next = hdu.end
        if hdu.problem:
            self._end(f"HDU {hdu.number}: {hdu.problem}")

    def _end(self, problem=""):
        if ("PRIMARY", None) not in self._names:  # a named first HDU is the primary one as well
            self._names["PRIMARY", None] = self._names["PRIMARY", 1] = [self._hdus[0]]
        self._extnames = {name for name, _ in self._names}
        self._problem = problem
        self._next = None  # the last, since others look at it without the lock


class _Window:
    """Some bytes of a stream: small HDUs that follow each other come with one read."""

    def __init__(self, stream, start):
        self.stream, self.start, self.bytes = stream, 0, start

    def shows(self, begin, offset):
        """Whether these are the bytes at an offset, which from now on are in the window."""
        at = offset - self.start
        if not 0 <= at < len(self.bytes) - RECORD:
            self.stream.seek(offset)
            self.bytes, self.start, at = self.stream.read(SHORT), offset, 0
        return self.bytes.startswith(begin, at)

    def header(self, offset):
        """Return what `find_end` tells of the header at an offset, reading on as far as needed."""
        at = offset - self.start
        names, ended = find_end(self.bytes, at)
        while not ended and len(self.bytes) - at < MAX_HEADER:
            self.stream.seek(self.start + len(self.bytes))
            more = self.stream.read(max(CHUNK, len(self.bytes)))
            self.bytes += more or b" " * RECORD  # the last record of a file may be cut
            names, ended = find_end(self.bytes, at, names)
            if not more:
                break
        return names, ended

    def part(self, offset, count):
        """Return bytes of the window."""
        return self.bytes[offset - self.start : offset - self.start + count]


def scan(source, name=None):
    """Index a FITS file by its headers; of a path only the primary one is read at once.

    Parameters
    ----------
    source : path, bytes, binary file object or Source
        Compressed files (gzip, bzip2, xz, zstd) are decompressed in memory.
    name : str, optional
        Name for messages.

    Returns
    -------
    FitsIndex

    Raises
    ------
    FileFormatError
        If it is no FITS file. Later damage is told by `HduIndex.truncated`,
        `HduIndex.problem` and `FitsIndex.problem` instead, so that the rest stays usable.
    """
    try:
        source = Source.of(source, name)
    except FileNotFoundError:
        raise MissingFileError(source) from None
    with source.open() as stream:
        stream.seek(0)
        start = stream.read(CHUNK) or b""
        kind = None if start.startswith(b"SIMPLE") else compression.compression_of(start)
        if kind is None:
            index = FitsIndex(source, stream, start)
    if kind is not None:
        unpacked = compression.UnpackedSource(source, kind, _length)
        start = unpacked.start(CHUNK, _holds_header)
        if not _holds_header(start):
            start = unpacked.read(0, MAX_HEADER)
        index = FitsIndex(unpacked, io.BytesIO(start), start)
    if hasattr(source.where, "seek"):
        index.hdus  # noqa: B018 - now, since its owner may close a file object at any time
    return index


def _holds_header(start):
    return find_end(start, 0)[1]


def _length(start):
    """Length of a file by its headers, as far as its first bytes hold them; 0 if it is no FITS."""
    try:
        return scan(Source(start)).hdus[-1].end
    except FileFormatError:
        return 0


def _check_start(source, start):
    if start[:6] == b"SIMPLE" and b"=" in start[6:10]:
        return
    if not start:
        raise FileFormatError(source.name, "the file is empty (0 bytes)", _TEXT_REMEDY)
    found = bytes(start[:24]).decode("latin-1")
    raise FileFormatError(
        source.name, f"is no FITS file: it begins with {found!r}, not 'SIMPLE  ='", _TEXT_REMEDY
    )


def find_end(window, at, names=()):
    """Search the header that begins at `at` for its END, record by record.

    Returns
    -------
    names : list of bytes
        First 8 bytes of each card, up to the end of the record that holds END. Those that an
        earlier search of a shorter `window` found may be given.
    ended : bool
        Whether END was found.
    """
    names = list(names)
    for place in range(at + len(names) * CARD, len(window) - RECORD + 1, RECORD):
        record = RECORD_NAMES.unpack_from(window, place)
        names += record
        if not ENDS.isdisjoint(record):
            return names, True
    return names, False

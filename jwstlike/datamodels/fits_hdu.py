"""One HDU of a FITS file: where it lies and what its cards say.

References
----------
FITS standard 4.0, sections 4.4.1 (mandatory keywords), 3.4 (conforming extensions).
"""

import math
from itertools import chain
from struct import Struct

from .fits_cards import CARD, COMMENTARY, keyword_of, parse_card, parse_value

RECORD = 2880
RECORD_NAMES = Struct("8s72x" * (RECORD // CARD))  # the keywords of a record
MAX_NAXIS = 999
BLANK = b" " * 8
FILLINGS = (b"", b"\0" * 5, b"\n", b"\r\n", b"\0", b"\r", b"\t")  # blanks follow END, or these
ENDS = frozenset(b"END" + filling.ljust(5) for filling in FILLINGS)
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_ "
_KINDS = {b"XTENSION= '%-8s' " % k.encode(): k for k in ("IMAGE", "BINTABLE", "TABLE")}
_AXES = [b"BITPIX  ", b"NAXIS   ", *(b"NAXIS%-3d" % n for n in range(1, 10))]
_COUNTS = [b"PCOUNT  ", b"GCOUNT  "]
_AFTER_FIXED = frozenset({b"   ", b" / "})  # what follows an integer in fixed format


class HduIndex:
    """One HDU: its place in the file and its cards.

    Attributes
    ----------
    number : int
        Position in the file, from 0.
    header_offset, data_offset, data_size : int
        Bytes; `data_size` is without filling, as the header claims it.
    kind : str
        ``PRIMARY``, ``IMAGE``, ``BINTABLE``, ``TABLE`` or another XTENSION.
    bitpix, pcount, gcount : int
    shape : tuple of int
        Axes in numpy's order: NAXISn .. NAXIS1.
    extname : str
        Upper case, for look-up; ``PRIMARY`` for a nameless first HDU, else empty.
    extname_raw : str
        As written in the file.
    extver : int
        Default 1.
    source : Source
        Of the file.
    problem : str
        Why the data cannot be located; empty if they can.
    raw : bytes
        The header, 80 bytes a card, a multiple of 2880.
    has_repeats : bool
        Whether any cards but blank ones begin with the same 8 bytes.
    """

    __slots__ = (
        "_cards",
        "_first",
        "_keywords",
        "_plain",
        "bitpix",
        "data_offset",
        "data_size",
        "extname",
        "extname_raw",
        "extver",
        "gcount",
        "has_repeats",
        "header_offset",
        "kind",
        "number",
        "pcount",
        "problem",
        "raw",
        "shape",
        "source",
    )

    def __init__(self, number, header_offset, raw, names, source):
        self.number, self.header_offset, self.raw = number, header_offset, raw
        self.source = source
        self.data_offset = header_offset + len(raw)
        self._keywords = self._cards = self._plain = None
        self._first = dict(zip(reversed(names), range(len(names) - 1, -1, -1), strict=True))
        blanks = names.count(BLANK) - 1
        self.has_repeats = len(names) - len(self._first) > max(0, blanks)
        self.problem = ""
        try:
            self._read_name()
            self._read_layout(names)
        except (ValueError, TypeError, OverflowError) as error:
            self.problem = str(error)
            self.shape, self.data_size = (), 0

    def _read_name(self):
        """Read the cards that say what the HDU is called."""
        first, text = self._first, self._first_text
        self.bitpix, self.pcount, self.gcount = 8, 0, 1
        self.kind = "PRIMARY"
        if self.number:
            self.kind = _KINDS.get(self.raw[:21]) or text(b"XTENSION").upper()
        self.extname_raw = text(b"EXTNAME ") if b"EXTNAME " in first else ""
        self.extname = self.extname_raw.upper() or ("" if self.number else "PRIMARY")
        self.extver = 1
        if b"EXTVER  " in first:
            self.extver = self._first_integer(b"EXTVER  ", 1, strict=False)

    def _read_layout(self, names):
        """Read the mandatory cards."""
        axes = self._axes_in_order(names)
        if axes is None:
            axes = self._axes_anywhere()
        if min(axes, default=0) < 0:
            raise ValueError(f"negative axis in {axes}")
        if self.bitpix not in (8, 16, 32, 64, -32, -64):
            raise ValueError(f"BITPIX = {self.bitpix}, allowed are 8, 16, 32, 64, -32, -64")
        self.shape = tuple(reversed(axes))
        has_groups = axes and not axes[0] and self.is_groups
        elements = math.prod(axes[1:] if has_groups else axes)
        per_element = abs(self.bitpix) // 8 * self.gcount
        self.data_size = per_element * (self.pcount + elements) if axes else 0
        if self.data_size < 0:
            raise ValueError(f"PCOUNT = {self.pcount}, GCOUNT = {self.gcount}")

    def _axes_in_order(self, names):
        """Read the mandatory cards where they come first, in fixed format; None if they do not.

        That is the order of FITS 4.0, 4.4.1, which nearly all files follow.
        """
        raw = self.raw
        try:
            naxis = int(raw[170:190])
            cards = _AXES[: 2 + naxis] + (_COUNTS if self.number else [])
            if names[1 : 1 + len(cards)] != cards or not 0 <= naxis <= len(_AXES) - 2:
                return None
            found = [int(raw[at : at + 20]) for at in range(90, 90 + CARD * len(cards), CARD)]
        except ValueError:
            return None
        axes = found[2 : 2 + naxis]
        if self.number:
            self.pcount, self.gcount = found[-2:]
        elif axes and not axes[0]:  # perhaps random groups
            return None
        self.bitpix = found[0]
        return axes

    def _axes_anywhere(self):
        """Read the mandatory cards wherever they are."""
        integer = self._first_integer
        self.bitpix = integer(b"BITPIX  ", 8)
        naxis = integer(b"NAXIS   ", 0)
        if not 0 <= naxis <= MAX_NAXIS:
            raise ValueError(f"NAXIS = {naxis}, allowed are 0 .. {MAX_NAXIS}")
        axes = [integer(b"NAXIS%-3d" % i, None) for i in range(1, naxis + 1)]
        if self.number or (axes and not axes[0]):
            self.pcount, self.gcount = integer(b"PCOUNT  ", 0), integer(b"GCOUNT  ", 1)
        return axes

    def _first_integer(self, name, default, strict=True):
        number = self._first.get(name)
        if number is None and default is not None:
            return default
        value = None
        if number is not None:
            try:
                return int(self.raw[number * CARD + 10 : number * CARD + 30])  # fixed format
            except ValueError:
                value = self.value_at(number)
        if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
            return int(value)
        if not strict:
            return default
        keyword = name.decode().strip()
        raise ValueError(f"{keyword} is missing" if value is None else f"{keyword} = {value!r}")

    def _first_text(self, name):
        number = self._first.get(name)
        value = None if number is None else self.value_at(number)
        return "" if value is None else str(value).strip()

    def value_at(self, number):
        """Return the value of card `number`."""
        raw, at = self.raw, number * CARD
        if raw.startswith(b"= '", at + 8):  # a short text, without quotes inside
            end = raw.find(b"'", at + 11, at + CARD - 1)
            text, rest = raw[at + 11 : end], raw[end + 1 : at + CARD]
            regular = rest.isspace() or (rest[:1] == b" " and rest.lstrip()[:1] == b"/")
            if regular and text.isascii() and not raw.startswith(b"CONTINUE", at + CARD):
                return text.decode().rstrip(" ")
        elif raw[at + 30 : at + 33] in _AFTER_FIXED and raw.startswith(b"= ", at + 8):
            digits = raw[at + 10 : at + 30].lstrip()
            if digits.isdigit():
                return int(digits)
        return parse_value(self._card_at(at))

    @property
    def is_groups(self):
        """Whether these are random groups (FITS 4.0, section 6)."""
        return (
            self.number == 0
            and len(self.shape) > 1
            and self.shape[-1] == 0
            and self.get("GROUPS") is True
        )

    @property
    def end(self):
        """Offset behind the filled-up data: where the next HDU begins."""
        return self.data_offset + -(-self.data_size // RECORD) * RECORD

    @property
    def truncated(self):
        """Whether the file ends before the data do."""
        return self.data_size > 0 and self.data_offset + self.data_size > self.source.size

    @property
    def place(self):
        """Name for messages: ``SCI,1``, or ``#3`` if nameless."""
        return f"{self.extname},{self.extver}" if self.extname else f"#{self.number}"

    # ------------------------------------------------------------ cards

    @property
    def keywords(self):
        """Keyword -> list of the numbers of its 80-byte cards (CONTINUE not listed)."""
        if self._keywords is None:
            index = _index_plain if self.is_plain else _index_keywords
            self._keywords = index(self.raw.decode("latin-1"))
        return self._keywords

    def _numbers(self, keyword):
        keyword = keyword.removeprefix("HIERARCH ")
        return self.keywords.get(keyword) or self.keywords.get(keyword.upper(), ())

    @property
    def is_plain(self):
        """Whether every card begins with a standard keyword; no HIERARCH, lower case."""
        if self._plain is None:
            odd = b"HIERARCH" in self._first or b"".join(self._first).translate(None, _PLAIN)
            self._plain = not odd
        return self._plain

    def __contains__(self, keyword):
        return bool(self._numbers(keyword))

    def _card_at(self, at):
        raw, end = self.raw, at + CARD
        while raw.startswith(b"CONTINUE", end):
            end += CARD
        return raw[at:end].decode("latin-1")

    @property
    def first(self):
        """First 8 bytes of each card -> number of the first card that begins so."""
        return self._first

    @property
    def last(self):
        """First 8 bytes of each card -> number of the last card that begins so."""
        return {name: number for number, name in enumerate(names_of(self.raw))}

    def card_text(self, number):
        """Return card `number` with the CONTINUE cards behind it."""
        return self._card_at(number * CARD)

    def get(self, keyword, default=None):
        """Return the value of the first card of a keyword, `default` if there is none.

        An undefined value gives None, also where a default is given.
        """
        name = keyword.upper()
        if name in COMMENTARY:
            return next((p.value for p in self.parsed(name)), default)
        number = self._first.get(name.ljust(8).encode("latin-1", "replace"))
        if number is None and self._keywords is None and self.is_plain:
            return default
        if number is None:
            numbers = self._numbers(keyword)
            number = numbers[0] if numbers else None
        return default if number is None else self.value_at(number)

    def parsed(self, keyword):
        """Return all cards of a keyword, a list of `Parsed`."""
        return [parse_card(self.card_text(n)) for n in self._numbers(keyword)]

    @property
    def cards(self):
        """All cards before END as text, each with its CONTINUE cards; filling not included."""
        if self._cards is None:
            self._cards = tuple(_split_cards(self.raw.decode("latin-1")))
        return self._cards

    def iter_parsed(self):
        """Yield every card as `Parsed`, in order."""
        return map(parse_card, self.cards)


def names_of(raw):
    """First 8 bytes of each card of whole records, a tuple."""
    return tuple(chain.from_iterable(RECORD_NAMES.iter_unpack(raw)))


def _index_plain(text):
    """Do the same as `_index_keywords` where every card begins with a standard keyword."""
    index = {}
    for number, at in enumerate(range(0, len(text), CARD)):
        name = text[at : at + 8].rstrip()
        if name == "END":
            break
        if name in index:
            index[name].append(number)
        else:
            index[name] = [number]
    index.pop("CONTINUE", None)
    return index


def _index_keywords(text):
    """Map each keyword to the numbers of its cards, END and CONTINUE left out."""
    index = {}
    for number, at in enumerate(range(0, len(text), CARD)):
        name = text[at : at + 8]
        if is_end(name):
            break
        if name != "CONTINUE":
            keyword = keyword_of(text[at : at + CARD])
            index.setdefault(keyword, []).append(number)
    return index


def _split_cards(text):
    at, size = 0, len(text)
    while at < size and not is_end(text[at : at + 8]):
        end = at + CARD
        while text.startswith("CONTINUE", end):
            end += CARD
        yield text[at:end]
        at = end


def is_end(name):
    """Whether the first 8 characters of a card are those of END."""
    return name.startswith("END") and name.encode("latin-1") in ENDS

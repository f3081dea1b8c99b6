"""A header to be written: the cards of its source, changed one at a time, never rebuilt."""

import itertools

from .fits_cards import CARD, format_card, keyword_of, parse_card
from .fits_scan import RECORD

# cards that describe the layout of the data and are replaced with them
LAYOUT = ("BITPIX", "PCOUNT", "GCOUNT", "BSCALE", "BZERO", "BLANK", "TFIELDS", "THEAP")
MANDATORY = frozenset("SIMPLE XTENSION BITPIX NAXIS PCOUNT GCOUNT TFIELDS".split())
LAYOUT_NUMBERED = (
    "NAXIS", "TTYPE", "TFORM", "TUNIT", "TDIM", "TSCAL", "TZERO", "TNULL", "TDISP", "TBCOL",
)  # fmt: skip

# cards of a compressed image that mean nothing beside a plain one (FITS 4.0, section 10.1)
COMPRESSED = (
    "ZIMAGE", "ZCMPTYPE", "ZBITPIX", "ZSIMPLE", "ZTENSION", "ZEXTEND", "ZBLOCKED", "ZPCOUNT",
    "ZGCOUNT", "ZMASKCMP", "ZQUANTIZ", "ZDITHER0", "ZBLANK", "ZSCALE", "ZZERO", "ZHECKSUM",
    "ZDATASUM",
)  # fmt: skip
COMPRESSED_NUMBERED = ("ZNAXIS", "ZTILE", "ZNAME", "ZVAL")

LOOKS = ("TDISP", "TNULL")  # of a column: no matter how its cells are stored
SCALING = ("SCAL", "SCALE", "ZERO")  # behind B or T
# cards of a column, which follow it to another number (also those of FITS 4.0, 8.2, and of users)
OF_COLUMNS = frozenset(
    "TTYPE TFORM TUNIT TDIM TSCAL TZERO TNULL TDISP TBCOL TUCD TUTYP TCOMM TDESC TLMIN TLMAX TDMIN "
    "TDMAX TCTYP TCUNI TCRVL TCRPX TCDLT TCNAM TCROT".split()
)


class Header:
    """Ordered cards, as texts of a multiple of 80 characters.

    Attributes
    ----------
    changed : bool
        Whether anything differs from the source.
    """

    def __init__(self, cards=()):
        self.cards = list(cards)
        self.changed = False
        self._places = None

    def _place(self, keyword):
        if self._places is None:
            self._places = {}
            for number, card in enumerate(self.cards):
                self._places.setdefault(keyword_of(card), number)
        return self._places.get(keyword)

    def __contains__(self, keyword):
        return self._place(keyword) is not None

    def parsed(self, keyword):
        """Return the first card of a keyword as `Parsed`, or None."""
        place = self._place(keyword)
        return None if place is None else parse_card(self.cards[place])

    def is_filled(self, keyword):
        """Whether there is a card of a keyword with a value that is not empty."""
        parsed = self.parsed(keyword)
        return parsed is not None and parsed.value not in (None, "")

    def column_units(self):
        """Return {name of a column in capitals: its unit}, where there is one."""
        found = {}
        for number in range(1, 1000):
            name = self.parsed(f"TTYPE{number}")
            if name is None:
                return found
            if self.is_filled(f"TUNIT{number}"):
                found[str(name.value).upper()] = str(self.parsed(f"TUNIT{number}").value)
        return found

    def append(self, card):
        """Append a card: text, or bytes as `format_card` gives."""
        card = card.decode("ascii") if isinstance(card, bytes) else card
        if self._places is not None:
            self._places.setdefault(keyword_of(card), len(self.cards))
        self.cards.append(card)
        self.changed = True

    def set(self, keyword, value, comment=""):
        """Replace the value of a card and keep its comment, or append a new card."""
        place = self._place(keyword)
        if place is None:
            self.append(format_card(keyword, value, comment))
            return
        old = parse_card(self.cards[place])
        card = format_card(keyword, value, old.comment or comment).decode("ascii")
        if card != self.cards[place]:
            self.cards[place] = card
            self.changed = True

    def rearrange(self, goes, new):
        """Drop the cards at some places, and put new ones before others.

        Parameters
        ----------
        goes : set of int
        new : dict of int to list of str
        """
        made = []
        for place, card in enumerate([*self.cards, None]):
            made += new.get(place, ())
            if card is not None and place not in goes:
                made.append(card)
        self.cards, self._places, self.changed = made, None, True

    def remove(self, *keywords):
        """Remove all cards of some keywords."""
        kept = [c for c in self.cards if keyword_of(c) not in keywords]
        if len(kept) != len(self.cards):
            self.cards, self._places, self.changed = kept, None, True

    def replace_layout(self, cards):
        """Make these the cards that describe the data; those that say so already stay as they are.

        Parameters
        ----------
        cards : list of (keyword, value, comment)
            From SIMPLE or XTENSION on.

        Returns
        -------
        bool
            Whether anything differs.
        """
        self._follow_columns([value for keyword, value, _ in cards if keyword[:5] == "TTYPE"])
        wanted = {card[0]: card for card in cards}
        packed, names = "ZIMAGE" in self, [keyword_of(card) for card in self.cards]
        goes = [k not in wanted and self._is_void(k, packed, wanted) for k in names]
        if not any(goes) and all(map(self._says, cards)):
            return False
        kept = [c for n, c in enumerate(self.cards) if not goes[n] and not is_mandatory(names[n])]
        fresh = {k: self._renewed(card) for k, card in wanted.items()}
        made = [fresh.pop(k) for k in wanted if is_mandatory(k)]
        for card in kept:
            name = keyword_of(card)
            if name not in wanted:
                made.append(card)
            elif name in fresh:
                made.append(fresh.pop(name))
        self.cards = _with_new(made, fresh, list(wanted))
        self._places, self.changed = None, True
        return True

    def _is_void(self, keyword, packed, wanted):
        """Whether a card means nothing beside new data that it does not describe."""
        kind, number = split_number(keyword)
        if f"TTYPE{number}" in wanted and kind in LOOKS:
            return kind == "TNULL" and wanted[f"TFORM{number}"][1][-1] not in "BIJK"
        if kind[1:] in SCALING and self._is_unscaled(kind[0], keyword[len(kind) :]):
            return False
        return is_layout(keyword, packed)

    def _is_unscaled(self, letter, number):
        """Whether the cards of a scaling say only that there is none."""
        scale = "BSCALE" if letter == "B" else f"TSCAL{number}"
        cards = {1: self.parsed(scale), 0: self.parsed(f"{letter}ZERO{number}")}
        return all(card is None or card.value == value for value, card in cards.items())

    def _says(self, card):
        keyword, value, _ = card
        old = self.parsed(keyword)
        return old is not None and (old.value == value or _plain(keyword, old.value) == value)

    def _renewed(self, card):
        """Return the text of a card, the old one if it says the same, else with its comment."""
        keyword, value, comment = card
        if self._says(card):
            return self.cards[self._place(keyword)]
        old = self.parsed(keyword)
        kept = old.comment if old is not None and keyword != "XTENSION" else ""
        return format_card(keyword, value, kept or comment).decode("ascii")

    def _follow_columns(self, columns):
        """Give the cards of each column of a table the number that it has among `columns`."""
        now = {str(name).upper(): n for n, name in enumerate(columns, 1)}
        old = {}
        for number in range(1, 1000):
            name = self.parsed(f"TTYPE{number}")
            if name is None:
                break
            old[number] = now.get(str(name.value).upper())
        if all(new == number for number, new in old.items()):
            return
        cards, self._places = [], None
        for card in self.cards:
            kind, number = split_number(keyword_of(card))
            if kind not in OF_COLUMNS or number not in old:
                cards.append(card)
            elif old[number] is not None:
                cards.append(f"{kind}{old[number]}".ljust(8) + card[8:])
        self.cards = cards

    def tobytes(self):
        """Return the header's bytes: cards, END, blanks up to a multiple of 2880."""
        text = "".join(self.cards) + "END".ljust(CARD)
        return text.ljust(-(-len(text) // RECORD) * RECORD).encode("latin-1")


def _with_new(cards, new, order):
    """Return cards with those of `new` put in, each behind the one before it in `order`."""
    behind = {k: before for before, k in itertools.pairwise(order)}
    for name, card in new.items():
        place = next(n for n, c in enumerate(cards) if keyword_of(c) == behind[name])
        cards.insert(place + 1, card)
    return cards


def split_number(keyword):
    """Split ``TTYPE12`` into ``("TTYPE", 12)``; the number is None where there is none."""
    kind = keyword.rstrip("0123456789")
    return kind, int(keyword[len(kind) :]) if len(kind) < len(keyword) < 20 else None


def is_mandatory(keyword):
    """Whether a keyword has its place at the top of a header (FITS 4.0, section 4.4.1)."""
    return keyword in MANDATORY or split_number(keyword)[0] == "NAXIS"


def _plain(keyword, value):
    """Return a TFORM without the count that it need not have; other values as they are."""
    one = isinstance(value, str) and keyword.startswith("TFORM") and value[:1] == "1"
    return value[1:] if one and value[1:2].isalpha() else value


def is_of_compression(keyword):
    """Whether a card tells how an image is compressed."""
    return keyword in COMPRESSED or keyword.rstrip("0123456789") in COMPRESSED_NUMBERED


def is_layout(keyword, packed=False):
    """Whether a keyword is replaced when the data, perhaps `packed`, change their layout."""
    if keyword in LAYOUT or keyword in ("SIMPLE", "XTENSION"):
        return True
    if packed and is_of_compression(keyword):
        return True
    return keyword.rstrip("0123456789") in LAYOUT_NUMBERED


# ---------------------------------------------------------------- checksums

ALL_ONES = 0xFFFFFFFF  # the sum over an HDU whose CHECKSUM is right


def datasum(blocks):
    """32-bit ones' complement sum of the big-endian words of some blocks of bytes.

    References
    ----------
    FITS standard 4.0, appendix J.
    """
    import numpy as np

    total, left = 0, b""
    for block in blocks:
        data = left + bytes(block) if left else block
        whole = len(data) // 4 * 4
        total += int(np.frombuffer(data, ">u4", whole // 4).sum(dtype=np.uint64))
        left = bytes(data[whole:])
    if left:
        total += int.from_bytes(left.ljust(4, b"\0"), "big")
    return _fold(total)


def _fold(total):
    while total >> 32:
        total = (total & ALL_ONES) + (total >> 32)
    return total


def encode_checksum(value):
    """Encode the complement of a 32-bit sum as the 16 characters of a CHECKSUM card.

    References
    ----------
    FITS standard 4.0, appendix J.1.
    """
    excluded = frozenset(b":;<=>?@[\\]^_`")
    value = ALL_ONES - value
    text = [0] * 16
    for i in range(4):
        byte = (value >> (24 - 8 * i)) & 0xFF
        quarter = [byte // 4 + 48] * 4
        quarter[0] += byte % 4
        while any(q in excluded for q in quarter):
            for j in (0, 2):
                if quarter[j] in excluded or quarter[j + 1] in excluded:
                    quarter[j] += 1
                    quarter[j + 1] -= 1
        for j in range(4):
            text[4 * j + i] = quarter[j]
    return bytes(text[-1:] + text[:-1]).decode("ascii")


def renew_checksums(header, data_sum):
    """Set DATASUM and CHECKSUM where the header has them and they are not right already.

    Those that are empty stay so: it means that nobody knows the sum.

    Parameters
    ----------
    header : Header
    data_sum : int
        Sum over the filled-up data.
    """
    if header.is_filled("DATASUM") and str(header.parsed("DATASUM").value).strip() != str(data_sum):
        header.set("DATASUM", str(data_sum))
    if header.is_filled("CHECKSUM") and _fold(datasum([header.tobytes()]) + data_sum) != ALL_ONES:
        header.set("CHECKSUM", "0" * 16)
        total = _fold(datasum([header.tobytes()]) + data_sum)
        header.set("CHECKSUM", encode_checksum(total))

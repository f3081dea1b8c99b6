"""A header to be written: the cards of its source, changed one at a time, never rebuilt."""

from .fits_cards import CARD, format_card, keyword_of, parse_card
from .fits_scan import RECORD

# cards that describe the layout of the data and are replaced with them
LAYOUT = ("BITPIX", "PCOUNT", "GCOUNT", "BSCALE", "BZERO", "BLANK", "TFIELDS", "THEAP")
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

    def column_units(self):
        """Return {name of a column in capitals: its unit}, where there is one."""
        found = {}
        for number in range(1, 1000):
            name = self.parsed(f"TTYPE{number}")
            if name is None:
                return found
            unit = self.parsed(f"TUNIT{number}")
            if unit is not None and unit.value:
                found[str(name.value).upper()] = str(unit.value)
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

    def remove(self, *keywords):
        """Remove all cards of some keywords."""
        kept = [c for c in self.cards if keyword_of(c) not in keywords]
        if len(kept) != len(self.cards):
            self.cards, self._places, self.changed = kept, None, True

    def replace_layout(self, cards):
        """Put new structural cards at the top in place of the old ones.

        Parameters
        ----------
        cards : list of (keyword, value, comment)
            From SIMPLE or XTENSION on.
        """
        first = self.cards[0] if self.cards else None
        packed = "ZIMAGE" in self
        rest = [c for c in self.cards if not is_layout(keyword_of(c), packed)]
        fresh = [format_card(*card).decode("ascii") for card in cards]
        if first is not None and keyword_of(first) == cards[0][0]:
            before, after = parse_card(first).value, cards[0][1]
            fresh[0] = first if before == after else fresh[0]
        self.cards = fresh + rest
        self._places, self.changed = None, True

    def tobytes(self):
        """Return the header's bytes: cards, END, blanks up to a multiple of 2880."""
        text = "".join(self.cards) + "END".ljust(CARD)
        return text.ljust(-(-len(text) // RECORD) * RECORD).encode("latin-1")


def is_layout(keyword, packed=False):
    """Whether a keyword is replaced when the data, perhaps `packed`, change their layout."""
    if keyword in LAYOUT or keyword in ("SIMPLE", "XTENSION"):
        return True
    if packed and (keyword in COMPRESSED or keyword.rstrip("0123456789") in COMPRESSED_NUMBERED):
        return True
    return keyword.rstrip("0123456789") in LAYOUT_NUMBERED


# ---------------------------------------------------------------- checksums


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
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def encode_checksum(value):
    """Encode the complement of a 32-bit sum as the 16 characters of a CHECKSUM card.

    References
    ----------
    FITS standard 4.0, appendix J.1.
    """
    excluded = frozenset(b":;<=>?@[\\]^_`")
    value = 0xFFFFFFFF - value
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
    """Set DATASUM and CHECKSUM where the header has them.

    Parameters
    ----------
    header : Header
    data_sum : int
        Sum over the filled-up data.
    """
    stored = header.parsed("DATASUM")
    if stored is not None and str(stored.value).strip() != str(data_sum):
        header.set("DATASUM", str(data_sum))
    if "CHECKSUM" in header:
        header.set("CHECKSUM", "0" * 16)
        total = _fold(datasum([header.tobytes()]) + data_sum)
        header.set("CHECKSUM", encode_checksum(total))

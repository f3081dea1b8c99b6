"""FITS cards: from text to values and back, without astropy.

A card is a `str` of 80 characters (Latin-1), or a multiple of it when CONTINUE cards follow.

References
----------
FITS standard 4.0, section 4; "The CONTINUE long string convention" (4.2.1.2); ESO HIERARCH
convention.
"""

import math
import re
from functools import lru_cache
from typing import NamedTuple

CARD = 80
COMMENTARY = frozenset({"", "COMMENT", "HISTORY", "END"})

STRUCTURAL = re.compile(
    r"(|SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|EXTEND|BSCALE|BZERO|BLANK|DATAMAX|DATAMIN"
    r"|EXTNAME|EXTVER|EXTLEVEL|GROUPS|PYTPE\d+|PTYPE\d+|PSCAL\d+|PZERO\d+|TFIELDS|TBCOL\d+"
    r"|TDIM\d+|TFORM\d+|TTYPE\d+|TUNIT\d+|TSCAL\d+|TZERO\d+|TNULL\d+|TDISP\d+|HISTORY"
    r"|THEAP|LONGSTRN|CHECKSUM|DATASUM|END)"
)
STANDARD_KEYWORD = re.compile(r"[A-Z0-9_-]{0,8}")

_DECIMAL = r"[+-]? *(?:\.\d+|\d+(?:\.\d*)?)(?: *[eEdD] *[+-]? *\d+)?"
_VALUE = re.compile(
    r"\s*(?:'(?P<text>(?:[^']|'')*)'(?=[ /]|$)"
    rf"|(?P<number>{_DECIMAL})"
    r"|(?P<logical>[TFtf])"
    rf"|\( *(?P<real>{_DECIMAL}) *, *(?P<imag>{_DECIMAL}) *\)"
    r")?\s*(?:/\s*(?P<comment>.*))?",
    re.DOTALL,
)
_LOOSE_TEXT = re.compile(r"\s*'(?P<text>.*?)'(?=[ /]|$)\s*(?:/\s*(?P<comment>.*))?", re.DOTALL)


class Malformed(str):
    """The raw text of a value that follows no rule of FITS; a plain `str` in all else."""

    __slots__ = ()


class Parsed(NamedTuple):
    """What a card says.

    Attributes
    ----------
    keyword : str
        Upper case; as written after HIERARCH.
    value : str, int, float, bool, complex, Malformed or None
        None: the value is undefined.
    comment : str
    padded : bool
        The quoted text ends with blanks beyond the usual filling up to 8 characters: a hint
        that the exact value may end with blanks.
    """

    keyword: str
    value: object
    comment: str
    padded: bool


def split_card(card):
    """Split a card into keyword and the text of value and comment.

    Returns
    -------
    keyword : str
    text : str
    has_value : bool
        False for commentary cards and for cards without a value indicator.
    """
    name = card[:8].rstrip()
    upper = name.upper()
    if upper in COMMENTARY:
        return upper, card[8:], False
    if card[8:10] == "= ":
        return upper, card[10:], True
    if upper == "CONTINUE":
        return upper, card[8:], True
    if upper == "HIERARCH" and card[8:9] == " " and "=" in card[:CARD]:
        name, _, text = card[9:].partition("=")
        return name.strip(), text, True
    place = card.find("= ", 0, 10)
    if 0 <= place < 8:
        return upper[:place].rstrip(), card[place + 2 :], True
    return name.strip(), card[8:], False


def keyword_of(card):
    """Return the keyword of a card."""
    return split_card(card)[0]


def parse_card(card):
    """Parse one card, with its CONTINUE cards behind it if it has any.

    Parameters
    ----------
    card : str or bytes
        A multiple of 80 characters; a last short card counts as filled with blanks.

    Returns
    -------
    Parsed
    """
    if isinstance(card, bytes):
        card = card.decode("latin-1")
    keyword, text, has_value = split_card(card)
    if not has_value:
        return Parsed(keyword, _decoded(text.rstrip()), "", False)
    if len(card) > CARD:
        return _parse_long(keyword, text, card)
    return Parsed(keyword, *_parse_field(text))


def parse_value(card):
    """Return only the value of a card (see `parse_card`)."""
    return parse_card(card).value


def _parse_field(text):
    """Return value, comment and `padded` of the text behind the value indicator."""
    match = _VALUE.fullmatch(text.rstrip()) or _LOOSE_TEXT.fullmatch(text.rstrip())
    if match is None:
        value, _, comment = text.partition("/")
        return Malformed(_decoded(value.strip())), _decoded(comment.strip()), False
    groups = match.groupdict()
    comment = _decoded((groups["comment"] or "").rstrip())
    quoted = groups["text"]
    if quoted is not None:
        value = _decoded(quoted.replace("''", "'").rstrip())
        return value, comment, len(quoted) > 8 and quoted[-1] == " "
    if groups["number"] is not None:
        return _number(groups["number"]), comment, False
    if groups["logical"] is not None:
        return groups["logical"] in "Tt", comment, False
    if groups["real"] is not None:
        return complex(_number(groups["real"]), _number(groups["imag"])), comment, False
    return None, comment, False


def _parse_long(keyword, text, card):
    """Join a card and its CONTINUE cards; text that is not a string ends the joining."""
    quoted, comments = [], []
    first = text[: len(text) - len(card) + CARD]
    for part in (first, *(card[at + 8 : at + CARD] for at in range(CARD, len(card), CARD))):
        match = _VALUE.fullmatch(part.rstrip()) or _LOOSE_TEXT.fullmatch(part.rstrip())
        groups = match.groupdict() if match else {}
        if not match or any(groups.get(k) for k in ("number", "logical", "real")):
            if not quoted:
                return Parsed(keyword, *_parse_field(first))
            break
        piece = groups["text"] or ""
        quoted.append(piece)
        if groups["comment"]:
            comments.append(groups["comment"].rstrip())
    pieces = [p.rstrip().removesuffix("&") for p in quoted]
    value = "".join(pieces).replace("''", "'").rstrip()
    padded = quoted[-1].endswith(" ") and sum(map(len, quoted)) > 8
    return Parsed(keyword, _decoded(value), _decoded(" ".join(comments)), padded)


def _number(text):
    text = text.replace(" ", "")
    try:
        return int(text)
    except ValueError:
        return float(text.upper().replace("D", "E"))


def _decoded(text):
    """Return `text` read as UTF-8 where that is what the bytes are; ASCII is untouched."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


@lru_cache(maxsize=4096)
def is_structural(keyword):
    """Whether a keyword describes the layout of its HDU rather than its content.

    Examples
    --------
    >>> is_structural("NAXIS2"), is_structural("TELESCOP")
    (True, False)
    """
    return STRUCTURAL.fullmatch(keyword.strip().upper()) is not None


# ---------------------------------------------------------------- writing


def format_card(keyword, value, comment=""):
    """Format one card, with CONTINUE cards where a text is longer than 68 characters.

    Parameters
    ----------
    keyword : str
        In upper case if that makes it a standard keyword, else written by HIERARCH.
    value : str, int, float, bool, complex or None
        Numpy scalars too; other types by ``str``. None, infinity and NaN: undefined value.
        Characters outside ASCII become ``?``, control characters blanks.
    comment : str
        Shortened at a word to fit; a value never is.

    Returns
    -------
    bytes
        A multiple of 80 bytes.

    Raises
    ------
    ValueError
        If the keyword cannot be written at all.

    Examples
    --------
    >>> format_card("NGROUPS", 10, "Number of groups")[:50].decode()
    'NGROUPS =                   10 / Number of groups '
    """
    keyword, comment = keyword.strip(), printable(comment or "").strip()
    if keyword.upper() in COMMENTARY:
        return format_commentary(keyword.upper(), "" if value is None else str(value))
    if STANDARD_KEYWORD.fullmatch(keyword.upper()):
        head, width = f"{keyword.upper():8}= ", 20
    else:
        head, width = _hierarch_head(keyword), 0
    if isinstance(value, str):
        text = _quoted(value)
        if len(head) + len(text) > CARD:
            return _format_long(head, text[1:-1], comment)
    else:
        text = format_value(value)
        if text is None:
            return format_card(keyword, str(value), comment)
    if not isinstance(value, str):
        text = text.rjust(width)
    if len(head) + len(text) > CARD:
        head = head.replace(" = ", "= ")
    if len(head) + len(text) > CARD:
        raise ValueError(f"{keyword}: {text.strip()} does not fit into one card of 80 characters")
    return _with_comment(head + text.ljust(width), comment).encode("ascii")


def format_value(value):
    """Format a scalar that is no text; None if its type has no form in FITS.

    Examples
    --------
    >>> format_value(1e20), format_value(True), format_value(float("nan"))
    ('1.0E+20', 'T', '')
    """
    if value is None:
        return ""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if isinstance(value, bool) or kind == "b":
        return "T" if value else "F"
    if isinstance(value, int) or kind in ("i", "u"):
        text = str(int(value))
        return text if len(text) <= 70 else format_value(float(value))
    if isinstance(value, float) or kind == "f":
        return _format_float(value)
    if isinstance(value, complex) or kind == "c":
        parts = _format_float(value.real), _format_float(value.imag)
        return f"({parts[0]}, {parts[1]})" if all(parts) else ""
    return None


def _format_float(value):
    """Shortest form that reads back equal, with a decimal point; empty if not finite."""
    if not math.isfinite(value):
        return ""
    mantissa, exponent, power = str(value).upper().partition("E")
    if "." not in mantissa:
        mantissa += ".0"
    return mantissa + exponent + power


def format_commentary(keyword, text):
    """Format COMMENT, HISTORY or blank cards, as many as the text needs; bytes."""
    text = printable(text)
    pieces = [text[at : at + 72] for at in range(0, len(text), 72)] or [""]
    return "".join(f"{keyword:8}{piece:72}" for piece in pieces).encode("ascii")


def printable(text):
    """Return `text` with ``?`` for what ASCII has not and blanks for control characters."""
    if text.isascii() and text.isprintable():
        return text
    text = "".join(" " if c.isspace() or ord(c) < 32 or ord(c) == 127 else c for c in text)
    return text.encode("ascii", "replace").decode("ascii")


def _quoted(value):
    """Quote a text; blanks at its end are kept by filling beyond the usual 8 characters."""
    text = printable(value).replace("'", "''")
    return f"'{text:9}'" if text.endswith(" ") else f"'{text:8}'"


def _hierarch_head(keyword):
    name = printable(keyword.removeprefix("HIERARCH "))
    if "=" in name or len(name) > CARD - 9 - 3 - 2:
        raise ValueError(f"{keyword!r} cannot be written as a FITS keyword")
    return f"HIERARCH {name} = "


def _with_comment(card, comment):
    room = CARD - len(card) - 3
    comment = _shortened(comment, room)
    return f"{card} / {comment}".ljust(CARD) if comment else card.ljust(CARD)


def _shortened(text, room):
    """Cut `text` after the last whole word that fits into `room` characters."""
    if len(text) <= room:
        return text
    if room <= 0:
        return ""
    cut = text.rfind(" ", 0, room + 1)
    return text[: cut if cut > 0 else room].rstrip()


def _format_long(head, text, comment):
    """Write a text over several cards; the comment goes behind its end, in full."""
    pieces, at, room = [], 0, CARD - len(head) - 3
    while at < len(text):
        end = min(at + room, len(text))
        if end < len(text) and (text[at:end].count("'") % 2):
            end -= 1  # a doubled quote stays in one card
        pieces.append(text[at:end])
        at, room = end, 67
    if pieces[-1].endswith("&"):
        pieces.append("")
    words = _wrapped(comment, 64)
    fits = len(words) == 1 and len(pieces[-1]) + 15 + len(words[0]) <= CARD
    cards = [f"'{piece}&'" for piece in pieces]
    if not words or fits:
        cards[-1] = f"'{pieces[-1]}'" + (f" / {words[0]}" if words else "")
    else:
        cards += [f"'&' / {w}" for w in words[:-1]] + [f"'' / {words[-1]}"]
    heads = [head] + ["CONTINUE  "] * (len(cards) - 1)
    return "".join(f"{h + c:80}" for h, c in zip(heads, cards, strict=True)).encode("ascii")


def _wrapped(text, width):
    lines = []
    while text:
        line = _shortened(text, width)
        lines.append(line)
        text = text[len(line) :].strip()
    return lines

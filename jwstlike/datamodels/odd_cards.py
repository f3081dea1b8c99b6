"""Cards of a file whose value follows no rule of FITS."""

import re

from .fits_cards import CARD, Malformed, parse_card

_NUMBER = rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[EDed][+-]?[0-9]+)?"
_REGULAR = re.compile(rb" *(?:'[^']*'|[TF](?![^ /])|" + _NUMBER + rb"(?![^ /])|(?=/)|$)")


def lines_about(reader):
    """Return a line for each such card of a `FitsReader`, found once.

    Returns
    -------
    list of str
        ``file[HDU,ver] KEYWORD: ...``
    """
    index, found = reader.__dict__.get("_odd_cards", (None, ()))
    if index is not reader.index:
        found = [line for hdu in reader.index for line in _lines(reader.index.source.name, hdu)]
        reader.__dict__["_odd_cards"] = reader.index, found
    return found


def _lines(name, hdu):
    raw, keyword = hdu.raw, hdu.keywords
    for places in keyword.values():
        for number in places:
            card = raw[number * CARD : number * CARD + CARD]
            if card[8:10] == b"= " and not _REGULAR.match(card[10:].rstrip()):
                parsed = parse_card(hdu.card_text(number))
                if isinstance(parsed.value, Malformed):
                    yield (
                        f"{name}[{hdu.place}] {parsed.keyword}: {str(parsed.value)!r} is no value "
                        "that FITS has; it is kept as it is"
                    )

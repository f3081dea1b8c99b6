"""What a FITS file holds beyond the schema: ``extra_fits.<EXTNAME>.{header, data}``."""

from difflib import SequenceMatcher

from .arrays import array_ref
from .bindings import ITEM, PRIMARY
from .fits_cards import format_card, is_structural, keyword_of, parse_card


def key_of(hdu, index):
    """Name of an HDU in `extra_fits`: ``EXTNAME``, ``EXTNAME,2`` or ``#3`` if nameless."""
    name = PRIMARY if hdu.number == 0 else hdu.extname
    if not name:
        return f"#{hdu.number}"
    if index.find(name) is hdu or hdu.number == 0:
        return name
    plain = f"{name},{hdu.extver}"
    return plain if index.find(name, hdu.extver) is hdu else f"#{hdu.number}"


def find(index, key):
    """Return the HDU of a key made by `key_of`, or None."""
    if key.startswith("#"):
        number = int(key[1:])
        return index[number] if number < len(index) else None
    name, _, version = key.partition(",")
    if name == PRIMARY:
        return index[0]
    return index.find(name, int(version) if version else None)


def read(reader):
    """Collect unmapped cards and unmapped data of all HDUs.

    Returns
    -------
    dict
        ``{key: {"header": [[keyword, value, comment], ...], "data": lazy array}}``.
    """
    found, index = {}, reader.index
    for hdu in index:
        if hdu is index.asdf_hdu:
            continue
        content = {}
        cards = extra_cards(hdu, reader.table)
        if cards:
            content["header"] = cards
        data = None if holds_known_data(hdu, reader) else array_ref(index, hdu)
        if data is not None:
            content["data"] = data
        if content:
            key = key_of(hdu, index)
            if key.startswith("#") and hdu.extname:  # a name and version that is there already
                content["name"] = hdu.extname_raw
            found[key] = content
    return found


def extra_cards(hdu, table):
    """Cards of an HDU that the schema does not know, as [keyword, value, comment]."""
    texts = (text for text in hdu.cards if _is_extra(keyword_of(text), hdu, table))
    return [[card.keyword, card.value, card.comment] for card in map(parse_card, texts)]


def _is_extra(keyword, hdu, table):
    return not is_structural(keyword) and not is_known(hdu, keyword, table)


def patch_cards(header, wanted, hdu=None, table=None):
    """Make `wanted` the unmapped cards of a header; those that it has already stay as they are.

    Parameters
    ----------
    header : Header
    wanted : list of [keyword, value, comment]
    hdu : HduIndex, optional
        Where the cards of the header come from.
    table : Table, optional
        What is mapped there.
    """
    places, old = [], []
    if hdu is not None:
        old = extra_cards(hdu, table)
        places = [n for n, c in enumerate(header.cards) if _is_extra(keyword_of(c), hdu, table)]
    places.append(len(header.cards))
    new = {}  # place -> cards that are put before what is there
    goes = set()
    matcher = SequenceMatcher(None, [*map(_identity, old)], [*map(_identity, wanted)], False)
    for tag, start, stop, first, last in matcher.get_opcodes():
        if tag != "equal":
            goes.update(places[start:stop])
            place = places[start] if start < stop or not start else places[start - 1] + 1
            place = len(header.cards) if start == len(old) else place
            new[place] = [_card(*card) for card in wanted[first:last]]
    if new:
        header.rearrange(goes, new)


def _identity(card):
    """Return what two equal cards have in common; NaN is equal to itself there."""
    keyword, value, *comment = card
    return str(keyword).upper(), repr(value), *(c or "" for c in comment or ("",))


def _card(keyword, value, comment=""):
    return format_card(keyword, value, comment or "").decode("ascii")


def is_known(hdu, keyword, table):
    """Whether the schema binds a keyword of this HDU."""
    name = PRIMARY if hdu.number == 0 else hdu.extname
    return any(_serves(spec, hdu) for spec in table.cards.get((name, keyword.upper()), ()))


def holds_known_data(hdu, reader):
    """Whether the schema binds the data of this HDU."""
    name = PRIMARY if hdu.number == 0 else hdu.extname
    return any(
        _serves(spec, hdu) and (ITEM in spec.path or reader.hdu_of(spec, 1) is hdu)
        for spec in reader.table.arrays.get(name, ())
    )


def _serves(spec, hdu):
    """Whether a `Spec` is bound to an HDU: outside lists to EXTVER 1, inside to every one."""
    return hdu.number == 0 or hdu.extver == 1 or ITEM in spec.path

"""What a FITS file holds beyond the schema: ``extra_fits.<EXTNAME>.{header, data}``."""

from .bindings import ITEM, PRIMARY
from .fits_cards import is_structural
from .fits_read import ASDF_NAMES, lazy


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
        if hdu.extname in ASDF_NAMES and hdu is reader.asdf_hdu:
            continue
        content = {}
        cards = extra_cards(hdu, reader.table)
        if cards:
            content["header"] = cards
        data = None if holds_known_data(hdu, reader) else lazy(index, hdu)
        if data is not None:
            content["data"] = data
        if content:
            found[key_of(hdu, index)] = content
    return found


def extra_cards(hdu, table):
    """Cards of an HDU that the schema does not know, as [keyword, value, comment]."""
    cards = []
    for card in hdu.iter_parsed():
        if not is_structural(card.keyword) and not is_known(hdu, card.keyword, table):
            cards.append([card.keyword, card.value, card.comment])
    return cards


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

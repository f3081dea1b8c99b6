"""Compare two FITS files HDU by HDU, card by card; the schema tells the paths."""

from . import asdf_support, extra_fits
from .arrays import array_ref
from .bindings import ITEM, PRIMARY
from .compare_values import ABSENT, Difference, compare_data, compare_trees, compare_values
from .fits_cards import is_structural
from .fits_header import is_of_compression
from .mending import mend

PER_COLUMN = ("TUNIT",)


def compare(first, second, rules, found):
    """Append to `found` what differs between two models of FITS files."""
    readers = [m._reader for m in (first, second)]
    hdus = [_by_key(reader) for reader in readers]
    for key in dict.fromkeys([*hdus[0], *hdus[1]]):
        pair = [h.get(key) for h in hdus]
        if None in pair:
            _only_in_one(key, pair, readers, rules, found)
            continue
        _compare_cards(pair, readers, rules, found)
        _compare_data(key, pair, readers, rules, found)
    trees = [asdf_support.unbound(r.asdf, r.table.root) for r in readers]
    compare_trees(*trees, rules, found, first._table)


def _by_key(reader):
    """HDUs by name and version, the nameless by number; that of the ASDF tree left out."""
    index = reader.index
    return {extra_fits.key_of(h, index): h for h in index if h is not reader.asdf_hdu}


def _only_in_one(key, pair, readers, rules, found):
    number = 0 if pair[0] is not None else 1
    hdu, reader = pair[number], readers[number]
    path = _array_path(hdu, reader) or f"extra_fits.{key}"
    if not rules.leaves_out(path):
        side = ("first", "second")[number]
        found.append(Difference("hdu", _place(hdu), "", path, f"HDU only in the {side}"))


def _place(hdu):
    return hdu.place if hdu.number else PRIMARY


def _array_path(hdu, reader):
    """Dotted path of the data of an HDU, empty if the schema has none."""
    name = PRIMARY if hdu.number == 0 else hdu.extname
    specs = reader.table.arrays.get(name, ())
    return _path(specs, hdu)


def _path(specs, hdu):
    for spec in specs:
        if hdu.number == 0 or hdu.extver == 1 or ITEM in spec.path:
            return ".".join(str(hdu.extver - 1) if n == ITEM else n for n in spec.path)
    return ""


# ---------------------------------------------------------------- cards


def _values(hdu, packing):
    """Values by keyword, a list where a card is repeated; the layout's own cards left out.

    Cards of the compression count only if `packing`.
    """
    values = {}
    for card in hdu.iter_parsed():
        name = card.keyword.upper()
        if name.startswith(PER_COLUMN):
            counts = card.value and (packing or not _is_packed(hdu))  # blank: without a unit
        else:
            counts = not is_structural(name) and (packing or not is_of_compression(name))
        if counts:
            values.setdefault(name, []).append(card.value)
    return {k: v[0] if len(v) == 1 else v for k, v in values.items()}


def _is_packed(hdu):
    return hdu.get("ZIMAGE") is True


def _compare_cards(pair, readers, rules, found):
    packing = _is_packed(pair[0]) == _is_packed(pair[1])
    hdu, (a, b) = pair[0], (_values(h, packing) for h in pair)
    name = PRIMARY if hdu.number == 0 else hdu.extname
    for keyword in dict.fromkeys([*a, *b]):
        paths = (_path(_specs(r, name, keyword), hdu) for r in readers)
        path = next(filter(None, paths), "")
        if rules.leaves_out(path, keyword):
            continue
        found.cards += 1
        kind = next((s.schema.get("type") for r in readers for s in _specs(r, name, keyword)), None)
        x, y = (mend(v[keyword], kind) if keyword in v else ABSENT for v in (a, b))
        compare_values(("card", _place(hdu), keyword, path), x, y, rules, found)


def _specs(reader, name, keyword):
    return reader.table.cards.get((name, keyword), ())


# ---------------------------------------------------------------- data


def _compare_data(key, pair, readers, rules, found):
    path = _array_path(pair[0], readers[0]) or _array_path(pair[1], readers[1])
    if rules.leaves_out(path or f"extra_fits.{key}.data"):
        return
    a, b = (array_ref(r.index, h) for r, h in zip(readers, pair, strict=True))
    if a is None and b is None:
        return
    place = _place(pair[0])
    if a is None or b is None:
        side = "second" if a is None else "first"
        found.append(Difference("array", place, "", path, f"data only in the {side}"))
        return
    compare_data((place, path), a, b, rules, found)

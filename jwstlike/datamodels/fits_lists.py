"""Lists in FITS: every item keeps the HDUs that it was read from, wherever it is in its list.

The item at index ``n`` owns the HDUs with EXTVER ``n + 1`` of the EXTNAMEs that its schema names.
"""

from .bindings import ITEM, OBJECT, PRIMARY, iter_leaves


def bound_lists(spec):
    """Yield the `Spec` of each list of objects that have HDUs of their own."""
    for child in spec.children.values():
        if child.extnames:
            yield child
        elif child.kind == OBJECT:
            yield from bound_lists(child)


NEAR, NEAR_EACH = 100, 10  # the highest EXTVER that is a place in a list: 100, 10 more per HDU


def first_extname(spec):
    """Name of the first HDU of the items of a list."""
    leaves = (leaf.hdu for leaf in iter_leaves(spec.item) if leaf.bound and leaf.hdu)
    return next(hdu for hdu in leaves if hdu.upper() != PRIMARY)


def length(index, table, spec):
    """Return the number of items that the HDUs hold: their highest EXTVER.

    One far behind the others, as damage may give it, is no place in a list, and neither is one
    below 1.
    """
    hdus = [hdu for name in spec.extnames for hdu in index.find_all(name)]
    most = NEAR + len(hdus) * NEAR_EACH
    longest = max((hdu.extver for hdu in hdus if 0 < hdu.extver <= most), default=0)
    if longest < 1:
        return 0
    if longest == 1 and not any(_says_something(hdu, table) for hdu in hdus):
        return 0
    return longest


def _says_something(hdu, table):
    """Whether an HDU holds data or a card of an item, not only those of the model as a whole.

    One without data has an EXTVER only if it stands for an item.
    """
    if hdu.shape or "EXTVER" in hdu:
        return True
    specs = (table.cards.get((hdu.extname.upper(), keyword), ()) for keyword in hdu.keywords)
    return any(found and all(ITEM in spec.path for spec in found) for found in specs)


def items_of(tree, spec):
    """Return the raw list at the path of a `Spec`."""
    for name in spec.path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree if isinstance(tree, list) else []


def places(reader, items):
    """Tell where the items of a list went.

    Returns
    -------
    dict of int to int
        EXTVER in the source -> EXTVER now. Items that are new or a second time in the list are
        not named; what is not there was removed.
    """
    found = {}
    for number, item in enumerate(items, 1):
        old = reader.extver_of(item)
        if old is not None:
            found.setdefault(old, number)
    return found


def renamed(extra, reader, tree):
    """Return `extra_fits` with the HDUs of items named by the present places of the items."""
    for spec in bound_lists(reader.table.root):
        now = places(reader, items_of(tree, spec))
        if now == {n: n for n in range(1, reader.list_length(spec) + 1)}:
            continue
        names, made = spec.extnames, {}
        for key, content in extra.items():
            name, _, version = key.partition(",")
            new = now.get(int(version or 1)) if name.upper() in names else None
            if name.upper() not in names:
                made[key] = content
            elif new is not None:
                made[name if new == 1 else f"{name},{new}"] = content
        extra = made
    return extra


def arrange(plan):
    """Give the HDUs of the source to the items that were read from them, and drop the others'.

    Returns
    -------
    list of set of str
        EXTNAMEs of the lists in which anything moved.
    """
    moved = []
    for spec in bound_lists(plan.model._spec):
        items, length = items_of(plan.model._tree, spec), plan.reader.list_length(spec)
        now = places(plan.reader, items)
        if len(items) != length or any(old != new for old, new in now.items()):
            _move(plan, spec.extnames, now, length)
            moved.append(spec.extnames)
    return moved


def _move(plan, names, now, length):
    of_first = _cards_of_the_model(plan.reader.table, names)
    kept = []
    for out in plan.hdus:
        if not _is_of_an_item(out, names, length):
            kept.append(out)
            continue
        new = now.get(out.source.extver)
        if new is None:
            continue
        if new != out.source.extver:
            if out.source.extver == 1:
                out.header.remove(*of_first.get(out.extname.upper(), ()))
            out.header.set("EXTVER", new, "extension value")
        out.extver = new
        kept.append(out)
    plan.replace(kept)


def _is_of_an_item(out, names, length):
    return bool(out.source and out.source.number and 0 < out.source.extver <= length) and (
        out.extname.upper() in names
    )


def _cards_of_the_model(table, names):
    """Return {EXTNAME: keywords} that EXTVER 1 has for the model as a whole, not for an item."""
    found = {}
    for (extname, keyword), specs in table.cards.items():
        if extname in names and not any(ITEM in spec.path for spec in specs):
            found.setdefault(extname, []).append(keyword)
    return found


def regroup(hdus, names):
    """Return the HDUs with those of a list together, item by item, at the place of its first."""
    mine = [out for out in hdus if out.extname.upper() in names]
    if not mine:
        return hdus
    at = hdus.index(mine[0])
    mine.sort(key=lambda out: out.extver or 1)
    others = [out for out in hdus[at:] if out.extname.upper() not in names]
    return hdus[:at] + mine + others

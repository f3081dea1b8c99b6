"""A model's view of a FITS source: values, arrays and lists by `Spec` and EXTVER, all lazy.

FITS wins over the ASDF extension: the tree there is parsed only when a path that FITS cannot hold
is asked for, and for values that a card cannot hold exactly.
"""

import math

from ..errors import FileFormatError
from . import extra_fits, fits_lists, formats, validate
from .arrays import array_ref
from .asdf_nodes import BOOKKEEPING
from .bindings import ARRAY, LIST, OBJECT, PRIMARY, first_bytes
from .casting import is_array
from .fits_cards import CARD, parse_card, printable
from .mending import mend
from .table_array import TableArray
from .trees import copied, replace_leaves
from .untouched import Group, never

MAX_TOLD = 3  # cards of a file that are warned of one by one
LOAD_TREE = "jwstlike.datamodels.asdf_support:load_tree"  # imported with the first ASDF extension


class FitsReader:
    """Fill the dicts of a model's tree from the cards and HDUs of a FITS index.

    Parameters
    ----------
    index : FitsIndex
    table : bindings.Table
    """

    def __init__(self, index, table):
        self.index, self.table = index, table
        self.groups = {}  # id of a dict of the tree -> Group, which keeps the dict alive
        self.waiting = {}  # (id of a dict, name) -> empty dict of a node, not in the tree yet
        self.origins = {}  # (id of dict, name) -> (dict, lazy reference that was read)
        self.cards_done = self.asdf_done = False
        self.flagged = set()  # paths of cards that the schema refuses: reported once
        self._asdf = self._extra = None
        self._lasts = {}  # number of an HDU -> places of the last card of each keyword
        self._places = {}  # number of an HDU with odd cards -> places of its keywords
        self._refused, self._filling_all, self._told = [], False, 0

    # ------------------------------------------------------------ pickling

    def __getstate__(self):
        return {
            "index": self.index,
            "done": (self.cards_done, self.asdf_done),
            "flagged": self.flagged,
            "groups": [
                (g.tree, g.spec and g.spec.path, g.extver, g.filled, g.stored)
                for g in self.groups.values()
            ],
            "origins": [(tree, name, ref) for (_, name), (tree, ref) in self.origins.items()],
        }

    def __setstate__(self, state):
        self.__init__(state["index"], None)
        self.cards_done, self.asdf_done = state["done"]
        self.flagged = state["flagged"]
        self._groups_to_bind = state["groups"]
        for tree, name, ref in state["origins"]:
            self.note_origin(tree, name, ref)

    def bind(self, table):
        """Complete an unpickled reader by the compiled schema."""
        self.table = table
        for tree, path, *rest in self._groups_to_bind:
            spec = None if path is None else table.find(path)
            self.groups[id(tree)] = Group(tree, spec, *rest)
        del self._groups_to_bind

    def rebind(self, index, hdus, tree):
        """Go on with the file that took the place of the source.

        Parameters
        ----------
        index : FitsIndex
        hdus : list of OutHdu
            What was written, in order.
        tree : dict
            The model's; arrays that were not read yet are looked for in the new file.
        """
        old = self.index.source
        places = {out.source.number: n for n, out in enumerate(hdus) if out.source is not None}

        renewed = {}  # id of a reference -> the reference and its successor

        def renew(value):
            if type(value) is TableArray:
                value.rebind(renew)
            elif getattr(value, "source", None) is old and getattr(value, "hdu", None) in places:
                if id(value) not in renewed:
                    renewed[id(value)] = value, array_ref(index, index[places[value.hdu]])
                return renewed[id(value)][1]
            return value

        replace_leaves(tree, renew)
        for group in self.groups.values():
            replace_leaves(group.stored, renew)
        self.origins = {k: (t, renew(ref)) for k, (t, ref) in self.origins.items()}
        self._renumber(tree)
        self.index, self._asdf, self._extra = index, None, None
        self._places, self._lasts = {}, {}

    def _renumber(self, tree):
        """Note the present place of all items as the one that they have in the source."""
        for spec in fits_lists.bound_lists(self.table.root):
            now = fits_lists.places(self, fits_lists.items_of(tree, spec))
            if now != {n: n for n in range(1, self.list_length(spec) + 1)}:
                tree.pop("extra_fits", None)  # its keys are names and versions: read it again
            for group in self.groups.values():
                if group.spec is not None and group.spec.path[: len(spec.path)] == spec.path:
                    group.extver = now.get(group.extver)
                    if group.extver is None:  # it was removed
                        group.spec, group.filled = None, True

    # ------------------------------------------------------------ groups

    def adopt(self, tree, spec, extver=1):
        """Register a dict of the tree as the mirror of `spec` and fill it once."""
        group = self.groups.get(id(tree))
        if group is None:
            group = self.groups[id(tree)] = Group(tree, spec, extver)
        if not group.filled and group.spec is not None:
            self._fill(group)
            group.filled = True

    def note_origin(self, tree, name, ref):
        """Remember what the array `name` of a dict of the tree was read from."""
        self.origins[id(tree), name] = (tree, ref)

    def origin(self, tree, name):
        """Lazy reference that an array was read from, or None."""
        return self.origins.get((id(tree), name), (None, None))[1]

    def disown(self, value):
        """Register dicts that a user assigned, so that they are never filled."""
        if isinstance(value, dict):
            if id(value) in self.groups:  # one of ours, which only has another place now
                return
            self.groups[id(value)] = Group(value, None, None, filled=True)
            for child in value.values():
                self.disown(child)
        elif isinstance(value, list):
            for child in value:
                self.disown(child)

    def own_dicts(self):
        """Dicts of the tree that this reader made: no user gave them."""
        return [group.tree for group in self.groups.values() if group.spec is not None]

    def extver_of(self, tree):
        """EXTVER that a registered dict mirrors, None for others."""
        group = self.groups.get(id(tree))
        return None if group is None or group.spec is None else group.extver

    def fill_all(self, tree, but=never):
        """Fill every object; those that the file says nothing of are not attached.

        Parameters
        ----------
        tree : dict
        but : callable, optional
            Given an item of a list and its `Spec`: whether it may be left as it is.
        """
        self._filling_all, self.cards_done = True, but is never
        self._fill_below(self.table.root, tree, 1, but)
        self._filling_all = False
        self._warn_refused()

    def _fill_below(self, spec, tree, extver, but):
        self.adopt(tree, spec, extver)
        self._fill_cards(self.groups[id(tree)])
        for name, child in spec.children.items():
            value = tree.get(name)
            if child.kind == OBJECT:
                if name not in tree:
                    fresh = self.waiting.get((id(tree), name), {})
                    self._fill_below(child, fresh, extver, but)
                    if fresh:
                        tree[name] = fresh
                elif isinstance(value, dict) and self._mirrors(value):
                    self._fill_below(child, value, extver, but)
            elif child.kind == LIST and isinstance(value, list) and child.item is not None:
                for item in value:
                    group = self.groups.get(id(item))
                    if group is not None and group.spec is not None and not but(item, child.item):
                        self._fill_below(child.item, item, group.extver, but)

    def _mirrors(self, tree):
        """Whether a dict is not one that a user assigned."""
        group = self.groups.get(id(tree))
        return group is None or group.spec is not None

    def moved(self, ids, table=None):
        """Return a reader of the same source for a copied tree.

        Parameters
        ----------
        ids : dict of int to dict
            Id of each dict of the old tree -> its copy.
        table : Table, optional
            Of another class: every group is looked at again, for cards that only it knows.
        """
        other = FitsReader(self.index, table or self.table)
        other.asdf_done, other._asdf = self.asdf_done, self._asdf
        other.flagged = set(self.flagged)
        if table is None:
            other.cards_done, other._extra = self.cards_done, self._extra
        for old, group in self.groups.items():
            if old in ids:
                new, spec = ids[old], group.spec
                if table is not None and spec is not None:
                    spec = table.find(spec.path)
                filled, stored = (group.filled, group.stored) if table is None else (False, ())
                other.groups[id(new)] = Group(new, spec, group.extver, filled, stored)
        for (old, name), (_, ref) in self.origins.items():
            if old in ids:
                other.note_origin(ids[old], name, ref)
        return other

    def _fill(self, group):
        """Put the arrays and lists of an object into its dict, unread; cards wait for `card`."""
        inner, tree = group.spec.inner, group.tree
        present = inner and self.index.extnames
        for name, child in inner:
            if name in tree or (child.extname is not None and child.extname not in present):
                continue
            if child.kind == LIST:
                self._fill_list(tree, name, child)
                continue
            hdu = self.hdu_of(child, group.extver)
            ref = None if hdu is None else array_ref(self.index, hdu)
            if ref is not None:
                group.put(name, ref)

    def card(self, tree, spec):
        """Value of the card of a child of an object, from now on also in its dict; or None."""
        group = self.groups.get(id(tree))
        if group is None or group.spec is None or self.cards_done:
            return None
        hdu = self.hdu_of(spec, group.extver)
        if hdu is None:
            return None
        number = self._places_of(hdu).get(spec.card)
        return None if number is None else self._take(hdu, number, group, spec)

    def _fill_cards(self, group):
        """Put the values of all cards of an object into its dict."""
        for extname, children in group.spec.cards.items():
            hdu = self.index[0] if extname == PRIMARY else self.index.find(extname, group.extver)
            if hdu is None:
                continue
            places = self._places_of(hdu)
            for keyword in children.keys() & places.keys():
                for child in children[keyword]:
                    if child.path[-1] not in group.tree:
                        self._take(hdu, places[keyword], group, child)

    def _take(self, hdu, number, group, spec):
        value = self._value(hdu, number, spec)
        if value is not None:
            group.put(spec.path[-1], value)
        unique = hdu.is_plain and not hdu.has_repeats
        if not unique and self._lasts_of(hdu).get(spec.card) != number:
            self._warn_repeated(hdu, spec)
        return value

    def _lasts_of(self, hdu):
        """Return {keyword of 8 bytes: number of its last card}."""
        found = self._lasts.get(hdu.number)
        if found is None:
            if hdu.is_plain:
                found = hdu.last
            else:
                found = {first_bytes(k): numbers[-1] for k, numbers in hdu.keywords.items()}
            self._lasts[hdu.number] = found
        return found

    def _places_of(self, hdu):
        """Return {keyword of 8 bytes: number of its first card}."""
        if hdu.is_plain:
            return hdu.first
        found = self._places.get(hdu.number)
        if found is None:  # HIERARCH, lower case and the like
            found = self._places[hdu.number] = {
                first_bytes(keyword): numbers[0] for keyword, numbers in hdu.keywords.items()
            }
        return found

    def _fill_list(self, tree, name, spec):
        length = self.list_length(spec)
        if length:
            tree[name] = items = []
            for extver in range(1, length + 1):
                item = {}
                self.groups[id(item)] = Group(item, spec.item, extver)
                items.append(item)

    def list_length(self, spec):
        """Return the number of items that the HDUs hold: their highest EXTVER."""
        return fits_lists.length(self.index, self.table, spec)

    # ------------------------------------------------------------ values

    def _value(self, hdu, number, spec):
        """Value of a known card: mended if that loses nothing, exact if ASDF knows better."""
        value = hdu.value_at(number)
        if value is None or (type(value) is str and self._may_be_inexact(hdu, number, value)):
            return self._exact(spec, hdu.extver, value)
        if spec.check(value) is None:
            return str(value) if isinstance(value, str) else value
        value = mend(value, spec.schema.get("type"))
        problem = spec.check(value)
        if problem is not None and value != "":
            self.flagged.add(spec.path)
        if problem is not None and value != "" and not self.is_foreign:
            self._refused.append(f"{self.place(hdu, spec)}: {value!r} {problem}; kept")
            if not self._filling_all and self._told < MAX_TOLD:
                self._told += 1
                if self._told == MAX_TOLD:
                    self._refused.append("m.check() tells of all further values of this file")
                self._warn_refused()
        return None if value == "" and spec.schema.get("type") != "string" else value

    @property
    def is_foreign(self):
        """Whether the file names no model class and is of another telescope.

        Its keywords have values of their own, which nobody is warned of.
        """
        primary = self.index[0]
        return primary.get("DATAMODL") is None and primary.get("TELESCOP") != "JWST"

    def _may_be_inexact(self, hdu, number, value):
        """Whether a text may be what a card can hold of a longer or other one."""
        if "?" in value:
            return self.asdf_hdu is not None
        end = number * CARD + 11 + max(len(value), 8)  # a text is filled up to 8 characters
        if hdu.raw[end : end + 1] == b"'" and "'" not in value and len(value) <= 68:
            return False  # the text ends where its last character is
        return parse_card(hdu.card_text(number)).padded and self.asdf_hdu is not None

    def _exact(self, spec, extver, value):
        """Prefer the ASDF value if `value` is what a card can hold of it."""
        saved = self.saved(spec.path, extver)
        if isinstance(saved, float) and value is None and not math.isfinite(saved):
            return saved
        if isinstance(saved, str) and value is not None and card_text(saved).rstrip() == value:
            return saved
        return value

    def problems(self):
        """Lines about what the file lacks, as far as its headers and its size tell."""
        name, index = self.index.source.name, self.index
        try:
            lines = [f"{name}: {index.problem}; fetch the file again"] if index.problem else []
        except FileFormatError as error:  # it is gone, changed or damaged
            return [str(error)]
        for hdu in index.hdus:
            if hdu.truncated:
                missing = min(hdu.data_size, hdu.data_offset + hdu.data_size - index.source.size)
                what = f"the data are cut: {missing} of {hdu.data_size} bytes are missing"
                lines.append(f"{name}[{hdu.place}]: {what}; fetch the file again")
        return lines

    def place(self, hdu, spec):
        """``file[HDU,ver] KEYWORD (path)`` for messages."""
        return validate.place_in_file(self.index.source.name, spec, hdu.extver)

    def _warn_refused(self):
        """Warn once of all cards that were refused since the last time."""
        if self._refused:
            text = "\n".join(self._refused)
            self._refused.clear()
            validate.warn(text)

    def _warn_repeated(self, hdu, spec):
        first, *others = [card.value for card in hdu.parsed(spec.keyword)] or [None]
        differ = [v for v in others if v != first]
        if differ:
            validate.warn(
                f"{self.place(hdu, spec)}: the card is repeated with "
                f"different values, {first!r} and {differ[0]!r}; the first is used"
            )

    # ------------------------------------------------------------ arrays

    def hdu_of(self, spec, extver):
        """HDU of an array or card, or None."""
        if spec.extname == PRIMARY:
            return self.index[0]
        return self.index.find(spec.extname, extver)

    @property
    def extra(self):
        """What the file holds beyond the schema, as `extra_fits.read` gives it; read only."""
        if self._extra is None:
            self._extra = extra_fits.read(self)
        return self._extra

    def renamed_extra(self, extra, tree):
        """Return `extra_fits` as it is named when items of lists have moved."""
        return fits_lists.renamed(extra, self, tree)

    # ------------------------------------------------------------ the ASDF extension

    @property
    def asdf_hdu(self):
        """The HDU that holds an ASDF file, or None."""
        return self.index.asdf_hdu

    @property
    def asdf(self):
        """The tree of the ASDF extension, {} without one; parsed at first use."""
        if self._asdf is None:
            self._asdf = self._load_asdf() or {}
        return self._asdf

    def _load_asdf(self):
        hdu = self.asdf_hdu
        if hdu is None:
            return None
        content = self.index.source.read(hdu.data_offset, hdu.data_size)
        try:
            place = f"{self.index.source.name}[{hdu.place}]"
            return formats.function(LOAD_TREE)(content, place, self.index)
        except OSError as problem:
            validate.warn(f"{problem}; the metadata that only the ASDF extension holds are absent")
            return None

    def saved(self, path, extver):
        """Value at `path` in the ASDF tree, or None."""
        node = self.asdf
        for name in path:
            if isinstance(node, list):
                node = node[extver - 1] if extver <= len(node) else None
            elif isinstance(node, dict):
                node = node.get(name)
            else:
                return None
        return node

    def merge_asdf(self, tree):
        """Add to the tree what only the ASDF extension holds."""
        self.asdf_done = True
        saved = {k: v for k, v in self.asdf.items() if k not in BOOKKEEPING}
        self._merge(tree, saved, self.table.root)

    def _merge(self, tree, saved, spec):
        for name, value in saved.items():
            child = spec.children.get(name) if spec is not None else None
            if child is not None and child.bound and not _only_in_asdf(value, child):
                continue  # FITS wins, also where it has nothing
            here = tree.get(name)
            if type(value) is dict and (name not in tree or type(here) is dict):
                if name not in tree:
                    here = tree[name] = self.waiting.get((id(tree), name), {})
                if self._mirrors(here):
                    self._merge(here, value, child)
            elif type(value) is list and type(here) is list and child is not None:
                self._merge_items(here, value, child.item)
            elif name not in tree:
                tree[name] = copied(value)  # copies of the model may share this reader's tree

    def _merge_items(self, items, saved, spec):
        for mine in items:
            extver = self.extver_of(mine)  # its place when the file was written
            item = saved[extver - 1] if extver is not None and extver <= len(saved) else None
            if type(item) is dict:
                self._merge(mine, item, spec)


def _only_in_asdf(value, spec):
    """Whether an array lies in the ASDF extension itself, not in an HDU."""
    return spec.kind == ARRAY and is_array(value) and not hasattr(value, "hdu")


def card_text(text):
    """Return what a card holds of a text: ``?`` marks what it cannot hold."""
    if text.isascii() and text.isprintable():
        return text
    return printable("".join(c if c.isprintable() else "?" for c in text))

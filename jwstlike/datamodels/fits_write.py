"""Plan the HDUs of a model, from its source or from nothing, and write them.

An HDU or card that was not touched is copied byte for byte. A card whose value changed keeps its
place and comment; new cards follow in the order of the schema.
"""

import math
from typing import NamedTuple

from . import extra_fits, fits_lists, validate
from .bindings import ARRAY, LIST, OBJECT, PRIMARY
from .casting import is_array, is_lazy
from .fits_cards import format_card, format_commentary
from .fits_data import SourceData, is_untouched, patch_of
from .fits_out import OutHdu
from .fits_read import card_text
from .formats import read_or_warn
from .history import as_lines
from .mending import mend
from .sharing import looked_at
from .untouched import never

# what every save sets: no edit of a user, and not forced upon a file of somebody else
OWN_PATHS = (("meta", "filename"), ("meta", "date"), ("meta", "model_type"))


GROUPS = "GROUPS"  # name of the HDU for random groups that no longer are in their file


class Where(NamedTuple):
    """Place of a value in the tree.

    Attributes
    ----------
    tree : dict
        That holds the value.
    name : str
        Its name there.
    extver : int
        Of the HDU that it belongs to: position in its list + 1.
    sections : tuple of Spec
        Titled objects around it, the outermost first.
    """

    tree: dict
    name: str
    extver: int
    sections: tuple


class Plan:
    """The HDUs of one save, made by one walk through schema and tree.

    Items of lists for which `untouched` is true are left as the source has them.

    Attributes
    ----------
    hdus : list of OutHdu
    links : dict of int to str
        id of each array that lies in an HDU -> ``fits:SCI,1``, for the ASDF tree.
    lossy : list of str
        Paths whose exact value only the ASDF tree holds.
    edited : bool
        Whether a value differs from the source, other than those that every save sets.
    asdf : OutHdu or None
        The ASDF extension of the source, at its place in `hdus`.
    """

    def __init__(self, model, untouched=never):
        self.model, self.reader, self._untouched = model, model._reader, untouched
        self.hdus, self.links, self.lossy, self.edited = [], {}, [], False
        self.asdf = None
        self._by_name, self._by_source, self._nameless = {}, {}, {}
        self._foreign = model._guessed and _is_foreign(self.reader)
        self._own_writers = FITS_VALIDATORS.keys() - BUILT_IN.keys()
        if self.reader is None:
            self._add(OutHdu(PRIMARY))
            moved = ()
        else:
            self._start_from_source()
            moved = fits_lists.arrange(self)
        self._opened = set()  # (HDU, path) of the sections that have their comment
        self._walk(model._spec, model._tree, 1, ())
        for names in moved:
            self.hdus = fits_lists.regroup(self.hdus, names)
            self.edited = True
        self._extra(model._tree.get("extra_fits"))
        self._history()

    # ------------------------------------------------------------ HDUs

    def _start_from_source(self):
        reader, asdf = self.reader, self.reader.asdf_hdu
        for hdu in reader.index:
            name = PRIMARY if hdu.number == 0 else hdu.extname
            out = OutHdu(name, hdu.extver, hdu, SourceData(reader.index, hdu))
            self.hdus.append(out)
            if hdu is asdf:
                self.asdf = out
            else:
                self._register(out, hdu.extver)

    def _add(self, out, extver=1):
        """Put a new HDU at the end, but before the ASDF extension if that is the last one."""
        at = len(self.hdus) - (self.asdf is not None and self.hdus[-1] is self.asdf)
        self.hdus.insert(at, out)
        return self._register(out, extver)

    def _register(self, out, extver):
        self._by_name.setdefault((out.extname.upper(), extver), out)
        if out.source is not None:
            self._by_source[out.source.number] = out
        return out

    def _find(self, extname, extver):
        extname = extname.upper()
        return self.hdus[0] if extname == PRIMARY else self._by_name.get((extname, extver))

    def hdu(self, extname, extver=1, with_data=False):
        """Return the `OutHdu` of a name and version, a new one if there is none."""
        out = self._find(extname, extver)
        if out is None:
            versioned = with_data or extver > 1
            out = self._add(OutHdu(extname, extver if versioned else None), extver)
            if extver > 1:
                out.header.append(format_card("EXTVER", extver, "extension value"))
        elif out.extver is None and with_data:
            out.extver = extver
        return out

    def replace(self, hdus):
        """Go on with these HDUs, some of them under another EXTVER."""
        self.hdus, self._by_name, self._by_source = list(hdus), {}, {}
        for out in hdus:
            if out is not self.asdf:
                self._register(out, out.extver or 1)

    def _drop(self, out):
        self.replace([other for other in self.hdus if other is not out])
        self.edited = True

    # ------------------------------------------------------------ the walk

    def _walk(self, spec, tree, extver, sections):
        if spec.schema.get("title") and spec.path:
            sections = (*sections, spec)
        for name, child in spec.children.items():
            where = Where(tree, name, extver, sections)
            self._visit(child, tree.get(name), where)
            if self._own_writers:
                for key in self._own_writers & child.schema.keys():
                    self._write(key, child, tree.get(name), where)

    def _visit(self, spec, value, where):
        if spec.keyword is not None:
            self._write("fits_keyword", spec, value, where)
        elif spec.kind == ARRAY:
            if spec.hdu is not None:
                self._write("fits_hdu", spec, value, where)
        elif spec.kind == OBJECT:
            if isinstance(value, dict) or (value is None and self.reader is not None):
                self._walk(spec, value or {}, where.extver, where.sections)
        elif spec.kind == LIST and spec.item is not None and spec.item.kind == OBJECT:
            self._list(spec, value or (), where.sections)

    def _write(self, key, spec, value, where):
        writer = FITS_VALIDATORS.get(key)
        if writer is not None:
            writer(self, spec, value, where)

    def _list(self, spec, items, sections):
        places = {} if self.reader is None else fits_lists.places(self.reader, items)
        for number, item in enumerate(items, 1):
            if isinstance(item, dict) and not (
                self._untouched(item, spec.item)
                and places[self.reader.extver_of(item)] == number  # not a second time in the list
            ):
                self._walk(spec.item, item, number, sections)
        if items and spec.extnames and not any(self._find(n, len(items)) for n in spec.extnames):
            name = fits_lists.first_extname(spec)  # an HDU without data: the last item is empty
            out = self._add(OutHdu(name, len(items)), len(items))
            out.header.append(format_card("EXTVER", len(items), "extension value"))

    def write_card(self, spec, value, where):
        """Write the value of a schema node with ``fits_keyword`` into its card."""
        out = self._find(spec.hdu, where.extver)
        old = out.header.parsed(spec.keyword) if out is not None else None
        if value is None:
            if old is not None and out.source is not None and old.value not in (None, ""):
                out.header.remove(spec.keyword)
                self.edited = True
            return
        value = _for_card(value)
        if old is not None and self._is_same(old.value, value, spec, where.extver):
            return
        own = spec.path in OWN_PATHS
        if own and self._foreign:
            return
        self.edited |= not own
        if _is_lossy(value):
            self.lossy.append(".".join(spec.path))
        out = out or self.hdu(spec.hdu, where.extver)
        if out.source is None:
            self._section_comments(out, where.sections)
        text = card_text(value) if isinstance(value, str) else value
        out.header.set(spec.keyword, text, spec.title)

    def _is_same(self, old, value, spec, extver):
        """Whether a card, perhaps with the ASDF extension, already says what the tree says."""
        if _is_lossy(value):
            known = self.reader is not None and self.reader.asdf_hdu is not None
            return known and validate.equal(self.reader.saved(spec.path, extver), value)
        if type(old) is not type(value):
            old = mend(old, spec.schema.get("type"))
        return old == value and isinstance(old, bool) == isinstance(value, bool)

    def _section_comments(self, out, sections):
        for section in sections:
            if (out, section) not in self._opened:
                self._opened.add((out, section))
                for text in ("", section.title, ""):
                    out.header.append(format_commentary("", text))

    def write_array(self, spec, value, where):
        """Write the array of a schema node with ``fits_hdu`` into its HDU."""
        out = self._find(spec.hdu, where.extver)
        if value is None:
            self._without_data(out)
            return
        path = ".".join(spec.path)
        if spec.hdu.upper() == PRIMARY:
            raise ValueError(f"Schema for {path} property does not specify a non-primary hdu name")
        original, value = value, looked_at(value)
        ref = self._origin(value, where)
        value = self.model._stored_form(spec, value, ref)
        if out is not None and (
            is_untouched(value, ref, out.source, self.reader, spec) or self._patch(out, value, ref)
        ):
            self.links[id(original)] = self._link(out)
            return
        array = read_or_warn(value, path)
        if array is not None and not is_array(array):  # a node that nobody could decode
            validate.warn(f"{path}: is a {type(array).__name__}, no array; left out of FITS")
            array = None
        if array is None or (array.size == 0 and array.dtype.fields is None):
            self._without_data(out)
            return
        out = self.hdu(spec.hdu, where.extver, with_data=True)
        self.edited |= out.set_data(array, spec)  # pixels alone are no matter of the ASDF tree
        self.links[id(original)] = f"fits:{spec.hdu},{where.extver}"

    def _patch(self, out, value, ref):
        """Change cells of a table of the source in place; return whether that is possible."""
        data = patch_of(value, ref, out.source, self.reader)
        if data is not None:
            out.data, out.header.changed = data, True
        return data is not None

    def _origin(self, value, where):
        if is_lazy(value) or self.reader is None:
            return value if is_lazy(value) else None
        return self.reader.origin(where.tree, where.name)

    def _without_data(self, out):
        if out is not None and out.source is not None and out.source.data_size:
            self._drop(out)

    # ------------------------------------------------------------ beyond the schema

    def _extra(self, extra):
        """Write `extra_fits`, where it was made by hand or differs from the source."""
        if not isinstance(extra, dict):
            return
        known = self.reader.extra if self.reader is not None else {}
        for key, content in extra.items():
            # old files tell of the tree as of an HDU beyond the schema
            if content is not None and (key in known or key != "ASDF"):
                self._write_extra(key, content, known.get(key, {}))
        for key in known:
            if extra.get(key) is None:
                self._remove_extra(key)

    def _write_extra(self, key, content, before):
        header, data, ref = content.get("header") or [], content.get("data"), before.get("data")
        name = content.get("name", "")
        if [list(card) for card in header] != before.get("header", []):
            self._extra_cards(self._extra_hdu(key) or self._new_extra(key, name), header)
            self.edited = True
        if data is not None and (ref is None or not _is_same_data(data, ref)):
            if key == PRIMARY and data.dtype.names is not None:
                validate.warn(f"the primary HDU can hold no table; it is written as HDU {GROUPS}")
                key = GROUPS
            out = self._extra_hdu(key)
            data = read_or_warn(data, f"extra_fits.{key}.data")
            if data is not None and not (out and self._patch(out, data, ref)):
                out = out or self._new_extra(key, name)
                self.edited |= out.set_data(data)

    def _extra_hdu(self, key):
        if self.reader is not None:
            hdu = extra_fits.find(self.reader.index, key)
            if hdu is not None:
                return self._by_source.get(hdu.number)
        if key.startswith("#"):
            return self._nameless.get(key)
        name, _, version = key.partition(",")
        return self._find(name, int(version) if version else 1)

    def _new_extra(self, key, name=""):
        if key.startswith("#"):
            return self._nameless.setdefault(key, self._add(OutHdu(name)))
        name, _, version = key.partition(",")
        return self.hdu(name, int(version or 1), bool(version))

    def _extra_cards(self, out, cards):
        table = None if self.reader is None else self.reader.table
        extra_fits.patch_cards(out.header, cards, out.source, table)

    def _remove_extra(self, key):
        out = self._extra_hdu(key)
        if out is None:
            return
        if out.source.number == 0 or extra_fits.holds_known_data(out.source, self.reader):
            self._extra_cards(out, [])
        else:
            self._drop(out)

    def _history(self):
        if self.reader is not None and "entries" not in self.model._history:
            return
        history = self.model.history
        if self.reader is not None and not history.changed:
            return
        self.edited = True
        header, source = self.hdus[0].header, self.reader.index[0] if self.reader else None
        old = [] if source is None else [p.value for p in source.parsed("HISTORY")]
        new = [line for entry in history for line in as_lines(entry)]
        if new[: len(old)] == old:
            new = new[len(old) :]
        else:
            header.remove("HISTORY")
        for line in new:
            header.append(format_commentary("HISTORY", line))

    def link_of(self, array):
        """Name of the HDU that an array lies in, or None: it goes into the ASDF tree."""
        link = self.links.get(id(array))
        own = self.reader is not None and hasattr(array, "hdu")
        if link is None and own and array.source is self.reader.index.source:
            out = self._by_source.get(array.hdu)
            return None if out is None else self._link(out)
        return link

    def _link(self, out):
        """Name of an HDU in the ASDF tree: by name and version, or by position."""
        if not out.extname:
            return f"fits:{self.hdus.index(out)}"
        name = out.extname if out.source is None else out.source.extname_raw
        return f"fits:{name},{out.extver or 1}"

    # ------------------------------------------------------------ the end

    def finish(self, with_asdf=True):
        """Warn of values that cards cannot hold, and renew checksums.

        Parameters
        ----------
        with_asdf : bool
            Whether an ASDF extension will hold them.
        """
        if self.lossy:
            remedy = "it is kept in the ASDF extension" if with_asdf else "save as .asdf to keep it"
            names = ", ".join(self.lossy)
            validate.warn(f"FITS cards cannot hold the exact value of {names}; {remedy}")
        for out in self.hdus:
            out.finish()


# Schema keyword -> function that writes a value: f(plan, spec, value, where). A function that is
# replaced or added here is called at each save, for every schema node that has the keyword.
FITS_VALIDATORS = {"fits_keyword": Plan.write_card, "fits_hdu": Plan.write_array}
BUILT_IN = dict(FITS_VALIDATORS)


def _is_foreign(reader):
    """Whether a file that names no model class is of another observatory."""
    return reader is not None and reader.index[0].get("TELESCOP") != "JWST"


def _is_same_data(data, ref):
    """Whether data of `extra_fits` are those of the source; what nobody read is not compared."""
    if hasattr(data, "hdu") and data.source is ref.source and data.hdu == ref.hdu:
        return True
    return validate.equal(data, ref)


def _for_card(value):
    """Form of a value that a card can hold."""
    if isinstance(value, (str, int, float, bool, complex)):
        return value
    if hasattr(value, "isot"):
        return value.isot
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return value.item()
    return str(value)


def _is_lossy(value):
    """Whether a card cannot hold the exact value."""
    if isinstance(value, str):
        return card_text(value) != value or value.endswith(" ")
    return isinstance(value, float) and not math.isfinite(value)

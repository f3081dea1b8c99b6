"""Lazy content: what a model fetches from its source when somebody asks for it."""

import numpy as np

from . import formats, validate
from .bindings import OBJECT
from .casting import is_array, is_lazy
from .list_node import ListNode
from .node import exclusive, forget_nodes
from .sharing import SharedArray
from .trees import copied
from .untouched import never

NOTE_ORIGIN = "jwstlike.datamodels.by_reference:note_origin"
UNREAD = "jwstlike.datamodels.asdf_objects:unread"
CONVERSION_WARNING = "asdf.exceptions:AsdfConversionWarning"
MOST_TAGS = 3  # that a warning names


class LazyContent:
    """The part of `DataModel` that completes the tree from the reader of its source.

    A model of a FITS file has no ``_tree`` before somebody asks for it, but the node ``meta``: so
    what the primary header says costs no look at the other HDUs.
    """

    def _read_from(self, reader):
        """Take a reader of the source, of which nothing but ``meta`` is looked at yet."""
        put, spec, meta = self.__dict__, self._spec.children.get("meta"), {}
        del put["_tree"]
        put["_reader"], put["_begun"] = reader, {}
        if spec is not None and spec.kind == OBJECT and not spec.inner:
            put["_begun"] = {"meta": meta}
            put["meta"] = self.kinds[dict](self._model, spec, meta, self._model, "meta")
            reader.adopt(meta, spec)

    def _late(self, name):
        """Make the tree with all arrays and lists of the source, unread."""
        if name != "_tree":
            return super()._late(name)
        put = self.__dict__
        with self._lock:
            if "_tree" not in put:
                tree = {}
                self._reader.adopt(tree, self._spec)
                tree.update(put.pop("_begun"))
                put["_tree"] = tree
            return put["_tree"]

    @exclusive
    def _fill(self, node):
        """Fill the dict of a new node from the source, once."""
        reader, spec = self._reader, node._spec
        if reader is None or reader.cards_done or spec is None or spec.kind != OBJECT:
            return
        parent = node._parent
        above = node if parent is None or isinstance(parent, ListNode) else parent
        extver = reader.extver_of(above._tree)
        if extver is None:  # a user put it there
            return
        reader.adopt(node._tree, spec, extver)
        if node._tree:
            node._attach()
        elif parent is not None:  # it is no part of the tree, unless the source knows more of it
            reader.waiting[id(parent._tree), node._key] = node._tree

    @exclusive
    def _fetch(self, node, name, spec):
        """Look in the source for a name that the tree lacks; None if it is not there."""
        reader = self._reader
        if reader is None:
            return None
        if node._parent is None and name == "extra_fits":
            return self._load_extra()
        if spec is not None and spec.keyword is not None:
            return reader.card(node._tree, spec)
        if reader.asdf_done or (spec is not None and (spec.bound or spec.kind == OBJECT)):
            return None
        self._load_asdf()
        return node._tree.get(name)

    @exclusive
    def _load_cards(self, but=never):
        """Fill every object of the tree from the cards; see `FitsReader.fill_all`."""
        reader = self._reader
        if reader is not None and not reader.cards_done:
            with validate.gathered():
                reader.fill_all(self._tree, but)

    @exclusive
    def _load_asdf(self):
        """Add what only the ASDF extension holds."""
        reader = self._reader
        if reader is not None and not reader.asdf_done:
            self._load_cards()
            reader.merge_asdf(self._tree)

    @exclusive
    def _load_extra(self):
        if "extra_fits" not in self._tree and self._reader is not None:
            found = self._reader.extra
            if found:
                self._tree["extra_fits"] = copied(found)
        return self._tree.get("extra_fits")

    @exclusive
    def _load_all(self):
        """Complete the tree before it is walked or handed out."""
        if self._reader is not None:
            with validate.gathered():
                self._load_asdf()
                self._load_extra()
        self._commit()

    @exclusive
    def _commit(self):
        """Take default arrays and lists that were changed in place into the tree."""
        for waiting in list(self._pending_nodes.values()):
            waiting._commit_pending()

    def _disown(self, value):
        """Note that a user assigned `value`: its dicts are not filled from the source."""
        if self._reader is not None and isinstance(value, (dict, list)):
            self._reader.disown(value)

    @exclusive
    def _realise(self, node, name, spec, value):
        """Read a lazy array, decode a tagged object, and keep the result in the tree."""
        if is_lazy(value):
            may_lack = () if spec is None else self._added_columns(spec)
            told = self.__dict__.setdefault("_warned", set())  # e.g. of columns all slits lack
            before = len(told)
            with validate.once(told):
                result = formats.read_array(value, spec, self._place(spec), may_lack)
            if self._reader is not None and len(told) > before:
                self._reader.flagged.add(spec.path)
        elif hasattr(value, "_tag"):
            result = formats.decode(value)
            if result is value:
                self._tell_of_tags((*node._path, name), value)
        else:
            return value
        if result is not value:
            self._note_origin(node._tree, name, value, result)
            node._tree[name] = result
        return result

    def _tell_of_tags(self, path, value):
        """Warn, once for each kind of object, that nobody can make it."""
        told = self.__dict__.setdefault("_warned", set())
        if self._ignore_unrecognized_tag or value._tag in told:
            return
        told.add(value._tag)
        tags = [t for t in formats.function(UNREAD)(value) if not t.startswith(self.open_tags)]
        if tags:
            shown = ", ".join(tags[:MOST_TAGS]) + ", ..." * (len(tags) > MOST_TAGS)
            validate.warn(
                f"{self._place()} ({validate.dotted(path)}): no installed package reads {shown}; "
                "given as the values that the file holds, and saved as it is",
                formats.function(CONVERSION_WARNING),
            )

    def _note_origin(self, tree, name, value, result):
        """Note what a value is made of, which is saved in its place when it was not changed."""
        if isinstance(value, SharedArray):
            return  # it was noted when it was read
        if self._reader is not None and is_lazy(value):
            self._reader.note_origin(tree, name, value)
        else:
            formats.function(NOTE_ORIGIN)(self._origins, tree, name, value, result)

    def _added_columns(self, spec):
        """Return {name: fill} of the columns that tables of older files may lack."""
        return {}

    def _stored_form(self, spec, value, ref):
        """Return what is written for an array; `ref` is what it was read from, if that is known."""
        return value

    def _note_source(self, source):
        """Note the path of the source, and its name as the user gave it, for messages."""
        name = None if str(source.name).startswith("<") else source.name  # e.g. <bytes>
        self.__dict__.update(_source_path=source.path, _source_name=name)

    def _place(self, spec=None):
        """``file[HDU]`` of a `Spec`, for messages."""
        meta = self._tree.get("meta")
        known = meta.get("filename") if isinstance(meta, dict) else None
        name = self._source_name or known or type(self).__name__
        return f"{name}[{spec.hdu}]" if spec is not None and spec.hdu else name

    def _forget_nodes(self):
        """Drop the nodes that were kept: the tree was replaced, or nobody needs them any more."""
        forget_nodes(self)

    @property
    def section(self):
        """Parts of arrays, straight from the source: ``m.section["data"][..., 100:200, :]``."""
        return Sections(self)


class Sections:
    """Arrays of a model by their dotted names, to be cut before they are read."""

    def __init__(self, model):
        self._model = model

    def __getitem__(self, path):
        *above, name = str(path).split(".")
        node = self._model
        for key in above:
            node = node[int(key)] if isinstance(node, ListNode) else node._step(key)
        if isinstance(node, ListNode):
            name = int(name)
            value = node._tree[name]
        else:
            value = node._tree.get(name)
            value = self._model._fetch(node, name, node._spec_of(name)) if value is None else value
        if is_lazy(value):
            return Section(value, node._spec_of(name))
        value = node[name] if isinstance(node, ListNode) else node._step(name)
        if not is_array(value):
            raise TypeError(f"{path!r} is no array, so it has no sections")
        return value


class Section:
    """An array that was not read yet; indexing reads what is asked for, as the schema wants it.

    Attributes
    ----------
    shape : tuple of int
    ndim : int
    dtype : numpy dtype
        Of what indexing gives.
    """

    def __init__(self, ref, spec):
        self._ref = ref
        plain = spec is not None and spec.dtype is not None and not spec.is_table
        self._cast_to = spec.dtype if plain and ref.dtype.names is None else None
        self.shape, self.ndim = tuple(ref.shape), len(ref.shape)
        self.dtype = self._cast_to or ref.dtype

    def __getitem__(self, key):
        return self._ref.section(key, self._cast_to)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._ref.read(dtype or self._cast_to))

    def __len__(self):
        return len(self._ref)

    def __repr__(self):
        return f"<section of {self.dtype} {self.shape}>"

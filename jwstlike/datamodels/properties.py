"""Attribute access to the objects of a model's tree.

Reading changes no tree: a missing object is a detached dict that enters the tree with its first
value, a default array waits in ``_pending`` until it is assigned or changed.
"""

import numpy as np

from ..errors import UnknownAttributeError
from . import outline as outlines
from . import validate, walk
from .bindings import ARRAY, LIST, OBJECT, SCALAR
from .casting import PLAIN, RAW, cast_raw, gentle_asarray
from .defaults import _cast, _make_default, _make_default_array
from .list_node import ListNode
from .node import Node, exclusive, leaves
from .readable import read_leaves
from .trees import cast_assigned, is_absent, merge_tree, put_value

__all__ = [
    "ListNode",
    "Node",
    "NodeIterator",
    "ObjectNode",
    "_cast",
    "_make_default",
    "_make_default_array",
    "gentle_asarray",
    "merge_tree",
    "put_value",
]


class ObjectNode(Node):
    """Attribute view of one mapping of a model's tree."""

    # ------------------------------------------------------------ reading

    def __getattr__(self, name):
        if name.startswith("_"):
            return self._late(name)
        value = self._tree.get(name)
        if type(value) in PLAIN:
            return value
        return self._resolve(name, value)

    def _late(self, name):
        """Make an attribute of the node itself that is made when it is asked for; none is."""
        raise AttributeError(name)

    def _spec_of(self, name):
        spec = self._spec
        return None if spec is None else spec.children.get(name)

    def _pairs(self):
        return self._tree.items()

    @exclusive
    def _resolve(self, name, value):
        """Turn what the tree holds into what a user sees; find or make what it lacks."""
        kept = self.__dict__.get(name)
        if isinstance(kept, Node) and kept._key == name:
            return kept  # another thread was here
        spec, tree = self._spec_of(name), self._tree
        value = tree.get(name)
        if value is None and name not in tree:
            value = self._model._fetch(self, name, spec)
        if value is None:
            return self._missing(name, spec)
        if spec is not None and spec.kind == ARRAY and type(value) in RAW:
            value = self._cast_raw(name, value, spec)
        node = self._wrap(name, value, spec)
        if node is not value:
            self._keep(name, node)
            return node
        if isinstance(value, np.ndarray) or type(value) in PLAIN:
            return value
        return self._model._realise(self, name, spec, value)

    _user_value = _resolve

    def _cast_raw(self, name, value, spec):
        """Cast an array of a dict that a user gave as the tree, once; what does not fit stays."""
        dtype = spec.dtype
        if dtype is None or (type(value) is np.ndarray and value.dtype == dtype):
            return value
        array = cast_raw(value, spec)
        if array is not value:
            self._tree[name] = array
        return array

    def _keep(self, name, node):
        # a name that the class itself uses (``items``) must not hide behind the node
        if not hasattr(type(self), name) and not self._model._shared:
            self.__dict__[name] = node

    def _missing(self, name, spec):
        if name in self._tree and (spec is None or spec.kind != LIST):  # set to None on purpose
            return None
        if spec is None:
            raise UnknownAttributeError(name, self._owner(), self._known())
        if self._pending and name in self._pending:
            return self._pending[name]
        if spec.path == (self._model._table.primary,) and self._model._reader is not None:
            _ = self._model._reader.asdf  # it warns if the HDU was deleted
        value = {} if spec.kind == OBJECT else _make_default(name, spec, self)
        node = self._wrap(name, value, spec)
        if type(value) is dict:
            self._keep(name, node)
        elif isinstance(value, (list, np.ndarray)):
            self._pend(name, node)
        return node

    def _pend(self, name, value):
        """Keep a default that may be changed in place; it is no part of the tree yet."""
        if self._pending is None:
            self.__dict__["_pending"] = {}
        self._pending[name] = value
        waiting = self if self._parent is not None else self._model
        self._model._pending_nodes[id(waiting)] = waiting

    def _commit_pending(self):
        """Move default arrays and lists that were changed in place into the tree."""
        for name, value in list((self._pending or {}).items()):
            if isinstance(value, Node):
                changed, raw = not is_absent(value._tree or None), value._tree
            else:
                fresh = _make_default_array(name, self._spec_of(name), self)
                changed, raw = not validate.equal(value, fresh), value
            if changed:
                del self._pending[name]
                self._tree[name] = raw
                self._attach()

    def _owner(self):
        return ".".join(map(str, (type(self._model).__name__, *self._path)))

    def _known(self):
        names = set(self._tree)
        if self._spec is not None:
            names |= set(self._spec.children)
        return sorted(n for n in names if isinstance(n, str))

    @property
    def instance(self):
        """The raw dict; one that the tree lacks enters it if something is put in."""
        raw = super().instance
        parent = self._parent
        if parent is not None and isinstance(parent._tree, dict):
            if parent._tree.get(self._key) is not raw:
                parent._pend(self._key, self)
        return raw

    # ------------------------------------------------------------ changing

    def __setattr__(self, name, value):
        if name.startswith("_"):
            self.__dict__[name] = value
        else:
            self._put(name, value)

    def _put(self, name, value):
        """Cast, check and store; an invalid value leaves the old one in place."""
        spec = self._spec_of(name)
        if spec is not None and type(value) in PLAIN and spec.kind == SCALAR:
            if spec.check(value) is None:  # the usual case, with no detour
                self._store(name, value)
                return
        if value is not None:
            model, path = self._model, (*self._path, name)
            value = cast_assigned(value, spec, model, path)
            if not validate.value_change(path, value, spec, model):
                return
            if spec is None and name not in self._tree:
                self._warn_unknown(name)
        self._store(name, _emptied(spec) if value is None else value)

    def _store(self, name, value):
        self.__dict__.pop(name, None)
        if self._pending:
            self._pending.pop(name, None)
        if type(value) not in PLAIN:
            self._model._disown(value)
        self._tree[name] = value
        self._attach()

    def _warn_unknown(self, name):
        meant = None if self._spec is None else walk.nearest(self._spec, name)
        if meant is not None and self._model._fetch(self, name, None) is None:
            validate.warn_unknown(self._model, (*self._path, name), meant)

    def __delattr__(self, name):
        if name.startswith("_"):
            del self.__dict__[name]
            return
        if self._pending and name in self._pending:  # a default that was read
            del self._pending[name]
            return
        if not self.hasattr(name):
            raise UnknownAttributeError(name, self._owner(), self._tree)
        required = () if self._spec is None else self._spec.schema.get("required", ())
        if name in required and not validate.missing_required((*self._path, name), self._model):
            return
        self._store(name, _emptied(self._spec_of(name)))

    # ------------------------------------------------------------ as a mapping

    def hasattr(self, name):
        """Whether `name` has a value; looking makes no default."""
        kept = self.__dict__.get(name)
        if isinstance(kept, ObjectNode) and kept._key == name and not is_absent(kept._tree):
            return True  # without a look at the other names of a file
        tree, model = self._tree, self._model
        if name in tree and type(tree[name]) is not dict:
            return tree[name] is not None
        spec = self._spec_of(name)
        if name in tree or (spec is not None and spec.kind == OBJECT):
            for load in (model._load_cards, model._load_asdf):
                if not is_absent(tree.get(name)):
                    break
                load()
            return not is_absent(tree.get(name))
        return model._fetch(self, name, spec) is not None

    def _step(self, key):
        """Child by its name, also one that a method hides."""
        node = self.__dict__.get(key)
        return ObjectNode.__getattr__(self, key) if node is None else node

    def get(self, path, default=None):
        """Value at a dotted path below this node, or `default`; never raises."""
        node = self
        for key in str(path).split("."):
            try:
                node = node[int(key)] if isinstance(node, ListNode) else node._step(key)
            except (AttributeError, IndexError, ValueError, TypeError):
                return default
        return default if node is None else node

    def __getitem__(self, path):
        node, keys = self, str(path).split(".")
        while keys:
            names = (".".join(keys[:n]) for n in range(1, len(keys) + 1))
            name = next((n for n in names if _has(node, n)), keys[0])  # an EXTNAME may hold dots
            try:
                node = node[int(name)] if isinstance(node, ListNode) else node._step(name)
            except (AttributeError, IndexError, ValueError):
                raise KeyError(path) from None
            del keys[: name.count(".") + 1]
        return node

    def __setitem__(self, path, value):
        *above, name = str(path).split(".")
        node = self
        for key in above:
            node = node[int(key)] if isinstance(node, ListNode) else getattr(node, key)
        if isinstance(node, ListNode):
            node[int(name)] = value
        else:
            node._put(name, value)

    def __iter__(self):
        return iter(self.keys())

    def __bool__(self):  # without it, ``if node:`` would read the whole file to count
        return True

    def __array__(self, dtype=None, copy=None):
        """One object, no sequence of names: an array of models holds models."""
        made = np.empty((), object)
        made[()] = self
        return made if dtype is None else made.astype(dtype)

    def __contains__(self, path):
        if "." not in str(path) and self._parent is not None:
            return self.hasattr(path)
        return path in self.keys()

    def items(self):
        """Pairs of dotted name and value of all leaves; None and what is damaged is skipped."""
        return read_leaves(self)

    def keys(self):
        """Dotted names of all leaves."""
        return [name for name, *_ in leaves(self)]

    def values(self):
        """Values of all leaves."""
        return [value for _, value in self.items()]

    def __dir__(self):
        return sorted(set(super().__dir__()) | set(self._known()))

    def get_default(self, name):
        """Make the default of `name`; nothing is stored.

        Raises
        ------
        AttributeError
        """
        return _make_default(name, self._known_spec(name), self)

    def get_dtype(self, name):
        """Numpy dtype that the schema gives the array `name`.

        Raises
        ------
        AttributeError
            For an unknown name.
        ValueError
            When it is no array.
        """
        dtype = self._known_spec(name).dtype
        if dtype is None:
            raise ValueError(f"{self._owner()}.{name} has no datatype in the schema")
        return dtype

    def _known_spec(self, name):
        spec = self._spec_of(name)
        if spec is None:
            raise UnknownAttributeError(name, self._owner(), self._known())
        return spec

    def __repr__(self):
        return f"<{self._owner()}: {outlines.summary(self) or 'no values'}>"


def _emptied(spec):
    """Return what the tree holds of something that was deleted or set to None."""
    return {} if spec is not None and spec.kind == OBJECT else None


def _has(node, name):
    """Whether a list has an index or a mapping a value of a name."""
    if isinstance(node, ListNode):
        try:
            return -len(node._tree) <= int(name) < len(node._tree)
        except ValueError:
            return False
    return isinstance(node, ObjectNode) and node.hasattr(name)


Node.kinds.update({dict: ObjectNode, list: ListNode})
NodeIterator = type(iter({}))

"""Views of a model's tree: attribute access to objects and lists, and the making of defaults.

A node owns and copies nothing. It is made once and kept by its parent's ``__dict__``, so that only
the leaf of ``m.meta.exposure.type`` takes the slow way of attribute access. Reading changes no
tree: a missing object is a detached dict that enters the tree with its first value, a default
array waits in ``_pending`` until it is assigned or changed.
"""

import warnings

import numpy as np

from ..errors import UnknownAttributeError, ValidationWarning, did_you_mean
from . import validate
from .bindings import ARRAY, LIST, OBJECT, Spec, Table
from .casting import PLAIN, cast_array, gentle_asarray, is_array, plain_value


class Node:
    """What object and list nodes share: the model, the `Spec`, the place and the raw tree."""

    def __init__(self, model, spec, tree, parent=None, key=None):
        put = self.__dict__
        put["_model"], put["_spec"], put["_tree"] = model, spec, tree
        put["_parent"], put["_key"], put["_pending"] = parent, key, None

    @property
    def instance(self):
        """The raw dict or list."""
        self._model._load_below(self)
        return self._tree

    @property
    def _path(self):
        if self._parent is None:
            return ()
        return (*self._parent._path, self._key)

    def _attach(self):
        """Enter a detached dict into the tree, with all that it hangs on."""
        parent = self._parent
        if parent is not None and isinstance(parent, ObjectNode):
            if parent._tree.get(self._key) is not self._tree:
                parent._tree[self._key] = self._tree
            parent._attach()

    def _wrap(self, key, value, spec):
        """Return a node for a dict or list, anything else as it is."""
        if isinstance(value, dict):
            node = ObjectNode(self._model, spec, value, self, key)
            self._model._fill(node)
            return node
        if isinstance(value, list):
            return ListNode(self._model, spec, value, self, key)
        return value

    def __eq__(self, other):
        other = other.instance if isinstance(other, Node) else other
        return validate.equal(self.instance, other)

    __hash__ = None

    def __len__(self):
        self._model._load_below(self)
        return len(self._tree)

    def __getstate__(self):
        return {"_model": self._model, "_path_": self._path}

    def __setstate__(self, state):
        node = state["_model"]
        for key in state["_path_"]:
            node = node[key] if isinstance(node, ListNode) else getattr(node, key)
        self.__dict__.update(node.__dict__)


class ObjectNode(Node):
    """Attribute view of one mapping of a model's tree."""

    # ------------------------------------------------------------ reading

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        value = self._tree.get(name)
        if type(value) in PLAIN:
            return value
        return self._resolve(name, value)

    def _child_spec(self, name):
        spec = self._spec
        return None if spec is None else spec.children.get(name)

    def _resolve(self, name, value):
        """Turn what the tree holds into what a user sees; find or make what it lacks."""
        spec, tree = self._child_spec(name), self._tree
        if value is None and name not in tree:
            value = self._model._fetch(self, name, spec)
        if value is None:
            return self._missing(name, spec)
        if isinstance(value, (dict, list)) and not hasattr(value, "_tag"):
            node = self._wrap(name, value, spec)
            if isinstance(node, Node):
                self._keep(name, node)
            return node
        if isinstance(value, np.ndarray) or type(value) in PLAIN:
            return value
        return self._model._realise(self, name, spec, value)

    def _keep(self, name, node):
        # a name that the class itself uses (``items``) must not hide behind the node
        if not hasattr(type(self), name) and not self._model._shared:
            self.__dict__[name] = node

    def _missing(self, name, spec):
        if name in self._tree:  # set to None on purpose
            return None
        if spec is None:
            raise UnknownAttributeError(name, self._owner(), self._known())
        if self._pending and name in self._pending:
            return self._pending[name]
        value = _make_default(name, spec, self)
        if isinstance(value, dict):
            node = self._wrap(name, value, spec)
            self._keep(name, node)
            return node
        if isinstance(value, list):
            return self._pend(name, ListNode(self._model, spec, value, self, name))
        return self._pend(name, value) if isinstance(value, np.ndarray) else value

    def _pend(self, name, value):
        if self._pending is None:
            self.__dict__["_pending"] = {}
        self._pending[name] = value
        self._model._pending_nodes[id(self)] = self
        return value

    def _commit_pending(self):
        """Move default arrays and lists that were changed in place into the tree."""
        for name, value in list((self._pending or {}).items()):
            if isinstance(value, ListNode):
                changed, raw = bool(value._tree), value._tree
            else:
                fresh = _make_default_array(name, self._child_spec(name), self)
                changed, raw = not validate.equal(value, fresh), value
            if changed:
                del self._pending[name]
                self._tree[name] = raw
                self._attach()

    def _owner(self):
        path = ".".join(map(str, self._path))
        return f"{type(self._model).__name__}.{path}" if path else type(self._model).__name__

    def _known(self):
        names = set(self._tree)
        if self._spec is not None:
            names |= set(self._spec.children)
        return sorted(n for n in names if isinstance(n, str))

    # ------------------------------------------------------------ changing

    def __setattr__(self, name, value):
        if name.startswith("_"):
            self.__dict__[name] = value
        else:
            self._put(name, value)

    def _put(self, name, value):
        """Cast, check and store; an invalid value leaves the old one in place."""
        spec, model = self._child_spec(name), self._model
        if value is not None:
            value = _cast_tree(value, spec)
            # what FITS cannot hold may still wait in the file: fetch it so that it is replaced
            if not validate.value_change((*self._path, name), value, spec, model):
                return
            if spec is None and name not in self._tree:
                self._warn_unknown(name)
        self._store(name, value)

    def _store(self, name, value):
        self.__dict__.pop(name, None)
        if self._pending:
            self._pending.pop(name, None)
        self._tree[name] = value
        self._attach()

    def _warn_unknown(self, name):
        known = () if self._spec is None else self._spec.children
        hint = did_you_mean(name, known, cutoff=0.8)
        if hint and self._model._fetch(self, name, None) is None:
            warnings.warn(
                f"{self._owner()}.{name} is not in the schema{hint}; it is kept as it is",
                ValidationWarning,
                stacklevel=5,
            )

    def __delattr__(self, name):
        if name.startswith("_"):
            del self.__dict__[name]
            return
        if not self.hasattr(name):
            raise UnknownAttributeError(name, self._owner(), self._known())
        path, required = (*self._path, name), ()
        if self._spec is not None:
            required = self._spec.schema.get("required", ())
        if name in required and not validate.missing_required(path, self._model):
            return
        self._store(name, None)

    # ------------------------------------------------------------ as a mapping

    def hasattr(self, name):
        """Whether `name` has a value; looking makes no default."""
        if name in self._tree:
            return not _is_absent(self._tree[name])
        return name not in self._tree and (
            self._model._fetch(self, name, self._child_spec(name)) is not None
        )

    def get(self, path, default=None):
        """Value at a dotted path below this node, or `default`; never raises."""
        node = self
        for key in str(path).split("."):
            try:
                node = node[int(key)] if isinstance(node, ListNode) else getattr(node, key)
            except (AttributeError, IndexError, ValueError, TypeError):
                return default
        return default if node is None else node

    def __getitem__(self, path):
        node = self
        for key in str(path).split("."):
            try:
                if isinstance(node, ListNode):
                    node = node[int(key)]
                elif isinstance(node, ObjectNode) and node.hasattr(key):
                    # not getattr: names that methods hide are reached here
                    node = node.__dict__.get(key) or ObjectNode.__getattr__(node, key)
                else:
                    raise KeyError(path)
            except (IndexError, ValueError):
                raise KeyError(path) from None
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
        return iter(dict(_leaves(self)))

    def __contains__(self, path):
        if "." not in str(path) and self._parent is not None:
            return self.hasattr(path)
        return path in dict(_leaves(self))

    def items(self):
        """Pairs of dotted name and value of all leaves; None is skipped."""
        return [(name, _user_value(node, key, value)) for name, (node, key, value) in _leaves(self)]

    def keys(self):
        """Dotted names of all leaves."""
        return [name for name, _ in _leaves(self)]

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
        spec = self._child_spec(name)
        if spec is None:
            raise UnknownAttributeError(name, self._owner(), self._known())
        return _make_default(name, spec, self)

    def get_dtype(self, name):
        """Numpy dtype that the schema gives the array `name`.

        Raises
        ------
        AttributeError
            For an unknown name.
        ValueError
            When it is no array.
        """
        spec = self._child_spec(name)
        if spec is None:
            raise UnknownAttributeError(name, self._owner(), self._known())
        if spec.dtype is None:
            raise ValueError(f"{self._owner()}.{name} has no datatype in the schema")
        return spec.dtype

    def __repr__(self):
        return f"<{self._owner()}: {', '.join(self._known())}>"


class ListNode(Node):
    """List view of one list of a model's tree."""

    def _item_spec(self):
        return None if self._spec is None else self._spec.item

    def _node(self, index):
        value = self._tree[index]
        if index < 0:
            index += len(self._tree)
        return self._wrap(index, value, self._item_spec())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self._node(i) for i in range(*index.indices(len(self._tree)))]
        return self._node(index)

    def __iter__(self):
        return (self._node(i) for i in range(len(self._tree)))

    def _cast(self, value):
        spec = self._item_spec()
        value = _cast_tree(value, spec)
        return (
            value if validate.value_change((*self._path, "*"), value, spec, self._model) else None
        )

    def _changed(self):
        parent = self._parent
        if parent._pending and parent._pending.get(self._key) is self:
            del parent._pending[self._key]
        self._attach()

    def __setitem__(self, index, value):
        self._tree[index] = (
            [self._cast(v) for v in value] if isinstance(index, slice) else (self._cast(value))
        )
        self._changed()

    def __delitem__(self, index):
        del self._tree[index]
        self._changed()

    def append(self, value):
        """Append a model, node, dict or value."""
        self._tree.append(self._cast(value))
        self._changed()

    def insert(self, index, value):
        """Insert before `index`."""
        self._tree.insert(index, self._cast(value))
        self._changed()

    def extend(self, values):
        """Append several."""
        for value in values:
            self.append(value)

    def pop(self, index=-1):
        """Remove an item and return it."""
        node = self._node(index)
        del self[index]
        return node

    def remove(self, value):
        """Remove the first equal item."""
        del self[self.index(value)]

    def index(self, value):
        """Position of the first equal item; ValueError if there is none."""
        raw = value._tree if isinstance(value, Node) else value
        for number, item in enumerate(self._tree):
            if validate.equal(item, raw):
                return number
        raise ValueError(f"{value!r} is not in the list")

    def count(self, value):
        """Count equal items."""
        raw = value._tree if isinstance(value, Node) else value
        return sum(validate.equal(item, raw) for item in self._tree)

    def __contains__(self, value):
        return self.count(value) > 0

    def reverse(self):
        """Reverse in place."""
        self._tree.reverse()
        self._changed()

    def sort(self, key=None, reverse=False):
        """Sort in place."""
        self._tree.sort(key=key, reverse=reverse)
        self._changed()

    def item(self, **values):
        """Make an unattached node of this list's kind; None if a value is invalid."""
        node = ObjectNode(self._model, self._item_spec(), {}, None, None)
        for name, value in values.items():
            setattr(node, name, value)
            if value is not None and node._tree.get(name) is None:
                return None
        return node

    def __repr__(self):
        return f"<list of {len(self._tree)}: {'.'.join(map(str, self._path))}>"


def _is_absent(value):
    """Whether a value of the tree says nothing: None, or an object that was only looked at."""
    return value is None or (type(value) is dict and all(map(_is_absent, value.values())))


NodeIterator = type(iter({}))


def _user_value(node, key, value):
    if type(value) in PLAIN or isinstance(value, np.ndarray):
        return value
    if isinstance(node, ListNode):
        return value
    return node._resolve(key, value)


def _leaves(node, prefix=""):
    """Yield (dotted name, (node, key, raw value)) of all leaves that have a value."""
    node._model._load_below(node)
    pairs = enumerate(node._tree) if isinstance(node, ListNode) else list(node._tree.items())
    for key, value in pairs:
        if value is None:
            continue
        name = f"{prefix}{key}"
        if isinstance(value, (dict, list)) and not hasattr(value, "_tag"):
            spec = node._item_spec() if isinstance(node, ListNode) else node._child_spec(key)
            yield from _leaves(node._wrap(key, value, spec), name + ".")
        else:
            yield name, (node, key, value)


# ---------------------------------------------------------------- values and defaults


def _cast_tree(value, spec):
    """Give an assigned value the form the tree holds: plain, cast, nodes by reference."""
    if isinstance(value, Node):
        value = value.instance
    if spec is None:
        return plain_value(value)
    if spec.kind == ARRAY:
        return cast_array(value, spec)
    if isinstance(value, dict) and spec.kind == OBJECT:
        for name, child in spec.children.items():
            if value.get(name) is not None:
                value[name] = _cast_tree(value[name], child)
        return value
    if isinstance(value, list) and spec.kind == LIST and spec.item is not None:
        value[:] = [_cast_tree(item, spec.item) for item in value]
        return value
    return plain_value(value, as_text=spec.schema.get("type") == "string")


def _cast(val, schema):
    """Cast `val` to the ``datatype`` of `schema` (a dict or a `Spec`)."""
    spec = _as_spec(schema)
    return val if val is None or spec.kind != ARRAY else cast_array(val, spec)


def _as_spec(schema):
    return schema if isinstance(schema, Spec) else Table(schema).root


def _make_default(attr, schema, ctx):
    """Make the default value of attribute `attr`: array, scalar, empty object or list, or None."""
    spec = _as_spec(schema)
    if spec.kind == ARRAY:
        return _make_default_array(attr, spec, ctx)
    if spec.kind == OBJECT:
        return {}
    if spec.kind == LIST:
        return []
    return spec.default


def _make_default_array(attr, schema, ctx):
    """Make the default array of attribute `attr`, or None when the schema gives no dtype.

    The primary array has the shape the model was made with; others take the last ``ndim`` axes
    of the primary array beside them, tables have no rows.
    """
    spec = _as_spec(schema)
    dtype = spec.dtype
    if dtype is None:
        return None
    fill = spec.default
    shape = _default_shape(attr, spec, ctx)
    if spec.is_table:
        return np.zeros(shape if len(shape) == 1 else (0,), _row_dtype(spec))
    if fill is None:
        fill = 0
    return np.full(shape, fill, dtype)


def _row_dtype(spec):
    dtype = spec.dtype
    columns = []
    for name, column in zip(dtype.names, spec.schema["datatype"], strict=True):
        unknown = (0,) * column.get("ndim", 0) if "shape" not in column else ()
        columns.append((name, dtype[name].base, dtype[name].shape or unknown))
    return np.dtype(columns)


def _default_shape(attr, spec, ctx):
    ndim = spec.schema.get("ndim")
    if spec.is_table:
        return (0,)
    primary = ctx._primary_shape(attr) if hasattr(ctx, "_primary_shape") else None
    if primary is None:
        primary = _shape_beside(attr, ctx)
    if primary is None:
        return (0,) * ndim if ndim else (0,)
    if ndim is None:
        return primary
    return primary[-ndim:] if ndim <= len(primary) else (0,) * ndim


def _shape_beside(attr, node):
    """Shape of the primary array of the nearest object above that has one."""
    while node is not None:
        if isinstance(node, ObjectNode):
            name = node._model.get_primary_array_name() if node._parent is None else "data"
            value = node._tree.get(name) if name and name != attr else None
            if is_array(value):
                return tuple(value.shape)
        node = node._parent
    return None


def put_value(path, value, tree):
    """Put `value` at `path` (names and indices), making dicts and lists on the way."""
    node = tree
    for here, after in zip(path, path[1:], strict=False):
        fresh = [] if isinstance(after, int) else {}
        if isinstance(node, list):
            node.extend({} for _ in range(here + 1 - len(node)))
            if isinstance(after, int) and not isinstance(node[here], list):
                node[here] = fresh
            node = node[here]
        else:
            node = node.setdefault(here, fresh)
    if isinstance(node, list):
        node.extend(None for _ in range(path[-1] + 1 - len(node)))
    node[path[-1]] = value


def merge_tree(a, b):
    """Merge tree `b` into `a`, recursively through dicts; values of `b` win. Returns `a`."""
    for key, value in b.items():
        if isinstance(value, dict) and isinstance(a.get(key), dict):
            merge_tree(a[key], value)
        else:
            a[key] = value
    return a


__all__ = [
    "ListNode",
    "Node",
    "NodeIterator",
    "ObjectNode",
    "gentle_asarray",
    "merge_tree",
    "put_value",
]

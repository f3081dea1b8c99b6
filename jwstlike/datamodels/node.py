"""What nodes share: a view of one dict or list of a model's tree."""

import functools
import importlib
from typing import ClassVar

from . import validate

NOTEBOOK = f"{__package__}.notebook"


def exclusive(method):
    """Let one thread at a time look for what a model lacks, so that all get the same object."""

    @functools.wraps(method)
    def locked(self, *args):
        with self._lock:
            return method(self, *args)

    return locked


class Node:
    """A view: the model, the compiled schema, the place and the raw dict or list.

    It owns and copies nothing. A node of an object is kept by its parent, so that only the leaf of
    ``m.meta.exposure.type`` takes the slow way of attribute access.
    """

    kinds: ClassVar = {}  # dict and list -> class of their nodes; filled by `properties`

    def __init__(self, model, spec, tree, parent=None, key=None):
        put = self.__dict__
        put["_model"], put["_spec"], put["_tree"] = model, spec, tree
        put["_parent"], put["_key"], put["_pending"] = parent, key, None
        put["_lock"] = model._lock

    @property
    def instance(self):
        """The raw dict or list."""
        self._model._load_all()
        self._model._given_out.add("tree")
        return self._tree

    @property
    def _path(self):
        if self._parent is None:
            return ()
        return (*self._parent._path, self._key)

    def _attach(self):
        """Enter a detached dict into the tree, with all that it hangs on."""
        node, parent = self, self._parent
        # what hangs on a tree that was not asked for yet is attached
        while parent is not None and isinstance(parent.__dict__.get("_tree"), dict):
            if parent._tree.get(node._key) is not node._tree:
                parent._tree[node._key] = node._tree
            node, parent = parent, parent._parent

    def _wrap(self, key, value, spec):
        """Return a node for a plain dict or list, anything else as it is."""
        tag = getattr(value, "_tag", None)
        kind = self.kinds.get(type(value)) if tag is None else self._tagged_kind(value, tag)
        if kind is None:
            return value
        parent = self if self._parent is not None else self._model
        node = kind(self._model, spec, value, parent, key)
        if type(value) is dict:
            self._model._fill(node)
        return node

    def _tagged_kind(self, value, tag):
        """Kind of node for a value under a tag: only those that the model opens have one."""
        if not tag.startswith(self._model.open_tags):
            return None
        return next((kind for type_, kind in self.kinds.items() if isinstance(value, type_)), None)

    def __eq__(self, other):
        other = other.instance if isinstance(other, Node) else other
        return validate.equal(self.instance, other)

    __hash__ = None

    def _repr_html_(self):
        """Return the tree as HTML for notebooks: nothing outside is referred to."""
        return importlib.import_module(NOTEBOOK).page(self)

    def __len__(self):
        self._model._load_all()
        return len(self._tree)

    def __getstate__(self):
        return {"_model": self._model, "_path_": self._path}

    def __setstate__(self, state):
        node = state["_model"]
        for key in state["_path_"]:
            node = node[key] if isinstance(node._tree, list) else getattr(node, key)
        self.__dict__.update(node.__dict__)


def forget_nodes(node):
    """Let go of all nodes that are kept below `node`; those that somebody holds stay valid."""
    kept = [n for n, v in node.__dict__.items() if n[0] != "_" and isinstance(v, Node)]
    for name in kept:
        forget_nodes(node.__dict__.pop(name))


def leaves(node, prefix=""):
    """Yield (dotted name, node, key, raw value) of all leaves that have a value."""
    node._model._load_all()
    for key, value in list(node._pairs()):
        if value is None:
            continue
        below = node._wrap(key, value, node._spec_of(key))
        if isinstance(below, Node):
            yield from leaves(below, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", node, key, value

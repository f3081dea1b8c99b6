"""Trees of dicts, lists, scalars and arrays: put, merge, copy and cast."""

import copy
import itertools

import numpy as np

from .bindings import ARRAY, LIST, OBJECT
from .casting import PLAIN, cast_array, is_lazy, plain_value
from .node import Node


def put_value(path, value, tree):
    """Put `value` at `path` (names and indices), making dicts and lists on the way."""
    node = tree
    for here, after in itertools.pairwise(path):
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


def copied(value, moved=None):
    """Deep copy of a tree; arrays that were not read yet are shared.

    Parameters
    ----------
    value : object
    moved : dict, optional
        Filled with the id of each plain dict of the old tree -> its copy.
    """
    if type(value) is dict:
        new = {k: copied(v, moved) for k, v in value.items()}
        if moved is not None:
            moved[id(value)] = new
        return new
    if type(value) is list:
        return [copied(v, moved) for v in value]
    if type(value) in PLAIN or value is None or is_lazy(value):
        return value
    if hasattr(value, "_tag") and isinstance(value, (dict, list)):
        plain = dict(value) if isinstance(value, dict) else list(value)
        return type(value)(copied(plain), value._tag)
    return value.copy() if isinstance(value, np.ndarray) else copy.deepcopy(value)


def replace_leaves(tree, function):
    """Put ``function(value)`` in the place of each value below `tree` that is no container."""
    for key, value in list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)):
        if isinstance(value, (dict, list)):
            replace_leaves(value, function)
        else:
            new = function(value)
            if new is not value:
                tree[key] = new


def is_absent(value):
    """Whether a value of the tree says nothing: None, or an object that was only looked at."""
    return value is None or (type(value) is dict and all(map(is_absent, value.values())))


def cast_tree(value, spec):
    """Give an assigned value the form the tree holds: plain, cast, nodes by reference."""
    if isinstance(value, Node):
        value = value.instance
    if spec is None:
        return plain_value(value)
    if spec.kind == ARRAY:
        return value if is_lazy(value) else cast_array(value, spec)
    if isinstance(value, dict) and spec.kind == OBJECT:
        for name, child in spec.children.items():
            if value.get(name) is not None:
                value[name] = cast_tree(value[name], child)
        return value
    if isinstance(value, list) and spec.kind == LIST and spec.item is not None:
        value[:] = [cast_tree(item, spec.item) for item in value]
        return value
    return plain_value(value, as_text=spec.schema.get("type") == "string")

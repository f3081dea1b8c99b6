"""Trees of dicts, lists, scalars and arrays: put, merge, copy and cast."""

import copy
import itertools

import numpy as np

from .bindings import ARRAY, LIST, OBJECT, SCALAR
from .casting import PLAIN, cast_array, is_lazy, plain_value
from .checks import selector_of
from .exact_cast import InexactCastError
from .node import Node
from .table_array import as_table
from .validate import place_with_path

ADVICE = "; clip or cast them before, or use pass_invalid_values=True"


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
        Filled with the id of each dict and list of the old tree -> its copy.
    """
    if type(value) is dict:
        new = {k: copied(v, moved) for k, v in value.items()}
        if moved is not None:
            moved[id(value)] = new
        return new
    if type(value) is list:
        new = [copied(v, moved) for v in value]
        if moved is not None:
            moved[id(value)] = new
        return new
    if type(value) in PLAIN or value is None or is_lazy(value):
        return value
    if hasattr(value, "_tag") and isinstance(value, (dict, list)):
        plain = dict(value) if isinstance(value, dict) else list(value)
        new = type(value)(copied(plain, moved), value._tag)
        if moved is not None:
            moved[id(value)] = new
        return new
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


def cast_assigned(value, spec, model, path):
    """Give what is assigned at `path` the form the tree holds; see `cast_tree`.

    Raises
    ------
    ValueError, TypeError
        For an array that does not fit, naming its place.
    """
    try:
        return cast_tree(value, spec, path, exact=not model._pass_invalid_values)
    except (ValueError, TypeError) as problem:
        kind = TypeError if isinstance(problem, TypeError) else ValueError
        where = place_with_path(model, *getattr(problem, "at", (path, spec)))
        remedy = ADVICE if isinstance(problem, InexactCastError) else ""
        raise kind(f"{where}: {problem}{remedy}") from problem


def cast_tree(value, spec, path=(), exact=False):
    """Give a value the form the tree holds: plain, cast, nodes by reference.

    With `exact` an array that would not keep its values is refused.
    """
    if isinstance(value, Node):
        value = value.instance
    if spec is None:
        return as_table(value) if hasattr(value, "_coldefs") else plain_value(value)
    if spec.kind == ARRAY:
        return value if is_lazy(value) else _cast_array(value, spec, path, exact)
    if isinstance(value, dict) and spec.kind == OBJECT:
        for name, child in spec.children.items():
            if value.get(name) is not None:
                value[name] = cast_tree(value[name], child, (*path, name), exact)
        return value
    if isinstance(value, list) and spec.kind == LIST and spec.item is not None:
        value[:] = [cast_tree(v, spec.item, (*path, n), exact) for n, v in enumerate(value)]
        return value
    return _cast_scalar(value, spec)


def _cast_scalar(value, spec):
    if isinstance(value, np.ndarray) and value.ndim == 0 and spec.kind == SCALAR:
        value = value[()]  # what a sum along all axes gives
    if isinstance(value, (list, tuple, set)):
        value = selector_of(spec.schema, value) or value
    return plain_value(value, as_text=spec.schema.get("type") == "string")


def _cast_array(value, spec, path, exact):
    try:
        return cast_array(value, spec, exact)
    except (ValueError, TypeError) as problem:
        problem.at = path, spec
        raise

"""The values of a model as far as they can be read."""

from functools import partial

from . import validate
from .casting import is_array, is_lazy
from .formats import read_or_warn
from .node import leaves


def read_leaves(node, include_arrays=True):
    """List (dotted name, value) of all leaves below a node that have a value.

    The arrays that cannot be read, since their source is damaged, are left out: one warning names
    them all.
    """
    with validate.gathered():
        found = [
            (name, _read(name, holder, key, raw))
            for name, holder, key, raw in leaves(node)
            if include_arrays or not is_array(raw)
        ]
    return [(name, value) for name, value in found if value is not None]


def _read(name, holder, key, raw):
    read = partial(holder._user_value, key, raw)
    return read_or_warn(raw, name, read, "left out") if is_lazy(raw) else read()

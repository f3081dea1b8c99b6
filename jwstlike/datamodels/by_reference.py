"""Pickle a model light: an array that is still the one of its file goes as a reference to it."""

import numpy as np

from . import formats
from .casting import is_lazy
from .fits_data import _equal_in_slabs
from .sharing import looked_at
from .validate import equal

ASDF = "jwstlike.datamodels.asdf_support:loaded"
LARGE = 1 << 16  # bytes; for less the file is not looked at again


def light(model):
    """Return tree and reader of a model for pickling; those of the model stay as they are.

    An array that was read and equals what the file holds is replaced by the lazy reference that
    it was read from, so that a model nobody changed pickles to a few kilobytes.
    """
    reader = model._reader
    if reader is None:
        return _light_tree(model), None
    if not reader.origins:
        return model._tree, reader
    moved = {}
    tree = _shallow(model._tree, moved)
    reader = reader.moved(moved)
    for (_, name), (node, ref) in list(reader.origins.items()):
        value = node.get(name)
        if isinstance(value, np.ndarray) and equals_stored(value, ref):
            node[name] = ref
    return tree, reader


def _shallow(value, moved):
    """Copy the plain dicts and lists of a tree; a dict that stands at two places stays one."""
    if type(value) is dict:
        if id(value) not in moved:
            new = moved[id(value)] = {}
            new.update((k, _shallow(v, moved)) for k, v in value.items())
        return moved[id(value)]
    return [_shallow(v, moved) for v in value] if type(value) is list else looked_at(value)


def _light_tree(model):
    """Return the tree of a model of an ASDF file: the file is looked at again for references."""
    if model._source_path is None or not _is_worth_it(model._tree):
        return model._tree
    try:
        there = formats.function(ASDF)(model._source_path).tree
    except OSError:  # it is gone or another one
        return model._tree
    return _with_references(model._tree, there)


def _is_worth_it(value):
    """Whether a tree holds a large array in memory."""
    if isinstance(value, np.ndarray):
        return value.nbytes > LARGE
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_is_worth_it, below))


def _with_references(value, there):
    """Copy a tree with references for the arrays that another tree, of the file, has as well."""
    if isinstance(value, np.ndarray):
        return there if is_lazy(there) and equals_stored(value, there) else value
    if isinstance(value, dict) and isinstance(there, dict):
        made = {k: _with_references(v, there.get(k)) for k, v in value.items()}
    elif isinstance(value, list) and isinstance(there, list) and len(value) == len(there):
        made = [_with_references(v, t) for v, t in zip(value, there, strict=True)]
    else:
        return value
    return type(value)(made, value._tag) if hasattr(value, "_tag") else made


def equals_stored(value, ref):
    """Whether an array still equals what it was read from; False when that cannot be told."""
    if getattr(getattr(ref, "source", None), "is_remote", False):
        return False  # to look would be to fetch it again
    units = getattr(value, "units", None)
    if units is not None and units != {n.upper(): u for n, u in getattr(ref, "units", {}).items()}:
        return False
    try:
        if tuple(value.shape) != tuple(ref.shape):
            return False
        if hasattr(ref, "block") or not hasattr(ref, "stored"):  # parts cost as much as the whole
            return equal(value, ref.read(None if value.dtype.fields else value.dtype))
        return _equal_in_slabs(value, ref)
    except OSError:  # the source is gone or was changed
        return False

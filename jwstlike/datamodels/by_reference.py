"""Pickle a model light: an array that is still the one of its file goes as a reference to it."""

import numpy as np

from .fits_data import _equal_in_slabs
from .sharing import looked_at


def light(model):
    """Return tree and reader of a model for pickling; those of the model stay as they are.

    An array that was read and equals what the file holds is replaced by the lazy reference that
    it was read from, so that a model nobody changed pickles to a few kilobytes.
    """
    reader = model._reader
    if reader is None or not reader.origins:
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


def equals_stored(value, ref):
    """Whether an array still equals what it was read from; False when that cannot be told."""
    if getattr(getattr(ref, "source", None), "is_remote", False):
        return False  # to look would be to fetch it again
    try:
        return tuple(value.shape) == tuple(ref.shape) and _equal_in_slabs(value, ref)
    except OSError:  # the source is gone or was changed
        return False

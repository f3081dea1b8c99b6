"""What was read but not changed goes into pickles and files as it stood in the source.

A lazy array or a tagged node that somebody asked for is replaced in the tree by what was read or
decoded from it; the model notes what stood there. While the value is equal to it, the old form is
what is pickled (so that a model that nobody changed takes a few kilobytes) or saved (packed blocks,
byte order, tags and all).
"""

import hashlib
import pickle

import numpy as np

from .casting import is_lazy
from .fits_data import _equal_in_slabs
from .sharing import looked_at
from .validate import equal


def light(model):
    """Return tree and reader of a model for pickling; those of the model stay as they are."""
    reader, moved = model._reader, {}
    if not model._origins and (reader is None or not reader.origins):
        return model._tree, reader
    tree = restored(model._tree, model._origins, moved)
    if reader is None:
        return tree, None
    reader = reader.moved(moved)
    reader._asdf = restored(reader._asdf, model._origins, moved)
    for (_, name), (node, ref) in list(reader.origins.items()):
        value = node[name] if isinstance(node, list) else node.get(name)
        if is_same(value, ref):
            node[name] = ref
    return tree, reader


# ---------------------------------------------------------------- what stood in the tree


def note_origin(origins, container, key, before, value):
    """Note that `value` takes the place of `before`, a lazy array or tagged node.

    Parameters
    ----------
    origins : dict
        (id of a dict or list, key) -> (the dict or list, what stood there, digest of the value).
    """
    origins[id(container), key] = (container, before, None if is_lazy(before) else _digest(value))


def restored(value, origins, moved=None):
    """Copy the dicts and lists of a tree; what was read and not changed is as it was before.

    Parameters
    ----------
    moved : dict, optional
        Filled with the id of each dict and list -> its copy; one that stands twice stays one.
    """
    moved = {} if moved is None else moved
    if not isinstance(value, (dict, list)) or not (
        type(value) in (dict, list) or hasattr(value, "_tag")
    ):
        return value
    if id(value) not in moved:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        made = moved[id(value)] = type(value)()
        if hasattr(value, "_tag"):
            made._tag = value._tag
        new = [(key, _restored_at(value, key, child, origins, moved)) for key, child in pairs]
        made.update(new) if isinstance(made, dict) else made.extend(child for _, child in new)
    return moved[id(value)]


def _restored_at(container, key, value, origins, moved):
    _, before, digest = origins.get((id(container), key), (None, None, None))
    if before is None or value is before:
        return restored(value, origins, moved)
    if digest is None:
        same = is_same(value, before)
    else:
        same = _digest(value) == digest
    return before if same else restored(value, origins, moved)


def _digest(value):
    """Digest of an object; one of its own for what cannot be pickled."""
    try:
        return hashlib.blake2b(pickle.dumps(value, 5)).digest()
    except Exception:  # of whatever class
        return object()


def is_same(value, ref):
    """Whether a value is an array that equals what it was read from."""
    value = looked_at(value)
    return isinstance(value, np.ndarray) and equals_stored(value, ref)


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

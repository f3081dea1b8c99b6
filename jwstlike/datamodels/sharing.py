"""Arrays in memory that models share until one of them is asked for.

An array that nobody outside a model holds, nor a view of it, cannot be changed but through the
model: a copy of the model may share it. The first access on either side makes a copy of its own.
"""

import sys

import numpy as np

from .lazy_array import LazyArray

LEAST = 1 << 16  # bytes; smaller arrays are copied at once


class SharedArray(LazyArray):
    """An array of several models, which is copied when it is read; lazy like `ArrayRef`.

    Attributes
    ----------
    array : ndarray
        Only to be looked at: what is handed out is a copy.
    shape, ndim, size, nbytes, dtype
        Those of the array.
    """

    __slots__ = ("array",)

    is_scaled = False

    def __init__(self, array):
        self.array = array

    def __reduce__(self):
        return type(self), (self.array,)

    @property
    def shape(self):
        """Axes."""
        return self.array.shape

    @property
    def nbytes(self):
        """Bytes in memory."""
        return self.array.nbytes

    @property
    def dtype(self):
        """Numpy dtype."""
        return self.array.dtype

    stored = dtype

    def read(self, dtype=None):
        """Return a copy."""
        return np.array(self.array, dtype)

    def section(self, key, dtype=None):
        """Return a copy of a part."""
        return np.array(self.array[key], dtype)

    def raw_blocks(self):
        """Yield the bytes in C order."""
        yield memoryview(self.array.reshape(-1).view("u1"))


def looked_at(value):
    """Return the array in a `SharedArray`, for those who do not change it; others as they are."""
    return value.array if type(value) is SharedArray else value


def share_arrays(dicts):
    """Make the large arrays in some dicts that nobody else holds ready to be shared, in place."""
    for owner in dicts:
        for key in list(owner):
            is_array = isinstance(owner[key], np.ndarray)
            if is_array and _is_plain(owner[key]) and not _is_lent(owner, key):
                owner[key] = SharedArray(owner[key])


def is_any_lent(tree):
    """Whether somebody else holds an array of a tree, or a view of it."""
    return any(_is_lent(container, key) for container, key in _places(tree))


def _places(container):
    """Yield (dict or list, key) of all arrays in a tree."""
    for key in list(container) if isinstance(container, dict) else range(len(container)):
        kind = type(container[key])
        if issubclass(kind, np.ndarray):
            yield container, key
        elif issubclass(kind, (dict, list)):
            yield from _places(container[key])


def _is_plain(array):
    """Whether an array is worth sharing, and its memory that of an array."""
    owner = array if array.base is None else array.base
    return (
        array.nbytes >= LEAST
        and type(array) is type(owner) is np.ndarray
        and owner.base is None
        and array.flags.c_contiguous
        and array.dtype.fields is None
        and not array.dtype.hasobject
    )


def _is_lent(container, key):
    counts = _counts(container, key)
    return any(count > free for count, free in zip(counts, _FREE, strict=True))


def _counts(container, key):
    """Return the references to an array and to the array that it is a view of, 0 without one.

    There are no local variables, to which a debugger may refer.
    """
    is_view = isinstance(container[key].base, np.ndarray)
    of_base = sys.getrefcount(container[key].base) if is_view else 0
    return sys.getrefcount(container[key]), of_base


# Counts where nobody holds an array or its base: they depend on the release of Python.
_FREE = _counts({"": np.empty((2, 2))[:1]}, "")

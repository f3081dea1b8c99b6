"""What all arrays have in common that are read when they are asked for."""

import math

import numpy as np


def native(array):
    """Return `array` in the byte order of the machine; itself if it is so already."""
    array = np.asanyarray(array)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


class LazyArray:
    """An array that was not read yet; a class of this kind gives `shape`, `dtype` and `read`."""

    __slots__ = ()

    @property
    def ndim(self):
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self):
        """Number of elements."""
        return math.prod(self.shape)

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __repr__(self):
        place = getattr(self, "place", "")
        return f"<{type(self).__name__} {place + ' ' if place else ''}{self.dtype} {self.shape}>"

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("an array that is not in memory cannot be given without copying")
        return np.asarray(self.read(dtype))

    def section(self, key, dtype=None):
        """Return ``read()[key]``; classes that can read less do."""
        return self.read(dtype)[key]

"""Compare arrays and tables by value, block by block, so that large ones need little memory."""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from .arrays import ArrayRef
from .asdf_blocks import Block
from .casting import is_lazy

BLOCK = 1 << 22  # elements compared at a time


@dataclass(slots=True)
class Tally:
    """How two arrays of the same shape differ.

    Attributes
    ----------
    size, differing : int
        Elements in all, and those that differ by more than the tolerance.
    largest : float or None
        Largest absolute difference of two finite numbers; None if there is none.
    where : tuple of int or None
        Index of it, else of the first that differs; numpy's order, from 0.
    values : tuple
        The two values there.
    one_nan : int
        Elements that are NaN in only one of the two.
    """

    size: int = 0
    differing: int = 0
    largest: float | None = None
    where: tuple | None = None
    values: tuple = ()
    one_nan: int = 0


def compare(a, b, rtol=0.0, atol=0.0):
    """Compare two arrays of the same shape; NaN equals NaN, infinity equals infinity.

    Parameters
    ----------
    a, b : ndarray or lazy array
        Numbers, booleans or texts; no tables.
    rtol, atol : float
        Numbers differ if ``|a - b| > atol + rtol * |b|``.

    Returns
    -------
    Tally
    """
    tally = Tally(size=math.prod(a.shape))
    a, b = map(_sliceable, (a, b))
    for key, offset in _blocks(a.shape):
        _compare_block(_part(a, key), _part(b, key), offset, (rtol, atol), tally)
    return tally


def _sliceable(array):
    """Return an array as it is if its parts can be read alone, else read."""
    return array if array.shape and _is_in_pieces(array) else np.asarray(whole(array))


def _is_in_pieces(array):
    """Whether a part of an array costs no more than its own bytes."""
    block = getattr(array, "block", None)
    plain = isinstance(block, Block) and not block.compression and not array.strides
    return isinstance(array, ArrayRef) or (plain and array.mask is None)


def _part(array, key):
    return array.section(key) if is_lazy(array) else np.asarray(array[key])


def _blocks(shape):
    """Yield keys of blocks along the outer axes, and the index where each begins."""
    axis = len(shape)
    inner = 1
    while axis and inner * shape[axis - 1] <= BLOCK:
        axis -= 1
        inner *= shape[axis]
    if axis == 0:
        yield (slice(None),) * len(shape), (0,) * len(shape)
        return
    rows = max(1, BLOCK // max(1, inner))
    tail = (0,) * (len(shape) - axis)
    for outer in np.ndindex(*shape[: axis - 1]):
        for start in range(0, shape[axis - 1], rows):
            yield (*outer, slice(start, start + rows)), (*outer, start, *tail)


def _compare_block(a, b, offset, tolerance, tally):
    if a.dtype == b.dtype and a.dtype.kind in "biuSU" and np.array_equal(a, b):
        return
    if {a.dtype.kind, b.dtype.kind} == {"S", "U"}:
        a, b = (np.char.decode(x, "latin-1") if x.dtype.kind == "S" else x for x in (a, b))
    if a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        _note(tally, np.asarray(a != b), None, (a, b), offset)
        return
    with np.errstate(all="ignore"):
        unequal = a != b
        if not unequal.any():
            return
        nan_a, nan_b = (x != x for x in (a, b))  # noqa: PLR0124 - also for integers
        unequal &= ~(nan_a & nan_b)
        gap = np.abs(_wide(a) - _wide(b))
        rtol, atol = tolerance
        if rtol or atol:
            unequal &= ~(np.isfinite(gap) & (gap <= atol + rtol * np.abs(_wide(b))))
        tally.one_nan += int(np.count_nonzero(nan_a != nan_b))
    _note(tally, unequal, gap, (a, b), offset)


def _wide(array):
    return array.astype("c16" if array.dtype.kind == "c" else "f8", copy=False)


def _note(tally, unequal, gap, pair, offset):
    """Add the elements of a block that differ to the tally."""
    count = int(np.count_nonzero(unequal))
    if not count:
        return
    tally.differing += count
    place = None
    if gap is not None:
        finite = unequal & np.isfinite(gap)
        if finite.any():
            place = np.unravel_index(np.argmax(np.where(finite, gap, -1)), gap.shape)
            if tally.largest is None or gap[place] > tally.largest:
                tally.largest = float(gap[place])
            else:
                place = None
    if place is None and tally.where is None:
        place = np.unravel_index(np.argmax(unequal), unequal.shape)
    if place is not None:
        first = len(offset) - unequal.ndim  # axes that the key took away
        here = [*offset[:first], *(o + p for o, p in zip(offset[first:], place, strict=True))]
        tally.where = tuple(map(int, here))
        tally.values = tuple(_plain(x[place]) for x in pair)


def _plain(value):
    """Return a numpy scalar as Python's; a float32 with its own digits: 0.1, not 0.10000000149."""
    short = value.dtype.kind == "f" and value.dtype.itemsize < 8
    return float(str(value)) if short else value.item()


def whole(table):
    """Return a table with its columns, read if it was not."""
    return table.read() if is_lazy(table) else table


def with_none(column):
    """Return a column with None in the place of undefined cells, if there are any."""
    return np.array(column.tolist(), object) if np.ma.is_masked(column) else column


def same_bytes(a, b):
    """Whether two HDUs that cannot be decoded hold the same bytes, as far as the files go."""
    if not (hasattr(a, "raw_blocks") and hasattr(b, "raw_blocks")):
        return False
    try:
        return all(x == y for x, y in itertools.zip_longest(a.raw_blocks(), b.raw_blocks()))
    except OSError:
        return False


def compare_objects(a, b):
    """Compare columns whose cells are arrays of their own length; a `Tally` of rows."""
    tally = Tally(size=len(a))
    for row, (x, y) in enumerate(zip(a, b, strict=True)):
        x, y = np.asarray(x), np.asarray(y)
        same_kind = x.dtype.kind == y.dtype.kind
        numeric = x.dtype.kind in "fc" and same_kind
        if x.shape != y.shape or not np.array_equal(x, y, equal_nan=numeric):
            tally.differing += 1
            tally.where = tally.where or (row,)
    return tally

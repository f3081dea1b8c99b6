"""Work in blocks of rows: what keeps temporaries in the cache, and threads busy.

Blocks are independent and the compiled kernels release the interpreter lock, so plain threads
scale; numba's own thread pools would cost compile time and do not survive a fork.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

BLOCK_BYTES = 1 << 19  # of one plane: about what the second-level cache holds

_limit = {"threads": None}


def limit_threads(count):
    """Let kernels use at most `count` threads; None: as many as the process may use."""
    _limit["threads"] = count


def thread_count():
    """Return the number of threads that a kernel may use."""
    if _limit["threads"]:
        return _limit["threads"]
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not every system has affinities
        return os.cpu_count() or 1


def row_blocks(ny, row_bytes, block_bytes=BLOCK_BYTES):
    """Cut `ny` rows of `row_bytes` into ranges of about `block_bytes`.

    >>> row_blocks(10, 1000, 4000)
    [(0, 4), (4, 8), (8, 10)]
    """
    step = max(1, block_bytes // max(1, row_bytes))
    return [(y, min(y + step, ny)) for y in range(0, ny, step)]


def for_blocks(function, blocks):
    """Call ``function(first, last)`` for each block, in threads; results in order of the blocks."""
    threads = min(thread_count(), len(blocks))
    if threads < 2:
        return [function(*block) for block in blocks]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda block: function(*block), blocks))


def rows_of(plane, first, last, dtype=np.float32):
    """Copy rows of a reference: writable and contiguous, the one type that kernels compile for."""
    return np.array(plane[first:last], dtype=dtype, order="C")


def as_kernel_array(array, dtype):
    """Return `array` itself where it is C-contiguous of `dtype`, else a copy that is."""
    if isinstance(array, np.ndarray) and array.dtype == dtype and array.flags.c_contiguous:
        return array
    return np.array(array, dtype=dtype, order="C")

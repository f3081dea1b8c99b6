"""Blocks of rows, threads, and arrays that kernels take."""

import numpy as np
import pytest

from jwstlike.steps import kernels
from jwstlike.steps.kernels import rows


def test_blocks_cover_all_rows_once():
    blocks = rows.row_blocks(2048, 8192)
    assert blocks[0] == (0, 64)
    assert [y for a, b in blocks for y in range(a, b)] == list(range(2048))


def test_a_row_larger_than_a_block_is_a_block():
    assert rows.row_blocks(3, 10**9) == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_blocks(threads):
    rows.limit_threads(threads)
    try:
        assert rows.thread_count() == threads
        assert rows.for_blocks(lambda a, b: (a, b), [(2, 3), (0, 1), (5, 9)]) == [
            (2, 3),
            (0, 1),
            (5, 9),
        ]
    finally:
        rows.limit_threads(None)


def test_errors_in_a_thread_reach_the_caller():
    def fail(first, last):
        raise ValueError(first)

    with pytest.raises(ValueError, match="0"):
        rows.for_blocks(fail, [(0, 1), (1, 2)])


def test_a_fitting_array_is_taken_as_it_is():
    array = np.zeros((3, 4), "f4")
    assert rows.as_kernel_array(array, np.float32) is array


@pytest.mark.parametrize(
    "array", [np.zeros((3, 4), ">f4"), np.zeros((3, 4)), np.zeros((4, 3), "f4").T, [[1.0]]]
)
def test_other_arrays_are_copied(array):
    made = rows.as_kernel_array(array, np.float32)
    assert made.dtype == np.dtype("f4")
    assert made.flags.c_contiguous
    assert not np.shares_memory(made, array)


def test_rows_of_a_reference_are_a_writable_copy():
    plane = np.arange(6, dtype="f8").reshape(3, 2)
    plane.flags.writeable = False
    made = rows.rows_of(plane, 1, 3)
    made[0] = 9
    assert plane[1].tolist() == [2, 3]
    assert made.dtype == np.float32


def test_kernel_modules_load_by_name():
    assert kernels.jump.flag_jumps.__module__ == "jwstlike.steps.kernels.jump"
    assert "ramp_fit" in dir(kernels)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = kernels.nothing

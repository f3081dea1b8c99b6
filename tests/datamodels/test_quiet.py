"""Warnings that are kept from the user."""

import threading
import warnings

import pytest

from jwstlike.datamodels.quiet import quiet


def test_warnings_of_the_category_do_not_pass_and_others_do():
    with quiet(UserWarning):
        warnings.warn("not told", UserWarning, stacklevel=1)
        with pytest.warns(RuntimeWarning, match="told"):
            warnings.warn("told", RuntimeWarning, stacklevel=1)
    with pytest.warns(UserWarning, match="told again"):
        warnings.warn("told again", UserWarning, stacklevel=1)


def test_blocks_of_threads_that_overlap_leave_the_filters_as_they_were():
    before = list(warnings.filters)
    entered, may_leave = threading.Event(), threading.Event()

    def first():
        with quiet():
            entered.set()
            may_leave.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait(10)
    with quiet():
        may_leave.set()
        thread.join()
        warnings.warn("not told", UserWarning, stacklevel=1)
    assert warnings.filters == before


def test_a_block_within_which_others_catch_warnings_leaves_the_filters_as_they_were():
    before = list(warnings.filters)
    block, others = quiet(), warnings.catch_warnings()
    block.__enter__()
    others.__enter__()
    block.__exit__(None, None, None)
    assert warnings.filters == before
    others.__exit__(None, None, None)
    assert warnings.filters == before

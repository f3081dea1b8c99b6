"""Steps of one line: mask, bias, reset anomaly, last group."""

import numpy as np
import pytest

from jwstlike.steps.kernels import dq_init, lastframe, reset, superbias

FLAGS = {"DO_NOT_USE": 1, "DEAD": 1024, "HOT": 2048, "REFERENCE_PIXEL": 1 << 31}


def test_the_mask_gives_the_flags_of_the_reference_implementation(dq_init_case):
    groupdq, pixeldq = (dq_init_case.before[k].copy() for k in ("groupdq", "pixeldq"))
    mask = dq_init_case.reference("mask", "DQ").astype("u4")
    rows = dq_init_case.definitions("mask")
    if rows:
        own, mask = mask, np.zeros_like(mask)
        for value, name in rows:
            mask |= np.where(own & value, FLAGS[name], 0).astype("u4")
    dq_init.flag_bad_pixels(groupdq, pixeldq, mask)
    np.testing.assert_array_equal(groupdq, dq_init_case.after["groupdq"])
    np.testing.assert_array_equal(pixeldq, dq_init_case.after["pixeldq"])


def test_a_usable_pixel_passes_its_flags_to_the_pixel_alone():
    groupdq, pixeldq = np.zeros((1, 2, 1, 2), "u1"), np.array([[4, 0]], "u4")
    dq_init.flag_bad_pixels(groupdq, pixeldq, np.array([[2048, 1025]], "u4"))
    assert pixeldq.tolist() == [[2052, 1025]]
    assert groupdq.tolist() == [[[[0, 1]], [[0, 1]]]]


def test_the_bias_is_subtracted_as_in_the_reference_implementation(superbias_case):
    data = superbias_case.before["data"].copy()
    superbias.subtract_bias(data, superbias_case.reference("superbias"))
    np.testing.assert_array_equal(data, superbias_case.after["data"])
    dq = superbias_case.before["pixeldq"] | superbias_case.reference("superbias", "DQ")
    np.testing.assert_array_equal(dq, superbias_case.after["pixeldq"])


def test_zeros_of_the_first_read_stay_zero():
    zeroframe = np.array([[[0, 5, 7]]], "f4")
    bias = np.array([[2, 2, np.nan]], "f4")
    superbias.subtract_bias(np.zeros((1, 1, 1, 3), "f4"), bias, zeroframe)
    assert zeroframe.tolist() == [[[0, 3, 7]]]


def test_the_reset_is_subtracted_as_in_the_reference_implementation(reset_case):
    data = reset_case.before["data"].copy()
    reset.subtract_reset(data, reset_case.reference("reset"), reset_case.header["INTSTART"])
    np.testing.assert_array_equal(data, reset_case.after["data"])
    dq = reset_case.before["pixeldq"] | reset_case.reference("reset", "DQ")
    np.testing.assert_array_equal(dq, reset_case.after["pixeldq"])


def test_later_segments_of_an_exposure_use_later_integrations_of_the_reset():
    data = np.zeros((2, 2, 1, 1), "f4")
    anomaly = np.array([1, 2, 3], "f4").reshape(3, 1, 1, 1)
    reset.subtract_reset(data, anomaly, first_integration=2)
    assert data.ravel().tolist() == [-2, 0, -3, 0]
    assert np.array_equal(anomaly.ravel(), [1, 2, 3])


def test_the_last_group_is_flagged_as_in_the_reference_implementation(lastframe_case):
    groupdq = lastframe_case.before["groupdq"].copy()
    assert lastframe.flag_last_group(groupdq)
    np.testing.assert_array_equal(groupdq, lastframe_case.after["groupdq"])


@pytest.mark.parametrize("ngroups", [1, 2])
def test_short_integrations_keep_their_last_group(ngroups):
    groupdq = np.zeros((1, ngroups, 2, 2), "u1")
    assert not lastframe.flag_last_group(groupdq)
    assert not groupdq.any()

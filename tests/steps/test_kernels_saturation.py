"""Saturation: the compiled kernel, its definition, and the reference implementation."""

import numpy as np
import pytest

from jwstlike.steps.kernels import saturation as sat

PARAMETERS = {"": {}, "grow0": {"grow": 0}, "grow2_noreadpatt": {"grow": 2, "use_readpatt": False}}


def given(case):
    before = case.before
    thr, refdq = sat.thresholds(case.reference("saturation"), case.reference("saturation", "DQ"))
    bias = case.reference("superbias")
    bias = np.zeros_like(thr) if bias is None else bias
    rules = sat.Rules(nframes=case.header["NFRAMES"], **PARAMETERS[case.variant])
    return before, thr, refdq, bias, rules


@pytest.mark.parametrize("function", [sat.flag_saturation, sat.flag_saturation_reference])
def test_flags_equal_those_of_the_reference_implementation(saturation_case, function):
    before, thr, refdq, bias, rules = given(saturation_case)
    groupdq = before["groupdq"].copy()
    function(before["data"], groupdq, thr, bias, rules)
    after = saturation_case.after
    np.testing.assert_array_equal(groupdq, after["groupdq"])
    if "pixeldq" in after:
        np.testing.assert_array_equal(before["pixeldq"] | refdq, after["pixeldq"])


@pytest.mark.parametrize("nframes", [1, 4])
@pytest.mark.parametrize("ngroups", [1, 2, 3, 6])
@pytest.mark.parametrize("grow", [0, 1, 3])
def test_the_kernel_equals_its_definition(rng, nframes, ngroups, grow):
    shape = (2, ngroups, 13, 11)
    data = np.sort(rng.uniform(-50, 1000, shape).astype("f4"), axis=1)
    data[rng.random(shape) < 0.02] = np.nan
    groupdq = rng.choice(np.array([0, 0, 0, 0, 1, 2, 4], "u1"), shape)
    threshold = rng.uniform(700, 1100, shape[2:]).astype("f4")
    threshold[rng.random(shape[2:]) < 0.1] = sat.NEVER
    bias = rng.normal(0, 10, shape[2:]).astype("f4")
    rules = sat.Rules(grow, nframes)
    expected = groupdq.copy()
    sat.flag_saturation_reference(data, expected, threshold, bias, rules)
    sat.flag_saturation(data, groupdq, threshold, bias, rules)
    np.testing.assert_array_equal(groupdq, expected)


def test_arrays_of_another_layout_are_flagged_in_place():
    data = np.asfortranarray(np.full((1, 2, 4, 5), 70000, "f4"))
    groupdq = np.asfortranarray(np.zeros(data.shape, "u1"))
    sat.flag_saturation(
        data, groupdq, np.full((4, 5), 6e4, "f4"), np.zeros((4, 5), "f4"), sat.Rules()
    )
    assert (groupdq == 2).all()


def test_an_unknown_threshold_is_marked_and_never_reached():
    thr, dq = sat.thresholds(np.array([[np.nan, 5, 6]], "f4"), np.array([[0, 0, 1 << 21]], "u4"))
    assert thr.tolist() == [[65536, 5, 65536]]
    assert dq.tolist() == [[1 << 21, 0, 1 << 21]]


def test_first_reads_that_are_saturated_or_not_positive_become_zero():
    zeroframe = np.full((1, 3, 6), 10, "f4")
    zeroframe[0, 1, 1] = 100
    zeroframe[0, 0, 5] = -1
    sat.clear_zeroframe(zeroframe, np.full((3, 6), 50, "f4"))
    expected = np.full((3, 6), 10, "f4")
    expected[:, :3] = 0
    expected[0, 5] = 0
    np.testing.assert_array_equal(zeroframe[0], expected)

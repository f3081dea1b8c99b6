"""Jump detection: the compiled kernel, its definition, and the reference implementation."""

import numpy as np
import pytest

from jwstlike.steps.kernels import jump
from jwstlike.steps.kernels.jump_reference import (
    CLIP_ALL,
    CLIP_INTEGRATIONS,
    ITERATIVE,
    SINGLE_PASS,
    Rules,
    find_by_clipping,
    flag_jumps_reference,
)

FUNCTIONS = [jump.flag_jumps, flag_jumps_reference]
LIMITS = (3, 10, 100)
# variant of the oracle -> (changes of the rules, limits of the choice of method)
VARIANTS = {
    "": ({}, LIMITS),
    "noneigh": ({"neighbours": None}, LIMITS),
    "thr": ({"thresholds": (6.0, 7.0, 8.0)}, LIMITS),
    "neigh3": ({"neighbours": (3.0, 50.0)}, LIMITS),
    "after": ({"after": ((100.0, 25), (1000.0, 45))}, LIMITS),
    "single": ({}, (3, 2, 100)),
    "iterative": ({}, (3, 1000, 100)),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_flags_equal_those_of_the_reference_implementation(jump_case, function):
    before, after, header = jump_case.before, jump_case.after, jump_case.header
    changes, limits = VARIANTS[jump_case.variant]
    method = jump.choose_method(before["groupdq"], limits)
    rules = Rules(nframes=header["NFRAMES"], method=method)._replace(**changes)
    tgroup = header["TGROUP"]  # the oracle's times are in seconds
    rules = rules._replace(after=tuple((dn, int(s // tgroup)) for dn, s in rules.after))
    gain, readnoise = jump_case.reference("gain"), jump_case.reference("readnoise")
    groupdq, pixeldq = before["groupdq"].copy(), before["pixeldq"].copy()
    jump.flag_bad_gain(pixeldq, gain)
    function(before["data"], groupdq, gain, readnoise, rules)
    np.testing.assert_array_equal(groupdq, after["groupdq"])
    np.testing.assert_array_equal(pixeldq, after["pixeldq"])


def exposure(rng, shape):
    """Make ramps with noise, jumps, flags and NaN, and references with bad values."""
    ny, nx = shape[2:]
    steps = rng.normal(20, 5, shape)
    steps += rng.choice([0, 0, 0, 0, 0, 0, 0, 30, 300, -200], shape)
    data = np.cumsum(np.abs(steps) * rng.choice([0, 1, 1, 1], (ny, nx)), axis=1).astype("f4")
    data = np.round(data)  # makes ties
    data[rng.random(shape) < 0.02] = np.nan
    groupdq = np.where(rng.random(shape) < 0.2, rng.choice([1, 2, 4, 5, 32, 128], shape), 0)
    groupdq[:, :, 0, 0] = 1
    groupdq[:, :, 1, 1] = 2
    gain = rng.choice(
        np.array([2, 2.5, 2, 0, -1, np.nan], "f4"), (ny, nx), p=[0.3, 0.3, 0.3, 0.04, 0.03, 0.03]
    )
    readnoise = rng.choice(np.array([5, 8, 0, np.nan], "f4"), (ny, nx), p=[0.45, 0.45, 0.05, 0.05])
    return data, groupdq.astype("u1"), gain, readnoise


@pytest.mark.parametrize("method", [ITERATIVE, SINGLE_PASS, CLIP_INTEGRATIONS, CLIP_ALL])
@pytest.mark.parametrize("shape", [(1, 2), (1, 3), (1, 4), (1, 10), (3, 2), (2, 5), (6, 14)])
def test_the_kernel_equals_its_definition(rng, method, shape):
    data, groupdq, gain, readnoise = exposure(rng, (*shape, 17, 23))
    rules = Rules(
        thresholds=(2.0, 2.5, 3.0),
        method=method,
        neighbours=(1.0, 40.0),
        after=((10.0, 1), (100.0, 3)),
        nframes=3,
    )
    expected = groupdq.copy()
    n = flag_jumps_reference(data, expected, gain, readnoise, rules)
    assert jump.flag_jumps(data, groupdq, gain, readnoise, rules) == n
    assert n > 0
    np.testing.assert_array_equal(groupdq, expected)


def one_pixel(*values):
    data = np.array(values, "f4").reshape(1, -1, 1, 1)
    return data, np.zeros(data.shape, "u1"), np.ones((1, 1), "f4"), np.ones((1, 1), "f4")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_group_after_the_jump_is_flagged(function):
    arrays = one_pixel(0, 1, 2, 52, 53, 54)
    assert function(*arrays, Rules()) == 1
    assert arrays[1].ravel().tolist() == [0, 0, 0, 4, 0, 0]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_two_groups_never_hold_a_jump(function):
    arrays = one_pixel(0, 1000)
    assert function(*arrays, Rules()) == 0
    assert not arrays[1].any()


def test_one_group_is_left_alone():
    assert jump.flag_jumps(*one_pixel(0), Rules()) == 0


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_flag_of_an_unusable_group_is_dropped_but_counted(function):
    data, groupdq, gain, readnoise = one_pixel(0, 1, 2, 3)
    groupdq[0, 2] = 5
    assert function(data, groupdq, gain, readnoise, Rules()) == 1
    assert groupdq.ravel().tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_jump_at_the_edge_flags_the_neighbours_that_exist(function):
    data = np.zeros((1, 5, 3, 3), "f4")
    data[0, 2:, 0, 1] = 60
    groupdq = np.zeros(data.shape, "u1")
    groupdq[0, 2, 0, 2] = 1
    function(data, groupdq, np.ones((3, 3), "f4"), np.ones((3, 3), "f4"), Rules())
    assert groupdq[0, 2].tolist() == [[4, 4, 1], [0, 4, 0], [0, 0, 0]]
    assert not groupdq[0, [0, 1, 3, 4]][:, 1].any()


def test_clipping_equals_that_of_astropy(rng):
    from astropy.stats import sigma_clip

    values = rng.normal(0, 1, (150, 3, 4, 5))
    values[rng.random(values.shape) < 0.05] *= 10
    expected = sigma_clip(values, sigma=3.5, axis=0).mask
    np.testing.assert_array_equal(find_by_clipping(values, 3.5, 0), expected)


@pytest.mark.parametrize(
    ("shape", "unusable", "only_use_ints", "expected"),
    [
        ((1, 10), 0, True, ITERATIVE),
        ((1, 11), 0, True, SINGLE_PASS),
        ((1, 11), 1, True, ITERATIVE),
        ((1, 3), 0, True, ITERATIVE),
        ((1, 3), 1, True, None),
        ((1, 1), 0, True, None),
        ((100, 2), 0, True, CLIP_INTEGRATIONS),
        ((99, 2), 0, True, None),
        ((50, 2), 0, False, CLIP_ALL),
    ],
)
def test_the_method_follows_from_the_number_of_groups(shape, unusable, only_use_ints, expected):
    groupdq = np.zeros((*shape, 2, 2), "u1")
    groupdq[0, :unusable] = 1
    groupdq[0, -1, 0, 0] = 1  # one bad pixel does not make a group unusable
    assert jump.choose_method(groupdq, LIMITS, only_use_ints) == expected


def test_bad_gains_are_flagged_in_the_pixels():
    pixeldq = np.array([[0, 4, 0, 0]], "u4")
    jump.flag_bad_gain(pixeldq, np.array([[1, 0, -1, np.nan]], "f4"))
    assert pixeldq.tolist() == [[0, 4 | 1 | 1 << 19, 1 | 1 << 19, 1 | 1 << 19]]

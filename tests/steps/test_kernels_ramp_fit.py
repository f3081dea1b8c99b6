"""Slopes of ramps: the compiled kernel, its definition, and the reference implementation."""

import numpy as np
import pytest

from jwstlike.steps.kernels import ramp_fit
from jwstlike.steps.kernels.ramp_fit_reference import Pixel, Timing, fit_ramps_reference

FUNCTIONS = [ramp_fit.fit_ramps, fit_ramps_reference]


def assert_product(product, expected):
    np.testing.assert_array_equal(product.dq, expected["dq"])
    for name in ("data", "var_poisson", "var_rnoise", "err"):
        made = getattr(product, name)
        assert made.dtype == np.float32
        np.testing.assert_allclose(made, expected[name], rtol=1e-5, atol=1e-6, err_msg=name)


def inputs(case, variant):
    before, header = case.before, case.header
    data, groupdq = before["data"], before["groupdq"].copy()
    ngroups = data.shape[1]
    if variant == "cut":  # firstgroup 1, lastgroup ngroups - 2
        groupdq[:, 0] |= 1
        groupdq[:, -1] |= 1
    nframes, suppress = header["NFRAMES"], variant != "nosuppress"
    gain = case.reference("gain")
    noise = ramp_fit.GroupNoise(case.reference("readnoise"), gain, nframes)[:]
    dark = before.get("average_dark_current", np.zeros_like(gain))
    first_time = (nframes + 1) * header["TFRAME"] / 2
    timing = Timing(header["TGROUP"], first_time, not suppress or ngroups == 1)
    exposure = (data, groupdq, before["pixeldq"])
    return exposure, Pixel(gain, noise, dark), timing, suppress, header["INSTRUME"] == "MIRI"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_products_equal_those_of_the_reference_implementation(ramp_fit_case, function):
    rate, rateints = function(*inputs(ramp_fit_case, ""))
    assert_product(rate, ramp_fit_case.after)
    ints = ramp_fit_case.file.with_name(ramp_fit_case.file.name.replace("_rate", "_rateints"))
    assert_product(rateints, ramp_fit_case.load(ints))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_variants_equal_those_of_the_reference_implementation(ramp_fit_variant, function):
    rate, rateints = function(*inputs(ramp_fit_variant, ramp_fit_variant.variant))
    assert_product(rate, ramp_fit_variant.after)
    ints = ramp_fit_variant.file.with_name(
        ramp_fit_variant.file.name.replace(".rate.", ".rateints.")
    )
    assert_product(rateints, ramp_fit_variant.load(ints))


def exposure(rng, shape):
    """Make ramps of all signals, with flags of every kind, NaN and bad references."""
    ny, nx = shape[2:]
    steps = rng.normal(20, 8, shape) * rng.choice([0, 0.1, 1, 20], (ny, nx))
    data = (np.cumsum(steps, axis=1) + rng.choice([0, 100, 5000], (ny, nx))).astype("f4")
    data[rng.random(shape) < 0.01] = np.nan
    kinds = np.array([1, 2, 4, 5, 32, 36, 8, 64, 65, 128, 129, 129, 129], "u1")
    often = rng.choice([0, 0, 0.1, 0.5, 0.9], (ny, nx))
    groupdq = np.where(rng.random(shape) < often, rng.choice(kinds, shape), 0).astype("u1")
    late = np.cumsum(rng.random(shape) < 0.03, axis=1) > 0
    groupdq |= np.where(late, 2, 0).astype("u1")
    pixeldq = rng.choice(np.array([0, 0, 0, 0, 0, 0, 1, 2, 4, 1024], "u4"), (ny, nx))
    gain = rng.choice(np.array([2, 2.5, 2, 1.5, 2.2, 2, 0, -1, np.nan], "f4"), (ny, nx))
    noise = rng.choice(np.array([5, 8, 9, 10, 6, 7, 0, np.nan], "f4"), (ny, nx))
    dark = rng.choice(np.array([0, 0, 0.05], "f4"), (ny, nx))
    return (data, groupdq, pixeldq), Pixel(gain, noise, dark)


@pytest.mark.parametrize(("suppress", "trim"), [(True, False), (False, False), (True, True)])
@pytest.mark.parametrize(
    "shape", [(1, 1), (2, 1), (1, 2), (2, 2), (3, 3), (2, 4), (1, 7), (3, 8), (1, 15)]
)
def test_the_kernel_equals_its_definition(rng, shape, suppress, trim):
    arrays, pixels = exposure(rng, (*shape, 21, 19))
    if trim and shape[1] > 3:
        arrays[1][:, [0, 1, -1]] |= 1
    timing = Timing(10.0, 7.0, not suppress or shape[1] == 1)
    copies = [a.copy() for a in arrays]
    rate, rateints = ramp_fit.fit_ramps(arrays, pixels, timing, suppress, trim)
    for a, b in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(a, b)
    expected = fit_ramps_reference(arrays, pixels, timing, suppress, trim)
    assert_product(rate, expected[0]._asdict())
    assert_product(rateints, expected[1]._asdict())


def straight(slope, ngroups, nints=1):
    """Return a noiseless exposure of one pixel, 10 s per group, gain 2."""
    data = slope * 10 * np.arange(ngroups, dtype="f4")
    data = np.tile(data, (nints, 1))[:, :, None, None].copy()
    dq = np.zeros((1, 1), "u4")
    pixels = Pixel(*(np.full((1, 1), v, "f4") for v in (2, 10, 0)))
    return (data, np.zeros(data.shape, "u1"), dq), pixels, Timing(10.0, 10.0, ngroups == 1)


@pytest.mark.parametrize("slope", [0.25, 3.0, 100.0])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_noiseless_ramp_gives_its_slope_and_the_textbook_variances(function, slope):
    rate, _ = function(*straight(slope, 5))
    assert rate.data[0, 0] == pytest.approx(slope)
    assert rate.var_rnoise[0, 0] == pytest.approx(12 * 10**2 / (10**2 * (125 - 5) * 2**2))
    assert rate.var_poisson[0, 0] == pytest.approx(slope / (10 * 2 * 4))
    assert rate.err[0, 0] == pytest.approx((rate.var_rnoise[0, 0] + rate.var_poisson[0, 0]) ** 0.5)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_jump_cuts_the_ramp_and_both_parts_are_used(function):
    arrays, pixels, timing = straight(2.0, 8)
    arrays[0][0, 4:] += 500
    arrays[1][0, 4] = 4
    rate, _ = function(arrays, pixels, timing)
    assert rate.data[0, 0] == pytest.approx(2.0)
    assert rate.dq[0, 0] == 4


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("flag", "dq"), [(1, 1), (2, 3)])
def test_a_ramp_without_a_usable_group_has_no_slope(function, flag, dq):
    arrays, pixels, timing = straight(2.0, 4)
    arrays[1][...] = flag
    rate, rateints = function(arrays, pixels, timing)
    assert np.isnan(rate.data[0, 0])
    assert (rate.dq[0, 0], rateints.dq[0, 0, 0]) == (dq, dq)
    assert rate.err[0, 0] == rate.var_poisson[0, 0] == rate.var_rnoise[0, 0] == 0


def test_a_lone_group_counts_from_the_reset():
    arrays, pixels, timing = straight(0.0, 1)
    arrays[0][...] = 50
    rate, _ = ramp_fit.fit_ramps(arrays, pixels, timing._replace(first_time=5.0))
    assert rate.data[0, 0] == pytest.approx(10.0)


def test_integrations_can_be_left_out():
    rate, rateints = ramp_fit.fit_ramps(*straight(2.0, 4, nints=2), want_ints=False)
    assert rateints is None
    assert rate.data[0, 0] == pytest.approx(2.0)


def test_unusable_groups_are_trimmed_from_both_ends_only():
    groupdq = np.zeros((2, 7, 1, 2), "u1")
    groupdq[:, [0, 3, 6]] = 1
    groupdq[0, 1] = 1
    assert ramp_fit.usable_span(groupdq) == (1, 6)


@pytest.mark.parametrize("n", range(1, 20))
def test_the_network_finds_the_median_of_any_order(rng, n):
    values = rng.integers(0, 5, (n, 500)).astype(float)
    expected = np.median(values, axis=0)
    for a, b in ramp_fit.median_network(n):
        values[a], values[b] = np.minimum(values[a], values[b]), np.maximum(values[a], values[b])
    np.testing.assert_array_equal((values[(n - 1) // 2] + values[n // 2]) / 2, expected)

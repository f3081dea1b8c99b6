"""Inter-pixel capacitance: the compiled kernel, its definition, the reference implementation."""

import numpy as np
import pytest

from jwstlike.steps.kernels import ipc


@pytest.mark.parametrize("function", [ipc.correct_ipc, ipc.correct_ipc_reference])
def test_values_equal_those_of_the_reference_implementation(ipc_case, function):
    data = ipc_case.before["data"].copy()
    header = ipc_case.header
    start = (header["SUBSTRT1"], header["SUBSTRT2"])
    area = ipc.science_area(data.shape[2:], start, header["INSTRUME"] == "MIRI")
    function(data, ipc_case.reference("ipc"), area)
    np.testing.assert_allclose(data, ipc_case.after["data"], rtol=1e-6, atol=5e-3)


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (1, 1), (3, 3, 9, 12)])
def test_the_kernel_equals_its_definition(rng, shape):
    data = rng.normal(1000, 100, (2, 2, 9, 12)).astype("f4")
    kernel = rng.normal(0, 0.1, shape).astype("f4")
    area = (slice(2, 9), slice(3, 12))
    expected = data.copy()
    ipc.correct_ipc_reference(expected, kernel, area)
    ipc.correct_ipc(data, kernel, area)
    np.testing.assert_array_equal(data, expected)


def test_a_lone_pixel_spreads_as_the_kernel_turned_about():
    data = np.zeros((1, 1, 5, 5), "f4")
    data[0, 0, 2, 2] = 1
    kernel = np.arange(9, dtype="f4").reshape(3, 3)
    ipc.correct_ipc(data, kernel, (slice(0, 5), slice(0, 5)))
    np.testing.assert_array_equal(data[0, 0, 1:4, 1:4], kernel)


@pytest.mark.parametrize(
    ("shape", "start", "is_miri", "expected"),
    [
        ((2048, 2048), (1, 1), False, ((4, 2044), (4, 2044))),
        ((48, 40), (17, 9), False, ((0, 48), (0, 40))),
        ((64, 64), (1985, 3), False, ((2, 64), (0, 60))),
        ((1024, 1032), (1, 1), True, ((0, 1024), (4, 1028))),
    ],
)
def test_reference_pixels_lie_on_the_edges_of_the_detector(shape, start, is_miri, expected):
    area = ipc.science_area(shape, start, is_miri)
    assert tuple((s.start, s.stop) for s in area) == expected

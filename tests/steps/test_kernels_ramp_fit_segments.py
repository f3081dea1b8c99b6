"""The optional product of the ramp fit; the numbers are the reference implementation's."""

import numpy as np
import pytest

from jwstlike import datamodels, steps
from jwstlike.steps.kernels.ramp_fit import Pixel, Timing
from jwstlike.steps.kernels.ramp_fit_segments import fit_segments, pedestals

RAMPS = {  # DN; read by the reference implementation as 2 frames and 1 skipped per group
    "jump": [118.43176, 136.6102, 158.77749, 182.16306, 698.96405, 716.8949, 734.78625, 748.88104],
    "jumps": [119.02374, 140.01544, 156.6263, 176.89006, 201.42041, 218.7036, 239.90707, 262.2031],
    "lone": [122.32142, 143.55293, 162.28735, 185.28645, 205.2596, 225.82973, 248.55493, 268.6924],
}
FLAGS = {
    "jump": [0, 0, 0, 0, 4, 0, 0, 0],
    "jumps": [0, 0, 0, 4, 0, 4, 0, 0],
    "lone": [0, 1, 1, 1, 1, 1, 1, 1],
}
EXPECTED = {
    "jump": {
        "slope": [0.66145, 0.51917, 0],
        "sigslope": [3.64307, 3.64307, 0],
        "yint": [117.31893, 632.69946, 0],
        "sigyint": [7.02296, 20.51674, 0],
        "weights": [324.22006, 324.22006, 0],
        "crmag": [516.801, 0],
    },
    "jumps": {
        "slope": [0.5837, 0.76157, 0.67524],
        "sigslope": [5.65685, 11.31371, 5.65685],
        "yint": [119.02374, 103.29901, 109.95478],
        "sigyint": [8.0, 11.31371, 34.4093],
        "weights": [129.68802, 32.422, 129.68802],
        "crmag": [20.26376, 17.28319],
    },
    "lone": {
        "slope": [7.59517, 0, 0],
        "sigslope": [0, 0, 0],
        "yint": [0, 0, 0],
        "sigyint": [0, 0, 0],
        "weights": [8.1055, 0, 0],
        "crmag": [0, 0],
    },
}
FRAME = 10.73677


def exposure():
    data = np.array(list(RAMPS.values()), "f4").T[None, :, None]
    groupdq = np.array(list(FLAGS.values()), "u1").T[None, :, None]
    return data.copy(), groupdq.copy(), np.zeros((1, 3), "u4")


@pytest.mark.parametrize("name", RAMPS)
def test_segments_equal_those_of_the_reference_implementation(name):
    pixels = Pixel(*(np.full((1, 3), v, "f4") for v in (2, 8, 0)))
    timing = Timing(3 * FRAME, 1.5 * FRAME, True)
    segments = fit_segments(exposure(), pixels, timing, suppress=False)
    x = list(RAMPS).index(name)
    for field, expected in EXPECTED[name].items():
        made = getattr(segments, field)[0, :, 0, x]
        np.testing.assert_allclose(made, expected, rtol=2e-4, err_msg=field)


def test_the_pedestal_is_the_first_group_taken_back_to_the_reset():
    made = pedestals(exposure()[0], np.array([[[0.59031, np.nan, 7.595172]]], "f4"), 1.5 / 3)
    np.testing.assert_allclose(made[0, 0], [118.1366, 0, 118.523834], rtol=1e-5)


def test_the_product_is_saved_when_asked_for(tmp_path):
    data, groupdq, pixeldq = exposure()
    ramp = datamodels.RampModel(data=data, groupdq=groupdq, pixeldq=pixeldq)
    ramp.meta.filename = "a_jump.fits"
    for name, value in (("nframes", 2), ("groupgap", 1), ("drop_frames1", 0)):
        setattr(ramp.meta.exposure, name, value)
    ramp.meta.exposure.frame_time, ramp.meta.exposure.group_time = FRAME, 3 * FRAME
    step = steps.RampFitStep(
        save_opt=True,
        suppress_one_group=False,
        output_dir=str(tmp_path),
        override_gain=datamodels.GainModel(data=np.full((1, 3), 2, "f4")),
        override_readnoise=datamodels.ReadnoiseModel(data=np.full((1, 3), 8, "f4")),
    )
    step.run(ramp, pars="off")
    with datamodels.open(tmp_path / "a_fitopt.fits") as saved:
        assert type(saved).__name__ == "RampFitOutputModel"
        np.testing.assert_allclose(saved.pedestal[0, 0], [118.1366, 118.70166, 118.523834], 1e-5)
        np.testing.assert_allclose(saved.crmag[0, :, 0, 1], [20.26376, 17.28319], 2e-4)

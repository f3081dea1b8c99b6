"""The steps on models, with references as files, against the reference implementation."""

import json
from pathlib import Path

import numpy as np
import pytest

from jwstlike import datamodels, steps
from jwstlike.errors import FileFormatError, InvalidValueError, ParameterError, StpipeException

PARAMETERS = {
    ("SaturationStep", "grow0"): {"n_pix_grow_sat": 0},
    ("SaturationStep", "grow2_noreadpatt"): {"n_pix_grow_sat": 2, "use_readpatt": False},
    ("JumpStep", "noneigh"): {"flag_4_neighbors": False},
    ("JumpStep", "thr"): {
        "rejection_threshold": 6.0,
        "three_group_rejection_threshold": 8.0,
        "four_group_rejection_threshold": 7.0,
    },
    ("JumpStep", "neigh3"): {"min_jump_to_flag_neighbors": 3.0, "max_jump_to_flag_neighbors": 50.0},
    ("JumpStep", "after"): {
        "after_jump_flag_dn1": 100.0,
        "after_jump_flag_time1": 25.0,
        "after_jump_flag_dn2": 1000.0,
        "after_jump_flag_time2": 45.0,
    },
    ("JumpStep", "single"): {"min_diffs_single_pass": 2},
    ("JumpStep", "iterative"): {"min_diffs_single_pass": 1000},
    ("RampFitStep", "nosuppress"): {"suppress_one_group": False},
}


def ramp_of(case):
    """Return the model that the step was given."""
    ramp = datamodels.RampModel(datamodels.open(case.folder / "inputs" / "uncal.fits"))
    for name, array in case.before.items():
        setattr(ramp, name, array)
    return ramp


def run(case, name):
    """Run a step on the model before it, references by override."""
    cls = getattr(steps, name)
    pars = dict(PARAMETERS.get((name, case.variant), {}))
    ramp = ramp_of(case)
    if case.variant == "cut":
        pars.update(firstgroup=1, lastgroup=ramp.shape[1] - 2)
    for kind in cls.reference_file_types:
        path = case.folder / "inputs" / f"{kind}.fits"
        pars[f"override_{kind}"] = str(path) if path.exists() else "N/A"
    return cls(**pars).run(ramp, pars="off")


def assert_planes(model, expected):
    for name, array in expected.items():
        made = getattr(model, name)
        if array.dtype.kind == "u":
            np.testing.assert_array_equal(made, array, err_msg=name)
        else:
            np.testing.assert_allclose(made, array, rtol=1e-5, atol=1e-6, err_msg=name)


def expected_meta(case):
    """Return the metadata that the reference implementation changed, as far as known."""
    path = case.folder / "steps.json"
    if not path.exists():
        return {}
    entries = [e for e in json.loads(path.read_text()) if e["file"] == case.file.name]
    return entries[0]["meta"] if entries else {}


def check(case, name, alias):
    result = run(case, name)
    assert result.get(f"meta.cal_step.{alias}") == "COMPLETE"
    assert_planes(result, case.after)
    for path, value in expected_meta(case).items():
        assert result.get(path) == pytest.approx(value), path


def test_dq_init(dq_init_case):
    check(dq_init_case, "DQInitStep", "dq_init")


def test_saturation(saturation_case):
    check(saturation_case, "SaturationStep", "saturation")


def test_ipc(ipc_case):
    check(ipc_case, "IPCStep", "ipc")


def test_superbias(superbias_case):
    check(superbias_case, "SuperBiasStep", "superbias")


def test_reset(reset_case):
    check(reset_case, "ResetStep", "reset")


def test_lastframe(lastframe_case):
    check(lastframe_case, "LastFrameStep", "lastframe")


def test_jump(jump_case):
    check(jump_case, "JumpStep", "jump")


def check_fit(case, pair):
    rate, rateints = run(case, "RampFitStep")
    assert type(rate).__name__ == "ImageModel"
    assert type(rateints).__name__ == "CubeModel"
    assert_planes(rate, case.after)
    ints = case.file.with_name(case.file.name.replace(*pair))
    assert_planes(rateints, case.load(ints))
    for path, value in expected_meta(case).items():
        assert rate.get(path) == value, path
    for model in (rate, rateints):
        assert model.get("meta.cal_step.ramp_fit") == "COMPLETE"
        assert model.get("meta.exposure.ngroups") == case.header["NGROUPS"]
        assert model.get("meta.bunit_data") == model.get("meta.bunit_err") == "DN/s"


def test_ramp_fit(ramp_fit_case):
    check_fit(ramp_fit_case, ("_rate", "_rateints"))


def test_ramp_fit_with_other_parameters(ramp_fit_variant):
    check_fit(ramp_fit_variant, (".rate.", ".rateints."))


# ---------------------------------------------------------------- steps that decline or refuse


def small_ramp(ngroups=4, nints=1, instrument="NIRCAM"):
    ramp = datamodels.RampModel((nints, ngroups, 8, 8))
    ramp.meta.instrument.name = instrument
    ramp.meta.filename = "small_uncal.fits"
    ramp.meta.exposure.nframes = 1
    ramp.meta.exposure.group_time = ramp.meta.exposure.frame_time = 10.0
    for name, value in (("xstart", 1), ("ystart", 1), ("xsize", 8), ("ysize", 8)):
        setattr(ramp.meta.subarray, name, value)
    return ramp


def reference(cls, value=2.0, size=8, start=1, **more):
    model = getattr(datamodels, cls)(data=np.full((size, size), value, "f4"), **more)
    model.meta.filename = f"{cls.lower()}.fits"
    model.meta.subarray.xstart = model.meta.subarray.ystart = start
    return model


GAIN = {"override_gain": "GainModel", "override_readnoise": "ReadnoiseModel"}


def gain_and_noise(**kw):
    return {name: reference(cls, **kw) for name, cls in GAIN.items()}


@pytest.mark.parametrize("name", ["ResetStep", "LastFrameStep"])
def test_steps_of_miri_skip_other_instruments(name):
    cls = getattr(steps, name)
    pars = {f"override_{kind}": "N/A" for kind in cls.reference_file_types}
    ramp = cls(**pars).run(small_ramp(), pars="off")
    assert ramp.get(f"meta.cal_step.{cls.class_alias}") == "SKIPPED"


def test_jump_skips_two_groups():
    ramp = steps.JumpStep(**gain_and_noise()).run(small_ramp(2), pars="off")
    assert ramp.get("meta.cal_step.jump") == "SKIPPED"


def test_jump_leaves_groups_alone_when_too_few_are_usable():
    ramp = small_ramp(4)
    ramp.groupdq[:, :2] = 5
    ramp = steps.JumpStep(**gain_and_noise(value=-1.0)).run(ramp, pars="off")
    assert ramp.get("meta.cal_step.jump") == "COMPLETE"
    assert ramp.groupdq[0, :, 3, 3].tolist() == [1, 1, 0, 0]
    assert (ramp.pixeldq == (1 | 1 << 19)).all()


@pytest.mark.parametrize("name", ["find_showers", "expand_large_events"])
def test_jump_says_what_it_cannot_do_yet(name):
    step = steps.JumpStep(**{name: True}, **gain_and_noise())
    with pytest.raises(ParameterError, match=f"{name}.*not available yet"):
        step.run(small_ramp(), pars="off")


def test_ramp_fit_says_what_it_cannot_do_yet():
    step = steps.RampFitStep(algorithm="LIKELY", **gain_and_noise())
    with pytest.raises(ParameterError, match="LIKELY is not available yet; use OLS_C"):
        step.run(small_ramp(), pars="off")


@pytest.mark.parametrize(
    "groups", [{"firstgroup": 4}, {"lastgroup": -1}, {"firstgroup": 3, "lastgroup": 2}]
)
def test_ramp_fit_refuses_groups_that_are_not_there(groups):
    step = steps.RampFitStep(**groups, **gain_and_noise())
    with pytest.raises(ParameterError, match="between 0 and 3"):
        step.run(small_ramp(), pars="off")


def test_ramp_fit_skips_an_exposure_that_is_saturated_everywhere():
    ramp = small_ramp()
    ramp.groupdq[...] = 2
    result = steps.RampFitStep(**gain_and_noise()).run(ramp, pars="off")
    assert result.get("meta.cal_step.ramp_fit") == "SKIPPED"


def test_a_missing_time_is_named():
    ramp = small_ramp()
    ramp.meta.exposure.group_time = None
    with pytest.raises(InvalidValueError, match=r"small_uncal.fits \(meta.exposure.group_time\)"):
        steps.RampFitStep(**gain_and_noise()).run(ramp, pars="off")


@pytest.mark.parametrize(("size", "start"), [(7, 1), (8, 2), (16, 10)])
def test_a_reference_that_does_not_cover_the_exposure_is_refused(size, start):
    with pytest.raises(FileFormatError) as caught:
        steps.JumpStep(**gain_and_noise(size=size, start=start)).run(small_ramp(), pars="off")
    text = str(caught.value)
    assert "gainmodel.fits" in text
    assert f"{size} x {size} pixels from ({start}, {start})" in text
    assert "small_uncal.fits, 8 x 8 pixels from (1, 1)" in text


def test_a_larger_reference_is_cut_to_the_exposure():
    ramp = small_ramp()
    ramp.meta.subarray.xstart, ramp.meta.subarray.ystart = 3, 2
    plane = np.arange(144, dtype="f4").reshape(12, 12)
    bias = datamodels.SuperBiasModel(data=plane)
    ramp = steps.SuperBiasStep(override_superbias=bias).run(ramp, pars="off")
    np.testing.assert_array_equal(ramp.data[0, 0], -plane[1:9, 2:10])
    np.testing.assert_array_equal(bias.data, plane)


def test_flags_of_the_user_are_added_to_the_mask(tmp_path):
    user = datamodels.ImageModel(dq=np.full((8, 8), 2048, "u4"), data=np.zeros((8, 8), "f4"))
    path = user.save(str(tmp_path / "mine.fits"))
    mask = datamodels.MaskModel(dq=np.eye(8, dtype="u4"))
    step = steps.DQInitStep(override_mask=mask, user_supplied_dq=str(path))
    ramp = step.run(small_ramp(), pars="off")
    np.testing.assert_array_equal(ramp.pixeldq, np.eye(8) + 2048)
    np.testing.assert_array_equal(ramp.groupdq[0, 3], np.eye(8))


def test_the_input_model_is_never_changed():
    ramp = small_ramp()
    steps.SuperBiasStep(override_superbias=reference("SuperBiasModel")).run(ramp, pars="off")
    assert not ramp.data.any()


def test_irs2_readout_is_not_supported_yet():
    ramp = small_ramp()
    ramp.meta.exposure.readpatt = "NRSIRS2"
    step = steps.IPCStep(override_ipc=datamodels.IPCModel(data=np.ones((3, 3), "f4")))
    assert step.run(ramp, pars="off").get("meta.cal_step.ipc") == "SKIPPED"


def test_a_rate_image_is_no_ramp():
    with pytest.raises(StpipeException):
        steps.JumpStep(**gain_and_noise()).run(datamodels.ImageModel((8, 8)), pars="off")


# ---------------------------------------------------------------- names


def test_every_alias_names_a_class_that_is_there():
    rows = steps.get_steps()
    assert {alias for _, alias, _ in rows} >= {"dq_init", "jump", "ramp_fit", "sloper"}
    for class_name, alias, is_pipeline in rows:
        cls = getattr(steps, class_name.rpartition(".")[2])
        assert cls.class_alias == alias
        assert (cls.step_defs is not None) == is_pipeline


def facts():
    path = Path(__file__).parents[2].parent / "shared" / "facts" / "calibration_steps.json"
    return json.loads(path.read_text())["steps"] if path.exists() else None


def test_parameters_are_those_of_the_reference_implementation():
    known = facts()
    if known is None:
        pytest.skip("the list of parameters is not beside the repository")
    for _, alias, is_pipeline in steps.get_steps():
        if is_pipeline:
            continue
        expected = known[alias]
        cls = getattr(steps, expected["class"])
        assert set(cls.reference_file_types) == set(expected["reference_types"])
        spec = cls.load_spec_file()
        for name, check in expected["parameters"].items():
            mine = spec[name].partition("#")[0]
            assert mine.replace(" ", "") == check.replace(" ", ""), (alias, name)


def test_ramp_fit_skips_a_miri_exposure_without_a_usable_group():
    ramp = small_ramp(instrument="MIRI")
    ramp.groupdq[...] = 1
    result = steps.RampFitStep(**gain_and_noise()).run(ramp, pars="off")
    assert result.get("meta.cal_step.ramp_fit") == "SKIPPED"

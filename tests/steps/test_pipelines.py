"""The sloper: from a raw file to slopes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from jwstlike import datamodels, steps
from jwstlike.errors import ParameterError
from jwstlike.stpipe import cmdline

ORACLE = Path(__file__).parents[1] / "data" / "oracle"
TYPES = {
    "dq": ("mask",),
    "saturation": ("saturation", "superbias"),
    "ipc": ("ipc",),
    "bias": ("superbias",),
    "reset": ("reset",),
    "jump": ("gain", "readnoise"),
    "ramp_fit": ("gain", "readnoise"),
}


def overrides(tag):
    """Return parameters of the steps that name the files of an oracle exposure."""
    out = {}
    for step, kinds in TYPES.items():
        paths = {kind: ORACLE / tag / "inputs" / f"{kind}.fits" for kind in kinds}
        out[step] = {
            f"override_{kind}": str(path) if path.exists() else "N/A"
            for kind, path in paths.items()
        }
    return out


def run(tag, folder, more=None, **pars):
    pars.setdefault("output_dir", str(folder))
    parameters = overrides(tag)
    for name, values in (more or {}).items():
        parameters.setdefault(name, {}).update(values)
    path = ORACLE / tag / "inputs" / "uncal.fits"
    return steps.SloperPipeline.call(str(path), steps=parameters, **pars)


def names(folder):
    return {p.name for p in folder.glob("*.fits")}


def step_by_step(tag, sequence):
    """Run the steps one after another and return the last result."""
    parameters = overrides(tag)
    model = datamodels.RampModel(datamodels.open(ORACLE / tag / "inputs" / "uncal.fits"))
    for name in sequence:
        model = steps.SloperPipeline.step_defs[name](**parameters.get(name, {})).run(
            model, pars="off"
        )
    return model


def assert_same(model, expected):
    for name in ("data", "dq", "err", "var_poisson", "var_rnoise"):
        np.testing.assert_array_equal(getattr(model, name), getattr(expected, name))


@pytest.mark.parametrize(
    ("tag", "sequence"),
    [
        ("r48cut", ["dq", "ipc", "bias", "jump", "ramp_fit"]),
        ("m18", ["dq", "ipc", "reset", "frame", "jump", "ramp_fit"]),
    ],
)
def test_the_steps_run_in_the_order_of_the_instrument(tmp_path, tag, sequence):
    rate = run(tag, tmp_path)
    assert type(rate).__name__ == "ImageModel"
    assert_same(rate, step_by_step(tag, sequence)[0])
    done = [a for a in ("superbias", "reset", "lastframe") if rate.get(f"meta.cal_step.{a}")]
    assert done == (["superbias"] if tag == "r48cut" else ["reset", "lastframe"])
    assert rate.get("meta.cal_step.saturation") == "SKIPPED"
    assert names(tmp_path) == set()


def test_saturation_can_be_switched_on(tmp_path):
    rate = run("r48cut", tmp_path, {"saturation": {"skip": False}})
    assert rate.get("meta.cal_step.saturation") == "COMPLETE"
    assert_same(
        rate, step_by_step("r48cut", ["dq", "saturation", "ipc", "bias", "jump", "ramp_fit"])[0]
    )


@pytest.mark.parametrize(
    ("old", "new", "alias"),
    [("dq_init", "dq", "dq_init"), ("superbias", "bias", "superbias")],
)
def test_the_names_of_detector1_are_understood(tmp_path, old, new, alias):
    rate = run("r48cut", tmp_path, {old: {"skip": True}})
    assert rate.get(f"meta.cal_step.{alias}") == "SKIPPED"
    with pytest.raises(ParameterError, match="did you mean"):
        run("r48cut", tmp_path, {f"{new}x": {"skip": True}})


def test_the_main_product_has_the_very_name_asked_for(tmp_path):
    run("r48cut", tmp_path, output_file="myimage.fits")
    assert names(tmp_path) == {"myimage.fits"}


def test_ramps_are_saved_when_asked_for(tmp_path):
    run("r48cut", tmp_path, output_file="a.fits", save_cal=True, save_calibrated_ramp=True)
    assert names(tmp_path) == {"a.fits", "a_cal.fits", "a_ramp.fits"}
    with fits.open(tmp_path / "a_ramp.fits") as hdus:
        assert hdus["SCI"].data.shape == (1, 6, 48, 40)
        assert hdus[0].header["S_JUMP"] == "COMPLETE"
        assert "S_RAMP" not in hdus[0].header


def test_without_output_file_the_class_names_the_product(tmp_path):
    run("r48cut", tmp_path, save_results=True)
    assert names(tmp_path) == {"uncal_sloperpipeline.fits"}


def test_several_integrations_give_a_second_product(tmp_path):
    run("m18", tmp_path, output_file="b.fits")
    assert names(tmp_path) == {"b.fits", "b_rateints.fits"}
    expected = step_by_step("m18", ["dq", "ipc", "reset", "frame", "jump", "ramp_fit"])[1]
    with datamodels.open(tmp_path / "b_rateints.fits") as saved:
        assert type(saved).__name__ == "CubeModel"
        assert_same(saved, expected)


def test_the_pipeline_takes_a_model_and_leaves_it_as_it_was(tmp_path):
    path = ORACLE / "r48cut" / "inputs" / "uncal.fits"
    with datamodels.open(path) as model:
        before = model.data.copy()
        steps.SloperPipeline(steps=overrides("r48cut")).run(model, pars="off")
        np.testing.assert_array_equal(model.data, before)


def test_a_skipped_fit_gives_the_ramp(tmp_path):
    result = run("r48cut", tmp_path, {"ramp_fit": {"skip": True}})
    assert type(result).__name__ == "RampModel"
    assert result.get("meta.cal_step.ramp_fit") == "SKIPPED"


def test_a_default_of_the_pipeline_counts_as_a_default():
    sloper = steps.SloperPipeline()
    assert sloper.saturation.skip is True
    assert sloper.saturation.parameter_source("skip") == "spec"
    assert steps.SaturationStep().skip is False
    assert steps.SloperPipeline(steps={"saturation": {"skip": False}}).saturation.skip is False


def test_help_shows_the_default_of_the_pipeline(capsys):
    assert cmdline.main(["sloper", "--help"]) == 0
    text = capsys.readouterr().out
    line = text.partition("--steps.saturation.skip")[2].partition("--steps")[0]
    assert "[default=True]" in line


def test_importing_the_pipelines_loads_neither_numpy_nor_numba():
    code = (
        "import sys, jwstlike.steps.pipelines; "
        "print([m for m in ('numpy', 'numba', 'astropy', 'asdf') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

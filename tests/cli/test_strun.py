"""``strun`` as a process, on real data models and a user's own step beside its parameter file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from jwstlike import datamodels
from jwstlike.steps.aliases import ALIASES
from jwstlike.stpipe import Step, cmdline
from jwstlike.stpipe.parameters import param_table
from jwstlike.stpipe.utilities import find_step_class

STEP = '''
from jwstlike.stpipe import Pipeline, Step


class ScaleStep(Step):
    """Multiply the data by a factor."""

    class_alias = "gain_scale"
    input_types = ("RampModel",)
    spec = """
        factor = float(min=0.0, default=2.0)   # What to multiply by
    """

    def process(self, ramp):
        ramp.data *= self.factor
        return ramp


class FlagStep(Step):
    """Needs a reference."""

    class_alias = "dq_init"
    input_types = ("RampModel",)
    reference_file_types = ("mask",)

    def process(self, ramp):
        ramp.pixeldq |= self.open_reference(ramp, "mask").dq
        return ramp


class MyPipeline(Pipeline):
    """Scale and flag."""

    input_types = ("RampModel",)
    step_defs = {"scale": ScaleStep, "flag": FlagStep}

    def process(self, ramp):
        return self.flag(self.scale(ramp))


class LightStep(Step):
    """Tell which heavy packages are loaded once all is done."""

    input_types = ("RampModel",)

    def process(self, ramp):
        import atexit, sys

        heavy = ("astropy", "asdf", "crds", "numba", "rich", "scipy", "matplotlib")
        atexit.register(lambda: print("HEAVY", [m for m in heavy if m in sys.modules]))
        return ramp
'''


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a user's module, its parameter file and a tiny exposure."""
    (tmp_path / "mystep.py").write_text(STEP)
    (tmp_path / "mystep.cfg").write_text('class = "mystep.ScaleStep"\nfactor = 3\n')
    ramp = datamodels.RampModel(np.ones((1, 3, 4, 4), "float32"))
    ramp.meta.instrument.name = "NIRCAM"
    ramp.save(tmp_path / "x_uncal.fits")
    image = datamodels.ImageModel(np.ones((4, 4), "float32"))
    image.save(tmp_path / "x_rate.fits")
    mask = datamodels.MaskModel()
    mask.dq = np.eye(4, dtype="uint32")
    mask.save(tmp_path / "mask.fits")
    return tmp_path


@pytest.fixture
def strun(folder):
    """Return a function that runs ``strun`` in the folder."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CRDS")}
    environment["CRDS_PATH"] = str(folder / "no_crds")

    def run(*argv):
        command = [sys.executable, "-W", "error", "-m", "jwstlike.cli.strun", *argv]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    return run


def files(folder):
    return {path.name for path in Path(folder).iterdir() if path.name != "__pycache__"}


def test_a_users_own_step_runs_from_its_parameter_file(folder, strun):
    done = strun("mystep.cfg", "x_uncal.fits", "--disable-crds-steppars")
    assert done.returncode == 0, done.stderr
    assert "Step mystep done" in done.stderr
    assert done.stdout == ""
    with fits.open(folder / "x_mystep.fits") as product:
        np.testing.assert_array_equal(product["SCI"].data, np.full((1, 3, 4, 4), 3.0))
        assert product[0].header["S_GANSCL"] == "COMPLETE"
        assert product[0].header["FILENAME"] == "x_mystep.fits"
    record = json.loads((folder / "x_mystep.run.json").read_text())
    assert record["status"] == "COMPLETE"
    assert record["packages"]["jwstlike"]


def test_a_pipeline_with_its_reference_overridden_needs_no_reference_system(folder, strun):
    done = strun(
        "mystep.MyPipeline",
        "x_uncal.fits",
        "--steps.flag.override_mask=mask.fits",
        "--steps.scale.factor=5",
        "--output_file=out/my.fits",
        "--log-stream=null",
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    assert files(folder / "out") == {"my_mypipeline.fits", "my_mypipeline.run.json"}
    with fits.open(folder / "out/my_mypipeline.fits") as product:
        assert product["SCI"].data.max() == 5.0
        np.testing.assert_array_equal(product["PIXELDQ"].data, np.eye(4))
        assert product[0].header["R_MASK"] == str(folder / "mask.fits")
        assert product[0].header["S_DQINIT"] == "COMPLETE"
        history = "".join(product[0].header["HISTORY"])
        assert "MyPipeline, COMPLETE: scale, flag" in history


def test_a_run_without_references_loads_nothing_heavy(strun):
    done = strun("mystep.LightStep", "x_uncal.fits", "--disable-crds-steppars")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "HEAVY []\n"


def test_help_loads_no_numpy(folder, strun):
    (folder / "sitecustomize.py").write_text("")
    code = (
        "import sys; from jwstlike.cli.strun import main; code = main(['mystep.MyPipeline',"
        "'--help']); print('NUMPY', 'numpy' in sys.modules, code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    assert "--steps.scale.factor float" in done.stdout
    assert done.stdout.endswith("NUMPY False 0\n")


def spoil(folder):
    whole = (folder / "x_uncal.fits").read_bytes()
    with fits.open(folder / "x_uncal.fits") as hdus:
        end = hdus["SCI"].fileinfo()["datLoc"] + 100
    (folder / "truncated.fits").write_bytes(whole[:end])
    (folder / "empty.fits").touch()
    (folder / "text.fits").write_text("once upon a time\n")
    (folder / "bad.cfg").write_text('class = "mystep.ScaleStep"\n[steps\n')


REFUSED = {
    "missing file": (["missing.fits"], 3, "missing.fits: no such file"),
    "empty file": (["empty.fits"], 3, "empty.fits: the file is empty"),
    "text named fits": (["text.fits"], 3, "text.fits: is neither FITS nor ASDF"),
    "truncated": (["truncated.fits"], 3, "truncated.fits[SCI,1]: the data are cut"),
    "wrong model": (["x_rate.fits"], 3, "x_rate.fits is ImageModel (2-D data)"),
    "no place to write": (
        ["x_uncal.fits", "--output_dir=mystep.py/o"],
        3,
        "mystep.py is a file; give another output_dir",
    ),
    "kind of file that cannot be written": (
        ["x_uncal.fits", "--output_ext=.png"],
        3,
        "x_mypipeline.png: a model is saved as .fits or .asdf",
    ),
    "misspelt": (
        ["x_uncal.fits", "--steps.scale.facto=5"],
        2,
        "Extra value 'facto' in steps/scale; did you mean 'factor' (float >= 0.0, default 2.0)?",
    ),
    "wrong type": (
        ["x_uncal.fits", "--steps.scale.factor=big"],
        2,
        "Config parameter 'steps/scale/factor': the value \"big\" is of the wrong type",
    ),
    "no reference system": (["x_uncal.fits"], 3, "export CRDS_PATH="),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_bad_input_gets_one_block_and_nothing_is_written(case, folder, strun):
    spoil(folder)
    before = files(folder)
    arguments, code, text = REFUSED[case]
    done = strun("mystep.MyPipeline", *arguments, "--log-stream=null")
    assert text in done.stderr
    assert done.stderr.startswith("ERROR RUNNING STEP 'MyPipeline':")
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert files(folder) == before


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("bad.cfg", "bad.cfg, line 2: '[steps'"),
        ("mystep.NoStep", "module 'mystep' has no class 'NoStep'"),
        ("no_module.Step", "No module named 'no_module'"),
        ("gone.cfg", "Config file gone.cfg not found."),
    ],
)
def test_a_target_that_cannot_be_had_ends_with_2(target, text, folder, strun):
    spoil(folder)
    before = files(folder)
    done = strun(target, "x_uncal.fits")
    assert (done.returncode, text in done.stderr) == (2, True), done.stderr
    assert done.stderr.count("ERROR RUNNING STEP") == 1
    assert "Traceback" not in done.stderr
    assert files(folder) == before


@pytest.mark.parametrize("name", ["sloper", "jump", "jwst_pipeline.SloperPipeline"])
def test_our_steps_show_their_parameters_by_alias(name, capsys):
    assert cmdline.main([name, "--help"]) == 0
    assert "rejection_threshold float" in capsys.readouterr().out


def test_a_misspelt_parameter_of_the_sloper_names_the_right_one(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    before = files(folder)
    argv = ["sloper", "x_uncal.fits", "--steps.jump.rejection_treshold=5", "--steps.dq.skip=true"]
    assert cmdline.main(argv) == 2
    err = capsys.readouterr().err
    assert "Extra value 'rejection_treshold' in steps/jump; did you mean " in err
    assert "'rejection_threshold' (float" in err
    assert files(folder) == before


@pytest.mark.parametrize("name", sorted(ALIASES))
def test_every_step_can_be_made_and_has_readable_parameters(name):
    step = find_step_class(name, Step)()
    assert step.get_pars()["skip"] is False
    for param in param_table(type(step)).values():
        assert param.help, f"{name}: {param.name} has no comment in the spec"

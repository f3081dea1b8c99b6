"""The command line in process: parsing, exit codes, one block of error, help."""

import json
import re
from pathlib import Path

import fakesteps
import pytest

from jwstlike.stpipe import Step, cmdline, entry_points

pytestmark = pytest.mark.usefixtures("own_folder")

QUIET = "--log-stream=null"


@pytest.fixture
def strun(capsys):
    """Return a function that runs a command line and gives exit code and stderr."""

    def run(*argv):
        code = cmdline.main([*map(str, argv), QUIET])
        return code, capsys.readouterr().err

    return run


def files():
    return {path.name for path in Path().iterdir()}


def test_a_class_runs_and_its_result_is_saved(strun, make_input):
    assert strun("fakesteps.AddStep", make_input(), "--value=4") == (0, "")
    assert files() == {"x_uncal.json", "x_addstep.fits", "x_addstep.run.json"}
    assert json.loads(Path("x_addstep.fits").read_text())["data"] == [5, 6, 7]


def test_options_may_stand_before_and_after_the_input(strun, make_input):
    path = make_input()
    assert strun("--value=4", "fakesteps.AddStep", "--suffix", "q", path)[0] == 0
    assert json.loads(Path("x_q.fits").read_text())["data"] == [5, 6, 7]


def test_parameters_of_sub_steps(strun, make_input):
    line = ("fakesteps.Pipe", make_input(), "--steps.add.value=9", "--steps.fit.skip=true")
    assert strun(*line)[0] == 0
    assert json.loads(Path("x_pipe.fits").read_text())["data"] == [10, 11, 12]


def test_a_step_has_other_names_and_other_defaults_in_a_pipeline(strun, make_input):
    line = ("fakesteps.NamedPipe", make_input(), "--steps.plus.value", "9")
    assert strun(*line)[0] == 0
    assert json.loads(Path("x_namedpipe.fits").read_text())["data"] == [10, 11, 12]
    record = json.loads(Path("x_namedpipe.run.json").read_text())
    assert record["steps"][1]["reason"] == "skip is set (spec default of NamedPipe)"


def test_the_parameter_file_of_the_paper(strun, make_input):
    Path("sloper.cfg").write_text(
        'name = "SloperPipeline"\nclass = "fakesteps.Pipe"\n'
        'output_file = "myimage.fits"\nsave_ramp = True\n'
        "[steps]\n[[add]]\nskip = true\n"
    )
    assert strun("sloper.cfg", make_input())[0] == 0
    assert files() == {
        "sloper.cfg",
        "x_uncal.json",
        "myimage.fits",
        "myimage_ramp.fits",
        "myimage.run.json",
    }
    assert json.loads(Path("myimage.fits").read_text())["data"] == [6]


def test_a_parameter_file_without_name_gives_its_own_as_suffix(strun, make_input):
    Path("quick.cfg").write_text('class = "fakesteps.AddStep"\n')
    assert strun("quick.cfg", make_input())[0] == 0
    assert "x_quick.fits" in files()


def test_the_command_line_wins_over_the_file(strun, make_input):
    Path("p.cfg").write_text('class = "fakesteps.AddStep"\nvalue = 5\nsuffix = "a"\n')
    strun("p.cfg", make_input(), "--value=7")
    record = json.loads(Path("x_a.run.json").read_text())
    assert record["parameters"]["value"] == {
        "value": 7.0,
        "source": "explicit",
        "detail": "command line",
    }
    assert record["parameters"]["suffix"] == {"value": "a", "source": "file", "detail": "p.cfg"}
    assert record["argv"][:2] == ["p.cfg", str(Path("x_uncal.json").resolve())]


def test_save_results_false_is_obeyed(strun, make_input):
    assert strun("fakesteps.AddStep", make_input(), "--save_results=false")[0] == 0
    assert files() == {"x_uncal.json"}


def test_an_alias_is_looked_up_in_our_table_first(strun, make_input, monkeypatch):
    monkeypatch.setattr(entry_points, "own_aliases", lambda: {"adder": "fakesteps:AddStep"})
    monkeypatch.setattr(entry_points, "get_steps", lambda: pytest.fail("scanned packages"))
    assert strun("adder", make_input())[0] == 0


def test_a_class_of_a_foreign_package_is_found_by_its_last_name(make_input, monkeypatch, capsys):
    monkeypatch.setattr(entry_points, "own_aliases", lambda: {"adder": "fakesteps:AddStep"})
    monkeypatch.setattr(entry_points, "get_steps", list)
    assert cmdline.main(["jwst_lib.steps.AddStep", str(make_input())]) == 0
    err = capsys.readouterr().err
    assert "WARNING - class 'jwst_lib.steps.AddStep' is not installed" in err
    assert "fakesteps.AddStep is used" in err


def test_a_class_beside_the_parameter_file(strun, make_input):
    Path("mine").mkdir()
    Path("mine/ownmodule.py").write_text(
        "from fakesteps import FakeStep\n\n\nclass MyStep(FakeStep):\n"
        "    spec = 'scale = float(default=2.0)  # factor'\n"
        "    input_types = ('RampModel',)\n\n"
        "    def process(self, ramp):\n"
        "        ramp.data = [self.scale * x for x in ramp.data]\n        return ramp\n"
    )
    Path("mine/mystep.cfg").write_text('class = "ownmodule.MyStep"\nscale = 3\n')
    assert strun("mine/mystep.cfg", make_input())[0] == 0
    assert json.loads(Path("x_mystep.fits").read_text())["data"] == [3, 6, 9]


REFUSED = {
    "unknown parameter": (
        ["fakesteps.Pipe", "INPUT", "--steps.add.valeu=4"],
        2,
        "Extra value 'valeu' in steps/add; did you mean 'value' (float, default 1.0)?",
    ),
    "unknown option": (
        ["fakesteps.Pipe", "INPUT", "--log-levl=DEBUG"],
        2,
        "unknown option --log-levl; did you mean '--log-level'?",
    ),
    "wrong type": (
        ["fakesteps.AddStep", "INPUT", "--value=much"],
        2,
        "Config parameter 'value': the value \"much\" is of the wrong type (float).",
    ),
    "no such class": (
        ["fakesteps.NopeStep", "INPUT"],
        2,
        "class 'fakesteps.NopeStep' cannot be imported",
    ),
    "no such module": (["nowhere.Step", "INPUT"], 2, "No module named 'nowhere'"),
    "not a step": (["json.JSONDecoder", "INPUT"], 2, "'json.JSONDecoder' is no"),
    "no such parameter file": (["no.cfg", "INPUT"], 2, "Config file no.cfg not found."),
    "nothing": ([], 2, "nothing to run; usage: strun CFG_OR_CLASS_OR_ALIAS"),
    "no input": (["fakesteps.AddStep"], 2, "step 'AddStep' takes ramp; 0 given"),
    "wrong log level": (["fakesteps.AddStep", "INPUT", "--log-level=LOUD"], 2, "'LOUD'"),
    "missing input": (["fakesteps.AddStep", "missing.fits"], 3, "missing.fits: no such file"),
    "empty input": (["fakesteps.AddStep", "EMPTY"], 3, "the file is empty"),
    "wrong model": (["fakesteps.AddStep", "IMAGE"], 3, "needs RampModel; "),
    "folder as input": (["fakesteps.AddStep", "."], 3, "is a folder"),
    "no place for the output": (
        ["fakesteps.AddStep", "INPUT", "--output_dir=x_uncal.json/o"],
        3,
        "x_uncal.json is a file; give another output_dir",
    ),
    "output file is a folder": (
        ["fakesteps.AddStep", "INPUT", "--output_file=taken", "--output_ext="],
        3,
        "output file taken_addstep: is a folder",
    ),
    "log file": (
        ["fakesteps.AddStep", "INPUT", "--log-file=no/where.log"],
        2,
        "log file no/where.log: No such file or directory; give a path",
    ),
    "no references set up": (["fakesteps.MaskStep", "INPUT"], 3, "export CRDS_PATH="),
    "missing override": (
        ["fakesteps.MaskStep", "INPUT", "--override_mask=no.fits"],
        3,
        "override_mask of step 'MaskStep' (explicit command line): no such file",
    ),
    "hook": (["fakesteps.AddStep", "INPUT", "--pre_hooks=no.such"], 3, "pre_hook0 'no.such'"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_a_refused_run_says_why_in_one_block_and_writes_nothing(case, strun, make_input):
    argv, code, text = REFUSED[case]
    Path("empty.fits").touch()
    make_input()
    make_input("image.json", "ImageModel")
    Path("taken_addstep").mkdir()
    places = {"INPUT": "x_uncal.json", "EMPTY": "empty.fits", "IMAGE": "image.json"}
    before = files()
    found, err = strun(*(places.get(arg, arg) for arg in argv))
    assert found == code
    assert text in err
    assert err.count("ERROR RUNNING STEP") == 1
    assert "Traceback" not in err
    assert files() == before


def test_a_step_that_names_no_types_gets_any_file(strun):
    Path("notes.txt").write_text("once upon a time")
    line = ("jwstlike.stpipe.subproc.SystemCall", "notes.txt", "--command=cp {0} copy.txt")
    assert strun(*line)[0] == 0
    assert Path("copy.txt").read_text() == "once upon a time"


def test_all_findings_come_together(strun, make_input):
    code, err = strun(
        "fakesteps.MaskStep", make_input(), "--pre_hooks=no.such", "--output_dir=x_uncal.json/o"
    )
    assert code == 3
    assert "pre_hook0 'no.such'" in err
    assert "x_uncal.json is a file" in err
    assert "export CRDS_PATH=" in err
    code, err = strun("fakesteps.AddStep", "x_uncal.json", "--value=x", "--skip=y", "--valu=3")
    assert code == 2
    assert len(re.findall("Config parameter|Extra value", err)) == 3


def test_a_syntax_error_in_a_parameter_file(strun, make_input):
    Path("bad.cfg").write_text('class = "fakesteps.AddStep"\n[steps\n')
    code, err = strun("bad.cfg", make_input())
    assert code == 2
    assert "bad.cfg, line 2: '[steps'" in err
    assert "write `parameter = value`" in err


def test_a_parameter_file_without_class(strun, make_input):
    Path("bad.cfg").write_text("value = 3\n")
    code, err = strun("bad.cfg", make_input())
    assert (code, "bad.cfg: names no class" in err) == (2, True)


def test_a_module_that_breaks_when_imported(strun, make_input):
    Path("brokenmodule.py").write_text("1 / 0\n")
    code, err = strun("brokenmodule.MyStep", make_input())
    assert code == 2
    assert "class 'brokenmodule.MyStep' cannot be imported: ZeroDivisionError" in err


def test_a_failing_step_ends_with_1_and_a_traceback_only_with_verbose(make_input, capsys):
    path = str(make_input())
    assert cmdline.main(["fakesteps.FailStep", path]) == 1
    err = capsys.readouterr().err
    last = "ERROR RUNNING STEP 'FailStep': RuntimeError: the sky fell down\n"
    assert err.endswith(last)
    assert "Traceback (most" not in err
    assert cmdline.main(["fakesteps.FailStep", path, "--verbose"]) == 1
    err = capsys.readouterr().err
    assert "Traceback (most" in err
    assert err.endswith(last)


def test_the_failing_sub_step_is_named(strun, make_input):
    code, err = strun(
        "fakesteps.Pipe", make_input(), "--steps.fit.pre_hooks=fakesteps.broken", "-v"
    )
    assert code == 1
    assert err == (
        "ERROR RUNNING STEP 'fit': pre-hook 0 (pre_hook0) of step 'fit': KeyError: 'nothing here'\n"
    )


def test_a_step_chooses_its_exit_status(strun, make_input):
    assert strun("fakesteps.ExitStep", make_input())[0] == 64


def test_an_interrupted_run_ends_with_130(strun, make_input):
    code, err = strun("fakesteps.InterruptStep", make_input())
    assert (code, err) == (130, "ERROR RUNNING STEP 'InterruptStep': interrupted\n")


def test_a_step_that_reports_failure_ends_with_1_and_saves(strun, make_input):
    assert strun("fakesteps.StatusStep2", make_input(), "--status=FAILED")[0] == 1
    assert "x_statusstep2.fits" in files()


def test_help_lists_every_parameter_with_type_default_and_help(capsys):
    assert cmdline.main(["fakesteps.Nothing", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for part in (
        "usage: strun",
        "positional arguments:",
        "options:",
        "--save-parameters FILE",
        "--disable-crds-steppars",
        "--verbose, -v",
        "--thr float Threshold, in sigma [default=1.0]",
        '--n integer Number of "things" # at most (integer 1..100) [default=3]',
        "--mode {a,b} Way of working [default='a']",
        "--suffix string Suffix of the product's name --",
    ):
        assert part in text


def test_help_of_a_pipeline_lists_the_parameters_of_its_steps(capsys):
    assert cmdline.main(["fakesteps.Outer", "--help"]) == 0
    text = capsys.readouterr().out
    assert "--steps.pipe.steps.add.value float" in text
    assert "step steps.pipe.steps.add: Add a number to the data." in text


def test_help_without_a_step_and_version(capsys):
    assert cmdline.main(["--help"]) == 0
    assert "Parameter file, class (module.Class) or alias" in capsys.readouterr().out
    assert cmdline.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("jwstlike ")


def test_save_parameters_writes_them_and_runs(strun, make_input):
    pars = "--save-parameters=pars.asdf"
    assert strun("fakesteps.AddStep", make_input(), "--value=4", pars)[0] == 0
    assert Step.from_config_file("pars.asdf").value == 4.0
    assert "x_addstep.fits" in files()


def test_save_parameters_needs_no_input(strun):
    assert strun("fakesteps.AddStep", "--save-parameters=pars.asdf")[0] == 0
    assert files() == {"pars.asdf"}


def test_a_spec_may_not_take_the_name_of_an_option(make_input):
    with pytest.raises(ValueError, match="the spec defines 'verbose'"):
        cmdline.parse(["fakesteps.VerboseStep", "x"])


def test_step_from_cmdline_returns_the_step(make_input):
    args = ["fakesteps.AddStep", str(make_input()), "--value=4", QUIET]
    step = Step.from_cmdline(args)
    assert (type(step).__name__, step.value) == ("AddStep", 4.0)


def test_step_script_exits_with_the_code(make_input, monkeypatch):
    monkeypatch.setattr("sys.argv", ["me.py", str(make_input()), "--value=4", QUIET])
    with pytest.raises(SystemExit) as stop:
        cmdline.step_script(fakesteps.AddStep)
    assert stop.value.code == 0
    assert "x_addstep.fits" in files()

"""Linear pipelines: order, start, stop, state on disk."""

import json
from pathlib import Path

import fakesteps
import pytest

from jwstlike.errors import ParameterError
from jwstlike.stpipe import LinearPipeline, cmdline

pytestmark = pytest.mark.usefixtures("own_folder")

STATE = Path("x_line.stpipe")


def test_each_result_feeds_the_next_step(make_input):
    assert list(fakesteps.Line.step_defs) == ["add", "twice", "fit"]
    assert fakesteps.Line().run(make_input()).data == [18]
    assert not STATE.exists()


def test_a_run_stops_and_goes_on_with_the_same_result(make_input):
    path = make_input()
    stopped = fakesteps.Line(end_step="twice").run(path)
    assert stopped.data == [4, 6, 8]
    assert {p.name for p in STATE.iterdir()} == {"01_add.fits", "02_twice.fits", "state.json"}
    state = json.loads((STATE / "state.json").read_text())
    assert state["add"]["status"] == "COMPLETE"
    assert len(state["twice"]["sha256"]) == 64
    finished = fakesteps.Line(start_step="fit").run(path)
    assert finished.data == [18]
    assert not STATE.exists()


def test_on_the_command_line(make_input, capsys):
    argv = ["fakesteps.Line", str(make_input()), "--log-stream=null"]
    assert cmdline.main([*argv, "--end_step=add"]) == 0
    assert json.loads(Path("x_line.fits").read_text())["data"] == [2, 3, 4]
    assert cmdline.main([*argv, "--start_step=twice"]) == 0
    assert json.loads(Path("x_line.fits").read_text())["data"] == [18]
    assert not STATE.exists()
    assert cmdline.main([*argv, "--start_step=twice"]) != 0
    assert "has no result of 'add'; run with --end_step=add first" in capsys.readouterr().err


def test_a_changed_state_is_refused(make_input):
    path = make_input()
    fakesteps.Line(end_step="add").run(path)
    with (STATE / "01_add.fits").open("a") as stream:
        stream.write(" ")
    with pytest.raises(Exception, match="was changed or is gone"):
        fakesteps.Line(start_step="twice").run(path)


@pytest.mark.parametrize(
    ("pars", "text"),
    [
        ({"end_step": "fitt"}, "end_step 'fitt' is none of the steps add, twice, fit; did you"),
        ({"start_step": "fit", "end_step": "add"}, "start_step 'fit' comes after end_step 'add'"),
    ],
)
def test_wrong_names_are_told(pars, text, make_input):
    with pytest.raises(ParameterError, match=text):
        fakesteps.Line(**pars).run(make_input())


def test_other_pipelines_refuse_start_and_end():
    with pytest.raises(ParameterError, match="Extra value 'start_step'"):
        fakesteps.Pipe(start_step="add")


def test_an_empty_one_is_an_error():
    with pytest.raises(ValueError, match="has no pipeline_steps"):
        LinearPipeline()

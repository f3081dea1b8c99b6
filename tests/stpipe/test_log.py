"""Logging: nothing stays behind, everything is recorded."""

import logging
import subprocess
import sys
import warnings
from pathlib import Path

import fakemodels
import fakesteps
import pytest

from jwstlike.errors import ParameterError
from jwstlike.stpipe import log

pytestmark = pytest.mark.usefixtures("own_folder")

NAMES = (None, "jwstlike", "stpipe", "CRDS", "py.warnings", "fakesteps")


def state():
    loggers = [logging.getLogger(name) for name in NAMES]
    return [(x.level, x.propagate, list(x.handlers), list(x.filters)) for x in loggers] + [
        warnings.showwarning,
        list(warnings.filters),
    ]


def ramp():
    model = fakemodels.RampModel()
    model.data = [1]
    return model


def test_importing_changes_no_logger_no_warning_filter_and_no_environment():
    code = """
import logging, os, warnings
def state():
    names = [None, "jwstlike", "stpipe", "CRDS", "py.warnings"]
    return ([(logging.getLogger(n).level, logging.getLogger(n).handlers) for n in names],
            list(warnings.filters), warnings.showwarning, dict(os.environ), os.getcwd())
before = repr(state())
import jwstlike.stpipe.step, jwstlike.stpipe.pipeline, jwstlike.stpipe.cmdline
assert repr(state()) == before, state()
import sys
heavy = {"numpy", "astropy", "asdf", "crds", "rich", "numba", "yaml", "scipy"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("cls", [fakesteps.AddStep, fakesteps.FailStep])
@pytest.mark.parametrize("how", ["run", "call"])
def test_a_run_leaves_logging_as_it_was(cls, how):
    before = state()
    try:
        cls.call(ramp()) if how == "call" else cls().run(ramp())
    except RuntimeError:
        pass
    assert state() == before


def test_run_records_but_shows_nothing(capsys):
    step = fakesteps.AddStep()
    step.run(ramp())
    assert any("added 1.0" in line for line in step.log_records)
    assert any("Step AddStep done" in line for line in step.log_records)
    assert capsys.readouterr() == ("", "")


def test_call_shows_the_log_on_stderr_with_time_stamps(capsys):
    fakesteps.AddStep.call(ramp())
    out, err = capsys.readouterr()
    assert out == ""
    line = next(line for line in err.splitlines() if "added 1.0" in line)
    assert line[:2] == "20"
    assert line.endswith("fakesteps - INFO - added 1.0")


def test_handlers_of_the_user_see_what_they_would_see_without_a_run(caplog):
    with caplog.at_level(logging.WARNING):
        fakesteps.AddStep.call(ramp())
    assert caplog.records == []
    with caplog.at_level(logging.INFO):
        fakesteps.AddStep().run(ramp())
    assert "added 1.0" in caplog.text


def test_the_log_of_a_run_is_kept_in_the_product():
    result = fakesteps.AddStep().run(ramp())
    assert any("added 1.0" in line for line in result.cal_logs["jump"])


def test_call_obeys_log_keys_of_a_parameter_file():
    Path("p.cfg").write_text('log_level = "DEBUG"\nlog_file = "run.log"\nlog_stream = "null"\n')
    fakesteps.AddStep.call(ramp(), config_file="p.cfg")
    assert "added 1.0" in Path("run.log").read_text()


def test_a_log_configuration_file():
    Path("log.cfg").write_text("[*]\nhandler = append:all.log, null\nlevel = WARNING\n")
    fakesteps.AddStep.call(ramp(), logcfg="log.cfg")
    assert Path("all.log").read_text() == ""


def test_the_break_level_stops_a_run():
    Path("log.cfg").write_text("[*]\nhandler = null\nbreak_level = INFO\n")
    with pytest.raises(log.LoggedException):
        fakesteps.AddStep.call(ramp(), logcfg="log.cfg")


@pytest.mark.filterwarnings("always")
def test_warnings_are_logged_during_a_call_only(capsys):
    config = log.LogConfig("stderr")
    with config.context():
        warnings.warn("look here", UserWarning, stacklevel=1)
    assert "look here" in capsys.readouterr().err
    assert any("look here" in line for line in config.log_records)
    assert not config.applied


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"log_level": "LOUD"}, "log level 'LOUD' is not one of DEBUG, INFO"),
        ({"log_stream": "paper"}, "log stream 'paper' is not one of stdout, stderr, null"),
        ({"config_file": "no.cfg"}, "not found"),
    ],
)
def test_a_wrong_setting_is_named(arguments, text):
    with pytest.raises(ParameterError, match=text):
        log.load_configuration(**arguments)


def test_a_run_inside_a_run_is_shown_once(capsys):
    fakesteps.NestedStep.call(ramp())
    err = capsys.readouterr().err
    assert err.count("added 1.0") == 1
    assert "Step NestedStep done" in err


def test_a_warning_is_shown_once_where_the_user_has_no_handlers():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import fakesteps, fakemodels, logging\n"
        "class W(fakesteps.FakeStep):\n"
        "    def process(self, model):\n"
        "        logging.getLogger('jwstlike.x').warning('look here')\n"
        "        return model\n"
        "W.call(fakemodels.RampModel()); print('--', file=sys.stderr)\n"
        "W().run(fakemodels.RampModel())\n"
    )
    fakes = str(Path(fakesteps.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", code, fakes], capture_output=True, text=True, check=True
    )
    called, ran = done.stderr.split("--\n")
    assert called.count("look here") == 1
    assert ran == "look here\n"

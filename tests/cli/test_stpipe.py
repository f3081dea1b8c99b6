"""``stpipe`` and the table of ``jwstlike``."""

import pytest

from jwstlike.cli import main as jwstlike
from jwstlike.cli import stpipe
from jwstlike.stpipe import entry_points
from jwstlike.stpipe.entry_points import StepInfo

ROWS = [
    StepInfo("pkg.JumpStep", "jump", False, "pkg", "1"),
    StepInfo("pkg.APipeline", None, True, "pkg", "1"),
    StepInfo("pkg.DarkStep", "dark", False, "pkg", "1"),
]


@pytest.fixture
def installed(monkeypatch):
    monkeypatch.setattr(entry_points, "get_steps", lambda: ROWS)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["list"], "pkg.APipeline\npkg.DarkStep (dark)\npkg.JumpStep (jump)\n"),
        (["list", "--pipelines-only"], "pkg.APipeline\n"),
        (["list", "--steps-only", "*JUMP*"], "pkg.JumpStep (jump)\n"),
    ],
)
def test_list(installed, capsys, argv, expected):
    assert stpipe.main(argv) == 0
    assert capsys.readouterr().out == expected


def test_list_without_a_match(installed, capsys):
    assert stpipe.main(["list", "nothing*"]) == 0
    assert capsys.readouterr() == ("", "(no matching classes)\n")


def test_no_command_shows_help(capsys):
    assert stpipe.main([]) == 0
    assert "print-config" in capsys.readouterr().out


def test_print_config_can_be_read_back(capsys, tmp_path):
    from jwstlike.stpipe import Step
    from jwstlike.stpipe.subproc import SystemCall

    assert stpipe.main(["print-config", "jwstlike.stpipe.subproc.SystemCall"]) == 0
    path = tmp_path / "a.cfg"
    path.write_text(capsys.readouterr().out)
    step = Step.from_config_file(path)
    assert type(step) is SystemCall
    assert step.get_pars() == SystemCall().get_pars()


def test_describe_is_the_help_of_strun(capsys):
    assert stpipe.main(["describe", "jwstlike.stpipe.subproc.SystemCall"]) == 0
    assert "--exitcode_as_exception boolean" in capsys.readouterr().out


def test_an_unknown_class_is_named(capsys):
    assert stpipe.main(["print-config", "no_module.Step"]) == 2
    assert "no_module.Step" in capsys.readouterr().err


def test_the_table_of_commands(capsys):
    assert jwstlike.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in jwstlike.COMMANDS)
    assert jwstlike.main(["demmo"]) == 2
    assert "no command 'demmo'; did you mean 'demo'?" in capsys.readouterr().err


def test_a_broken_plugin_only_warns(monkeypatch):
    class Point:
        name = "broken"
        dist = None

        def load(self):
            raise RuntimeError("no luck")

    monkeypatch.setattr(entry_points, "_iter_entry_points", lambda: [Point()])
    with pytest.warns(UserWarning.__base__, match="'broken': no luck"):
        assert entry_points.get_steps() == []


def test_our_own_steps_are_listed(capsys):
    assert stpipe.main(["list", "jwstlike*sloper*"]) == 0
    assert "jwstlike.steps.pipelines.SloperPipeline (sloper)" in capsys.readouterr().out

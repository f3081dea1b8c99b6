"""References and parameter references in a run, from the demo cache and without a network."""

import os
from pathlib import Path

import pytest
import refsteps

from jwstlike.errors import PreflightError
from jwstlike.stpipe import cmdline, crds_client
from jwstlike.stpipe.demo_cache import make_cache

QUIET = "--log-stream=null"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return make_cache(tmp_path_factory.mktemp("crds") / "cache", shape=(16, 16))


@pytest.fixture(autouse=True)
def _cache(template, own_folder, monkeypatch):
    for name in [n for n in os.environ if n.startswith("CRDS_")]:
        monkeypatch.delenv(name)
    for name, value in template.env.items():
        monkeypatch.setenv(name, value)


def exposure():
    model = refsteps.Exposure()
    model.meta.filename = "x_uncal.fits"
    return model


def threshold(step, *args, **kwargs):
    step.run(*(args or (exposure(),)), **kwargs)
    return step.seen


def test_run_takes_parameters_nobody_set_from_the_reference():
    step = refsteps.JumpStep()
    assert threshold(step) == 4.5
    assert step.rejection_threshold == 4.0
    assert any(
        "Parameters from references: rejection_threshold" in line for line in step.log_records
    )
    value = step.run_record["parameters"]["rejection_threshold"]
    assert (value["value"], value["source"]) == (4.5, "pars-ref")
    assert value["detail"].endswith("jwst_nircam_pars-jumpstep_0001.asdf")


def test_a_value_set_explicitly_wins():
    assert threshold(refsteps.JumpStep(rejection_threshold=4.0)) == 4.0
    step = refsteps.JumpStep()
    step.rejection_threshold = 3
    assert threshold(step) == 3.0


def test_parameter_references_can_be_switched_off(monkeypatch):
    assert threshold(refsteps.JumpStep(), pars="off") == 4.0
    monkeypatch.setenv("STPIPE_RUN_PARS", "off")
    assert threshold(refsteps.JumpStep()) == 4.0
    monkeypatch.delenv("STPIPE_RUN_PARS")
    monkeypatch.setenv("STPIPE_DISABLE_CRDS_STEPPARS", "true")
    assert threshold(refsteps.JumpStep()) == 4.0
    assert dict(refsteps.JumpStep.get_config_from_reference(exposure())) == {}


def test_run_pars_off_leaves_the_command_line_as_it_is(monkeypatch):
    monkeypatch.setenv("STPIPE_RUN_PARS", "off")
    exposure().save("x_uncal.fits")
    step = cmdline.step_from_cmdline(["refsteps.JumpStep", "x_uncal.fits", QUIET])
    assert step.rejection_threshold == 4.5
    off = ["refsteps.JumpStep", "x_uncal.fits", QUIET, "--disable-crds-steppars"]
    assert cmdline.step_from_cmdline(off).rejection_threshold == 4.0


def test_precedence_key_by_key():
    exposure().save("x_uncal.fits")
    Path("p.cfg").write_text('class = "refsteps.SloperPipeline"\n[steps]\n[[jump]]\nskip = false\n')
    step = cmdline.step_from_cmdline(["p.cfg", "x_uncal.fits", QUIET, "--steps.dq.suffix=q"])
    sources = {key: (value, source) for key, (value, source, _) in step.parameter_sources().items()}
    assert sources["save_cal"] == (False, "pars-ref")
    assert sources["steps.jump.rejection_threshold"] == (4.5, "pars-ref")
    assert sources["steps.jump.skip"] == (False, "file")
    assert sources["steps.dq.suffix"] == ("q", "explicit")
    assert sources["steps.dq.skip"] == (False, "spec")
    again = cmdline.step_from_cmdline(
        ["p.cfg", "x_uncal.fits", QUIET, "--steps.jump.rejection_threshold=9"]
    )
    assert again.parameter_sources()["steps.jump.rejection_threshold"][:2] == (9.0, "explicit")


def test_get_config_from_reference_nests_the_steps():
    config = refsteps.SloperPipeline.get_config_from_reference(exposure())
    assert config.dict() == {"save_cal": False, "steps": {"jump": {"rejection_threshold": 4.5}}}
    by_dict = refsteps.JumpStep.get_config_from_reference(
        refsteps.PARAMETERS, crds_observatory="jwst"
    )
    assert by_dict["rejection_threshold"] == 4.5
    assert refsteps.JumpStep.get_config_reftype() == "pars-jumpstep"


def test_all_references_are_found_in_one_call_before_the_first_step(monkeypatch):
    asked = []
    plan = crds_client.plan

    def watched(parameters, types, *rest):
        asked.append(list(types))
        return plan(parameters, types, *rest)

    monkeypatch.setattr(crds_client, "plan", watched)
    pipe = refsteps.SloperPipeline()
    pipe.run(exposure(), pars="off")
    assert asked == [["mask", "gain", "readnoise"]]
    pipe.jump.skip = True
    asked.clear()
    pipe.run(exposure(), pars="off")
    assert asked == [["mask"]]


def test_references_enter_product_and_record(template):
    pipe = refsteps.SloperPipeline()
    result = pipe.run(exposure())
    ref_file = result.meta.ref_file
    assert ref_file.mask.name == "crds://jwst_nircam_mask_0001.fits"
    assert ref_file.gain.name == "crds://jwst_nircam_gain_0001.fits"
    assert ref_file.crds.context_used == template.context
    record = pipe.run_record
    assert record["crds"]["context"] == template.context
    mask = record["references"]["mask"]
    assert mask["source"] == "crds"
    assert mask["size"] == Path(pipe.dq.path).stat().st_size
    assert len(mask["sha256"]) == 64
    assert set(record["references"]) == {
        "mask",
        "gain",
        "readnoise",
        "pars-sloperpipeline",
        "pars-jumpstep",
    }


def test_a_reference_without_match_refuses_the_run(monkeypatch):
    monkeypatch.setitem(refsteps.PARAMETERS, "meta.instrument.detector", "NRCB9")
    with pytest.raises(PreflightError, match="NRCB9"):
        refsteps.SloperPipeline(save_results=True).run(exposure())
    assert list(Path().iterdir()) == []


def test_no_reference_system_is_needed_when_all_are_overridden(monkeypatch):
    monkeypatch.setenv("CRDS_PATH", "/nonexistent")
    for name in ("gain.fits", "noise.fits"):
        exposure().save(name)
    step = refsteps.JumpStep(override_gain="gain.fits", override_readnoise="noise.fits")
    step.run(exposure())
    assert step.paths == [str(Path(n).resolve()) for n in ("gain.fits", "noise.fits")]


def test_a_parameter_the_step_lacks_is_one_warning(monkeypatch):
    from jwstlike.stpipe import references

    monkeypatch.setattr(
        references.config_parser, "load_values", lambda path: {"rejection_treshold": 9}
    )
    step = refsteps.JumpStep()
    assert threshold(step) == 4.0
    lines = [line for line in step.log_records if "has no parameter" in line]
    assert len(lines) == 1
    assert "did you mean 'rejection_threshold'" in lines[0]
    assert "pars-jumpstep_0001.asdf" in lines[0]


def test_explain_shows_every_parameter_with_its_source_and_every_reference(capsys):
    exposure().save("x_uncal.fits")
    before = sorted(Path().iterdir())
    argv = ["refsteps.SloperPipeline", "x_uncal.fits", QUIET, "--steps.dq.suffix=q", "--dry-run"]
    assert cmdline.main(argv) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    jump = ["steps.jump.rejection_threshold", "4.5", "pars-ref"]
    assert [*jump, "jwst_nircam_pars-jumpstep_0001.asdf"] in lines
    assert ["steps.dq.suffix", "'q'", "explicit", "command", "line"] in lines
    assert ["steps.dq.skip", "False", "spec"] in lines
    mask = next(line for line in lines if line[:1] == ["mask"])
    assert (mask[1], mask[-1]) == ("jwst_nircam_mask_0001.fits", "jwst_0001.pmap")
    assert ["SloperPipeline", "x_sloperpipeline.fits"] in lines
    assert ["run", "record", "x_sloperpipeline.run.json"] in lines
    assert sorted(Path().iterdir()) == before


def test_a_dry_run_reports_what_would_refuse_the_run(capsys):
    argv = ["refsteps.SloperPipeline", "missing.fits", QUIET]
    assert cmdline.main([*argv, "--dry-run"]) == 3
    assert "missing.fits: no such file" in capsys.readouterr().err
    assert cmdline.main([*argv, "--explain"]) == 0
    assert "not looked up" in capsys.readouterr().out
    assert list(Path().iterdir()) == []


def test_explain_names_the_line_of_a_parameter_file(capsys):
    Path("in.cfg").write_text('class = "refsteps.JumpStep"\n\nrejection_threshold = 8\n')
    Path("p.cfg").write_text(
        'class = "refsteps.SloperPipeline"\nsave_cal = True\n[steps]\n'
        "  [[dq]]\n  # why\n  suffix = q\n  [[jump]]\n  config_file = in.cfg\n"
    )
    assert cmdline.main(["p.cfg", "--explain", QUIET]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["save_cal", "True", "file", "p.cfg:2"] in lines
    assert ["steps.dq.suffix", "'q'", "file", "p.cfg:6"] in lines
    assert ["steps.jump.rejection_threshold", "8.0", "file", "in.cfg:3"] in lines

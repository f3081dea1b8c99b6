"""A run: copies, order, status, references, record, and what is left behind."""

import json
import time
from pathlib import Path

import fakemodels
import fakesteps
import pytest

from jwstlike.errors import ModelTypeError, PreflightError, StpipeException
from jwstlike.stpipe import Step, query_step_status, record_step_status
from jwstlike.stpipe.step import preserve_step_pars

pytestmark = pytest.mark.usefixtures("own_folder")


def ramp(*data):
    model = fakemodels.RampModel()
    model.data = list(data or (1, 2, 3))
    model.meta.filename = "x_uncal.fits"
    return model


def test_run_call_and_calling_give_the_same(make_input):
    path = make_input()
    assert fakesteps.AddStep(value=2).run(path).data == [3, 4, 5]
    assert fakesteps.AddStep(value=2)(str(path)).data == [3, 4, 5]
    assert fakesteps.AddStep.call(path, value=2).data == [3, 4, 5]
    assert list(Path().iterdir()) == [Path("x_uncal.json")]


def test_call_takes_a_parameter_file_and_steps(make_input):
    Path("p.cfg").write_text('class = "fakesteps.Pipe"\n[steps]\n[[add]]\nvalue = 10\n')
    assert fakesteps.Pipe.call(make_input(), config_file="p.cfg").data == [36]
    by_argument = fakesteps.Pipe.call(
        make_input(), config_file="p.cfg", steps={"add": {"value": 0}}
    )
    assert by_argument.data == [6]


def test_the_callers_model_is_never_changed():
    model = ramp()
    result = fakesteps.AddStep().run(model)
    assert model.data == [1, 2, 3]
    assert result.data == [2, 3, 4]
    assert query_step_status(model, "jump") == "NOT SET"
    assert query_step_status(result, "jump") == "COMPLETE"
    many = [ramp(), ramp()]
    fakesteps.Lister().run(many)
    assert [m.data for m in many] == [[1, 2, 3], [1, 2, 3]]


def test_nothing_is_copied_when_a_path_is_given_or_inside_a_pipeline(make_input, monkeypatch):
    path = make_input()
    monkeypatch.setattr(fakemodels.FakeModel, "copy", lambda self: pytest.fail("copied"))
    assert fakesteps.Pipe().run(path).data == [9]


def test_the_input_of_a_pipeline_is_let_go_when_a_step_returns_another(make_input):
    pipe = fakesteps.LetGoPipe()
    pipe.run(make_input())
    assert pipe.gone


def test_a_raw_file_is_converted_for_a_step_that_needs_ramps(make_input):
    result = fakesteps.AddStep().run(make_input(kind="Level1bModel"))
    assert type(result) is fakemodels.RampModel


def test_another_class_is_refused_before_any_work(make_input):
    path = make_input("x_rate.json", kind="ImageModel")
    with pytest.raises(PreflightError) as caught:
        fakesteps.AddStep(name="jump").run(path)
    assert "step 'jump' (AddStep) needs RampModel; " in str(caught.value)
    assert "x_rate.json is ImageModel (1-D data)" in str(caught.value)


def test_a_model_of_another_class_is_refused_too_and_leaves_nothing():
    model = fakemodels.ImageModel()
    step = fakesteps.AddStep(name="jump", save_results=True)
    with pytest.raises(ModelTypeError, match="the model given is ImageModel") as caught:
        step.run(model)
    assert isinstance(caught.value, PreflightError)
    assert sum("WARNING" in line for line in step.log_records) == 1
    assert list(Path().iterdir()) == []


def test_another_class_inside_a_pipeline_is_a_model_type_error(make_input):
    with pytest.raises(ModelTypeError, match="needs RampModel") as caught:
        fakesteps.Outer().run(make_input(kind="ImageModel"))
    assert caught.value.failed_step == "pipe"


def test_pipelines_nest_and_parameters_reach_the_innermost_step():
    outer = fakesteps.Outer(steps={"pipe": {"steps": {"add": {"value": 5}}}})
    assert outer.pipe.add.qualified_name == "stpipe.Outer.pipe.add"
    assert outer.run(ramp()).data == [21]


def test_a_step_of_the_paper_opens_its_own_input(make_input):
    assert fakesteps.WithStep().run(make_input()).data == [2, 4, 6]
    assert fakesteps.PathPipe().run(str(make_input())).data == [2, 4, 6]


def test_an_instance_can_be_used_again():
    step = fakesteps.TreeStep()
    fresh = step.get_pars()
    step.run(ramp())
    assert step.get_pars() == fresh
    assert step.parameter_sources() == fakesteps.TreeStep().parameter_sources()


def test_preserve_step_pars_gives_parameters_of_sub_steps_back():
    pipe = fakesteps.Pipe()
    with preserve_step_pars(pipe):
        pipe.add.value = 8
    assert pipe.add.value == 1.0


def test_skip_in_a_pipeline_passes_the_input_on_and_records_it():
    pipe = fakesteps.Pipe(steps={"add": {"skip": True}})
    result = pipe.run(ramp())
    assert result.data == [6]
    assert query_step_status(result, "jump") == "SKIPPED"
    assert pipe.run_record["steps"][0]["status"] == "SKIPPED"
    assert pipe.run_record["steps"][0]["reason"] == "skip is set (explicit argument)"


def test_a_skipped_step_given_a_path_returns_a_model(make_input):
    pipe = fakesteps.PathPipe(steps={"dq": {"skip": True}})
    assert pipe.run(str(make_input())).data == [1, 2, 3]


def test_skip_of_a_step_run_alone_is_ignored():
    step = fakesteps.AddStep(skip=True)
    assert step.run(ramp()).data == [2, 3, 4]
    assert step.skip is True


def test_a_step_that_declines_is_skipped_with_its_reason():
    step = fakesteps.DeclineStep()
    result = step.run(ramp())
    assert result.data == [1, 2, 3]
    assert query_step_status(result, "ipc") == "SKIPPED"
    assert step.run_record["status"] == "SKIPPED"
    assert step.run_record["reason"] == "no such detector"


def test_a_status_that_the_step_set_stays_and_an_old_one_does_not():
    model = ramp()
    record_step_status(model, "jump", success=False)
    assert query_step_status(fakesteps.StatusStep().run(model), "jump") == "SKIPPED"
    assert query_step_status(fakesteps.AddStep().run(model), "jump") == "COMPLETE"


def test_a_step_that_reports_failure_stops_its_pipeline():
    pipe = fakesteps.StatusPipe(steps={"status": {"status": "FAILED"}})
    with pytest.raises(StpipeException, match="step 'status' reported FAILED"):
        pipe.run(ramp())
    states = {row["name"]: row["status"] for row in pipe.run_record["steps"]}
    assert states == {"status": "FAILED", "nothing": "NOT_RUN", "StatusPipe": "FAILED"}


def test_record_step_status_refuses_other_words():
    with pytest.raises(ValueError, match="'DONE'"):
        record_step_status(ramp(), "jump", status="DONE")


def test_an_error_in_a_step_says_which_step_and_leaves_a_record(make_input):
    pipe = fakesteps.FailStep(save_results=True)
    with pytest.raises(RuntimeError, match="sky") as caught:
        pipe.run(make_input())
    assert caught.value.failed_step == "FailStep"
    record = json.loads(Path("x_failstep.run.json").read_text())
    assert (record["status"], record["exit_code"]) == ("FAILED", 1)
    assert record["reason"] == "RuntimeError: the sky fell down"


def test_the_record_holds_every_field(make_input):
    pipe = fakesteps.Pipe(output_file="q.fits", steps={"add": {"value": 5}})
    pipe.run(make_input())
    record = json.loads(Path("q.run.json").read_text())
    assert " ".join(record) == (
        "version class name argv status reason exit_code started wall_s cpu_s peak_rss_mb "
        "packages platform inputs outputs parameters references crds steps warnings "
        "resumed_from"
    )
    assert record["class"] == "fakesteps.Pipe"
    assert [row["path"] for row in record["outputs"]] == ["q.fits"]
    assert record["inputs"][0]["size"] == Path("x_uncal.json").stat().st_size
    assert len(record["outputs"][0]["sha256"]) == 64
    assert record["parameters"]["steps.add.value"] == {
        "value": 5.0,
        "source": "explicit",
        "detail": "argument",
    }
    rows = [(row["name"], row["status"], row["reason"]) for row in record["steps"]]
    assert rows == [
        ("add", "COMPLETE", None),
        ("decline", "SKIPPED", "no such detector"),
        ("fit", "COMPLETE", None),
        ("Pipe", "COMPLETE", None),
    ]
    assert pipe.run_record == record


def test_nothing_is_written_by_a_refused_run(make_input):
    make_input()
    with pytest.raises(PreflightError) as caught:
        fakesteps.AddStep(output_dir="x_uncal.json/o", save_results=True).run("missing.json")
    assert str(caught.value).splitlines() == [
        "missing.json: no such file; check the name of the input",
        "output folder x_uncal.json/o: x_uncal.json is a file; give another output_dir",
    ]
    assert list(Path().iterdir()) == [Path("x_uncal.json")]


def test_an_override_is_opened_recorded_and_enters_the_product(make_input):
    mask = make_input("mask.json", "MaskModel", (1, 0, 1))
    step = fakesteps.MaskStep(override_mask=mask, save_results=True)
    result = step.run(make_input())
    assert result.data == [1, 0, 3]
    assert result.meta.ref_file.mask.name == str(mask)
    found = step.run_record["references"]["mask"]
    assert (found["file"], found["source"], found["size"]) == (
        str(mask),
        "override",
        mask.stat().st_size,
    )
    assert len(found["sha1"]) == 40


def test_an_override_may_be_a_model():
    mask = fakemodels.MaskModel()
    mask.data = [0, 1, 0]
    step = fakesteps.MaskStep(override_mask=mask)
    result = step.run(ramp())
    assert result.data == [0, 2, 0]
    assert result.meta.ref_file.mask.name == "override://MaskModel"
    assert step.run_record["references"]["mask"]["source"] == "model"


def test_an_override_of_not_applicable_skips_the_step():
    result = fakesteps.MaskStep(override_mask="N/A").run(ramp())
    assert query_step_status(result, "dq_init") == "SKIPPED"
    assert result.meta.ref_file.mask.name == "N/A"


def test_a_missing_override_is_found_before_the_run(make_input):
    with pytest.raises(PreflightError, match=r"override_mask of step 'MaskStep'.*no such file"):
        fakesteps.MaskStep(override_mask="nowhere.fits").run(make_input())


def test_without_references_set_up_the_run_is_refused(make_input):
    with pytest.raises(PreflightError, match="export CRDS_PATH="):
        fakesteps.MaskStep().run(make_input())


def test_a_reference_is_shared_while_it_is_in_use(make_input):
    mask = make_input("mask.json", "MaskModel", (1, 0, 1))
    step = fakesteps.MaskStep(override_mask=mask)
    first = step.open_reference(ramp(), "mask")
    assert step.open_reference(ramp(), "mask") is first


def test_input_dir_applies_to_bare_names(make_input):
    Path("in").mkdir()
    make_input("in/y_uncal.json")
    step = fakesteps.AddStep(input_dir="in", save_results=True, output_ext="json")
    assert step.run("y_uncal.json").data == [2, 3, 4]
    assert Path("y_addstep.json").exists()


def test_every_file_lies_under_output_dir(make_input):
    pipe = fakesteps.Pipe(output_dir="o/p", save_results=True, save_ramp=True)
    pipe.fit.save_results = True
    pipe.run(make_input())
    assert {p.name for p in Path().iterdir()} == {"o", "x_uncal.json"}
    assert {p.name for p in Path("o/p").iterdir()} == {
        "x_pipe.fits",
        "x_ramp.fits",
        "x_fit.fits",
        "x_pipe.run.json",
    }


def test_a_step_may_return_nothing():
    assert fakesteps.NoneStep(save_results=True).run(ramp()) is None
    assert list(Path().iterdir()) == []


def test_fifteen_empty_steps_cost_little():
    model = ramp()
    fakesteps.ManyPipe().run(model)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        fakesteps.ManyPipe().run(model)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.015


def test_steps_know_no_model_class():
    assert Step._opener == "jwstlike.datamodels:open"

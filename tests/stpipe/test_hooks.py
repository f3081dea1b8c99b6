"""Hooks of every kind, given in every way."""

import functools
import json
from pathlib import Path

import fakemodels
import fakesteps
import pytest

from jwstlike.errors import HookError, PreflightError
from jwstlike.stpipe.hooks import get_hook_objects, hook_from_string

pytestmark = pytest.mark.usefixtures("own_folder")


def add(model, much=1):
    model.data[:] = [x + much for x in model.data]
    return model


SHELL = (
    'python -c \'import json,sys; t = json.load(open(sys.argv[1])); t["data"] = [7]; '
    'json.dump(t, open(sys.argv[2], "w"))\' {0} {out}'
)

KINDS = {
    "dotted function": ("fakesteps.double", [2, 4, 6]),
    "lambda": (lambda model: add(model, 10), [11, 12, 13]),
    "partial": (functools.partial(add, much=5), [6, 7, 8]),
    "bound method": (fakesteps.Keeper().method, [1, 2, 3, 99]),
    "dotted Step class": ("fakesteps.HookStep", [2, 3, 4]),
    "dotted Step class with parameters": ("fakesteps.HookStep(param=4)", [5, 6, 7]),
    "Step class": (fakesteps.HookStep, [2, 3, 4]),
    "Step": (fakesteps.HookStep(param=2), [3, 4, 5]),
    "shell": (SHELL, [7]),
}


def ramp():
    model = fakemodels.RampModel()
    model.data = [1, 2, 3]
    model.meta.filename = "x_uncal.fits"
    return model


@pytest.mark.parametrize("where", ["pre_hooks", "post_hooks"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_hook_works(kind, where):
    hook, expected = KINDS[kind]
    by_constructor = fakesteps.Nothing(**{where: [hook]})
    assert by_constructor.run(ramp()).data == expected
    by_attribute = fakesteps.Nothing()
    setattr(by_attribute, where, hook)
    assert by_attribute.run(ramp()).data == expected
    assert fakesteps.Nothing.call(ramp(), **{where: hook}).data == expected
    assert list(Path().iterdir()) == []


def test_hooks_in_a_parameter_file():
    Path("h.cfg").write_text(
        'class = "fakesteps.Nothing"\npre_hooks = fakesteps.double, "fakesteps.HookStep(param=4)"\n'
    )
    assert fakesteps.Nothing.call(ramp(), config_file="h.cfg").data == [6, 8, 10]


def test_hooks_of_a_sub_step():
    pipe = fakesteps.Pipe(steps={"add": {"post_hooks": ["fakesteps.double"]}})
    assert pipe.run(ramp()).data == [18]


def test_a_hook_that_returns_nothing_passes_the_input_on():
    step = fakesteps.Nothing(pre_hooks=[fakesteps.look])
    assert step.run(ramp()).data == [1, 2, 3]
    assert fakesteps.look.seen == [1, 2, 3]


def test_a_model_replaces_the_first_argument_and_a_tuple_all():
    step = fakesteps.TwoStep(pre_hooks=[lambda a, b: a + 1, lambda a, b: (a, b * 2)])
    assert step.run(1, 5) == (2, 10)


def test_hooks_run_in_order_and_are_timed_in_the_record():
    step = fakesteps.Nothing(pre_hooks=["fakesteps.double", fakesteps.HookStep])
    assert step.run(ramp()).data == [3, 5, 7]
    hooks = step.run_record["steps"][-1]["hooks"] or step.run_record["steps"][0]["hooks"]
    assert [(h["kind"], h["name"], h["position"]) for h in hooks] == [
        ("pre", "pre_hook0", 0),
        ("pre", "hooked", 1),
    ]
    assert all(h["wall_s"] >= 0 for h in hooks)


def test_a_failing_hook_is_named_with_step_position_and_cause():
    step = fakesteps.Nothing(name="jump", post_hooks=["fakesteps.double", "fakesteps.broken"])
    with pytest.raises(HookError) as caught:
        step.run(ramp())
    text = "post-hook 1 (post_hook1) of step 'jump': KeyError: 'nothing here'"
    assert str(caught.value) == text


def test_a_failing_command_is_named_with_its_exit_status():
    with pytest.raises(HookError, match=r"pre-hook 0 .*'false \{0\}'|exit status 1"):
        fakesteps.Nothing(pre_hooks=["false {0}"]).run(ramp())
    assert list(Path().iterdir()) == []


def test_a_command_sees_the_model_as_a_file_that_goes_afterwards():
    fakesteps.Nothing(post_hooks=["cat {0} > seen.json"], output_dir="o").run(ramp())
    assert json.loads(Path("seen.json").read_text())["data"] == [1, 2, 3]
    assert list(Path("o").iterdir()) == []


def test_hooks_are_checked_when_a_step_is_made():
    with pytest.raises(HookError, match=r"pre_hook1 'no\.such' is neither an importable"):
        fakesteps.Nothing(pre_hooks=["fakesteps.double", "no.such"])
    with pytest.raises(HookError, match="post_hook0 5 is no function"):
        fakesteps.Nothing(post_hooks=[5])


def test_hooks_of_a_parameter_file_are_checked_before_the_run():
    Path("h.cfg").write_text('class = "fakesteps.Nothing"\npre_hooks = no.such,\n')
    with pytest.raises(PreflightError, match=r"step 'h': pre_hook0 'no\.such' is neither"):
        fakesteps.Nothing.call(ramp(), config_file="h.cfg")


def test_the_functions_of_old():
    step = fakesteps.Nothing()
    assert hook_from_string(step, "pre", 3, "fakesteps.double").name == "pre_hook3"
    assert [h.name for h in get_hook_objects(step, "post", [add, "ls {0}"])] == [
        "post_hook0",
        "post_hook1",
    ]

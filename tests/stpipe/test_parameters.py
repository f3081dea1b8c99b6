"""Specs, types, one resolution of parameters with its sources, and all errors together."""

import pickle
import tempfile
from pathlib import Path

import fakemodels
import fakesteps
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwstlike.errors import ParameterError, UnknownAttributeError
from jwstlike.stpipe import Step, cmdline, config_parser, parameters

pytestmark = pytest.mark.usefixtures("own_folder")

BASE = {
    "pre_hooks": [],
    "post_hooks": [],
    "output_file": None,
    "output_dir": None,
    "output_ext": ".fits",
    "output_use_model": False,
    "output_use_index": True,
    "save_results": False,
    "skip": False,
    "suffix": None,
    "search_output_file": True,
    "input_dir": None,
}


def test_a_plain_step_has_exactly_the_twelve_parameters():
    assert Step().get_pars() == BASE


def test_own_parameters_come_after_those_of_the_bases():
    pars = fakesteps.Nothing().get_pars()
    assert list(pars) == [*BASE, "thr", "n", "mode"]
    assert fakesteps.Nothing().get_pars(full_spec=False) == {"thr": 1.0, "n": 3, "mode": "a"}


def test_overrides_of_references_are_parameters_but_not_in_get_pars():
    step = fakesteps.MaskStep(override_mask="m.fits")
    assert step.override_mask == "m.fits"
    assert "override_mask" not in step.get_pars()


def test_a_comment_in_a_spec_is_the_help_even_with_quotes_and_hashes():
    table = parameters.param_table(fakesteps.Nothing)
    assert table["thr"].help == "Threshold, in sigma"
    assert table["n"].help == 'Number of "things" # at most'
    assert table["mode"].describe() == "one of 'a', 'b', default 'a'"
    assert table["n"].describe() == "integer 1..100, default 3"


def test_all_errors_of_all_sections_come_together():
    with pytest.raises(ParameterError) as caught:
        fakesteps.Pipe(
            save_rmp=True,
            steps={"add": {"valu": 3, "skip": "perhaps"}, "fitt": {"suffix": "q"}},
        )
    assert str(caught.value).splitlines() == [
        "Extra value 'save_rmp' in root; did you mean 'save_ramp' (boolean, default False)?",
        "Extra value 'fitt' in steps; did you mean 'fit'?",
        "Extra value 'valu' in steps/add; did you mean 'value' (float, default 1.0)?",
        "Config parameter 'steps/add/skip': the value \"perhaps\" is of the wrong type (boolean).",
    ]


@pytest.mark.parametrize(
    ("pars", "expected"),
    [
        ({"thrr": 3}, "Extra value 'thrr' in root; did you mean 'thr' (float, default 1.0)?"),
        ({"n": 1000}, "Config parameter 'n': the value \"1000\" is too big (integer 1..100)."),
        ({"n": 0}, "Config parameter 'n': the value \"0\" is too small (integer 1..100)."),
        ({"mode": "c"}, "Config parameter 'mode': the value \"c\" is unacceptable"),
        ({"thr": "abc"}, "Config parameter 'thr': the value \"abc\" is of the wrong type (float)."),
    ],
)
def test_an_error_names_parameter_value_and_what_is_allowed(pars, expected):
    with pytest.raises(ParameterError) as caught:
        fakesteps.Nothing(**pars)
    assert str(caught.value).startswith(expected)


def test_a_parameter_of_a_sub_step_given_to_the_pipeline_is_pointed_out():
    with pytest.raises(ParameterError, match=r"step 'add' has it: steps.add.value"):
        fakesteps.Pipe(value=3)


def test_a_required_parameter_is_asked_for():
    with pytest.raises(ParameterError, match="Config parameter 'z': missing"):
        fakesteps.Needs()
    assert fakesteps.Needs(z="2.5").z == 2.5


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("thr", "2.5", 2.5),
        ("thr", np.float32(2.5), 2.5),
        ("n", np.int64(7), 7),
        ("skip", "true", True),
        ("skip", np.bool_(True), True),
        ("output_dir", Path("a/b"), "a/b"),
        ("suffix", "None", None),
        ("pre_hooks", "math.floor", ["math.floor"]),
    ],
)
def test_values_convert_as_in_a_parameter_file(name, value, expected):
    assert getattr(fakesteps.Nothing(**{name: value}), name) == expected


def test_attributes_are_checked_when_set():
    step = fakesteps.Nothing()
    step.thr = "4"
    assert step.thr == 4.0
    with pytest.raises(ParameterError, match=r'Nothing\.thr: the value "abc" is of the wrong type'):
        step.thr = "abc"
    assert step.thr == 4.0


def test_a_misspelt_attribute_raises_with_the_nearest_name():
    pipe = fakesteps.Pipe()
    with pytest.raises(UnknownAttributeError, match="did you mean 'value'"):
        pipe.add.valu = 5
    with pytest.raises(UnknownAttributeError, match="did you mean 'skip'"):
        pipe.add.skipp = True


def test_other_attributes_are_free():
    step = fakesteps.Nothing()
    step.anything = 1
    step._thr = 2
    step.process = lambda model: None
    step.keep_near_name()
    assert step.thrr == 9


def test_defaults_are_not_shared_between_instances():
    first, second = fakesteps.Nothing(), fakesteps.Nothing()
    first.pre_hooks.append(len)
    assert second.pre_hooks == []
    assert fakesteps.Nothing().pre_hooks == []


CFG = """
name = "mine"
class = "fakesteps.Pipe"
save_ramp = True
[steps]
  [[add]]
    value = 5
    config_file = add.cfg
  [[decline]]
    skip = true
"""


def write_cfg():
    Path("sub").mkdir(exist_ok=True)
    Path("sub/pipe.cfg").write_text(CFG)
    Path("sub/add.cfg").write_text('class = "fakesteps.AddStep"\nvalue = 7\nsuffix = "q"\n')
    return "sub/pipe.cfg"


def test_a_config_file_in_a_section_loses_against_inline_values():
    pipe = fakesteps.Pipe.from_config_file(write_cfg())
    assert pipe.name == "mine"
    assert pipe.save_ramp is True
    assert (pipe.add.value, pipe.add.suffix, pipe.decline.skip) == (5.0, "q", True)


def test_every_value_remembers_its_source():
    pipe = fakesteps.Pipe._from_layers(
        config_parser.load_values(write_cfg()), {"steps": {"add": {"suffix": "z"}}}, "sub/pipe.cfg"
    )
    pipe.fit.skip = True
    sources = pipe.parameter_sources()
    assert sources["steps.add.value"] == (5.0, "file", "sub/pipe.cfg")
    assert sources["steps.add.suffix"] == ("z", "explicit", "argument")
    assert sources["steps.fit.skip"] == (True, "explicit", "attribute")
    assert sources["output_ext"] == (".fits", "spec", "")


def test_all_ways_to_give_parameters_are_equal():
    write_cfg()
    given = {
        "save_ramp": True,
        "steps": {"add": {"value": 5, "suffix": "q"}, "decline": {"skip": True}},
    }
    by_file = fakesteps.Pipe.from_config_file("sub/pipe.cfg").get_pars()
    by_constructor = fakesteps.Pipe(**given).get_pars()
    by_update = fakesteps.Pipe()
    by_update.update_pars(given)
    config, _ = fakesteps.Pipe.build_config(None, **given)
    by_section = fakesteps.Pipe.from_config_section(config).get_pars()
    assert by_file == by_constructor == by_update.get_pars() == by_section


@given(
    save_ramp=st.booleans(),
    suffix=st.none() | st.sampled_from(["q", "cal"]),
    value=st.floats(allow_nan=False, allow_infinity=False),
    skip=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_file_arguments_and_command_line_give_equal_parameters(save_ramp, suffix, value, skip):
    given_steps = {"add": {"value": value}, "fit": {"skip": skip, "suffix": suffix}}
    by_constructor = fakesteps.Pipe(save_ramp=save_ramp, steps=given_steps)
    lines = [
        'class = "fakesteps.Pipe"',
        f"save_ramp = {save_ramp}",
        "[steps]",
        f"[[add]]\nvalue = {value!r}",
        f"[[fit]]\nskip = {skip}\nsuffix = {suffix}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "p.cfg")
        path.write_text("\n".join(lines))
        by_file = fakesteps.Pipe.from_config_file(path)
    argv = [
        "fakesteps.Pipe",
        "x",
        f"--save_ramp={save_ramp}",
        f"--steps.add.value={value!r}",
        f"--steps.fit.skip={skip}",
        f"--steps.fit.suffix={suffix}",
        "--save_results=false",
    ]
    by_command = cmdline.parse(argv).step
    assert by_constructor.get_pars() == by_file.get_pars() == by_command.get_pars()


def test_an_asdf_file_gives_the_parameters_back():
    pipe = fakesteps.Pipe(save_ramp=True, steps={"add": {"value": 5}})
    pipe.export_config("pars.asdf", include_metadata=True)
    again = fakesteps.Pipe.from_config_file("pars.asdf")
    assert again.get_pars() == pipe.get_pars()
    text = Path("pars.asdf").read_text(errors="replace")
    assert "reftype: pars-pipe" in text
    assert "useafter: <SPECIFY>" in text


def test_the_file_of_another_class_is_refused():
    write_cfg()
    with pytest.raises(ParameterError, match="does not match the expected step class"):
        fakesteps.AddStep.from_config_file("sub/pipe.cfg")
    with pytest.raises(ParameterError, match="is for Pipe, expected AddStep"):
        fakesteps.AddStep.call("x.fits", config_file="sub/pipe.cfg")


def test_toml_and_yaml_hold_parameters_too():
    Path("a.toml").write_text('class = "fakesteps.Pipe"\n[steps.add]\nvalue = 5.0\n')
    Path("a.yaml").write_text("class: fakesteps.Pipe\nsteps: {add: {value: 5.0}}\n")
    assert fakesteps.Pipe.from_config_file("a.toml").add.value == 5.0
    assert fakesteps.Pipe.from_config_file("a.yaml").add.value == 5.0


def test_a_missing_file_and_a_syntax_error_are_named_with_the_line():
    with pytest.raises(ValueError, match=r"Config file no.cfg not found\."):
        config_parser.load_config_file("no.cfg")
    Path("bad.cfg").write_text('class = "x"\n[steps\nvalue\n')
    with pytest.raises(ParameterError, match=r"bad\.cfg.*line 2: '\[steps'.*syntax error"):
        config_parser.load_config_file("bad.cfg")


def test_print_configspec_shows_the_merged_spec(capsys):
    fakesteps.Pipe.print_configspec()
    text = capsys.readouterr().out
    assert "save_ramp = boolean(default=False)" in text
    assert "[[add]]" in text


def test_validate_fills_defaults_and_converts():
    spec = fakesteps.Nothing.load_spec_file()
    config = config_parser.config_from_dict({"thr": "3"}, spec)
    assert (config["thr"], config["n"], config["output_ext"]) == (3.0, 3, ".fits")


def test_steps_pickle():
    pipe = pickle.loads(pickle.dumps(fakesteps.Pipe(steps={"add": {"value": 5}})))
    assert pipe.add.value == 5.0
    assert pipe.add.parent is pipe


def test_a_model_may_override_a_reference():
    model = fakemodels.MaskModel()
    assert fakesteps.MaskStep(override_mask=model).override_mask is model
    with pytest.raises(ParameterError, match="override_mask"):
        fakesteps.MaskStep(override_mask=5)

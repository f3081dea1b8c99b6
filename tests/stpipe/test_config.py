"""`StepConfig` and the ASDF layout of parameters, the older one included."""

from pathlib import Path

import asdf
import fakesteps
import pytest

from jwstlike.stpipe.config import StepConfig, export_config

pytestmark = pytest.mark.usefixtures("own_folder")


def test_a_config_survives_asdf():
    config = export_config(fakesteps.Pipe(steps={"add": {"value": 5}}))
    with config.to_asdf() as file:
        file.write_to("a.asdf")
    with asdf.open("a.asdf") as file:
        again = StepConfig.from_asdf(file)
    assert again == config
    assert again.class_name == "fakesteps.Pipe"
    assert again.steps[0].name == "add"
    assert again.steps[0].parameters["value"] == 5.0
    assert again != StepConfig("fakesteps.Pipe", "Pipe", {})


def test_a_file_without_parameters_is_refused():
    with pytest.raises(ValueError, match="no step parameters"):
        StepConfig.from_asdf(asdf.AsdfFile({"x": 1}))


OLD = {
    "class": "fakesteps.Pipe",
    "name": "old",
    "parameters": {
        "save_ramp": True,
        "steps": [{"class": "fakesteps.AddStep", "name": "add", "parameters": {"value": 7.0}}],
    },
}


def test_steps_among_the_parameters_are_understood():
    asdf.AsdfFile(OLD).write_to("old.asdf")
    pipe = fakesteps.Pipe.from_config_file(Path("old.asdf"))
    assert (pipe.name, pipe.save_ramp, pipe.add.value) == ("old", True, 7.0)
    config = StepConfig.from_asdf(asdf.AsdfFile(OLD))
    assert config.parameters == {"save_ramp": True}
    assert config.steps == [StepConfig("fakesteps.AddStep", "add", {"value": 7.0})]


def test_hooks_and_models_are_exported_as_text():
    config = export_config(fakesteps.Nothing(pre_hooks=[len]))
    assert config.parameters["pre_hooks"] == "[<built-in function len>]"

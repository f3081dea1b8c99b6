"""When a model is checked."""

import numpy as np
import pytest

from jwstlike.datamodels import DataModel, ImageModel
from jwstlike.datamodels.exceptions import ValidationError, ValidationWarning


def test_deferred_assignments_are_checked_once_at_the_end():
    model = ImageModel()
    with pytest.warns(ValidationWarning) as caught, model.deferred():
        model.meta.instrument.name = "NOBODY"
        model.meta.exposure.ngroups = "three"
        model.meta.target.catalog_name = "M31"
        assert not caught
    text = "\n".join(str(warning.message) for warning in caught)
    assert "meta.instrument.name" in text
    assert "meta.exposure.ngroups" in text
    assert "catalog_name" not in text


def test_a_value_that_is_mended_before_the_end_is_no_finding():
    model = ImageModel(strict_validation=True)
    with model.deferred():
        model.meta.instrument.name = "NOBODY"
        model.meta.instrument.name = "NIRCAM"
    assert model.meta.instrument.name == "NIRCAM"


def test_strict_models_raise_at_the_end_and_check_again_afterwards():
    model = ImageModel(strict_validation=True)
    with pytest.raises(ValidationError, match="NOBODY"), model.deferred():
        model.meta.instrument.name = "NOBODY"
    with pytest.raises(ValidationError):
        model.meta.exposure.ngroups = "three"


def test_an_error_in_the_block_is_not_hidden_by_a_check():
    model = ImageModel(strict_validation=True)
    with pytest.raises(ZeroDivisionError), model.deferred():
        model.meta.instrument.name = "NOBODY"
        raise ZeroDivisionError


def test_models_that_check_nothing_stay_silent():
    model = ImageModel(validate_on_assignment=False)
    with model.deferred():
        model.meta.instrument.name = "NOBODY"
    assert model.meta.instrument.name == "NOBODY"


@pytest.mark.parametrize("suffix", ["fits", "asdf"])
def test_datatypes_that_would_be_cast_are_told_if_arrays_are_to_be_validated(suffix, tmp_path):
    path = DataModel({"data": np.ones((2, 2))}).save(tmp_path / "a.asdf")
    for opened in (True, False):
        model = ImageModel(path if opened else None, validate_arrays=True)
        model._instance["data"] = model._tree.get("data", np.ones((2, 2)))
        with pytest.warns(ValidationWarning, match="the datatype must be float32"):
            model.validate()
        with pytest.warns(ValidationWarning, match="the datatype must be float32"):
            model.save(tmp_path / f"b.{suffix}")
    assert not ImageModel(path).check()
    big = ImageModel(validate_arrays=True)
    big._instance["data"] = np.ones((2, 2), ">f4")
    assert not big.check()

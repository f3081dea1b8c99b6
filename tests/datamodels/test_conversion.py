"""A model of one class from a model of another."""

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import CubeModel, ImageModel, Level1bModel, RampModel
from jwstlike.datamodels.exceptions import ValidationWarning


@pytest.fixture
def raw(tmp_path):
    model = Level1bModel(np.full((1, 2, 3, 4), 9, "u2"))
    model.meta.instrument.name, model.meta.instrument.detector = "NIRCAM", "NRCA1"
    model.meta.exposure.nints = 1
    model.history.append("an event")
    return datamodels.open(model.save(tmp_path / "raw.fits"))


def test_unread_arrays_stay_unread(raw):
    ramp = RampModel(raw)
    assert not isinstance(ramp._tree["data"], np.ndarray)
    assert ramp.data.dtype == np.float32
    assert not isinstance(raw._tree["data"], np.ndarray)


def test_deleted_and_replaced_values_do_not_come_back(raw):
    raw.meta.exposure.nints = None
    raw.meta.instrument = {"name": "MIRI"}
    ramp = RampModel(raw)
    assert ramp.meta.exposure.nints is None
    assert ramp.meta.instrument.instance == {"name": "MIRI"}


def test_the_history_comes_along(raw):
    assert RampModel(raw).history == ["an event"]


def test_changes_do_not_reach_the_other_model(raw):
    ramp = RampModel(raw)
    ramp.meta.instrument.name = "MIRI"
    ramp.data += 1
    assert raw.meta.instrument.name == "NIRCAM"
    assert raw.data.max() == 9


def test_a_converted_model_saves_and_reads_back(raw, tmp_path):
    ramp = RampModel(raw)
    ramp.data *= 0.5
    again = datamodels.open(ramp.save(tmp_path / "ramp.fits"))
    assert type(again) is RampModel
    assert again.data.max() == 4.5
    assert again.meta.instrument.detector == "NRCA1"


def test_what_does_not_fit_is_kept_and_reported():
    with pytest.warns(ValidationWarning, match=r"\(data\): .* Expected 3, got 2"):
        cube = CubeModel(ImageModel(np.zeros((2, 3))))
    assert cube.data.shape == (2, 3)

"""A model and its arrays are freed as soon as nobody holds them, without the garbage collector."""

import gc
import weakref

import numpy as np
import pytest

from jwstlike import datamodels


@pytest.fixture(autouse=True)
def _no_collector():
    gc.disable()
    yield
    gc.enable()


def test_arrays_go_with_their_model_whatever_was_looked_at():
    model = datamodels.ImageModel(np.zeros((4, 5), "f4"))
    model.dq[1, 1] = 4
    model.meta.instrument.name = "NIRCAM"
    assert model.meta.exposure.type is None
    array = weakref.ref(model.data)
    del model
    assert array() is None


def test_a_node_keeps_the_content_alive_and_usable():
    model = datamodels.ImageModel((4, 5))
    instrument = model.meta.instrument
    del model
    instrument.name = "NIRCAM"
    assert instrument.name == "NIRCAM"


def test_a_chain_of_attributes_on_a_model_that_nobody_holds_works(tmp_path):
    path = tmp_path / "a.fits"
    model = datamodels.ImageModel((4, 5))
    model.meta.instrument.name = "NIRCAM"
    model.save(path)
    assert datamodels.open(path).meta.instrument.name == "NIRCAM"

"""`update`: metadata of another model."""

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, RampModel


@pytest.fixture(params=["memory", "file"])
def source(request, tmp_path):
    model = RampModel((1, 2, 3, 4))
    model.meta.instrument.name = "NIRCAM"
    model.meta.wcsinfo.crpix1 = 5.0
    model.meta.free_text = "only in the tree"
    if request.param == "file":
        return datamodels.open(model.save(tmp_path / "a.fits"))
    return model


def test_values_bound_to_cards_are_taken_over(source):
    target = ImageModel(np.ones((3, 4)))
    date = target.meta.date
    target.update(source)
    assert target.meta.instrument.name == "NIRCAM"
    assert target.meta.wcsinfo.crpix1 == 5.0
    assert target.meta.model_type == "ImageModel"
    assert target.meta.date == date
    assert target.data.sum() == 12
    assert not target.meta.hasattr("free_text")


def test_hdus_can_be_chosen(source):
    target = ImageModel()
    target.update(source, only="PRIMARY")
    assert target.meta.instrument.name == "NIRCAM"
    assert target.meta.wcsinfo.crpix1 is None


def test_a_dict_gives_all_that_is_no_array():
    target = ImageModel()
    target.update({"meta": {"instrument": {"name": "MIRI"}, "mine": {"a": 1}, "date": "never"},
                   "data": np.zeros((2, 2))})  # fmt: skip
    assert target.meta.instrument.name == "MIRI"
    assert target.meta.mine.a == 1
    assert target.meta.date != "never"
    assert not target.hasattr("data")


def test_the_source_is_not_shared():
    source, target = ImageModel(), ImageModel()
    source.meta.instrument.name = "MIRI"
    target.update(source)
    target.meta.instrument.name = "NIRCAM"
    assert source.meta.instrument.name == "MIRI"


def test_extra_cards_are_taken_over_when_asked_for(tmp_path):
    import astropy.io.fits as afits

    for name, value in (("a", 1), ("b", 2)):
        path = ImageModel((2, 2)).save(tmp_path / f"{name}.fits")
        with afits.open(path, mode="update") as hdus:
            hdus[0].header["MYKEY"] = (value, "mine")
            hdus.append(afits.ImageHDU(np.full(2, value), name=f"EXTRA{name}"))
    target, source = (datamodels.open(tmp_path / f"{n}.fits") for n in "ab")
    target.update(source, extra_fits=True)
    with afits.open(target.save(tmp_path / "c.fits")) as hdus:
        assert hdus[0].header["MYKEY"] == 2
        assert hdus["EXTRAA"].data.tolist() == [1, 1]

"""What a file holds beyond the schema."""

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel


@pytest.fixture
def path(tmp_path):
    path = ImageModel(np.ones((2, 2))).save(tmp_path / "a.fits")
    with afits.open(path, mode="update") as hdus:
        hdus[0].header["MYKEY"] = (1, "mine")
        hdus.append(afits.ImageHDU(np.arange(3), name="MORE"))
        hdus.append(afits.ImageHDU(np.arange(4), name="MORE", ver=2))
        hdus.append(afits.ImageHDU(np.arange(5)))
    return path


def test_cards_and_data_are_found_by_name_version_or_number(path):
    extra = datamodels.open(path).extra_fits
    assert extra.PRIMARY.header == [["MYKEY", 1, "mine"]]
    assert extra.MORE.data.tolist() == [0, 1, 2]
    assert extra["MORE,2"].data.tolist() == [0, 1, 2, 3]
    assert extra["#5"].data.tolist() == [0, 1, 2, 3, 4]


def test_they_can_be_changed(path, tmp_path):
    model = datamodels.open(path)
    model.extra_fits.PRIMARY.header[0] = ["MYKEY", 2, "changed"]
    model.extra_fits.MORE.data = np.arange(6)
    with afits.open(model.save(tmp_path / "b.fits")) as hdus:
        assert hdus[0].header["MYKEY"] == 2
        assert hdus[0].header.comments["MYKEY"] == "changed"
        assert hdus["MORE"].data.tolist() == [0, 1, 2, 3, 4, 5]
        assert hdus["MORE", 2].data.tolist() == [0, 1, 2, 3]


def test_they_can_be_removed(path, tmp_path):
    model = datamodels.open(path)
    del model.extra_fits.MORE
    with afits.open(model.save(tmp_path / "b.fits")) as hdus:
        assert [(h.name, h.ver) for h in hdus if h.name == "MORE"] == [("MORE", 2)]


def test_they_can_be_made(tmp_path):
    model = ImageModel((2, 2))
    model.extra_fits = {
        "PRIMARY": {"header": [["MYKEY", 1, "mine"]]},
        "MORE": {"header": [["OTHER", "x", ""]], "data": np.arange(3)},
    }
    path = model.save(tmp_path / "a.fits")
    with afits.open(path) as hdus:
        assert hdus[0].header["MYKEY"] == 1
        assert hdus["MORE"].header["OTHER"] == "x"
        assert hdus["MORE"].data.tolist() == [0, 1, 2]
    again = datamodels.open(path)
    assert again.extra_fits.MORE.data.tolist() == [0, 1, 2]

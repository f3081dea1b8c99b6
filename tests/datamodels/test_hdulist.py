"""An open `HDUList` is read from its file where that is the same, else copied."""

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel


@pytest.fixture
def path(tmp_path):
    model = ImageModel(np.arange(6.0).reshape(2, 3))
    model.dq = np.ones((2, 3))
    model.meta.instrument.name = "NIRCAM"
    return model.save(tmp_path / "a.fits")


def is_copied(hdulist):
    model = datamodels.open(hdulist)
    assert type(model) is ImageModel
    assert model.meta.filename == "a.fits"
    return model._source_path is None


def test_one_of_which_nothing_was_loaded_is_read_from_its_file(path):
    with afits.open(path) as hdulist:
        assert not is_copied(hdulist)
        assert len(hdulist) > 2  # astropy has met every HDU
        assert hdulist["SCI"].header["NAXIS1"] == 3
        assert not is_copied(hdulist)
        model = datamodels.open(hdulist)
    assert model.data[1, 2] == 5
    assert hdulist._file.closed


def change_data(hdulist):
    hdulist["SCI"].data[0, 0] = 99


def replace_data(hdulist):
    hdulist["SCI"].data = np.full((2, 3), 99.0, "f4")


def change_card(hdulist):
    hdulist[0].header["INSTRUME"] = "MIRI"


def change_card_behind(hdulist):
    hdulist["SCI"].header["BUNIT"] = "DN"


def remove(hdulist):
    del hdulist["DQ"]


def remove_last(hdulist):
    del hdulist[-1]


def insert(hdulist):
    hdulist.insert(1, afits.ImageHDU(np.zeros(3), name="NEW"))


def exchange(hdulist):
    hdulist[1], hdulist[2] = hdulist[2], hdulist[1]


def rename(hdulist):
    hdulist["DQ"].name = "OLD"


CHANGES = (
    change_data, replace_data, change_card, change_card_behind, remove, remove_last, insert,
    exchange, rename,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__)
def test_every_change_of_it_is_seen(path, change):
    with afits.open(path) as hdulist:
        change(hdulist)
        model = datamodels.open(hdulist)
        names = [hdu.name for hdu in hdulist]
        expected = hdulist["SCI"].data.copy()
    assert model._source_path is None
    assert [hdu.extname for hdu in model._reader.index] == names
    np.testing.assert_array_equal(model.data, expected)
    assert model.meta.instrument.name == hdulist[0].header["INSTRUME"]
    assert model.meta.bunit_data == hdulist["SCI"].header.get("BUNIT")


@pytest.mark.parametrize("mode", ["update", "append"])
def test_one_that_may_write_its_file_is_copied(path, mode):
    with afits.open(path, mode=mode) as hdulist:
        assert is_copied(hdulist)


def test_one_that_was_made_in_memory_is_copied(path):
    made = afits.HDUList([afits.PrimaryHDU(), afits.ImageHDU(np.ones((2, 2)), name="SCI")])
    made[0].header["DATAMODL"] = "ImageModel"
    assert datamodels.open(made).data.sum() == 4


def test_compressed_images_are_copied(tmp_path):
    image = afits.CompImageHDU(np.ones((9, 9), "i4"), name="SCI")
    primary = afits.PrimaryHDU()
    primary.header["DATAMODL"] = "ImageModel"
    afits.HDUList([primary, image]).writeto(tmp_path / "a.fits")
    with afits.open(tmp_path / "a.fits") as hdulist:
        len(hdulist)
        assert datamodels.open(hdulist).data.sum() == 81

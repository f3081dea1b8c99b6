"""An open `HDUList` is read from its file where that is the same, else copied."""

import io

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


@pytest.fixture
def odd(path, tmp_path):
    """Write scaled integers and an odd card."""
    image = afits.ImageHDU(np.arange(4, dtype="i2"), name="SCALED")
    image.header.update({"BSCALE": 0.5, "BZERO": 10.0, "ODD": "x"})
    with afits.open(path) as hdulist:
        hdulist.append(image)
        hdulist.writeto(tmp_path / "odd.fits")
    content = (tmp_path / "odd.fits").read_bytes()
    place = content.index(b"ODD     =")
    odd = b"ODD     = what is this".ljust(80)
    (tmp_path / "odd.fits").write_bytes(content[:place] + odd + content[place + 80 :])
    return tmp_path / "odd.fits"


@pytest.mark.parametrize("from_bytes", [False, True])
def test_what_astropy_has_not_read_is_copied_as_it_is(odd, tmp_path, from_bytes):
    with afits.open(io.BytesIO(odd.read_bytes()) if from_bytes else odd) as hdulist:
        hdulist[0].header["TARGNAME"] = "M31"
        model = datamodels.open(hdulist)
        assert hdulist["SCALED"].header["BSCALE"] == 0.5  # the user's own object is untouched
    assert model.meta.target.catalog_name == "M31"
    model.save(tmp_path / "b.fits")
    content = odd.read_bytes()
    start = content.index(b"XTENSION", content.index(b"ASDF_METADATA") + 2880)
    assert content[start:] in (tmp_path / "b.fits").read_bytes()

"""Images are compressed tile by tile without loss."""

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, RampModel


@pytest.fixture
def model():
    rng = np.random.default_rng(1)
    model = ImageModel(rng.normal(size=(50, 60)).astype("f4"))
    model.data[0, 0], model.data[0, 1] = np.nan, np.inf
    model.dq = rng.integers(0, 9, (50, 60))
    model.dq[0, 0] = 2**32 - 1
    model.meta.bunit_data = "MJy/sr"
    return model


def kinds(path):
    with afits.open(path) as hdulist:
        return {
            hdu.name: hdu.compression_type for hdu in hdulist if isinstance(hdu, afits.CompImageHDU)
        }


def check(path, model):
    """Both astropy and we read the very values."""
    with afits.open(path) as hdulist:
        np.testing.assert_array_equal(hdulist["SCI"].data, model.data)
        np.testing.assert_array_equal(hdulist["DQ"].data, model.dq)
        assert hdulist["SCI"].header["BUNIT"] == "MJy/sr"
    again = datamodels.open(path)
    np.testing.assert_array_equal(again.data, model.data)
    np.testing.assert_array_equal(again.dq, model.dq)
    assert (again.dq.dtype, again.meta.bunit_data) == (np.uint32, "MJy/sr")


def test_each_image_gets_the_algorithm_that_keeps_its_values(model, tmp_path):
    path = model.save(tmp_path / "a.fits", compress=True)
    assert kinds(path) == {"SCI": "GZIP_2", "DQ": "RICE_1"}
    check(path, model)


@pytest.mark.parametrize(
    ("wish", "made"),
    [
        ("GZIP_1", {"SCI": "GZIP_1", "DQ": "GZIP_1"}),
        ({"dq": "HCOMPRESS_1"}, {"DQ": "HCOMPRESS_1"}),
        ({"SCI": True}, {"SCI": "GZIP_2"}),
        ({}, {}),
        (False, {}),
    ],
)
def test_images_and_algorithms_can_be_chosen(model, tmp_path, wish, made):
    path = model.save(tmp_path / "a.fits", compress=wish)
    assert kinds(path) == made
    check(path, model)


def test_ramps_are_compressed(tmp_path):
    ramp = RampModel(np.arange(2 * 3 * 8 * 9, dtype="f4").reshape(2, 3, 8, 9))
    path = ramp.save(tmp_path / "a.fits", compress=True)
    assert kinds(path) == {"SCI": "GZIP_2", "PIXELDQ": "RICE_1", "GROUPDQ": "RICE_1"}
    np.testing.assert_array_equal(datamodels.open(path).data, ramp.data)


def test_what_was_compressed_stays_so_until_it_is_changed(model, tmp_path):
    again = datamodels.open(model.save(tmp_path / "a.fits", compress=True, checksum=True))
    again.data[5, 5] = 7
    path = again.save(tmp_path / "b.fits")
    assert kinds(path) == {"DQ": "RICE_1"}
    check(path, again)
    with afits.open(path, checksum=True) as hdulist:  # a wrong checksum would warn
        assert not [k for k in hdulist["SCI"].header if k.startswith("Z")]


def test_losses_and_unknown_algorithms_are_refused(model, tmp_path):
    with pytest.raises(ValueError, match="SCI: compress='RICE_1' would change floating-point"):
        model.save(tmp_path / "a.fits", compress="RICE_1")
    with pytest.raises(ValueError, match=r"'GZIP_3' is not one of .*did you mean 'GZIP_"):
        model.save(tmp_path / "a.fits", compress="GZIP_3")
    assert not list(tmp_path.iterdir())

"""Tiles of HCOMPRESS are measured before their decoder writes beyond its memory."""

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.errors import FileFormatError


def packed(image, tile):
    hdu = afits.CompImageHDU(image, name="SCI", compression_type="HCOMPRESS_1", tile_shape=tile)
    return afits.HDUList([afits.PrimaryHDU(), hdu])


@pytest.mark.filterwarnings("ignore::jwstlike.errors.NoTypeWarning")
@pytest.mark.parametrize("tile", [(40, 50), (16, 20), (40, 15)])
def test_tiles_at_the_edges_are_read(tmp_path, tile):
    image = np.arange(2000, dtype="i2").reshape(40, 50)
    packed(image, tile).writeto(tmp_path / "a.fits")
    np.testing.assert_array_equal(datamodels.open(tmp_path / "a.fits").data, image)
    content = (tmp_path / "a.fits").read_bytes()
    np.testing.assert_array_equal(datamodels.open(content).data, image)


@pytest.mark.filterwarnings("ignore::jwstlike.errors.NoTypeWarning")
@pytest.mark.parametrize("card", ["ZNAXIS2", "ZTILE2", "ZTILE1"])
def test_a_tile_larger_than_its_place_is_refused(tmp_path, card):
    packed(np.zeros((40, 50), "i2"), (40, 50)).writeto(tmp_path / "a.fits")
    with afits.open(tmp_path / "a.fits", disable_image_compression=True) as hdulist:
        hdulist[1].header[card] = 8
        hdulist.writeto(tmp_path / "b.fits")
    model = datamodels.open(tmp_path / "b.fits")
    with pytest.raises(FileFormatError, match=r"a tile of \(\d+, \d+\) pixels does not fit"):
        _ = model.data

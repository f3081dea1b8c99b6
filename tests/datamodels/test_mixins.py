"""Default flags and errors, translated flags."""

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import CubeModel, ImageModel, MaskModel, SuperBiasModel, dqflags, dynamicdq
from jwstlike.datamodels.fits_scan import scan


def test_a_new_primary_array_brings_flags_and_errors():
    model = CubeModel((2, 3, 4))
    assert model.hasattr("dq")
    assert model.hasattr("err")
    assert not CubeModel().hasattr("dq")
    assert not ImageModel((2, 2)).hasattr("dq")


@pytest.fixture
def path(tmp_path):
    """Save a mask whose bit 0 means DEAD, bit 1 HOT; bit 5 is in no table."""
    names = [("BIT", "i4"), ("VALUE", "i4"), ("NAME", "S40"), ("DESCRIPTION", "S80")]
    rows = np.array([(0, 1, b"DEAD", b""), (1, 2, b"HOT", b"")], names)
    table = afits.BinTableHDU(rows, name="DQ_DEF")
    dq = np.array([[0, 1], [2, 3 + 32]], "u4")
    primary = afits.PrimaryHDU()
    primary.header["DATAMODL"] = "MaskModel"
    primary.header["TELESCOP"] = "JWST"
    hdus = [primary, afits.ImageHDU(dq, name="DQ"), table]
    afits.HDUList(hdus).writeto(tmp_path / "a.fits")
    return tmp_path / "a.fits"


DEAD, HOT = dqflags.pixel["DEAD"], dqflags.pixel["HOT"]


def test_flags_are_read_as_the_standard_ones(path):
    assert datamodels.open(path).dq.tolist() == [[0, DEAD], [HOT, DEAD | HOT]]


def test_untouched_flags_are_saved_as_they_were_also_bits_of_no_table(path, tmp_path):
    model = datamodels.open(path)
    model.dq  # noqa: B018
    new = model.save(tmp_path / "b.fits")
    assert scan(new)[1].raw == scan(path)[1].raw
    assert afits.getdata(new, "DQ").tolist() == [[0, 1], [2, 35]]


def test_changed_flags_are_saved_in_the_terms_of_the_table(path, tmp_path):
    model = datamodels.open(path)
    model.dq[0, 0] = HOT
    new = model.save(tmp_path / "b.fits")
    assert afits.getdata(new, "DQ")[0].tolist() == [2, 1]
    assert datamodels.open(new).dq[0].tolist() == [HOT, DEAD]
    assert model.dq[0, 0] == HOT


def test_translation_has_an_inverse():
    table = np.array([(0, 1, b"DEAD", b"")], "i4, i4, S10, S10")
    table.dtype.names = ("BIT", "VALUE", "NAME", "DESCRIPTION")
    model = MaskModel((2, 2))
    model.dq = [[1, 0], [0, 1]]
    model.dq_def = table
    out = dynamicdq.dynamic_mask(model, dqflags.pixel)
    assert out.tolist() == [[DEAD, 0], [0, DEAD]]
    model.dq = out
    assert dynamicdq.dynamic_mask(model, dqflags.pixel, inv=True).tolist() == [[1, 0], [0, 1]]


def test_without_a_table_nothing_is_translated():
    model = SuperBiasModel((2, 2))
    assert dynamicdq.dynamic_mask(model, dqflags.pixel) is model.dq

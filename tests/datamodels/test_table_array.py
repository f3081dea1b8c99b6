"""Tables in memory."""

import copy
import pickle

import asdf
import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from jwstlike import datamodels
from jwstlike.datamodels.table_array import TableArray, as_table

DTYPE = [("WAVELENGTH", "f8"), ("FLUX", "f8"), ("DQ", "u4"), ("NAME", "S4")]


@pytest.fixture
def table():
    rows = np.array([(1.0, 2.0, 3, b"ab"), (4.0, 5.0, 2**31, b"cd")], DTYPE)
    return as_table(rows, {"wavelength": "um"})


def test_columns_are_found_in_any_spelling_and_are_plain(table):
    assert type(table["flux"]) is np.ndarray
    assert table["Flux"].tolist() == table.flux.tolist() == table.field(1).tolist() == [2, 5]
    table["flux"] = 7
    assert table["FLUX"].tolist() == [7, 7]
    with pytest.raises(AttributeError, match="no column 'nothing'"):
        table.nothing  # noqa: B018
    with pytest.raises(KeyError, match="no column 'nothing'; it has WAVELENGTH, FLUX, DQ, NAME"):
        table["nothing"]
    with pytest.raises(KeyError, match=r"no column .FLUXX.; did you mean .FLUX."):
        table["FLUXX"] = 3


def test_slices_and_copies_keep_units(table):
    for other in (table[:1], table.copy(), copy.deepcopy(table), pickle.loads(pickle.dumps(table))):
        assert type(other) is TableArray
        assert other.columns["WAVELENGTH"].unit == "um"
    other.columns["wavelength"].unit = "nm"
    assert table.columns["wavelength"].unit == "um"


def test_columns_tell_names_and_units(table):
    assert table.names == table.columns.names == ["WAVELENGTH", "FLUX", "DQ", "NAME"]
    assert table.columns.units == ["um", "", "", ""]
    assert [c.array.shape for c in table.columns] == [(2,)] * 4
    assert len(table.columns) == 4
    table.columns[1].unit = "Jy"
    table.columns["wavelength"].unit = None
    assert table.units == {"FLUX": "Jy"}
    with pytest.raises(KeyError, match="no column 'x'; it has WAVELENGTH, FLUX"):
        table.columns["x"]


def test_the_memory_of_an_array_is_shared():
    rows = np.zeros(2, DTYPE)
    as_table(rows)["FLUX"][0] = 5
    assert rows["FLUX"][0] == 5


def test_values_of_astropys_tables_are_those_that_it_shows():
    rows = np.array([(1.0, 2.0, 2**31, b"ab")], DTYPE)
    hdu = fits.BinTableHDU(rows)
    hdu.columns["FLUX"].unit = "Jy"
    made = as_table(hdu.data)
    assert made["DQ"].tolist() == [2**31]
    assert made["NAME"].tolist() == ["ab"]
    assert made.units == {"FLUX": "Jy"}


def test_units_set_in_a_model_are_written(tmp_path):
    """Case 44."""
    spectrum = datamodels.SpecModel()
    spectrum.spec_table = np.ones(3, spectrum.get_dtype("spec_table"))
    spectrum.spec_table.columns["wavelength"].unit = "um"
    many = datamodels.MultiSpecModel()
    many.spec.append(spectrum)
    many.spec[0].spec_table.columns["flux"].unit = "Jy"
    path = many.save(tmp_path / "a.fits")
    with fits.open(path) as hdulist:
        assert hdulist["EXTRACT1D"].columns["WAVELENGTH"].unit == "um"
        assert hdulist["EXTRACT1D"].columns["FLUX"].unit == "Jy"
    again = datamodels.open(path)
    columns = again.spec[0].spec_table.columns
    assert (columns["flux"].unit, columns["wavelength"].unit) == ("Jy", "um")
    columns["flux"].unit = "mJy"
    columns["wavelength"].unit = None
    with fits.open(again.save(tmp_path / "b.fits")) as hdulist:
        assert hdulist["EXTRACT1D"].columns["WAVELENGTH"].unit is None
        assert hdulist["EXTRACT1D"].columns["FLUX"].unit == "mJy"
        assert hdulist["EXTRACT1D"].data["FLUX"].tolist() == [1, 1, 1]


def test_a_table_of_astropy_is_taken_with_its_units(tmp_path):
    model = datamodels.SpecModel()
    hdu = fits.BinTableHDU(np.ones(2, model.get_dtype("spec_table")))
    hdu.columns["FLUX"].unit = "Jy"
    model.spec_table = hdu.data
    assert model.spec_table["dq"].dtype == np.uint32
    with fits.open(model.save(tmp_path / "a.fits")) as hdulist:
        assert hdulist["EXTRACT1D"].columns["FLUX"].unit == "Jy"
        assert hdulist["EXTRACT1D"].data["DQ"].tolist() == [1, 1]


@pytest.mark.parametrize("extra", [None, Time("2020-01-01")])
def test_a_table_is_saved_in_asdf_as_a_structured_array(tmp_path, extra):
    model = datamodels.SpecModel()
    model.spec_table = np.ones(3, model.get_dtype("spec_table"))
    model.when = extra  # what only the package asdf can write
    path = model.save(tmp_path / "a.asdf")
    with asdf.open(path) as file:
        assert file["spec_table"]["WAVELENGTH"].tolist() == [1, 1, 1]
    assert datamodels.open(path).spec_table["flux"].tolist() == [1, 1, 1]

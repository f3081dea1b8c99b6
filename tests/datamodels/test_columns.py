"""Tables whose columns are not those of the schema."""

import numpy as np
import pytest
from astropy.io import fits

from jwstlike import datamodels
from jwstlike.errors import ValidationWarning


def write(path, table, extname, model, units=()):
    hdu = fits.BinTableHDU(table, name=extname)
    for number, unit in units:
        hdu.header[f"TUNIT{number}"] = unit
    primary = fits.PrimaryHDU()
    primary.header["DATAMODL"] = model
    primary.header["TELESCOP"] = "JWST"
    fits.HDUList([primary, hdu]).writeto(path)
    return path


@pytest.fixture
def complete():
    dtype = [
        ("filter", "S12"), ("pupil", "S15"), ("photmjsr", "f4"), ("uncertainty", "f4")
    ]  # fmt: skip
    return np.array([("F200W", "CLEAR", 2.5, 0.1), ("F444W", "CLEAR", 0.5, 0.2)], dtype)


def test_a_file_without_a_column_opens_with_a_warning(tmp_path, complete):
    """Case 37."""
    table = complete[["filter", "pupil", "photmjsr"]]
    path = write(tmp_path / "a.fits", table, "PHOTOM", "NrcImgPhotomModel")
    model = datamodels.open(path)
    with pytest.warns(ValidationWarning, match=r"PHOTOM\] \(phot_table\): .* no column uncert"):
        found = model.phot_table
    assert found.dtype.names == ("filter", "pupil", "photmjsr")
    assert found["photmjsr"].tolist() == [2.5, 0.5]


def test_a_table_without_a_column_is_saved_as_it_was(tmp_path, complete):
    table = complete[["filter", "pupil", "photmjsr"]]
    path = write(tmp_path / "a.fits", table, "PHOTOM", "NrcImgPhotomModel")
    model = datamodels.open(path, validate="off")
    with pytest.warns(ValidationWarning, match="no column"):
        model.phot_table["photmjsr"][0] = 7
    out = model.save(tmp_path / "b.fits")
    with fits.open(out) as hdulist:
        assert hdulist[1].columns.names == ["filter", "pupil", "photmjsr"]
        assert hdulist[1].data["photmjsr"].tolist() == [7, 0.5]


def test_an_extra_column_is_kept_behind_the_others(tmp_path, complete):
    """Case 38."""
    dtype = [("note", "S8"), *complete.dtype.descr]
    table = np.zeros(2, dtype)
    for name in complete.dtype.names:
        table[name] = complete[name]
    table["note"] = [b"first", b"second"]
    path = write(tmp_path / "a.fits", table, "PHOTOM", "FgsImgPhotomModel")
    path = write(tmp_path / "c.fits", table, "PHOTOM", "MirImgPhotomModel")
    model = datamodels.open(path, validate="off")
    with pytest.warns(ValidationWarning, match="no column subarray"):
        found = model.phot_table
    assert found.dtype.names[0] == "filter"
    assert found["note"].tolist() == ["first", "second"]
    found["photmjsr"][0] = 7
    with fits.open(model.save(tmp_path / "b.fits")) as hdulist:
        assert hdulist[1].data["note"].tolist() == ["first", "second"]
        assert hdulist[1].data["photmjsr"].tolist() == [7, 0.5]


def test_columns_in_another_order_and_spelling_are_found_and_only_read_stay(tmp_path, complete):
    """Cases 36 and 39."""
    names = ["UNCERTAINTY", "PhotMJSR", "PUPIL", "FILTER"]
    table = np.zeros(2, [(n, complete.dtype[n.lower()]) for n in names])
    for name in names:
        table[name] = complete[name.lower()]
    path = write(tmp_path / "a.fits", table, "PHOTOM", "NrcImgPhotomModel")
    model = datamodels.open(path, validate="off")
    found = model.phot_table
    assert found.dtype.names[:4] == ("filter", "pupil", "photmjsr", "uncertainty")
    assert found["photmjsr"].tolist() == [2.5, 0.5]
    assert found["pupil"].tolist() == ["CLEAR", "CLEAR"]
    with fits.open(path) as before, fits.open(model.save(tmp_path / "b.fits")) as after:
        assert before[1].columns.names == after[1].columns.names == names
        assert before[1].data.tobytes() == after[1].data.tobytes()


def test_a_string_longer_than_in_the_schema_is_kept_whole(tmp_path, complete):
    """Case 42."""
    table = complete.astype([("filter", "S40"), *complete.dtype.descr[1:]])
    table["filter"][0] = b"A" * 40
    path = write(tmp_path / "a.fits", table, "PHOTOM", "NrcImgPhotomModel")
    model = datamodels.open(path, validate="off")
    assert model.phot_table["filter"][0] == "A" * 40
    model.phot_table["photmjsr"][0] = 7
    again = datamodels.open(model.save(tmp_path / "b.fits"), validate="off")
    assert again.phot_table["filter"][0] == "A" * 40


def test_units_of_columns_stay_when_rows_are_taken_away(tmp_path, complete):
    """Case 44."""
    units = [(3, "MJy/sr"), (4, "MJy/sr")]
    path = write(tmp_path / "a.fits", complete, "PHOTOM", "NrcImgPhotomModel", units)
    model = datamodels.open(path, validate="off")
    model.phot_table = model.phot_table[:1]
    with fits.open(model.save(tmp_path / "b.fits")) as hdulist:
        assert len(hdulist[1].data) == 1
        assert hdulist[1].columns["photmjsr"].unit == "MJy/sr"
        assert hdulist[1].columns["filter"].unit is None


OLD = [
    ("RSCDModel", "rscd_group_skip_table", "RSCD_GROUP_SKIP", "group_skip1",
     [("subarray", "S17"), ("readpatt", "S12"), ("group_skip", "i4")]),
    ("NirspecFlatModel", "flat_table", "FAST_VARIATION", "error",
     [("slit_name", "S15"), ("nelem", "i4"), ("wavelength", "f4", (3,)), ("data", "f4", (3,))]),
]  # fmt: skip


@pytest.mark.parametrize(("model", "name", "extname", "column", "dtype"), OLD)
def test_a_table_of_an_older_file_gets_its_new_column(
    tmp_path, model, name, extname, column, dtype
):
    table = np.ones(2, dtype)
    path = write(tmp_path / "a.fits", table, extname, model)
    opened = datamodels.open(path, validate="off")
    found = getattr(opened, name)
    expected = opened.get_dtype(name).names
    assert found.dtype.names == expected
    if column == "error":
        assert found["error"].shape == (2, 3)
        assert np.isnan(found["error"]).all()
    else:
        assert found["group_skip1"].tolist() == [-1, -1]
    with fits.open(opened.save(tmp_path / "b.fits")) as hdulist:  # it was only read
        assert column not in hdulist[1].columns.names
    found[expected[-1]][:] = 5
    with fits.open(opened.save(tmp_path / "c.fits")) as hdulist:
        assert tuple(hdulist[1].columns.names) == expected


def test_an_old_table_of_a_quadrant_gets_its_new_column(tmp_path):
    table = np.ones(2, OLD[1][4])
    path = write(tmp_path / "a.fits", table, "FAST_VARIATION", "NirspecQuadFlatModel")
    opened = datamodels.open(path, validate="off")
    assert np.isnan(opened.quadrants[0].flat_table["error"]).all()


def test_old_positions_of_a_moving_target_get_nan_for_what_they_lack(tmp_path):
    names = datamodels.Level1bModel().get_dtype("moving_target").descr
    table = np.ones(2, [column for column in names if column[0] not in ("mt_v2", "mt_v3")])
    path = write(tmp_path / "a.fits", table, "MOVING_TARGET_POSITION", "Level1bModel")
    found = datamodels.open(path, validate="off").moving_target
    assert np.isnan(found["mt_v2"]).all()
    assert np.isnan(found["mt_v3"]).all()
    assert found["mt_sci_x"].tolist() == [1, 1]

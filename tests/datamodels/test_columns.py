"""Tables whose columns are not those of the schema."""

import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.utils.exceptions import AstropyUserWarning

from jwstlike import datamodels
from jwstlike.datamodels.compare import differences
from jwstlike.datamodels.table_array import as_table
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


# ---------------------------------------------------------------- all types, orders and shapes

KINDS = {
    "bool8": ("?", [True, False]), "int8": ("i1", [-128, 127]), "uint8": ("u1", [0, 255]),
    "int16": ("i2", [-(2**15), 2**15 - 1]), "uint16": ("u2", [0, 2**16 - 1]),
    "int32": ("i4", [-(2**31), 2**31 - 1]), "uint32": ("u4", [2**31, 2**32 - 1]),
    "int64": ("i8", [-(2**63), 2**63 - 1]), "uint64": ("u8", [2**63, 2**64 - 1]),
    "float32": ("f4", [1.5, np.nan]), "float64": ("f8", [-np.inf, 1e300]),
    "complex64": ("c8", [1 + 2j, 0]), "complex128": ("c16", [1 - 2j, 3]),
    "text": ("S5", [b"", b"ab cd"]),
}  # fmt: skip


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3)])
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
@pytest.mark.parametrize("order", "<>")
def test_values_follow_their_names_exactly(tmp_path, order, turned, shape):
    """Cases 35, 36, 39 and 43: dtype x byte order x order of columns x shape of cells."""
    columns = [
        {"name": name.upper(), "datatype": ["ascii", 5] if name == "text" else name}
        for name in KINDS
    ]
    schema = {"type": "object", "properties": {"t": {"fits_hdu": "T", "datatype": columns}}}
    names = list(KINDS)[:: -1 if turned else 1]
    given = np.zeros(2, [(n, np.dtype(KINDS[n][0]).newbyteorder(order), shape) for n in names])
    for name in names:
        given[name] = np.reshape(KINDS[name][1], (2, *(1 for _ in shape)))
    model = datamodels.DataModel(schema=schema)
    model.t = given
    path = tmp_path / "0.fits"
    for number in range(3):  # again and again
        model.save(path)
        with fits.open(path) as hdulist:
            assert hdulist["T"].columns.names == [name.upper() for name in KINDS]
            assert {hdulist["T"].data[name].shape for name in KINDS} == {(2, *shape)}
            assert not shape or len(hdulist["T"].header["TDIM*"]) == len(KINDS)
        model = datamodels.DataModel(path, schema=schema)
        for name, (kind, _) in KINDS.items():
            column = model.t[name]
            assert column.dtype == (np.dtype("U5") if name == "text" else np.dtype(kind))
            assert column.shape == (2, *shape)
            expected = np.char.decode(given[name]) if name == "text" else given[name]
            np.testing.assert_array_equal(column, expected)
        model.t["INT16"] = -number  # so that the table is encoded anew
        given["int16"] = -number
        path = tmp_path / f"{number + 1}.fits"


@pytest.mark.parametrize("columns", [["a", "b", "x"], ["x", "b", "a"], ["B", "A", "X"]])
@pytest.mark.parametrize("allowed", [True, False])
def test_columns_beyond_the_schema_are_refused_unless_it_allows_them(columns, allowed):
    """Case 38: at assignment."""
    known = [{"name": "a", "datatype": "int16"}, {"name": "b", "datatype": "float32"}]
    schema = {"fits_hdu": "T", "datatype": known, "allow_extra_columns": allowed}
    model = datamodels.DataModel(schema={"type": "object", "properties": {"t": schema}})
    table = np.array([(1, 2, 3)], [(name, "i4") for name in columns])
    if not allowed:
        with pytest.raises(ValueError, match=r"Schema has set\(\). Data has \{'[xX]'\}"):
            model.t = table
        assert not model.hasattr("t")
        return
    model.t = table
    assert model.t.names == ["a", "b", "X" if columns[0] == "B" else "x"]
    assert model.t["x"].dtype == "i4"
    assert model.t["a"].tolist() == [1 + columns.index(next(c for c in columns if c in "aA"))]


@pytest.mark.parametrize(
    ("limits", "shape", "text"),
    [
        ({"ndim": 1}, (2, 3), "Expected 1, got 2"), ({"ndim": 2}, (3,), "Expected 2, got 1"),
        ({"ndim": 1}, (), "Expected 1, got 0"), ({"max_ndim": 1}, (2, 3), "Expected <= 1, got 2"),
        ({"ndim": 2}, (2, 3), None), ({"max_ndim": 1}, (), None), ({"max_ndim": 2}, (2, 3), None),
    ],
)  # fmt: skip
def test_axes_of_cells_are_checked(limits, shape, text):
    column = {"name": "a", "datatype": "float32", **limits}
    model = datamodels.DataModel(
        schema={"type": "object", "properties": {"t": {"fits_hdu": "T", "datatype": [column]}}}
    )
    table = np.zeros(2, [("a", "f4", shape)])
    if text is None:
        model.t = table
        assert model.t["a"].shape == (2, *shape)
    else:
        with pytest.raises(ValueError, match=f"column 'a'.* number of dimensions.  {text}"):
            model.t = table


def test_cells_of_another_shape_than_in_the_schema_are_refused():
    column = {"name": "a", "datatype": "float32", "shape": [2, 3]}
    model = datamodels.DataModel(
        schema={"type": "object", "properties": {"t": {"fits_hdu": "T", "datatype": [column]}}}
    )
    model.t = np.zeros(2, [("a", "f4", (6,))])
    assert model.t["a"].shape == (2, 2, 3)
    with pytest.raises(ValueError, match=r"column 'a': cells of shape \(4,\) do not fit \(2, 3\)"):
        model.t = np.zeros(2, [("a", "f4", (4,))])


def test_units_of_the_schema_are_written_where_a_table_has_none(tmp_path):
    """Case 44."""
    columns = [
        {"name": "a", "datatype": "float32", "unit": "um"}, {"name": "b", "datatype": "int16"}
    ]  # fmt: skip
    schema = {"type": "object", "properties": {"t": {"fits_hdu": "T", "datatype": columns}}}
    model = datamodels.DataModel(schema=schema)
    model.t = np.zeros(2, [("a", "f4"), ("b", "i2")])
    model.t.columns["b"].unit = "s"
    for number in range(3):
        path = model.save(tmp_path / f"{number}.fits")
        with fits.open(path) as hdulist:
            assert hdulist["T"].columns.units == ["um", "s"]
        model = datamodels.DataModel(path, schema=schema)
        model.t["b"] = number
        assert model.t.columns.units == ["um", "s"]


# ---------------------------------------------------------------- undefined cells


def test_undefined_cells_are_masked_and_stay_undefined_when_others_change(tmp_path):
    """Case 40: logical columns and integers."""
    flags = fits.Column("flag", "L", array=np.array([b"T", b"\0", b"F"]))
    counts = fits.Column("count", "I", null=-9, array=np.array([1, -9, 3], "i2"))
    word = fits.Column("word", "I", bzero=2**15, null=0, array=np.array([1, 2**15, 3], "u2"))
    hdu = fits.BinTableHDU.from_columns([flags, counts, word], name="T")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "a.fits")
    content = bytearray((tmp_path / "a.fits").read_bytes())
    at = content.index(b"XTENSION") + 2880
    for row, letter in enumerate(b"T\0F"):
        content[at + row * 5] = letter
    (tmp_path / "a.fits").write_bytes(content)
    model = datamodels.DataModel(tmp_path / "a.fits")
    table = model.extra_fits.T.data
    assert table["flag"].tolist() == [True, None, False]
    assert table["count"].tolist() == [1, None, 3]
    assert table["word"].tolist() == [1, None, 3]
    assert table["count"].sum() == 4
    assert table[1]["flag"] is np.ma.masked
    assert table[table["flag"]]["count"].tolist() == [1]
    table["count"][0] = 7
    model.save(tmp_path / "b.fits")
    stored = (tmp_path / "b.fits").read_bytes()
    at = stored.index(b"XTENSION") + 2880
    assert stored[at : at + 15] == b"T\0\x07\x80\x01\0\xff\xf7\0\0F\0\x03\x80\x03"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyUserWarning)  # newer astropy tells of NULL
        found = Table.read(tmp_path / "b.fits", hdu="T")
    assert found["count"].tolist() == [7, None, 3]
    again = datamodels.DataModel(tmp_path / "b.fits").extra_fits.T.data
    assert again["word"].tolist() == [1, None, 3]


def test_cells_become_undefined_and_defined(tmp_path):
    """Case 40."""
    model = datamodels.DataModel()
    table = np.array([(True, 1, 1.5, "a"), (False, -1, 2.5, "b")],
                     [("flag", "?"), ("count", "i4"), ("x", "f4"), ("name", "S3")])  # fmt: skip
    model.extra_fits = {"T": {"data": as_table(table)}}
    table = model.extra_fits.T.data
    table[0]["flag"] = np.ma.masked
    table["count"] = np.ma.array([5, 6], mask=[True, False])
    table[1]["x"] = np.ma.masked
    again = datamodels.DataModel(model.save(tmp_path / "a.fits")).extra_fits.T.data
    assert again["flag"].tolist() == [None, False]
    assert again["count"].tolist() == [None, 6]
    np.testing.assert_array_equal(again["x"], [1.5, np.nan])
    again["flag"][0] = True
    again["count"][0] = 8
    assert again["flag"].tolist() == [True, False]
    model.extra_fits.T.data = again
    found = Table.read(model.save(tmp_path / "b.fits"), hdu="T")
    assert found["flag"].tolist() == [True, False]
    assert found["count"].tolist() == [8, 6]
    with pytest.raises(ValueError, match="a part of a table takes no undefined cells"):
        model.extra_fits.T.data[:1]["x"] = np.ma.masked


def test_undefined_is_another_value_than_false(tmp_path):
    """Case 40."""
    paths = []
    for letter in (b"\0", b"F"):
        path = tmp_path / f"{len(paths)}.fits"
        column = fits.Column("flag", "L", array=np.array([True, False]))
        hdu = fits.BinTableHDU.from_columns([column], name="T")
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
        content = path.read_bytes()
        at = content.index(b"XTENSION") + 2880
        path.write_bytes(content[: at + 1] + letter + content[at + 2 :])
        paths.append(path)
    models = [datamodels.DataModel(path) for path in paths]
    assert models[0].extra_fits.T != models[1].extra_fits.T
    assert "flag" in str(differences(*paths, ignore=["meta.*"]))
    models[0].extra_fits.T.data["flag"][1] = False
    models[0].save(paths[0])
    assert paths[0].read_bytes()[-2880:] == paths[1].read_bytes()[-2880:]

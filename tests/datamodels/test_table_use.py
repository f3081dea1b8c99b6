"""Tables as code for structured arrays and for astropy's ``FITS_rec`` uses them."""

import copy
import operator
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from numpy.lib import recfunctions

from jwstlike import datamodels
from jwstlike.datamodels import tables
from jwstlike.datamodels.table_array import MOST_READS, TableArray, as_table
from jwstlike.errors import FileFormatError

ROWS = [("F200W", "CLEAR", 1.0, 0.5), ("F090W", "", 2.0, 0.25), ("CLEAR", "F070W", 3.0, 0.125)]


@pytest.fixture(params=["small", "large"])
def model(request, tmp_path, monkeypatch):
    """Open a file with a table, which counts as a large one or not."""
    if request.param == "large":
        monkeypatch.setattr(tables, "LARGE", 0)
    new = datamodels.NrcImgPhotomModel()
    new.phot_table = np.array(ROWS, new.get_dtype("phot_table"))
    return datamodels.open(new.save(tmp_path / "a.fits"), validate="off")


@pytest.fixture
def table(model):
    return model.phot_table


def saved(model, tmp_path):
    """Rows that astropy finds in what is saved."""
    with fits.open(model.save(tmp_path / "b.fits")) as hdulist:
        return [tuple(row) for row in hdulist["PHOTOM"].data]


# ---------------------------------------------------------------- read only what is asked for


@pytest.fixture
def spectrum(tmp_path, monkeypatch):
    """Open a large table; return it and a list of the columns that are read."""
    monkeypatch.setattr(tables, "LARGE", 1000)
    reads, read_columns = [], tables.TableRef.read_columns

    def noted(ref, names):
        reads.append(list(names))
        return read_columns(ref, names)

    monkeypatch.setattr(tables.TableRef, "read_columns", noted)
    new = datamodels.SpecModel()
    new.spec_table = np.zeros(50, new.get_dtype("spec_table"))
    for number, name in enumerate(new.spec_table.names):
        new.spec_table[name] = np.arange(50) + number
    new.save(tmp_path / "s.fits")
    return datamodels.open(tmp_path / "s.fits"), reads


def test_only_the_column_that_is_asked_for_is_read(spectrum):
    model, reads = spectrum
    assert len(model.spec_table) == 50
    assert model.spec_table.dtype == model.get_dtype("spec_table")
    assert model.spec_table.columns["FLUX"].unit is None
    assert reads == []
    assert model.spec_table["flux"].sum() == model.spec_table.FLUX.sum() == 1275
    assert model.spec_table[-1]["FLUX"] == 50
    assert reads == [["FLUX"]]


def test_many_columns_are_read_together(spectrum):
    model, reads = spectrum
    names = model.spec_table.names
    for number, name in enumerate(names):
        assert model.spec_table[name][0] == number
    assert [len(read) for read in reads] == [1] * MOST_READS + [len(names) - MOST_READS]


def test_what_nobody_asked_for_is_not_read_to_be_compared(spectrum, tmp_path):
    model, reads = spectrum
    assert model.spec_table["FLUX"][0] == 1
    path = model.save(tmp_path / "t.fits")
    assert {name for read in reads for name in read} == {"FLUX"}
    with fits.open(tmp_path / "s.fits") as old, fits.open(path) as new:
        assert old[1].data.tobytes() == new[1].data.tobytes()


def test_a_table_outlives_its_model_and_a_save_over_its_file(spectrum, tmp_path):
    model, _ = spectrum
    found = model.spec_table
    model.meta.target.catalog_name = "Vega"
    model.save(tmp_path / "s.fits")
    model.close()
    assert found["FLUX"].sum() == 1275
    model.spec_table["NPIXELS"] = 7
    model.save(tmp_path / "s.fits")
    assert found["WAVELENGTH"].sum() == 1225


def test_looking_copying_comparing_and_pickling_read_nothing(spectrum):
    model, reads = spectrum
    table, other = model.spec_table, model.copy()
    model.info()
    assert not model.check()
    assert repr(model)
    assert model == other
    assert len(pickle.dumps(model)) < 30000
    assert reads == []
    table["FLUX"][0] = -1
    assert model != other
    assert {name for read in reads for name in read} == {"FLUX"}


def test_threads_get_the_same_column(spectrum):
    model, reads = spectrum
    table = model.spec_table
    with ThreadPoolExecutor(8) as pool:
        columns = list(pool.map(lambda _: table["DQ"], range(32)))
    assert all(column is columns[0] for column in columns)
    assert reads == [["DQ"]]


def test_a_column_of_a_file_that_was_changed_is_an_error_not_wrong(spectrum, tmp_path):
    model, _ = spectrum
    table = model.spec_table
    assert table["FLUX"][0] == 1
    (tmp_path / "s.fits").write_bytes((tmp_path / "s.fits").read_bytes() + bytes(2880))
    with pytest.raises(FileFormatError, match="changed after it was opened"):
        table["DQ"]
    assert table["FLUX"][0] == 1


def test_a_section_of_a_table_is_an_array_to_numpy(spectrum):
    model, _ = spectrum
    section = model.section["spec_table"]
    assert section["FLUX"][0] == section["flux"][0] == 1
    assert section[3:5]["DQ"].tolist() == [14, 15]
    assert np.asarray(section).dtype == model.get_dtype("spec_table")


def test_a_copy_of_a_table_that_was_not_read_is_independent(spectrum):
    model, reads = spectrum
    other = model.copy()
    table = copy.deepcopy(model.spec_table)
    assert reads == []
    other.spec_table["FLUX"] = 0
    table["FLUX"] = 3
    assert model.spec_table["FLUX"].sum() == 1275


def test_a_table_that_was_not_read_pickles_by_reference(spectrum):
    model, _ = spectrum
    packed = pickle.dumps(model.spec_table)
    assert len(packed) < 4000
    assert pickle.loads(packed)["flux"].sum() == 1275
    model.spec_table["FLUX"][0] = 5
    assert pickle.loads(pickle.dumps(model)).spec_table["FLUX"][0] == 5


# ---------------------------------------------------------------- reading


def test_a_table_is_an_array_to_others(table):
    assert isinstance(table, np.ndarray)
    assert type(table) is TableArray
    assert (table.shape, table.ndim, table.size, len(table)) == ((3,), 1, 3, 3)
    assert table.dtype.names == ("filter", "pupil", "photmjsr", "uncertainty")
    assert table.dtype["filter"] == "S12"
    assert table.itemsize == table.dtype.itemsize == table.nbytes // 3


def test_texts_compare_with_str_and_are_without_blanks(table):
    assert (table["filter"] == "CLEAR").tolist() == [False, False, True]
    assert (table["filter"] == "CLEAR  ").tolist() == [False, False, True]
    assert (table["filter"] == b"CLEAR").tolist() == [False, False, True]
    assert [row["filter"] for row in table] == ["F200W", "F090W", "CLEAR"]
    assert table[0]["filter"] == "F200W"
    assert type(table[0]["filter"]) is str
    assert np.char.strip(table["pupil"]).tolist() == ["CLEAR", "", "F070W"]
    assert table["filter"].astype(str).dtype == "U12"
    assert table["filter"].strip().tolist() == ["F200W", "F090W", "CLEAR"]
    assert table["filter"].upper().tolist() == ["F200W", "F090W", "CLEAR"]
    assert "CLEAR" in table["filter"]
    assert np.isin(table["filter"], ["CLEAR"]).tolist() == [False, False, True]
    assert sorted(set(table["filter"])) == np.unique(table["filter"]).tolist()


def test_rows_give_their_cells_by_name_position_and_attribute(table):
    row = table[1]
    assert row["PHOTMJSR"] == row[2] == row[-2] == row.photmjsr == row.field("photmjsr") == 2
    assert (len(row), list(row)) == (4, ["F090W", "", 2.0, 0.25])
    assert row == ROWS[1]
    assert row != ROWS[0]
    assert row[:2] == ("F090W", "")
    assert row.tolist() == ("F090W", "", 2.0, 0.25)
    assert row.dtype.names == table.dtype.names
    assert table[np.int64(-1)] == table[2] == ROWS[2]
    assert np.asarray(row)["photmjsr"] == 2
    with pytest.raises(IndexError, match="no row 3 in a table of 3 rows"):
        table[3]
    with pytest.raises(KeyError, match="no column 'filte'; did you mean 'filter'"):
        row["filte"]
    with pytest.raises(AttributeError, match="no column 'filte'"):
        row.filte  # noqa: B018


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (slice(1, None), [2, 3]), (slice(None, None, -1), [3, 2, 1]), ([0, 2], [1, 3]),
        (np.array([True, False, True]), [1, 3]), (np.array([2]), [3]), (..., [1, 2, 3]),
        (np.nonzero([0, 1, 1]), [2, 3]), ([], []),
        (np.ma.array([1, 1, 0], bool, mask=[1, 0, 0]), [2]),
    ],
)  # fmt: skip
def test_parts_are_tables(table, key, expected):
    part = table[key]
    assert type(part) is TableArray
    assert part["photmjsr"].tolist() == part.photmjsr.tolist() == expected
    assert len(part) == len(expected)


def test_some_columns_make_a_table(table):
    part = table[["photmjsr", "FILTER"]]
    assert part.names == ["photmjsr", "filter"]
    part["photmjsr"][0] = 9
    assert table["photmjsr"][0] == 9


def test_numpy_gets_rows(table):
    assert np.asarray(table).tolist() == [(a.encode(), b.encode(), c, d) for a, b, c, d in ROWS]
    assert np.array_equal(table, np.asarray(table))
    assert (table == np.asarray(table)).all()
    assert not (table != table.copy()).any()
    assert table.view(np.recarray).photmjsr.tolist() == [1, 2, 3]
    assert np.sort(table, order="filter")["photmjsr"].tolist() == [3, 2, 1]
    assert np.concatenate([table, table])["photmjsr"].tolist() == [1, 2, 3, 1, 2, 3]
    assert recfunctions.drop_fields(table, "pupil").dtype.names[1] == "photmjsr"
    assert np.empty_like(table).dtype == np.zeros(3, table.dtype).dtype == table.dtype
    assert table.tolist() == ROWS
    assert table.astype([("a", "U8"), ("b", "U8"), ("c", "f8"), ("d", "f8")])["a"][0] == "F200W"


def test_astropy_takes_a_table_with_units(table, tmp_path):
    table.columns["photmjsr"].unit = "MJy/sr"
    made = Table(table)
    assert made["filter"].tolist() == ["F200W", "F090W", "CLEAR"]
    assert str(made["photmjsr"].unit) == "MJy / sr"
    hdu = fits.BinTableHDU(table)
    assert hdu.columns.formats == table.columns.formats == ["12A", "12A", "E", "E"]
    hdu.writeto(tmp_path / "c.fits")
    assert fits.getdata(tmp_path / "c.fits")["filter"].tolist() == ["F200W", "F090W", "CLEAR"]


def test_copies_and_pickles_are_independent(table):
    for other in (table.copy(), copy.copy(table), copy.deepcopy(table), table[[0, 1, 2]],
                  pickle.loads(pickle.dumps(table))):  # fmt: skip
        other["photmjsr"][0], other["filter"][0] = 9, "other"
        assert table[0] == ROWS[0]


def test_a_table_shows_its_rows(table):
    assert repr(table[:1]).startswith("TableArray([('F200W', 'CLEAR', 1., 0.5)]")
    assert repr(table[0]).startswith("('F200W', 'CLEAR', ")


# ---------------------------------------------------------------- writing


def whole(value):
    """Make a function that sets all cells of a column by a key."""
    return lambda table: table.__setitem__("photmjsr", value)


def by_loop(table):
    for row in table:
        row["photmjsr"] = 9


def held_column(table):
    column = table["photmjsr"]
    assert np.asarray(table)["photmjsr"][0] == table[0]["photmjsr"]
    column[:] = 9


def held_rows(table):
    rows = table[1:]
    table["photmjsr"][0] = 9
    rows["photmjsr"] = 9


@pytest.mark.parametrize(
    "write",
    [
        whole(9), whole([9, 9, 9]), whole(np.full(3, 9, ">i2")), by_loop, held_column, held_rows,
        lambda table: table["PhotMJSR"].fill(9),
        lambda table: table.field(2).__setitem__(slice(None), 9),
        lambda table: setattr(table, "photmjsr", 9),
        lambda table: table.photmjsr.__iadd__([8, 7, 6]),
        lambda table: table[:].__setitem__("photmjsr", 9),
        lambda table: table[["photmjsr"]].__setitem__("photmjsr", 9),
        lambda table: [setattr(table[n], "photmjsr", 9) for n in range(3)],
        lambda table: [table[n].setfield("photmjsr", 9) for n in (0, 1, -1)],
        lambda table: table.__setitem__(..., [(*row[:2], 9, row[3]) for row in ROWS]),
        lambda table: [table.__setitem__(n, (*row[:2], 9, row[3])) for n, row in enumerate(ROWS)],
        lambda table: table["photmjsr"].__setitem__(table["filter"] != "", 9),
    ],
)  # fmt: skip
def test_no_way_to_write_numbers_is_lost(model, write, tmp_path):
    write(model.phot_table)
    assert model.phot_table["photmjsr"].tolist() == [9, 9, 9]
    assert [row["photmjsr"] for row in model.phot_table] == [9, 9, 9]
    assert np.asarray(model.phot_table)["photmjsr"].tolist() == [9, 9, 9]
    assert saved(model, tmp_path) == [(*row[:2], 9, row[3]) for row in ROWS]


@pytest.mark.parametrize(
    "write",
    [
        lambda table: table["filter"].__setitem__(1, "NEW"),
        lambda table: table[1].__setitem__("filter", "NEW"),
        lambda table: setattr(table[1], "filter", b"NEW"),
        lambda table: table["filter"].__setitem__(table["photmjsr"] == 2, "NEW"),
        lambda table: table[1:2].__setitem__("filter", "NEW"),
        lambda table: table.__setitem__("filter", ["F200W", "NEW", "CLEAR"]),
        lambda table: table.__setitem__(1, ("NEW", *ROWS[1][1:])),
        lambda table: table.field("filter").__setitem__(1, np.array("NEW ")),
    ],
)
def test_no_way_to_write_texts_is_lost(model, write, tmp_path):
    write(model.phot_table)
    assert model.phot_table["filter"].tolist() == ["F200W", "NEW", "CLEAR"]
    assert np.asarray(model.phot_table)["filter"].tolist() == [b"F200W", b"NEW", b"CLEAR"]
    assert [row[0] for row in saved(model, tmp_path)] == ["F200W", "NEW", "CLEAR"]


def test_rows_are_copied_and_sorted_in_place(model, tmp_path):
    table = model.phot_table
    table[0] = table[1]
    assert table[0] == ROWS[1]
    table[:] = np.array(ROWS, table.dtype)[::-1]
    assert table["filter"].tolist() == ["CLEAR", "F090W", "F200W"]
    table[["photmjsr", "filter"]][0] = (7.0, "Z")
    table.sort(order="photmjsr")
    assert table["filter"].tolist() == ["F200W", "F090W", "Z"]
    assert [row[0] for row in saved(model, tmp_path)] == ["F200W", "F090W", "Z"]
    with pytest.raises(ValueError, match="2 values for a row of 4 columns"):
        table[0] = (1, 2)


def test_rows_for_numpy_are_the_tables_own_where_all_is_numbers():
    table = as_table(np.zeros(3, [("a", "i4"), ("b", "f8")])).copy()
    np.asarray(table)["a"][1] = 5
    table.view(np.recarray).b[2] = 7
    np.asarray(table[1:])["a"][1] = 6
    assert table["a"].tolist() == [0, 5, 6]
    assert table["b"].tolist() == [0, 0, 7]


def test_rows_that_are_a_copy_cannot_be_written_to(table):
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(table)["photmjsr"][0] = 9
    np.array(table)["photmjsr"][0] = 9
    assert table["photmjsr"][0] == 1


def test_a_column_that_somebody_holds_stays_part_of_its_table():
    table = as_table(np.zeros(3, [("a", "i4"), ("b", "f8")])).copy()
    column = table["a"]
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(table)["b"][0] = 1
    column[0] = 5
    assert np.asarray(table)["a"].tolist() == [5, 0, 0]


@pytest.mark.parametrize("how", [np.hstack, np.concatenate, lambda pair: np.append(*pair)])
def test_tables_that_numpy_made_are_assigned(model, how, tmp_path):
    model.phot_table = how([model.phot_table, model.phot_table[:1]])
    assert saved(model, tmp_path) == [*ROWS, ROWS[0]]


def test_a_part_or_a_table_of_astropy_is_assigned(model, tmp_path):
    model.phot_table = Table(model.phot_table[model.phot_table["photmjsr"] > 1])
    model.phot_table = model.phot_table[::-1]
    assert saved(model, tmp_path) == [ROWS[2], ROWS[1]]


# ---------------------------------------------------------------- widths of texts


def test_texts_that_are_too_long_are_refused_or_widen_their_column(model, tmp_path):
    """Case 42."""
    table, long = model.phot_table, "A" * 13
    for write in (
        lambda: table["filter"].__setitem__(0, long),
        lambda: table[0].__setitem__("filter", long),
        lambda: table.__setitem__(0, (long, "", 1, 1)),
        lambda: table[:2].__setitem__("filter", long),
    ):
        with pytest.raises(ValueError, match="whole column"):
            write()
    assert table["filter"].tolist() == ["F200W", "F090W", "CLEAR"]
    table["filter"] = [long, "F090W", "CLEAR"]
    assert table.dtype["filter"] == "S13"
    assert saved(model, tmp_path)[0][0] == long


def test_rows_with_longer_texts_than_in_the_schema_are_taken_whole(tmp_path):
    """Case 42."""
    model = datamodels.NrcImgPhotomModel()
    model.phot_table = [("A" * 40, "CLEAR", 1.0, 2.0)]
    assert saved(model, tmp_path)[0][0] == "A" * 40


# ---------------------------------------------------------------- columns for new tables of FITS


@pytest.fixture
def of_all_kinds():
    rows = np.zeros(3, [("A", "f4"), ("N", "S5"), ("U", "u2"), ("C", "f8", (2, 3)), ("B", "?")])
    rows["A"], rows["N"], rows["U"] = [1, 2, 3], ["a", "bb", "ccc"], [1, 40000, 65535]
    rows["C"].flat, rows["B"] = range(18), [True, False, True]
    return as_table(rows, {"A": "Jy"})


@pytest.mark.parametrize(
    "make",
    [
        lambda columns: fits.FITS_rec.from_columns(columns),
        lambda columns: fits.BinTableHDU.from_columns(columns).data,
        lambda columns: fits.BinTableHDU.from_columns(fits.ColDefs(columns)).data,
        lambda columns: fits.BinTableHDU.from_columns([columns[n] for n in columns.names]).data,
    ],
)
def test_columns_make_new_tables_of_fits(of_all_kinds, make):
    made = make(of_all_kinds.columns)
    assert (made.names, made.columns["A"].unit) == (["A", "N", "U", "C", "B"], "Jy")
    assert [made.columns[n].format for n in made.names] == ["E", "5A", "I", "6D", "L"]
    for name in made.names:
        assert np.array_equal(made[name], of_all_kinds[name])
    made["A"][0] = 9
    assert of_all_kinds["A"][0] == 1


def test_columns_are_added_to_others(of_all_kinds):
    more = fits.Column("X", "J", array=[7, 8, 9])
    columns = of_all_kinds.columns
    for added in (operator.add(columns, [more]), operator.add([more], columns)):
        data = fits.BinTableHDU.from_columns(added).data
        assert sorted(data.names) == ["A", "B", "C", "N", "U", "X"]
        assert (data["X"].sum(), data["U"].max()) == (24, 65535)


def test_the_unit_of_a_column_is_still_set_at_the_table(of_all_kinds):
    column = of_all_kinds.columns["A"]
    column.unit = "K"
    assert of_all_kinds.units == {"A": "K"}
    assert (isinstance(column, fits.Column), column.copy().unit) == (True, "K")

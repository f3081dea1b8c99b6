import io
import pickle
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import numpy.lib.recfunctions
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jwstlike.datamodels import tables
from jwstlike.datamodels.arrays import array_ref
from jwstlike.datamodels.fits_cards import format_card
from jwstlike.datamodels.fits_scan import scan
from jwstlike.datamodels.foreign import AstropyRef
from jwstlike.datamodels.tables import TableRef, encode_table
from jwstlike.datamodels.texts import stripped
from jwstlike.errors import FileFormatError

DATA = Path(__file__).parents[1] / "data" / "fits"
ARCHIVE = Path(__file__).parents[2].parent / "shared" / "data" / "archival" / "fits"

DTYPE = np.dtype(
    [
        ("flag", "?"), ("flags", "?", (3,)), ("b", "u1"), ("sb", "i1"), ("i", "i2"), ("u", "u2"),
        ("j", "i4"), ("v", "u4", (2,)), ("k", "i8"), ("w", "u8"), ("e", "f4", (2, 3)),
        ("d", "f8"), ("c", "c8"), ("m", "c16"), ("text", "S6"), ("texts", "S3", (2,)),
    ]
)  # fmt: skip


def sample(rows=7):
    table = np.zeros(rows, DTYPE)
    rng = np.random.default_rng(3)
    for name in DTYPE.names:
        cells = table[name]
        if cells.dtype.kind == "b":
            cells[...] = rng.random(cells.shape) > 0.5
        elif cells.dtype.kind in "iu":
            info = np.iinfo(cells.dtype)
            cells[...] = rng.integers(info.min, info.max, cells.shape, cells.dtype, endpoint=True)
        elif cells.dtype.kind in "fc":
            cells[...] = rng.normal(size=cells.shape)
    table["text"] = [b"", b"a", b"ab c", b"abcdef", b" lead", b"x", b"y"][:rows]
    table["texts"] = [[b"a", b"abc"]] * rows
    return table


def as_users_see(column):
    """Turn bytes into texts."""
    return np.char.decode(column) if column.dtype.kind == "S" else column


def file_of(table, **kwargs):
    """Build a file from what we encode."""
    cards, blocks = encode_table(table, **kwargs)
    header = b"".join(format_card(*c) for c in cards) + b"END".ljust(80)
    data = b"".join(blocks)
    out = fits.PrimaryHDU().header.tostring().encode()
    for part, filling in ((header, b" "), (data, b"\0")):
        out += part.ljust(-(-len(part) // 2880) * 2880, filling)
    return out


def ref_of(source, number=1):
    index = scan(source)
    return array_ref(index, index[number])


# ---------------------------------------------------------------- round trip


def test_every_kind_of_column_comes_back_as_it_was():
    ref = ref_of(file_of(sample()))
    assert isinstance(ref, TableRef)
    assert ref.dtype == DTYPE
    assert ref.shape == (7,)
    np.testing.assert_array_equal(ref.read(), sample())
    for name in DTYPE.names:
        np.testing.assert_array_equal(ref.column(name), as_users_see(sample()[name]))


def test_astropy_reads_every_kind_of_column_as_it_was():
    with fits.open(io.BytesIO(file_of(sample()))) as hdulist:
        data = hdulist[1].data
        for name in DTYPE.names:
            if name != "sb":  # astropy makes float64 of signed bytes
                expected = sample()[name]
                found = np.char.encode(data[name]) if expected.dtype.kind == "S" else data[name]
                np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(data["sb"].astype("i1"), sample()["sb"])


def test_columns_written_by_astropy_are_read():
    columns = [
        fits.Column("u", "I", bzero=2**15, array=np.array([0, 65535], "u2")),
        fits.Column("s", "5A", array=["ab", "c"]),
        fits.Column("x", "10X", array=np.eye(2, 10, dtype=bool)),
        fits.Column("f", "J", array=np.array([0, 3]), unit="mm"),
        fits.Column("d3", "6E", dim="(2,3)", array=np.arange(12.0).reshape(2, 3, 2)),
    ]
    stream = io.BytesIO()
    hdu = fits.BinTableHDU.from_columns(columns)
    hdu.header.update(TSCAL4=0.5, TZERO4=1)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    ref = ref_of(stream.getvalue())
    found = ref.read()
    np.testing.assert_array_equal(found["u"], np.array([0, 65535], "u2"))
    np.testing.assert_array_equal(found["s"], np.array(["ab", "c"]))
    np.testing.assert_array_equal(found["x"], np.eye(2, 10, dtype=bool))
    np.testing.assert_array_equal(found["f"], np.array([1.0, 2.5]))
    np.testing.assert_array_equal(found["d3"], np.arange(12.0).reshape(2, 3, 2))
    assert ref.units == {"f": "mm"}
    assert ref.names == ("u", "s", "x", "f", "d3")


KINDS = st.sampled_from(
    ["?", "u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c8", "c16"]
)
SHAPES = st.lists(st.integers(1, 3), max_size=2).map(tuple)


@settings(deadline=None)
@given(st.data(), st.lists(st.tuples(KINDS, SHAPES), min_size=1, max_size=4), st.integers(0, 5))
def test_any_table_comes_back_as_it_was(data, columns, rows):
    dtype = np.dtype([(f"c{i}", kind, shape) for i, (kind, shape) in enumerate(columns)])
    table = data.draw(hnp.arrays(dtype, rows))
    found = ref_of(file_of(table)).read()
    assert found.dtype == dtype
    for name in dtype.names:
        np.testing.assert_array_equal(found[name], table[name])


# ---------------------------------------------------------------- details


def test_undefined_logicals_are_masked_and_can_be_written():
    """Case 40."""
    ref = ref_of(DATA / "astropy__logical_null.fits")
    assert ref.column("flag").tolist() == [True, None, False]
    again = ref_of(file_of(ref.read()))
    assert again.column("flag").tolist() == [True, None, False]


def test_null_integers_are_masked_and_become_nan_where_scaled():
    columns = [
        fits.Column("plain", "I", null=-9, array=np.array([1, -9], "i2")),
        fits.Column("scaled", "I", null=-9, array=np.array([1, -9], "i2")),
    ]
    stream = io.BytesIO()
    hdu = fits.BinTableHDU.from_columns(columns)
    hdu.header["TSCAL2"] = 2.0
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    ref = ref_of(stream.getvalue())
    assert ref.column("plain").tolist() == [1, None]
    assert ref.column("plain").fill_value == -9
    np.testing.assert_array_equal(ref.column("scaled"), [2.0, np.nan])
    assert ref_of(file_of(ref.read())).column("plain").tolist() == [1, None]


def test_texts_end_at_the_first_nul_and_without_blanks():
    cells = np.array([b"ab  ", b"a\0xy", b"    ", b"abcd", b" a  "], "S4")
    np.testing.assert_array_equal(stripped(cells), [b"ab", b"a", b"", b"abcd", b" a"])


def test_texts_of_python_are_written_in_ascii():
    table = np.array([("caf\u00e9", "b")], dtype=[("a", "U5"), ("b", "U2")])
    found = ref_of(file_of(table)).read()
    np.testing.assert_array_equal(found["a"], ["caf?"])
    assert found.dtype["a"] == np.dtype("S5")


def test_units_are_written_and_those_of_an_astropy_table_kept():
    table = np.zeros(2, [("a", "f4"), ("b", "f4")])
    assert ref_of(file_of(table, units={"b": "Jy"})).units == {"b": "Jy"}
    rec = fits.BinTableHDU.from_columns([fits.Column("q", "E", unit="s", array=[1.0])]).data
    assert ("TUNIT1", "s", "") in encode_table(rec)[0]


def test_an_astropy_table_is_written_by_its_meaning():
    column = fits.Column("u", "I", bzero=2**15, array=np.array([0, 40000], "u2"))
    rec = fits.BinTableHDU.from_columns([column]).data
    np.testing.assert_array_equal(ref_of(file_of(rec)).read()["u"], np.array([0, 40000], "u2"))


@pytest.mark.parametrize(
    "dtype", [[("a", "O")], [("a", "M8[s]")], [("a", [("b", "f4")])], [("a", "V4")]]
)
def test_a_column_that_fits_has_no_form_for_is_refused_by_name(dtype):
    with pytest.raises(TypeError, match=r"column 'a' of .* cannot be written"):
        encode_table(np.zeros(2, dtype))


def test_wide_rows_give_one_column_by_jumping(monkeypatch):
    monkeypatch.setattr(tables, "WIDE_ROW", 10)
    ref = ref_of(file_of(sample()))
    for name in DTYPE.names:
        np.testing.assert_array_equal(ref.column(name), as_users_see(sample()[name]))


def test_many_rows_pass_in_blocks(monkeypatch):
    monkeypatch.setattr(tables, "BLOCK", 500)
    table = np.tile(sample(), 20)
    ref = ref_of(file_of(table))
    np.testing.assert_array_equal(ref.read(), table)
    np.testing.assert_array_equal(ref.section(slice(3, 9)), table[3:9])


def test_a_section_by_the_name_of_a_column_converts_only_its_cells(monkeypatch):
    ref = ref_of(file_of(sample()))
    converted = []
    convert = tables.Column.convert
    monkeypatch.setattr(
        tables.Column, "convert", lambda c, cells: converted.append(c.name) or convert(c, cells)
    )
    np.testing.assert_array_equal(ref.section("w"), sample()["w"])
    assert converted == ["w"]


def test_a_section_of_rows_reads_these_alone(monkeypatch):
    ref = ref_of(file_of(sample()))
    read, fill = [], tables.fill
    monkeypatch.setattr(tables, "fill", lambda s, view: read.append(len(view)) or fill(s, view))
    part = ref.section(slice(2, 4))
    assert read == [2 * ref._row.itemsize]
    np.testing.assert_array_equal(part, sample()[2:4])
    for key in (slice(-3, None), slice(5, 2), slice(None, None, 2), 3, [1, 6]):
        np.testing.assert_array_equal(np.asarray(ref.section(key)), sample()[key])
    np.testing.assert_array_equal(np.asarray(ref), sample())


def test_a_table_is_converted_where_it_is_read_to():
    table = np.tile(sample(), 5000)[["j", "e", "d", "w", "flag", "text"]]
    table = np.lib.recfunctions.repack_fields(table)
    ref = ref_of(file_of(table))
    tracemalloc.start()
    read = ref.read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(read, table)
    assert peak < 1.3 * sum(read[name].nbytes for name in read.names)


def test_a_cut_table_is_refused():
    content = file_of(np.tile(sample(), 50))
    ref = array_ref(*(lambda i: (i, i[1]))(scan(content[:-9000], "t.fits")))
    with pytest.raises(FileFormatError, match=r"t.fits\[#1\]: the data are cut"):
        ref.read()


def test_nameless_and_repeated_columns_get_names_of_their_own():
    content = file_of(np.zeros(1, [("a", "i2"), ("b", "i2"), ("c", "i2")]))
    content = content.replace(b"TTYPE1  = 'a ", b"XXXXX1  = 'a ")
    content = content.replace(b"TTYPE3  = 'c ", b"TTYPE3  = 'b ")
    assert ref_of(content).names == ("col1", "b", "b_")


def test_a_table_reference_pickles():
    ref = pickle.loads(pickle.dumps(ref_of(file_of(sample()))))
    np.testing.assert_array_equal(ref.read(), sample())


def test_variable_length_columns_come_from_astropy_and_outlive_the_file():
    ref = ref_of(DATA / "astropy__variable_length_table.fits")
    assert ref.has_variable
    found = ref.read()
    np.testing.assert_array_equal(found["var"][0], [45, 56])
    np.testing.assert_array_equal(ref.column("xyz"), found["xyz"])
    assert ref.dtype["var"] == np.dtype(object)


def test_text_tables_come_from_astropy():
    ref = ref_of(DATA / "astropy__ascii.fits")
    assert isinstance(ref, AstropyRef)
    assert not isinstance(ref, TableRef)
    np.testing.assert_array_equal(ref.read()["a"], fits.getdata(DATA / "astropy__ascii.fits")["a"])


@pytest.mark.skipif(not ARCHIVE.exists(), reason="the archival files are not here")
def test_every_table_of_the_archive_is_read_as_astropy_reads_it():
    skipped = ("sunpy__not_actually_fits.fits", "astropy__lzw.fits.Z", "crds__dbu1405fu.r1h")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        counts = [compare_tables(p) for p in ARCHIVE.iterdir() if p.name not in skipped]
    assert sum(counts) > 500


@pytest.mark.parametrize(
    "name", ["sunpy__gbm.fits", "astropy__tb.fits", "jwst__76dc1a_nircam_photom.fits"]
)
def test_real_tables_are_read_as_astropy_reads_them(name):
    assert compare_tables(DATA / name) > 0


def compare_tables(path):
    index, count = scan(path), 0
    with fits.open(path) as hdulist:
        for number, hdu in enumerate(hdulist):
            ref = array_ref(index, index[number])
            if isinstance(ref, TableRef) and not ref.has_variable:
                found = ref.read()
                assert list(found.dtype.names) == list(hdu.data.names)
                count += sum(compare_column(ref, found[n], hdu.data, n) for n in found.dtype.names)
    return count


def compare_column(ref, found, data, name):
    try:
        expected = np.asarray(data[name])
    except ValueError:  # bit columns with TDIM are beyond astropy
        return 0
    if expected.dtype.kind in "SU":
        expected = np.char.rstrip(as_users_see(expected))
    column = ref.columns[name]
    if column.null is not None:  # masked or NaN here, a number there
        stored = np.asarray(data)[name]
        found, expected = (np.ma.getdata(x)[stored != column.null] for x in (found, expected))
    if found.dtype.kind != "U":  # widths of texts shrink in `expected`
        assert found.dtype == expected.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, expected)
    return 1

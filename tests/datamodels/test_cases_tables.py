"""What users of other software met with images and tables; the case is in the docstring."""

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, JwstDataModel
from jwstlike.datamodels.tables import encode_table
from jwstlike.errors import ValidationWarning


def written(path, *hdus):
    primary = afits.PrimaryHDU()
    primary.header.update({"DATAMODL": "ImageModel", "TELESCOP": "JWST"})
    afits.HDUList([primary, *hdus]).writeto(path)
    return path


def cards(path, hdu=1):
    return dict(afits.getheader(path, hdu))


@pytest.fixture
def ragged(tmp_path):
    """Write a table with ragged and empty cells."""
    cells = np.empty(3, object)
    cells[:] = [np.arange(2, dtype="i4"), np.zeros(0, "i4"), np.arange(5, dtype="i4")]
    columns = [afits.Column("V", "PJ()", array=cells), afits.Column("A", "J", array=[1, 2, 3])]
    table = afits.BinTableHDU.from_columns(columns, name="RAGGED")
    return written(tmp_path / "a.fits", table)


RAGGED = [[0, 1], [], [0, 1, 2, 3, 4]]


def cells_of(path):
    with afits.open(path) as hdus:
        return [list(cell) for cell in hdus[1].data["V"]]


# ---------------------------------------------------------------- images


def test_blank_pixels_read_as_nan_and_stay_blank_in_an_untouched_hdu(tmp_path):
    """Case 29."""
    image = afits.ImageHDU(np.array([[1, -99], [3, 4]], "i2"), name="SCI")
    image.header["BLANK"] = -99
    path = written(tmp_path / "a.fits", image)
    model = datamodels.open(path)
    assert model.data.dtype == "f4"
    assert np.array_equal(model.data, [[1, np.nan], [3, 4]], equal_nan=True)
    model.save(tmp_path / "b.fits")
    assert cards(tmp_path / "b.fits")["BLANK"] == -99
    with afits.open(tmp_path / "b.fits", do_not_scale_image_data=True) as hdus:
        assert hdus[1].data.tolist() == [[1, -99], [3, 4]]


def test_blank_goes_when_pixels_are_written_as_floats(tmp_path):
    image = afits.ImageHDU(np.array([[1, -99], [3, 4]], "i2"), name="SCI")
    image.header["BLANK"] = -99
    model = datamodels.open(written(tmp_path / "a.fits", image))
    model.data[0, 0] = 5
    model.save(tmp_path / "b.fits")
    assert "BLANK" not in cards(tmp_path / "b.fits")
    with afits.open(tmp_path / "b.fits") as hdus:
        assert np.array_equal(hdus[1].data, [[5, np.nan], [3, 4]], equal_nan=True)


def test_unsigned_pixels_that_became_floats_have_no_offset(tmp_path):
    image = afits.ImageHDU(np.array([[1, 65000]], "u2"), name="SCI")
    model = datamodels.open(written(tmp_path / "a.fits", image))
    model.data = model.data * 1.5
    found = cards(model.save(tmp_path / "b.fits"))
    assert found["BITPIX"] == -32
    assert not {"BZERO", "BSCALE"} & found.keys()
    with afits.open(tmp_path / "b.fits") as hdus:
        assert hdus[1].data.tolist() == [[1.5, 97500]]


def test_unsigned_pixels_times_one_have_no_offset_in_a_new_file(tmp_path):
    """Case 30."""
    found = cards(ImageModel(np.array([[1, 65000]], "u2") * 1.0).save(tmp_path / "a.fits"))
    assert found["BITPIX"] == -32
    assert not {"BZERO", "BSCALE"} & found.keys()


# ---------------------------------------------------------------- cells of variable length


def test_ragged_and_empty_cells_are_read_and_copied(ragged, tmp_path):
    """Case 31."""
    model = datamodels.open(ragged)
    assert [list(c) for c in model.extra_fits.RAGGED.data["V"]] == RAGGED
    model.save(tmp_path / "b.fits")
    with afits.open(ragged) as before, afits.open(tmp_path / "b.fits") as after:
        assert before[1].header.tostring() == after[1].header.tostring()
    assert cells_of(tmp_path / "b.fits") == RAGGED


def test_ragged_cells_survive_the_change_of_another_column(ragged, tmp_path):
    model = datamodels.open(ragged)
    model.extra_fits.RAGGED.data["A"][0] = 9
    path = model.save(tmp_path / "b.fits")
    assert cells_of(path) == RAGGED
    assert cards(path)["TFORM1"] == cards(ragged)["TFORM1"]
    assert cards(path)["PCOUNT"] == 28
    with afits.open(path) as hdus:
        hdus.verify("exception")
        assert hdus[1].data["A"].tolist() == [9, 2, 3]


@pytest.mark.parametrize(
    ("cells", "tform", "values"),
    [
        ([[1.5], [2, 3]], "1PD(2)", [[1.5], [2, 3]]),
        ([np.array([True]), np.array([False, True])], "1PL(2)", [[True], [False, True]]),
        ([np.array([2**31], "u4"), []], "1PK(1)", [[2**31], []]),
        (["abc", "z"], "1PA(3)", [["a", "b", "c"], ["z"]]),
        ([np.array([1], "u1"), np.array([300], "i2")], "1PI(1)", [[1], [300]]),
    ],
)
def test_columns_of_lists_are_written_as_cells_of_variable_length(tmp_path, cells, tform, values):
    table = np.empty(2, [("V", object)])
    table["V"][:] = [cells[0], cells[1]]
    model = JwstDataModel()
    model.extra_fits = {"T": {"data": table}}
    path = model.save(tmp_path / "a.fits")
    assert cards(path)["TFORM1"] == tform
    with afits.open(path) as hdus:
        found = [c.tolist() for c in hdus[1].data["V"]]
    if tform.startswith("1PL"):  # older astropy gives the letters of logical cells
        found = [[{84: True, 70: False}.get(v, v) for v in cell] for cell in found]
    assert found == values


def test_a_cell_of_two_axes_is_an_error_before_anything_is_written(tmp_path):
    """Case 32."""
    table = np.empty(2, [("V", object)])
    table["V"][0], table["V"][1] = np.zeros((2, 3)), np.zeros((1, 3))
    model = JwstDataModel()
    model.extra_fits = {"T": {"data": table}}
    with pytest.raises(ValueError, match="column 'V', row 0: a cell of variable length has one"):
        model.save(tmp_path / "a.fits")
    assert not list(tmp_path.iterdir())


@pytest.mark.soak
def test_a_heap_of_more_than_two_gigabytes_has_long_descriptors(tmp_path):
    """Case 33."""
    table = np.empty(3, [("V", object)])
    for row in range(3):
        table["V"][row] = np.full(800_000_000, row, "u1")
    cards, blocks = encode_table(table)
    assert ("TFORM1", "1QB(800000000)", "") in cards
    assert ("PCOUNT", 2_400_000_000, "Bytes in the heap") in cards
    rows = np.frombuffer(next(iter(blocks)), ">i8").reshape(3, 2)
    assert rows.tolist() == [[800_000_000, 800_000_000 * n] for n in range(3)]


def test_a_gap_before_the_heap_is_no_hindrance(ragged, tmp_path):
    """Case 34."""
    content = bytearray(ragged.read_bytes())
    start = content.index(b"XTENSION")
    card = b"GCOUNT  ="
    at = content.index(card, start)
    theap = b"THEAP   =                   80".ljust(80)
    pcount = content.index(b"PCOUNT  =", start)
    content[pcount : pcount + 80] = b"PCOUNT  =                   72".ljust(80)
    end = content.index(b"END     ", at)
    content[end : end + 160] = theap + b"END".ljust(80)
    data = start + 2880
    content[data + 36 : data + 108] = bytes(44) + content[data + 36 : data + 64]
    path = tmp_path / "gap.fits"
    path.write_bytes(content)
    assert cells_of(path) == RAGGED
    model = datamodels.open(path)
    assert [list(c) for c in model.extra_fits.RAGGED.data["V"]] == RAGGED
    model.save(tmp_path / "b.fits")
    assert cells_of(tmp_path / "b.fits") == RAGGED
    assert cards(tmp_path / "b.fits")["THEAP"] == 80
    model.extra_fits.RAGGED.data["A"][0] = 9
    model.save(tmp_path / "c.fits")
    assert cells_of(tmp_path / "c.fits") == RAGGED


# ---------------------------------------------------------------- other columns


def test_undefined_logical_cells_stay_so_and_false_stays_false(tmp_path):
    """Case 40: also when another column was changed."""
    columns = [
        afits.Column("L", "L", array=np.array([True, False, False])),
        afits.Column("A", "J", array=[1, 2, 3]),
    ]
    path = written(tmp_path / "a.fits", afits.BinTableHDU.from_columns(columns, name="T"))
    content = bytearray(path.read_bytes())
    at = content.index(b"T\0\0\0\1F\0\0\0\2F\0\0\0\3")
    content[at + 5] = 0
    path.write_bytes(content)
    model = datamodels.open(path)
    assert model.extra_fits.T.data["L"].tolist() == [True, None, False]
    model.extra_fits.T.data["A"][0] = 9
    model.save(tmp_path / "b.fits")
    assert b"T\0\0\0\x09\0\0\0\0\2F\0\0\0\3" in (tmp_path / "b.fits").read_bytes()


def test_unicode_columns_are_written_as_ascii_of_their_width(tmp_path):
    """Case 41."""
    model = JwstDataModel()
    model.extra_fits = {"T": {"data": np.array([("abc",), ("de",)], [("S", "U5")])}}
    path = model.save(tmp_path / "a.fits")
    assert cards(path)["TFORM1"] == "5A"
    assert datamodels.open(path).extra_fits.T.data["S"].tolist() == ["abc", "de"]


def test_letters_that_fits_cannot_hold_are_told(tmp_path):
    """Case 41."""
    model = JwstDataModel()
    model.extra_fits = {"T": {"data": np.array([("a\xe9",), ("de",)], [("S", "U5")])}}
    with pytest.warns(ValidationWarning, match=r"T: column 'S': '\?' is written for letters"):
        path = model.save(tmp_path / "a.fits")
    assert datamodels.open(path).extra_fits.T.data["S"].tolist() == ["a?", "de"]


def test_cells_with_axes_have_one_tdim_after_three_saves(tmp_path):
    """Case 43."""
    table = np.zeros(2, [("M", "f4", (2, 3)), ("A", "i4")])
    path = written(tmp_path / "0.fits", afits.BinTableHDU(table, name="T"))
    for number in range(1, 4):
        model = datamodels.open(path)
        model.extra_fits.T.data["A"] = number
        path = model.save(tmp_path / f"{number}.fits")
    header = afits.getheader(path, 1)
    assert [k for k in header if k.startswith("TDIM")] == ["TDIM1"]
    assert header["TDIM1"] == "(3,2)"
    assert datamodels.open(path).extra_fits.T.data["M"].shape == (2, 2, 3)

"""Columns of texts: bytes in a file, `str` for those who use them."""

import pickle

import numpy as np
import pytest
from astropy.io import fits

from jwstlike import datamodels
from jwstlike.datamodels.table_array import as_table
from jwstlike.datamodels.texts import are_encodable, decoded, encoded
from jwstlike.errors import ValidationWarning

STORED = np.array([b"ab  ", b"", b"a\0xy", b"caf\xe9", "\u00e9".encode(), b" c"], "S5")
MEANT = ["ab", "", "a", "caf\u00e9", "\u00e9", " c"]


@pytest.fixture
def texts():
    return decoded(STORED)


def test_texts_end_at_the_first_nul_and_without_blanks(texts):
    assert texts.tolist() == list(texts) == MEANT
    assert texts.dtype == "U5"
    assert type(texts[0]) is str


def test_bytes_of_a_file_come_back(texts):
    """Case 41: letters outside ASCII keep the bytes that they had."""
    for other in (texts, texts[::-1], texts.copy(), pickle.loads(pickle.dumps(texts)),
                  texts.astype("U9")):  # fmt: skip
        assert are_encodable(other)
    assert encoded(texts).tolist() == [b"ab", b"", b"a", b"caf\xe9", b"\xc3\xa9", b" c"]
    texts[0] = "\u00f6"
    assert not are_encodable(texts)
    assert encoded(texts)[0] == b"?"


def test_texts_behave_as_an_array_of_str(texts):
    assert (
        (texts == "ab").tolist() == (texts == np.array(["ab"] * 6)).tolist() == [True] + [False] * 5
    )
    assert (texts != b"ab  ").tolist() == [False] + [True] * 5
    assert not (texts == 5).any()
    assert texts.upper().tolist() == np.char.upper(texts).tolist() == [t.upper() for t in MEANT]
    assert texts.startswith("a").tolist() == [True, False, True, False, False, False]
    assert (texts + "x").tolist() == [t + "x" for t in MEANT]
    assert np.concatenate([texts, ["longer text"]])[-1] == "longer text"
    assert np.where(texts == "a")[0].tolist() == [2]
    with pytest.raises(AttributeError, match="no attribute 'uper'; did you mean 'upper'"):
        texts.uper  # noqa: B018


def test_a_longer_text_is_refused_not_cut(texts):
    """Case 42."""
    with pytest.raises(ValueError, match="'longer' is longer than the 5 letters"):
        texts[0] = "longer"
    with pytest.raises(ValueError, match="'longer' is longer than the 5 letters"):
        texts[:2] = ["a", "longer"]
    texts[0] = "fits   "
    assert texts[0] == "fits"


@pytest.mark.parametrize("shape", [(0,), (2, 0), (3,), (2, 3)])
@pytest.mark.parametrize("width", [0, 1, 4])
def test_empty_texts_of_any_shape_have_a_form(shape, width):
    texts = decoded(np.zeros(shape, f"S{width}"))
    assert texts.shape == encoded(texts).shape == shape
    assert encoded(texts).dtype == f"S{max(1, width)}"
    assert all(text == "" for text in texts.ravel())


def test_a_file_with_other_letters_keeps_them_when_something_else_changes(tmp_path):
    """Case 41."""
    hdu = fits.BinTableHDU.from_columns(
        [fits.Column("name", "6A", array=["Muller", "Abc"]), fits.Column("n", "J", array=[1, 2])],
        name="T",
    )
    path = tmp_path / "a.fits"
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    path.write_bytes(path.read_bytes().replace(b"Muller", b"M\xfcller"))
    model = datamodels.DataModel(path)
    table = model.extra_fits.T.data
    assert table["name"].tolist() == ["M\u00fcller", "Abc"]
    table["n"][1] = 9
    model.extra_fits.T.data = table[::-1]
    saved = (tmp_path / "b.fits", tmp_path / "c.asdf")
    for target in saved:
        model.save(target)
    assert b"M\xfcller" in saved[0].read_bytes()
    for target in saved:
        again = as_table(datamodels.DataModel(target).extra_fits.T.data)
        assert again["name"].tolist() == ["Abc", "M\u00fcller"]


def test_letters_that_fits_cannot_hold_are_told_and_asdf_keeps_them(tmp_path):
    """Case 41."""
    model = datamodels.DataModel()
    model.extra_fits = {"T": {"data": np.array([("\u0394\u03bb",), ("b",)], [("name", "U4")])}}
    with pytest.warns(ValidationWarning, match=r"T: column 'name': '\?' is written"):
        path = model.save(tmp_path / "a.fits")
    assert fits.getheader(path, "T")["TFORM1"] == "4A"
    assert fits.getdata(path, "T")["name"].tolist() == ["??", "b"]
    again = datamodels.DataModel(model.save(tmp_path / "a.asdf")).extra_fits.T.data
    assert again["name"].tolist() == ["\u0394\u03bb", "b"]


def test_texts_of_the_schema_are_kept_until_they_are_saved(tmp_path):
    """Case 41."""
    model = datamodels.NrcImgPhotomModel()
    model.phot_table = [("F\u00fc", "CLEAR", 1.0, 2.0)]
    assert model.phot_table[0]["filter"] == "F\u00fc"
    with pytest.warns(ValidationWarning, match="column 'filter': '\\?' is written"):
        path = model.save(tmp_path / "a.fits")
    assert datamodels.open(path).phot_table["filter"][0] == "F?"

"""Comparison of arrays, values and trees."""

from pathlib import Path

import astropy.io.fits as afits
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jwstlike.datamodels import ImageModel, compare_arrays
from jwstlike.datamodels.arrays import array_ref
from jwstlike.datamodels.compare import differences
from jwstlike.datamodels.compare_values import Rules, flat
from jwstlike.datamodels.fits_scan import scan

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, max_side=5)


@st.composite
def pairs(draw):
    """Two float arrays of one shape that share most values, NaN and infinity among them."""
    first = draw(hnp.arrays(np.float32, draw(SHAPES), elements=st.floats(width=32)))
    second = first.copy()
    for _ in range(draw(st.integers(0, 3))):
        if second.size:
            place = draw(st.integers(0, second.size - 1))
            second.reshape(-1)[place] = draw(st.floats(width=32))
    return first, second


@given(pairs(), st.sampled_from([0.0, 1e-3]), st.integers(1, 40))
def test_the_number_of_differing_pixels_is_that_of_numpy(pair, rtol, block):
    a, b = pair
    old, compare_arrays.BLOCK = compare_arrays.BLOCK, block
    try:
        tally = compare_arrays.compare(a, b, rtol)
    finally:
        compare_arrays.BLOCK = old
    with np.errstate(all="ignore"):
        wide = a.astype(float), b.astype(float)
        same = np.isclose(*wide, rtol=rtol, atol=0, equal_nan=True)
        gap = np.abs(wide[0] - wide[1])
    assert tally.differing == np.count_nonzero(~same)
    assert tally.one_nan == np.count_nonzero(np.isnan(a) != np.isnan(b))
    finite = ~same & np.isfinite(gap)
    if finite.any():
        assert tally.largest == gap[finite].max()
        assert gap[tally.where] == tally.largest
        np.testing.assert_array_equal(
            np.float32(tally.values), [a[tally.where], b[tally.where]]
        )  # fmt: skip
    else:
        assert tally.largest is None
        assert (tally.where is None) == same.all()


def test_unsigned_numbers_have_no_wrapped_differences():
    a, b = np.array([0, 5], "u4"), np.array([1, 5], "u4")
    tally = compare_arrays.compare(a, b)
    assert (tally.differing, tally.largest, tally.where, tally.values) == (1, 1.0, (0,), (0, 1))


def test_large_integers_are_told_apart_exactly():
    a, b = np.array([2**63]), np.array([2**63 + 1])
    assert compare_arrays.compare(a.astype("u8"), b.astype("u8")).differing == 1


@pytest.mark.parametrize("pair", [
    (np.array([b"a", b"b"]), np.array(["a", "c"])),
    (np.array([True, False]), np.array([True, True])),
    (np.array([1 + 1j, 2]), np.array([1 + 1j, 2 + 1j])),
])  # fmt: skip
def test_texts_logicals_and_complex_numbers_are_compared(pair):
    tally = compare_arrays.compare(*pair)
    assert (tally.differing, tally.where) == (1, (1,))


def test_arrays_in_files_are_compared_block_by_block(tmp_path, monkeypatch):
    data = np.arange(60, dtype="f4").reshape(3, 4, 5)
    path = tmp_path / "a.fits"
    afits.HDUList([afits.PrimaryHDU(), afits.ImageHDU(data)]).writeto(path)
    index = scan(path)
    ref = array_ref(index, index[1])
    other = data.copy()
    other[2, 3, 4] += 0.5
    monkeypatch.setattr(compare_arrays, "BLOCK", 7)
    monkeypatch.setattr(type(ref), "read", lambda *_: pytest.fail("read as a whole"))
    tally = compare_arrays.compare(ref, other)
    assert (tally.differing, tally.where, tally.values) == (1, (2, 3, 4), (59.0, 59.5))


@pytest.mark.parametrize(("a", "b", "same"), [
    (3, 3.0, True), (float("nan"), float("nan"), True), (float("inf"), float("inf"), True),
    (float("inf"), 1.0, False), (1.0, 1.05, True), (1.0, 1.2, False), (True, 1, False),
    ([1.0, "x"], [1.05, "x"], True), ([1], [1, 2], False), ({"a": 1}, {"a": 1.01}, True),
    ("x", 1, False), (None, 0, False),
])  # fmt: skip
def test_values_are_the_same_within_the_tolerance(a, b, same):
    assert Rules(rtol=0.1).same(a, b) is same


def test_a_tree_is_flat_down_to_its_values():
    tree = {
        "meta": {"a": 1, "none": None, "list": [1, 2], "items": [{"x": 1}, {"x": 2}]},
        "extra_fits": {"PRIMARY": {"header": [["A", 1, "c"], ["B", 2, ""], ["B", 3, ""]]}},
        "history": {"entries": []}, "asdf_library": {"name": "asdf"},
    }  # fmt: skip
    assert flat(tree) == {
        ("meta", "a"): 1, ("meta", "list"): [1, 2], ("meta", "items", 0, "x"): 1,
        ("meta", "items", 1, "x"): 2, ("extra_fits", "PRIMARY", "header", "A"): 1,
        ("extra_fits", "PRIMARY", "header", "B"): [2, 3],
    }  # fmt: skip


def test_models_in_memory_are_compared_too():
    a, b = ImageModel(np.zeros((2, 2), "f4")), ImageModel(np.ones((2, 2), "f4"))
    assert str(differences(a, a)) == "no differences"
    (found,) = differences(a, b)
    assert str(found) == (
        "data: 4 of 4 pixels differ; largest difference 1 at [0, 0]: 0.0 | 1.0"
    )  # fmt: skip


def test_a_column_of_arrays_of_their_own_length_is_compared_row_by_row(tmp_path):
    def write(name, last):
        cells = np.empty(2, object)
        cells[:] = [np.array([1, 2]), np.array(last)]
        column = afits.Column("V", "PJ()", array=cells)
        afits.HDUList([afits.PrimaryHDU(), afits.BinTableHDU.from_columns([column])]).writeto(name)
        return name

    a, b = write(tmp_path / "a.fits", [3]), write(tmp_path / "b.fits", [3, 4])
    assert differences(a, a) == []
    (found,) = differences(a, b)
    assert str(found) == "#1 column V: 1 of 2 cells differ at [1]"


def test_infinity_is_beyond_every_tolerance():
    a, b = np.array([0.0, np.inf, np.inf]), np.array([np.inf, np.inf, -np.inf])
    assert compare_arrays.compare(a, b, rtol=0.5).differing == 2


def test_a_compressed_image_with_a_damaged_axis_is_compared_by_its_bytes(tmp_path):
    whole = Path(__file__).parents[1] / "data" / "fits" / "astropy__compressed_with_nan.fits"
    content = whole.read_bytes().replace(
        b"ZNAXIS1 =                   12", b"ZNAXIS1 = '12 4'".ljust(30)
    )
    (tmp_path / "damaged.fits").write_bytes(content)
    (found,) = differences(tmp_path / "damaged.fits", whole)  # the bytes of the data are the same
    assert (found.kind, found.keyword, found.a, found.b) == ("card", "ZNAXIS1", "12 4", 12)


def test_an_array_in_asdf_is_compared_in_pieces(tmp_path, monkeypatch):
    from jwstlike.datamodels import compare_arrays
    from jwstlike.datamodels.asdf_blocks import BlockRef

    model = ImageModel(np.arange(64, dtype="f4").reshape(8, 8))
    paths = [model.save(tmp_path / name) for name in ("a.asdf", "b.fits")]
    monkeypatch.setattr(compare_arrays, "BLOCK", 16)
    monkeypatch.setattr(BlockRef, "read", lambda *_: pytest.fail("read as a whole"))
    assert differences(*paths) == []


def test_a_compressed_image_is_the_same_as_its_plain_copy(tmp_path):
    data = np.arange(400, dtype="i2").reshape(20, 20)
    for name, kind in (("a.fits", afits.ImageHDU), ("b.fits", afits.CompImageHDU)):
        hdu = kind(data, name="MINE")
        hdu.header["BUNIT"] = "adu"
        afits.HDUList([afits.PrimaryHDU(), hdu]).writeto(tmp_path / name)
    assert differences(tmp_path / "a.fits", tmp_path / "b.fits") == []


def test_values_are_compared_in_the_type_of_the_schema(tmp_path):
    for name, value in (("a.fits", True), ("b.fits", "T"), ("c.fits", "F")):
        primary = afits.PrimaryHDU()
        primary.header["TELESCOP"], primary.header["DATAMODL"] = "JWST", "ImageModel"
        primary.header["SUBARRAY"] = value
        primary.writeto(tmp_path / name)
    assert differences(tmp_path / "a.fits", tmp_path / "b.fits") == []
    assert len(differences(tmp_path / "a.fits", tmp_path / "c.fits")) == 1

"""Casting of arrays, tables and scalars: dtype x byte order x shape."""

import datetime
from pathlib import Path

import numpy as np
import pytest

from jwstlike.datamodels.bindings import Table
from jwstlike.datamodels.casting import cast_array, gentle_asarray, plain_value
from jwstlike.datamodels.tables import encode_table


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
@pytest.mark.parametrize("kind", ["u1", "i2", "u2", "i4", "u4", "f4", "f8"])
@pytest.mark.parametrize("target", ["u1", "i4", "u4", "f4", "f8"])
def test_plain_arrays_are_cast_as_numpy_does(kind, target, shape, order):
    array = np.full(shape, 7, order + kind)
    out = gentle_asarray(array, target)
    assert (out.dtype, out.shape, out.dtype.isnative) == (np.dtype(target), shape, True)
    assert np.all(out == 7)


def test_an_array_that_fits_is_returned_itself():
    array = np.zeros((2, 2), "f4")
    assert gentle_asarray(array, "f4") is array


def test_columns_are_matched_without_case_and_in_the_order_of_the_schema():
    array = np.array([(1, 2.5), (3, 4.5)], [("B", "i2"), ("a", ">f8")])
    out = gentle_asarray(array, [("A", "f4"), ("b", "i4")])
    assert out.dtype == np.dtype([("A", "f4"), ("b", "i4")])
    assert out.tolist() == [(2.5, 1), (4.5, 3)]


def test_unsigned_values_survive_reordering():
    """Case 35."""
    array = np.array([(1, 2**31)], [("x", "i2"), ("u", ">u4")])
    assert gentle_asarray(array, [("u", "u4"), ("x", "i2")])["u"].tolist() == [2**31]


def test_other_columns_are_refused():
    array = np.zeros(1, [("a", "i2"), ("x", "i2")])
    with pytest.raises(ValueError, match=r"Schema has \{'c'\}. Data has \{'x'\}"):
        gentle_asarray(array, [("a", "i2"), ("c", "i2")])


def test_extra_columns_follow_where_they_are_allowed():
    array = np.zeros(1, [("x", ">i2"), ("a", "i2")])
    out = gentle_asarray(array, [("a", "i4")], allow_extra_columns=True)
    assert out.dtype == np.dtype([("a", "i4"), ("x", "i2")])


def test_strings_are_widened_never_cut():
    """Case 42."""
    array = np.array([("long text",)], [("a", "S9")])
    assert gentle_asarray(array, [("a", "S4")])["a"].tolist() == [b"long text"]


def test_a_table_is_no_plain_array():
    with pytest.raises(TypeError, match="a table cannot become a plain array of float32"):
        gentle_asarray(np.zeros(1, [("a", "i2")]), "f4")


@pytest.mark.parametrize(
    ("schema", "shape", "text"),
    [
        ({"ndim": 2}, (3,), "Expected 2, got 1"),
        ({"max_ndim": 2}, (1, 1, 1), "Expected <= 2, got 3"),
    ],
)
def test_dimensions_are_checked(schema, shape, text):
    spec = Table({"datatype": "float32", **schema}).root
    with pytest.raises(ValueError, match=f"Array has wrong number of dimensions.  {text}"):
        cast_array(np.zeros(shape), spec)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.bool_(True), True),
        (np.float32(1.5), 1.5),
        (np.datetime64("2020-01-02"), "2020-01-02"),
        (Path("a/b"), "a/b"),
        ({3, 1}, [1, 3]),
        ((1, (2,)), [1, [2]]),
        (datetime.date(2020, 1, 2), datetime.date(2020, 1, 2)),
    ],
)
def test_scalars_become_plain(value, expected):
    found = plain_value(value)
    assert found == expected
    assert type(found) is type(expected)


def test_a_date_becomes_text_where_a_text_is_wanted():
    assert plain_value(datetime.datetime(2020, 1, 2, 3), as_text=True) == "2020-01-02T03:00:00"


@pytest.mark.parametrize(
    "given",
    [
        np.array((1, 2.5), [("a", "i2"), ("b", "f8")]),
        np.array([(1, 2.5)], [("a", "i2"), ("b", "f8")])[0],
        np.array([[1, 2.5]]),
        [(1, 2.5)],
        [[1, 2.5]],
    ],
)
def test_one_row_makes_a_table(given):
    spec = Table({"datatype": [{"name": n, "datatype": "float32"} for n in "ab"]}).root
    made = cast_array(given, spec)
    assert made.shape == (1,)
    assert made.tolist() == [(1, 2.5)]


def test_rows_along_two_axes_are_no_table():
    spec = Table({"datatype": [{"name": "a", "datatype": "float32"}]}).root
    with pytest.raises(ValueError, match="Expected 1 of rows, got 2"):
        cast_array(np.zeros((2, 3), [("a", "f4")]), spec)
    with pytest.raises(ValueError, match="rows along one axis, not along 2"):
        encode_table(np.zeros((2, 3), [("a", "f4")]))

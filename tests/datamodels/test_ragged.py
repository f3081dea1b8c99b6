"""Tables with cells of variable length on their way through ASDF."""

import numpy as np
import pytest

from jwstlike.datamodels import ragged
from jwstlike.datamodels.lazy_array import LazyArray
from jwstlike.errors import FileFormatError


def table():
    """Make a table with a plain column and three ragged ones."""
    made = np.empty(3, [("n", "i4", (2,)), ("cells", "O"), ("words", "O"), ("planes", "O")])
    made["n"] = [[1, 2], [3, 4], [5, 6]]
    made["cells"][:] = [np.array([1.5, 2.5]), np.array([]), np.array([3.5])]
    made["words"][:] = ["two", "", "x"]
    made["planes"][:] = [np.ones((2, 3)), np.ones((1, 1)), np.ones((0, 4))]
    return made


def columns():
    return ragged.without_objects({"T": [table()]})["T"][0]["columns"]


def test_ragged_columns_become_values_and_lengths():
    made = columns()
    assert made["n"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert made["cells"]["values"].tolist() == [1.5, 2.5, 3.5]
    assert made["cells"]["lengths"].tolist() == [2, 0, 1]
    assert made["planes"]["shapes"] == [[2, 3], [1, 1], [0, 4]]


def test_they_come_back():
    extra = {"T": {"columns": columns(), "units": {}}}
    ragged.restore(extra)
    back = extra["T"].read()
    assert back["n"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert [cell.tolist() for cell in back["cells"]] == [[1.5, 2.5], [], [3.5]]
    assert [b"".join(cell) for cell in back["words"]] == [b"two", b"", b"x"]
    assert [cell.shape for cell in back["planes"]] == [(2, 3), (1, 1), (0, 4)]


def test_what_is_no_such_table_stays_as_it_is():
    plain = {"A": {"data": np.zeros(2)}, "B": {"header": []}, "C": None}
    assert ragged.without_objects(plain) == plain
    odd = {"A": {"columns": {"x": 3}, "units": {}}, "B": {"columns": [1], "units": {}}, "C": 1}
    ragged.restore(odd)
    assert odd["A"] == {"columns": {"x": 3}, "units": {}}
    assert odd["B"] == {"columns": [1], "units": {}}


def test_columns_that_do_not_fit_together_are_told():
    made = columns()
    made["cells"]["lengths"] = np.array([9, 9, 9])
    extra = {"T": {"columns": made, "units": {}}}
    ragged.restore(extra)
    with pytest.raises(FileFormatError, match="columns of a table do not fit together"):
        extra["T"].read()


class Unreadable(LazyArray):
    """A table whose coding nobody knows."""

    shape = (1,)

    @property
    def dtype(self):
        """Fail: it is known only when the table is read."""
        raise FileFormatError("a.fits", "the data cannot be read", "")


def test_a_table_that_cannot_be_read_is_left_to_those_who_write():
    table = Unreadable()
    assert ragged.without_objects({"T": table})["T"] is table

"""Arrays that are assigned keep their values, or are refused with their place."""

import numpy as np
import pytest

from jwstlike.datamodels import DataModel, ImageModel, MultiSlitModel, SpecModel

LOSSY = [
    ("dq", np.array([[0, -1]]), "1 of 2 values do not fit uint32, the first is -1 at (0, 1)"),
    ("dq", np.array([[2**40]]), "1 of 1 values do not fit uint32, the first is 1099511627776 at"),
    ("dq", np.array([[1.5, 2.5]]), "2 of 2 values do not fit uint32, the first is 1.5 at (0, 0)"),
    ("dq", np.array([[np.nan]]), "do not fit uint32, the first is nan"),
    ("dq", np.array([[-1]], "i1"), "do not fit uint32, the first is -1"),
    ("dq", [[0, -1]], "1 of 2 values do not fit uint32"),
    ("data", np.array([[1 + 2j]]), "do not fit float32, the first is (1+2j)"),
    ("data", np.array([[1e300]]), "do not fit float32, the first is 1e+300"),
]


@pytest.mark.parametrize(("name", "value", "phrase"), LOSSY)
def test_an_array_that_would_lose_its_values_is_refused(name, value, phrase):
    model = ImageModel((1, 2))
    before = getattr(model, name).tolist()
    with pytest.raises(ValueError, match="clip or cast them before") as caught:
        setattr(model, name, value)
    place = {"dq": "ImageModel[DQ] (dq): ", "data": "ImageModel[SCI] (data): "}[name]
    assert str(caught.value).startswith(place)
    assert phrase in str(caught.value)
    assert getattr(model, name).tolist() == before


KEPT = [
    ("dq", np.array([[4.0, 0.0]]), [[4, 0]]),
    ("dq", np.array([[2**32 - 1]]), [[2**32 - 1]]),
    ("dq", np.array([[True, False]]), [[1, 0]]),
    ("dq", np.array([[3 + 0j]]), [[3]]),
    ("data", np.array([[0.1]]), [[np.float32(0.1)]]),
    ("data", np.array([[2**24 + 1]]), [[2**24]]),
    ("data", np.array([[np.inf, -np.inf]]), [[np.inf, -np.inf]]),
    ("data", np.array([[1 + 0j]]), [[1]]),
]


@pytest.mark.parametrize(("name", "value", "expected"), KEPT)
def test_rounding_is_no_loss(name, value, expected):
    model = ImageModel()
    setattr(model, name, value)
    assert getattr(model, name).tolist() == expected
    assert getattr(model, name).dtype == {"dq": np.uint32, "data": np.float32}[name]


@pytest.mark.parametrize("asked", [{"pass_invalid_values": True}, {"validate": "off"}])
def test_a_lossy_cast_is_done_when_that_is_asked_for(asked):
    model = ImageModel((1, 1), **asked)
    model.dq = np.array([[-1]])
    assert model.dq.tolist() == [[2**32 - 1]]


def test_a_column_that_would_lose_its_values_is_named():
    table = np.zeros(2, SpecModel().get_dtype("spec_table"))
    types = [(n, "f8" if n == "DQ" else table.dtype[n]) for n in table.dtype.names]
    odd = table.astype(types)
    odd["DQ"][1] = -2
    model = SpecModel()
    with pytest.raises(ValueError, match=r"\(spec_table\): column DQ: 1 of 2 values .* -2.0 at"):
        model.spec_table = odd
    odd["DQ"][1] = 2
    model.spec_table = odd
    assert model.spec_table["DQ"].tolist() == [0, 2]


PLACES = [
    ("data", np.zeros((2, 2, 2)), ValueError,
     r"^ImageModel\[SCI\] \(data\): Array has wrong number of dimensions.  Expected 2, got 3$"),
    ("data", "text", ValueError, r"^ImageModel\[SCI\] \(data\): could not convert string"),
    ("data", np.zeros(2, [("a", "f4")]), TypeError,
     r"^ImageModel\[SCI\] \(data\): a table cannot become a plain array of float32$"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "error", "text"), PLACES)
def test_the_error_of_an_array_names_its_place(name, value, error, text):
    with pytest.raises(error, match=text):
        setattr(ImageModel(), name, value)


def test_an_array_inside_of_what_is_assigned_is_named():
    model = MultiSlitModel()
    model.slits.append({"dq": [[4]]})
    with pytest.raises(ValueError, match=r"^MultiSlitModel\[DQ,2\] \(slits\.1\.dq\): 1 of 1 value"):
        model.slits.append({"dq": [[-1]]})
    with pytest.raises(ValueError, match=r"^MultiSlitModel\[DQ,1\] \(slits\.0\.dq\): 1 of 1 value"):
        model.slits = [{"dq": [[-1]]}]
    assert [slit.dq.tolist() for slit in model.slits] == [[[4]]]


def test_logical_arrays_take_ones_and_zeros_only():
    schema = {"properties": {"good": {"datatype": "bool8", "fits_hdu": "GOOD"}}}
    model = DataModel(schema=schema)
    model.good = [1, 0, 1.0]
    assert model.good.tolist() == [True, False, True]
    with pytest.raises(ValueError, match="1 of 2 values do not fit bool, the first is 2"):
        model.good = [0, 2]


def test_a_scalar_array_becomes_a_number():
    model = ImageModel()
    model.meta.exposure.exposure_time = np.array(3.5)
    model.meta.exposure.nints = np.array([1, 2]).sum(keepdims=False)
    assert type(model.meta.exposure.exposure_time) is float
    assert type(model.meta.exposure.nints) is int


def test_arrays_of_a_dict_are_cast_when_they_are_asked_for():
    given = {"data": np.ones((2, 2)), "dq": np.full((2, 2), -1, "i2"), "err": [[1, 2], [3, 4]]}
    model = ImageModel({**given})
    assert (model.data.dtype, model.dq.dtype, model.err.dtype) == (np.float32, np.uint32, "f4")
    assert model.data is model.data
    assert model.err.tolist() == [[1, 2], [3, 4]]
    assert (given["data"].dtype, given["dq"].dtype) == (np.float64, np.int16)
    slits = MultiSlitModel({"slits": [{"data": np.ones((2, 2))}]})
    assert slits.slits[0].data.dtype == np.float32


def test_the_table_of_a_dict_is_cast_when_it_is_asked_for():
    model = SpecModel({"spec_table": np.ones(2, [("flux", ">f4"), ("wavelength", "i2")])})
    table = model.spec_table
    assert (table.dtype.names, table.dtype["FLUX"]) == (("WAVELENGTH", "FLUX"), np.float64)
    assert model.spec_table is table


@pytest.mark.parametrize("value", ["text", [[1], [2, 3]], {"a": 1}, [[1.5]], 3])
def test_what_is_no_array_stays_and_is_found(value):
    model = ImageModel({"dq": value, "data": value})
    assert model.dq == value
    assert repr(model).startswith("<ImageModel")
    assert {"dq"} <= {finding.path for finding in model.check()}

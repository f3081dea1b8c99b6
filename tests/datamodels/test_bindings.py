"""Compiled schemas: literal expectations on small ones."""

import numpy as np
import pytest

from jwstlike.datamodels.bindings import ITEM, Table, iter_leaves, numpy_dtype, properties_of
from jwstlike.errors import SchemaError

SCHEMA = {
    "type": "object",
    "properties": {
        "meta": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "fits_keyword": "NAME", "title": "A name\nand more"},
                "gain": {"type": "number", "fits_keyword": "GAIN", "fits_hdu": "SCI"},
                "free": {"type": "string"},
            },
        },
        "data": {"fits_hdu": "SCI", "datatype": "float32", "ndim": 2, "default": 1.5},
        "slits": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "integer", "fits_keyword": "ID", "fits_hdu": "SLIT"}},
            },
        },
        "any": {},
    },
}


@pytest.fixture(scope="module")
def table():
    return Table(SCHEMA)


def test_leaves_come_in_the_order_of_the_schema(table):
    assert [(spec.path, spec.kind) for spec in iter_leaves(table.root)] == [
        (("meta", "name"), "scalar"),
        (("meta", "gain"), "scalar"),
        (("meta", "free"), "scalar"),
        (("data",), "array"),
        (("slits", ITEM, "id"), "scalar"),
        (("any",), "any"),
    ]


def test_cards_are_found_by_hdu_and_keyword(table):
    assert {key: [s.path for s in specs] for key, specs in table.cards.items()} == {
        ("PRIMARY", "NAME"): [("meta", "name")],
        ("SCI", "GAIN"): [("meta", "gain")],
        ("SLIT", "ID"): [("slits", ITEM, "id")],
    }
    assert [s.path for s in table.arrays["SCI"]] == [("data",)]
    assert table.hdus == {"PRIMARY", "SCI", "SLIT"}
    assert table.primary == "data"


def test_a_spec_tells_what_it_is_bound_to(table):
    name, data = table.find(("meta", "name")), table.find(("data",))
    assert (name.keyword, name.hdu, name.bound, name.title) == ("NAME", "PRIMARY", True, "A name")
    assert (data.hdu, data.dtype, data.default, data.is_table) == ("SCI", np.float32, 1.5, False)
    assert not table.find(("meta", "free")).bound
    assert table.find(("slits", 3, "id")).path == ("slits", ITEM, "id")
    assert table.find(("nowhere", "at", "all")) is None


@pytest.mark.parametrize(
    ("datatype", "expected"),
    [
        ("float32", np.dtype("f4")),
        ("bool8", np.dtype(bool)),
        (["ascii", 5], np.dtype("S5")),
        (["ucs4", 3], np.dtype("U3")),
        ([{"name": "a", "datatype": "int16"}], np.dtype([("a", "i2")])),
        ([{"name": "a", "datatype": "int16", "shape": [2, 3]}], np.dtype([("a", "i2", (2, 3))])),
        (["int8", "float64"], np.dtype([("f0", "i1"), ("f1", "f8")])),
    ],
)
def test_datatypes_become_numpy_dtypes(datatype, expected):
    assert numpy_dtype(datatype) == expected


def test_an_unknown_datatype_is_named():
    with pytest.raises(SchemaError, match=r"schema meta\.x: datatype 'flaot' is unknown"):
        numpy_dtype("flaot", "meta.x")


def test_of_alternatives_the_first_hit_wins():
    schema = {
        "properties": {"a": {"type": "integer"}},
        "anyOf": [{"properties": {"a": {"type": "string"}, "b": {"type": "string"}}}],
    }
    assert properties_of(schema) == {"a": {"type": "integer"}, "b": {"type": "string"}}


def test_names_are_compiled_as_files_have_them(table):
    name, slits = table.find(("meta", "name")), table.find(("slits",))
    assert (name.card, name.extname) == (b"NAME    ", "PRIMARY")
    assert slits.extnames == {"SLIT"}
    assert [key for key, _ in table.root.inner] == ["data", "slits"]

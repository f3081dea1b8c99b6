"""The compiled checks against the `jsonschema` package."""

import warnings

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwstlike import datamodels
from jwstlike.datamodels.bindings import Table, iter_leaves
from jwstlike.datamodels.checks import compile_check
from jwstlike.datamodels.class_tables import table_of
from jwstlike.datamodels.exceptions import ValidationError
from jwstlike.datamodels.models import CLASSES
from jwstlike.datamodels.schema import merge_property_trees
from jwstlike.datamodels.walk import findings

scalars = st.one_of(
    st.booleans(), st.integers(-5, 5), st.sampled_from([0.0, 3.0, -1.5, float("nan"), 1e300]),
    st.sampled_from(["", "A", "NIRCAM", "1.0", "ab|cd|", "T"]),
)  # fmt: skip
values = st.one_of(scalars, st.lists(scalars, max_size=2), st.dictionaries(st.just("a"), scalars))
plain_schemas = st.fixed_dictionaries(
    {},
    optional={
        "type": st.one_of(
            st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"]),
            st.lists(st.sampled_from(["string", "integer", "null"]), min_size=1, unique=True),
        ),
        "enum": st.lists(scalars, min_size=1, max_size=3),
        "pattern": st.sampled_from(["^A", "[0-9]", "^$"]),
        "minimum": st.integers(-3, 3),
        "maximum": st.integers(-3, 3),
        "minLength": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "multipleOf": st.integers(1, 3),
        "title": st.just("A title"),
        "fits_keyword": st.just("KEY"),
    },
)
schemas = st.recursive(
    plain_schemas,
    lambda parts: st.fixed_dictionaries(
        {},
        optional={
            "anyOf": st.lists(parts, min_size=1, max_size=2),
            "oneOf": st.lists(parts, min_size=1, max_size=2),
            "allOf": st.lists(parts, min_size=1, max_size=2),
            "not": parts,
            "type": st.sampled_from(["string", "number"]),
        },
    ),
    max_leaves=4,
)


def agree(schema, value):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        expected = jsonschema.Draft4Validator(schema).is_valid(value)
    assert (compile_check(schema)(value) is None) == expected, (schema, value)


@settings(max_examples=200, deadline=None)
@given(schemas, values)
def test_a_compiled_check_agrees_with_jsonschema(schema, value):
    agree(schema, value)


NAMES = st.sampled_from(["a", "b", "xa"])
trees = st.recursive(
    scalars,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3), st.dictionaries(NAMES, parts, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip


def structured_schemas(parts):
    """Schemas of objects and lists made of `parts`, with every keyword of draft 4."""
    some = st.lists(parts, min_size=1, max_size=2)
    inside = {"anyOf": some, "oneOf": some, "allOf": some, "not": parts}
    of_object = {
        "type": st.just("object"), "required": st.lists(NAMES, min_size=1, unique=True),
        "additionalProperties": st.one_of(st.booleans(), parts),
        "patternProperties": st.dictionaries(st.sampled_from(["^x", "a"]), parts, max_size=2),
        "minProperties": st.integers(0, 2), "maxProperties": st.integers(0, 3),
        "dependencies": st.just({"a": ["b"]}),
    }  # fmt: skip
    of_list = {
        "type": st.just("array"), "minItems": st.integers(0, 2), "maxItems": st.integers(0, 3),
        "uniqueItems": st.booleans(), "additionalItems": st.one_of(st.booleans(), parts),
    }  # fmt: skip
    children = st.dictionaries(NAMES, parts, max_size=3)
    return st.one_of(
        st.fixed_dictionaries({"properties": children}, optional={**of_object, **inside}),
        st.fixed_dictionaries({"items": st.one_of(parts, some)}, optional={**of_list, **inside}),
        st.fixed_dictionaries({}, optional=inside),
    )


@settings(max_examples=150, deadline=None)
@given(st.recursive(plain_schemas, structured_schemas, max_leaves=6), trees)
def test_a_walk_through_a_tree_agrees_with_jsonschema(schema, tree):
    schema = merge_property_trees(schema)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        expected = jsonschema.Draft4Validator(schema).is_valid(tree)
    assert (not findings(Table(schema).root, tree)) == expected


@pytest.mark.parametrize(
    ("schema", "name", "allowed"),
    [
        ({"properties": {}, "additionalProperties": False}, "a", False),
        ({"type": "object", "additionalProperties": False}, "a", False),
        ({"properties": {"b": {}}, "additionalProperties": False,
          "patternProperties": {"^a": {}}}, "a", True),
        ({"properties": {"b": {}}, "additionalProperties": False,
          "patternProperties": {"^c": {}}}, "a", False),
        ({"properties": {"b": {}}, "additionalProperties": {"type": "string"}}, "a", False),
    ],
)  # fmt: skip
def test_a_closed_object_is_closed(schema, name, allowed):
    assert jsonschema.Draft4Validator(schema).is_valid({name: 1}) is allowed
    assert (not findings(Table(schema).root, {name: 1})) is allowed


def test_alternatives_of_an_object_are_checked_together():
    whole = {"properties": {"a": {"type": "integer"}}, "required": ["a"]}
    text = {"properties": {"a": {"type": "string"}}}
    table = Table({"anyOf": [whole, text]})
    for value, problems in (({"a": 1}, 0), ({"a": "x"}, 0), ({}, 0), ({"a": 2.5}, 1)):
        assert len(findings(table.root, value)) == problems, value


def leaf_schemas():
    """Every different leaf of the shipped models, arrays left out."""
    found = {}
    for name in CLASSES:
        for spec in iter_leaves(table_of(getattr(datamodels, name), None, None).root):
            if spec.kind == "scalar":
                found.setdefault(id(spec.schema), spec.schema)
    return list(found.values())


def test_the_checks_of_all_shipped_leaves_agree_with_jsonschema():
    samples = ["NIRCAM", "", "x", 1, 1.0, 2.5, -3, True, False, [], ["a"], {}]
    for schema in leaf_schemas():
        near = [v for v in schema.get("enum", ()) if v is not None][:2]
        for value in (*samples, *near):
            agree(schema, value)


SELECTOR = r"^((NRCA1|NRCA2|N/A)\s*\|\s*)+$"


@pytest.mark.parametrize(
    ("schema", "value", "phrase"),
    [
        ({"type": "integer"}, 3.0, "is a number, must be an integer"),
        ({"type": "number"}, True, "is a boolean, must be a number"),
        ({"type": ["string", "null"]}, 1, "is an integer, must be a string or a null"),
        ({"enum": ["A", "B"]}, "C", "is not one of 'A', 'B'"),
        ({"enum": [f"WORD{n}" for n in range(20)]}, "WORD1O",
         "is not one of 20 allowed values; did you mean 'WORD1'?"),
        ({"pattern": "^A"}, "B", "does not match the pattern ^A"),
        ({"pattern": f"^{'A' * 90}"}, "B", f"does not match the pattern ^{'A' * 59}..."),
        ({"minimum": 2}, 1, "must be at least 2"),
        ({"anyOf": [{"enum": ["1", "2"]}, {"title": "NIRCam", "enum": ["SHORT", "LONG"]}]},
         "SHORTT", "is not one of '1', '2', 'SHORT', 'LONG'; did you mean 'SHORT'?"),
        ({"anyOf": [{"type": "integer"}, {"enum": ["A"]}, {"enum": ["ANY"]}]}, "ANYY",
         "is not one of 'A', 'ANY'; did you mean 'ANY'?"),
        ({"pattern": SELECTOR}, "NRCA1|NRCA3|", "names 'NRCA3', which is not one of 'NRCA1', "
         "'NRCA2', 'N/A'; did you mean 'NRCA2'?"),
        ({"pattern": SELECTOR}, "NRCA2", "must be words each followed by |, e.g. 'NRCA2|'"),
        ({"pattern": SELECTOR}, "NRCA1|N/A", "must be words each followed by |, e.g. "
         "'NRCA1|N/A|'"),
        ({"pattern": SELECTOR}, "", "must be words each followed by |, e.g. 'NRCA1|'"),
    ],
)  # fmt: skip
def test_a_problem_is_told_in_words(schema, value, phrase):
    assert compile_check(schema)(value) == phrase


@pytest.mark.parametrize(
    ("path", "wrong", "right"),
    [
        ("meta.subarray.name", "SUB64PP", "SUB64P"),
        ("meta.instrument.channel", "LONGG", "LONG"),
        ("meta.instrument.coronagraph", "MASK335", "MASK335R"),
        ("meta.instrument.detector", "NRCA11", "NRCA1"),
    ],
)
def test_the_nearest_value_of_any_instrument_is_named(path, wrong, right):
    spec = table_of(datamodels.ImageModel, None, None).find(path.split("."))
    assert spec.check(right) is None
    assert f"did you mean {right!r}?" in spec.check(wrong)


def test_a_list_of_words_becomes_a_selector():
    model = datamodels.FlatModel(validate="strict")
    model.meta.exposure.p_readpatt = ["FAST", "SLOW"]
    assert model.meta.exposure.p_readpatt == "FAST|SLOW|"
    with pytest.raises(ValidationError, match=r"names 'FST', .*; did you mean 'FAST'"):
        model.meta.exposure.p_readpatt = ["SLOW", "FST"]

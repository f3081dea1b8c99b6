"""Loading, resolving, merging and searching schemas."""

import copy
import json
import pickle

import asdf
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwstlike.datamodels import schema as tools
from jwstlike.errors import SchemaError

URI = "http://stsci.edu/schemas/jwst_datamodel/"


@pytest.fixture
def write(tmp_path):
    """Write a schema file; return its folder."""

    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return tmp_path

    return write


def names(schema):
    return list(schema["properties"])


# ---------------------------------------------------------------- finding a schema


@pytest.mark.parametrize(
    "name",
    [
        URI + "core.schema",
        "core.schema",
        "core.schema.json",
        "core.schema.yaml",
        "core",
        tools.SCHEMA_DIR / "core.schema.json",
    ],
)
def test_the_core_schema_is_found_by_each_of_its_names(name):
    assert tools.load(name)["id"] == URI + "core.schema"


def test_a_bare_name_is_looked_for_beside_the_class_first(write):
    folder = write("schemas/core.schema.json", {"title": "mine"})
    assert tools.load("core.schema", folder)["title"] == "mine"


def test_a_registered_uri_always_means_the_package(write):
    folder = write("schemas/core.schema.json", {"title": "mine"})
    assert tools.load(URI + "core.schema", folder)["id"] == URI + "core.schema"


def test_names_in_a_schema_are_looked_for_in_its_own_folder_then_in_the_package(write):
    write("part.schema.json", {"properties": {"a": {"type": "string"}}})
    folder = write(
        "whole.schema.json", {"allOf": [{"$ref": "part.schema"}, {"$ref": "bunit.schema"}]}
    )
    schema = tools.load_merged("whole.schema", folder)
    assert names(schema) == ["a", "meta"]


def test_an_unknown_name_is_an_error_that_names_the_nearest():
    with pytest.raises(SchemaError, match=r"no schema 'imge.schema' .*did you mean 'image.schema'"):
        tools.load("imge.schema")


def test_yaml_is_read_as_well(write):
    folder = write("mine.yaml", "type: object\nproperties:\n  a: {$ref: bunit.schema}\n")
    assert "meta" in tools.load("mine.yaml", folder)["properties"]["a"]["properties"]


@pytest.mark.parametrize("text", ['{"a": ', "a: [1", "[1, 2]", "just text", ""])
def test_a_file_that_is_no_schema_is_an_error_that_names_the_file(write, text):
    folder = write("bad.schema.json", text)
    with pytest.raises(SchemaError, match=r"bad\.schema\.json"):
        tools.load("bad.schema", folder)


def test_a_changed_file_is_read_again(write):
    folder = write("mine.json", {"title": "old"})
    assert tools.load("mine", folder)["title"] == "old"
    write("mine.json", {"title": "newer"})
    assert tools.load("mine", folder)["title"] == "newer"


def test_a_schema_that_asdf_knows_is_found_by_its_uri():
    uri = "asdf://example.org/schemas/thing-1.0.0"
    content = b"type: object\nproperties: {a: {type: string}}\n"
    with asdf.config_context() as config:
        config.add_resource_mapping({uri: content})
        assert names(tools.load(uri)) == ["a"]


def test_an_uri_that_nobody_knows_is_an_error():
    with pytest.raises(SchemaError, match=r"asdf://example\.org/none"):
        tools.load("asdf://example.org/none")


# ---------------------------------------------------------------- resolving


def test_references_into_the_same_schema_are_followed():
    schema = {
        "definitions": {"a/b": {"type": "string"}, "list": [{"type": "integer"}]},
        "properties": {
            "x": {"$ref": "#/definitions/a~1b"},
            "y": {"$ref": "#/definitions/list/0"},
        },
    }
    resolved = tools.resolve(schema)
    assert resolved["properties"] == {"x": {"type": "string"}, "y": {"type": "integer"}}


def test_references_into_another_schema_are_followed():
    resolved = tools.resolve({"properties": {"f": {"$ref": "keywords.schema#/definitions/filter"}}})
    assert resolved["properties"]["f"]["fits_keyword"] == "FILTER"


def test_resolving_leaves_the_schema_as_it_was():
    schema = {"allOf": [{"$ref": "bunit.schema"}], "properties": {"d": {"type": "data"}}}
    before = copy.deepcopy(schema)
    tools.merge_property_trees(tools.resolve(schema))
    assert schema == before


def test_a_missing_part_is_an_error_that_names_it():
    with pytest.raises(SchemaError, match=r"keywords\.schema\.json has no part #/definitions/fltr"):
        tools.resolve({"$ref": "keywords.schema#/definitions/fltr"})


def test_references_in_a_circle_are_an_error(write):
    write("a.schema.json", {"allOf": [{"$ref": "b.schema"}]})
    folder = write("b.schema.json", {"properties": {"x": {"$ref": "a.schema"}}})
    with pytest.raises(SchemaError, match=r"circle: a\.schema\.json# -> b\.schema\.json# -> a\."):
        tools.load("a.schema", folder)
    with pytest.raises(SchemaError, match="circle"):
        tools.resolve({"properties": {"x": {"$ref": "#"}}})


def test_parts_of_one_file_may_refer_to_each_other_without_a_circle():
    schema = {
        "definitions": {"a": {"items": {"$ref": "#/definitions/b"}}, "b": {"type": "string"}},
        "$comment": "b is used in a, a in x",
        "properties": {"x": {"$ref": "#/definitions/a"}},
    }
    assert tools.resolve(schema)["properties"]["x"]["items"] == {"type": "string"}


def test_the_oldest_way_to_write_an_array_is_understood():
    schema = {
        "properties": {
            "data": {"type": "data", "dtype": "float32", "ndim": 2, "fits_hdu": "SCI"},
            "table": {
                "type": "data",
                "dtype": [{"name": "a", "dtype": "int16"}, {"name": "b", "dtype": ["ascii", 5]}],
            },
            "type": {"type": "string"},
        }
    }
    assert tools.resolve(schema)["properties"] == {
        "data": {"datatype": "float32", "ndim": 2, "fits_hdu": "SCI"},
        "table": {
            "datatype": [
                {"name": "a", "datatype": "int16"},
                {"name": "b", "datatype": ["ascii", 5]},
            ]
        },
        "type": {"type": "string"},
    }


def test_the_image_schema_of_the_first_years_loads(write):
    write(
        "sens.schema.json",
        {"type": "data", "title": "Sensitivity", "fits_hdu": "SENS", "dtype": "float32"},
    )
    folder = write(
        "oldimage.schema.json",
        {
            "allOf": [
                {"$ref": "core.schema.json"},
                {
                    "type": "object",
                    "properties": {
                        "data": {
                            "type": "data",
                            "title": "The science data",
                            "fits_hdu": "SCI",
                            "default": 0.0,
                            "ndim": 2,
                            "dtype": "float32",
                        },
                        "dq": {"type": "data", "fits_hdu": "DQ", "default": 0, "dtype": "uint32"},
                        "sens": {"$ref": "sens.schema.json"},
                    },
                },
            ]
        },
    )
    schema = tools.load_merged("oldimage.schema.json", folder)
    assert names(schema) == ["meta", "data", "dq", "sens"]
    assert schema["properties"]["data"]["datatype"] == "float32"
    assert schema["properties"]["sens"] == {
        "title": "Sensitivity",
        "fits_hdu": "SENS",
        "datatype": "float32",
    }


# ---------------------------------------------------------------- merging


def test_parts_come_in_order_then_own_names_and_the_first_appearance_counts():
    merged = tools.merge_property_trees(
        {
            "properties": {"own": {}, "b": {"title": "own b"}},
            "allOf": [
                {"properties": {"a": {"properties": {"x": {}}}, "b": {"type": "string"}}},
                {"properties": {"c": {}, "a": {"properties": {"y": {}}}}},
            ],
        }
    )
    assert names(merged) == ["a", "b", "c", "own"]
    assert names(merged["properties"]["a"]) == ["x", "y"]
    assert merged["properties"]["b"] == {"type": "string", "title": "own b"}


def test_the_later_value_wins_but_required_names_add_up():
    merged = tools.merge_property_trees(
        {
            "allOf": [
                {"properties": {"a": {"ndim": 2, "enum": ["x", "y"]}}, "required": ["a"]},
                {"properties": {"a": {"ndim": 3, "enum": ["z"]}}, "required": ["b", "a"]},
            ]
        }
    )
    assert merged["properties"]["a"] == {"ndim": 3, "enum": ["z"]}
    assert merged["required"] == ["a", "b"]


def test_parts_are_merged_at_every_depth():
    part = {"allOf": [{"type": "string"}, {"default": "s"}]}
    merged = tools.merge_property_trees(
        {
            "properties": {
                "leaf": part,
                "list": {"type": "array", "items": part},
                "pair": {"type": "array", "items": [part, {}]},
            },
            "anyOf": [part, {"type": "integer"}],
        }
    )
    flat = {"type": "string", "default": "s"}
    assert merged["properties"]["leaf"] == flat
    assert merged["properties"]["list"]["items"] == flat
    assert merged["properties"]["pair"]["items"] == [flat, {}]
    assert merged["anyOf"] == [flat, {"type": "integer"}]


def test_a_file_that_is_a_part_gives_neither_name_nor_title_to_the_whole():
    merged = tools.merge_property_trees(
        {
            "id": "whole",
            "allOf": [
                {"id": "part", "$schema": "s", "title": "Part", "properties": {"a": {}}},
                {"title": "kept", "properties": {}},
            ],
        }
    )
    assert merged == {"properties": {"a": {}}, "title": "kept", "id": "whole"}


def test_a_property_called_like_a_schema_word_is_a_property():
    schema = {"properties": {"allOf": {"type": "string"}, "$ref": {"type": "string"}}}
    assert tools.merge_property_trees(tools.resolve(schema)) == schema


@pytest.mark.parametrize("path", sorted(tools.SCHEMA_DIR.glob("*.json")), ids=lambda p: p.stem)
def test_each_schema_file_is_valid_json_schema(path):
    raw = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft4Validator.check_schema(raw)
    assert raw["id"] == URI + path.name.removesuffix(".json")
    jsonschema.Draft4Validator.check_schema(tools.load_merged(path.name))


def test_merged_schemas_agree_with_the_files_about_values():
    # the unmerged schema, references resolved, is what the files say
    schema = tools.load("image.schema")
    values = [
        {"meta": {"instrument": {"name": "NIRCAM", "filter": "F200W"}}},
        {"meta": {"instrument": {"name": "nircam"}}},
        {"meta": {"exposure": {"ngroups": 3.5}}},
        {"meta": {"exposure": {"ngroups": 3}, "subarray": {"name": "SUB64P"}}},
        {"meta": {"subarray": {"name": "SUB65P"}}},
        {"meta": {"wcsinfo": {"crpix1": "a"}}},
    ]
    before = jsonschema.Draft4Validator(schema)
    after = jsonschema.Draft4Validator(tools.load_merged("image.schema"))
    verdicts = [after.is_valid(value) for value in values]
    assert verdicts == [before.is_valid(value) for value in values]
    assert verdicts == [True, False, False, True, False, False]


LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer"},
        {"type": "string", "enum": ["a", "b"]},
        {"anyOf": [{"type": "integer"}, {"enum": ["a"]}]},
        {"type": "array", "items": {"allOf": [{"type": "number"}, {"minimum": 0}]}},
    ]
)
VALUES = st.recursive(
    st.sampled_from(["a", "c", 1, -1, 2.5, None, True]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def split_objects(draw, depth=2):
    """Objects whose names are spread over nested parts, each name in one part only."""
    below = LEAVES if depth == 0 else LEAVES | split_objects(depth - 1)
    names = {name: draw(below) for name in draw(st.sets(st.sampled_from("xyz")))}
    schema = {"type": "object", "properties": names}
    for name in draw(st.sets(st.sampled_from(sorted(names)))) if names else ():
        part = {"type": "object", "properties": {name: names.pop(name)}}
        if draw(st.booleans()):
            part["required"] = [name]
        schema.setdefault("allOf", []).append(draw(st.sampled_from([part, {"allOf": [part]}])))
    return schema


@settings(deadline=None, max_examples=200)
@given(split_objects(), VALUES)
def test_merging_disjoint_parts_changes_no_verdict_of_jsonschema(schema, value):
    merged = tools.merge_property_trees(schema)
    assert "allOf" not in json.dumps(merged)
    before, after = jsonschema.Draft4Validator(schema), jsonschema.Draft4Validator(merged)
    assert after.is_valid(value) == before.is_valid(value)


# ---------------------------------------------------------------- searching


def test_a_keyword_is_found_in_objects_and_lists():
    multislit = tools.load_merged("multislit.schema")
    assert tools.find_fits_keyword(multislit, "TELESCOP") == ["meta.telescope"]
    assert tools.find_fits_keyword(multislit, "sltname") == ["slits.items.name"]
    assert tools.find_fits_keyword(multislit, "NOTHERE") == []


def test_search_finds_names_titles_and_keywords_sorted():
    schema = {
        "properties": {
            "b": {"title": "Colour of the filter", "type": "string"},
            "a": {"type": "object", "properties": {"filter": {"description": "Glass"}}},
            "c": {"fits_keyword": "FILTER"},
            "d": {"title": "Something else"},
        }
    }
    found = tools.search_schema(schema, "Filter")
    assert list(found) == [("a.filter", "Glass"), ("b", "Colour of the filter"), ("c", "")]
    assert repr(found) == "a.filter\n    Glass\nb\n    Colour of the filter\nc"


def test_walk_tells_paths_and_combiners_and_stops_on_request():
    schema = {
        "anyOf": [{"title": "one"}],
        "not": {"title": "never"},
        "properties": {
            "list": {"type": "array", "items": {"properties": {"x": {}}}},
            "pair": {"items": [{}, {}]},
            "stop": {"properties": {"below": {}}},
        },
    }
    seen = []

    def callback(node, path, combiner, ctx, recurse):
        seen.append((".".join(map(str, path)), combiner))
        ctx["n"] = ctx.get("n", 0) + 1
        return path == ["stop"]

    counter = {}
    tools.walk_schema(schema, callback, counter)
    assert seen == [
        ("", None),
        ("", "not"),
        ("anyOf", "anyOf"),
        ("list", None),
        ("list.items", None),
        ("list.items.x", None),
        ("pair", None),
        ("pair.0", None),
        ("pair.1", None),
        ("stop", None),
    ]
    assert counter == {"n": len(seen)}


def test_results_of_a_search_pickle():
    found = tools.search_schema(tools.load_merged("core.schema"), "telescope")
    assert pickle.loads(pickle.dumps(found)) == found

"""Every schema file against the facts of the JWST interface, entry by entry."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import schema as tools
from jwstlike.datamodels.class_tables import table_of

FACTS = Path(__file__).parents[1] / "data" / "facts"
KEYS = (
    "fits_keyword",
    "fits_hdu",
    "type",
    "datatype",
    "ndim",
    "max_ndim",
    "default",
    "enum",
    "pattern",
    "tag",
    "blend_rule",
)


def read(name):
    return json.loads(gzip.decompress((FACTS / f"{name}.json.gz").read_bytes()))


INTERFACE, ORDER = read("jwst_interface"), read("jwst_order")
GROUPS = {group["group"]: group["entries"] for group in INTERFACE["groups"]}
MODELS = {model["model"]: model for model in INTERFACE["models"]}
# A list of these models holds whole schemas of the single model, which has titled sections and a
# blend table of its own; the facts have neither below the list.
SINGLE_MODEL_ITEMS = ("profile.[].meta.", "trace.[].meta.", "map.[].meta.")
every_model = pytest.mark.parametrize("model", MODELS)


def paths_of(ranges):
    """``"0-2,5"``: the paths 0, 1, 2 and 5."""
    numbers = []
    for part in filter(None, ranges.split(",")):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return [ORDER["paths"][n] for n in numbers]


def expected_entries(model):
    """Path -> list of entries (more than one: alternatives)."""
    found = {}
    for group in MODELS[model]["groups"]:
        for entry in GROUPS[group]:
            found.setdefault(entry["path"], []).append(entry)
    return found


def leaves(schema, path=()):
    """Yield (dotted path, schema) of what holds a value, in order."""
    if "properties" in schema:
        for name, child in schema["properties"].items():
            yield from leaves(child, (*path, name))
    elif schema.get("type") == "array":
        yield from leaves(schema["items"], (*path, "[]"))
    else:
        yield ".".join(path), schema


def nodes(schema, path=()):
    """Yield (dotted path, schema) of every object and list item."""
    if "properties" in schema:
        yield ".".join(path), schema
        for name, child in schema["properties"].items():
            yield from nodes(child, (*path, name))
    elif schema.get("type") == "array":
        yield from nodes(schema["items"], (*path, "[]"))


def plain(key, value):
    """Columns without their descriptions, which are in the project's own words."""
    if key == "datatype" and isinstance(value, list) and isinstance(value[0], dict):
        return [
            {k: v for k, v in column.items() if k not in ("title", "description")}
            for column in value
        ]
    return value


def described(schema):
    """List what a schema states: one entry, or alternatives."""
    own = {k: plain(k, schema[k]) for k in KEYS if k in schema}
    other = [
        {k: plain(k, part[k]) for k in KEYS if k in part}
        for part in schema.get("anyOf", ())
        if "enum" not in part
    ]
    return ([own] if own else []) + other


def merged(model):
    return tools.load_merged(MODELS[model]["schema"])


@every_model
def test_schema_has_the_entries_of_the_facts(model):
    expected = {
        path: [{k: plain(k, e[k]) for k in KEYS if k in e} for e in entries]
        for path, entries in expected_entries(model).items()
    }
    found = {path: described(leaf) for path, leaf in leaves(merged(model))}
    assert found.keys() == expected.keys()
    for path, entries in expected.items():
        assert sorted(found[path], key=repr_sorted) == sorted(entries, key=repr_sorted), path


def repr_sorted(entry):
    return json.dumps(entry, sort_keys=True)


@every_model
def test_schema_has_the_order_of_the_facts(model):
    found = [path for path, _ in leaves(merged(model))]
    assert found == paths_of(ORDER["models"][model]["order"])


@every_model
def test_hdus_come_in_the_order_of_the_facts(model):
    hdus = [
        leaf["fits_hdu"]
        for _, leaf in leaves(merged(model))
        if "fits_hdu" in leaf and "anyOf" not in leaf  # the facts list no HDU with two layouts
    ]
    first_touch = [hdu for hdu in dict.fromkeys(hdus) if hdu != "PRIMARY"]
    assert first_touch == ORDER["models"][model]["hdus"]


@every_model
def test_alternative_enums_hold_the_values_of_the_facts(model):
    for path, leaf in leaves(merged(model)):
        values = [v for part in leaf.get("anyOf", ()) for v in part.get("enum", ())]
        wanted = [] if "enum" in leaf else ORDER["anyof_enum"].get(path, [])
        assert values == wanted, path


@every_model
def test_required_names_are_those_of_the_facts(model):
    expected = {}
    for path, sets in ORDER["required"].items():
        names = [json.loads(text) for text, models in sets.items() if model in models]
        if names:
            expected["" if path == "." else path] = sorted(map(sorted, names))
    found = {}
    for path, node in nodes(merged(model)):
        names = [n["required"] for n in (node, *node.get("anyOf", ())) if "required" in n]
        if names:
            found[path] = sorted(map(sorted, names))
    assert found == expected


@every_model
def test_extra_columns_and_the_blend_table_are_as_in_the_facts(model):
    blended = set(paths_of(ORDER["blend_table"]))
    blended ^= set(paths_of(ORDER["blend_table_toggled"].get(model, "")))
    for path, leaf in leaves(merged(model)):
        extra = model in ORDER["allow_extra_columns"].get(path, ())
        assert leaf.get("allow_extra_columns", False) is extra, path
        if not path.startswith(SINGLE_MODEL_ITEMS):
            assert leaf.get("blend_table", False) is (path in blended), path


@every_model
def test_titles_fit_on_a_card_and_sections_are_titled(model):
    for path, leaf in leaves(merged(model)):
        title = leaf["title"]
        assert 0 < len(title) <= 47, path
        assert title.isascii() and title.isprintable(), path
    for path, node in nodes(merged(model)):
        if path and not path.startswith(SINGLE_MODEL_ITEMS):
            assert ("title" in node) is (path in ORDER["sections"]), path


SHARED = Path(__file__).parents[2].parent / "shared" / "facts"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the facts are not beside the repository")
@pytest.mark.parametrize("name", ["jwst_interface", "jwst_order"])
def test_the_facts_of_the_tests_are_those_beside_the_repository(name):
    assert read(name) == json.loads((SHARED / f"{name}.json").read_text(encoding="utf-8"))


def test_no_key_of_the_facts_is_left_out():
    keys = {key for entries in GROUPS.values() for entry in entries for key in entry}
    assert keys == {"path", *KEYS}


@every_model
def test_the_compiled_bindings_are_those_of_the_facts(model):
    table = table_of(getattr(datamodels, model), None, None)
    bound = {
        ".".join("[]" if name == "*" else name for name in spec.path): spec
        for spec in table.leaves()
    }
    for path, entries in expected_entries(model).items():
        spec = bound[path]
        entry = {key: value for part in entries for key, value in part.items()}
        if spec.of_model:  # a card of the primary header that the model itself has as well
            assert (spec.keyword, entry.get("fits_hdu", "PRIMARY")) == (None, "PRIMARY")
            continue
        hdu = entry.get("fits_hdu", "PRIMARY" if "fits_keyword" in entry else None)
        assert (spec.keyword, spec.hdu) == (entry.get("fits_keyword"), hdu), path
        assert spec.default == entry.get("default"), path
        if isinstance(entry.get("datatype"), str):
            assert spec.dtype == np.dtype(entry["datatype"].replace("bool8", "bool")), path
        elif "datatype" in entry and len(entries) == 1:
            names = [column["name"] for column in entry["datatype"] if isinstance(column, dict)]
            assert list(spec.dtype.names or ()) == names, path


def test_the_file_of_each_schema_has_its_name_as_id():
    for model, facts in MODELS.items():
        schema = tools.load_merged(facts["schema"])
        assert schema["id"] == tools.URI_PREFIX + facts["schema"], model


def test_there_is_no_schema_file_that_nothing_uses():
    used = {facts["schema"] + ".json" for facts in MODELS.values()}
    files = {path.name: path.read_text(encoding="utf-8") for path in tools.SCHEMA_DIR.iterdir()}
    for name in files.keys() - used:
        reference = f'"{name.removesuffix(".json")}'
        assert any(f'"$ref": {reference}' in text for text in files.values()), name

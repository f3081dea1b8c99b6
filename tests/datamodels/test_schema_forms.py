"""Schemas of users: JSON, YAML or dicts, alone or added, in constructors and `open`."""

import json
import re
import sys
from pathlib import Path

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import DataModel, ImageModel
from jwstlike.datamodels.exceptions import ValidationError, ValidationWarning
from jwstlike.errors import SchemaError

MINE = {
    "type": "object",
    "properties": {
        "meta": {
            "type": "object",
            "properties": {
                "seeing": {
                    "type": "number", "minimum": 0, "fits_keyword": "SEEING",
                    "title": "[arcsec] Seeing",
                }
            },
        },
        "weight": {"type": "data", "fits_hdu": "WHT", "dtype": "float32", "ndim": 2, "default": 1},
    },
}  # fmt: skip
YAML = """
type: object
properties:
  meta:
    type: object
    properties:
      seeing:
        title: '[arcsec] Seeing'
        type: number
        minimum: 0
        fits_keyword: SEEING
  weight: {type: data, fits_hdu: WHT, dtype: float32, ndim: 2, default: 1}
"""


@pytest.fixture(params=["dict", "mine.json", "mine.schema.json", "mine.yaml", "mine.yml"])
def mine(request, tmp_path):
    """Return one schema in each of its forms."""
    if request.param == "dict":
        return MINE
    path = tmp_path / request.param
    path.write_text(json.dumps(MINE) if path.suffix == ".json" else YAML)
    return path


def check_seeing(model):
    model.meta.seeing = 0.5
    with pytest.warns(ValidationWarning, match=r"SEEING \(meta\.seeing\): -1 must be at least 0"):
        model.meta.seeing = -1
    assert model.meta.seeing == 0.5


def test_a_schema_in_any_form_replaces_that_of_the_class(mine, tmp_path):
    model = DataModel(schema=mine)
    check_seeing(model)
    model.weight = [[1, 2], [3, 4]]
    path = model.save(tmp_path / "a.fits")
    assert afits.getheader(path)["SEEING"] == 0.5
    assert afits.getdata(path, "WHT").tolist() == [[1, 2], [3, 4]]
    again = DataModel(path, schema=mine)
    assert (again.meta.seeing, again.weight.dtype) == (0.5, np.float32)


@pytest.mark.parametrize("many", [False, True])
def test_an_extension_in_any_form_is_added_to_that_of_the_class(mine, many, tmp_path):
    more = [mine, {"properties": {"meta": {"properties": {"b": {"type": "string"}}}}}]
    extensions = more if many else mine
    model = ImageModel((2, 3), extensions=extensions)
    check_seeing(model)
    model.meta.instrument.name = "MIRI"
    assert model.weight.tolist() == [[1, 1, 1], [1, 1, 1]]
    path = model.save(tmp_path / "a.fits")
    opened = datamodels.open(path, extensions=extensions)
    assert (type(opened), opened.meta.seeing) == (ImageModel, 0.5)
    assert (opened.meta.instrument.name, opened.check()) == ("MIRI", [])


def test_a_path_in_text_works_as_well(tmp_path):
    (tmp_path / "mine.yaml").write_text(YAML)
    check_seeing(ImageModel(extensions=str(tmp_path / "mine.yaml")))


def test_an_extension_may_widen_a_vocabulary():
    wider = {"enum": ["NIRCAM", "MYCAM"], "type": "string", "fits_keyword": "INSTRUME"}
    names = {"meta": {"properties": {"instrument": {"properties": {"name": wider}}}}}
    model = ImageModel(extensions={"properties": names}, validate="strict")
    model.meta.instrument.name = "MYCAM"
    assert model.check() == []


@pytest.mark.parametrize(("name", "text"), [("bad.json", "{,}"), ("bad.yaml", "a: [1")])
def test_a_file_that_is_no_schema_is_named(name, text, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(SchemaError, match=name):
        ImageModel(extensions=tmp_path / name)


def test_required_cards_are_missed_at_each_save(tmp_path):
    schema = {"properties": {"meta": {"properties": {
        "a": {"type": "string", "fits_keyword": "AKEY", "fits_required": True}}}}}  # fmt: skip
    model = DataModel(schema=schema)
    missing = r"AKEY \(meta\.a\): is missing, but required in FITS files"
    with pytest.warns(ValidationWarning, match=missing):
        model.save(tmp_path / "a.fits")
    model.meta.a = "x"
    model.save(tmp_path / "a.fits")
    assert model.check() == []


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in a folder with a schema and a schema that it refers to."""
    whole = {**MINE, "properties": {**MINE["properties"], "sens": {"$ref": "sens.schema.json"}}}
    sens = {"type": "object", "properties": {"factor": {"type": "number"}}}
    (tmp_path / "sub").mkdir()
    for folder in (tmp_path, tmp_path / "sub"):
        (folder / "image.schema.json").write_text(json.dumps(whole))
        (folder / "sens.schema.json").write_text(json.dumps(sens))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    ["image.schema.json", "image.schema", "./image.schema.json", "sub/image.schema",
     Path("image.schema.json"), Path("sub/image.schema.json")],
)  # fmt: skip
def test_a_path_of_the_working_folder_is_found_before_a_schema_of_the_package(name, here):
    model = DataModel(schema=name)
    check_seeing(model)
    assert model.sens.factor is None
    check_seeing(ImageModel(extensions=[name]))
    check_seeing(datamodels.open((2, 2), extensions=name))
    check_seeing(ImageModel().extend_schema(name))


def test_a_dict_may_refer_to_files_of_the_working_folder(here):
    model = DataModel(schema={"properties": {"mine": {"$ref": "sens.schema.json"}}})
    assert model.mine.factor is None


def test_a_class_of_a_notebook_has_its_schema_in_the_working_folder(here):
    import types

    notebook = types.ModuleType("a_notebook")  # it has no file
    sys.modules["a_notebook"] = notebook
    exec(
        "from jwstlike.datamodels import DataModel\n"
        "class MineModel(DataModel):\n    schema_url = 'image.schema.json'\n",
        vars(notebook),
    )
    check_seeing(notebook.MineModel())
    del sys.modules["a_notebook"]


NO_SCHEMAS = [
    (3, "a schema is a dict, or the name or path of a JSON or YAML file, not 3"),
    ("/nowhere/mine.yaml", "no schema '/nowhere/mine.yaml'"),
    ("imge.schema", "no schema 'imge.schema' in .*; did you mean 'image.schema'?"),
    ({"properties": {"a": {"type": "int"}}},
     "schema a: type 'int' is unknown; did you mean 'integer'?"),
    ({"properties": {"a": {"enum": 3}}}, "schema a: enum 3 must be a list of values"),
    ({"properties": {"a": {"minimum": "x"}}}, "schema a: minimum 'x' must be a number"),
    ({"properties": {"a": {"maxItems": 1.5}}}, "schema a: maxItems 1.5 must be an integer"),
    ({"properties": {"a": {"pattern": "("}}}, "schema a: pattern '(' is no regular expression: .*"),
    ({"properties": {"a": 3}}, "schema a: 3 is no schema, which is an object"),
    ({"properties": [1]}, r"the schema: properties [1] must be an object: names with .*"),
    ({"properties": {"a": {"items": {"datatype": "flot"}}}},
     "schema a.items: datatype 'flot' is unknown; known: int8, .*"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "text"), NO_SCHEMAS)
def test_what_is_no_schema_is_refused_with_the_place(schema, text):
    text = re.escape(text).replace(r"\.\*", ".*")
    for make in (
        lambda: DataModel(schema=schema),
        lambda: ImageModel(extensions=schema),
        lambda: ImageModel().extend_schema(schema),
    ):
        with pytest.raises(SchemaError, match=f"^{text}$"):
            make()


def test_a_word_that_is_nearly_one_of_schemas_is_warned_of_once():
    schema = {"properties": {"meta": {"properties": {
        "a": {"type": "integer", "fits_keywrd": "AKEY", "my_own_word": 1}}}}}  # fmt: skip
    with pytest.warns(ValidationWarning) as caught:
        DataModel(schema=schema)
        DataModel(schema=schema)
    assert [str(w.message) for w in caught] == [
        "schema meta.a: 'fits_keywrd' is no word of schemas; did you mean 'fits_keyword'?"
    ]


ALSO = {"properties": {"meta": {"properties": {
    "instrument": {"properties": {
        "name": {"also": ["MYCAM"]}, "filter": {"also": ["F999W", "F200W"]},
        "channel": {"also": ["5"]}}},
    "exposure": {"properties": {"p_readpatt": {"also": ["MY.PATT"]}}},
}}}}  # fmt: skip


def test_an_extension_adds_words_to_vocabularies():
    """Lists of words, lists for each instrument, and the selectors of reference files."""
    model = datamodels.FlatModel(extensions=ALSO, validate="strict")
    model.meta.instrument.name = "MYCAM"
    model.meta.instrument.channel = "5"
    for known in ("F999W", "F200W"):
        model.meta.instrument.filter = known
    model.meta.exposure.p_readpatt = "FAST|MY.PATT|"
    for path, value, meant in (
        ("meta.instrument.filter", "F999X", "F999W"),
        ("meta.exposure.p_readpatt", "MYxPATT|", "MY.PATT"),
    ):
        with pytest.raises(ValidationError, match=f"did you mean '{meant}'"):
            model[path] = value
    filters = model._table.find(("meta", "instrument", "filter")).schema
    assert filters["enum"].count("F200W") == 1
    assert "also" not in filters


def test_a_vocabulary_is_widened_for_one_model_or_for_a_class(tmp_path):
    model = ImageModel(validate="strict")
    model.add_schema_entry("meta.instrument.filter", {"also": ["F998W"]})
    model.meta.instrument.filter = "F998W"
    with pytest.raises(ValidationError):
        ImageModel(validate="strict").meta.instrument.filter = "F998W"
    path = tmp_path / "mine.schema.json"
    path.write_text(json.dumps({"allOf": [{"$ref": "image.schema"}, ALSO]}))

    class MineModel(ImageModel):
        schema_url = str(path)

    MineModel(validate="strict").meta.instrument.name = "MYCAM"

"""Schemas of users: JSON, YAML or dicts, alone or added, in constructors and `open`."""

import json

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import DataModel, ImageModel
from jwstlike.datamodels.exceptions import ValidationWarning
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

"""Schemas that users bring."""

import json
import sys

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike.datamodels import DataModel, ImageModel
from jwstlike.datamodels.exceptions import ValidationWarning

# the image schema of the paper that described the models first
IMAGE = """
{ "allOf": [
     {"$ref": "core.schema.json"},
     {"type" : "object",
         "properties" : {
             "data" :
             {"type" : "data",
              "title" : "The science data",
              "fits_hdu" : "SCI",
              "default" : 0.0,
              "ndim" : 2,
              "dtype" : "float32"
             },

             "dq" :
             {"type" : "data",
              "title" : "Data quality array",
              "fits_hdu" : "DQ",
              "default" : 0,
              "dtype" : "uint32"
             },

             "err" :
             {"type" : "data",
              "title" : "Error array",
              "fits_hdu" : "ERR",
              "default" : 0.0,
              "dtype" : "float32"
             },
             "sens" : {"$ref": "sens.schema.json"}
         }
     }
  ]
}
"""
SENS = {
    "title": "Sensitivity", "type": "data", "fits_hdu": "SENS",
    "dtype": [{"name": "wavelength", "dtype": "float32"}, {"name": "value", "dtype": "float32"}],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "image.schema.json").write_text(IMAGE)
    (tmp_path / "mine" / "sens.schema.json").write_text(json.dumps(SENS))
    return tmp_path / "mine"


def test_the_image_schema_of_the_first_paper_works(folder, tmp_path):
    model = DataModel((3, 4), schema=str(folder / "image.schema.json"))
    assert (model.dq.dtype, model.dq.shape, model.err.dtype) == (np.uint32, (3, 4), np.float32)
    model.sens = np.array([(1.0, 2.0)], [("wavelength", "f8"), ("value", "f8")])
    model.meta.instrument.name = "NIRCAM"
    model.dq = model.dq
    with afits.open(model.save(tmp_path / "a.fits")) as hdus:
        assert hdus["SENS"].data["value"].tolist() == [2.0]
        assert hdus["SENS"].data["wavelength"].dtype == np.dtype(">f4")
        assert hdus["DQ"].data.dtype.kind == "u"
        assert hdus[0].header["INSTRUME"] == "NIRCAM"


def test_a_user_class_has_its_schema_beside_its_module(folder, tmp_path, monkeypatch):
    (folder / "schemas").mkdir()
    (folder / "schemas" / "mine.schema.yaml").write_text(
        "properties:\n"
        "  meta:\n    properties:\n      level: {type: integer, fits_keyword: LEVEL}\n"
        "  data: {fits_hdu: SCI, datatype: int16, default: 5}\n"
    )
    (folder / "user_models_of_a_test.py").write_text(
        "from jwstlike.datamodels import DataModel\n"
        "class MineModel(DataModel):\n    schema_url = 'mine.schema'\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    import user_models_of_a_test as user

    model = user.MineModel((2,))
    model.meta.level = 3
    path = model.save(tmp_path / "a.fits")
    assert afits.getheader(path)["LEVEL"] == 3
    assert model.meta.model_type == "MineModel"
    assert user.MineModel(path).data.tolist() == [5, 5]
    del sys.modules["user_models_of_a_test"]


def test_a_schema_can_be_a_dict():
    model = DataModel(schema={"properties": {"meta": {"properties": {"a": {"type": "integer"}}}}})
    model.meta.a = 1
    with pytest.warns(ValidationWarning):
        model.meta.a = "x"
    assert model.meta.a == 1


def test_extensions_are_merged_into_the_schema_of_the_class(tmp_path):
    more = {
        "type": "object",
        "properties": {
            "meta": {
                "type": "object",
                "properties": {"mine": {"type": "number", "fits_keyword": "MINE"}},
            }
        },
    }
    model = ImageModel((2, 2), extensions=more)
    model.meta.mine, model.meta.instrument.name = 2.5, "MIRI"
    path = model.save(tmp_path / "a.fits")
    assert afits.getheader(path)["MINE"] == 2.5
    assert ImageModel(path, extensions=[more]).meta.mine == 2.5
    assert ImageModel(path).extra_fits.PRIMARY.header == [["MINE", 2.5, ""]]


def test_a_custom_schema_is_compiled_once():
    schema = {"properties": {"meta": {"properties": {"a": {"type": "integer"}}}}}
    first, second = (DataModel(schema=json.loads(json.dumps(schema))) for _ in range(2))
    assert first._table is second._table

"""The named classes against the facts of the interface."""

import gzip
import json
import re
from pathlib import Path

import pytest
from astropy.io import fits

from jwstlike import datamodels
from jwstlike.datamodels.models import CLASSES, LEGACY

FACTS = Path(__file__).parents[1] / "data" / "facts"


def read(name):
    return json.loads(gzip.decompress((FACTS / f"{name}.json.gz").read_bytes()))


MODELS = {model["model"]: model for model in read("jwst_interface")["models"]}
ORDER = read("jwst_order")["models"]
MIXINS = {"dq": "DefaultDQMixin", "err": "DefaultErrMixin"}
DEPRECATED = {"AmiLgModel", "AsnModel"}
every_class = pytest.mark.parametrize("name", CLASSES)


def make(name, *args, **kwargs):
    """Call a class, which warns if it is deprecated."""
    cls = getattr(datamodels, name)
    if name not in DEPRECATED:
        return cls(*args, **kwargs)
    with pytest.warns(DeprecationWarning, match=f"{name} is deprecated, use "):
        return cls(*args, **kwargs)


def test_the_named_classes_are_those_of_the_interface():
    assert CLASSES.keys() | {"JwstDataModel"} == MODELS.keys()
    assert len(MODELS) == 143


@every_class
def test_a_class_has_the_schema_and_the_bases_of_the_facts(name):
    cls = getattr(datamodels, name)
    above = [c.__name__ for c in cls.__mro__[1:]]
    assert cls.__name__ == name
    assert cls.schema_url == MODELS[name]["schema"]
    assert [c for c in above if c in MODELS] == MODELS[name]["bases"]
    assert [c for c in above if c in MIXINS.values()] == [MIXINS[m] for m in ORDER[name]["mixins"]]


@every_class
def test_an_empty_model_knows_its_name_and_primary_array(name):
    model = make(name)
    assert model.meta.model_type == name
    assert model.get_primary_array_name() == ORDER[name]["primary"]
    is_reference = "ReferenceFileModel" in _mro(model)
    assert model.get("meta.telescope") == ("JWST" if is_reference else None)


def _mro(model):
    return [c.__name__ for c in type(model).__mro__]


def test_parts_of_a_transform_reference_are_given_by_name():
    model = datamodels.DistortionModel(input_units="pixel", output_units="arcsec")
    assert model.meta.reftype == "distortion"
    assert (model.meta.input_units, model.meta.output_units) == ("pixel", "arcsec")
    disperser = datamodels.DisperserModel(angle=1.5, kcoef=[1.0, 2.0])
    assert disperser.angle == 1.5
    assert list(disperser.kcoef) == [1.0, 2.0]


@pytest.mark.parametrize("save", ["save", "to_fits"])
def test_a_transform_reference_refuses_fits(save, tmp_path):
    path = tmp_path / "distortion.fits"
    with pytest.raises(NotImplementedError, match=r"DistortionModel; save it as \.asdf"):
        getattr(datamodels.DistortionModel(), save)(path)
    assert not path.exists()


def test_the_documentation_names_every_class_once():
    page = (Path(__file__).parents[2] / "docs" / "models.rst").read_text(encoding="utf-8")
    named = re.findall(r"^``(\w+Model)``  ", page, re.MULTILINE)
    assert sorted(named) == sorted(CLASSES)


@pytest.mark.parametrize("name", ["ImageModel", "RampModel", "MultiSlitModel", "DistortionModel"])
def test_a_file_of_a_class_opens_as_that_class(name, tmp_path):
    suffix = "asdf" if name == "DistortionModel" else "fits"
    path = make(name).save(tmp_path / f"a.{suffix}")
    assert type(datamodels.open(path)) is getattr(datamodels, name)


@pytest.mark.parametrize(
    ("old", "new"),
    [*LEGACY.items(), ("jwst.datamodels.image.ImageModel", "ImageModel")],
)
def test_a_name_of_an_older_file_gives_the_class_of_today(old, new, tmp_path):
    primary = fits.PrimaryHDU()
    primary.header["DATAMODL"] = old
    primary.header["TELESCOP"] = "JWST"
    primary.writeto(tmp_path / "old.fits")
    model = datamodels.open(tmp_path / "old.fits")
    assert type(model).__name__ == new
    assert model.meta.model_type == new

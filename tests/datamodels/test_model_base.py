"""Making, describing and saving models."""

import io
from pathlib import Path

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import (
    DataModel,
    ImageModel,
    JwstDataModel,
    Level1bModel,
    RampModel,
    SaturationModel,
)  # fmt: skip
from jwstlike.datamodels.exceptions import ValidationWarning


def test_nothing_makes_an_empty_model():
    model = ImageModel()
    assert (model.shape, model.meta.model_type, model.meta.filename) == (None, "ImageModel", None)
    assert len(model.meta.date) == len("2026-01-01T00:00:00.000")


def test_a_shape_makes_the_primary_array():
    model = ImageModel((2, 3))
    assert (model.shape, model.data.dtype, model.data.sum()) == ((2, 3), np.float32, 0)


def test_an_array_is_cast():
    assert ImageModel(np.ones((2, 3), ">i2")).data.dtype == np.float32


def test_a_dict_is_the_tree():
    tree = {"meta": {"target": {"catalog_name": "M31"}}}
    model = ImageModel(tree)
    assert model.instance is tree
    assert model.meta.target.catalog_name == "M31"


def test_arrays_are_given_by_name():
    model = ImageModel(np.zeros((2, 2)), err=np.ones((2, 2)))
    assert model.err.sum() == 4
    with pytest.warns(ValidationWarning, match="no array 'dqq'; did you mean 'dq'"):
        ImageModel(dqq=np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("init", "error", "text"),
    [
        ((2.5, 3), ValueError, "not made of integers"),
        ((2, 3, 4), ValueError, "has 2 dimensions, shape"),
        (5, TypeError, "cannot be made from 'int'"),
    ],
)
def test_what_no_model_can_be_made_from_is_refused(init, error, text):
    with pytest.raises(error, match=text):
        ImageModel(init)


def test_a_class_without_primary_array_takes_no_shape():
    with pytest.raises(TypeError, match="has no primary array"):
        JwstDataModel((2, 2))


@pytest.mark.parametrize("kind", [str, Path, bytes, "stream"])
def test_every_kind_of_file_is_read_alike(tmp_path, kind):
    path = ImageModel(np.ones((2, 2))).save(tmp_path / "a.fits")
    content = Path(path).read_bytes()
    init = {"stream": io.BytesIO(content), bytes: content}.get(kind) or kind(path)
    model = datamodels.open(init)
    assert model.data.sum() == 4
    assert model.meta.filename == "a.fits"


def test_old_options_do_nothing_and_say_so():
    with pytest.warns(DeprecationWarning, match="'memmap' has no effect") as caught:
        ImageModel(memmap=True)
    assert caught[0].filename == __file__


def test_a_model_describes_itself(tmp_path):
    assert repr(ImageModel((3, 4))) == "<ImageModel(3, 4)>"
    path = ImageModel((3, 4)).save(tmp_path / "x.fits")
    assert repr(datamodels.open(path)) == "<ImageModel(3, 4) from x.fits>"


def test_the_observatory_and_its_parameters():
    model = RampModel()
    model.meta.instrument.name = "NIRCAM"
    assert model.crds_observatory == "jwst"
    assert model.get_crds_parameters()["meta.instrument.name"] == "NIRCAM"
    assert model.override_handle == "override://RampModel"
    with pytest.raises(NotImplementedError, match="DataModel belongs to no observatory"):
        DataModel().crds_observatory  # noqa: B018


def test_keys_are_flat_and_items_have_values():
    model = ImageModel((2, 2))
    model.meta.target.catalog_name = "M31"
    assert "meta.target.catalog_name" in model
    assert "meta" not in model
    flat = model.to_flat_dict()
    assert flat["meta.target.catalog_name"] == "M31"
    assert flat["data"].shape == (2, 2)
    assert "data" not in model.to_flat_dict(include_arrays=False)
    assert dict(model.items())["meta.model_type"] == "ImageModel"


def test_instance_and_schema_cannot_be_set():
    with pytest.raises(AttributeError):
        ImageModel().instance = {}


def test_schemas_can_be_searched_and_extended():
    model = ImageModel()
    assert model.find_fits_keyword("TARGNAME") == ["meta.target.catalog_name"]
    assert "meta.target.catalog_name" in [path for path, _ in model.search_schema("catalog_name")]
    assert model.add_schema_entry("meta.mine", {"type": "integer"}) is model
    assert model.meta.mine is None
    with pytest.warns(ValidationWarning, match=r"meta\.mine"):
        model.meta.mine = "text"
    assert ImageModel().get("meta.mine") is None


def test_save_gives_the_path_and_takes_a_folder_or_a_function(tmp_path):
    model = ImageModel((2, 2))
    assert model.save("a.fits", dir_path=tmp_path) == str(tmp_path / "a.fits")
    assert model.meta.filename == "a.fits"
    assert model.save(lambda name: tmp_path / name.replace("a", "b")) == str(tmp_path / "b.fits")
    with pytest.raises(ValueError, match=r"unknown filetype '\.fitz'.*did you mean '\.fits'"):
        model.save(tmp_path / "a.fitz")


def test_a_part_of_an_array_is_read_alone(tmp_path):
    data = np.arange(2 * 3 * 40 * 50, dtype="u2").reshape(2, 3, 40, 50)
    model = datamodels.open(Level1bModel(data).save(tmp_path / "a.fits"))
    ramp = RampModel(model)
    part = ramp.section["data"][1, :, 10:20, ::5]
    assert part.dtype == np.float32
    np.testing.assert_array_equal(part, data[1, :, 10:20, ::5])
    assert ramp.section["data"].shape == data.shape
    assert "BlockRef" in repr(type(ramp._tree["data"])) or not isinstance(
        ramp._tree["data"], np.ndarray
    )
    assert ramp.section["groupdq"][0, 0].shape == (40, 50)


def test_older_names_still_work(tmp_path):
    path = ImageModel(np.ones((2, 2))).write(tmp_path / "a.fits")
    assert ImageModel.from_fits(path).data.sum() == 4
    assert ImageModel.read(path).get_fileext() == "fits"
    ImageModel((2, 2)).save(tmp_path / "a.asdf")
    assert ImageModel.from_asdf(tmp_path / "a.asdf").shape == (2, 2)


def test_reference_files_say_what_they_lack():
    model = SaturationModel((2, 2))
    assert model.meta.telescope == "JWST"
    with pytest.warns(ValidationWarning, match=r"SaturationModel\.meta is missing values for \["):
        model.validate()


def test_required_fields_are_checked():
    model = DataModel(schema={"properties": {"meta": {"properties": {
        "a": {"type": "string", "fits_keyword": "A", "fits_required": True}}}}})  # fmt: skip
    with pytest.warns(ValidationWarning, match=r"A \(meta\.a\): is missing, but required"):
        model.validate_required_fields()


def test_names_are_importable_from_where_they_were():
    from jwstlike.datamodels import exceptions, schema, util, validate
    from jwstlike.datamodels.model_base import (  # noqa: F401
        DataModel,
        DefaultDQMixin,
        DefaultErrMixin,
        JwstDataModel,
    )  # fmt: skip

    assert exceptions.ValidationWarning is validate.ValidationWarning
    assert exceptions.ValidationWarning.__mro__[1] is Warning
    for module, names in (
        (util, "open gentle_asarray create_history_entry get_envar_as_boolean get_model_type "
               "remove_none_from_tree convert_fitsrec_to_array_in_tree is_association "
               "read_metadata"),
        (schema, "find_fits_keyword search_schema walk_schema merge_property_trees "
                 "SearchSchemaResults"),
    ):  # fmt: skip
        assert all(callable(getattr(module, name)) for name in names.split())

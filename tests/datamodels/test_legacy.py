"""Code that was written for the field's packages: names, idioms and classes of users."""

import os
import pickle
import warnings

import asdf
import numpy as np
import pytest
from astropy.io import fits
from astropy.modeling.models import Polynomial1D

from jwstlike import datamodels
from jwstlike.datamodels import CubeModel, DataModel, ImageModel, MultiSlitModel, RampModel
from jwstlike.datamodels.basic_utils import multiple_replace
from jwstlike.datamodels.exceptions import ValidationError, ValidationWarning
from jwstlike.datamodels.mixins import DefaultDQMixin

DQ_DEF = np.array(
    [(0, 1, b"DEAD", b""), (1, 2, b"HOT", b"")],
    [("BIT", "u4"), ("VALUE", "u4"), ("NAME", "S40"), ("DESCRIPTION", "S80")],
)


# ---------------------------------------------------------------- where names are found


def test_classes_are_found_under_the_module_names_of_the_field():
    from jwstlike.datamodels.apcorr import NrsFsApcorrModel
    from jwstlike.datamodels.image import ImageModel as OfModule

    assert NrsFsApcorrModel is datamodels.NrsFsApcorrModel
    assert OfModule is datamodels.image.ImageModel is ImageModel
    with pytest.raises(ModuleNotFoundError):
        __import__("jwstlike.datamodels.nothing")


def test_the_validation_error_is_found_beside_the_warning():
    assert datamodels.validate.ValidationError is ValidationError


def test_substrings_are_replaced_in_one_pass():
    with pytest.warns(DeprecationWarning, match="multiple_replace"):
        assert multiple_replace("ab abc", {"ab": "c", "abc": "ab", "c": "x"}) == "c ab"
    assert datamodels.dqflags.multiple_replace is multiple_replace


# ---------------------------------------------------------------- schemas


def test_schemas_registered_with_asdf_may_refer_to_each_other_by_name():
    base = "http://example.org/schemas/"
    content = {
        base + "mine": b"allOf: [{$ref: core}, {properties: {data: {ndim: 2, default: 0.0, "
        b"datatype: float32}, shape: {$ref: tree}}}]",
        base + "core": b"properties: {meta: {properties: {origin: {type: string}}}}",
        base + "tree": b"properties: {name: {type: string}, child: {$ref: tree}}",
    }

    class Mine(DataModel):
        schema_url = base + "mine"

    with asdf.config_context() as config:
        config.add_resource_mapping(content)
        model = Mine((2, 3))
    with pytest.warns(ValidationWarning, match="meta.origin"):
        model.meta.origin = 5
    assert model.shape == (2, 3)


def test_a_schema_that_is_changed_counts_for_its_model_alone():
    model = datamodels.SpecModel()
    model.schema["properties"]["spec_table"]["datatype"] = [{"name": "A", "datatype": "int16"}]
    model.spec_table = np.ones(2, [("a", "i2")])
    assert model.spec_table.dtype.names == ("A",)
    assert "WAVELENGTH" in datamodels.SpecModel().get_dtype("spec_table").names
    schema = ImageModel().schema
    del schema["properties"]["dq"]
    assert not ImageModel(schema=schema).hasattr("dq")
    assert ImageModel().get_dtype("dq") == np.uint32


# ---------------------------------------------------------------- classes of users


def test_mixins_may_follow_the_model_class():
    class Mine(datamodels.ReferenceFileModel, DefaultDQMixin):
        schema_url = "flat.schema"

    assert Mine((2, 2)).hasattr("dq")
    assert Mine(dq=np.array([[1, 2]], "u4"), dq_def=DQ_DEF).dq.tolist() == [[1024, 2048]]


def test_arrays_given_by_name_bring_flags_and_errors():
    cube = CubeModel(data=np.zeros((2, 3, 4), "f4"))
    assert (cube.hasattr("dq"), cube.hasattr("err")) == (True, True)
    ramp = RampModel({"data": np.zeros((1, 2, 3, 4), "f4")})
    assert (ramp.hasattr("pixeldq"), ramp.hasattr("groupdq")) == (True, True)


def test_classes_of_references_can_tell_what_is_wrong():
    with pytest.warns(ValidationWarning, match="no grating"):
        datamodels.GainModel().print_err("no grating")
    with pytest.raises(ValueError, match="no grating"):
        datamodels.GainModel(strict_validation=True).print_err("no grating")


def test_flags_of_any_object_are_translated_with_names_in_bytes():
    class Holder:
        dq = np.array([0, 1, 2], "u4")
        dq_def = DQ_DEF

    translate = datamodels.dynamicdq.dynamic_mask
    assert translate(Holder, {b"DEAD": 8, b"HOT": 4}).tolist() == [0, 8, 4]
    Holder.dq_def = 1
    assert translate(Holder, {}) is Holder.dq


# ---------------------------------------------------------------- idioms


def test_what_was_only_read_can_be_deleted():
    model = datamodels.MultiSpecModel()
    if getattr(model, "int_times", None) is not None:
        del model.int_times
    assert not model.hasattr("int_times")
    with pytest.raises(AttributeError, match=r"no attribute 'int_times'$"):
        del model.int_times


@pytest.mark.parametrize("clear", [delattr, lambda node, name: setattr(node, name, None)])
def test_a_deleted_object_or_list_is_empty_and_can_be_filled(clear, tmp_path):
    model = ImageModel()
    model.meta.wcsinfo.crpix1 = 5.0
    for held in (model, datamodels.open(model.save(tmp_path / "a.fits"))):
        clear(held.meta, "wcsinfo")
        assert (held.meta.wcsinfo.crpix1, held.meta.hasattr("wcsinfo")) == (None, False)
        again = datamodels.open(held.save(tmp_path / "b.fits"))
        assert again.meta.wcsinfo.crpix1 is None
        held.meta.wcsinfo.crpix2 = 2.0
        assert held.meta.instance["wcsinfo"] == {"crpix2": 2.0}
    many = MultiSlitModel()
    many.slits.append({"name": "A1", "data": np.ones((2, 2), "f4")})
    for held in (many, datamodels.open(many.save(tmp_path / "a.fits"))):
        clear(held, "slits")
        assert (len(held.slits), held.hasattr("slits")) == (0, False)
        assert len(datamodels.open(held.save(tmp_path / "b.fits")).slits) == 0
        held.slits.append({"name": "B1"})
        assert [slit.name for slit in held.slits] == ["B1"]


def test_an_array_set_to_none_is_none():
    model = ImageModel((2, 2))
    model.dq = None
    assert (model.dq, model.hasattr("dq"), "dq" in model) == (None, False, False)


def test_more_dimensions_than_allowed_are_refused():
    schema = {"properties": {"data": {"max_ndim": 1, "default": 0, "datatype": "int16"}}}
    with pytest.raises(ValueError, match="has at most 1 dimensions"):
        DataModel((2, 2), schema=schema)


def test_one_value_for_all_columns_makes_a_table():
    made = datamodels.util.gentle_asarray(np.array([1, 2]), [("a", "i2"), ("b", "f4")])
    assert made.tolist() == [(1, 1.0), (2, 2.0)]


def test_no_shape_is_left_when_the_primary_array_is_gone():
    model = ImageModel((2, 3))
    model.data = np.zeros((4, 4))
    assert model.get_default("data").shape == (4, 4)
    del model.data
    assert model.shape is None


def test_arrays_are_fetched_without_making_them():
    model = ImageModel((2, 2))
    assert model.getarray_noinit("data") is model.data
    with pytest.raises(AttributeError):
        model.getarray_noinit("area")
    assert not model.hasattr("area")


def test_models_and_nodes_are_compared_to_dicts():
    model = DataModel({"meta": {"a": [1, 2]}})
    assert model == {"meta": {"a": [1, 2], "model_type": None}} or model.meta == {"a": [1, 2]}
    assert model.meta != {"a": [1]}


def test_a_missing_file_is_a_file_not_found_error():
    for name in ("missing.fits", "missing.asdf", "missing.json", "missing"):
        with pytest.raises(FileNotFoundError, match=f"{name}: there is no such file") as caught:
            datamodels.open(name)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (str(again), again.filename) == (str(caught.value), caught.value.filename)


@pytest.mark.parametrize("init", [5, 2.5, object()])
def test_what_is_no_file_is_a_type_error(init):
    with pytest.raises(TypeError, match="nothing to open"):
        datamodels.open(init)


def test_a_file_is_found_when_the_working_folder_has_changed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ImageModel(np.ones((2, 2))).save("a.fits")
    model = datamodels.open("a.fits")
    monkeypatch.chdir("/")
    assert model.data.sum() == 4
    assert os.fspath(model.save(tmp_path / "b.fits")).endswith("b.fits")


def test_an_hdu_list_without_hdus_makes_an_empty_model():

    assert ImageModel(fits.HDUList()).shape is None


# ---------------------------------------------------------------- update


def test_an_item_of_a_list_updates_a_model_by_the_names_in_it():
    many = MultiSlitModel()
    many.slits.append({"name": "A1", "slitlet_id": 3})
    slit = datamodels.SlitModel()
    slit.update(many.slits[0])
    assert (slit.name, slit.slitlet_id) == ("A1", 3)


def test_an_update_makes_no_objects_that_the_schema_does_not_know():
    source, target = ImageModel(), DataModel()
    source.meta.exposure.type = "NRC_IMAGE"
    target.update(source)
    assert not target.meta.hasattr("exposure")


def test_logs_are_added_to_the_logs_that_are_there():
    target = ImageModel()
    target.cal_logs = {"first": ["a"]}
    target.update({"meta": {"telescope": "JWST"}, "cal_logs": {"second": ["b"]}})
    assert target.cal_logs == {"first": ["a"], "second": ["b"]}


# ---------------------------------------------------------------- transforms


def test_transforms_are_objects_and_a_wcs_is_no_number():
    model = datamodels.MiriWFSSSpecwcsModel(displ=[Polynomial1D(1, c0=3.0)])
    assert model.displ[0].c0 == 3.0
    image = ImageModel()
    with pytest.warns(ValidationWarning, match=r"meta\.wcs.*: 1 is an integer, must be a wcs"):
        image.meta.wcs = 1
    assert not image.meta.hasattr("wcs")


def test_a_table_of_defaults_has_the_rows_asked_for():
    schema = {
        "properties": {
            "table": {
                "default": [7, "x", 0.5],
                "datatype": [
                    {"name": "a", "datatype": "int16"},
                    {"name": "b", "datatype": ["ascii", 4]},
                    {"name": "c", "datatype": "float32", "shape": [2]},
                ],
            }
        }
    }

    class Mine(DataModel):
        def get_primary_array_name(self):
            return "table"

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = Mine((3,), schema=schema).table
    assert table["a"].tolist() == [7, 7, 7]
    assert list(table["b"]) == ["x", "x", "x"]
    assert table["c"].tolist() == [[0.5, 0.5]] * 3


@pytest.mark.parametrize("deepcopy", [True, False])
def test_a_model_that_gets_the_content_of_another_shows_it(deepcopy):
    source, target = ImageModel((2, 3)), ImageModel()
    source.meta.instrument.name = "NIRISS"
    assert target.meta.instrument.name is None
    ImageModel.clone(target, source, deepcopy=deepcopy)
    assert target.meta.instrument.name == "NIRISS"
    target.meta.instrument.name = "MIRI"
    assert source.meta.instrument.name == ("NIRISS" if deepcopy else "MIRI")


def test_an_array_of_models_holds_models():
    models = [datamodels.SpecModel() for _ in range(3)]
    found = np.array(models)[np.array([2, 1, 2]) == 2]
    assert found.dtype == object
    assert list(found) == [models[0], models[2]]
    assert found[1] is models[2]
    assert np.array([models[0].meta, models[1].meta]).shape == (2,)
    many = datamodels.MultiSpecModel()
    many.spec.extend(found)
    assert len(many.spec) == 2


# ---------------------------------------------------------------- what other programs put in


@pytest.mark.parametrize("suffix", ["fits", "asdf"])
def test_a_fits_table_that_no_schema_knows_is_kept(suffix, tmp_path):
    rows = np.array([("a", 1), ("bc", 2)], [("foo", "S3"), ("bar", "f4")])
    model = ImageModel()
    model.assigned = model._instance["behind"] = fits.BinTableHDU(rows).data
    model.bare = fits.FITS_rec(rows)
    again = datamodels.open(model.save(tmp_path / f"a.{suffix}"))
    for found in (again.assigned, again.behind, again.bare):
        assert np.asarray(found).tolist() == [(b"a", 1), (b"bc", 2)]


def test_a_card_of_old_files_about_their_tree_makes_no_hdu_of_its_own(tmp_path):
    for model in (ImageModel((2, 2)), datamodels.GainModel((2, 2))):
        model.extra_fits = {"ASDF": {"header": [["CHECKSUM", "9kbGAkbF9kbFAkbF", ""]]}}
        with fits.open(model.save(tmp_path / "a.fits")) as hdus:
            names = [hdu.name for hdu in hdus]
        assert names == ["PRIMARY", "SCI"] + ["ASDF"] * model.has_asdf_extension


def test_the_tree_and_history_are_found_as_in_an_asdf_file():
    model = ImageModel()
    model._asdf.add_history_entry("flagged", software={"name": "mine", "version": "1"})
    assert [entry["description"] for entry in model._asdf.get_history_entries()] == ["flagged"]
    assert model._asdf.tree is model.instance


@pytest.mark.parametrize("suffix", ["fits", "asdf"])
def test_what_is_put_into_the_raw_dict_of_an_empty_object_is_saved(suffix, tmp_path):
    made = ImageModel((2, 2))
    for model in (made, datamodels.open(made.save(tmp_path / f"a.{suffix}"))):
        assert model.meta.wcsinfo.instance == {}
        model.meta.cal_step.instance["jump"] = "COMPLETE"
        assert (model.meta.cal_step.jump, model.copy().meta.cal_step.jump) == ("COMPLETE",) * 2
        assert "meta.cal_step.jump" in model.keys()
        again = datamodels.open(model.save(tmp_path / f"b.{suffix}"))
        assert again.meta.cal_step.jump == "COMPLETE"
        assert not again.meta.hasattr("wcsinfo")

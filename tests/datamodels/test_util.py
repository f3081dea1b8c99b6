"""`open` and the small functions beside it."""

import sys

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import CubeModel, DataModel, ImageModel, JwstDataModel, QuadModel, util
from jwstlike.datamodels.exceptions import FileFormatError, NoTypeWarning
from jwstlike.datamodels.sources import Source


@pytest.mark.parametrize(
    ("init", "cls"),
    [
        (None, JwstDataModel), ((2, 3), ImageModel), (np.zeros((2, 3, 4)), CubeModel),
        (np.zeros((1, 1, 1, 1)), QuadModel), ({"meta": {"model_type": "CubeModel"}}, CubeModel),
        ({}, JwstDataModel),
    ],
)  # fmt: skip
def test_the_class_is_chosen_by_what_is_given(init, cls):
    assert type(datamodels.open(init)) is cls


def write_fits(path, primary=(), **hdus):
    import astropy.io.fits as afits

    content = [afits.PrimaryHDU()] + [afits.ImageHDU(d, name=n) for n, d in hdus.items()]
    for key, value in dict(primary).items():
        content[0].header[key] = value
    afits.HDUList(content).writeto(path)
    return path


@pytest.mark.parametrize(
    ("primary", "shapes", "name"),
    [
        ({}, {"SCI": (1, 2, 3, 4)}, "RampModel"),
        ({}, {"SCI": (1, 2, 3, 4), "DQ": (1, 2, 3, 4)}, "QuadModel"),
        ({}, {"SCI": (2, 3)}, "ImageModel"),
        ({}, {"SCI": (2, 3, 4)}, "CubeModel"),
        ({}, {}, "JwstDataModel"),
        ({"REFTYPE": "X"}, {"SCI": (2, 3)}, "ReferenceImageModel"),
        ({"REFTYPE": "X"}, {"SCI": (2, 3, 4)}, "ReferenceCubeModel"),
        ({"REFTYPE": "X"}, {"SCI": (2, 3, 4, 5)}, "ReferenceQuadModel"),
        ({"REFTYPE": "X"}, {}, "ReferenceFileModel"),
    ],
)
def test_a_file_that_names_no_class_is_guessed(tmp_path, primary, shapes, name):
    hdus = {key: np.zeros(shape, "f4") for key, shape in shapes.items()}
    path = write_fits(tmp_path / "a.fits", primary, **hdus)
    with pytest.warns(
        NoTypeWarning, match=f"model_type not found. Opening .*a.fits as a {name}"
    ) as w:
        model = datamodels.open(path)
    assert type(model).__name__ == name
    assert model.meta.model_type is None
    assert w[0].filename == __file__
    with pytest.raises(TypeError, match="no known model class"):
        datamodels.open(path, guess=False)


def test_an_asdf_file_without_class_is_a_general_model(tmp_path):
    DataModel({"a": 1}).save(tmp_path / "a.asdf")
    with pytest.warns(NoTypeWarning):
        model = datamodels.open(tmp_path / "a.asdf")
    assert (type(model), model.a) == (JwstDataModel, 1)


def test_an_association_is_not_one_file(tmp_path):
    (tmp_path / "a.json").write_text('{"asn_id": "a", "asn_pool": "b"}')
    with pytest.raises(FileFormatError, match="association"):
        datamodels.open(tmp_path / "a.json")
    assert util.is_association({"asn_id": "a", "asn_pool": "b"})


@pytest.mark.parametrize("suffix", ["fits", "asdf"])
def test_metadata_are_read_flat_or_nested(tmp_path, suffix):
    model = ImageModel(np.ones((2, 2)))
    model.meta.instrument.name = "MIRI"
    model.meta.notes = [{"a": 1}]
    path = model.save(tmp_path / f"a.{suffix}")
    flat = datamodels.read_metadata(path)
    assert (flat["meta.instrument.name"], flat["meta.notes.0.a"]) == ("MIRI", 1)
    assert "data" not in flat
    nested = util.read_metadata(path, model_type="ImageModel", flatten=False)
    assert nested["meta"]["notes"] == [{"a": 1}]


def test_the_model_type_of_a_file_is_told(tmp_path):
    path = ImageModel((2, 2)).save(tmp_path / "a.fits")
    assert util.get_model_type(path) == "ImageModel"
    import astropy.io.fits as afits

    with afits.open(path) as hdus:
        assert util.get_model_type(hdus) == "ImageModel"


def test_none_is_removed_from_trees():
    assert util.remove_none_from_tree({"a": None, "b": [1, None, {"c": None}]}) == {"b": [1, {}]}


def test_environment_variables_are_booleans(monkeypatch):
    monkeypatch.setenv("SOME_SWITCH", "Yes")
    assert util.get_envar_as_boolean("SOME_SWITCH") is True
    assert util.get_envar_as_boolean("NO_SUCH_SWITCH", default=True) is True
    monkeypatch.setenv("SOME_SWITCH", "2x")
    with pytest.raises(ValueError, match="SOME_SWITCH"):
        util.get_envar_as_boolean("SOME_SWITCH")


def test_record_arrays_of_astropy_become_plain(tmp_path):
    import astropy.io.fits as afits

    table = afits.FITS_rec.from_columns(afits.ColDefs([afits.Column("a", "J", array=[1, 2])]))
    tree = util.convert_fitsrec_to_array_in_tree({"t": [table]})
    assert tree["t"][0].tolist() == [(1,), (2,)]


def calls_of(action):
    """Count the calls of Python functions that an action makes."""
    made = []
    sys.setprofile(lambda frame, event, _: made.append(frame) if event == "call" else None)
    try:
        action()
    finally:
        sys.setprofile(None)
    return len(made)


def test_one_keyword_costs_few_calls_however_many_cards(tmp_path):
    """A time would depend on the machine; the count is about 230 at present."""

    def look(path):
        return datamodels.open(path).meta.instrument.name

    few = ImageModel(np.ones((2, 2)))
    few.meta.instrument.name = "NIRCAM"
    many = few.copy()
    many.extra_fits = {"PRIMARY": {"header": [[f"KEY{n}", n, ""] for n in range(500)]}}
    small, large = few.save(tmp_path / "few.fits"), many.save(tmp_path / "many.fits")
    assert look(small) == look(large) == "NIRCAM"
    costs = [calls_of(lambda p=p: look(p)) for p in (small, large)]
    assert costs[0] < 300
    assert abs(costs[1] - costs[0]) < 10


def test_a_file_is_opened_and_read_once_for_one_keyword(tmp_path, monkeypatch):
    path, opened = ImageModel(np.ones((2, 2))).save(tmp_path / "a.fits"), []
    real = Source.open
    monkeypatch.setattr(Source, "open", lambda self: opened.append(self.name) or real(self))
    assert datamodels.open(path).meta.model_type == "ImageModel"
    assert opened == [str(path)]


def test_metadata_are_not_read_by_a_class_that_does_not_exist(tmp_path):
    path = datamodels.ImageModel().save(tmp_path / "a.fits")
    with pytest.raises(ValueError, match=r"'ImagModel'; did you mean 'ImageModel'\?"):
        datamodels.read_metadata(path, model_type="ImagModel")

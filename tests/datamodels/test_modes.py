"""What is done about invalid values: modes as arguments, single flags, the environment."""

import warnings

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import FlatModel, ImageModel, RampModel
from jwstlike.datamodels.exceptions import NoTypeWarning, ValidationError, ValidationWarning


@pytest.fixture
def bad(tmp_path):
    """Write a file with a value that the schema refuses."""
    primary = afits.PrimaryHDU()
    primary.header["DATAMODL"], primary.header["TELESCOP"] = "ImageModel", "JWST"
    primary.header["INSTRUME"] = "NIRCAMM"
    path = tmp_path / "bad.fits"
    afits.HDUList([primary, afits.ImageHDU(np.ones((2, 2), "f4"), name="SCI")]).writeto(path)
    return path


def outcome(action):
    """Return "error", "warned" or "quiet"."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            action()
        except ValidationError:
            return "error"
    return "warned" if any(w.category is ValidationWarning for w in found) else "quiet"


def assign(model):
    model.meta.exposure.nints = "three"


MODES = [
    # mode, single flags, environment -> assignment, what is stored
    (None, {}, {}, "warned", None),
    ("warn", {}, {}, "warned", None),
    ("off", {}, {}, "quiet", "three"),
    ("strict", {}, {}, "error", None),
    (None, {"strict_validation": True}, {}, "error", None),
    (None, {"pass_invalid_values": True}, {}, "warned", "three"),
    (None, {"validate_on_assignment": False}, {}, "quiet", "three"),
    (None, {}, {"STRICT_VALIDATION": "1"}, "error", None),
    (None, {}, {"PASS_INVALID_VALUES": "yes"}, "warned", "three"),
    (None, {}, {"VALIDATE_ON_ASSIGNMENT": "false"}, "quiet", "three"),
    # an argument is stronger than the environment, a single flag stronger than the mode
    ("warn", {}, {"STRICT_VALIDATION": "1"}, "warned", None),
    ("off", {}, {"STRICT_VALIDATION": "1"}, "quiet", "three"),
    ("strict", {}, {"VALIDATE_ON_ASSIGNMENT": "0"}, "error", None),
    (None, {"strict_validation": False}, {"STRICT_VALIDATION": "1"}, "warned", None),
    ("strict", {"strict_validation": False}, {}, "warned", None),
    ("warn", {"pass_invalid_values": True}, {}, "warned", "three"),
    ("strict", {"validate_on_assignment": False}, {}, "quiet", "three"),
    ("off", {"validate_on_assignment": True, "strict_validation": True}, {}, "error", None),
]


@pytest.mark.parametrize(("mode", "flags", "environment", "expected", "stored"), MODES)
def test_an_assignment_is_dealt_with_by_mode_flags_and_environment(
    mode, flags, environment, expected, stored, monkeypatch
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    model = ImageModel(validate=mode, **flags)
    assert outcome(lambda: assign(model)) == expected
    assert model.meta.exposure.nints == stored


@pytest.mark.parametrize(
    ("mode", "expected"), [("off", "quiet"), ("warn", "warned"), ("strict", "error")]
)
def test_a_save_is_dealt_with_by_mode(mode, expected, tmp_path):
    model = ImageModel((2, 2), validate=mode, validate_on_assignment=False)
    assign(model)
    for name in ("a.fits", "a.asdf"):
        assert outcome(lambda name=name: model.save(tmp_path / name)) == expected
        assert (tmp_path / name).exists() == (expected != "error")


def test_the_error_of_a_strict_save_says_that_nothing_was_saved(tmp_path):
    model = ImageModel((2, 2), validate="strict", validate_on_assignment=False)
    assign(model)
    with pytest.raises(
        ValidationError, match=r"NINTS \(meta\.exposure\.nints\).*nothing was saved"
    ):
        model.save(tmp_path / "a.fits")


@pytest.mark.parametrize(
    ("mode", "expected"), [("off", "quiet"), ("warn", "quiet"), ("strict", "error")]
)
def test_only_a_strict_open_checks_the_whole_file(mode, expected, bad):
    assert outcome(lambda: datamodels.open(bad, validate=mode)) == expected


def test_the_error_of_a_strict_open_names_file_hdu_and_keyword(bad):
    with pytest.raises(ValidationError) as caught:
        datamodels.open(bad, validate="strict")
    assert str(caught.value).startswith(
        f"{bad}[PRIMARY] INSTRUME (meta.instrument.name): 'NIRCAMM' is not one of 'NIRCAM', "
    )
    assert (caught.value.path, caught.value.value) == ("meta.instrument.name", "NIRCAMM")
    assert [finding.path for finding in caught.value.findings] == ["meta.instrument.name"]


def test_a_strict_asdf_file_is_checked_when_it_is_opened(tmp_path):
    model = ImageModel((2, 2), validate="off")
    assign(model)
    path = model.save(tmp_path / "a.asdf")
    assert outcome(lambda: datamodels.open(path)) == "quiet"
    assert outcome(lambda: datamodels.open(path, validate="strict")) == "error"


def test_an_invalid_card_of_a_file_is_kept_told_once_and_saved_again(bad, tmp_path):
    model = datamodels.open(bad)
    with pytest.warns(ValidationWarning, match="'NIRCAMM' is not one of"):
        assert model.meta.instrument.name == "NIRCAMM"
    assert outcome(lambda: model.save(tmp_path / "again.fits")) == "quiet"
    assert afits.getheader(tmp_path / "again.fits")["INSTRUME"] == "NIRCAMM"


def test_a_copy_and_a_pickle_keep_the_mode():
    import pickle

    model = ImageModel(validate="strict")
    for other in (model.copy(), pickle.loads(pickle.dumps(model))):
        assert outcome(lambda other=other: assign(other)) == "error"


def test_the_mode_of_one_model_can_be_changed_by_its_flags():
    model = ImageModel()
    model._strict_validation = True
    assert outcome(lambda: assign(model)) == "error"
    model._strict_validation, model._pass_invalid_values = False, True
    assert outcome(lambda: assign(model)) == "warned"
    assert model.meta.exposure.nints == "three"


def test_making_a_model_leaves_the_environment_alone(monkeypatch):
    import os

    monkeypatch.setenv("STRICT_VALIDATION", "1")
    before = dict(os.environ)
    RampModel(validate="off")
    assert dict(os.environ) == before


def test_a_reference_file_tells_what_fits_leaves_out(tmp_path):
    model = FlatModel((2, 2))
    model.meta.my_note, model.meta.mine = "a", {"b": 1, "c": [1, 2], "d": [{}, {"e": 3}]}
    with pytest.warns(ValidationWarning) as caught:
        model.save(tmp_path / "a.fits")
    (text,) = (str(w.message) for w in caught)
    assert text.endswith(
        "FITS files of FlatModel cannot hold meta.my_note, meta.mine.b, meta.mine.c, "
        "meta.mine.d.1.e; left out, save as .asdf to keep it"
    )
    assert datamodels.open(model.save(tmp_path / "a.asdf")).meta.mine.b == 1


def test_a_reference_file_tells_what_its_cards_cannot_hold(tmp_path):
    model = FlatModel((2, 2))
    model.meta.description = "line\nbreak"
    with pytest.warns(ValidationWarning, match=r"meta\.description; save as \.asdf to keep it"):
        model.save(tmp_path / "a.fits")


def test_what_does_not_fit_another_class_is_told_with_its_keyword():
    image = ImageModel((2, 2), validate="off")
    image.meta.exposure.nints = "three"
    with pytest.warns(ValidationWarning, match=r"\[PRIMARY\] NINTS \(meta\.exposure\.nints\)"):
        datamodels.SlitModel(image)


def test_a_strict_open_warns_of_what_is_odd_in_a_file_but_valid(tmp_path):
    path = ImageModel((2, 2)).save(tmp_path / "a.fits")
    with afits.open(path, mode="update") as hdus:
        hdus[0].header.append(("NINTS", 1))
        hdus[0].header.append(("NINTS", 2))
    with pytest.warns(
        ValidationWarning, match=r"NINTS \(meta\.exposure\.nints\): the card is repeat"
    ):
        model = datamodels.open(path, validate="strict")
    assert model.meta.exposure.nints == 1


def test_a_strict_reference_file_needs_its_entries():
    with pytest.warns(ValidationWarning, match="is missing values for"):
        FlatModel((2, 2)).validate()
    with pytest.raises(ValidationError, match="is missing values for"):
        FlatModel((2, 2), validate="strict").validate()


# ---------------------------------------------------------------- strict opening


@pytest.mark.parametrize("suffix", ["fits", "asdf"])
def test_a_strict_open_of_a_reference_does_not_act_on_advice(suffix, tmp_path):
    for model in (datamodels.MirImgPhotomModel(), datamodels.GainModel((2, 2))):
        model = datamodels.open(model.save(tmp_path / f"a.{suffix}"), strict_validation=True)
        with pytest.raises(ValidationError, match=r"missing values for \[description"):
            model.validate()


def test_a_strict_open_of_a_foreign_file_warns_of_what_jwst_does_not_know(tmp_path):
    header = afits.Header({"TELESCOP": "HST", "INSTRUME": "WFC3"})
    image = afits.ImageHDU(np.ones((2, 2)), name="SCI")
    afits.HDUList([afits.PrimaryHDU(header=header), image]).writeto(tmp_path / "a.fits")
    with pytest.warns() as caught:
        model = datamodels.open(tmp_path / "a.fits", validate="strict")
    told = {w.category: str(w.message) for w in caught}
    assert set(told) == {ValidationWarning, NoTypeWarning}
    assert "INSTRUME" in told[ValidationWarning]
    assert (model.meta.instrument.name, model.data.sum()) == ("WFC3", 4)
    with pytest.raises(ValidationError, match="INSTRUME"):
        datamodels.ImageModel(tmp_path / "a.fits", validate="strict")

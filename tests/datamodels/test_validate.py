"""Findings, reports and what is done about them."""

import pickle

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, MultiSlitModel, exceptions
from jwstlike.datamodels.validate import Finding, Report, equal, value_change


def test_a_refused_value_leaves_the_old_one_and_warns_at_the_callers_line():
    model = ImageModel()
    model.meta.instrument.name = "MIRI"
    with pytest.warns(exceptions.ValidationWarning) as caught:
        model.meta.instrument.name = "NIRCAMM"
    assert model.meta.instrument.name == "MIRI"
    assert caught[0].filename == __file__
    assert str(caught[0].message).startswith(
        "ImageModel[PRIMARY] INSTRUME (meta.instrument.name): 'NIRCAMM' is not one of 'NIRCAM', "
    )
    assert str(caught[0].message).endswith("; did you mean 'NIRCAM'?; not stored")


def test_a_refused_value_is_stored_when_that_is_asked_for():
    model = ImageModel(pass_invalid_values=True)
    with pytest.warns(exceptions.ValidationWarning, match="kept"):
        model.meta.exposure.nints = "three"
    assert model.meta.exposure.nints == "three"


def test_a_refused_value_is_an_error_in_strict_mode():
    import asdf
    import jsonschema

    model = ImageModel(validate="strict")
    with pytest.raises(exceptions.ValidationError, match=r"meta\.exposure\.nints") as caught:
        model.meta.exposure.nints = "three"
    assert isinstance(caught.value, (asdf.ValidationError, ValueError))
    assert isinstance(caught.value, jsonschema.ValidationError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert model.meta.exposure.nints is None


def test_nothing_is_said_where_checks_are_off(tmp_path):
    model = ImageModel((2, 2), validate="off")
    model.meta.exposure.nints = "three"
    model.save(tmp_path / "a.fits")
    assert model.meta.exposure.nints == "three"


def test_what_was_not_checked_at_assignment_is_checked_at_save(tmp_path):
    model = ImageModel((2, 2), validate_on_assignment=False)
    model.meta.exposure.nints = "three"
    with pytest.warns(exceptions.ValidationWarning, match=r"NINTS \(meta\.exposure\.nints\)"):
        model.save(tmp_path / "a.fits")
    strict = ImageModel((2, 2), validate_on_assignment=False, strict_validation=True)
    strict.meta.exposure.nints = "three"
    with pytest.raises(exceptions.ValidationError):
        strict.save(tmp_path / "b.fits")
    assert not (tmp_path / "b.fits").exists()


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("PASS_INVALID_VALUES", "_pass_invalid_values"),
        ("STRICT_VALIDATION", "_strict_validation"),
    ],
)
def test_the_environment_gives_the_defaults(monkeypatch, name, flag):
    monkeypatch.setenv(name, "yes")
    assert getattr(ImageModel(), flag) is True
    assert getattr(ImageModel(**{name.lower(): False}), flag) is False
    assert getattr(ImageModel(validate="warn"), flag) is False
    monkeypatch.setenv(name, "perhaps")
    with pytest.raises(ValueError, match=f"{name}: 'perhaps' is no boolean"):
        ImageModel()


@pytest.mark.parametrize("mode", ["loose", True, []])
def test_an_unknown_mode_is_refused(mode):
    with pytest.raises(ValueError, match="is not one of 'off', 'warn', 'strict'"):
        ImageModel(validate=mode)


def test_a_report_lists_every_finding():
    model = ImageModel(np.zeros((2, 2)), pass_invalid_values=True, validate_on_assignment=False)
    model.meta.exposure.nints = 3.5
    model.meta.instrument.name = "X"
    model.meta.instrument.detector = "NRCA1"
    report = model.check()
    assert sorted(f.path for f in report) == ["meta.exposure.nints", "meta.instrument.name"]
    assert report.errors == report
    assert "ImageModel[PRIMARY] NINTS (meta.exposure.nints): 3.5 is a number" in str(report)


def test_a_valid_model_has_an_empty_report():
    assert str(ImageModel((2, 2)).check()) == "valid"


def test_findings_are_one_line():
    finding = Finding("a.b", "x" * 200, "is too long", "f.fits[SCI] KEY", "kept")
    assert str(finding).startswith("f.fits[SCI] KEY (a.b): 'xxx")
    assert str(finding).endswith("... is too long; kept")
    assert str(Finding("a", None, "is missing")) == "a: is missing"
    assert str(Report()) == "valid"


def test_value_change_tells_whether_to_store():
    model = ImageModel()
    spec = model._table.find(("meta", "exposure", "nints"))
    assert value_change(("meta", "exposure", "nints"), 3, spec, model)
    with pytest.warns(exceptions.ValidationWarning):
        assert not value_change(("meta", "exposure", "nints"), "x", spec, model)


def test_value_change_takes_the_schema_as_it_is_written():
    model = ImageModel()
    assert value_change("meta.x", "5", {"type": "string"}, model)
    with pytest.warns(exceptions.ValidationWarning, match=r"meta\.x.*5"):
        assert not value_change("meta.x", 5, {"type": "string"}, model)
    nested = {"type": "object", "properties": {"a": {"enum": [1, 2]}}}
    with pytest.warns(exceptions.ValidationWarning, match=r"meta\.x\.a.*3"):
        assert not value_change(["meta", "x"], {"a": 3}, nested, model)


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ({"a": 1, "b": None}, {"a": 1}, True),
        ([1, 2], (1, 2), True),
        (1, True, False),
        (float("nan"), float("nan"), True),
        (np.array([1.0, np.nan]), np.array([1.0, np.nan]), True),
        (np.zeros(2), np.zeros(3), False),
        (np.zeros(2), "text", False),
        (np.zeros(1, [("a", "f4")]), np.zeros(1, [("a", "f4")]), True),
        (np.zeros(1, [("a", "f4")]), np.zeros(1, [("b", "f4")]), False),
    ],
)
def test_trees_are_compared_by_value(one, two, expected):
    assert equal(one, two) is expected


ARGUMENTS = [
    ("dta", "; did you mean 'data'?"), ("strict", "; did you mean 'strict_validation'?"),
    ("shema", "; did you mean 'schema'?"), ("extension", "; did you mean 'extensions'?"),
    ("pass_invalid_vales", "; did you mean 'pass_invalid_values'?"), ("qqq", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "hint"), ARGUMENTS)
def test_a_keyword_argument_that_is_no_array_is_told_with_the_nearest(name, hint):
    with pytest.warns(exceptions.ValidationWarning) as caught:
        ImageModel((2, 2), **{name: np.zeros((2, 2))})
    (text,) = (str(w.message) for w in caught)
    assert text == f"ImageModel has no array {name!r}{hint}; it is ignored"
    with pytest.raises(TypeError) as refused:
        ImageModel({"meta": {}}, **{name: 1})
    assert str(refused.value).endswith(f"assign them to the model instead{hint}")


def test_the_nearest_class_is_named():
    with pytest.raises(AttributeError, match="'ImgeModel'; did you mean 'ImageModel'"):
        getattr(datamodels, "ImgeModel")  # noqa: B009 - as a user finds it


def test_a_typo_is_told_however_it_is_assigned():
    model = MultiSlitModel()
    told = "is not in the schema; did you mean"
    with pytest.warns(exceptions.ValidationWarning, match=rf"exposure\.ngrups {told} 'ngroups'"):
        model.meta.exposure.ngrups = 3
    with pytest.warns(exceptions.ValidationWarning, match=rf"exposure\.ngrops {told} 'ngroups'"):
        model.meta.exposure = {"ngrops": 3}
    with pytest.warns(exceptions.ValidationWarning, match=rf"slits\.0\.nme {told} 'name'"):
        model.slits.append({"nme": "a"})
    assert (model.meta.exposure.ngrops, model.slits[0].nme) == (3, "a")
    quiet = ImageModel(validate="off")
    quiet.meta.exposure.ngrups = 3


def test_all_that_an_update_refuses_comes_as_one_warning():
    bad = {"meta": {"exposure": {"nints": "x", "ngroups": "y"}, "instrument": {"name": "Z"}}}
    source = ImageModel(validate="off")
    source.update(bad)
    for other in (bad, source):
        model = ImageModel()
        with pytest.warns(exceptions.ValidationWarning) as caught:
            model.update(other)
        (text,) = (str(w.message) for w in caught)
        keywords = {line.split()[1] for line in text.splitlines()}
        assert keywords == {"NINTS", "NGROUPS", "INSTRUME"}
        assert model.meta.exposure.nints is None

"""What `check` tells: one line and one dict per finding, hints, lists, shared objects."""

import json

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, MultiSlitModel, SlitModel
from jwstlike.datamodels.exceptions import NoTypeWarning, ValidationWarning
from jwstlike.datamodels.validate import Finding, Report
from jwstlike.datamodels.walk import Walk


@pytest.fixture
def bad(tmp_path):
    """Write a file with two cards that the schema refuses."""
    model = ImageModel((2, 2), validate="off")
    model.meta.instrument.name, model.meta.bunit_data = "NIRCAMM", 3
    return model.save(tmp_path / "bad.fits")


def test_a_finding_names_file_hdu_keyword_path_value_what_is_allowed_and_what_was_done(bad):
    with afits.open(bad, mode="update") as hdus:
        hdus["SCI"].header["WCSAXES"] = "two"
    lines = str(datamodels.open(bad).check()).splitlines()
    assert lines == [
        f"{bad}[PRIMARY] INSTRUME (meta.instrument.name): 'NIRCAMM' is not one of 'NIRCAM', "
        "'NIRSPEC', 'MIRI', 'TFI', 'FGS', 'NIRISS', 'ANY', 'N/A'; did you mean 'NIRCAM'?; kept",
        f"{bad}[SCI] WCSAXES (meta.wcsinfo.wcsaxes): 'two' is a string, must be an integer; kept",
    ]


def test_a_report_in_plain_values_goes_through_json(bad):
    report = datamodels.open(bad).check()
    (found,) = json.loads(json.dumps(report.as_dicts(), allow_nan=False))
    assert found == {
        "severity": "error", "file": bad, "hdu": "PRIMARY", "keyword": "INSTRUME",
        "place": f"{bad}[PRIMARY] INSTRUME",
        "path": "meta.instrument.name", "value": "NIRCAMM",
        "expected": "is not one of 'NIRCAM', 'NIRSPEC', 'MIRI', 'TFI', 'FGS', 'NIRISS', 'ANY', "
        "'N/A'; did you mean 'NIRCAM'?",
        "done": "kept", "text": str(report[0]),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32(0.5), 0.5), (float("nan"), "nan"), ((1, np.int16(2)), [1, 2]),
        ({1: np.bool_(True)}, {"1": True}), (1 + 2j, "(1+2j)"),
    ],
)  # fmt: skip
def test_values_of_findings_become_plain(value, plain):
    assert Finding("a", value, "is odd").as_dict()["value"] == plain


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("", (None, None, None)),
        ("my file.fits", ("my file.fits", None, None)),
        ("a [b].fits[SCI,2] KEY-1", ("a [b].fits", "SCI,2", "KEY-1")),
        ("a.fits[#3]", ("a.fits", "#3", None)),
    ],
)
def test_the_place_of_a_finding_is_taken_apart(place, parts):
    found = Finding("a", 1, "is odd", place).as_dict()
    assert (found["file"], found["hdu"], found["keyword"]) == parts


def test_items_of_lists_are_named_by_their_version():
    model = MultiSlitModel(validate="off")
    model.slits.append({"name": "a"})
    model.slits.append({"name": "b", "slitlet_id": "two"})
    (finding,) = model.check()
    assert str(finding) == (
        "MultiSlitModel[SCI,2] SLITID (slits.1.slitlet_id): "
        "'two' is a string, must be an integer; kept"
    )


def test_what_slits_share_is_looked_at_once():
    class Counted(dict):
        looks = 0

        def items(self):
            Counted.looks += 1
            return super().items()

    shared = Counted(wcsaxes=2)
    slits = [{"meta": {"wcsinfo": shared}} for _ in range(100)]
    walk = Walk()
    walk.look(MultiSlitModel()._spec, {"slits": slits})
    assert (walk.found, Counted.looks) == ([], 1)


def test_shared_objects_with_problems_are_told_for_each_slit():
    shared = {"wcsinfo": {"wcsaxes": "two"}}
    model = MultiSlitModel({"slits": [{"meta": shared}, {"meta": shared}]})
    assert [f.path for f in model.check()] == [
        "slits.0.meta.wcsinfo.wcsaxes", "slits.1.meta.wcsinfo.wcsaxes",
    ]  # fmt: skip


def test_an_unknown_name_that_is_nearly_a_known_one_is_a_warning_and_no_error():
    model = ImageModel({"meta": {"exposure": {"nint": 3, "something_else": 4}}}, validate="strict")
    (finding,) = report = model.check()
    assert (report.errors, report.warnings) == ([], [finding])
    assert (finding.path, finding.severity) == ("meta.exposure.nint", "warning")
    assert "is not in the schema; did you mean 'nints'?" in str(finding)
    with pytest.warns(ValidationWarning, match="did you mean 'nints'"):
        model.validate()


def test_names_of_a_file_that_names_no_class_of_ours_are_its_own(tmp_path):
    import asdf

    asdf.AsdfFile({"meta": {"telescop": "SOHO"}}).write_to(tmp_path / "a.asdf")
    with pytest.warns(NoTypeWarning):
        model = datamodels.open(tmp_path / "a.asdf")
    assert model.check() == []


def test_an_unknown_name_beside_the_known_one_is_no_mistake():
    assert ImageModel({"meta": {"exposure": {"nint": 3, "nints": 3}}}).check() == []


def test_pixel_arrays_of_another_size_than_the_data_are_warned_of():
    model = ImageModel((3, 4))
    model.dq = np.zeros((3, 5), "uint32")
    model.err = np.zeros((3, 4), "f4")
    (finding,) = model.check()
    assert (finding.path, finding.severity) == ("dq", "warning")
    assert "image axes are (3, 5), those of data (3, 4)" in str(finding)
    slits = MultiSlitModel()
    slits.slits.append(SlitModel((2, 2)))
    slits.slits[0].var_poisson = np.zeros((2, 3), "f4")
    assert [f.path for f in slits.check()] == ["slits.0.var_poisson"]


def test_arrays_of_fewer_axes_than_the_data_fit():
    ramp = datamodels.RampModel((2, 3, 4, 5))
    ramp.pixeldq, ramp.groupdq = ramp.pixeldq, ramp.groupdq
    assert ramp.check() == []


def test_a_name_that_a_closed_schema_refuses_comes_with_the_nearest():
    schema = {
        "properties": {"meta": {
            "properties": {"level": {"type": "integer"}}, "additionalProperties": False,
        }}
    }  # fmt: skip
    model = datamodels.DataModel({"meta": {"levell": 1}}, schema=schema, validate="off")
    assert str(model.check()[0]) == (
        "meta.levell: 1 is a name that the schema does not allow here; did you mean 'level'?; kept"
    )


def test_checking_changes_nothing_and_reads_no_array(bad, tmp_path):
    model = datamodels.open(bad)
    first = model.check()
    before = json.dumps(model.to_flat_dict(include_arrays=False), default=str)
    lazy = model._tree["data"]
    assert model.check() == first
    assert model._tree["data"] is lazy
    assert not isinstance(lazy, np.ndarray)
    assert json.dumps(model.to_flat_dict(include_arrays=False), default=str) == before


def test_a_report_counts_by_severity():
    one, two = Finding("a", 1, "is odd"), Finding("b", 2, "is odder", severity="warning")
    report = Report([one, two])
    assert (report.errors, report.warnings) == ([one], [two])


STRUCTURES = [
    ({"type": "array", "uniqueItems": True, "items": {"type": "integer"}}, [1, 1],
     "a: [1, 1] has non-unique elements; kept"),
    ({"type": "object", "patternProperties": {"^x": {"type": "integer"}}}, {"x1": "b"},
     "a: {'x1': 'b'} does not follow the schema: x1: 'b' is not of type 'integer'; kept"),
    ({"type": "object", "anyOf": [{"required": ["b"]}, {"required": ["c"]}]}, {"d": 1},
     "a: {'d': 1} has none of b, c; at least one is required; kept"),
    ({"type": "object", "properties": {}, "not": {"required": ["d"]}}, {"d": 1},
     "a: {'d': 1} should not be valid under {'required': ['d']}; kept"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "line"), STRUCTURES)
def test_rules_for_whole_objects_and_lists_are_told(schema, value, line):
    model = datamodels.DataModel({"a": value}, schema={"properties": {"a": schema}})
    assert str(model.check()) == line


def test_a_model_as_a_whole_has_a_line_of_its_own(tmp_path):
    model = datamodels.AmiOIModel()
    phrase = "has none of vis, vis2, t3, q4; at least one is required"
    assert str(model.check()[0]) == f"the model: {phrase}"
    path = datamodels.AmiOIModel(validate="off").save(tmp_path / "a.asdf")
    assert str(datamodels.open(path).check()[0]) == f"{path}: {phrase}"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("meta.exposure.nint", True), ("meta.exposure.exposure_tmie", True),
        ("meta.instrument.detectro", True), ("meta.ephemeris.spatial_x", False),
        ("meta.instrument.p_detector", False), ("meta.dither.subpixel_dither_pattern", False),
    ],
)  # fmt: skip
def test_a_name_with_a_word_more_or_less_is_no_slip(path, hint):
    *above, name = path.split(".")[1:]
    assert bool(ImageModel({"meta": {above[0]: {name: 1}}}).check()) is hint

"""Values, arrays and lists from FITS files, lazily."""

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import DataModel, ImageModel
from jwstlike.datamodels.exceptions import ValidationWarning
from jwstlike.datamodels.fits_read import card_text
from jwstlike.datamodels.mending import mend

SLITS = {
    "type": "object",
    "properties": {
        "slits": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "fits_keyword": "SLITNAME", "fits_hdu": "SCI"},
                    "data": {"fits_hdu": "SCI", "datatype": "float32", "default": 0},
                    "note": {"type": "string"},
                },
            },
        }
    },
}


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (3.0, "integer", 3), (3.5, "integer", 3.5), ("12", "integer", 12), ("x", "integer", "x"),
        (1, "boolean", True), (0, "boolean", False), ("T", "boolean", True), (2, "boolean", 2),
        (123, "string", "123"), (True, "string", "T"), ("1.5", "number", 1.5), ("x", "number", "x"),
        ("inf", "number", "inf"), (5, None, 5), (5, ["integer", "null"], 5),
    ],
)  # fmt: skip
def test_values_are_mended_where_nothing_is_lost(value, kind, expected):
    found = mend(value, kind)
    assert (found, type(found)) == (expected, type(expected))


def test_marks_stand_for_what_a_card_cannot_hold():
    assert card_text("Große\nλ") == "Gro?e??"
    assert card_text("plain text?") == "plain text?"


def slit_file(path, versions):
    hdus = [afits.PrimaryHDU()]
    for version in versions:
        hdu = afits.ImageHDU(np.full((2, 2), version, "f4"), name="SCI", ver=version)
        hdu.header["SLITNAME"] = f"S{version}"
        hdus.append(hdu)
    afits.HDUList(hdus).writeto(path)
    return path


def test_items_follow_their_version_not_their_place(tmp_path):
    model = DataModel(slit_file(tmp_path / "a.fits", [3, 1, 2]), schema=SLITS)
    assert [(s.name, s.data[0, 0]) for s in model.slits] == [("S1", 1), ("S2", 2), ("S3", 3)]


def test_a_missing_item_is_empty(tmp_path):
    model = DataModel(slit_file(tmp_path / "a.fits", [1, 3]), schema=SLITS)
    assert [s.name for s in model.slits] == ["S1", None, "S3"]
    assert not model.slits[1].hasattr("data")


def test_what_only_asdf_holds_is_joined_to_the_items(tmp_path):
    model = DataModel(schema=SLITS)
    for number in (1, 2):
        model.slits.append({"name": f"S{number}", "data": np.zeros((2, 2)), "note": f"n{number}"})
    again = DataModel(model.save(tmp_path / "a.fits"), schema=SLITS)
    assert [(s.name, s.note) for s in again.slits] == [("S1", "n1"), ("S2", "n2")]


def test_reading_one_card_reads_no_other_and_no_array(tmp_path):
    model = ImageModel(np.ones((2, 2)))
    model.meta.instrument.name = "MIRI"
    model.meta.notes = "only in ASDF"
    model = datamodels.open(model.save(tmp_path / "a.fits"))
    assert model.meta.instrument.name == "MIRI"
    assert not model._reader.asdf_done
    assert not model._reader.cards_done
    assert not isinstance(model._tree["data"], np.ndarray)
    assert model.meta.notes == "only in ASDF"


def test_cards_in_lower_case_and_beside_hierarch_are_found(tmp_path):
    path = ImageModel((2, 2)).save(tmp_path / "a.fits")
    with afits.open(path, mode="update") as hdus:
        hdus[0].header["HIERARCH long keyword"] = 1
        hdus[0].header["TARGNAME"] = "M31"
    content = (tmp_path / "a.fits").read_bytes().replace(b"TARGNAME=", b"targname=")
    (tmp_path / "a.fits").write_bytes(content)
    assert datamodels.open(path).meta.target.catalog_name == "M31"


def test_a_link_to_a_missing_hdu_leaves_the_rest(tmp_path):
    model = ImageModel(np.ones((2, 2)))
    model.err, model.meta.notes = np.ones((2, 2)), {"a": 1}
    path = model.save(tmp_path / "a.fits")
    with afits.open(path, mode="update") as hdus:
        del hdus["ERR"]
    model = datamodels.open(path)
    with pytest.warns(ValidationWarning, match=r"the file lacks the HDU of fits:ERR,1"):
        assert not model.hasattr("err")
        assert model.meta.notes.a == 1


@pytest.mark.parametrize("suffix", [".fits", ".asdf"])
def test_an_object_that_was_only_looked_at_is_not_saved(tmp_path, suffix):
    model = ImageModel((2, 2))
    model.meta.wcsinfo.mine = {"a": 1}  # only the ASDF extension holds it
    path = model.save(tmp_path / "a.fits")
    model = datamodels.open(path)
    target, wcsinfo = model.meta.target, model.meta.wcsinfo
    again = datamodels.open(model.save(tmp_path / f"b{suffix}"))
    assert "target" not in again.meta.instance
    assert wcsinfo.mine.a == again.meta.wcsinfo.mine.a == 1
    target.catalog_name = "M31"
    assert model.meta.target is target
    assert datamodels.open(model.save(path)).meta.target.catalog_name == "M31"

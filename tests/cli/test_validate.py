"""``jwstlike validate``."""

import json

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike.cli import validate
from jwstlike.datamodels import ImageModel


@pytest.fixture
def good(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = ImageModel(np.zeros((2, 3), "f4"))
    model.meta.instrument.name = "NIRCAM"
    return model.save("good.fits")


@pytest.fixture
def bad(good):
    with afits.open(good) as hdus:
        hdus[0].header["EXP_TYPE"] = "NRC_IMAGES"
        hdus[0].header["NGROUPS"] = "many"
        hdus.writeto("bad.fits")
    return "bad.fits"


def test_a_valid_file_is_told_with_its_class(good, capsys):
    assert validate.main([good]) == 0
    assert capsys.readouterr().out == "good.fits: valid ImageModel\n"
    assert validate.main([good, "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_each_finding_is_one_line_with_place_keyword_and_path(bad, capsys):
    assert validate.main([bad]) == 1
    lines = sorted(capsys.readouterr().out.splitlines())
    assert len(lines) == 2
    assert lines[0].startswith(
        "bad.fits[PRIMARY] EXP_TYPE (meta.exposure.type): 'NRC_IMAGES' is not one of "
    )
    assert lines[1].startswith("bad.fits[PRIMARY] NGROUPS (meta.exposure.ngroups): 'many' ")


def test_json_has_the_findings_of_each_file(good, bad, capsys):
    assert validate.main(["--json", good, bad]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["valid"], first["class"], first["findings"]) == (True, "ImageModel", [])
    assert second["valid"] is False
    assert {(f["path"], f["value"]) for f in second["findings"]} == {
        ("meta.exposure.type", "NRC_IMAGES"), ("meta.exposure.ngroups", "many"),
    }  # fmt: skip


def test_an_unreadable_file_does_not_stop_the_others(good, capsys):
    assert validate.main(["absent.fits", good]) == 3
    out, err = capsys.readouterr()
    assert out == "good.fits: valid ImageModel\n"
    assert err == "jwstlike validate: absent.fits: there is no such file; check the path\n"


def test_cut_data_make_a_file_invalid(good, tmp_path, capsys):
    (tmp_path / "cut.fits").write_bytes((tmp_path / good).read_bytes()[:5770])
    assert validate.main(["cut.fits"]) == 1
    assert "cut.fits[SCI,1]: the data are cut: " in capsys.readouterr().out


def test_warnings_count_only_when_strict(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    afits.HDUList([afits.PrimaryHDU(), afits.ImageHDU(np.zeros((2, 2)), name="SCI")]).writeto(
        "plain.fits"
    )
    assert validate.main(["plain.fits"]) == 0
    assert capsys.readouterr().out == (
        "warning: model_type not found. Opening plain.fits as a ImageModel\n"
    )
    assert validate.main(["plain.fits", "--strict"]) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine.json", '{"type": "object", "properties": {"meta": {"type": "object", "properties": '
         '{"count": {"type": "integer", "maximum": 3, "fits_keyword": "COUNT"}}}}}'),
        ("mine.yaml", "type: object\nproperties:\n  meta:\n    type: object\n    properties:\n"
         "      count: {type: integer, maximum: 3, fits_keyword: COUNT}\n"),
    ],
)  # fmt: skip
def test_a_schema_of_the_user_takes_the_place_of_the_own_one(
    name, text, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    for file, count in (("three.fits", 3), ("four.fits", 4)):
        primary = afits.PrimaryHDU()
        primary.header["COUNT"] = count
        primary.header["DATAMODL"] = "ImageModel"
        primary.writeto(file)
    assert validate.main(["--schema", name, "three.fits"]) == 0
    assert validate.main(["--schema", name, "four.fits"]) == 1
    assert "four.fits[PRIMARY] COUNT (meta.count): 4 " in capsys.readouterr().out


def test_an_absent_schema_is_a_wrong_command(good, capsys):
    assert validate.main([good, "--schema", "none.json"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("jwstlike validate: ")
    assert "none.json" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [('{"type": "int"}', "type 'int' is unknown; did you mean 'integer'?"), ("{bad", "mine.json")],
)
def test_a_schema_that_is_none_is_a_wrong_command(good, tmp_path, capsys, text, problem):
    (tmp_path / "mine.json").write_text(text)
    assert validate.main(["--schema", str(tmp_path / "mine.json"), good]) == 2
    out, err = capsys.readouterr()
    assert problem in err
    assert (out, err.count("\n")) == ("", 1)


def test_the_worst_of_many_files_gives_the_code_and_each_is_told(good, bad, tmp_path, capsys):
    (tmp_path / "empty.fits").touch()
    (tmp_path / "folder").mkdir()
    assert validate.main([good, bad]) == 1
    assert validate.main([bad, "empty.fits", "folder", "nix.fits", good]) == 3
    out, err = capsys.readouterr()
    assert out.endswith("good.fits: valid ImageModel\n")
    assert [line.partition(": ")[2] for line in err.splitlines()] == [
        "empty.fits: the file is empty (0 bytes); give a FITS, ASDF or association file",
        "folder: is a folder, not a file",
        "nix.fits: there is no such file; check the path",
    ]

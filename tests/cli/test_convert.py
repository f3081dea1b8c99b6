"""``jwstlike convert``."""

import asdf
import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike.cli import convert, diff
from jwstlike.datamodels import ImageModel, MaskModel


@pytest.fixture
def image(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = ImageModel(np.arange(6, dtype="f4").reshape(2, 3))
    model.meta.instrument.name = "NIRCAM"
    return model.save("a.fits")


def test_fits_becomes_asdf_and_fits_again(image, tmp_path, capsys):
    assert convert.main([image, "b.asdf"]) == 0
    assert convert.main(["b.asdf", "c.fits"]) == 0
    assert capsys.readouterr().out == "a.fits -> b.asdf\nb.asdf -> c.fits\n"
    with asdf.open(tmp_path / "b.asdf") as file:
        assert file["meta"]["instrument"]["name"] == "NIRCAM"
        assert np.asarray(file["data"]).tolist() == [[0, 1, 2], [3, 4, 5]]
    with afits.open(tmp_path / "c.fits") as hdus:
        assert hdus["SCI"].data.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert diff.main([image, "c.fits"]) == 0


def test_many_files_go_to_a_folder(image, tmp_path, capsys):
    ImageModel((2, 2)).save("b.fits")
    assert convert.main(["--to", "asdf", "--output-dir", "out", image, "b.fits"]) == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.asdf", "b.asdf"]


def test_an_unreadable_file_does_not_stop_the_others(image, tmp_path, capsys):
    assert convert.main(["--to", "asdf", "absent.fits", image]) == 3
    out, err = capsys.readouterr()
    assert out == "a.fits -> a.asdf\n"
    assert err == "jwstlike convert: absent.fits: there is no such file; check the path\n"


def test_an_existing_file_is_replaced_only_when_asked_for(image, tmp_path, capsys):
    (tmp_path / "b.asdf").write_text("mine")
    assert convert.main([image, "b.asdf"]) == 2
    assert capsys.readouterr().err == (
        "jwstlike convert: b.asdf: exists already; use --overwrite\n"
    )
    assert (tmp_path / "b.asdf").read_text() == "mine"
    assert convert.main([image, "b.asdf", "--overwrite", "-q"]) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "b.asdf").read_bytes().startswith(b"#ASDF")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.fits"], "give IN and OUT, or --to asdf with any number of files"),
        (["a.fits", "b.txt"], "b.txt: the suffix must be .fits or .asdf"),
        (["--to", "asdf", "x/a.fits", "y/a.fits", "--output-dir", "o"],
         "o/a.asdf: two files would get this name"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_told_before_anything_is_read(arguments, message, capsys):
    assert convert.main(arguments) == 2
    assert capsys.readouterr().err == f"jwstlike convert: {message}\n"


def test_a_packed_file_loses_both_suffixes(image, tmp_path, capsys):
    import gzip

    (tmp_path / "z.fits.gz").write_bytes(gzip.compress((tmp_path / image).read_bytes()))
    assert convert.main(["--to", "asdf", "z.fits.gz"]) == 0
    assert capsys.readouterr().out == "z.fits.gz -> z.asdf\n"


def test_a_file_that_cannot_be_written_is_told(image, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert convert.main([image, "file/b.asdf"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("jwstlike convert: file/b.asdf: ")
    assert err.count("\n") == 1


def test_what_a_reference_file_in_fits_cannot_hold_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    model = MaskModel(np.zeros((2, 2), "u4"), validate="off")
    model.mine = "no card has a place for it"
    model.save("mask.asdf")
    assert convert.main(["mask.asdf", "mask.fits"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "jwstlike convert: mask.fits: FITS files of MaskModel cannot hold mine; keep mask.asdf as "
        "well"
    )

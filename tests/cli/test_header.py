"""``jwstlike header``."""

import json
from pathlib import Path

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike.cli import header
from jwstlike.datamodels import ImageModel


@pytest.fixture
def image(tmp_path, monkeypatch):
    """Write a file of three HDUs into the working folder."""
    monkeypatch.chdir(tmp_path)
    primary = afits.PrimaryHDU()
    primary.header["INSTRUME"] = ("NIRCAM", "Instrument")
    primary.header["LONGTEXT"] = "x" * 70 + " end"
    primary.header["EMPTY"] = None
    first = afits.ImageHDU(np.zeros((2, 2), "f4"), name="SCI", ver=1)
    second = afits.ImageHDU(np.zeros((2, 2), "f4"), name="SCI", ver=2)
    second.header["CRVAL1"] = 1.5
    afits.HDUList([primary, first, second]).writeto("image.fits")
    return "image.fits"


def test_cards_are_those_of_the_file(image, capsys):
    assert header.main([image, "0"]) == 0
    raw = Path(image).read_bytes()[:2880].decode()
    cards = [raw[at : at + 80].rstrip() for at in range(0, 2880, 80)]
    assert capsys.readouterr().out.splitlines() == cards[: cards.index("END")]


def test_all_hdus_are_printed_under_their_names(image, capsys):
    assert header.main([image]) == 0
    heads = [x for x in capsys.readouterr().out.splitlines() if x.startswith("#")]
    assert heads == ["# image.fits[PRIMARY]", "# image.fits[SCI,1]", "# image.fits[SCI,2]"]


def test_an_hdu_is_chosen_by_name_and_version(image, capsys):
    assert header.main([image, "sci,2"]) == 0
    out = capsys.readouterr().out
    assert "CRVAL1  =                  1.5" in out
    assert header.main(["--hdu", "2", image]) == 0
    assert capsys.readouterr().out == out


def test_keywords_are_printed_with_their_place(image, capsys):
    assert header.main([image, "-k", "instrume", "-k", "CRVAL*"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "image.fits[PRIMARY]: INSTRUME= 'NIRCAM  '           / Instrument",
        "image.fits[SCI,2]: CRVAL1  =                  1.5",
    ]


def test_what_is_not_there_gives_exit_code_1(image, capsys):
    assert header.main([image, "-k", "NOPE"]) == 1
    assert header.main([image, "SCI,3"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "jwstlike header: image.fits: no keyword NOPE",
        "jwstlike header: image.fits: no HDU SCI,3",
    ]


def test_json_has_parsed_values(image, capsys):
    keywords = [w for k in ("LONGTEXT", "EMPTY", "SIMPLE") for w in ("-k", k)]
    assert header.main(["--json", image, *keywords]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found == {
        "file": "image.fits", "hdu": 0, "extname": "PRIMARY", "extver": 1,
        "cards": [
            {"keyword": "SIMPLE", "value": True, "comment": "conforms to FITS standard"},
            {"keyword": "LONGTEXT", "value": "x" * 70 + " end", "comment": ""},
            {"keyword": "EMPTY", "value": None, "comment": ""},
        ],
    }  # fmt: skip


def test_an_unreadable_file_does_not_stop_the_others(image, capsys):
    assert header.main(["absent.fits", image, "-k", "CRVAL1"]) == 3
    out, err = capsys.readouterr()
    assert out == "image.fits[SCI,2]: CRVAL1  =                  1.5\n"
    assert err == "jwstlike header: absent.fits: there is no such file; check the path\n"


def test_one_word_that_is_no_file_is_a_wrong_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert header.main(["SCI"]) == 2
    assert capsys.readouterr().err == "jwstlike header: SCI: there is no such file\n"


def test_control_characters_do_not_reach_the_terminal(image, capsys):
    content = Path(image).read_bytes().replace(b"'NIRCAM  '", b"'NIR\x1b[2J '")
    Path("escape.fits").write_bytes(content)
    assert header.main(["escape.fits", "0", "-k", "INSTRUME"]) == 0
    assert "INSTRUME= 'NIR\N{REPLACEMENT CHARACTER}[2J '" in capsys.readouterr().out


def test_of_an_asdf_file_the_tree_is_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    model = ImageModel((2, 2))
    model.meta.instrument.name = "MIRI"
    model.save("a.asdf")
    assert header.main(["a.asdf"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "%YAML 1.1"
    assert lines[-1] == "..."
    assert header.main(["a.asdf", "-k", "*.instrument.*"]) == 0
    assert capsys.readouterr().out == "a.asdf: meta.instrument.name: MIRI\n"


def test_an_asdf_file_without_a_tree_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("bare.asdf").write_bytes(b"#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n")
    assert header.main(["bare.asdf"]) == 1
    assert capsys.readouterr() == ("", "jwstlike header: bare.asdf: no tree\n")

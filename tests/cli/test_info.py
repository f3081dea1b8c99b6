"""``jwstlike info``."""

import json
import os
import subprocess
import sys
from pathlib import Path

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike.cli import info
from jwstlike.datamodels import ImageModel

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def ramp(tmp_path, monkeypatch):
    """Write a small ramp into the working folder."""
    monkeypatch.chdir(tmp_path)
    primary = afits.PrimaryHDU()
    primary.header.update(
        DATAMODL="RampModel", TELESCOP="JWST", INSTRUME="NIRCAM", NGROUPS=2,
        DATE="2026-01-02T03:04:05",
    )  # fmt: skip
    science = afits.ImageHDU(np.zeros((1, 2, 3, 4), "f4"), name="SCI")
    afits.HDUList([primary, science]).writeto("ramp.fits")
    return "ramp.fits"


def test_a_fits_file_is_told_by_class_shape_metadata_and_hdus(ramp, capsys):
    assert info.main([ramp]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ramp.fits  FITS  RampModel  (1, 2, 3, 4)  8.64 kB"
    assert lines[1:6] == [
        "  telescope   JWST",
        "  instrument  NIRCAM",
        "  groups      2",
        "  written     2026-01-02T03:04:05",
        "",
    ]
    assert lines[6].split() == ["No", "Name", "Ver", "Type", "Cards", "Shape", "Content", "Size"]
    assert lines[7].split() == ["0", "PRIMARY", "1", "header", "only", "9"]
    assert lines[8].split() == ["1", "SCI", "1", "image", "10", "(1,", "2,", "3,", "4)",
                                "float32", "96", "B"]  # fmt: skip
    assert len(lines) == 9


def test_json_is_a_list_with_the_same_facts(ramp, capsys):
    assert info.main(["--json", ramp]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["class"], found["shape"], found["guessed"]) == ("RampModel", [1, 2, 3, 4], False)
    assert found["metadata"]["instrument"] == "NIRCAM"
    assert found["hdus"][1] | {"cards": 0} == {
        "number": 1, "name": "SCI", "version": 1, "type": "image", "cards": 0,
        "shape": [1, 2, 3, 4], "dtype": "float32", "size": 96,
    }  # fmt: skip


def test_an_unreadable_file_does_not_stop_the_others(ramp, capsys):
    Path("text.fits").write_text("no data")
    assert info.main(["absent.fits", "text.fits", ramp]) == 3
    out, err = capsys.readouterr()
    assert out.startswith("\nramp.fits  FITS  RampModel")
    assert err.splitlines() == [
        "jwstlike info: absent.fits: there is no such file; check the path",
        "jwstlike info: text.fits: is neither FITS nor ASDF nor an association: it begins with "
        "b'no data'; give a FITS, ASDF or association file",
    ]


def test_in_json_an_unreadable_file_has_its_error(ramp, capsys):
    assert info.main(["--json", "absent.fits", ramp]) == 3
    first, second = json.loads(capsys.readouterr().out)
    assert first == {
        "file": "absent.fits",
        "error": "absent.fits: there is no such file; check the path",
    }
    assert second["class"] == "RampModel"


def test_unsigned_scaled_and_table_hdus_are_told_as_what_they_mean(tmp_path, capsys):
    path = tmp_path / "kinds.fits"
    scaled = afits.ImageHDU(np.array([1, 2], "i2"), name="SCALED")
    scaled.scale("int16", bscale=0.5)
    columns = [afits.Column("A", "J", array=[1, 2, 3]), afits.Column("B", "5A", array=["x"] * 3)]
    afits.HDUList(
        [
            afits.PrimaryHDU(),
            afits.ImageHDU(np.zeros((2, 3), "u2"), name="UNSIGNED"),
            scaled,
            afits.BinTableHDU.from_columns(columns, name="TABLE"),
        ]
    ).writeto(path)
    hdus = info.describe_file(str(path))["hdus"]
    assert [h["dtype"] for h in hdus] == [None, "uint16", "int16 scaled", None]
    assert (hdus[3]["type"], hdus[3]["shape"], hdus[3]["columns"]) == ("table", [3], ["A", "B"])


def test_a_compressed_image_is_told_by_its_own_shape():
    found = info.describe_file(str(DATA / "fits" / "astropy__compressed_with_nan.fits"))
    assert found["hdus"][1]["type"] == "compressed image"
    assert found["hdus"][1]["shape"] == [12, 12]
    assert found["shape"] == [12, 12]


def test_cut_data_are_a_problem_but_no_failure(ramp, capsys):
    Path("cut.fits").write_bytes(Path(ramp).read_bytes()[:5800])
    assert info.main(["cut.fits"]) == 0
    assert "  problem: SCI,1: 56 of 96 bytes are missing" in capsys.readouterr().out


def test_an_asdf_file_is_told_by_its_arrays(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    model = ImageModel(np.zeros((2, 3), "f4"))
    model.meta.instrument.name = "MIRI"
    model.save("a.asdf")
    assert info.main(["a.asdf"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("a.asdf  ASDF  ImageModel  (2, 3)  ")
    assert "  instrument  MIRI" in lines
    assert lines[-2].split() == ["Path", "Shape", "Content", "Size", "Compression"]
    assert lines[-1].split() == ["data", "(2,", "3)", "float32", "24", "B"]


def test_compression_of_blocks_is_told():
    found = info.describe_file(str(DATA / "asdf" / "asdf_standard__100_compressed.asdf"))
    assert {(a["path"], a["compression"]) for a in found["arrays"]} == {
        ("bzp2", "bzp2"), ("zlib", "zlib"),
    }  # fmt: skip


def test_a_file_without_class_is_told_by_the_class_it_would_get(tmp_path, capsys):
    path = tmp_path / "plain.fits"
    afits.HDUList([afits.PrimaryHDU(), afits.ImageHDU(np.zeros((2, 2)), name="SCI")]).writeto(path)
    assert info.main([str(path)]) == 0
    assert "  ImageModel (guessed)  (2, 2)" in capsys.readouterr().out


def test_an_association_is_told_by_its_members(tmp_path):
    path = tmp_path / "asn.json"
    members = [{"expname": "a.fits", "exptype": "science"}] * 3
    table = {"asn_id": "a1", "asn_pool": "p", "products": [{"name": "x", "members": members}]}
    path.write_text(json.dumps(table))
    found = info.describe_file(str(path))
    assert found["format"] == "association"
    assert found["metadata"] == {"asn_id": "a1", "asn_pool": "p", "products": 1, "members": 3}


def test_the_tree_can_be_shown_as_well(ramp, capsys):
    assert info.main(["--tree", "--all", ramp]) == 0
    assert "│ ├─instrument (dict)\n│ │ └─name (str): NIRCAM\n" in capsys.readouterr().out


def test_a_fits_file_is_told_without_numpy_and_astropy(ramp):
    code = (
        "import sys; from jwstlike.cli.main import main; assert main(['info', 'ramp.fits']) == 0;"
        "print({'numpy', 'astropy', 'asdf'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_a_reader_that_is_gone_makes_no_traceback(ramp):
    command = f"{sys.executable} -m jwstlike.cli.main info {'ramp.fits ' * 400} | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("ramp.fits  FITS  RampModel")
    assert done.stderr == ""


def test_a_reader_that_is_gone_is_no_fault_of_the_file(ramp):
    command = (
        f"{sys.executable} -m jwstlike.cli.main info --tree --all {'ramp.fits ' * 200} | head -n 1"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["info", "header", "validate"])
def test_a_full_disk_under_the_output_is_told_in_one_line(ramp, command):
    program = [sys.executable, "-m", "jwstlike.cli.main", command, ramp]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.stderr == f"jwstlike {command}: output: No space left on device\n"
    assert done.returncode == 1


@pytest.mark.parametrize("suffix", ["fits", "asdf"])
@pytest.mark.parametrize("command", ["info", "header", "validate"])
def test_a_minus_stands_for_the_standard_input(tmp_path, command, suffix):
    path = ImageModel((2, 3)).save(tmp_path / f"a.{suffix}")
    program = [sys.executable, "-m", "jwstlike.cli.main", command]
    with Path(path).open("rb") as stream:
        piped = subprocess.run([*program, "-"], stdin=stream, capture_output=True, check=True)
    named = subprocess.run([*program, path], capture_output=True, check=True)
    lines = [named.stdout.replace(path.encode(), b"-"), piped.stdout]
    assert lines[0].splitlines()[1:] == lines[1].splitlines()[1:]
    assert lines[1]


@pytest.mark.parametrize(
    "command",
    [["info", "--tree"], ["header"], ["diff", "b.asdf"], ["validate"]],
    ids=lambda c: c[0],
)
def test_letters_that_a_terminal_lacks_are_escapes(tmp_path, command):
    model = ImageModel((2, 2))
    for name, letter in (("a.asdf", "\u03bb"), ("b.asdf", "\u03bc")):
        model.meta.target.catalog_name = letter
        model.save(tmp_path / name)
    program = [sys.executable, "-m", "jwstlike.cli.main", *command, "a.asdf"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        program, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert ("\\u03bb" in done.stdout) == (command != ["validate"])
    assert done.returncode == (command[0] == "diff")

"""``jwstlike demo`` and what it writes."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from jwstlike.cli import demo

SIZE = 64


def sums(folder):
    """Return the sha1 of each file below a folder; env.sh holds the folder's own path."""
    return {
        str(p.relative_to(folder)): hashlib.sha1(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "env.sh"
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "d"
    assert demo.main([str(folder), "--size", str(SIZE)]) == 0
    return folder


def test_the_folder_holds_all_that_a_run_needs(made):
    assert sorted(p.name for p in made.iterdir()) == [
        "cache",
        "env.sh",
        "input.fits",
        "sloper.cfg",
        "truth.fits",
    ]


def test_the_same_seed_gives_the_same_bytes(made, tmp_path):
    start = time.process_time()
    assert demo.main([str(tmp_path / "again"), "--size", str(SIZE)]) == 0
    assert time.process_time() - start < 3
    assert sums(tmp_path / "again") == sums(made)


def test_another_seed_gives_another_exposure(made, tmp_path):
    assert demo.main([str(tmp_path / "other"), "--size", str(SIZE), "--seed", "2"]) == 0
    assert sums(tmp_path / "other")["input.fits"] != sums(made)["input.fits"]


def test_the_cfg_is_that_of_the_paper_with_saturation_on(made):
    assert (made / "sloper.cfg").read_text().splitlines() == [
        'name = "SloperPipeline"',
        'class = "jwst_pipeline.SloperPipeline"',
        'output_file = "myimage.fits"',
        "save_calibrated_ramp = True",
        "",
        "[steps]",
        "    [[saturation]]",
        "        skip = False",
    ]


def test_env_sh_sets_three_variables_in_a_plain_shell(tmp_path):
    folder = tmp_path / "with space"
    assert demo.main([str(folder), "--size", "32"]) == 0
    code = f'. "{folder}/env.sh" && env'
    done = subprocess.run(["sh", "-c", code], capture_output=True, text=True, check=True)
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert found["CRDS_PATH"] == str(folder / "cache")
    assert "serverless" in found["CRDS_SERVER_URL"]
    assert found["CRDS_CONTEXT"] == "jwst_0001.pmap"


def test_it_says_what_to_type_next(tmp_path, capsys):
    assert demo.main([str(tmp_path / "d"), "--size", "32"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:] == [
        f"    . {tmp_path}/d/env.sh && cd {tmp_path}/d",
        "    strun sloper.cfg input.fits",
        "    jwstlike report myimage.run.json",
    ]


def test_the_command_runs_from_the_shell(tmp_path):
    command = [sys.executable, "-m", "jwstlike.cli.main", "demo", "d", "--size", "32"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "d/input.fits").is_file()


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("size", ["16", "4096", "-1"])
def test_a_size_out_of_range_is_refused(tmp_path, capsys, size):
    assert demo.main([str(tmp_path / "d"), "--size", size]) == 2
    assert f"--size {size}: must be 32 to 2048" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_files_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("x")
    assert demo.main([str(tmp_path), "--size", "32"]) == 2
    assert "holds other files (thesis.tex)" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_force_writes_beside_other_files(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    assert demo.main([str(tmp_path), "--size", "32", "--force"]) == 0
    assert (tmp_path / "thesis.tex").read_text() == "x"


def test_a_demo_can_be_made_anew_beside_its_products(tmp_path):
    assert demo.main([str(tmp_path / "d"), "--size", "32"]) == 0
    (tmp_path / "d/myimage.fits").write_text("x")
    assert demo.main([str(tmp_path / "d"), "--size", "32", "--seed", "5"]) == 0
    assert fits.getval(tmp_path / "d/truth.fits", "SEED") == 5


def test_a_file_in_place_of_the_folder_is_named(tmp_path, capsys):
    (tmp_path / "d").write_text("x")
    assert demo.main([str(tmp_path / "d")]) == 2
    assert f"{tmp_path}/d: is a file" in capsys.readouterr().err


def test_a_full_disk_is_found_before_writing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(demo.shutil, "disk_usage", lambda p: type("Usage", (), {"free": 1000000})())
    assert demo.main([str(tmp_path / "d")]) == 2
    assert "1 MB free, 797 MB needed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path, capsys, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert demo.main([str(tmp_path / "d"), "--size", "32"]) == 1
    assert f"{tmp_path}/d: Permission denied" in capsys.readouterr().err


# ---------------------------------------------------------------- the exposure


@pytest.fixture(scope="module")
def exposure(made):
    with fits.open(made / "input.fits") as hdus:
        return hdus[0].header.copy(), hdus["SCI"].data.copy()


@pytest.fixture(scope="module")
def truth(made):
    with fits.open(made / "truth.fits") as hdus:
        return {h.name: h.data.copy() for h in hdus[1:]}


def test_the_exposure_is_a_raw_ramp_of_ten_groups(exposure):
    header, data = exposure
    assert (data.dtype, data.shape) == (np.dtype("uint16"), (1, 10, SIZE, SIZE))
    assert header["DATAMODL"] == "Level1bModel"
    assert (header["NINTS"], header["NGROUPS"], header["NFRAMES"]) == (1, 10, 1)
    assert header["TGROUP"] == pytest.approx(2 * header["TFRAME"])


def test_an_unlit_pixel_stays_at_its_bias(exposure, made):
    _, data = exposure
    bias = fits.getdata(made / "cache/references/jwst/nircam/jwst_nircam_superbias_0001.fits")
    border = data[0, :, :4, :] - bias[:4, :]
    assert abs(border.mean()) < 1
    assert border.std() == pytest.approx(6.5, abs=0.5)


def test_saturated_pixels_pass_the_threshold_and_stay_there(exposure, truth, made):
    _, data = exposure
    name = "cache/references/jwst/nircam/jwst_nircam_saturation_0001.fits"
    threshold = fits.getdata(made / name)
    saturated = truth["SATGROUP"] < 255
    assert saturated.any()
    assert (data[0, -1][saturated] >= threshold[saturated]).all()


def test_cosmic_rays_jump_where_the_truth_says(exposure, truth):
    _, data = exposure
    step = data[0, 5].astype(float) - data[0, 4]
    hit = (truth["CR"] >> 5 & 1).astype(bool) & (truth["SATGROUP"] == 255)
    usual = np.median(step[~hit])
    assert hit.any()
    assert (step[hit] > usual + 50).all()


def test_the_mean_slope_is_the_true_rate(exposure, truth):
    header, data = exposure
    quiet = (truth["CR"] == 0) & (truth["SATGROUP"] == 255)
    quiet &= (truth["RATE"] < 20) & (truth["RATE"] > 0)
    seconds = 9 * header["TGROUP"]
    slope = (data[0, 9].astype(float) - data[0, 0]) / seconds
    error = np.sqrt(truth["RATE"] / 2.05 / seconds + 2 * 6.5**2 / seconds**2)[quiet]
    pull = (slope - truth["RATE"])[quiet] / error
    assert abs(np.median(pull)) < 0.1


def test_full_adds_dark_current_drifts_and_nonlinearity(tmp_path, made):
    assert demo.main([str(tmp_path / "f"), "--size", str(SIZE), "--full"]) == 0
    full, plain = (fits.getdata(d / "input.fits") for d in (tmp_path / "f", made))
    unlit = [(d[0, :, :4, :].astype(float) - d[0, 0, :4, :]).std() for d in (full, plain)]
    assert unlit[0] > 1.2 * unlit[1]
    assert full.shape == plain.shape

"""The main job on the demo: ``strun sloper.cfg input.fits``, then the report; no network."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits

from jwstlike.cli import demo, report

DO_NOT_USE, SATURATED, JUMP = 1, 2, 4


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Return the folder of a demo in which the sloper has run, and the finished process."""
    folder = tmp_path_factory.mktemp("end") / "demo"
    assert demo.main([str(folder), "--size", "64", "--quiet"]) == 0
    return folder, strun(folder, "sloper.cfg", "input.fits")


def strun(folder, *args):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CRDS_", "STPIPE_"))}
    for line in (folder / "env.sh").read_text().splitlines():
        if line.startswith("export "):
            name, value = line.removeprefix("export ").split("=", 1)
            environment[name] = value
    return subprocess.run(
        [sys.executable, "-m", "jwstlike.cli.strun", *args],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def rate(done):
    with fits.open(done[0] / "myimage.fits") as hdus:
        return {h.name: h.data.copy() for h in hdus[1:] if h.is_image}


@pytest.fixture(scope="module")
def truth(done):
    with fits.open(done[0] / "truth.fits") as hdus:
        return {h.name: h.data.copy() for h in hdus[1:]}


def test_the_run_ends_well(done):
    assert done[1].returncode == 0, done[1].stderr


def test_products_and_record_are_there(done):
    names = {p.name for p in done[0].iterdir()}
    assert {"myimage.fits", "myimage_ramp.fits", "myimage.run.json"} <= names


def test_slopes_agree_with_the_truth_within_their_errors(rate, truth):
    good = (rate["DQ"] & (DO_NOT_USE | SATURATED)) == 0
    good &= truth["RATE"] > 0
    pull = ((rate["SCI"] - truth["RATE"]) / rate["ERR"])[good]
    width = 1.4826 * np.median(np.abs(pull - np.median(pull)))
    assert good.mean() > 0.85
    assert abs(np.median(pull)) < 0.1
    assert width == pytest.approx(1, abs=0.12)


def test_bright_stars_keep_their_slope(rate, truth):
    good = ((rate["DQ"] & (DO_NOT_USE | SATURATED | JUMP)) == 0) & (truth["RATE"] > 30)
    assert good.sum() > 20
    assert np.median(rate["SCI"][good] / truth["RATE"][good]) == pytest.approx(1, abs=0.01)


def test_nearly_all_cosmic_rays_are_found(rate, truth):
    hit = (truth["CR"] >> 1 != 0) & (truth["SATGROUP"] == 255)
    hit &= (rate["DQ"] & DO_NOT_USE) == 0
    assert ((rate["DQ"][hit] & JUMP) != 0).mean() > 0.97


def test_saturated_pixels_are_flagged(rate, truth):
    assert ((rate["DQ"][truth["SATGROUP"] < 255] & SATURATED) != 0).all()


def test_the_product_names_its_references(done):
    header = fits.getheader(done[0] / "myimage.fits")
    assert header["R_GAIN"] == "crds://jwst_nircam_gain_0001.fits"
    assert header["CRDS_CTX"] == "jwst_0001.pmap"


def test_the_record_tells_what_was_done(done):
    record = json.loads((done[0] / "myimage.run.json").read_text())
    assert record["status"] == "COMPLETE"
    ran = {s["name"] for s in record["steps"] if s["status"] == "COMPLETE"}
    assert {"dq", "saturation", "ipc", "bias", "jump", "ramp_fit"} <= ran
    threshold = record["parameters"]["steps.jump.rejection_threshold"]
    assert (threshold["value"], threshold["source"]) == (4.5, "pars-ref")
    switched = record["parameters"]["steps.saturation.skip"]
    assert (switched["value"], switched["source"]) == (False, "file")
    assert record["references"]["mask"]["sha1"]


def test_the_report_can_be_made_from_the_record(done):
    assert report.main([str(done[0] / "myimage.run.json")]) == 0
    page = (done[0] / "myimage.report.html").read_text()
    assert "Quick look" in page
    assert "RampFitStep" in page


def test_a_reference_that_is_gone_refuses_the_run(done, tmp_path):
    folder = tmp_path / "demo"
    assert demo.main([str(folder), "--size", "32", "--quiet"]) == 0
    (folder / "cache/references/jwst/nircam/jwst_nircam_gain_0001.fits").unlink()
    refused = strun(folder, "sloper.cfg", "input.fits")
    assert refused.returncode == 3
    assert "jwst_nircam_gain_0001.fits" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (folder / "myimage.fits").exists()


def test_the_full_demo_runs_with_the_further_steps_left_out(tmp_path):
    folder = tmp_path / "demo"
    assert demo.main([str(folder), "--size", "32", "--full", "--quiet"]) == 0
    assert strun(folder, "sloper.cfg", "input.fits").returncode == 0

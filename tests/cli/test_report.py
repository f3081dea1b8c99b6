"""``jwstlike report``: the page and the picture of a run."""

import builtins
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from astropy.io import fits

from jwstlike.cli import picture, report

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def step(name, status="COMPLETE", seconds=0.5, reason=None):
    return {
        "name": name,
        "class": f"jwstlike.steps.{name}.{name.title()}Step",
        "status": status,
        "reason": reason,
        "wall_s": seconds,
        "peak_rss_mb": 321.0,
        "hooks": [],
    }


def parameter(value, source="spec", detail=""):
    return {"value": value, "source": source, "detail": detail}


@pytest.fixture
def record():
    return {
        "version": 1,
        "class": "jwstlike.steps.pipelines.SloperPipeline",
        "name": "SloperPipeline",
        "argv": ["sloper.cfg", "input.fits"],
        "status": "COMPLETE",
        "reason": None,
        "exit_code": 0,
        "started": "2024-03-04T05:06:07.000+00:00",
        "wall_s": 2.5,
        "cpu_s": 4.0,
        "peak_rss_mb": 512.0,
        "packages": {"jwstlike": "0.1.0", "numpy": "2.0.0"},
        "platform": "Python 3.11, Linux",
        "inputs": [{"path": "input.fits", "size": 84000000, "sha256": "a" * 64}],
        "outputs": [
            {"path": "myimage.fits", "size": 50000, "sha256": "b" * 64},
            {"path": "myimage_ramp.fits", "size": 200000, "sha256": "c" * 64},
        ],
        "parameters": {
            "output_file": parameter("myimage.fits", "cfg", "sloper.cfg:3"),
            "steps.jump.rejection_threshold": parameter(4.5, "pars-ref", "pars-jumpstep.asdf"),
            "skip": parameter(False),
        },
        "references": {
            "gain": {"file": "/c/jwst_gain.fits", "sha1": "d" * 40, "size": 9000, "source": "crds"}
        },
        "crds": {"server": None, "context": "jwst_0001.pmap", "context_source": "CRDS_CONTEXT"},
        "steps": [step("jump"), step("reset", "SKIPPED", 0.0001, "not MIRI")],
        "warnings": ["odd <value> in input.fits"],
        "resumed_from": None,
    }


@pytest.fixture
def run(tmp_path, record):
    """Return the path of a record with its files beside it."""
    ramp = np.arange(2 * 12 * 12, dtype=np.uint16).reshape(1, 2, 12, 12)
    slope = np.linspace(0, 5, 144, dtype=np.float32).reshape(12, 12)
    dq = np.zeros((12, 12), np.uint32)
    dq[3, 4], dq[5, 6] = 4, 1
    write(tmp_path / "input.fits", SCI=ramp)
    write(tmp_path / "myimage.fits", SCI=slope, ERR=np.full_like(slope, 0.5), DQ=dq)
    write(tmp_path / "myimage_ramp.fits", SCI=ramp.astype(np.float32))
    write(tmp_path / "truth.fits", RATE=slope - 1)
    path = tmp_path / "myimage.run.json"
    path.write_text(json.dumps(record))
    return path


def write(path, **images):
    hdus = [fits.ImageHDU(array, name=name) for name, array in images.items()]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)


class Text(HTMLParser):
    """Collects the words of a page and checks that its tags are balanced."""

    VOID = ("meta", "img", "br")

    def __init__(self, page):
        super().__init__()
        self.open, self.words, self.attributes = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words += data.split()


# ---------------------------------------------------------------- the command


def test_page_and_picture_are_written_beside_the_record(run, capsys):
    assert report.main([str(run)]) == 0
    folder = run.parent
    assert capsys.readouterr().out.splitlines() == [
        f"picture: {folder}/myimage.quicklook.png",
        f"report:  {folder}/myimage.report.html",
    ]
    assert (folder / "myimage.quicklook.png").read_bytes()[:4] == b"\x89PNG"


def test_output_names_another_folder(run, tmp_path):
    assert report.main([str(run), "-o", str(tmp_path / "new")]) == 0
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        "myimage.quicklook.png",
        "myimage.report.html",
    ]


def test_without_a_picture_matplotlib_is_not_needed(run, monkeypatch):
    forbid(monkeypatch, "matplotlib")
    assert report.main([str(run), "--no-picture"]) == 0
    assert "<img" not in (run.parent / "myimage.report.html").read_text()


def test_a_missing_matplotlib_names_the_extra(run, monkeypatch, capsys):
    forbid(monkeypatch, "matplotlib")
    assert report.main([str(run)]) == 1
    assert "pip install jwstlike[plot]" in capsys.readouterr().err
    assert not (run.parent / "myimage.report.html").exists()


def forbid(monkeypatch, package):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.split(".")[0] == package:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "no such file; strun writes PRODUCT.run.json"),
        ("{", "no run record: not JSON"),
        ('{"a": 1}', "no run record: it lacks class, status or steps"),
        ("[]", "no run record: it lacks"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path, capsys, content, message):
    path = tmp_path / "x.run.json"
    if content is not None:
        path.write_text(content)
    assert report.main([str(path)]) == 3
    assert f"{path}: {message}" in capsys.readouterr().err


def test_a_folder_in_place_of_a_record_lists_its_records(run, capsys):
    assert report.main([str(run.parent)]) == 3
    assert "is a folder; it holds myimage.run.json" in capsys.readouterr().err


# ---------------------------------------------------------------- the page


def test_the_page_shows_steps_parameters_references_files_and_warnings(record):
    words = " ".join(Text(report.make_page(record)).words)
    for part in (
        "SloperPipeline COMPLETE",
        "jump JumpStep COMPLETE 500 ms 321 MB",
        "reset ResetStep SKIPPED 0 ms 321 MB not MIRI",
        "input input.fits 84.0 MB aaaaaaaaaaaa",
        "gain jwst_gain.fits crds 9.0 kB dddddddddddd",
        "Context jwst_0001.pmap, from CRDS_CONTEXT.",
        'output_file "myimage.fits" cfg sloper.cfg:3',
        "steps.jump.rejection_threshold 4.5 pars-ref pars-jumpstep.asdf",
        "1 parameters with their defaults",
        "odd <value> in input.fits",
        "strun sloper.cfg input.fits",
    ):
        assert part in words


def test_the_page_needs_nothing_from_outside(record):
    page = Text(report.make_page(record, b"\x89PNG"))
    sources = [value for name, value in page.attributes if name in ("src", "href")]
    assert sources == ["data:image/png;base64,iVBORw=="]
    assert "url(" not in report.make_page(record)


def test_nothing_in_a_record_becomes_markup(record):
    evil = '<script>alert("x")</script>$name'
    for key in ("name", "class", "status", "reason", "platform"):
        record[key] = evil
    record["warnings"] = record["argv"] = [evil]
    record["parameters"] = {evil: parameter(evil, evil, evil)}
    record["references"] = {evil: {"file": evil, "source": evil, "sha1": evil}}
    record["inputs"] = record["outputs"] = [{"path": evil, "sha256": evil}]
    record["steps"] = [step(evil, evil, 1, evil)]
    page = report.make_page(record)
    Text(page)
    assert "<script" not in page


def test_the_pipeline_itself_is_no_step_of_its_own(record):
    record["steps"].append(step("x") | {"name": record["name"], "class": record["class"]})
    assert "1 of 2" in " ".join(Text(report.make_page(record)).words)


def test_a_single_step_is_shown(record):
    record.update({"name": "jump", "class": record["steps"][0]["class"]})
    record["steps"] = record["steps"][:1]
    assert "1 of 1" in " ".join(Text(report.make_page(record)).words)


def test_a_failed_run_shows_its_reason(record):
    record.update(status="FAILED", reason="step 'jump': no gain", outputs=[])
    words = " ".join(Text(report.make_page(record)).words)
    assert "SloperPipeline FAILED" in words
    assert "step 'jump': no gain" in words


def test_a_bare_record_makes_a_page(record):
    bare = {key: record[key] for key in ("class", "status")} | {"steps": []}
    words = Text(report.make_page(bare)).words
    assert "jwstlike.steps.pipelines.SloperPipeline" in words


# ---------------------------------------------------------------- the picture


def test_files_are_found_beside_the_record(run, record):
    raw, product, truth = report.find_files(record, run)
    folder = run.parent
    assert (raw, product, truth) == (
        folder / "input.fits",
        folder / "myimage.fits",
        folder / "truth.fits",
    )


def test_the_panels_hold_the_last_group_slope_dq_and_residuals(run):
    folder = run.parent
    panels = picture.collect(*(folder / n for n in ("input.fits", "myimage.fits", "truth.fits")))
    assert list(panels) == ["input", "slope", "dq", "residual"]
    assert panels["input"][0, 0] == 144
    assert panels["residual"][0, 0] == 2.0
    assert np.isnan(panels["residual"][5, 6])


def test_without_truth_there_are_three_panels(run):
    panels = picture.collect(run.parent / "input.fits", run.parent / "myimage.fits", None)
    assert list(panels) == ["input", "slope", "dq"]


def test_a_product_in_asdf_is_shown(run):
    import asdf

    slope = np.ones((12, 12), np.float32)
    tree = {"meta": {"model_type": "ImageModel"}, "data": slope, "dq": np.zeros((12, 12), "u4")}
    asdf.AsdfFile(tree).write_to(run.parent / "myimage.asdf")
    panels = picture.collect(None, run.parent / "myimage.asdf")
    assert list(panels) == ["slope", "dq"]
    assert (panels["slope"] == slope).all()


def test_a_damaged_file_is_named(run, capsys):
    (run.parent / "input.fits").write_bytes(b"SIMPLE  =")
    assert report.main([str(run)]) == 1
    assert f"{run.parent}/input.fits: cannot be shown" in capsys.readouterr().err


def test_shrinking_keeps_the_share_of_flags_and_shows_each_saturated_pixel():
    kinds = np.zeros((2048, 2048), np.uint8)
    kinds[::4, ::2] = 1
    kinds[1001, 77] = picture.SATURATED
    small = picture._shrink(kinds, np.eye(5, 3, dtype=np.float32))
    assert small.shape == (512, 512, 3)
    assert small[0, 0] == pytest.approx([0.875, 0.125, 0])
    assert small[1001 // 4, 77 // 4] == pytest.approx([0, 0, 1])


def test_no_files_at_all_is_an_error(run, capsys):
    for path in run.parent.glob("*.fits"):
        path.unlink()
    assert report.main([str(run)]) == 1
    assert "no image to show" in capsys.readouterr().err


def test_a_picture_of_constant_or_empty_images_can_be_drawn(tmp_path):
    for name, value in (("flat", 7.0), ("nan", np.nan)):
        write(tmp_path / f"{name}.fits", SCI=np.full((9, 9), value, np.float32))
        assert picture.quick_look(None, tmp_path / f"{name}.fits")[:4] == b"\x89PNG"


def test_drawing_leaves_matplotlib_as_it_was(run):
    import matplotlib

    before = dict(matplotlib.rcParams)
    picture.quick_look(run.parent / "input.fits")
    assert dict(matplotlib.rcParams) == before


# ---------------------------------------------------------------- the browser


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_browser_shows_the_page_with_its_picture(run, tmp_path):
    assert report.main([str(run)]) == 0
    page = run.parent / "myimage.report.html"
    probe = (
        "<script>addEventListener('load', () => { const i = document.images[0];"
        "document.body.dataset.seen = [i.naturalWidth > 500, i.clientHeight > 100,"
        "document.querySelectorAll('section').length,"
        "document.documentElement.scrollWidth <= innerWidth].join(); });</script></body>"
    )
    page.write_text(page.read_text().replace("</body>", probe))
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    command = [CHROMIUM, *options, "--window-size=1200,900", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert re.search(r'data-seen="([^"]*)"', done.stdout).group(1) == "true,true,7,true"

"""Fake models and steps, so that the engine is tested on its own."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "fakes"))


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """Run in an empty folder, with no reference-file system."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRDS_PATH", str(tmp_path / "no_crds"))
    for name in ("CRDS_SERVER_URL", "CRDS_CONTEXT", "STPIPE_DISABLE_CRDS_STEPPARS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make_input(tmp_path):
    """Return a function that writes a fake exposure."""

    def write(name="x_uncal.json", kind="RampModel", data=(1, 2, 3)):
        path = tmp_path / name
        tree = {"model_type": kind, "meta": {"cal_step": {}, "ref_file": {}}}
        path.write_text(json.dumps({"tree": tree, "data": list(data)}))
        return path

    return write

"""A file is replaced whole or not at all."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike.atomic import replacing
from jwstlike.datamodels import ImageModel


def test_the_new_content_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with replacing(path) as stream:
        stream.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_an_error_leaves_the_old_content_and_no_temporary_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replacing(path) as stream:
        stream.write(b"new")
        1 / 0  # noqa: B018
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_link_is_kept_and_its_file_replaced(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "link").symlink_to("a")
    with replacing(tmp_path / "link") as stream:
        stream.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot be written.*nowhere"):
        with replacing(tmp_path / "nowhere" / "a"):
            pass


SAVE = """
import sys
import numpy as np
from jwstlike.datamodels import ImageModel
model = ImageModel(np.full((2200, 2200), 2, "f4"))
model.err = np.full((2200, 2200), 2, "f4")
print("ready", flush=True)
while True:
    model.save(sys.argv[1])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system cannot kill a process")
def test_a_kill_at_any_moment_of_a_save_leaves_a_whole_file(tmp_path):
    """A 40 MB model is saved again and again; each kill comes at a random moment of it."""
    path = tmp_path / "a.fits"
    model = ImageModel(np.full((2200, 2200), 1, "f4"))
    model.err = np.full((2200, 2200), 1, "f4")
    model.save(path)
    moments = random.Random(1)
    for _ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVE, str(path)], stdout=subprocess.PIPE, text=True
        )
        with process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(moments.uniform(0, 0.25))
            os.kill(process.pid, signal.SIGKILL)
        with afits.open(path, memmap=False) as hdus:
            hdus.verify("exception")
            assert [h.name for h in hdus] == ["PRIMARY", "SCI", "ERR", "ASDF"]
            values = {float(v) for n in ("SCI", "ERR") for v in np.unique(hdus[n].data)}
        assert values in ({1.0}, {2.0})
    for left in tmp_path.glob(".a.fits.*.tmp"):  # only a kill may leave them
        left.unlink()
    assert [Path(p).name for p in tmp_path.iterdir()] == ["a.fits"]

"""Saving under faults: the old file or the new one, never neither, no stray files, clear errors."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel
from jwstlike.errors import FileFormatError

FAULTS = Path(__file__).parent / "faults.py"
FORMATS = ["fits", "asdf"]
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork a process")


def report(tmp_path, *args):
    """Return what `faults.py` tells about a fault at each act of a save."""
    command = [sys.executable, FAULTS, *args, tmp_path]
    done = subprocess.run(map(str, command), capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


PLACES = [
    (".fits", "own"), (".fits", "untouched"), (".fits", "other"), (".fits", "new"),
    (".asdf", "own"), (".asdf", "other"), (".fits.gz", "own"), (".asdf.bz2", "new"),
]  # fmt: skip
unnamed = pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="each file here has a name")


@forks
@unnamed
@pytest.mark.parametrize(("suffix", "place"), PLACES)
def test_a_kill_at_any_write_leaves_the_old_file_or_the_new_one(tmp_path, suffix, place):
    """Also half-way through a write, at the flush to the disk and at the rename.

    Nothing else is left, but for a kill between the two calls that replace an old file.
    """
    told = report(tmp_path, "kill", suffix, place)
    assert told["wrong"] == []
    assert told["ends"] == ["killed"]
    assert told["acts"] >= 4
    assert told["left"] == ([] if place == "new" else [told["acts"] - 1])  # the last: the folder


@forks
@pytest.mark.parametrize("suffix", [".fits", ".asdf.gz"])
def test_what_a_kill_leaves_where_files_have_names_goes_with_the_next_save(tmp_path, suffix):
    told = report(tmp_path, "kill", suffix, "own+named")
    assert told["wrong"] == []
    assert told["ends"] == ["killed"]
    assert told["left"] == list(range(1, told["acts"]))


@forks
@pytest.mark.parametrize(("suffix", "place"), [*PLACES[::3], (".asdf", "own+named")])
def test_a_full_disk_at_any_write_leaves_the_old_file_and_is_told(tmp_path, suffix, place):
    told = report(tmp_path, "full", suffix, place)
    name = f"{tmp_path}/a{suffix}"
    assert told["wrong"] == []
    assert told["ends"] == [
        f"OSError: [Errno 28] cannot be written (No space left on device): '{name}'",
        "saved",  # the flush of the folder, when all is done
    ]
    assert told["acts"] >= 3


@forks
@pytest.mark.parametrize(("place", "name"), [("own", "a"), ("other", "source")])
@pytest.mark.parametrize("suffix", FORMATS)
def test_an_error_of_the_disk_under_the_source_leaves_the_old_file(tmp_path, suffix, place, name):
    """What cannot be read just now is not left out of the new file.

    Where it was only to be compared with what is in memory, the save goes on.
    """
    told = report(tmp_path, "broken", f".{suffix}", place)
    source = f"{tmp_path}/{name}.{suffix}"
    assert told["wrong"] == []
    error = f"OSError: [Errno 5] cannot be read (Input/output error): '{source}'"
    assert told["ends"] == [error] + ["saved"] * (suffix == "asdf")
    assert told["acts"] >= 2


@forks
@pytest.mark.parametrize("suffix", FORMATS)
def test_control_c_at_any_write_leaves_the_old_file_and_no_other(tmp_path, suffix):
    told = report(tmp_path, "stop", f".{suffix}", "own")
    assert told["wrong"] == []
    assert told["ends"] == ["KeyboardInterrupt: "]


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False).returncode
    except OSError:
        done = 1
    if done:
        pytest.skip("only the administrator can mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_real_full_disk_leaves_the_old_file(small_disk, suffix):
    path = small_disk / f"a.{suffix}"
    ImageModel(np.ones((5, 5), "f4")).save(path)
    before = path.read_bytes()
    with pytest.raises(OSError, match=rf"cannot be written \(No space left.*a\.{suffix}"):
        ImageModel(np.ones((200, 200), "f4")).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in small_disk.iterdir()] == [path.name]


FORBIDDEN = """
import os, sys
import numpy as np
from jwstlike.datamodels import ImageModel
model = ImageModel(np.ones((5, 5), "f4"))
model.save(sys.argv[1])
os.chmod(os.path.dirname(sys.argv[1]), 0o555)
if os.getuid() == 0:  # whom no permission stops
    os.setuid(65534)
model.data += 1
try:
    model.save(sys.argv[1])
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="the system has no such permissions")
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_folder_that_may_not_be_written_is_told_and_the_file_stays(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    command = [sys.executable, "-c", FORBIDDEN, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    tmp_path.chmod(0o755)
    assert done.stdout == f"[Errno 13] cannot be written (Permission denied): '{path}'\n", done
    assert datamodels.open(path).data.sum() == 25
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


TWO = """
import sys
import numpy as np
from jwstlike.datamodels import ImageModel
path, value = sys.argv[1], int(sys.argv[2])
model = ImageModel(np.full((100, 100), value, "f4"))
model.err = np.full((100, 100), value, "f4")
print("ready", flush=True)
sys.stdin.readline()
for _ in range(30):
    model.save(path)
"""


@pytest.mark.parametrize("suffix", FORMATS)
def test_of_two_processes_that_save_one_path_each_file_is_whole(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    savers = [
        subprocess.Popen(
            [sys.executable, "-c", TWO, str(path), value],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for value in "12"
    ]  # fmt: skip
    for saver in savers:
        assert saver.stdout.readline() == "ready\n"
    for saver in savers:
        saver.stdin.write("go\n")
        saver.stdin.flush()
    seen = set()
    while any(saver.poll() is None for saver in savers):
        seen |= whole_value(path)
    assert [saver.wait() for saver in savers] == [0, 0]
    for saver in savers:
        saver.communicate()
    seen |= whole_value(path)
    assert seen <= {1.0, 2.0}
    assert len(whole_value(path)) == 1
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def whole_value(path):
    """Return the value of all pixels, as a set; empty when the file is replaced meanwhile."""
    if not path.exists():
        return set()
    try:
        model = datamodels.open(path)
        values = {float(v) for array in (model.data, model.err) for v in np.unique(array)}
    except FileFormatError as error:
        assert "was changed after it was opened" in str(error)
        return set()
    assert len(values) == 1
    return values


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_source_that_was_changed_is_told_and_nothing_is_written(tmp_path, suffix):
    source, path = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    ImageModel(np.ones((5, 5), "f4")).save(source)
    model = datamodels.open(source)
    ImageModel(np.zeros((50, 50), "f4")).save(source)
    with pytest.raises(FileFormatError, match=rf"a\.{suffix}.*was changed after it was opened"):
        model.save(path)
    with pytest.raises(FileFormatError, match=rf"a\.{suffix}.*was changed after it was opened"):
        model.save(source)
    assert datamodels.open(source).shape == (50, 50)
    assert [p.name for p in tmp_path.iterdir()] == [source.name]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_source_that_is_gone_is_told_and_nothing_is_written(tmp_path, suffix):
    source, path = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    ImageModel(np.ones((5, 5), "f4")).save(source)
    model = datamodels.open(source)
    source.unlink()
    with pytest.raises(FileFormatError, match=rf"a\.{suffix}.*the file is gone"):
        model.save(path)
    assert not list(tmp_path.iterdir())

"""A file is replaced whole or not at all."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import atomic
from jwstlike.atomic import replacing
from jwstlike.datamodels import ImageModel


@pytest.fixture(params=["unnamed", "named"])
def way(request, monkeypatch):
    """Both ways to write a file: without a name, and under a temporary one."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    elif not hasattr(os, "O_TMPFILE"):
        pytest.skip("files without a name are made by Linux alone")
    return request.param


pytestmark = pytest.mark.usefixtures("way")
posix = pytest.mark.skipif(not hasattr(os, "fchown"), reason="the system has no such files")


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


def test_the_file_has_a_name_beside_the_target_only_where_it_needs_one(tmp_path, way):
    with replacing(tmp_path / "a") as stream:
        stream.write(b"new")
        names = [p.name for p in tmp_path.iterdir()]
    assert names == ([] if way == "unnamed" else [".a.jwstlike0.tmp"])
    assert (tmp_path / "a").read_bytes() == b"new"


@posix
def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path):
    old = os.umask(0o027)
    try:
        with replacing(tmp_path / "a") as stream:
            stream.write(b"new")
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@posix
@pytest.mark.skipif(getattr(os, "getuid", int)() != 0, reason="only root gives files away")
def test_the_owner_of_the_old_file_is_kept(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.chown(path, 1234, 5678)
    path.chmod(0o664)
    with replacing(path) as stream:
        stream.write(b"new")
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (1234, 5678, 0o664)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="the system has no such attributes")
def test_attributes_of_the_old_file_are_kept(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.origin", b"MAST")
    except OSError:
        pytest.skip("the file system has no such attributes")
    with replacing(path) as stream:
        stream.write(b"new")
    assert os.getxattr(path, "user.origin") == b"MAST"


@posix
def test_a_read_only_file_is_replaced_where_its_folder_may_be_written_and_stays_so(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with replacing(path) as stream:
        stream.write(b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o444


@posix
def test_another_name_of_the_old_file_keeps_the_old_content(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    with replacing(tmp_path / "a") as stream:
        stream.write(b"new")
    assert [(tmp_path / n).read_bytes() for n in "ab"] == [b"new", b"old"]


def test_a_name_as_long_as_the_system_allows_is_written_twice(tmp_path):
    path = tmp_path / ("é" * 125 + ".fits")
    for content in (b"old", b"new"):
        with replacing(path) as stream:
            stream.write(content)
    assert path.read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


@posix
def test_a_device_behind_a_link_is_written_and_stays_one(tmp_path):
    (tmp_path / "a.fits").symlink_to(os.devnull)
    with replacing(tmp_path / "a.fits") as stream:
        stream.write(b"new")
    assert Path(os.devnull).is_char_device()
    assert (tmp_path / "a.fits").is_symlink()


@posix
def test_a_pipe_gets_the_content(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with replacing(tmp_path / "pipe") as stream:
        stream.write(b"new")
    assert os.read(reader, 10) == b"new"
    os.close(reader)


def test_a_folder_is_no_target(tmp_path):
    with pytest.raises(OSError, match=r"cannot be written.*folder"), replacing(tmp_path / "folder"):
        (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match=r"cannot be written.*folder"):
        with replacing(tmp_path / "folder"):
            pass
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


@posix
def test_a_folder_that_went_meanwhile_is_told(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match=r"cannot be written.*folder.a"):
        with replacing(folder / "a") as stream:
            stream.write(b"new")
            folder.rename(tmp_path / "other")
    assert not folder.exists()


def test_what_a_dead_writer_has_left_goes_and_what_a_living_one_writes_stays(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    dead, living = (tmp_path / f".a.jwstlike{n}.tmp" for n in range(2))
    pytest.importorskip("fcntl")
    dead.write_bytes(b"part")
    with living.open("wb") as other:
        atomic._lock(other)
        with replacing(path) as stream:
            stream.write(b"new")
        assert not dead.exists()
        assert living.exists()
    with replacing(path) as one, replacing(path) as two:
        one.write(b"one")
        two.write(b"two")
    assert path.read_bytes() == b"one"  # which ended last
    living.unlink(missing_ok=True)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_threads_that_write_one_path_leave_the_file_of_one_of_them(tmp_path):
    path = tmp_path / "a"

    def write(letter):
        for _ in range(20):
            with replacing(path) as stream:
                stream.write(letter * 1000)
                stream.write(letter * 1000)
            assert path.read_bytes() in {b"a" * 2000, b"b" * 2000, b"c" * 2000}

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, (b"a", b"b", b"c")))
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


SAVE = """
import os, sys
import numpy as np
from jwstlike.datamodels import ImageModel
if sys.argv[2] == "named":
    del os.O_TMPFILE
model = ImageModel(np.full((2200, 2200), 2, "f4"))
model.err = np.full((2200, 2200), 2, "f4")
print("ready", flush=True)
while True:
    model.save(sys.argv[1])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system cannot kill a process")
def test_a_kill_at_any_moment_of_a_save_leaves_a_whole_file(tmp_path, way):
    """A 40 MB model is saved again and again; each kill comes at a random moment of it."""
    path = tmp_path / "a.fits"
    model = ImageModel(np.full((2200, 2200), 1, "f4"))
    model.err = np.full((2200, 2200), 1, "f4")
    model.save(path)
    moments = random.Random(way)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVE, str(path), way], stdout=subprocess.PIPE, text=True
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
    model.save(path)  # removes what a kill between the last two system calls may have left
    assert [p.name for p in tmp_path.iterdir()] == ["a.fits"]

"""Save a model again and again, with a fault at the first, the second, ... act on a file.

    faults.py KIND SUFFIX PLACE FOLDER

KIND: ``kill`` (at a write, half of it done), ``full`` (the disk), ``broken`` (the disk, when the
source is read), ``stop`` (Control-C). PLACE: ``own`` saves over the file that the model was opened
from, ``untouched`` does so without a change, ``other`` saves over another file, ``new`` where there
is none; with ``+named``, as on file systems where each file has a name. Each save runs in a process
of its own, forked from this one, which then looks at what is left. One JSON object is printed: the
number of acts, how the saves ended, what a kill left behind and what is wrong.
"""

import builtins
import contextlib
import errno
import functools
import io
import json
import os
import pathlib
import signal
import sys
import tempfile
import warnings

import numpy as np

from jwstlike import datamodels

SHAPE = (90, 90)
ENDED_BY_ERROR = 7


class Acts:
    """Count acts on files; at number `at` comes the fault."""

    def __init__(self, kind, at):
        self.kind, self.at, self.count = kind, at, 0

    def happen(self, of_reading=False):
        """Take note of an act; raise, or return True for a kill."""
        if of_reading != (self.kind == "broken"):
            return False
        self.count += 1
        if self.count != self.at:
            return False
        if self.kind == "stop":
            raise KeyboardInterrupt
        if self.kind == "kill":
            return True
        number = errno.EIO if of_reading else errno.ENOSPC
        raise OSError(number, os.strerror(number))


def die():
    """End as a killed process does."""
    os.kill(os.getpid(), signal.SIGKILL)


class Written(io.FileIO):
    """A file of which a write may fail after its first half."""

    acts = None

    def write(self, data):
        """Write, or half of it."""
        half = bytes(data)[: len(data) // 2]
        try:
            if self.acts.happen():
                super().write(half)
                die()
        except OSError:
            super().write(half)
            raise
        return super().write(data)


class Read(io.FileIO):
    """A file of which a read may fail."""

    acts = None

    def readinto(self, buffer):
        """Read into `buffer`."""
        self.acts.happen(of_reading=True)
        return super().readinto(buffer)

    def read(self, size=-1):
        """Read up to `size` bytes."""
        self.acts.happen(of_reading=True)
        return super().read(size)


def arm(acts):
    """Let all acts of this process on files pass through `acts`."""
    Written.acts = Read.acts = acts
    file_open = builtins.open

    def open_file(name, mode="r", *args, **kwargs):
        if mode in {"wb", "xb"}:
            return Written(name, mode)
        if mode == "rb" and (".fits" in str(name) or ".asdf" in str(name)):
            return Read(name, mode)
        return file_open(name, mode, *args, **kwargs)

    def passing(function):
        def act(*args, **kwargs):
            if acts.happen():
                die()
            return function(*args, **kwargs)

        return act

    builtins.open = open_file
    for name in ("fsync", "link", "replace"):
        setattr(os, name, passing(getattr(os, name)))


@functools.cache
def made(suffix, title):
    """Return the content of a file."""
    model = datamodels.ImageModel(np.ones(SHAPE, "f4"))
    model.err = np.ones(SHAPE, "f4")
    model.meta.target.proposer_name = title
    model.meta.notes = {"extra": np.ones(SHAPE, "f8")}
    with tempfile.TemporaryDirectory() as folder:
        return pathlib.Path(model.save(f"{folder}/a{suffix}")).read_bytes()


def state_of(path):
    """Return the title of a whole file; an exception if it is not whole."""
    model = datamodels.open(path)
    values = {float(v) for a in (model.data, model.err, model.meta.notes.extra) for v in a.flat}
    assert values == {1.0}, values
    assert model.data.shape == SHAPE
    return model.meta.target.proposer_name


def save_with_fault(model, path, acts, report):
    """Save in the forked process, and tell how it ended."""
    arm(acts)
    try:
        model.save(path)
    except (OSError, KeyboardInterrupt) as error:
        os.write(report, f"{type(error).__name__}: {error}".encode())
        os._exit(ENDED_BY_ERROR)
    os.write(report, str(acts.count).encode())
    os._exit(0)


def attempt(folder, suffix, place, acts):
    """Return (exit status, what the process told, what a kill left, what is wrong) of one save."""
    path, source = folder / f"a{suffix}", folder / f"source{suffix}"
    path.write_bytes(made(suffix, "old"))
    source.write_bytes(made(suffix, "new"))
    if place == "new":
        path.unlink()
    model = datamodels.open(path if place in {"own", "untouched"} else source)
    if place != "untouched":
        model.meta.target.proposer_name = "new"
        model.err[:] = 1  # one array changed in place, the others not read
    status, told = save_in_child(model, path, acts)
    wrong, ended_well = [], status == 0
    try:
        state = state_of(path) if path.exists() else "gone"
    except Exception as error:
        state = None
        wrong.append(f"the file is not whole: {error!r}")
    old, new = {"new": ("gone", "new"), "untouched": ("old", "old")}.get(place, ("old", "new"))
    if state not in ({new} if ended_well else {old, new}):
        wrong.append(f"the file is {state}, the process ended with {status}")
    left = strays(folder, path, source)
    if left and os.WIFSIGNALED(status):
        model.save(path)
        left_after = strays(folder, path, source)
        wrong += [f"left {left_after} after the next save"] if left_after else []
    elif left:
        wrong.append(f"left {left}")
    return status, told, left, wrong


def strays(folder, *known):
    """Return the names of other files in a folder."""
    return sorted(p.name for p in folder.iterdir() if p not in known)


def save_in_child(model, path, acts):
    """Save in a process of its own; return its exit status and what it told."""
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        save_with_fault(model, path, acts, sender)
    os.close(sender)
    told = b""
    while piece := os.read(receiver, 1 << 16):
        told += piece
    os.close(receiver)
    return os.waitpid(child, 0)[1], told.decode()


def main(kind, suffix, place, folder):
    """Try a fault at each act until a save has fewer acts than that."""
    folder, wrong, ends, left = pathlib.Path(folder), [], set(), []
    place, _, named = place.partition("+")
    os.fsync = lambda descriptor: None  # most of the time, and its effect is not what is tested
    if named:
        del os.O_TMPFILE
    for at in range(1, 1000):
        status, told, found, problems = attempt(folder, suffix, place, Acts(kind, at))
        wrong += [f"act {at}: {text}" for text in problems]
        if status == 0 and int(told) < at:
            break
        left += [at] if found else []
        ends.add("killed" if os.WIFSIGNALED(status) else told if status else "saved")
    print(json.dumps({"acts": at - 1, "ends": sorted(ends), "left": left, "wrong": wrong}))


if __name__ == "__main__":
    with warnings.catch_warnings(), contextlib.suppress(BrokenPipeError):
        warnings.simplefilter("ignore")
        main(*sys.argv[1:])

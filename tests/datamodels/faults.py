"""Save a model again and again, with a fault at the first, the second, ... act on a file.

    faults.py KIND SUFFIX PLACE FOLDER

KIND: ``kill`` (at a write, half of it done), ``full`` (the disk), ``broken`` (the disk, when the
source is read), ``stop`` (Control-C). PLACE: ``own`` saves over the file that the model was opened
from, ``other`` over another one. Each save runs in a process of its own, forked from this one,
which then looks at what is left. One JSON object is printed: the number of acts, and what is wrong.
"""

import builtins
import contextlib
import errno
import io
import json
import os
import pathlib
import signal
import sys
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
    path_open, file_open = pathlib.Path.open, builtins.open
    fsync, replace = os.fsync, pathlib.Path.replace

    def open_path(self, mode="r", *args, **kwargs):
        return Written(str(self), mode) if "x" in mode else path_open(self, mode, *args, **kwargs)

    def open_file(name, mode="r", *args, **kwargs):
        if mode == "rb" and str(name).endswith((".fits", ".asdf")):
            return Read(name, mode)
        return file_open(name, mode, *args, **kwargs)

    def sync(descriptor):
        if acts.happen():
            die()
        fsync(descriptor)

    def rename(self, target):
        if acts.happen():
            die()
        return replace(self, target)

    pathlib.Path.open, builtins.open = open_path, open_file
    os.fsync, pathlib.Path.replace = sync, rename


def make(path, value, title):
    """Write a file whose arrays hold `value`."""
    model = datamodels.ImageModel(np.full(SHAPE, value, "f4"))
    model.err = np.full(SHAPE, value, "f4")
    model.meta.target.proposer_name = title
    model.meta.notes = {"extra": np.full(SHAPE, value, "f8")}
    model.save(path)


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
    """Return (exit status, what the process told, what is wrong) of one save."""
    path, source = folder / f"a{suffix}", folder / f"source{suffix}"
    for name in (path, source):
        make(name, 1, "old" if name == path else "new")
    model = datamodels.open(path if place == "own" else source)
    model.meta.target.proposer_name = "new"
    model.err[:] = 1  # one array changed in place, the others not read
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        save_with_fault(model, path, acts, sender)
    os.close(sender)
    told = b""
    while piece := os.read(receiver, 1 << 16):
        told += piece
    os.close(receiver)
    status = os.waitpid(child, 0)[1]
    wrong = []
    try:
        state = state_of(path)
    except Exception as error:
        state = None
        wrong.append(f"the file is not whole: {error!r}")
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0 and state != "new":
        wrong.append(f"saved without error, but the file is {state}")
    left = sorted(p.name for p in folder.iterdir() if p not in (path, source))
    if left and not os.WIFSIGNALED(status):
        wrong.append(f"left {left}")
    for name in left:
        (folder / name).unlink()
    return status, told.decode(), wrong


def main(kind, suffix, place, folder):
    """Try a fault at each act until a save has fewer acts than that."""
    folder, wrong, ends = pathlib.Path(folder), [], set()
    for at in range(1, 1000):
        status, told, found = attempt(folder, suffix, place, Acts(kind, at))
        wrong += [f"act {at}: {text}" for text in found]
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            break
        ends.add("killed" if os.WIFSIGNALED(status) else told)
    print(json.dumps({"acts": at - 1, "ends": sorted(ends), "wrong": wrong}))


if __name__ == "__main__":
    with warnings.catch_warnings(), contextlib.suppress(BrokenPipeError):
        warnings.simplefilter("ignore")
        main(*sys.argv[1:])

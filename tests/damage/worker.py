"""Open, read, check and save damaged files; print a JSON line for each that does not end well.

    worker.py FIRST COUNT FOLDER SOURCE_FOLDER...

A file ends well when each act gives a result or one of the package's errors that names the file,
within 2 s of processor time and 200 MB, with few warnings, without code run or files touched
elsewhere. A file that stops the process is the one named by the last line of ``FOLDER/at``.
"""

import contextlib
import faulthandler
import gzip
import io
import json
import os
import pickle
import re
import resource
import signal
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import damage

from jwstlike import datamodels
from jwstlike.datamodels.casting import is_array, is_lazy
from jwstlike.errors import JwstlikeError

SECONDS, MEGABYTES, WARNINGS = 2, 200, 20
LARGEST_SOURCE = 128_000  # above are coordinate systems that take astropy seconds to make
# NotImplementedError: classes that FITS cannot hold
ERRORS = (JwstlikeError, OSError, ValueError, NotImplementedError)
PACKAGE = str(Path(datamodels.__file__).parents[1])
FORBIDDEN = re.compile(r"os\.(system|exec|fork|posix_spawn|spawn)|subprocess|socket\.connect|pty")


class TooLong(BaseException):
    """Raised in the midst of an act that takes too long."""


def sources_in(folders):
    """Names and contents of the sound files, the same order everywhere."""
    found = [p for f in folders for p in Path(f).rglob("*") if p.suffix not in (".md", ".csv")]
    found = [p for p in found if p.is_file() and 0 < p.stat().st_size <= LARGEST_SOURCE]
    sound = [(p.name, p.read_bytes()) for p in sorted(found, key=lambda p: (p.name, str(p)))]
    return [(n, d) for n, d in sound if not (n.endswith(".gz") and len(gzip.decompress(d)) > 4e6)]


def acts(path, out, other):
    """Yield (name, function) of all that is done with a file."""
    held = {}

    def open_():
        held["model"] = datamodels.open(path)

    yield "open", open_
    model = held.get("model")
    if model is None:
        return
    yield "metadata alone", lambda: datamodels.read_metadata(path)
    yield "metadata", lambda: model.to_flat_dict(include_arrays=False)
    yield "history", lambda: list(model.history)
    yield "extra", lambda: _touch(model.get("extra_fits"))
    yield "arrays", lambda: _touch_all(model)
    yield "check", lambda: str(model.check())
    yield "info", lambda: model.info(max_rows=None)
    yield "search", lambda: model.search("a")
    yield "repr", lambda: (repr(model), model._repr_html_())
    yield "copy", lambda: model.copy().close()
    yield "pickle", lambda: pickle.loads(pickle.dumps(model)).close()
    fresh = {}

    def open_again():
        fresh["model"] = datamodels.open(path)

    yield "open again", open_again
    if "model" not in fresh:
        return
    yield "save untouched", lambda: fresh["model"].save(out)
    yield "save", lambda: model.save(out)
    yield "save in the other format", lambda: fresh["model"].save(other)
    if not out.exists():
        return
    yield "open what was saved", lambda: datamodels.open(out).to_flat_dict(include_arrays=False)


def _touch(value):
    """Read everything below a node, each array for itself."""
    problems = []
    _walk(value, problems, set())
    if problems:
        raise problems[0]


def _touch_all(model):
    problems = []
    for name in list(model.keys()):
        try:
            value = model[name]
        except ERRORS as error:
            problems.append(error)
            continue
        _walk(value, problems, set())
    if problems:
        raise problems[0]


def _walk(value, problems, seen):
    if id(value) in seen:
        return
    seen.add(id(value))
    if is_lazy(value):
        try:
            value.read()
        except ERRORS as error:
            problems.append(error)
    elif is_array(value):
        value.shape  # noqa: B018 - is there
    elif hasattr(value, "items"):
        for child in dict(value.items()).values():
            _walk(child, problems, seen)
    elif isinstance(value, (list, tuple)):
        for child in value:
            _walk(child, problems, seen)


def _too_long(*_):
    raise TooLong


def _limit_memory(megabytes):
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = resource.RLIM_INFINITY if megabytes is None else used + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def exercise(path, out):
    """Return what went wrong with a file, a list of texts."""
    wrong = []
    other = out.with_suffix(".asdf" if out.suffix == ".fits" else ".fits")
    names = (path.name, str(path), out.name, other.name)
    steps = acts(path, out, other)
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        name = "open"
        try:
            for name, act in steps:
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
                try:
                    act()
                except ERRORS as error:
                    if not any(n in str(error) for n in names):
                        wrong.append(f"{name}: names no file: {_text(error)}")
                except TooLong:
                    raise
                except Exception as error:
                    wrong.append(f"{name}: {_text(error)}")
        except TooLong as error:
            wrong.append(f"{name}: more than {SECONDS} s: {_text(error)}")
        finally:
            other.unlink(missing_ok=True)
            signal.setitimer(signal.ITIMER_PROF, 0)
            with contextlib.suppress(Exception):
                steps.close()
    if len(caught) > WARNINGS:
        wrong.append(f"{len(caught)} warnings, e.g. {caught[-1].message}")
    return wrong


def _text(error):
    """Type, text and innermost frame of ours."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if PACKAGE in code.co_filename or not place:
            place = f"{Path(code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}({str(error)[:200]}) at {place}"


def main(first, count, folder, *source_folders):
    """Exercise the files FIRST .. FIRST + COUNT - 1."""
    folder = Path(folder)
    sources = sources_in(source_folders)
    happened = []

    def watch(event, args):
        if FORBIDDEN.match(event) and happened is not None:
            happened.append(f"{event} {args!r}"[:200])

    keep = "--keep" in sys.argv
    signal.signal(signal.SIGPROF, signal.SIG_IGN)
    os.fsync = lambda descriptor: None  # most of the time, and not what is tested here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, data in sources:  # so that all modules are there before memory is counted
            path = folder / name
            path.write_bytes(data)
            exercise(path, folder / ("out" + _suffix(data)))
            path.unlink()
        for stray in folder.iterdir():
            stray.unlink()
    sys.addaudithook(watch)
    signal.signal(signal.SIGPROF, _too_long)
    at = folder / "at"
    for number in range(int(first), int(first) + int(count)):
        data, how = damage.damaged(sources, number)
        path, out = folder / f"damaged-{number}.bin", folder / f"out{_suffix(data)}"
        path.write_bytes(data)
        at.write_text(f"{number} {how}")
        del data
        happened.clear()
        faulthandler.dump_traceback_later(300, exit=True)  # of a busy machine
        _limit_memory(MEGABYTES)
        wrong = exercise(path, out)
        _limit_memory(None)
        faulthandler.cancel_dump_traceback_later()
        wrong += [f"did {event}" for event in happened]
        stray = [p.name for p in folder.iterdir() if p not in (path, out, at)]
        wrong += [f"left {name}" for name in stray]
        for name in stray:
            (folder / name).unlink()
        out.unlink(missing_ok=True)
        if wrong:
            print(json.dumps({"number": number, "how": how, "wrong": wrong}), flush=True)
        if not (wrong and keep):
            path.unlink()
        elif keep:
            path.rename(folder.parent / path.name)
    print(json.dumps({"done": int(count)}), flush=True)


def _suffix(data):
    return ".asdf" if data.startswith(b"#ASDF") else ".fits"


if __name__ == "__main__":
    main(*(a for a in sys.argv[1:] if a != "--keep"))

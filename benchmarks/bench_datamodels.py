"""Data models: opening, attributes, reading and saving, beside astropy and, if given, the peer.

python benchmarks/bench_datamodels.py [--results FOLDER] [--peer PYTHON]

Files of the needed size are made in a temporary folder.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import astropy.io.fits as afits
import numpy as np
from common import Results, best, pair

from jwstlike import datamodels

FIRST = (
    "import time, numpy, astropy.io.fits; from jwstlike.datamodels import ImageModel;"
    "start = time.perf_counter(); ImageModel(); print(time.perf_counter() - start)"
)
GET_SET = """
import json, sys, timeit, warnings
warnings.simplefilter("ignore")
from {package} import ImageModel
model = ImageModel()
model.meta.exposure.type = "NRC_IMAGE"
def get():
    model.meta.exposure.type
def set_():
    model.meta.exposure.type = "NRC_IMAGE"
print(json.dumps([min(timeit.repeat(f, number=2000, repeat=5)) / 2000 for f in (get, set_)]))
"""
OPEN = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
from {package} import open as open_
def look(path):
    with open_(path) as model:
        return model.meta.instrument.name
look(sys.argv[1])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
times = []
for _ in range(5):
    start = time.perf_counter()
    look(sys.argv[2])
    times.append(time.perf_counter() - start)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
print(json.dumps([min(times), grown * 1024]))
"""
OURS, PEER = "jwstlike.datamodels", "stdatamodels.jwst.datamodels"


def ask(python, code, *args):
    """Run a program and return what it prints as JSON."""
    done = subprocess.run(
        [python, "-c", code, *map(str, args)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def make_ramp(path, ngroups):
    """Save a raw ramp of 2048 x 2048 pixels with a rich header."""
    model = datamodels.Level1bModel(np.zeros((1, ngroups, 2048, 2048), "u2"))
    model.meta.instrument.name, model.meta.exposure.ngroups = "NIRCAM", ngroups
    model.save(path)
    return path


def make_keywords(path, count=200):
    """Save a file of `count` cards, half of which the schema knows."""
    model = datamodels.ImageModel((16, 16))
    values = {"string": "A TEXT", "integer": 3, "number": 1.5, "boolean": True}
    known = [s for s in model._table.leaves() if s.keyword and s.hdu == "PRIMARY"]
    for spec in known[: count // 2]:
        enum = spec.schema.get("enum")
        model[".".join(spec.path)] = enum[0] if enum else values.get(spec.schema.get("type"))
    model.meta.instrument.name = "NIRCAM"
    model.save(path)
    with afits.open(path, mode="update") as hdus:
        for number in range(count - len(hdus[0].header)):
            hdus[0].header[f"MYKEY{number}"] = (number, "a card of nobody")
    return path


def look(path):
    return datamodels.open(path).meta.instrument.name


def look_raw(path):
    return afits.getheader(path)["INSTRUME"]


def bench_open(results, folder, small, peer):
    """Rows of opening a file and reading one keyword, with the memory that it takes."""
    files = [
        ("200 cards", make_keywords(folder / "keys.fits"), "<= 0.6"),
        ("84 MB", make_ramp(folder / "demo.fits", 10), "<= 1.0"),
        ("436 MB", make_ramp(folder / "big.fits", 52), "<= 1.0"),
    ]
    for name, path, wanted in files:
        times = pair(lambda p=path: look(p), lambda p=path: look_raw(p), repeat=31)
        results.add(f"open {name}, one keyword / astropy getheader", *times, wanted)
        ours = ask(sys.executable, OPEN.format(package=OURS), small, path)
        results.add(f"open {name}: memory / 2 MB", ours[1], 2e6, "< 1", unit="B")
        if peer:
            theirs = ask(peer, OPEN.format(package=PEER), small, path)
            results.add(f"open {name}, one keyword / the peer", ours[0], theirs[0], "< 1")
            results.add(f"open {name}: memory / the peer", ours[1], theirs[1] or 1, "< 1", "B")


def bench_attributes(results, peer):
    """Rows of making a model, of getting and of setting an attribute."""
    first = min(ask(sys.executable, FIRST) for _ in range(5))
    results.add("first ImageModel() in a process / 30 ms", first, 30e-3, "<= 1")
    results.add("later ImageModel() / 60 us", best(datamodels.ImageModel, 7, 200), 60e-6, "<= 1")
    got, put = ask(sys.executable, GET_SET.format(package=OURS))
    results.add("get meta.exposure.type / 2.2 us", got, 2.2e-6, "<= 1")
    results.add("set meta.exposure.type / 10 us", put, 10e-6, "<= 1")
    if peer:
        theirs = ask(peer, GET_SET.format(package=PEER))
        results.add("get meta.exposure.type / the peer", got, theirs[0], "< 1")
        results.add("set meta.exposure.type / the peer", put, theirs[1], "< 1")


def bench_arrays(results, folder):
    """Rows of reading and saving the 84 MB ramp."""
    path, copy = folder / "demo.fits", folder / "copy.fits"

    def read_raw():
        with afits.open(path, memmap=False) as hdus:
            return hdus["SCI"].data.astype("f4").sum()

    def save():
        datamodels.open(path).save(copy)

    def save_raw():
        copy.write_bytes(path.read_bytes())

    times = pair(lambda: datamodels.RampModel(path).data.sum(), read_raw, repeat=5)
    results.add("read 84 MB as float32 and sum / astropy", *times, "<= 1")
    results.add("open and save 84 MB, flushed / a copy, not flushed", *pair(save, save_raw, 5), "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", default=None)
    parser.add_argument("--peer", default=None, help="interpreter with the field's packages")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    results = Results("datamodels")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        small = datamodels.ImageModel((2, 2)).save(folder / "small.fits")
        bench_open(results, folder, small, args.peer)
        bench_attributes(results, args.peer)
        bench_arrays(results, folder)
    if args.results:
        results.write(args.results)


if __name__ == "__main__":
    main()

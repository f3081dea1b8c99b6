"""Data models: opening, attributes, reading and saving, beside astropy and, if given, the peer.

python benchmarks/bench_datamodels.py [--results FOLDER] [--peer PYTHON] [PART ...]

Both sides of a ratio do the same work in the same run: by turns, of which the medians are compared.
Beside a figure that is wanted in seconds stands the shortest of many times, as in programs of their
own: those for the peer and for what happens once in a process. Files of the needed size, 2 GB at
most at a time, are made in a temporary folder. Parts: open, attributes, copies, arrays, tables,
slits, tiny; default: all. Whole processes are in `bench_startup.py`.
"""

import argparse
import json
import os
import shutil
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
FIRST_SAVE = (
    "import sys, time, numpy, astropy.io.fits; start = time.perf_counter();"
    "from jwstlike.datamodels import ImageModel; ImageModel((8, 8)).save(sys.argv[1]);"
    "print(time.perf_counter() - start)"
)
SHORT = """
import json, sys, timeit, warnings
warnings.simplefilter("ignore")
from {package} import ImageModel, open as open_
model = ImageModel()
model.meta.exposure.type = "NRC_IMAGE"
known, target = open_(sys.argv[1]), ImageModel((16, 16))
def set_():
    model.meta.exposure.type = "NRC_IMAGE"
actions = [
    ImageModel, lambda: ImageModel((64, 64)), lambda: model.meta.exposure.type, set_,
    lambda: target.update(known), lambda: known.validate(),
]
number = int(sys.argv[2])
print(json.dumps([min(timeit.repeat(f, number=number, repeat=50)) / number for f in actions]))
"""
PEAK = """
import json, re, sys, time, warnings
from pathlib import Path
def peak():  # of this program alone; that of `resource` begins with its parent's
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
"""
OPEN = (
    PEAK
    + """
warnings.simplefilter("ignore")
from {package} import open as open_
def look(path):
    with open_(path) as model:
        return model.meta.instrument.name
look(sys.argv[1])
before, times = peak(), []
for _ in range(5):
    start = time.perf_counter()
    look(sys.argv[2])
    times.append(time.perf_counter() - start)
print(json.dumps([min(times), peak() - before]))
"""
)
COLUMN = (
    PEAK
    + """
import numpy, astropy.io.fits as afits, jwstlike.datamodels as datamodels
def ours(path):
    return datamodels.open(path).spec[0].spec_table["FLUX"].sum()
def raw(path):
    with afits.open(path) as hdus:
        return hdus["EXTRACT1D"].data["FLUX"].sum()
before = peak()
{"ours": ours, "raw": raw}[sys.argv[2]](sys.argv[1])
print(peak() - before)
"""
)
COPY = (
    PEAK
    + """
import numpy as np
from jwstlike import datamodels
model = datamodels.RampModel(np.ones((1, 25, 2048, 2048), "f4"))
before = peak()
copies = [model.copy() for _ in range(5)]
print(peak() - before)
"""
)
WHOLE = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from {package} import open as open_
def read(path):
    with open_(path) as model:
        return model.data.sum()
def save(path):
    with open_(path) as model:
        model.save(sys.argv[3])
def touch(path):
    with open_(path) as model:
        for slit in model.slits:
            for name in {planes}:
                getattr(slit, name).sum()
def timed(name):
    start = time.perf_counter()
    globals()[name](sys.argv[2])
    return time.perf_counter() - start
names = sys.argv[1].split(",")
print(json.dumps([min(timed(name) for _ in range(2)) for name in names]))
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


def add_whole(results, rows, path, out, peer):
    """Add rows of what is done to a whole file beside the peer; `rows`: {action: what it is}."""
    ours, theirs = (
        ask(python, WHOLE.format(package=package, planes=PLANES), ",".join(rows), path, out)
        for python, package in ((sys.executable, OURS), (peer, PEER))
    )
    for name, mine, other in zip(rows.values(), ours, theirs, strict=True):
        results.add(f"{name} / the peer", mine, other, "< 1")


def look(path):
    return datamodels.open(path).meta.instrument.name


def look_raw(path):
    return afits.getheader(path)["INSTRUME"]


def bench_open(results, folder, peer):
    """Rows of opening a file and reading one keyword, with the memory that it takes."""
    small = datamodels.ImageModel((2, 2)).save(folder / "small.fits")
    keys = make_keywords(folder / "keys.fits")
    files = [
        ("200 cards", keys, "<= 0.4"),
        ("84 MB", make_ramp(folder / "demo.fits", 10), "<= 1.0"),
        ("436 MB", make_ramp(folder / "big.fits", 52), "<= 1.0"),
    ]
    for name, path, wanted in files:
        times = pair(lambda p=path: look(p), lambda p=path: look_raw(p), repeat=101)
        results.add(f"open {name}, one keyword / astropy getheader", *times, wanted)
        ours = ask(sys.executable, OPEN.format(package=OURS), small, path)
        results.add(f"open {name}: memory / 2 MB", ours[1], 2e6, "< 1", unit="B")
        if peer:
            theirs = ask(peer, OPEN.format(package=PEER), small, path)
            results.add(f"open {name}, one keyword / the peer", ours[0], theirs[0], "< 1")
            results.add(f"open {name}: memory / the peer", ours[1], theirs[1] or 1, "< 1", "B")
    results.add(
        "open 200 cards, one keyword / 0.3 ms", best(lambda: look(keys), 31, 5), 3e-4, "<= 1"
    )
    many = [shutil.copy(keys, folder / f"keys{n}.fits") for n in range(500)]
    times = pair(lambda: [look(p) for p in many], lambda: [look_raw(p) for p in many], 5)
    results.add("500 files, one keyword each / astropy getheader", *times, "<= 0.6")
    shortest = best(lambda: [look(p) for p in many])
    results.add("500 files, one keyword each / 0.15 s", shortest, 0.15, "<= 1")


def bench_attributes(results, folder, peer):
    """Rows of making a model, of attributes, of metadata as a whole."""
    rows = [
        ("later ImageModel()", 60e-6), ("ImageModel((64, 64))", 150e-6),
        ("get meta.exposure.type", 2e-6), ("set meta.exposure.type", 8e-6),
        ("update() by 200 keywords", 1e-3), ("validate() of 200 keywords", 0.5e-3),
    ]  # fmt: skip
    first = min(ask(sys.executable, FIRST) for _ in range(5))
    results.add("first ImageModel() in a process / 30 ms", first, 30e-3, "<= 1")
    keys = make_keywords(folder / "keys.fits")
    ours = ask(sys.executable, SHORT.format(package=OURS), keys, 20)
    for (name, wanted), time in zip(rows, ours, strict=True):
        results.add(f"{name} / {wanted * 1e6:g} us", time, wanted, "<= 1")
    if peer:
        theirs = ask(peer, SHORT.format(package=PEER), keys, 1)
        for (name, _), time, other in zip(rows, ours, theirs, strict=True):
            results.add(f"{name} / the peer", time, other, "< 1")


def bench_copies(results, *_):
    """Rows of copies of a ramp of 419 MB."""
    model = datamodels.RampModel(np.zeros((1, 25, 2048, 2048), "f4"))
    results.add("copy() of 419 MB, not handed out / 1 ms", best(model.copy), 1e-3, "<= 1")
    grown = ask(sys.executable, COPY)
    results.add("five copies, not handed out: memory / 1 MB", grown, 1e6, "<= 1", unit="B")
    array = model.data
    array += 1
    results.add(
        "copy() of 419 MB, handed out / memory copy", *pair(model.copy, array.copy, 7), "<= 1.2"
    )


def bench_arrays(results, folder, peer):
    """Rows of reading and saving ramps."""
    path, out = folder / "big.fits", folder / "out.fits"
    demo = make_ramp(folder / "demo.fits", 10)
    if not path.exists():
        make_ramp(path, 52)

    def read_raw(path, dtype=None):
        with afits.open(path) as hdus:
            data = hdus["SCI"].data
            return (data if dtype is None else data.astype(dtype)).sum()

    def copy_raw():
        shutil.copyfile(path, out)
        flush(out)

    times = pair(lambda: datamodels.RampModel(demo).data.sum(), lambda: read_raw(demo, "f4"), 5)
    results.add("read 84 MB as float32 and sum / astropy", *times, "<= 1")
    times = pair(lambda: datamodels.open(path).data.sum(), lambda: read_raw(path), 5)
    results.add("read 436 MB and sum / astropy", *times, "<= 1")
    times = pair(lambda: datamodels.open(path).save(out), copy_raw, 5)
    results.add("save 436 MB, nothing changed / a copy, flushed", *times, "<= 1.2")
    results.add("save 419 MB / astropy, flushed", *time_of_save(out), "<= 1.2")
    if peer:
        rows = {"read": "read 436 MB and sum", "save": "save 436 MB, nothing changed"}
        add_whole(results, rows, path, out, peer)


def time_of_save(out):
    """Time of saving a new ramp, ours and astropy's."""
    array = np.full((1, 25, 2048, 2048), 1.5, "f4")
    model = datamodels.RampModel(array)

    def save_raw():
        hdus = afits.HDUList([afits.PrimaryHDU(), afits.ImageHDU(array, name="SCI")])
        hdus.writeto(out, overwrite=True)
        flush(out)

    return pair(lambda: model.save(out), save_raw, 5)


def flush(path):
    """Wait until a file is on the disk, as every save of ours does."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def bench_tables(results, folder, _):
    """Rows of one column of a table of 100,000 rows, and of all."""
    path = folder / "spec.fits"
    model = datamodels.MultiSpecModel()
    dtype = datamodels.SpecModel().get_dtype("spec_table")
    model.spec.append({"spec_table": np.ones(100_000, dtype)})
    model.save(path)

    def raw():
        with afits.open(path) as hdus:
            return hdus["EXTRACT1D"].data["FLUX"].sum()

    def section():
        model = datamodels.open(path)
        return model.section["spec.0.spec_table"]["FLUX"].sum()

    def every():
        table = datamodels.open(path).spec[0].spec_table
        return sum(table[name].sum() for name in table.names)

    def every_raw():
        with afits.open(path) as hdus:
            table = hdus["EXTRACT1D"].data
            return sum(table[name].sum() for name in table.names)

    one = lambda: datamodels.open(path).spec[0].spec_table["FLUX"].sum()  # noqa: E731
    results.add("table, sum of one column / astropy", *pair(one, raw, 9), "<= 1")
    results.add("the same by m.section / astropy", *pair(section, raw, 9), "<= 1")
    grown = [ask(sys.executable, COLUMN, path, way) for way in ("ours", "raw")]
    results.add("table, sum of one column: memory / astropy", *grown, "<= 1", unit="B")
    results.add("table, sum of every column / astropy", *pair(every, every_raw, 9), "<= 1.5")


PLANES = ("data", "dq", "err", "wavelength", "barshadow", "var_poisson", "var_rnoise")


def make_slits(path, count):
    """Save `count` slits with seven planes of 20 x 200 pixels."""
    model = datamodels.MultiSlitModel()
    for number in range(count):
        planes = {name: np.ones((20, 200), "u4" if name == "dq" else "f4") for name in PLANES}
        model.slits.append(datamodels.SlitModel(**planes, name=f"S{number}", source_id=number))
    model.save(path)
    return path


def bench_slits(results, folder, peer):
    """Rows of 100 and 1000 slits."""
    for count in (100, 1000):
        path, out = make_slits(folder / f"slits{count}.fits", count), folder / "out.fits"

        def touch(p=path):
            model = datamodels.open(p)
            return sum(slit[name].sum() for slit in model.slits for name in PLANES)

        def touch_raw(p=path):
            with afits.open(p) as hdus:
                return sum(h.data.sum() for h in hdus if h.is_image and h.data is not None)

        repeat = 5 if count == 100 else 1
        opened = best(lambda p=path: datamodels.open(p).slits[-1].name, repeat)
        results.add(f"{count} slits: open / {count} ms", opened, count * 1e-3, "<= 1")
        times = pair(touch, touch_raw, repeat)
        results.add(f"{count} slits: open and touch all / astropy", *times, "<= 1")
        model = datamodels.open(path)
        for slit in model.slits:
            slit.data += 1
        with afits.open(path, memmap=False) as hdus:
            for hdu in hdus:
                hdu.data  # noqa: B018 - read

            def save_raw(hdus=hdus, out=out):
                hdus.writeto(out, overwrite=True)
                flush(out)

            times = pair(lambda m=model, out=out: m.save(out), save_raw, repeat)
        results.add(f"{count} slits: save / astropy, flushed", *times, "<= 2")
        if peer and count == 100:
            add_whole(results, {"touch": "100 slits: open and touch all"}, path, out, peer)


def bench_tiny(results, folder, _):
    """Rows of saving a tiny model with its ASDF extension."""
    model, path = datamodels.ImageModel((8, 8)), folder / "tiny.fits"
    first = min(ask(sys.executable, FIRST_SAVE, path) for _ in range(5))
    results.add("first save of a tiny model in a process / 0.15 s", first, 0.15, "<= 1")
    results.add("later saves / 8 ms", best(lambda: model.save(path), 51), 8e-3, "<= 1")


PARTS = {
    "open": bench_open, "attributes": bench_attributes, "copies": bench_copies,
    "arrays": bench_arrays, "tables": bench_tables, "slits": bench_slits, "tiny": bench_tiny,
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", default=None)
    parser.add_argument("--peer", default=None, help="interpreter with the field's packages")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    results = Results("datamodels")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")  # as after an installation
        for part in args.parts or PARTS:
            PARTS[part](results, folder, args.peer)
    if args.results:
        results.write(args.results)


if __name__ == "__main__":
    main()

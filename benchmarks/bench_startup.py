"""Whole processes: what a user waits for before anything happens, beside plain imports.

python benchmarks/bench_startup.py [--results FOLDER]
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from common import Results, command, pair, script

STEP = '''
from jwstlike.stpipe import Step


class NothingStep(Step):
    """Do nothing."""

    input_types = ("JwstDataModel",)

    def process(self, model):
        return model
'''


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", default=None)
    parser.add_argument("--repeat", type=int, default=11)
    args = parser.parse_args()
    unwanted = ("CRDS", "STPIPE", "PYTHONDONTWRITEBYTECODE")
    env = {k: v for k, v in os.environ.items() if not k.startswith(unwanted)}
    results = Results("startup")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        env["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")  # as after an installation
        (folder / "nothing.py").write_text(STEP)
        _tiny_file(folder / "tiny.fits")
        python = sys.executable
        floor = command(python, "-c", "import numpy, astropy.io.fits", env=env)
        numpy = command(python, "-c", "import numpy", env=env)
        rows = [
            ("strun of a step that does nothing, saving included",
             command(script("strun"), "nothing.NothingStep", "tiny.fits",
                     "--disable-crds-steppars", cwd=folder, env=env), floor, "<= 2"),
            ("strun sloper --help",
             command(script("strun"), "sloper", "--help", cwd=folder, env=env), numpy, "<= 2"),
            ("import jwstlike.datamodels",
             command(python, "-c", "import jwstlike.datamodels", env=env), numpy, "<= 1.4"),
            ("open a tiny FITS file, one keyword",
             command(python, "-c", "from jwstlike import datamodels as d;"
                     "d.open('tiny.fits').meta.instrument.name", cwd=folder, env=env),
             numpy, "<= 1.6"),
        ]  # fmt: skip
        for what, ours, beside, wanted in rows:
            results.add(what, *pair(ours, beside, args.repeat), wanted)
    if args.results:
        results.write(args.results)


def _tiny_file(path):
    from jwstlike import datamodels

    model = datamodels.ImageModel(np.zeros((8, 8), "f4"))
    model.meta.instrument.name = "NIRCAM"
    model.save(path)


if __name__ == "__main__":
    main()

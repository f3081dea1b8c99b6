"""Oracle arrays: what the field's reference implementation makes of small exposures.

A folder per exposure: ``inputs/*.fits``, and ``NN_Step[.v_variant].npz`` with the arrays after
each step. Small ones are in ``tests/data/oracle``; those beside the repository are used as well.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).parents[1]
FOLDERS = [TESTS / "data" / "oracle", TESTS.parents[1] / "shared" / "oracle"]
FIXTURES = {
    "dq_init_case": "DQInit",
    "saturation_case": "Saturation",
    "ipc_case": "IPC",
    "superbias_case": "SuperBias",
    "reset_case": "Reset",
    "lastframe_case": "LastFrame",
    "jump_case": "Jump",
    "ramp_fit_case": "RampFit_rate",
    "ramp_fit_variant": "RampFit",
}


def native(array):
    """Return a writable, native-endian copy."""
    return np.array(array, dtype=array.dtype.newbyteorder("="))


@dataclass(frozen=True)
class Case:
    """One step of one exposure, perhaps with other parameters than the defaults."""

    folder: Path
    file: Path
    variant: str

    @property
    def number(self):
        return int(self.file.name[:2])

    @property
    def before(self):
        """Arrays that the step was given."""
        (file,) = (
            f for f in self.folder.glob(f"{self.number - 1:02d}_*.npz") if ".v_" not in f.name
        )
        return self.load(file)

    @property
    def after(self):
        """Arrays that the step made; of a variant those that it changed."""
        return self.load(self.file)

    @staticmethod
    def load(file):
        with np.load(file) as arrays:
            return {name: arrays[name] for name in arrays}

    @property
    def header(self):
        from astropy.io import fits

        return fits.getheader(self.folder / "inputs" / "uncal.fits")

    def reference(self, reftype, extname="SCI"):
        """Return an array of a reference, cut to the exposure; None if it is not there."""
        from astropy.io import fits

        path = self.folder / "inputs" / f"{reftype}.fits"
        if not path.exists():
            return None
        science = self.header
        with fits.open(path) as hdus:
            array, own = native(hdus[extname].data), hdus[0].header
        if reftype == "ipc":
            return array
        y, x = (science[f"SUBSTRT{k}"] - own[f"SUBSTRT{k}"] for k in (2, 1))
        return array[..., y : y + science["SUBSIZE2"], x : x + science["SUBSIZE1"]].copy()

    def definitions(self, reftype):
        """Return the rows (VALUE, NAME) of the reference's own flags."""
        from astropy.io import fits

        with fits.open(self.folder / "inputs" / f"{reftype}.fits") as hdus:
            if "DQ_DEF" not in hdus:
                return []
            rows = hdus["DQ_DEF"].data
            return [(int(r["VALUE"]), r["NAME"].strip().upper()) for r in rows]


def cases(step):
    """List the cases of a step; ``RampFit`` stands for the variants of the fit alone."""
    found = []
    for folder in sorted(f for base in FOLDERS if base.exists() for f in base.iterdir()):
        pattern = "??_RampFit.v_*.rate.npz" if step == "RampFit" else f"??_{step}[.]*npz"
        for file in sorted(folder.glob(pattern)):
            variant = file.name.split(".v_")[1].split(".")[0] if ".v_" in file.name else ""
            found.append(Case(folder, file, variant))
    return found


def pytest_generate_tests(metafunc):
    for fixture, step in FIXTURES.items():
        if fixture in metafunc.fixturenames:
            found = cases(step)
            ids = [f"{c.folder.name}-{c.variant}".rstrip("-") for c in found]
            metafunc.parametrize(fixture, found, ids=ids)


@pytest.fixture
def rng():
    return np.random.Generator(np.random.PCG64(7))

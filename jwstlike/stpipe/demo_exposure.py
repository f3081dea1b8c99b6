"""A raw exposure of the demo's detector, with its truth beside it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .demo_detector import AMPLIFIERS, COUPLING, DEAD, DO_NOT_USE, HOT
from .demo_files import write_fits
from .demo_scene import cosmic_rays, make_scene

NGROUPS = 10
HOT_RATE = 500.0  # e/s of a hot pixel
WELL, WELL_FULL = 1.05, 1.13  # full well over saturation; the latter where it is not linear
DRIFT = 8.0  # DN, of an amplifier between groups, with --full
ROW_DRIFT = 1.5  # DN, of a row
START_MJD = 60373.2125810185  # 2024-03-04T05:06:07
TRUTH = "truth.fits"
RA, DEC = 80.4875, -69.4978
PIXEL = 0.031 / 3600  # deg


@dataclass(frozen=True)
class Timing:
    """When the groups of an exposure are read."""

    frame: float
    gap: int
    ngroups: int = NGROUPS

    @property
    def group(self):
        """Time between groups, s."""
        return self.frame * (1 + self.gap)

    def interval(self, group):
        """Time in which the light of a group is collected, s."""
        return self.group if group else self.frame


def make_exposure(path, cache, seed=0, full=False):
    """Write a raw ramp of 1 integration x 10 groups and ``truth.fits`` beside it.

    The ramp holds stars, galaxies and sky, photon and read noise, bias structure, coupling
    between pixels, cosmic rays, saturation, dead and hot pixels.

    Parameters
    ----------
    path : path
        The file to write, a Level1bModel.
    cache : Cache
        As made by `make_cache`: it tells the detector.
    seed : int
        The same seed and cache give the same bytes.
    full : bool
        Dark current, non-linearity and drifts of amplifiers and rows as well.

    Returns
    -------
    pathlib.Path
        The truth: RATE (DN/s, float32), CR (uint32, bit g: a cosmic ray hit before group g) and
        SATGROUP (uint8, first saturated group, 255 if none).
    """
    path, detector = Path(path), cache.detector
    timing = Timing(detector.frame_time, detector.traits.exposure["GROUPGAP"])
    data, truth = _Simulation(detector, timing, seed, full).run()
    header = _primary_header(detector, timing)
    write_fits(path, header, [("SCI", data[None], _science_header(detector, timing))])
    beside = path.with_name(TRUTH)
    notes = {"SEED": seed, "FULL": full, "NGROUPS": timing.ngroups}
    write_fits(beside, notes, [(name, array, {}) for name, array in truth.items()])
    return beside


# ---------------------------------------------------------------- ramp


class _Simulation:
    """Charge is collected group by group; only the counts of all groups are kept."""

    def __init__(self, detector, timing, seed, full):
        self.detector, self.timing, self.full = detector, timing, full
        self.rng = np.random.Generator(np.random.PCG64([seed, *b"exposure"]))
        self.gain = detector.gain()
        self.bias = detector.bias()
        self.read_noise = detector.read_noise()
        self.saturation = detector.saturation()
        self.dark_side = detector.is_reference_pixel()
        self.well = (self.saturation - self.bias) * np.float32(WELL_FULL if full else WELL)
        self.nonlinearity = detector.nonlinearity() if full else None

    def run(self):
        """Return (groups, y, x) uint16 and the truth by extension name."""
        rate = self._rate()
        truth = {
            "RATE": rate / self.gain,
            "CR": np.zeros(rate.shape, np.uint32),
            "SATGROUP": np.full(rate.shape, 255, np.uint8),
        }
        if self.full:
            rate = rate + self.detector.dark_rate() * self.gain * ~self.dark_side
        data = np.empty((self.timing.ngroups, *rate.shape), np.uint16)
        charge = np.zeros(rate.shape, np.float32)
        for group in range(self.timing.ngroups):
            seconds = self.timing.interval(group)
            charge += self.rng.poisson(rate * np.float32(seconds)).astype(np.float32)
            self._add_cosmic_rays(charge, group, seconds, truth["CR"])
            counts = self._counts(charge)
            first = (counts >= self.saturation) & (truth["SATGROUP"] == 255)
            truth["SATGROUP"][first] = group
            counts += self._noise(group)
            np.clip(np.rint(counts, out=counts), 0, 65535, out=counts)
            data[group] = counts
        return data, truth

    def _rate(self):
        """Charge per second without dark current, e/s."""
        mask = self.detector.mask()
        rate = make_scene(self.detector.shape, self.rng) * self.detector.flat()
        rate[mask == DO_NOT_USE | DEAD] = 0
        rate[mask == DO_NOT_USE | HOT] += np.float32(HOT_RATE)
        rate[self.dark_side] = 0
        return rate

    def _add_cosmic_rays(self, charge, group, seconds, hits):
        pixels, amount = cosmic_rays(charge.shape, seconds, self.rng)
        lit = ~self.dark_side.reshape(-1)[pixels]
        np.add.at(charge.reshape(-1), pixels[lit], amount[lit])
        hits.reshape(-1)[pixels[lit]] |= np.uint32(1 << group)

    def _counts(self, charge):
        """Turn charge into counts, DN: full well, coupling, non-linearity, bias."""
        signal = couple(np.minimum(charge / self.gain, self.well))
        signal[self.dark_side] = 0
        if self.nonlinearity:
            a, b = self.nonlinearity
            signal += signal * signal * (a + b * signal)
        return signal + self.bias

    def _noise(self, group):
        """Read noise and, with `full`, drifts; in DN."""
        noise = self.rng.standard_normal(self.read_noise.shape, dtype=np.float32)
        noise *= self.read_noise
        if self.full and group:
            rows, columns = noise.shape
            width = columns // (AMPLIFIERS if self.detector.is_full else 1)
            for start in range(0, columns, width):
                odd, even = self.rng.normal(0, DRIFT, 2)
                noise[:, start : start + width : 2] += np.float32(odd)
                noise[:, start + 1 : start + width : 2] += np.float32(even)
            wander = np.cumsum(self.rng.normal(0, ROW_DRIFT / 8, rows))
            noise += (wander - wander.mean()).astype(np.float32)[:, None]
        return noise


def couple(signal):
    """Share a part of each pixel's signal with its neighbours; what leaves the image is lost.

    Parameters
    ----------
    signal : numpy.ndarray
        float32, (y, x).
    """
    rows, columns = signal.shape
    out = signal * np.float32(1 - COUPLING.sum())
    for (j, i), share in np.ndenumerate(COUPLING):
        if share:
            to, source = zip(_shifted(j - 1, rows), _shifted(i - 1, columns), strict=True)
            out[to] += np.float32(share) * signal[source]
    return out


def _shifted(by, size):
    """Slices of target and source for a shift along one axis."""
    return slice(max(by, 0), size + min(by, 0)), slice(max(-by, 0), size - max(by, 0))


# ---------------------------------------------------------------- headers


def _primary_header(detector, timing):
    seconds = timing.frame + (timing.ngroups - 1) * timing.group
    end = START_MJD + seconds / 86400
    return {
        "DATAMODL": "Level1bModel",
        **detector.keywords(),
        "ORIGIN": "jwstlike demo",
        "TIMESYS": "UTC",
        "SDP_VER": "demo",
        "TITLE": "A synthetic field of stars",
        "PI_NAME": "demo",
        "CATEGORY": "CAL",
        "DATE-OBS": "2024-03-04",
        "TIME-OBS": "05:06:07.000",
        "DATE-BEG": "2024-03-04T05:06:07.000",
        "OBS_ID": "V01234001001P0000000001101",
        "VISIT_ID": "01234001001",
        "PROGRAM": "01234",
        "OBSERVTN": "001",
        "VISIT": "001",
        "VISITGRP": "01",
        "SEQ_ID": "1",
        "ACT_ID": "01",
        "EXPOSURE": "1",
        "VISITYPE": "PRIME_TARGETED_FIXED",
        "TSOVISIT": False,
        "TARGNAME": "SYNTH",
        "TARGTYPE": "FIXED",
        "TARG_RA": RA,
        "TARG_DEC": DEC,
        "EXPSTART": START_MJD,
        "EXPMID": (START_MJD + end) / 2,
        "EXPEND": end,
        "NINTS": 1,
        "NGROUPS": timing.ngroups,
        "NFRAMES": 1,
        "FRMDIVSR": 1,
        "GROUPGAP": timing.gap,
        "DRPFRMS1": 0,
        "DRPFRMS3": 0,
        "NSAMPLES": 1,
        "TSAMPLE": 10.0,
        "TFRAME": timing.frame,
        "TGROUP": timing.group,
        "EFFINTTM": seconds,
        "EFFEXPTM": seconds,
        "DURATION": seconds,
        "NRSTSTRT": 1,
        "NRESETS": 1,
        "ZEROFRAM": False,
        "INTSTART": 1,
        "INTEND": 1,
        "NOUTPUTS": AMPLIFIERS if detector.is_full else 1,
        "PATTTYPE": "NONE",
        "NUMDTHPT": 1,
        "PATT_NUM": 1,
    }


def _science_header(detector, timing):
    rows, columns = detector.shape
    return {
        "BUNIT": "DN",
        "RADESYS": "ICRS",
        "RA_V1": RA + 0.14,
        "DEC_V1": DEC + 0.03,
        "PA_V3": 0.0,
        "VA_SCALE": 1.0,
        "WCSAXES": 2,
        "CRPIX1": (columns + 1) / 2,
        "CRPIX2": (rows + 1) / 2,
        "CRVAL1": RA,
        "CRVAL2": DEC,
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CDELT1": PIXEL,
        "CDELT2": PIXEL,
        "PC1_1": -1.0,
        "PC1_2": 0.0,
        "PC2_1": 0.0,
        "PC2_2": 1.0,
        "V2_REF": 120.67,
        "V3_REF": -527.39,
        "VPARITY": -1,
        "V3I_YANG": 0.0,
        "RA_REF": RA,
        "DEC_REF": DEC,
        "ROLL_REF": 0.0,
    }

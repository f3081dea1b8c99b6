"""The detector of the demo: its arrays, made from a seed and the same for cache and exposure.

Values are those of a HAWAII-2RG in round figures: gain 2.05 e/DN, read noise 6.5 DN, bias 8000 DN,
saturation at 60000 DN.
"""

from dataclasses import dataclass

import numpy as np

GAIN = 2.05  # e/DN
READ_NOISE = 6.5  # DN, a single read
BIAS = 8000.0  # DN
SATURATION = 60000.0  # DN, bias included
NONLINEARITY = (-9.0e-7, -2.0e-12)  # measured = true + a true**2 + b true**3, DN
DARK = 0.01  # DN/s
FULL = 2048  # pixels of a side of the whole detector
BORDER = 4  # rows and columns of reference pixels
TFRAME = 10.73677  # s
AMPLIFIERS = 4
# Charge that a pixel shares with its neighbours, as a fraction of its own.
COUPLING = np.array([[0.0002, 0.0049, 0.0003], [0.0052, 0.0, 0.0048], [0.0003, 0.0051, 0.0002]])

DO_NOT_USE, DEAD, HOT, REFERENCE_PIXEL = 1, 2, 4, 8  # the mask's own bits, see its DQ_DEF


@dataclass(frozen=True)
class Instrument:
    """Header values of one instrument's demo exposure; a tuple of matches where rules allow more.

    `keywords` go into each header, `exposure` only into that of the exposure.
    """

    keywords: dict
    exposure: dict
    photom_model: str
    distortion_model: str
    detector_readpatts: str
    filters: str
    pupils: str


INSTRUMENTS = {
    "NIRCAM": Instrument(
        keywords={
            "INSTRUME": "NIRCAM",
            "DETECTOR": "NRCA1",
            "MODULE": "A",
            "CHANNEL": "SHORT",
            "FILTER": "F200W",
            "PUPIL": "CLEAR",
            "EXP_TYPE": "NRC_IMAGE",
            "READPATT": "BRIGHT1",
            "FASTAXIS": -1,
            "SLOWAXIS": 2,
        },
        exposure={"GROUPGAP": 1},
        photom_model="NrcImgPhotomModel",
        distortion_model="DistortionModel",
        detector_readpatts="BRIGHT1|RAPID|SHALLOW4",
        filters="F115W|F150W|F200W",
        pupils="CLEAR|F162M",
    ),
    "MIRI": Instrument(
        keywords={
            "INSTRUME": "MIRI",
            "DETECTOR": "MIRIMAGE",
            "FILTER": "F770W",
            "EXP_TYPE": "MIR_IMAGE",
            "READPATT": "FASTR1",
            "FASTAXIS": 1,
            "SLOWAXIS": 2,
        },
        exposure={"GROUPGAP": 0},
        photom_model="MirImgPhotomModel",
        distortion_model="DistortionModel",
        detector_readpatts="FASTR1|SLOWR1",
        filters="F560W|F770W",
        pupils="N/A",
    ),
}


@dataclass(frozen=True)
class Detector:
    """A detector or its lower left corner, as an array of `shape` (rows, columns)."""

    instrument: str
    shape: tuple
    seed: int

    @property
    def traits(self):
        """The `Instrument` of this detector."""
        return INSTRUMENTS[self.instrument]

    @property
    def is_full(self):
        """The whole detector, not a corner of it."""
        return self.shape == (FULL, FULL)

    @property
    def subarray(self):
        """Value of SUBARRAY."""
        if self.is_full:
            return "FULL"
        return "SUB64P" if self.shape == (64, 64) else "GENERIC"

    @property
    def frame_time(self):
        """Time between two frames, s; that of the whole detector, for small ones too."""
        return TFRAME

    @property
    def matches(self):
        """CRDS key -> value in the rules of the demo."""
        traits, words = self.traits, self.traits.keywords
        return {
            "META.INSTRUMENT.DETECTOR": words["DETECTOR"],
            "META.INSTRUMENT.FILTER": traits.filters,
            "META.INSTRUMENT.PUPIL": traits.pupils,
            "META.EXPOSURE.TYPE": words["EXP_TYPE"],
            "META.EXPOSURE.READPATT": traits.detector_readpatts,
            "META.SUBARRAY.NAME": self.subarray,
        }

    def keywords(self):
        """Cards that exposure and references share."""
        rows, columns = self.shape
        return {
            "TELESCOP": "JWST",
            **self.traits.keywords,
            "SUBARRAY": self.subarray,
            "SUBSTRT1": 1,
            "SUBSTRT2": 1,
            "SUBSIZE1": columns,
            "SUBSIZE2": rows,
        }

    def random(self, purpose):
        """Return the generator of one purpose; purposes do not disturb each other."""
        return np.random.Generator(np.random.PCG64([self.seed, *purpose.encode()]))

    # ------------------------------------------------------------ arrays, (y, x) float32

    def _noise(self, purpose, mean, sigma):
        noise = self.random(purpose).standard_normal(self.shape, dtype=np.float32)
        return np.float32(mean) + np.float32(sigma) * noise

    def gain(self):
        """Gain, e/DN."""
        return self._noise("gain", GAIN, 0.005 * GAIN)

    def read_noise(self):
        """Noise of a single read, DN."""
        return np.maximum(self._noise("read noise", READ_NOISE, 0.3), 1)

    def bias(self):
        """Signal of a reset pixel, DN: amplifier steps, columns, a slope, pixel noise."""
        rows, columns = self.shape
        rng = self.random("bias structure")
        width = max(columns // AMPLIFIERS, 1)
        steps = np.repeat(rng.normal(0, 120, columns // width + 1), width)[:columns]
        tilt = np.linspace(-150, 150, rows)[:, None]
        bias = self._noise("bias", BIAS, 25)
        bias += (steps + rng.normal(0, 15, columns) + tilt).astype(np.float32)
        return bias

    def saturation(self):
        """Signal at which a pixel saturates, DN, bias included."""
        return self._noise("saturation", SATURATION, 500)

    def flat(self):
        """Relative response: pixel noise and a broad shape."""
        rows, columns = self.shape
        y, x = np.linspace(-1, 1, rows)[:, None], np.linspace(-1, 1, columns)
        return self._noise("flat", 1, 0.005) * (1 - 0.03 * (x**2 + y**2)).astype(np.float32)

    def dark_rate(self):
        """Dark current, DN/s."""
        rate = self.random("dark").exponential(DARK, self.shape)
        return rate.astype(np.float32)

    def nonlinearity(self):
        """Coefficients (a, b) of the measured signal, each (y, x)."""
        scale = self._noise("nonlinearity", 1, 0.03)
        return tuple(np.float32(c) * scale for c in NONLINEARITY)

    def is_reference_pixel(self):
        """Mark the pixels without light: a border of 4 where the detector ends."""
        rows, columns = self.shape
        inside = np.zeros(self.shape, bool)
        right = columns - BORDER if columns == FULL else columns
        top = rows - BORDER if rows == FULL else rows
        bottom = BORDER if self.instrument != "MIRI" else 0
        top = rows if self.instrument == "MIRI" else top
        inside[bottom:top, BORDER:right] = True
        return ~inside

    def mask(self):
        """Bad pixels, uint8 in the mask's own bits; about 0.4 % dead or hot."""
        draw = self.random("mask").random(self.shape, dtype=np.float32)
        mask = np.zeros(self.shape, np.uint8)
        mask[draw < 0.002] = DO_NOT_USE | DEAD
        mask[draw > 0.998] = DO_NOT_USE | HOT
        mask[self.is_reference_pixel()] = REFERENCE_PIXEL
        return mask

    def correction_kernel(self):
        """Kernel of 3 x 3 that undoes the coupling, (y, x), of sum 1.

        The full inverse, by Fourier transform on a grid that is wide enough, cut to 3 x 3 and
        scaled to keep the total.
        """
        grid = np.zeros((33, 33))
        grid[:3, :3] = COUPLING
        grid[1, 1] = 1 - COUPLING.sum()
        grid = np.roll(grid, (-1, -1), (0, 1))
        inverse = np.fft.ifft2(1 / np.fft.fft2(grid)).real
        kernel = np.roll(inverse, (1, 1), (0, 1))[:3, :3]
        return (kernel / kernel.sum()).astype(np.float32)

"""The demo's reference files: one function per type, listed in `WRITERS`."""

import math

import numpy as np

from .demo_detector import DARK, GAIN
from .demo_files import DATE, write_asdf, write_fits

USEAFTER = "2014-01-01T00:00:00"
PIXEL = 0.031  # arcsec
MJY_PER_SR = 2.087  # of 1 DN/s
DARK_GROUPS = 12  # frames of the dark
DQ_DEF = np.dtype([("BIT", "i4"), ("VALUE", "u4"), ("NAME", "S40"), ("DESCRIPTION", "S80")])
MASK_BITS = (
    ("DO_NOT_USE", "Bad pixel: not to be used"),
    ("DEAD", "No response to light"),
    ("HOT", "Signal without light"),
    ("REFERENCE_PIXEL", "Reference pixel"),
)


def write_references(folder, prefix, detector, types, contexts=1):
    """Write a reference file of each type.

    Parameters
    ----------
    folder : pathlib.Path
        Where they go.
    prefix : str
        ``"jwst_nircam"``.
    detector : Detector
        What they describe.
    types : list of str
        Reference types, keys of `WRITERS` or parameter references.
    contexts : int
        Number of versions of ``pars-jumpstep``.

    Returns
    -------
    dict
        Type -> names of its files, one per version.
    """
    names = {}
    for kind in types:
        versions = contexts if kind == "pars-jumpstep" else 1
        suffix = "asdf" if kind == "distortion" or kind.startswith("pars-") else "fits"
        names[kind] = [f"{prefix}_{kind}_{v:04d}.{suffix}" for v in range(1, versions + 1)]
        for version, name in enumerate(names[kind], 1):
            WRITERS[kind](folder / name, detector, version)
    return names


def _header(detector, kind, model, **more):
    return {
        **detector.keywords(),
        "DATAMODL": model,
        "REFTYPE": kind.upper(),
        "USEAFTER": USEAFTER,
        "PEDIGREE": "DUMMY",
        "AUTHOR": "jwstlike demo",
        "DESCRIP": f"Synthetic {kind} reference, seed {detector.seed}",
        **more,
    }


def _dq_def(bits):
    rows = [(i, 1 << i, name, text) for i, (name, text) in enumerate(bits)]
    return ("DQ_DEF", np.array(rows, DQ_DEF), {})


def _image(kind, model, array, *, error=False, dq=True):
    """Return the writer of an image reference; `array` makes the image from a detector."""

    def write(path, detector, _version):
        image = array(detector)
        hdus = [("SCI", image, {})]
        if error:
            hdus.append(("ERR", np.full(image.shape, 0.5, np.float32), {}))
        if dq:
            hdus.append(("DQ", np.zeros(detector.shape, np.uint32), {}))
            hdus.append(_dq_def(MASK_BITS[:1]))
        write_fits(path, _header(detector, kind, model), hdus)

    return write


def _write_mask(path, detector, _version):
    hdus = [("DQ", detector.mask(), {}), _dq_def(MASK_BITS)]
    write_fits(path, _header(detector, "mask", "MaskModel"), hdus)


def _write_ipc(path, detector, _version):
    hdus = [("SCI", detector.correction_kernel(), {})]
    write_fits(path, _header(detector, "ipc", "IPCModel"), hdus)


def _write_reset(path, detector, _version):
    decay = np.exp(-np.arange(4, dtype=np.float32))[None, :, None, None] * 20
    data = np.broadcast_to(decay, (2, 4, *detector.shape)).astype(np.float32)
    hdus = [("SCI", data, {}), ("ERR", np.zeros_like(data), {})]
    hdus.append(("DQ", np.zeros(detector.shape, np.uint32), {}))
    header = _header(detector, "reset", "ResetModel", NINTS=2, NGROUPS=4)
    write_fits(path, header, [*hdus, _dq_def(MASK_BITS[:1])])


def _write_linearity(path, detector, _version):
    """Coefficients of true = m + c2 m**2 + c3 m**3, the inverse of the detector's to 3rd order."""
    a, b = detector.nonlinearity()
    one, zero = np.ones(detector.shape, np.float32), np.zeros(detector.shape, np.float32)
    # Series inversion: m = t + a t^2 + b t^3 gives t = m - a m^2 + (2 a^2 - b) m^3 + ...
    fourth = 5 * a * b - 5 * a**3
    coeffs = np.stack([zero, one, -a, 2 * a * a - b, fourth])
    hdus = [("COEFFS", coeffs, {}), ("DQ", np.zeros(detector.shape, np.uint32), {})]
    header = _header(detector, "linearity", "LinearityModel")
    write_fits(path, header, [*hdus, _dq_def(MASK_BITS[:1])])


def _write_dark(path, detector, _version):
    rate, frame = detector.dark_rate(), detector.frame_time
    data = np.empty((DARK_GROUPS, *detector.shape), np.float32)
    step = 1 + detector.traits.exposure["GROUPGAP"]
    for group in range(DARK_GROUPS):
        np.multiply(rate, np.float32(frame * (1 + group * step)), out=data[group])
    header = _header(
        detector,
        "dark",
        "DarkMIRIModel" if detector.instrument == "MIRI" else "DarkModel",
        NGROUPS=DARK_GROUPS,
        NFRAMES=1,
        GROUPGAP=step - 1,
        TFRAME=frame,
        TGROUP=frame * step,
        AVDRKCUR=DARK * GAIN,
    )
    data = data[None] if detector.instrument == "MIRI" else data
    dq_shape = (1, 1, *detector.shape) if detector.instrument == "MIRI" else detector.shape
    hdus = [("SCI", data, {}), ("DQ", np.zeros(dq_shape, np.uint32), {})]
    write_fits(path, header, [*hdus, _dq_def(MASK_BITS[:1])])


def _write_photom(path, detector, _version):
    words = detector.traits.keywords
    second = "PUPIL" if "PUPIL" in words else "SUBARRAY"
    value = words.get("PUPIL", "GENERIC")
    columns = [("filter", "S12"), (second.lower(), "S17" if second == "SUBARRAY" else "S12")]
    table = np.array(
        [
            (name, value, MJY_PER_SR * factor, 0.03)
            for factor, name in zip(
                (1.0, 0.9, 1.2), detector.traits.filters.split("|")[::-1], strict=False
            )
        ],
        [*columns, ("photmjsr", "f4"), ("uncertainty", "f4")],
    )
    header = _header(detector, "photom", detector.traits.photom_model, **_pixel_area())
    write_fits(path, header, [("PHOTOM", table, {})])


def _write_area(path, detector, _version):
    header = _header(detector, "area", "PixelAreaModel", **_pixel_area())
    write_fits(path, header, [("SCI", np.ones(detector.shape, np.float32), {})])


def _pixel_area():
    return {"PIXAR_SR": (PIXEL * math.pi / 648000) ** 2, "PIXAR_A2": PIXEL**2}


# ---------------------------------------------------------------- ASDF


def _write_distortion(path, detector, _version):
    """Pixels to V2, V3 in arcsec: about the middle of the detector, mirrored, turned by 0.5 deg."""
    turn = math.radians(0.5)
    c, s = PIXEL * math.cos(turn), PIXEL * math.sin(turn)
    v2, v3 = 120.67, -527.39
    words = detector.traits.keywords
    named = {"name": "INSTRUME", "detector": "DETECTOR", "module": "MODULE", "channel": "CHANNEL"}
    fields = [f"{name}: {words[key]}" for name, key in named.items() if key in words]
    instrument = ", ".join([*fields, f"p_pupil: '{detector.traits.pupils}|'"])
    body = f"""
meta:
  author: jwstlike demo
  date: '{DATE}'
  description: Synthetic distortion reference
  exposure: {{type: {words["EXP_TYPE"]}}}
  input_units: !unit/unit-1.0.0 pixel
  instrument: {{{instrument}}}
  model_type: {detector.traits.distortion_model}
  output_units: !unit/unit-1.0.0 arcsec
  pedigree: DUMMY
  reftype: distortion
  telescope: JWST
  useafter: '{USEAFTER}'
model: !transform/compose-1.2.0
  forward:
  - !transform/compose-1.2.0
    forward:
    - !transform/concatenate-1.2.0
      forward:
      - !transform/shift-1.2.0 {{offset: -1023.5}}
      - !transform/shift-1.2.0 {{offset: -1023.5}}
    - !transform/affine-1.3.0
      matrix: !core/ndarray-1.0.0
        data:
        - [{-c!r}, {s!r}]
        - [{s!r}, {c!r}]
      translation: !core/ndarray-1.0.0
        data: [0.0, 0.0]
  - !transform/concatenate-1.2.0
    forward:
    - !transform/shift-1.2.0 {{offset: {v2}}}
    - !transform/shift-1.2.0 {{offset: {v3}}}
"""
    write_asdf(path, body)


def _write_pars_jump(path, detector, version):
    """Parameters of the jump step; each version has another threshold."""
    parameters = f"{{rejection_threshold: {4.5 + 0.5 * (version - 1)}}}"
    _write_pars(path, detector, "JumpStep", "jump", parameters)


def _write_pars_sloper(path, detector, _version):
    _write_pars(path, detector, "SloperPipeline", "SloperPipeline", "{save_cal: false}")


def _write_pars(path, detector, name, alias, parameters):
    body = f"""
class: jwstlike.steps.{name}
meta:
  author: jwstlike demo
  date: '{DATE}'
  description: Parameters of {name} for the demo
  exposure: {{type: {detector.traits.keywords["EXP_TYPE"]}}}
  instrument: {{name: {detector.instrument}}}
  origin: jwstlike
  pedigree: DUMMY
  reftype: pars-{name.lower()}
  telescope: JWST
  useafter: '{USEAFTER}'
name: {alias}
parameters: {parameters}
steps: []
"""
    write_asdf(path, body)


WRITERS = {
    "mask": _write_mask,
    "ipc": _write_ipc,
    "superbias": _image("superbias", "SuperBiasModel", lambda d: d.bias(), error=True),
    "reset": _write_reset,
    "lastframe": _image("lastframe", "LastFrameModel", lambda d: np.zeros(d.shape, np.float32)),
    "saturation": _image("saturation", "SaturationModel", lambda d: d.saturation()),
    "linearity": _write_linearity,
    "dark": _write_dark,
    "gain": _image("gain", "GainModel", lambda d: d.gain(), dq=False),
    "readnoise": _image(
        "readnoise", "ReadnoiseModel", lambda d: d.read_noise() * np.float32(2**0.5), dq=False
    ),
    "flat": _image("flat", "FlatModel", lambda d: d.flat(), error=True),
    "photom": _write_photom,
    "area": _write_area,
    "distortion": _write_distortion,
    "pars-sloperpipeline": _write_pars_sloper,
    "pars-jumpstep": _write_pars_jump,
}

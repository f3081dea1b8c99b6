"""A reference cache in the CRDS layout and an exposure to match, made from a seed.

`make_cache` writes mappings with right checksums, a ``server_config`` with the catalogue of sizes
and checksums, and one small valid reference of each type; `make_exposure` writes a raw ramp with
its truth. Neither needs `crds` or a network; the same seed gives the same bytes.
"""

import base64
import gzip
import hashlib
import json
import pprint
from dataclasses import dataclass, field
from pathlib import Path

from .crds_cache import file_sha1
from .demo_detector import INSTRUMENTS, Detector
from .demo_exposure import make_exposure
from .demo_files import DATE
from .demo_references import write_references

__all__ = ["SERVERLESS", "Cache", "make_cache", "make_exposure"]

SERVERLESS = "https://jwst-serverless"  # no such server: the word tells crds to send nothing
USEAFTER = "2014-01-01 00:00:00"
DETECTOR, FILTER, PUPIL = (f"META.INSTRUMENT.{k}" for k in ("DETECTOR", "FILTER", "PUPIL"))
EXP_TYPE, READPATT = "META.EXPOSURE.TYPE", "META.EXPOSURE.READPATT"
SUBARRAY = "META.SUBARRAY.NAME"
OBSERVED = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")

# Reference type -> keys of its rules; pars-* are chosen without a date, as real ones are.
RULES = {
    "mask": (DETECTOR,),
    "ipc": (DETECTOR,),
    "superbias": (DETECTOR, READPATT, SUBARRAY),
    "reset": (DETECTOR, READPATT),
    "lastframe": (DETECTOR, READPATT),
    "saturation": (DETECTOR,),
    "linearity": (DETECTOR,),
    "dark": (DETECTOR, READPATT),
    "refpix": (DETECTOR, READPATT),
    "gain": (DETECTOR,),
    "readnoise": (DETECTOR, READPATT),
    "flat": (DETECTOR, FILTER, PUPIL),
    "photom": (DETECTOR, EXP_TYPE),
    "distortion": (DETECTOR, EXP_TYPE),
    "area": (DETECTOR, FILTER, PUPIL),
    "pars-sloperpipeline": (EXP_TYPE,),
    "pars-jumpstep": (EXP_TYPE,),
}
OMITTED = {"NIRCAM": ("refpix", "reset", "lastframe"), "MIRI": ("refpix", "superbias")}
# The field's other types: a real context names them all, so that N/A is told from a typing error.
OTHERS = """abvegaoffset apcorr barshadow bkg camera chromcorr collimator cubepar dflat disperser
drizpars emicorr extract1d fflat filteroffset fore fpa fringe ifufore ifupost ifuslicer
mrsptcorr mrsxartcorr msa msaoper nrm ote pastasoss pathloss persat pictureframe psf psfmask regions
resol rscd sflat sirskernel speckernel specprofile spectrace specwcs straymask throughput
trapdensity trappars tsophot v2v3 wavecorr wavelengthrange wavemap wfssbkg""".split()


@dataclass(frozen=True)
class Cache:
    """A cache made by `make_cache`.

    Parameters
    ----------
    root : pathlib.Path
        The folder that CRDS_PATH names.
    context : str
        Its newest context.
    env : dict
        The environment variables with which a run uses it.
    detector : Detector
        What its references describe; `make_exposure` looks through it.
    """

    root: Path
    context: str
    env: dict = field(repr=False)
    detector: Detector = field(repr=False)


def make_cache(root, observatory="jwst", instrument="NIRCAM", contexts=1, shape=(64, 64), seed=0):
    """Write a reference cache.

    Parameters
    ----------
    root : path
        Folder of the cache; made if absent. Files of an earlier cache are overwritten.
    observatory : str
        ``"jwst"``.
    instrument : str
        ``"NIRCAM"`` or ``"MIRI"``.
    contexts : int
        Number of contexts; each later one has another ``pars-jumpstep``.
    shape : tuple of int
        Rows and columns of the references' arrays.
    seed : int
        The same seed gives the same files.

    Returns
    -------
    Cache

    Raises
    ------
    ValueError
        An observatory or instrument for which there is no demo.
    """
    if observatory != "jwst" or instrument not in INSTRUMENTS:
        raise ValueError(
            f"no demo cache for {observatory!r}, {instrument!r}; "
            f"there is one for 'jwst' with {', '.join(INSTRUMENTS)}"
        )
    root = Path(root)
    detector = Detector(instrument, tuple(shape), seed)
    prefix = f"{observatory}_{instrument.lower()}"
    references = root / "references" / observatory / instrument.lower()
    mappings = root / "mappings" / observatory
    config = root / "config" / observatory
    for folder in (references, mappings, config):
        folder.mkdir(parents=True, exist_ok=True)
    types = [t for t in RULES if t not in OMITTED[instrument]]
    names = write_references(references, prefix, detector, types, contexts)
    context = ""
    for number in range(1, contexts + 1):
        context = _write_context(mappings, prefix, detector, names, number)
    _write_config(config, observatory, context, (mappings, references))
    env = {"CRDS_PATH": str(root), "CRDS_SERVER_URL": SERVERLESS, "CRDS_CONTEXT": context}
    return Cache(root, context, env, detector)


# ---------------------------------------------------------------- mappings


def _write_context(folder, prefix, detector, names, number):
    """Write the rmaps, the imap and the pmap of one context; return the pmap's name."""
    observatory, instrument = prefix.split("_")
    kinds = dict.fromkeys((*OTHERS, *OMITTED[detector.instrument]), "N/A")
    for kind, files in names.items():
        version = min(number, len(files))
        kinds[kind] = f"{prefix}_{kind}_{version:04d}.rmap"
        _write_rmap(folder / kinds[kind], kind, instrument, files[version - 1], detector)
    imap = f"{prefix}_{number:04d}.imap"
    header = {"mapping": "INSTRUMENT", "instrument": instrument.upper(), "parkey": ("REFTYPE",)}
    selector = {kind.upper(): rmap for kind, rmap in sorted(kinds.items())}
    _write_mapping(folder / imap, header, pprint.pformat(selector), observatory)
    pmap = f"{observatory}_{number:04d}.pmap"
    header = {"mapping": "PIPELINE", "parkey": ("META.INSTRUMENT.NAME",)}
    selector = {detector.instrument: imap}
    _write_mapping(folder / pmap, header, pprint.pformat(selector), observatory)
    return pmap


def _write_rmap(path, kind, instrument, name, detector):
    keys = RULES[kind]
    dated = not kind.startswith("pars-")
    header = {
        "mapping": "REFERENCE",
        "instrument": instrument.upper(),
        "filekind": kind.upper(),
        "parkey": (keys, OBSERVED) if dated else (keys,),
        "classes": ("Match", "UseAfter") if dated else ("Match",),
    }
    match = tuple(detector.matches[key] for key in keys)
    choice = f"UseAfter({{\n        {USEAFTER!r}: {name!r},\n    }})" if dated else repr(name)
    selector = f"Match({{\n    {match!r}: {choice},\n}})"
    _write_mapping(path, header, selector, path.name.split("_")[0])


def _write_mapping(path, header, selector, observatory):
    """Write a mapping; its sum is that of the text without the line that holds it."""
    header = header | {
        "name": path.name,
        "observatory": observatory.upper(),
        "derived_from": "generated for a demonstration",
    }
    lines = [f"    {k!r}: {v!r},\n" for k, v in sorted(header.items())]
    digest = hashlib.sha1(usedforsecurity=False)
    body = ["header = {\n", *lines, "}\n", f"selector = {selector}\n"]
    digest.update("".join(body).encode())
    body.insert(len(lines) + 1, f"    'sha1sum': {digest.hexdigest()!r},\n")
    path.write_text("".join(body), encoding="utf-8")


# ---------------------------------------------------------------- server_config


def _write_config(folder, observatory, context, folders):
    """Write what a server would last have said, with sizes and sums of all files."""
    known = {
        path.name: {"size": str(path.stat().st_size), "sha1sum": file_sha1(path)}
        for below in folders
        for path in sorted(below.iterdir())
        if path.name.startswith(observatory)
    }
    payload = gzip.compress(json.dumps(known, sort_keys=True).encode(), mtime=0)
    config = {
        "observatory": observatory,
        "operational_context": context,
        "latest_context": context,
        "edit_context": context,
        "bad_files_list": [],
        "last_synced": DATE,
        "download_metadata": {
            "crds_encoded": "1.0",
            "crds_payload": base64.b64encode(payload).decode("ascii"),
        },
    }
    (folder / "server_config").write_text(pprint.pformat(config), encoding="utf-8")
    (folder / "ref_cache_subdir_mode").write_text("instrument", encoding="utf-8")

"""Run the reference implementation's jump and ramp_fit; started by ``bench_steps.py --peer``.

Uses nothing of ours: it runs in an environment of its own. The last line printed is JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("CRDS_SERVER_URL", "https://jwst-serverless")

import numpy as np
from jwst.jump import JumpStep
from jwst.ramp_fitting import RampFitStep
from stdatamodels.jwst import datamodels


def ramp_model(folder, name, times):
    """Make the model of an exposure, with what the two steps look at."""
    data = np.load(folder / f"{name}_data.npy")
    model = datamodels.RampModel(
        data=data,
        groupdq=np.load(folder / f"{name}_groupdq.npy"),
        pixeldq=np.load(folder / "pixeldq.npy"),
    )
    meta = model.meta
    meta.instrument.name, meta.instrument.detector = "NIRCAM", "NRCA1"
    meta.exposure.type = "NRC_IMAGE"
    meta.exposure.nints, meta.exposure.ngroups = data.shape[:2]
    meta.exposure.nframes, meta.exposure.groupgap, meta.exposure.drop_frames1 = 1, 0, 0
    meta.exposure.frame_time, meta.exposure.group_time = times["frame"], times["group"]
    meta.exposure.integration_start = meta.exposure.integration_end = 1
    cover(model, data.shape)
    return model


def cover(model, shape):
    area = model.meta.subarray
    area.xstart = area.ystart = 1
    area.ysize, area.xsize = shape[-2:]
    area.name = "FULL"


def references(folder):
    """Write the reference files and return the parameters that name them."""
    out = {}
    for name, cls in (("gain", datamodels.GainModel), ("readnoise", datamodels.ReadnoiseModel)):
        model = cls(data=np.load(folder / f"{name}.npy"))
        cover(model, model.data.shape)
        path = str(folder / f"{name}.fits")
        model.save(path)
        out[f"override_{name}"] = path
    return out


def main():
    folder, times = Path(sys.argv[1]), json.loads(sys.argv[2])
    overrides, seconds = references(folder), {}
    for name, cls in (("jump", JumpStep), ("ramp_fit", RampFitStep)):
        model = ramp_model(folder, name, times)
        step = cls(**overrides)
        start = time.perf_counter()
        result = step.process(model)
        seconds[name] = time.perf_counter() - start
        plane = result.groupdq if name == "jump" else result[0].data
        np.save(folder / f"{name}_out.npy", np.asarray(plane))
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()

"""Time the kernels of the sloper on an exposure of 1 x 10 x 2048 x 2048 in memory.

    python benchmarks/bench_steps.py [--size 2048] [--threads N] [--peer PYTHON]

The unit is one pass over the float32 cube, ``np.add(a, 1, out=a)`` in one thread, timed in the
same run. With ``--peer`` the reference implementation's jump and ramp_fit, in an environment of
their own, get the same arrays in the same run, and their results are compared with ours.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from common import Results
from exposure import TIMES, make_exposure

from jwstlike.steps.kernels import (
    dq_init,
    ipc,
    jump,
    ramp_fit,
    rows,
    saturation,
    superbias,
)

HERE = Path(__file__).parent
WANTED = {"jump": "<= 0.1", "ramp_fit": "<= 0.2"}


def timed(function, repeats=3, prepare=None):
    """Return the shortest wall time of some calls, in seconds, and the last result."""
    best, result = np.inf, None
    for _ in range(repeats):
        args = prepare() if prepare else ()
        start = time.perf_counter()
        result = function(*args)
        best = min(best, time.perf_counter() - start)
    return best, result


def pass_time(data):
    copy = data.copy()
    return timed(lambda: np.add(copy, 1, out=copy), 7)[0]


class Sloper:
    """The steps in their order, each on what the one before left."""

    def __init__(self, arrays):
        self.arrays = arrays
        self.data, self.groupdq, self.pixeldq = (arrays[k] for k in ("data", "groupdq", "pixeldq"))
        self.threshold, self.refdq = saturation.thresholds(
            arrays["saturation"], np.zeros_like(self.pixeldq)
        )
        self.rules = jump.Rules()
        gain = arrays["gain"]
        noise = ramp_fit.GroupNoise(arrays["readnoise"], gain, 1)
        self.pixels = ramp_fit.Pixel(gain, noise, ramp_fit.no_dark(gain.shape))
        self.timing = ramp_fit.Timing(TIMES["group"], TIMES["frame"])

    def dq_init(self, data, groupdq):
        dq_init.flag_bad_pixels(groupdq, self.pixeldq, self.arrays["mask"])

    def saturation(self, data, groupdq):
        saturation.flag_saturation(
            data, groupdq, self.threshold, self.arrays["bias"], saturation.Rules()
        )

    def ipc(self, data, groupdq):
        ipc.correct_ipc(data, self.arrays["ipc"], ipc.science_area(data.shape[2:]))

    def superbias(self, data, groupdq):
        superbias.subtract_bias(data, self.arrays["bias"])

    def jump(self, data, groupdq):
        jump.flag_bad_gain(self.pixeldq, self.arrays["gain"])
        jump.flag_jumps(data, groupdq, self.arrays["gain"], self.arrays["readnoise"], self.rules)

    def ramp_fit(self, data, groupdq):
        exposure = (data, groupdq, self.pixeldq)
        self.rate, _ = ramp_fit.fit_ramps(exposure, self.pixels, self.timing, want_ints=False)

    STEPS = ("dq_init", "saturation", "ipc", "superbias", "jump", "ramp_fit")


def run_peer(python, before_jump, before_fit, sloper):
    """Run the reference implementation on the same arrays; return its times and differences."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (data, groupdq) in (("jump", before_jump), ("ramp_fit", before_fit)):
            np.save(Path(folder) / f"{name}_data.npy", data)
            np.save(Path(folder) / f"{name}_groupdq.npy", groupdq)
        for name in ("gain", "readnoise"):
            np.save(Path(folder) / f"{name}.npy", sloper.arrays[name])
        np.save(Path(folder) / "pixeldq.npy", sloper.pixeldq)
        command = [python, str(HERE / "peer_steps.py"), folder, json.dumps(TIMES)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"the peer failed:\n{done.stderr[-2000:]}")
        times = json.loads(done.stdout.splitlines()[-1])
        flags = np.load(Path(folder) / "jump_out.npy")
        slopes = np.load(Path(folder) / "ramp_fit_out.npy")
    unequal = int(np.count_nonzero(flags != before_fit[1]))
    close = np.isclose(slopes, sloper.rate.data, rtol=1e-5, atol=1e-6, equal_nan=True)
    return times, unequal, int(np.count_nonzero(~close))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--peer", help="python of the reference implementation")
    parser.add_argument("--results", help="folder to write the figures to")
    options = parser.parse_args()
    rows.limit_threads(options.threads)
    start = time.perf_counter()
    warm = Sloper(make_exposure(size=64))
    for name in Sloper.STEPS:
        getattr(warm, name)(warm.data, warm.groupdq)
    print(f"first calls (compilation or cache): {time.perf_counter() - start:.2f} s")
    sloper = Sloper(make_exposure(size=options.size))
    unit = pass_time(sloper.data)
    print(f"one pass over {sloper.data.nbytes / 2**20:.0f} MiB: {unit * 1e3:.1f} ms")
    figures, before, results = {}, {}, Results("steps")
    for name in Sloper.STEPS:
        if options.peer and name in ("jump", "ramp_fit"):
            before[name] = (sloper.data.copy(), sloper.groupdq.copy())
        given = (sloper.data.copy(), sloper.groupdq.copy())
        function = getattr(sloper, name)
        figures[name], _ = timed(function, prepare=lambda g=given: [a.copy() for a in g])
        function(sloper.data, sloper.groupdq)
        print(f"{name:12s} {figures[name]:7.3f} s {figures[name] / unit:7.1f} passes")
    total = sum(figures[name] for name in Sloper.STEPS)
    if options.peer:
        times, flags, slopes = run_peer(options.peer, before["jump"], before["ramp_fit"], sloper)
        for name, seconds in times.items():
            results.add(f"{name}, warm, against the reference implementation",
                        figures[name], seconds, WANTED[name])  # fmt: skip
        print(f"group flags that differ: {flags}; slopes that differ by more than 1e-5: {slopes}")
    results.add("kernels of the sloper, passes over the cube", total, unit, "<= 200")
    if options.results:
        results.write(options.results)


if __name__ == "__main__":
    main()

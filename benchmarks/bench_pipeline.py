"""The SloperPipeline on the demo exposure: time in passes over the cube, and peak memory.

    python benchmarks/bench_pipeline.py [--demo FOLDER] [--size 2048] [--results FOLDER]

A pass is ``np.add(cube, 1, out=cube)`` over the float32 exposure, one thread, in the same run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from common import Results, best, peak_memory, script

# what `strun sloper.cfg` has imported by its end
IMPORTS = """
import crds, numba
from jwstlike import datamodels, steps
from jwstlike.cli import strun
from jwstlike.stpipe import cmdline
datamodels.open, steps.SloperPipeline
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", default=None, help="folder made by `jwstlike demo`")
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--results", default=None)
    args = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(args.demo or stack.enter_context(tempfile.TemporaryDirectory()))
        if not (folder / "input.fits").exists():
            subprocess.run(
                [script("jwstlike"), "demo", folder, "--size", str(args.size)], check=True
            )
        env = environment(folder)
        results = Results("pipeline")
        # first: a child's peak begins with the size of the process that starts it
        memory_of_strun(folder, env, results)
        time_of_steps(folder, env, results)
        if args.results:
            results.write(args.results)


def environment(folder):
    """Environment variables that ``env.sh`` of a demo sets."""
    shown = subprocess.run(
        ["bash", "-c", ". ./env.sh && env -0"], cwd=folder, check=True, capture_output=True
    ).stdout.decode()
    env = dict(line.partition("=")[::2] for line in shown.split("\0") if "=" in line)
    return {k: v for k, v in env.items() if not k.startswith("STPIPE")}


def time_of_steps(folder, env, results):
    """Run twice in one process on a model in memory; the second run counts."""
    os.environ.update({k: v for k, v in env.items() if k.startswith("CRDS")})
    from jwstlike import datamodels
    from jwstlike.steps import SloperPipeline

    ramp = datamodels.RampModel(datamodels.open(folder / "input.fits"))
    one_pass = time_of_pass(ramp.data.copy())
    for _ in range(2):
        pipeline = SloperPipeline(steps={"saturation": {"skip": False}}, save_results=False)
        pipeline.run(ramp)
    rows = [s for s in pipeline.run_record["steps"] if s["name"] in pipeline.step_defs]
    rows = [row for row in rows if row["status"] == "COMPLETE"]
    for row in rows:
        results.add(row["name"], row["wall_s"], one_pass, "passes")
    total = sum(row["wall_s"] for row in rows)
    results.add("the whole sloper, warm, without reading and writing", total, one_pass, "<= 200")


def time_of_pass(cube):
    """Seconds of one pass over an array."""
    return best(lambda: np.add(cube, 1, out=cube), repeat=9)


def memory_of_strun(folder, env, results):
    """Peak of the whole ``strun`` above that of its imports, per float32 exposure."""
    _, imports = peak_memory([sys.executable, "-c", IMPORTS], env=env)
    code, peak = peak_memory([script("strun"), "sloper.cfg", "input.fits"], cwd=folder, env=env)
    if code:
        raise SystemExit(f"strun ended with {code}")
    from jwstlike import datamodels

    size = np.prod(datamodels.open(folder / "input.fits").shape) * 4
    results.add("peak memory of strun above its imports", (peak - imports) / 1e6, size / 1e6,
                "<= 2.8", "MB")  # fmt: skip
    record = json.loads((folder / "myimage.run.json").read_text())
    print(f"wall time of that run {record['wall_s']:.2f} s")


if __name__ == "__main__":
    main()

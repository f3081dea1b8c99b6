"""What the benchmarks share: fair timing of pairs, peak memory of a process, tables of ratios."""

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path


def best(function, repeat=5, number=1):
    """Shortest time of one call, in seconds."""
    times = []
    for _ in range(repeat):
        gc.collect()
        start = time.perf_counter()
        for _ in range(number):
            function()
        times.append((time.perf_counter() - start) / number)
    return min(times)


def pair(ours, floor, repeat=7):
    """Time two functions by turns; return the medians, in seconds."""
    times = ([], [])
    ours(), floor()
    for _ in range(repeat):
        for function, kept in zip((ours, floor), times, strict=True):
            start = time.perf_counter()
            function()
            kept.append(time.perf_counter() - start)
    return tuple(map(statistics.median, times))


def command(*args, cwd=None, env=None):
    """Return a function that runs a command and fails if it fails."""

    def run():
        subprocess.run(
            list(map(str, args)), check=True, cwd=cwd, env=env, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    return run


def script(name):
    """Path of a console script of this environment."""
    return Path(sys.executable).parent / name


def peak_memory(args, cwd=None, env=None):
    """Run a Python program; return its exit code and peak resident size in bytes."""
    process = subprocess.Popen(
        list(map(str, args)), cwd=cwd, env=env, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024


class Results:
    """Rows of figures, shown as a table and kept as JSON."""

    def __init__(self, title):
        self.title, self.rows = title, []

    def add(self, what, ours, floor, wanted, unit="s"):
        """Add a row: our figure, the floor's or peer's, and the ratio that is wanted."""
        ratio = ours / floor if floor else float("nan")
        row = {"what": what, "ours": ours, "floor": floor, "ratio": ratio, "wanted": wanted}
        self.rows.append(row | {"unit": unit})
        print(f"{what:<58} {ours:>10.4g} {floor:>10.4g} {unit:<3} {ratio:>7.2f} x   {wanted}")

    def write(self, folder):
        """Write the rows as JSON."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.title}.json"
        path.write_text(json.dumps(self.rows, indent=1))

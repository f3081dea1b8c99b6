"""Thousands of damaged files: each gives a model or one clear error, in little time and memory."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

WORKER = Path(__file__).parent / "worker.py"
SMALL = Path(__file__).parents[1] / "data"
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "archival"
WORKERS = 2


def run(first, count, folder, sources):
    """Exercise files in a process of its own; return the lines about those that end badly."""
    folder.mkdir()
    command = [sys.executable, WORKER, first, count, folder, *sources]
    done = subprocess.run(map(str, command), capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or not lines or "done" not in lines[-1]:
        at = (folder / "at").read_text() if (folder / "at").exists() else "the start"
        return [
            *lines,
            {"how": at, "wrong": f"ended with {done.returncode}: {done.stderr[-2000:]}"},
        ]
    assert lines[-1]["done"] == count
    return lines[:-1]


def campaign(first, count, folder, sources):
    """Exercise `count` files in several processes."""
    share = count // WORKERS
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [
            pool.submit(run, first + n * share, share, folder / str(n), sources)
            for n in range(WORKERS)
        ]
        return [line for job in jobs for line in job.result()]


def test_five_hundred_damaged_files_give_a_model_or_a_clear_error(tmp_path):
    wrong = campaign(0, 500, tmp_path, [SMALL / "fits", SMALL / "asdf"])
    assert not wrong, "\n".join(map(str, wrong[:10]))


@pytest.mark.soak
def test_ten_thousand_damaged_files_give_a_model_or_a_clear_error(tmp_path):
    sources = [SMALL / "fits", SMALL / "asdf", *([SHARED] if SHARED.exists() else [])]
    wrong = campaign(1_000_000, 10_000, tmp_path, sources)
    assert not wrong, f"{len(wrong)} files:\n" + "\n".join(map(str, wrong[:50]))

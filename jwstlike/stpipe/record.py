"""The run record: what a run did, as JSON beside its product."""

import concurrent.futures
import hashlib
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from .. import __version__
from . import crds_client, datamodel, naming

VERSION = 1
LARGE = 2**24  # bytes from which threads are worth it
PACKAGES = ("numpy", "astropy", "asdf", "numba", "crds", "gwcs", "scipy")


def peak_rss_mb():
    """Largest resident size of the process so far, in MB (2**20 bytes)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def digest(path, kinds=("sha256",)):
    """Return size and hex digests of a file; empty when it cannot be read."""
    sums = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
    try:
        with Path(path).open("rb") as stream:
            while block := stream.read(2**20):
                for one in sums.values():
                    one.update(block)
            size = stream.tell()
    except OSError:
        return {}
    return {"size": size, **{kind: one.hexdigest() for kind, one in sums.items()}}


def digests(jobs):
    """Return `digest` of each (path, kinds); large files are read by several threads."""
    size = sum(Path(path).stat().st_size for path, _ in jobs if Path(path).is_file())
    if size < LARGE:
        return [digest(*job) for job in jobs]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda job: digest(*job), jobs))


def versions():
    """Versions of this package and of those loaded that matter for numbers."""
    found = {"jwstlike": __version__}
    for name in PACKAGES:
        version = getattr(sys.modules.get(name), "__version__", None)
        if version:
            found[name] = str(version)
    return found


def platform_text():
    """Python and system, without the machine's name."""
    system = f"{os.uname().sysname} {os.uname().machine}" if hasattr(os, "uname") else sys.platform
    return f"Python {sys.version.split()[0]}, {system}"


def plain(value):
    """Return a value that JSON can hold."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else repr(value)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(v) for v in value]
    return datamodel.describe(value)


class StepEntry:
    """Clock and outcome of one step of a run."""

    def __init__(self, step):
        self.row = {
            "name": step.name,
            "class": f"{type(step).__module__}.{type(step).__qualname__}",
            "status": "NOT_RUN",
            "reason": None,
            "wall_s": None,
            "peak_rss_mb": None,
            "key": None,
            "checkpoint": None,
            "hooks": [],
        }
        self._started = None

    def start(self):
        """Start the clock."""
        self._started = time.perf_counter()

    def finish(self, status, reason=None):
        """Stop the clock and note the outcome."""
        self.row["status"] = status
        self.row["reason"] = reason
        self.row["wall_s"] = round(time.perf_counter() - self._started, 6)
        self.row["peak_rss_mb"] = peak_rss_mb()


class RunRecord:
    """Collects the facts of a run; `finish` makes the dict, `write` the file."""

    def __init__(self, step, argv=None, contexts=None):
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self._started = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.step, self.argv = step, argv
        self.inputs, self.outputs = [], []
        self.references, self.entries, self.warnings = {}, {}, []
        self.contexts = {} if contexts is None else contexts

    def entry(self, step):
        """Return the entry of a step, a new one when it runs again."""
        new = StepEntry(step)
        self.entries.setdefault(step.qualified_name, []).append(new)
        return new

    def _steps(self):
        """Rows of all sub-steps, those that did not run in their place."""
        rows = []
        seen = set()

        def walk(step):
            for name in step.step_defs or ():
                sub = getattr(step, name)
                walk(sub)
                seen.add(sub.qualified_name)
                ran = self.entries.get(sub.qualified_name) or [StepEntry(sub)]
                rows.extend(entry.row for entry in ran)

        walk(self.step)
        rows += [
            e.row for name, entries in self.entries.items() if name not in seen for e in entries
        ]
        return rows

    def short(self):
        """One line for the product: who made it and what each step did."""
        groups = {}
        for row in self._steps():
            if row["status"] != "NOT_RUN":
                reason = f" ({row['reason']})" if row["reason"] else ""
                groups.setdefault(row["status"], []).append(row["name"] + reason)
        done = "; ".join(f"{status}: {', '.join(names)}" for status, names in groups.items())
        return f"jwstlike {__version__} {type(self.step).__name__}" + (f", {done}" if done else "")

    def finish(self, status, exit_code=0, reason=None):
        """Return the whole record as a dict.

        Parameters
        ----------
        status : str
            COMPLETE, SKIPPED, FAILED.
        """
        step = self.step
        files = [(path, ("sha256",)) for path in (*self.inputs, *self.outputs)]
        rows = [{"path": path} for path, _ in files]
        references = {kind: _reference(found) for kind, found in self.references.items()}
        for row in references.values():
            if row["source"] != "model" and row["file"] != "N/A":
                files.append((row["file"], ("sha256",) if row["sha1"] else ("sha256", "sha1")))
                rows.append(row)
        for row, sums in zip(rows, digests(files), strict=True):
            row.update(sums)
        record = {
            "version": VERSION,
            "class": f"{type(step).__module__}.{type(step).__qualname__}",
            "name": step.name,
            "argv": self.argv,
            "status": status,
            "reason": reason,
            "exit_code": exit_code,
            "started": self._started,
            "wall_s": round(time.perf_counter() - self._wall, 6),
            "cpu_s": round(time.process_time() - self._cpu, 6),
            "peak_rss_mb": peak_rss_mb(),
            "packages": versions(),
            "platform": platform_text(),
            "inputs": rows[: len(self.inputs)],
            "outputs": rows[len(self.inputs) : len(self.inputs) + len(self.outputs)],
            "parameters": {
                key: {"value": plain(value), "source": source, "detail": detail}
                for key, (value, source, detail) in step.parameter_sources().items()
            },
            "references": references,
            "crds": self._crds(),
            "steps": self._steps(),
            "warnings": self.warnings,
            "resumed_from": None,
        }
        return record

    def _crds(self):
        context = next(iter(self.contexts.values()), None)
        return {
            "server": getattr(context, "server", None),
            "context": getattr(context, "name", None),
            "context_source": getattr(context, "source", None),
            "version": crds_client.get_svn_version() if context else None,
        }


def _reference(found):
    """Row of one reference: chosen by the reference-file system, or the text of an override."""
    row = {"file": None, "sha256": None, "sha1": None, "size": None, "source": "override"}
    if not isinstance(found, str):
        row.update(file=found.path, sha1=found.sha1, size=found.size, source="crds")
    elif found.startswith("override://"):
        row.update(file=found, source="model")
    else:
        row["file"] = found
    return row


def write(record, folder, product):
    """Write a record beside its product, whole or not at all; return its path."""
    path = Path(folder) / naming.record_name(product)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".run-", suffix=".json", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(record, stream, indent=1)
            stream.write("\n")
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return str(path)


def _umask():
    mask = os.umask(0o022)
    os.umask(mask)
    return mask

"""`read_table`: metadata of many files as one table, from their headers alone."""

import glob
import os
import pickle
import re
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

from ..errors import JwstlikeWarning
from . import util, validate
from .casting import is_array
from .list_node import ListNode
from .quiet import quiet
from .sources import is_address
from .trees import is_absent

SAMPLE = 50  # files read before it is decided whether more workers pay
PAYS = 2.0  # seconds of work left from which on they do
WAITING = 16  # threads where the time goes into waiting for the disk or the network
NAMED = 3  # unreadable files named in the warning
KEYWORD = re.compile(r"[A-Z0-9_-]{1,8}")
TITLE = re.compile(r"(?:\[([^\]]+)\] )?(.*)", re.DOTALL)  # of a schema: unit and words
FILENAME = "filename"


def read_table(paths, keys, jobs=None):
    """Read metadata of many files into one table; no array is read.

    Parameters
    ----------
    paths : str, Path or iterable of them
        FITS and ASDF files; a name with ``*``, ``?`` or ``[`` stands for all files that match
        (``**``: in folders below as well), sorted.
    keys : str or list of str
        Dotted paths (``"meta.instrument.name"``) and FITS keywords (``"INSTRUME"``: of the
        primary HDU, else of the first that has it).
    jobs : int, optional
        Number of processes; default: as many as pay. One process reads some thousand files a
        second from a warm disk; where reading means waiting, threads read side by side.

    Returns
    -------
    astropy.table.Table
        A column ``filename``, then one per key, missing values masked. The rows are in the order
        of `paths`; those of files that cannot be read are masked, and a `JwstlikeWarning` names
        them. Description and unit of a column are those that the schema of the first file tells.

    Raises
    ------
    ValueError
        If a key names an array, no file matches a pattern, or `jobs` is less than 1.

    Examples
    --------
    >>> from jwstlike import datamodels
    >>> datamodels.read_table([], ["meta.exposure.type", "NGROUPS"]).colnames
    ['filename', 'meta.exposure.type', 'NGROUPS']
    """
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    paths = [path for p in paths for path in _matching(os.fspath(p))]
    keys = [keys] if isinstance(keys, str) else keys
    keys = [key for key in dict.fromkeys(keys) if key != FILENAME]
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs={jobs}: must be at least 1")
    with quiet():
        rows = _read_all(paths, keys, jobs)
    failed = [(path, row) for path, row in zip(paths, rows, strict=True) if isinstance(row, str)]
    if failed:
        _warn(failed)
    table = _table(paths, keys, rows)
    _describe(table, paths, keys, rows)
    return table


def _matching(path):
    """Return the files that a pattern matches; a path that is none, or that exists, as it is."""
    if not glob.has_magic(path) or is_address(path) or os.path.exists(path):  # noqa: PTH110 - as text
        return [path]
    found = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - as text
    if not found:
        raise ValueError(f"{path}: no file matches")
    return found


# ---------------------------------------------------------------- reading


def _read_all(paths, keys, jobs):
    """Return a row per file: its values, or a text that says why there are none."""
    if jobs is not None and jobs > 1 and len(paths) > 1:
        return _by_processes(paths, keys, min(jobs, len(paths)))
    if jobs == 1:
        return read_rows(paths, keys)
    start, cpu = time.perf_counter(), time.process_time()
    rows = read_rows(paths[:SAMPLE], keys)
    start, cpu = time.perf_counter() - start, time.process_time() - cpu
    rest = paths[SAMPLE:]
    if start * len(rest) / SAMPLE < PAYS:
        return rows + read_rows(rest, keys)
    if cpu < start / 2:
        return rows + _by_threads(rest, keys)
    return rows + _by_processes(rest, keys, _free_processors())


def _free_processors():
    """Processors that others leave to us."""
    known = hasattr(os, "sched_getaffinity")
    count = len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
    return max(1, round(count - max(0, busy - 1)))  # one of the busy ones is this process


def read_rows(paths, keys):
    """Return the values of `keys` of each file, or a text where a file cannot be read."""
    return [_read_row(path, keys) for path in paths]


def _read_row(path, keys):
    try:
        model = util.open(path, validate="off")
        if not hasattr(model, "_tree"):
            return f"{path}: is an association, not a data file; give its members"
        return [_value(model, key) for key in keys]
    except _ArrayKeyError:
        raise
    except Exception as error:  # whatever a damaged file does, the others have their turn
        return str(error) or type(error).__name__


class _ArrayKeyError(ValueError):
    """A key names an array."""


def _value(model, key):
    if KEYWORD.fullmatch(key):
        return _by_keyword(model, key)
    return _at(model, key)


def _by_keyword(model, keyword):
    index = getattr(model._reader, "index", None)
    if index is None:
        values = (_at(model, path) for path in model.find_fits_keyword(keyword))
        return next((v for v in values if v is not None), None)
    return next((hdu.get(keyword) for hdu in index if keyword in hdu), None)


def _at(model, path):
    """Value at a dotted path, None if it is absent; defaults of the schema do not count."""
    *above, name = path.split(".")
    node = model
    try:
        for key in above:
            node = node[int(key)] if isinstance(node, ListNode) else node._step(key)
        if isinstance(node, ListNode):
            return getattr(node[int(name)], "instance", node[int(name)])
        value = node._tree.get(name)
        if value is None:
            value = model._fetch(node, name, node._spec_of(name))
    except (AttributeError, IndexError, ValueError):
        return None
    if is_array(value):
        raise _ArrayKeyError(f"{path!r} is an array; give paths of single values")
    return None if is_absent(value) else value


def _by_threads(paths, keys):
    with ThreadPoolExecutor(WAITING) as pool:
        return list(pool.map(lambda path: _read_row(path, keys), paths))


# Processes of our own making: those of `multiprocessing` run the caller's script again, or fork
# a process that may have threads.
WORKER = (
    "import sys, pickle; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from jwstlike.datamodels.metadata_table import work; work()"
)


def _by_processes(paths, keys, jobs):
    if jobs < 2 or not sys.executable:
        return read_rows(paths, keys)
    shares = [paths[n::jobs] for n in range(jobs)]
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda share: _ask(share, keys), shares))
    rows = [None] * len(paths)
    for n, result in enumerate(results):
        rows[n::jobs] = result
    return rows


def _ask(paths, keys):
    """Let a process read some files; if it does not answer, read them here."""
    message = pickle.dumps(sys.path) + pickle.dumps((paths, keys))
    done = subprocess.run(
        [sys.executable, "-c", WORKER], input=message, capture_output=True, check=False
    )
    if done.returncode:
        return read_rows(paths, keys)
    return pickle.loads(done.stdout)


def work():
    """Read what the standard input asks for and answer on the standard output."""
    paths, keys = pickle.load(sys.stdin.buffer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = read_rows(paths, keys)
    sys.stdout.buffer.write(pickle.dumps(rows))


def _warn(failed):
    lines = [f"{text if path in text else f'{path}: {text}'}" for path, text in failed[:NAMED]]
    more = len(failed) - len(lines)
    text = "\n".join(lines + ([f"... and {more} more"] if more else []))
    warnings.warn(
        f"{len(failed)} file{'s' * (len(failed) != 1)} could not be read, the rows are masked:\n"
        f"{text}",
        JwstlikeWarning,
        stacklevel=validate.outside(),
    )


# ---------------------------------------------------------------- the table


def _table(paths, keys, rows):
    from astropy.table import MaskedColumn, Table

    table = Table()
    table[FILENAME] = paths if paths else MaskedColumn([], dtype="U1")
    absent = [None] * len(keys)
    columns = zip(*(absent if isinstance(row, str) else row for row in rows), strict=True)
    for key, values in zip(keys, columns if rows else ([] for _ in keys), strict=True):
        dtype, fill = _type_of(values)
        mask = [v is None for v in values]
        data = [fill if v is None else v for v in values]
        if dtype is str:
            data = list(map(str, data))
        table[key] = MaskedColumn(_as_objects(data) if dtype is object else data, mask=mask,
                                  dtype=None if dtype is str and data else dtype)  # fmt: skip
    return table


def _describe(table, paths, keys, rows):
    """Give the columns title and unit of the schema of the first file that could be read."""
    readable = (p for p, row in zip(paths, rows, strict=True) if not isinstance(row, str))
    first = next(readable, None)
    if first is None:
        return
    with quiet():
        model = util.open(first, validate="off")
    for key in keys:
        names = model.find_fits_keyword(key) if KEYWORD.fullmatch(key) else [key]
        spec = model._table.find(names[0].split(".")) if names else None
        unit, title = TITLE.fullmatch((spec and spec.title) or "").groups()
        table[key].description = title or None
        if unit and table[key].dtype.kind in "iuf":
            table[key].unit = unit


def _as_objects(values):
    import numpy as np

    made = np.empty(len(values), object)
    made[:] = values
    return made


def _type_of(values):
    """Type of a column and what stands in masked cells."""
    kinds = {type(v) for v in values if v is not None}
    if kinds == {int} and all(abs(v) < 2**63 for v in values if v is not None):
        return int, 0
    for wanted, dtype, fill in (
        ({bool}, bool, False),
        ({int, float}, float, float("nan")),
        ({int, float, complex}, complex, 0j),
    ):
        if kinds <= wanted:
            return (dtype, fill) if kinds else (str, "")
    if not any(issubclass(k, (list, dict, tuple)) for k in kinds):
        return str, ""
    return object, None


__all__ = ["read_rows", "read_table", "work"]

"""Findings of a comparison, and how values, arrays, tables and trees are compared."""

import math
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from . import compare_arrays
from .casting import is_array
from .outline import one_line

ABSENT = type("Absent", (), {"__repr__": lambda self: "absent"})()
LONGEST = 60
NUMBER = (int, float, complex)
BOOKKEEPING = ("history", "asdf_library", "_fits_hash")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two files differ.

    Attributes
    ----------
    kind : str
        ``card``, ``value``, ``hdu``, ``array``, ``column``, or ``unreadable`` for data that could
        not be compared.
    place : str
        HDU: ``SCI,1``; empty outside FITS.
    keyword : str
    path : str
        Dotted path in the model, as far as it has one.
    what : str
        In words.
    a, b : object
        The two values; None where one is absent.
    numbers : dict
        Of arrays: ``size``, ``differing``, ``largest``, ``where``, ``one_nan``.
    """

    kind: str
    place: str
    keyword: str
    path: str
    what: str
    a: object = None
    b: object = None
    numbers: dict = field(default_factory=dict)

    def __str__(self):
        where = " ".join(filter(None, (self.place, self.keyword)))
        path = f"({self.path})" if where and self.path else self.path
        return f"{' '.join(filter(None, (where, path)))}: {self.what}"


class Differences(list):
    """All differences; empty when two files are the same.

    Attributes
    ----------
    cards, values, arrays : int
        How many of each were compared.
    """

    def __init__(self, found=()):
        super().__init__(found)
        self.cards = self.values = self.arrays = 0

    def __str__(self):
        return "\n".join(map(str, self)) or "no differences"


@dataclass(frozen=True, slots=True)
class Rules:
    """How to compare, and what to leave out."""

    rtol: float = 0.0
    atol: float = 0.0
    ignore: tuple = ()
    ignore_keywords: tuple = ()

    def leaves_out(self, path, keyword=""):
        """Whether a path or a keyword is not to be compared."""
        if keyword and any(fnmatchcase(keyword, k.upper()) for k in self.ignore_keywords):
            return True
        return bool(path) and any(
            fnmatchcase(path, rule) or path.startswith(rule + ".") for rule in self.ignore
        )

    def same(self, a, b):
        """Whether two values are the same: NaN as NaN, 3 as 3.0, numbers within the tolerance."""
        if isinstance(a, bool) != isinstance(b, bool):
            return False
        if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
            return len(a) == len(b) and all(map(self.same, a, b))
        if isinstance(a, dict) and isinstance(b, dict):
            return a.keys() == b.keys() and all(self.same(v, b[k]) for k, v in a.items())
        if isinstance(a, NUMBER) and isinstance(b, NUMBER):
            return self._same_number(a, b)
        try:
            return bool(a == b)
        except (TypeError, ValueError):
            return False

    def _same_number(self, a, b):
        if a == b or (a != a and b != b):  # noqa: PLR0124 - NaN
            return True
        gap = abs(a - b)
        return math.isfinite(gap) and gap <= self.atol + self.rtol * abs(b)


# ---------------------------------------------------------------- values


def shown(value):
    """Return a value as it is shown: on one line, not too long."""
    text = repr(value) if isinstance(value, str) else one_line(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def compare_values(where, a, b, rules, found):
    """Compare two values that are no arrays; `where` is (kind, place, keyword, path)."""
    if a is ABSENT or b is ABSENT:
        value, side = (b, "second") if a is ABSENT else (a, "first")
        what = f"only in the {side}: {shown(value)}"
    elif rules.same(a, b):
        return
    else:
        what = f"{shown(a)} | {shown(b)}"
    known = (None if x is ABSENT else x for x in (a, b))
    found.append(Difference(*where, what, *known))


# ---------------------------------------------------------------- arrays


def compare_data(where, a, b, rules, found):
    """Compare two arrays, lazy or not; `where` is (place, path)."""
    found.arrays += 1
    try:
        _compare_readable(where, a, b, rules, found)
    except OSError as error:
        if not compare_arrays.same_bytes(a, b):
            place, path = where
            found.append(Difference("unreadable", place, "", path, f"cannot be compared: {error}"))


def _compare_readable(where, a, b, rules, found):
    place, path = where
    tables = [x.dtype.names is not None for x in (a, b)]
    if tables[0] != tables[1]:
        words = " | ".join("table" if t else "image" for t in tables)
        found.append(Difference("array", place, "", path, words))
        return
    if tuple(a.shape) != tuple(b.shape):
        shapes = [tuple(map(int, x.shape)) for x in (a, b)]
        what = f"shape {shapes[0]} | {shapes[1]}"
        found.append(Difference("array", place, "", path, what, *map(list, shapes)))
        return
    if tables[0]:
        _compare_tables(where, compare_arrays.whole(a), compare_arrays.whole(b), rules, found)
        return
    _compare_types("array", (place, "", path), a.dtype, b.dtype, found)
    tally = compare_arrays.compare(a, b, rules.rtol, rules.atol)
    _report(("array", place, "", path), tally, "pixels", found)


def _compare_types(kind, where, a, b, found):
    a, b = (x.newbyteorder("=") for x in (a, b))
    if a != b and not (a.kind in "SU" and b.kind in "SU"):
        found.append(Difference(kind, *where, f"type {a} | {b}", str(a), str(b)))


def _compare_tables(where, a, b, rules, found):
    place, path = where
    names = [{n.lower(): n for n in x.dtype.names} for x in (a, b)]
    for key in dict.fromkeys([*names[0], *names[1]]):
        mine = [n.get(key) for n in names]
        at = (place, f"column {mine[0] or mine[1]}", path)
        if None in mine:
            side = "second" if mine[0] is None else "first"
            found.append(Difference("column", *at, f"only in the {side}", *mine))
            continue
        x, y = map(compare_arrays.with_none, (a[mine[0]], b[mine[1]]))
        if x.dtype.kind == "O" or y.dtype.kind == "O":
            tally = compare_arrays.compare_objects(x, y)
        elif x.shape != y.shape:
            what = f"cells of shape {x.shape[1:]} | {y.shape[1:]}"
            found.append(Difference("column", *at, what, list(x.shape[1:]), list(y.shape[1:])))
            continue
        else:
            _compare_types("column", at, x.dtype, y.dtype, found)
            tally = compare_arrays.compare(x, y, rules.rtol, rules.atol)
        _report(("column", *at), tally, "cells", found)


def _report(where, tally, noun, found):
    if not tally.differing:
        return
    what = f"{tally.differing} of {tally.size} {noun} differ"
    if tally.one_nan:
        what += f", {tally.one_nan} of them NaN in only one"
    if tally.largest is not None:
        what += f"; largest difference {tally.largest:.6g}"
    if tally.where is not None:
        what += f" at {list(tally.where)}"
    if tally.values:
        what += f": {shown(tally.values[0])} | {shown(tally.values[1])}"
    numbers = {
        "size": tally.size, "differing": tally.differing, "largest": tally.largest,
        "where": None if tally.where is None else list(tally.where), "one_nan": tally.one_nan,
    }  # fmt: skip
    values = tally.values or (None, None)
    found.append(Difference(*where, what, *values, numbers))


# ---------------------------------------------------------------- trees


def compare_trees(a, b, rules, found, table=None, prefix=()):
    """Compare two trees path by path; the keyword of a path is told where the schema has one."""
    first, second = flat(a, prefix), flat(b, prefix)
    for path in dict.fromkeys([*first, *second]):
        dotted = ".".join(map(str, path))
        spec = None if table is None else table.find(path)
        keyword = (spec.keyword if spec is not None else None) or ""
        if rules.leaves_out(dotted, keyword):
            continue
        x, y = first.get(path, ABSENT), second.get(path, ABSENT)
        if is_array(x) and is_array(y):
            compare_data(("", dotted), x, y, rules, found)
        elif is_array(x) or is_array(y):
            side = "first" if is_array(x) else "second"
            found.append(Difference("array", "", "", dotted, f"only in the {side}"))
        else:
            found.values += 1
            place = spec.hdu if keyword else ""
            compare_values(("value", place, keyword, dotted), x, y, rules, found)


def flat(value, path=()):
    """Return {path: value} of all leaves; lists of plain values and of cards are leaves."""
    if isinstance(value, dict):
        pairs = [(k, v) for k, v in value.items() if v is not None]
        if not path:
            pairs = [(k, v) for k, v in pairs if k not in BOOKKEEPING]
    elif isinstance(value, list) and _is_header(value):
        return _cards(value, path)
    elif isinstance(value, list) and any(map(_is_branch, value)):
        pairs = enumerate(value)
    else:
        return {path: value}
    made = {}
    for key, child in pairs:
        made.update(flat(child, (*path, key)))
    return made


def _is_branch(value):
    return isinstance(value, (dict, list)) or is_array(value)


def _is_header(value):
    return bool(value) and all(
        isinstance(v, (list, tuple)) and len(v) == 3 and isinstance(v[0], str) for v in value
    )


def _cards(header, path):
    """Cards of ``extra_fits`` by keyword, comments left out; repeated ones as a list."""
    values = {}
    for keyword, value, _ in header:
        values.setdefault(keyword, []).append(value)
    return {(*path, k): v[0] if len(v) == 1 else v for k, v in values.items()}


def compare_history(first, second, rules, found):
    """Compare the history of two models, entry by entry, without their times."""
    if rules.leaves_out("history", "HISTORY"):
        return
    a, b = ([str(entry) for entry in m.history] for m in (first, second))
    for number in range(max(len(a), len(b))):
        x, y = (h[number] if number < len(h) else ABSENT for h in (a, b))
        where = ("value", "", "HISTORY", f"history.{number}")
        found.values += 1
        compare_values(where, x, y, rules, found)

"""Check values against compiled schemas; findings, reports and what is done about them."""

import math
import re
import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from ..errors import NoTypeWarning, ValidationWarning
from . import exceptions
from .bindings import ITEM, PRIMARY, Table
from .casting import is_array, is_lazy
from .table_array import as_table
from .walk import Walk, not_known

__all__ = ["Finding", "NoTypeWarning", "Report", "ValidationWarning", "value_change"]

LONGEST_WARNING = 2000


PLACE = re.compile(r"(?P<file>.*?)(?:\[(?P<hdu>[^\[\]]*)\](?: (?P<keyword>\S+))?)?")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not follow the schema, or looks as if it should be otherwise.

    Attributes
    ----------
    path : str
        ``meta.instrument.name``.
    value : object
        What was found.
    expected : str
        What is allowed, as a phrase.
    place : str
        ``file[HDU,ver] KEYWORD``, as far as known.
    done : str
        What was done about it: "kept", "not stored" or "".
    severity : str
        "error" or "warning".
    hint : bool
        Whether it is allowed and only looks like a mistake: no error in any mode.
    """

    path: str
    value: object
    expected: str
    place: str = ""
    done: str = ""
    severity: str = "error"
    hint: bool = False

    def __str__(self):
        where = _joined(self.place, self.path)
        shown = "" if self.value is None else f"{self.value!r} "
        if len(shown) > 80:
            shown = shown[:76] + "... "
        return f"{where}: {shown}{self.expected}" + (f"; {self.done}" if self.done else "")

    def as_dict(self):
        """Return all that is known as plain values, ready for JSON."""
        parts = PLACE.fullmatch(self.place).groupdict() if self.place else {}
        return {
            "severity": self.severity,
            "file": parts.get("file"),
            "hdu": parts.get("hdu"),
            "keyword": parts.get("keyword"),
            "place": self.place,
            "path": self.path,
            "value": _for_json(self.value),
            "expected": self.expected,
            "done": self.done,
            "text": str(self),
        }


def _joined(place, path):
    """``a.fits[SCI] BUNIT (meta.bunit)``, or as much of it as there is."""
    return f"{place} ({path})" if place and path else place or path or "the model"


def _for_json(value):
    if isinstance(value, dict):
        return {str(k): _for_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_for_json(v) for v in value]
    if isinstance(value, np.generic):
        return _for_json(value.item())
    known = value is None or isinstance(value, (str, int))
    known = known or (isinstance(value, float) and math.isfinite(value))
    return value if known else str(value)


class Report(list):
    """The findings of one check; falsy when all is well."""

    def __str__(self):
        return "\n".join(map(str, self)) or "valid"

    @property
    def errors(self):
        """The findings of severity "error"."""
        return [f for f in self if f.severity == "error"]

    @property
    def warnings(self):
        """The findings of severity "warning"."""
        return [f for f in self if f.severity == "warning"]

    def as_dicts(self):
        """Return the findings as a list of dicts of plain values, ready for JSON."""
        return [finding.as_dict() for finding in self]


# ---------------------------------------------------------------- places


def place_of(model, path, spec=None):
    """``file[HDU,ver] KEYWORD`` of a path of names and indices, as far as it is known."""
    spec = spec or model._table.find(path)
    if spec is None or not spec.hdu:
        name = model._place()
        return "" if name == type(model).__name__ else name
    number = next((n for n in path if isinstance(n, int)), None)
    return f"{model._place()}[{_hdu_name(spec, number)}]" + (
        f" {spec.keyword}" if spec.keyword else ""
    )


def _hdu_name(spec, number):
    """EXTNAME of a `Spec`, with the EXTVER of an item of a list."""
    return spec.hdu if number is None or spec.hdu == PRIMARY else f"{spec.hdu},{number + 1}"


def place_in_file(name, spec, extver):
    """``file[HDU,ver] KEYWORD (path)`` of a card that a file has for a `Spec`."""
    number = extver - 1 if ITEM in spec.path else None
    path = dotted(number if part == ITEM else part for part in spec.path)
    return _joined(f"{name}[{_hdu_name(spec, number)}] {spec.keyword}", path)


def place_with_path(model, path, spec=None):
    """``file[HDU,ver] KEYWORD (path)`` of a path of names and indices."""
    return _joined(place_of(model, path, spec), dotted(path))


# ---------------------------------------------------------------- acting


def dotted(path):
    """``("slits", 0, "name")`` -> ``"slits.0.name"``."""
    return ".".join(map(str, path))


def act(report, model):
    """Warn or raise for the findings of a report, by the model's mode.

    Raises
    ------
    ValidationError
        With `strict_validation`, naming all findings that are no hints.
    """
    if not report or model._mode == "off":
        return
    refused = Report(f for f in report if not f.hint)
    if refused and model._strict_validation:
        raise validation_error(refused)
    warn(str(report))


_lines = ContextVar("lines of warnings that wait for the end of an act", default=None)


def warn(text, category=ValidationWarning):
    """Emit a warning at the first caller outside the package."""
    waiting = _lines.get()
    if waiting is not None:
        waiting.append(text)
        return
    if len(text) > LONGEST_WARNING:
        text = f"{text[:LONGEST_WARNING]} ... ({text.count(chr(10)) + 1} lines)"
    warnings.warn(text, category, stacklevel=outside())


@contextmanager
def collected():
    """Give the list of all that is warned of in the ``with`` block; no warning comes."""
    token = _lines.set([])
    try:
        yield _lines.get()
    finally:
        _lines.reset(token)


@contextmanager
def gathered():
    """Let all that is warned of in the ``with`` block come as one warning at its end.

    An odd file may give occasion for hundreds.
    """
    if _lines.get() is not None:
        yield
        return
    with collected() as lines:
        yield
    if lines:
        warn("\n".join(dict.fromkeys(lines)))


@contextmanager
def once(told):
    """Let only those warnings of the ``with`` block pass that are not in the set `told` yet."""
    with collected() as lines:
        yield
    lines = [text for text in dict.fromkeys(lines) if text not in told]
    told.update(lines)
    for text in lines:
        warn(text)


INSIDE = ("jwstlike.", "contextlib", "functools")  # the frames of ``with`` blocks as well


def outside():
    """Stack level of the first caller outside this package, for warnings."""
    frame, level = sys._getframe(1), 1
    while frame is not None and frame.f_globals.get("__name__", "").startswith(INSIDE):
        frame, level = frame.f_back, level + 1
    return level


def __getattr__(name):
    if name != "ValidationError":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return exceptions.ValidationError


def validation_error(report):
    """Make the `ValidationError` for the findings of a report."""
    return exceptions.ValidationError("\n".join(map(str, report)), report)


def value_change(path, value, schema, ctx):
    """Check one assignment; warn or raise if it is invalid.

    Parameters
    ----------
    path : tuple, list or str
        Names and indices; as str with dots.
    value : object
    schema : Spec or dict
    ctx : DataModel

    Returns
    -------
    bool
        Whether the value is to be stored.

    Raises
    ------
    ValidationError
        With `strict_validation`.
    """
    if schema is None or not ctx._validate_on_assignment or ctx._mode == "off":
        return True
    if isinstance(schema, dict):
        schema = Table(schema).root
        path = tuple(path.split(".") if isinstance(path, str) else path)
    walk = Walk(ctx._validate_arrays)
    walk.look(schema, value, path)
    for wrong, meant in () if ctx._guessed else walk.unknown:
        warn_unknown(ctx, wrong, meant)
    if not walk.found:
        return True
    keep = bool(ctx._pass_invalid_values)
    done = "kept" if keep else "not stored"
    report = Report(
        Finding(dotted(p), v, phrase, place_of(ctx, p, schema if p == path else None), done)
        for p, v, phrase in walk.found
    )
    act(report, ctx)
    return keep


def warn_unknown(model, path, meant):
    """Warn of a name at `path` that the schema does not have, but nearly; it is stored."""
    if model._mode != "off":
        name = f"{type(model).__name__}.{dotted(path)}"
        warn(f"{name} {not_known(meant)}; it is kept as it is")


def missing_required(path, model):
    """Act on the deletion of a required value; return whether it may go."""
    place = place_of(model, path)
    finding = Finding(dotted(path), None, "is required and cannot be deleted", place)
    act(Report([finding]), model)
    return bool(model._pass_invalid_values)


# ---------------------------------------------------------------- comparing


def equal(a, b):
    """Compare two trees by value; arrays by shape, dtype kind and content, NaN equal to NaN."""
    if a is b:
        return True
    for kind, compare in COMPARERS:
        if isinstance(a, kind) and isinstance(b, kind):
            return compare(a, b)
    if is_array(a) or is_array(b):
        return _equal_arrays(a, b)
    try:
        return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)
    except (ValueError, TypeError):
        return False


def _equal_dicts(a, b):
    a = {k: v for k, v in a.items() if v is not None}
    b = {k: v for k, v in b.items() if v is not None}
    return a.keys() == b.keys() and all(equal(v, b[k]) for k, v in a.items())


COMPARERS = (
    (dict, _equal_dicts),
    ((list, tuple), lambda a, b: len(a) == len(b) and all(map(equal, a, b))),
    (float, lambda a, b: a == b or (math.isnan(a) and math.isnan(b))),
)


def _equal_arrays(a, b):
    try:
        a, b = (x.read() if is_lazy(x) else x if is_array(x) else np.asarray(x) for x in (a, b))
        if tuple(a.shape) != tuple(b.shape) or a.dtype.kind != b.dtype.kind:
            return False
        if a.dtype.names is not None:
            return a.dtype.names == b.dtype.names and _equal_tables(as_table(a), as_table(b))
    except OSError:  # a damaged source
        return False
    return _equal_columns(a, b)


def _equal_tables(a, b):
    """Compare columns; what neither of two tables read of one source is equal."""
    names = [n for n in a.names if a.waits_for(n) is None or a.waits_for(n) != b.waits_for(n)]
    a, b = a.load(names), b.load(names)
    return all(_equal_columns(a[name], b[name]) for name in names)


def _equal_columns(a, b):
    if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
        return False
    if a.dtype.kind == "O":  # cells of variable length
        return all(map(equal, a.ravel(), b.ravel()))
    masks = np.ma.getmaskarray(a), np.ma.getmaskarray(b)
    if np.ma.isMaskedArray(a) or np.ma.isMaskedArray(b):
        if not np.array_equal(*masks):
            return False
        a, b = (np.ma.getdata(x)[~masks[0]] for x in (a, b))
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))

"""Check values against compiled schemas; findings, reports and what is done about them."""

import math
import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from ..errors import NoTypeWarning, ValidationWarning
from .bindings import ARRAY, LIST, OBJECT
from .casting import check_ndim, gentle_asarray, is_array, is_lazy

__all__ = ["Finding", "NoTypeWarning", "Report", "ValidationWarning", "value_change"]

LONGEST_WARNING = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not follow the schema.

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
        What was done about it: "kept", "dropped" or "".
    severity : str
        "error" or "warning".
    """

    path: str
    value: object
    expected: str
    place: str = ""
    done: str = ""
    severity: str = "error"

    def __str__(self):
        where = f"{self.place} ({self.path})" if self.place else self.path or "the model"
        shown = "" if self.value is None else f"{self.value!r} "
        if len(shown) > 80:
            shown = shown[:76] + "... "
        return f"{where}: {shown}{self.expected}" + (f"; {self.done}" if self.done else "")


class Report(list):
    """The findings of one check; falsy when all is well."""

    def __str__(self):
        return "\n".join(map(str, self)) or "valid"

    @property
    def errors(self):
        """The findings of severity "error"."""
        return [f for f in self if f.severity == "error"]


# ---------------------------------------------------------------- finding


def findings(spec, value, path=(), arrays=True):
    """Yield (path, value, phrase) of all that `spec` refuses in `value`, at any depth."""
    if value is None or spec is None or hasattr(value, "_tag"):
        return
    if spec.kind == ARRAY:
        if arrays:
            yield from _array_findings(spec, value, path)
    elif spec.kind == OBJECT and isinstance(value, dict):
        yield from _object_findings(spec, value, path, arrays)
    elif spec.kind == LIST and isinstance(value, (list, tuple)):
        yield from _list_findings(spec, value, path, arrays)
    else:
        problem = spec.check(_as_text(value) if hasattr(value, "to_string") else value)
        if problem is not None:
            yield path, value, problem


def _as_text(value):
    """Return the text that files hold of a unit; anything else as it is."""
    return value.to_string() if hasattr(value, "is_equivalent") else value


def _object_findings(spec, value, path, arrays):
    for name in spec.schema.get("required", ()):
        if value.get(name) is None:
            yield (*path, name), None, "is missing, but required"
    closed = spec.schema.get("additionalProperties") is False
    for name, child in value.items():
        known = spec.children.get(name)
        if known is not None:
            yield from findings(known, child, (*path, name), arrays)
        elif closed and child is not None:
            yield (*path, name), child, "is a name that the schema does not allow here"


def _list_findings(spec, value, path, arrays):
    least, most = spec.schema.get("minItems", 0), spec.schema.get("maxItems")
    if len(value) < least or (most is not None and len(value) > most):
        allowed = f"at least {least}" if len(value) < least else f"at most {most}"
        yield path, value, f"has {len(value)} items, must have {allowed}"
    if spec.item is not None:
        for number, item in enumerate(value):
            yield from findings(spec.item, item, (*path, number), arrays)


def _array_findings(spec, value, path):
    if not is_array(value):
        yield path, value, "is no array"
        return
    if is_lazy(value) and getattr(value, "stored", None) is None:
        return  # a table or an unusual HDU: to look at it would mean to read it
    try:
        check_ndim(value, spec)
        if spec.dtype is not None and value.dtype != spec.dtype:
            gentle_asarray(np.zeros(0, value.dtype), spec.dtype, allow_extra_columns=True)
    except (ValueError, TypeError) as problem:
        yield path, f"array {value.dtype} {tuple(value.shape)}", f"does not fit: {problem}"


# ---------------------------------------------------------------- acting


def dotted(path):
    """``("slits", 0, "name")`` -> ``"slits.0.name"``."""
    return ".".join(map(str, path))


def act(report, model):
    """Warn or raise for the findings of a report, by the model's mode.

    Raises
    ------
    ValidationError
        With `strict_validation`, naming all findings.
    """
    if not report or model._mode == "off":
        return
    if model._strict_validation:
        raise validation_error(report)
    warn(str(report))


_lines = ContextVar("lines of warnings that wait for the end of an act", default=None)


def warn(text):
    """Emit a `ValidationWarning` at the first caller outside the package."""
    waiting = _lines.get()
    if waiting is not None:
        waiting.append(text)
        return
    if len(text) > LONGEST_WARNING:
        text = f"{text[:LONGEST_WARNING]} ... ({text.count(chr(10)) + 1} lines)"
    warnings.warn(text, ValidationWarning, stacklevel=outside())


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


def outside():
    """Stack level of the first caller outside this package, for warnings."""
    frame, level = sys._getframe(1), 1
    while frame is not None and frame.f_globals.get("__name__", "").startswith("jwstlike."):
        frame, level = frame.f_back, level + 1
    return level


def validation_error(report):
    """Make the `ValidationError` for the findings of a report."""
    from .exceptions import ValidationError

    return ValidationError("\n".join(map(str, report)))


def value_change(path, value, schema, ctx):
    """Check one assignment; warn or raise if it is invalid.

    Parameters
    ----------
    path : tuple
        Names and indices.
    value : object
    schema : Spec
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
    found = list(findings(schema, value, path, arrays=ctx._validate_arrays))
    if not found:
        return True
    keep = bool(ctx._pass_invalid_values)
    done = "kept" if keep else "not stored"
    report = Report(Finding(dotted(p), v, phrase, "", done) for p, v, phrase in found)
    act(report, ctx)
    return keep


def missing_required(path, model):
    """Act on the deletion of a required value; return whether it may go."""
    finding = Finding(dotted(path), None, "is required and cannot be deleted")
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
        a = a.read() if is_lazy(a) else np.asanyarray(a)
        b = b.read() if is_lazy(b) else np.asanyarray(b)
    except OSError:  # a damaged source
        return False
    if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
        return False
    if a.dtype.fields is not None:
        return a.dtype.names == b.dtype.names and all(
            _equal_arrays(a[n], b[n]) for n in a.dtype.names
        )
    if a.dtype.kind == "O":  # cells of variable length
        return all(map(equal, a.ravel(), b.ravel()))
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))

"""Check values against compiled schemas; findings, reports and what is done about them."""

import math
import re
import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

import numpy as np

from ..errors import NoTypeWarning, ValidationWarning, did_you_mean
from . import exceptions
from .bindings import ARRAY, LIST, OBJECT, PRIMARY, SCALAR
from .casting import (
    PLAIN,
    cast_read,
    check_ndim,
    gentle_asarray,
    is_array,
    is_lazy,
    missing_columns,
)
from .table_array import as_table

__all__ = ["Finding", "NoTypeWarning", "Report", "ValidationWarning", "value_change"]

LONGEST_WARNING = 2000
NEAR = 0.8  # how alike two names are, from 0 to 1, if one may be meant for the other


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


# ---------------------------------------------------------------- finding


def findings(spec, value, path=(), arrays=True):
    """List (path, value, phrase) of all that `spec` refuses in `value`, at any depth."""
    walk = Walk(arrays)
    walk.look(spec, value, path)
    return walk.found


class Walk:
    """One pass over a tree, or a part of it; nothing is read and nothing changed.

    What several slits share is looked at once.

    Attributes
    ----------
    found : list of tuple
        (path, value, phrase) of all that the schema refuses.
    unknown : list of tuple
        (path, name in the schema) of names that the schema does not have, but nearly.
    """

    __slots__ = ("_arrays", "_clean", "found", "unknown")

    def __init__(self, arrays=True):
        self._arrays = arrays
        self._clean = set()  # ids of (spec, value) with nothing to tell; the tree keeps them alive
        self.found, self.unknown = [], []

    def look(self, spec, value, path=()):
        """Find what `spec` refuses in `value`, at any depth."""
        if value is None or spec is None or spec.loose or hasattr(value, "_tag"):
            return
        if spec.kind == ARRAY:
            if self._arrays:
                self._look_at_array(spec, value, path)
        elif spec.kind == OBJECT and isinstance(value, dict):
            self._look_once(self._look_into_object, spec, value, path)
        elif spec.kind == LIST and isinstance(value, (list, tuple)):
            self._look_once(self._look_into_list, spec, value, path)
        else:
            problem = spec.check(_as_text(value) if hasattr(value, "to_string") else value)
            if problem is not None:
                self.found.append((path, value, problem))

    def _look_once(self, look, spec, value, path):
        key = (id(spec), id(value))
        if key not in self._clean:
            before = len(self.found), len(self.unknown)
            look(spec, value, path)
            if before == (len(self.found), len(self.unknown)):
                self._clean.add(key)

    def _look_at_structure(self, spec, value, path):
        problem = None if spec.structure is None else spec.structure(value)
        if problem is not None:
            self.found.append((path, value if path else None, problem))

    def _look_into_object(self, spec, value, path):
        self._look_at_structure(spec, value, path)
        for name in spec.schema.get("required", ()):
            if value.get(name) is None:
                self.found.append(((*path, name), None, "is missing, but required"))
        children = spec.children
        for name, child in value.items():
            known = children.get(name)
            if known is None:
                if child is not None and children:
                    self._note_unknown(spec, value, (*path, name))
            elif known.kind == SCALAR and type(child) in PLAIN:  # the usual case, with no detour
                problem = known.check(child)
                if problem is not None:
                    self.found.append(((*path, name), child, problem))
            elif child is not None:
                self.look(known, child, (*path, name))

    def _note_unknown(self, spec, value, path):
        if spec.schema.get("additionalProperties") is False:
            phrase = "is a name that the schema does not allow here"
            hint = did_you_mean(path[-1], spec.children)
            self.found.append((path, value[path[-1]], phrase + hint))
            return
        meant = nearest(spec, path[-1])
        if meant is not None and value.get(meant) is None:
            self.unknown.append((path, meant))

    def _look_into_list(self, spec, value, path):
        self._look_at_structure(spec, value, path)
        least, most = spec.schema.get("minItems", 0), spec.schema.get("maxItems")
        if len(value) < least or (most is not None and len(value) > most):
            allowed = f"at least {least}" if len(value) < least else f"at most {most}"
            phrase = f"has {len(value)} items, must have {allowed}"
            self.found.append((path, value, phrase))
        if spec.item is not None:
            for number, item in enumerate(value):
                self.look(spec.item, item, (*path, number))

    def _look_at_array(self, spec, value, path):
        if not is_array(value):
            self.found.append((path, value, "is no array"))
            return
        if is_lazy(value) and getattr(value, "stored", None) is None:
            return  # a table or an unusual HDU: to look at it would mean to read it
        try:
            check_ndim(value, spec)
            self._look_at_dtype(spec, value, path)
        except (ValueError, TypeError) as problem:
            self.found.append((path, Outline.of(value), f"does not fit: {problem}"))

    def _look_at_dtype(self, spec, value, path):
        if spec.dtype is None or value.dtype == spec.dtype:
            return
        if spec.is_table and value.dtype.names is not None:
            missing = missing_columns(value, spec.dtype)
            if missing:
                self.found.append((path, Outline.of(value), no_columns(missing)))
            cast_read(np.zeros(0, value.dtype), spec)
        else:
            gentle_asarray(np.zeros(0, value.dtype), spec.dtype)


def no_columns(names):
    """Say that a table lacks columns."""
    return f"has no column {', '.join(names)}"


class Outline(str):
    """An array in a few words, in the place of a value that is too long to be shown."""

    __slots__ = ()

    @classmethod
    def of(cls, array):
        """Make one: ``float32 array (3, 4)``, ``table of 100 rows``."""
        if array.dtype.names is not None:
            rows = int(array.shape[0]) if array.shape else 1
            return cls(f"table of {rows} row{'s' * (rows != 1)}")
        return cls(f"{array.dtype.name} array {tuple(array.shape)}")

    def __repr__(self):
        return str(self)


@lru_cache(maxsize=4096)
def nearest(spec, name):
    """Return the name of an object's schema that `name` is a slip of, None if it is none.

    A name with a word more or less, as ``p_detector`` beside ``detector``, is another name.
    """
    words = set(str(name).split("_"))
    for known in get_close_matches(str(name), spec.children, n=3, cutoff=NEAR):
        others = set(known.split("_"))
        if not (words < others or others < words):
            return known
    return None


def not_known(meant):
    """Say that a name is not in the schema, but nearly."""
    return f"is not in the schema; did you mean {meant!r}?"


def _as_text(value):
    """Return the text that files hold of a unit; anything else as it is."""
    return value.to_string() if hasattr(value, "is_equivalent") else value


def place_of(model, path, spec=None):
    """``file[HDU,ver] KEYWORD`` of a path of names and indices, as far as it is known."""
    spec = spec or model._table.find(path)
    if spec is None or not spec.hdu:
        name = model._place()
        return "" if name == type(model).__name__ else name
    version = next((f",{n + 1}" for n in path if isinstance(n, int)), "")
    version = "" if spec.hdu == PRIMARY else version
    return f"{model._place()}[{spec.hdu}{version}]" + (f" {spec.keyword}" if spec.keyword else "")


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
    waiting = ((name, a.waits_for(name), b.waits_for(name)) for name in a.names)
    return all(
        (x is not None and x == y) or _equal_columns(a[name], b[name]) for name, x, y in waiting
    )


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

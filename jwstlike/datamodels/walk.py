"""Walk through a tree beside its compiled schema and find what does not follow it."""

from difflib import get_close_matches
from functools import lru_cache

import numpy as np

from ..errors import did_you_mean
from .bindings import ARRAY, LIST, OBJECT, SCALAR
from .casting import (
    PLAIN,
    cast_read,
    check_ndim,
    gentle_asarray,
    is_array,
    is_lazy,
    missing_columns,
)
from .untouched import never

NEAR = 0.8  # how alike two names are, from 0 to 1, if one may be meant for the other


def findings(spec, value, path=(), arrays=True):
    """List (path, value, phrase) of all that `spec` refuses in `value`, at any depth."""
    walk = Walk(arrays)
    walk.look(spec, value, path)
    return walk.found


BELOW = object()  # mark of what may change in place


class Clean:
    """What an object of the tree held when there was nothing to tell of it; no array.

    Attributes
    ----------
    below : list of str
        Names of what may have changed since in itself, and is looked at again.
    """

    __slots__ = ("_marks", "_spec", "below")

    def __init__(self, spec, value):
        self._spec = spec
        self._marks = {name: _mark(child) for name, child in value.items()}
        self.below = [name for name, mark in self._marks.items() if mark is BELOW]

    def describes(self, spec, value):
        """Whether a dict holds the same, but for what is `below`."""
        marks = self._marks
        if spec is not self._spec or len(value) != len(marks):
            return False
        for name, child in value.items():
            mark = marks.get(name, marks)
            if mark is child or (mark is BELOW and child is not None):
                continue
            if type(child) is not np.ndarray or type(mark) is not tuple:
                return False
            if mark != (child.dtype, child.shape):
                return False
        return True


def _mark(child):
    if child is None or type(child) in PLAIN or hasattr(child, "hdu"):  # in a file, not read
        return child
    if type(child) is np.ndarray and child.dtype.names is None:
        return child.dtype, child.shape
    return BELOW


class Walk:
    """One pass over a tree, or a part of it; nothing is read and nothing changed.

    What several slits share is looked at once, and objects that an earlier pass found clean are
    only compared with what they held then.

    Parameters
    ----------
    arrays : bool
        Whether arrays are looked at.
    but : callable
        Given an item of a list and its `Spec`: whether it is left out.
    known : dict, optional
        `clean` of an earlier pass over the same tree.

    Attributes
    ----------
    clean : dict
        (id of a `Spec`, id of a dict or list) -> `Clean`, for those with nothing to tell. Ids only
        help to find them: what holds the same values is as clean.
    found : list of tuple
        (path, value, phrase) of all that the schema refuses.
    unknown : list of tuple
        (path, name in the schema) of names that the schema does not have, but nearly.
    """

    __slots__ = ("_arrays", "_but", "_exact", "_known", "clean", "found", "unknown")

    def __init__(self, arrays=True, but=never, known=None, exact=False):
        self._arrays, self._but, self._known = arrays, but, known
        self._exact = exact  # whether the dtype is to be the schema's, not only one to be cast
        self.clean = {}
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
        if key not in self.clean:
            noted = self._known.get(key) if self._known else None
            if noted is not None and not noted.describes(spec, value):
                noted = None
            before = len(self.found), len(self.unknown)
            look(spec, value, path, noted)
            if before == (len(self.found), len(self.unknown)):
                is_to_note = noted is None and self._known is not None and type(value) is dict
                self.clean[key] = Clean(spec, value) if is_to_note else noted

    def _look_at_structure(self, spec, value, path):
        problem = None if spec.structure is None else spec.structure(value)
        if problem is not None:
            self.found.append((path, value if path else None, problem))

    def _look_into_object(self, spec, value, path, noted):
        self._look_at_structure(spec, value, path)
        for name in spec.schema.get("required", ()):
            if value.get(name) is None:
                self.found.append(((*path, name), None, "is missing, but required"))
        children = spec.children
        pairs = value.items() if noted is None else [(n, value[n]) for n in noted.below]
        for name, child in pairs:
            known = children.get(name)
            if known is None:
                if child is not None:
                    self._note_unknown(spec, value, (*path, name))
            elif known.kind == SCALAR and type(child) in PLAIN:  # the usual case, with no detour
                problem = known.check(child)
                if problem is not None:
                    self.found.append(((*path, name), child, problem))
            elif child is not None:
                self.look(known, child, (*path, name))

    def _note_unknown(self, spec, value, path):
        schema = spec.schema
        if schema.get("additionalProperties") is False and "patternProperties" not in schema:
            phrase = "is a name that the schema does not allow here"
            hint = did_you_mean(path[-1], spec.children)
            self.found.append((path, value[path[-1]], phrase + hint))
            return
        meant = nearest(spec, path[-1])
        if meant is not None and value.get(meant) is None:
            self.unknown.append((path, meant))

    def _look_into_list(self, spec, value, path, _):
        self._look_at_structure(spec, value, path)
        least, most = spec.schema.get("minItems", 0), spec.schema.get("maxItems")
        if len(value) < least or (most is not None and len(value) > most):
            allowed = f"at least {least}" if len(value) < least else f"at most {most}"
            phrase = f"has {len(value)} items, must have {allowed}"
            self.found.append((path, value, phrase))
        if spec.item is not None:
            for number, item in enumerate(value):
                if not self._but(item, spec.item):
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
        if self._exact and not np.can_cast(value.dtype, spec.dtype, "equiv"):
            raise TypeError(f"the datatype must be {spec.dtype.name}")
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

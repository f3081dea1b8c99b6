"""Search a model's tree by name, type and value; nothing is read."""

import inspect
import re

from . import outline as outlines
from . import validate
from .casting import is_lazy
from .node import Node

NOT_GIVEN = object()
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class SearchResult:
    """What a search found; searching it again narrows it.

    Parameters
    ----------
    model : DataModel
    entries : list of outline.Entry
        In the order of the tree.
    """

    def __init__(self, model, entries, look=(24, 120, True), below=()):
        self._model, self._entries, self._look, self._below = model, entries, look, below

    def search(
        self, key=NOT_GIVEN, type=NOT_GIVEN, value=NOT_GIVEN, filter=None, *,
        type_=NOT_GIVEN, filter_=None,
    ):  # fmt: skip
        """Narrow the result; see `DataModel.search`."""
        accepts = _test(key, type if type_ is NOT_GIVEN else type_, value, filter or filter_)
        entries = [e for e in self._entries if accepts(e)]
        return SearchResult(self._model, entries, self._look, self._below)

    def __getitem__(self, name):
        """Narrow the result to what is below a name: ``found["meta"]["target"]``."""
        below = (*self._below, name)
        entries = [e for e in self._entries if e.path[: len(below)] == below]
        return SearchResult(self._model, entries, self._look, below)

    def format(self, max_rows=NOT_GIVEN, max_cols=NOT_GIVEN, show_values=NOT_GIVEN):
        """Return the same result, to be shown with other limits."""
        given = (max_rows, max_cols, show_values)
        look = tuple(
            old if new is NOT_GIVEN else new for old, new in zip(self._look, given, strict=True)
        )
        return SearchResult(self._model, self._entries, look, self._below)

    @property
    def paths(self):
        """Dotted paths, as ``model[path]`` takes them; list of str."""
        return [".".join(map(str, e.path)) for e in self._entries]

    @property
    def nodes(self):
        """What the model gives at these paths: arrays are read now; list.

        Inside objects of other packages (WCS, transforms) it is what the file holds.
        """
        return [_at(self._model, e) for e in self._entries]

    @property
    def path(self):
        """The one path, None if nothing was found; RuntimeError for more than one."""
        return self._only(self.paths)

    @property
    def node(self):
        """The one value, None if nothing was found; RuntimeError for more than one."""
        self._only(self._entries)
        return self._only(self.nodes)

    @staticmethod
    def _only(found):
        if len(found) > 1:
            raise RuntimeError(f"{len(found)} results; use the plural, or search again")
        return found[0] if found else None

    def replace(self, value):
        """Assign a value to every path that was found, from the last to the first.

        Raises
        ------
        ValueError
            For a path inside an object of another package, before anything is assigned.
        """
        for entry, path in zip(self._entries, self.paths, strict=True):
            if _parent(self._model, entry.path) is None:
                raise ValueError(f"{path}: is inside an object; replace the object as a whole")
        for path in reversed(self.paths):
            self._model[path] = value

    def __len__(self):
        return len(self._entries)

    def __iter__(self):
        return iter(self.paths)

    def __repr__(self):
        if not self._entries:
            return "nothing found"
        root = outlines.outline(self._model)
        kept = {e.path[:n] for e in self._entries for n in range(len(e.path) + 1)}
        whole = {e.path for e in self._entries}
        rows, cols, values = self._look
        return "\n".join(outlines.lines(_pruned(root, kept, whole), rows, cols, values))


def _pruned(entry, kept, whole):
    if entry.path in whole:
        return entry
    entry.children = [_pruned(c, kept, whole) for c in entry.children if c.path in kept]
    return entry


def _at(model, entry):
    above = _parent(model, entry.path)
    if above is None:
        return entry.value.read() if is_lazy(entry.value) else entry.value
    return _child(above, entry.path[-1])


def _parent(model, path):
    """Node that holds the last name of a path; None inside an object of another package."""
    node = model
    for name in path[:-1]:
        if not isinstance(node._wrap(name, node._tree[name], None), Node):
            return None
        node = _child(node, name)
    return node


def _child(node, name):
    return node[name] if isinstance(name, int) else node._step(name)


def search(model, **conditions):
    """Search a model; see `DataModel.search`."""
    found = []
    _walk(outlines.outline(model), found, True)
    result = SearchResult(model, found)
    return result.search(**conditions)


def _walk(entry, found, is_root=False):
    if not is_root:
        found.append(entry)
    for child in entry.children:
        _walk(child, found)


def _test(key, kind, value, accepts):
    """Return a function that tells whether an entry fulfils all conditions."""
    tests = []
    if key is not NOT_GIVEN:
        tests.append(_matcher(key, lambda e: e.path[-1]))
    if kind is not NOT_GIVEN:
        tests.append(_type_test(kind))
    if value is not NOT_GIVEN:
        match = _matcher(value, lambda e: e.value)
        tests.append(lambda e: not (e.children or e.is_array) and match(e))
    if accepts is not None:
        key_too = _takes_two(accepts)
        tests.append(lambda e: bool(accepts(e.value, e.path[-1]) if key_too else accepts(e.value)))
    return lambda entry: all(test(entry) for test in tests)


def _takes_two(function):
    """Whether a function wants the key beside the value, as those of asdf may."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # of a class or builtin
        return False
    return sum(p.default is p.empty and p.kind in POSITIONAL for p in parameters) > 1


def _matcher(wanted, get):
    """Text and patterns are searched for as regular expressions, other objects compared."""
    if isinstance(wanted, (str, re.Pattern)):
        pattern = re.compile(wanted)
        return lambda entry: pattern.search(str(get(entry))) is not None

    return lambda entry: validate.equal(get(entry), wanted)


def _type_test(kind):
    if isinstance(kind, (str, re.Pattern)):
        pattern = re.compile(kind)
        return lambda entry: pattern.search(_type_name(entry)) is not None
    if isinstance(kind, type):
        is_ndarray = kind.__name__ == "ndarray"
        return lambda e: isinstance(e.value, kind) or (is_ndarray and e.is_array)
    raise TypeError(f"type: {kind!r} is no class and no text")


def _type_name(entry):
    return f"ndarray {entry.kind}" if entry.is_array else entry.kind

"""The tree of a model for people: text for terminals, a page for notebooks; reads no array."""

from dataclasses import dataclass, field

from .casting import is_array

MAX_ITEMS = 1000  # entries of one list that are looked at
MAX_VALUE = 40  # characters of a value in the summary of a node


@dataclass(slots=True)
class Entry:
    """One name of a tree and what stands there.

    Attributes
    ----------
    name : str
    kind : str
        Type as people call it: ``dict``, ``str``, ``float32``, ``table``.
    text : str
        Value on one line, or shape; empty for dicts and lists.
    title : str
        From the schema.
    children : list of Entry
    is_array : bool
    path : tuple
    value : object
        As it stands in the tree, unread.
    """

    name: str
    kind: str
    text: str = ""
    title: str = ""
    children: list = field(default_factory=list)
    is_array: bool = False
    path: tuple = ()
    value: object = None


def outline(node):
    """Return the `Entry` of a node (or model) with all that is below it."""
    model = node._model
    model._load_all()
    name = ".".join(map(str, node._path)) or type(model).__name__
    return _entry(name, node._tree, node._spec, node._path, set())


def _entry(name, value, spec, path, above):
    title = spec.title if spec is not None else ""
    if is_array(value):
        kind, text = describe_array(value)
        return Entry(name, kind, text, title, [], True, path, value)
    if isinstance(value, (dict, list)):
        if id(value) in above:
            return Entry(name, kind_of(value), "(again)", title, [], False, path, value)
        above = above | {id(value)}
        made = Entry(name, kind_of(value), "", title, [], False, path, value)
        pairs = _in_order(value, spec) if isinstance(value, dict) else enumerate(value[:MAX_ITEMS])
        for key, child in pairs:
            if child is not None:
                below = _spec_below(spec, key)
                made.children.append(_entry(str(key), child, below, (*path, key), above))
        _note_length(made, value)
        return made
    return Entry(name, kind_of(value), one_line(value), title, [], False, path, value)


def _in_order(tree, spec):
    """Pairs of a dict, those of the schema first and in its order."""
    known = {} if spec is None else spec.children
    names = [n for n in known if n in tree] + [n for n in tree if n not in known]
    return [(name, tree[name]) for name in names]


def _spec_below(spec, key):
    if spec is None:
        return None
    return spec.item if isinstance(key, int) else spec.children.get(key)


def _note_length(entry, value):
    """Show short lists of plain values on one line, and the length of other lists."""
    if isinstance(value, list):
        plain = not any(isinstance(v, (dict, list)) or is_array(v) for v in value)
        if plain:
            entry.children = []
        entry.text = one_line(value) if plain else f"{len(value)} item{'s' * (len(value) != 1)}"


def kind_of(value):
    """Return the type of a value: its tag where it carries one."""
    tag = getattr(value, "_tag", None)
    return str(tag).rpartition("/")[2] if tag else type(value).__name__


def one_line(value):
    """Return a value as one line of printable text."""
    try:
        text = str(value)
    except Exception:  # a foreign object whose text fails
        text = object.__repr__(value)
    text = " ".join(text.split())
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def describe_array(array):
    """Return kind and shape of an array, in words; it is not read.

    Examples
    --------
    >>> import numpy as np
    >>> describe_array(np.zeros((2, 3), "f4"))
    ('float32', '(2, 3)')
    """
    by_astropy = hasattr(array, "_dtype")  # its properties would read where nothing is known yet
    dtype, shape = (array._dtype, array._shape) if by_astropy else (array.dtype, array.shape)
    if dtype is None or shape is None:
        return "array", "(not read yet)"
    if dtype.names is not None:
        count = len(dtype.names)
        rows = shape[0] if shape else 1
        columns = f"{count} column{'s' * (count != 1)}"
        return "table", f"{rows} row{'s' * (rows != 1)} x {columns}: {', '.join(dtype.names)}"
    return str(dtype), f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def summary(node, most=10):
    """Return ``name='NIRCAM', detector='NRCA1'``: what an object holds, on one line.

    Parameters
    ----------
    node : ObjectNode
    most : int
        Names shown; more are counted.
    """
    node._model._load_all()
    parts = []
    for name, value in _in_order(node._tree, node._spec):
        if value is None:
            continue
        if is_array(value):
            text = " ".join(("", *describe_array(value)))
        elif isinstance(value, dict) and value:
            text = "={...}"
        elif isinstance(value, (dict, list)):
            text = f"=[{len(value)}]" if isinstance(value, list) else ""
        else:
            text = "=" + (repr(value) if isinstance(value, str) else one_line(value))
        if text:
            parts.append(f"{name}{text if len(text) <= MAX_VALUE else text[:MAX_VALUE] + '...'}")
    hidden = len(parts) - most
    return ", ".join(parts[:most]) + (f", ... and {hidden} more" if hidden > 0 else "")


# ---------------------------------------------------------------- text

PLAIN = str.maketrans("├└│─", "|`|-")  # where only ASCII can be shown


def printable_by(stream, text):
    """Return a text as far as the encoding of a stream has its letters, the others as escapes."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def lines(entry, max_rows=None, max_cols=120, show_values=True):
    """Return the lines of an outline.

    Parameters
    ----------
    entry : Entry
    max_rows : int, tuple of int or None, or None
        With more lines than this the upper levels are shown first, as far as they fit; a tuple
        holds the most lines below one entry of each level.
    max_cols : int or None
    show_values : bool
        Whether values of scalars are shown.
    """
    plan = _plan_levels if isinstance(max_rows, tuple) else _plan
    shown = None if max_rows is None else plan(entry, max_rows)
    made = [f"{entry.name} ({entry.kind})" if not entry.path else _label(entry, show_values)]
    _add(made, entry, "", shown, show_values)
    if max_cols is None:
        return made
    return [x if len(x) <= max_cols else x[: max(0, max_cols - 3)] + "..." for x in made]


def _plan(entry, max_rows):
    """Say of how many entries to show the children, level by level: id -> number of children."""
    shown, free = {}, max_rows - 1
    level = [entry]
    while level and free > 1:
        below = []
        for group in level:
            count = len(group.children)
            if count <= free:
                shown[id(group)], free = count, free - count
            elif free > 2:  # the last line says how many more there are
                shown[id(group)], free = free - 1, 0
            below += [c for c in group.children[: shown.get(id(group), 0)] if c.children]
        level = below
    return shown


def _plan_levels(entry, limits):
    """Do what `_plan` does where each level has its own limit."""
    shown, level = {}, [entry]
    for limit in limits:
        for group in level:
            count = len(group.children)
            fits = limit is None or count <= limit
            shown[id(group)] = count if fits else max(limit - 1, 0)
        level = [c for group in level for c in group.children[: shown[id(group)]]]
    return shown


def _add(made, entry, indent, shown, show_values):
    count = len(entry.children) if shown is None else shown.get(id(entry), 0)
    if entry.children and not count:
        made[-1] += f" ... {_count(entry)} inside"
        return
    hidden = len(entry.children) - count
    for number, child in enumerate(entry.children[:count], 1):
        last = number == count and not hidden
        made.append(f"{indent}{'└─' if last else '├─'}{_label(child, show_values)}")
        _add(made, child, indent + ("  " if last else "│ "), shown, show_values)
    if hidden:
        made.append(f"{indent}└─... {hidden} more")


def _count(entry):
    return sum(map(_count, entry.children)) if entry.children else 1


def _label(entry, show_values):
    if entry.is_array:
        return f"{entry.name} ({entry.kind}) {entry.text}"
    bare = not entry.text or not show_values
    return f"{entry.name} ({entry.kind})" + ("" if bare else f": {entry.text}")

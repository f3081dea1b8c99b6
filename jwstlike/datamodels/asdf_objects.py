"""Objects of other packages (WCS, Time, Quantity) in ASDF trees: nodes under their tags.

The asdf package and its plug-ins, which cost most of a second to load, are asked for these only.
"""

import io
import re

from ..errors import FileFormatError
from . import asdf_light, validate
from .asdf_nodes import CORE, like, standard_of
from .quiet import quiet


def decode(node):
    """Turn a tagged node into its object by asdf; return the node if no converter knows it.

    A newer minor version is read as the last one that is known, with a warning.
    """
    if node._tag.startswith(PLAIN_TAGS) or _asks_too_much(node):
        return node
    found = _converted(node)
    if found is not None:
        return found
    older = _older_tag(node._tag)
    found = None if older is None else _converted(type(node)(node, older))
    if found is None:
        return node
    validate.warn(f"{node._tag}: is newer than what is known here; read as {older}")
    return found


def unread(node):
    """List the tags in a node that nobody decoded which no installed package knows, sorted."""
    import asdf

    if node._tag.startswith(PLAIN_TAGS):
        return []
    is_known = asdf.AsdfFile().extension_manager.handles_tag
    return sorted(tag for tag in set(_tags_in(node)) if not is_known(tag))


def _tags_in(value):
    if hasattr(value, "_tag"):
        yield value._tag
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in below:
        yield from _tags_in(child)


def _converted(node):
    """Return what asdf makes of a node, None if it makes nothing."""
    import asdf

    with quiet():
        try:
            with asdf.open(_file_of({"node": node}), lazy_load=False) as file:
                found = file.tree["node"]
        except Exception:
            return None
    return None if type(found).__module__ == "asdf.tagged" else found


def _file_of(tree):
    return io.BytesIO(b"".join(map(bytes, asdf_light.dump(tree))))


_VERSIONED = re.compile(r"(?P<name>.+-\d+\.)(?P<minor>\d{1,3})\.\d+")


def _older_tag(tag):
    """Return the tag of the newest older minor version that asdf reads, or None."""
    import asdf

    match = _VERSIONED.fullmatch(tag)
    if match is None:
        return None
    older = (f"{match['name']}{minor}.0" for minor in reversed(range(int(match["minor"]))))
    return next(filter(asdf.AsdfFile().extension_manager.handles_tag, older), None)


# What asdf makes of these says less than the node: a set, which nobody writes, or a `Constant`.
PLAIN_TAGS = ("tag:yaml.org,2002:", f"{CORE}constant-", f"{CORE}software-")
COUNTS = ("mapping", "n_dims", "n_inputs", "n_outputs", "degree")  # of transforms
MAX_COUNT = 1000


def _asks_too_much(node):
    """Whether a transform wants so many axes that making it would take memory and time."""
    if isinstance(node, list):
        return any(map(_asks_too_much, node))
    if not isinstance(node, dict):
        return False
    counts = (node.get(name) for name in COUNTS)
    flat = (n for c in counts for n in (c if isinstance(c, list) else (c,)))
    if any(isinstance(n, int) and abs(n) > MAX_COUNT for n in flat):
        return True
    return any(map(_asks_too_much, node.values()))


def encoded(tree, name=""):
    """Copy a tree with the nodes that asdf makes of its objects; `decode` is the way back.

    Raises
    ------
    FileFormatError
        For an object that has no form there; the text tells its path.
    """
    objects = {id(value): (path, value) for path, value in _objects(tree, (), set())}
    standard = standard_of(tree)
    try:
        file = _by_asdf({"nodes": [value for _, value in objects.values()]}, standard)
    except Exception:  # of whatever plug-in; which of them is it?
        for path, value in objects.values():
            _try_alone(path, value, standard, name)
        raise
    made = asdf_light.load(file, name=name)[0]
    tree = _with_nodes(tree, dict(zip(objects, made["nodes"], strict=True)), {})
    extensions = made.get("history", {}).get("extensions", ())
    return tree | {"history": _with_extensions(tree.get("history"), extensions)}


def _by_asdf(tree, standard):
    import asdf

    stream = io.BytesIO()
    with quiet():  # of tags that are carried, not understood
        asdf.AsdfFile(tree, version=standard).write_to(stream)
    return stream.getvalue()


def _try_alone(path, value, standard, name):
    try:
        _by_asdf({"node": value}, standard)
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        where = f"{'.'.join(map(str, path))} is a {type(value).__name__}"
        raise FileFormatError(
            name, f"its ASDF tree cannot be written ({where}, which has no form there; {reason})"
        ) from error


def _objects(value, path, seen):
    """Yield path and value of what only asdf can write."""
    if not isinstance(value, (dict, list, tuple)):
        if asdf_light.needs_asdf(value):
            yield path, value
        return
    if id(value) not in seen:
        seen.add(id(value))
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _objects(child, (*path, key), seen)


def _with_nodes(value, nodes, done):
    """Copy containers with nodes in the place of objects; one that stands twice stays one."""
    if not isinstance(value, (dict, list, tuple)):
        return nodes.get(id(value), value)
    if id(value) not in done:
        if isinstance(value, dict):
            made = {key: _with_nodes(child, nodes, done) for key, child in value.items()}
        else:
            made = [_with_nodes(child, nodes, done) for child in value]
        done[id(value)] = like(value, made)
    return done[id(value)]


def _with_extensions(history, used):
    """Add the extensions that asdf used to the history."""
    history = {"entries": history} if isinstance(history, list) else dict(history or {})
    known = list(history.get("extensions") or ())
    names = {_name(entry) for entry in known if isinstance(entry, dict)}
    more = [entry for entry in used if _name(entry) not in names]
    return {"extensions": known + more} | {k: v for k, v in history.items() if k != "extensions"}


def _name(extension):
    return extension.get("extension_uri") or extension.get("extension_class")

"""Read, resolve, merge and search schemas.

A schema comes from a file (JSON, or YAML for those who prefer it) or from a dict. `load` resolves
every ``$ref``; `merge_property_trees` folds every ``allOf`` into one tree of properties. Both share
unchanged parts between schemas instead of copying them: treat what they return as read only.
"""

import json
import os
import re
from dataclasses import dataclass, field
from operator import is_not as _is_not
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from ..errors import SchemaError, did_you_mean
from .checks import SELECTOR, SELECTOR_OF

URI_PREFIX = "http://stsci.edu/schemas/jwst_datamodel/"
SCHEMA_DIR = Path(__file__).parents[1] / "schemas"

# what may be left out of, or differ in, the name of a file: "core.schema" is core.schema.json
_SUFFIXES = ("", ".json", ".yaml", ".yml", ".schema.json", ".schema.yaml")
_PLAIN = frozenset({"enum", "default", "examples", "required"})  # hold values, never schemas
# what a file says of itself, which does not hold for a schema that it is a part of
_OF_THE_FILE = frozenset({"id", "$id", "$schema", "title", "description"})


@dataclass(eq=False, slots=True)
class _Document:
    """One schema file (or dict) and the parts of it that have been resolved, by JSON pointer."""

    root: object
    folder: object  # Path, tuple of them or None: where others are looked for
    name: str
    plain: bool = False  # nothing in it needs to be resolved
    resolved: dict = field(default_factory=dict)
    linked: dict = field(default_factory=dict)  # other documents by the name used in it
    merged: dict | None = None


_documents = {}  # (path, mtime, size) or URI -> _Document: files are read once per process


# ---------------------------------------------------------------- load


def load(url_or_name, base_dir=None):
    """Read a schema and resolve every ``$ref`` in it.

    Parameters
    ----------
    url_or_name : str or Path
        Registered URI (``http://stsci.edu/schemas/jwst_datamodel/image.schema``, or one that asdf
        knows), path, or bare name: ``image.schema``, ``image.schema.json``, ``mine.yaml``.
    base_dir : str or Path, or a tuple of them, optional
        Folder to look in first, itself and its ``schemas/``; then the package's own schemas.

    Returns
    -------
    dict
        Shared between callers: read only.

    Raises
    ------
    SchemaError
        No such schema, not JSON or YAML, or references that go in a circle.
    """
    return _part(_document(str(url_or_name), base_dir), "", ())


def load_merged(url_or_name, base_dir=None):
    """Return ``merge_property_trees(load(...))``, made once per file: read only."""
    document = _document(str(url_or_name), base_dir)
    if document.merged is None:
        document.merged = merge_property_trees(_part(document, "", ()))
    return document.merged


def given(schema, base_dir=None):
    """Return the resolved schema that a user gave: a dict, or the name or path of a file.

    Parameters
    ----------
    schema : dict, str or Path
        A relative path is one of the working folder; then it is a name as `load` takes it.
    base_dir : str or Path, optional
        See `load`.

    Raises
    ------
    SchemaError
    """
    if isinstance(schema, dict):
        return resolve(schema, (Path.cwd(), base_dir))
    if not isinstance(schema, (str, os.PathLike)):
        raise SchemaError(
            f"a schema is a dict, or the name or path of a JSON or YAML file, not {schema!r}"
        )
    path = None if "://" in str(schema) else _file_in(Path.cwd(), os.fspath(schema))
    return load(schema if path is None else path, base_dir)


def resolve(schema, base_dir=None):
    """Return `schema`, a dict, with every ``$ref`` replaced by what it points to.

    The dict that is given stays as it is. ``type: data`` with ``dtype``, the oldest way to write
    an array, becomes ``datatype``.
    """
    return _part(_Document(schema, base_dir, "schema"), "", ())


def _document(url, base_dir):
    """Find a schema by URI, path or name."""
    name = url.removeprefix(URI_PREFIX)
    if "://" in name and not name.startswith("file:"):
        return _from_asdf(name)
    if name.startswith("file:"):
        name = unquote(urlsplit(name).path)
    path = _find(name, base_dir if name == url else None)
    stat = path.stat()
    key = (str(path), stat.st_mtime_ns, stat.st_size)
    if key not in _documents:
        _documents[key] = _read(path)
    return _documents[key]


def _find(name, base_dir):
    """Return the path of the schema file `name`."""
    bases = base_dir if isinstance(base_dir, tuple) else (base_dir,)
    folders = [Path(base, sub) for base in bases if base is not None for sub in ("schemas", "")]
    folders.append(SCHEMA_DIR)
    found = next(filter(None, (_file_in(folder, name) for folder in folders)), None)
    if found is None:
        known = [p.name.removesuffix(".json") for p in SCHEMA_DIR.glob("*.json")]
        hint = did_you_mean(_stem(name), known)
        places = [str(f) for f in folders if f.is_dir() and not Path(name).is_absolute()]
        where = f" in {', '.join(places)}" if places else ""
        raise SchemaError(f"no schema {name!r}{where}{hint}")
    return found


def _file_in(folder, name):
    """Return the path of the schema file of a name in a folder, or None."""
    for suffix in _SUFFIXES:
        path = os.path.join(folder, name + suffix)  # noqa: PTH118 - twice as fast, often run
        if os.path.isfile(path):  # noqa: PTH113
            return Path(path)
    path = Path(folder, _stem(name) + ".json")
    return path if path.is_file() else None


def _stem(name):
    return name.removesuffix(".json").removesuffix(".yaml")


def _read(path):
    """Parse a file into a `_Document`: JSON by its first character, else YAML."""
    try:
        text = path.read_text(encoding="utf-8")
        root = json.loads(text) if text.lstrip()[:1] == "{" else _read_yaml(text, path)
    except (OSError, ValueError) as err:
        raise SchemaError(f"{path}: cannot be read as a schema: {err}") from err
    if not isinstance(root, dict):
        raise SchemaError(f"{path}: a schema is an object, this file holds {type(root).__name__}")
    return _Document(root, path.parent, path.name, plain="$ref" not in text and "dtype" not in text)


def _read_yaml(text, name):
    """Parse YAML; its package is loaded only for those who write it."""
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as err:
        raise SchemaError(f"{name}: cannot be read as YAML: {' '.join(str(err).split())}") from err


def _from_asdf(uri):
    """Read the schema of another package that is registered with asdf."""
    if uri not in _documents:
        import asdf

        try:
            text = asdf.get_config().resource_manager[uri]
        except KeyError:
            raise SchemaError(f"no schema {uri!r} is registered, here or with asdf") from None
        _documents[uri] = _Document(_read_yaml(text, uri), None, uri)
    return _documents[uri]


# ---------------------------------------------------------------- $ref


def _part(document, pointer, above):
    """Return the part of `document` that a JSON pointer names, resolved."""
    if pointer in document.resolved:
        return document.resolved[pointer]
    here = (document, pointer)
    if here in above and "://" in document.name:
        return {}  # other packages describe trees of any depth: what is deeper is not looked at
    if here in above:
        chain = " -> ".join(f"{d.name}#{p}" for d, p in (*above, here))
        raise SchemaError(f"schemas refer to each other in a circle: {chain}")
    node = document.root
    for key in pointer.split("/")[1:]:
        key = unquote(key).replace("~1", "/").replace("~0", "~")  # RFC 6901
        try:
            node = node[int(key)] if isinstance(node, list) else node[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise SchemaError(f"{document.name} has no part #{pointer}") from None
    part = node if document.plain else _resolved(node, document, (*above, here))
    document.resolved[pointer] = part
    return part


def _resolved(node, document, above):
    """Resolve below `node`; what holds no reference is returned itself, not a copy."""
    if isinstance(node, list):
        items = [_resolved(n, document, above) if type(n) in (dict, list) else n for n in node]
        return items if any(map(_is_not, items, node)) else node
    if isinstance(node.get("$ref"), str):
        return _follow(node["$ref"], document, above)
    if node.get("type") == "data":
        node = _modern(node)
    new = {
        key: part
        for key, value in node.items()
        if type(value) in (dict, list)
        and key not in _PLAIN
        and (part := _resolved(value, document, above)) is not value
    }
    return {**node, **new} if new else node


def _follow(reference, document, above):
    """Return what a ``$ref`` in `document` points to, resolved."""
    url, _, pointer = reference.partition("#")
    target = document
    if url:
        target = document.linked.get(url)
        if target is None:
            target = document.linked[url] = _linked(url, document)
    return _part(target, pointer.rstrip("/"), above)


def _linked(url, document):
    """Find the document that another one refers to; among URIs a name is relative to the other."""
    if "://" in document.name and "://" not in url:
        try:
            return _from_asdf(urljoin(document.name, url))
        except SchemaError:  # then it may be one of ours
            return _document(url, None)
    return _document(url, document.folder)


def _modern(node):
    """Rewrite the oldest way to describe an array: ``type: data`` and ``dtype``."""
    new = {k: v for k, v in node.items() if k not in ("type", "dtype")}
    datatype = node.get("dtype", node.get("datatype"))
    if isinstance(datatype, list) and any(isinstance(c, dict) for c in datatype):
        datatype = [
            {("datatype" if k == "dtype" else k): v for k, v in column.items()}
            for column in datatype
        ]
    if datatype is not None:
        new["datatype"] = datatype
    return new


# ---------------------------------------------------------------- allOf


def merge_property_trees(schema):
    """Fold every ``allOf`` of a resolved schema into one tree of properties.

    Parts are taken in order, then the schema's own keys. A later value replaces an earlier one at
    the same path, the first appearance fixes the order of names, ``required`` lists are joined.
    ``anyOf``, ``oneOf`` and ``not`` stay. What a part that is a file of its own (it has an ``id``)
    says of itself is dropped: its ``id``, ``$schema``, ``title`` and ``description``.

    Parameters
    ----------
    schema : dict
        Resolved. It is not changed, and its unchanged parts are shared with the result.

    Returns
    -------
    dict
        Read only.
    """
    parts = schema.get("allOf")
    own = _merged_below(schema)
    if not isinstance(parts, list):
        return own
    out = {}
    for part in parts:
        merged = merge_property_trees(part)
        if "id" in merged or "$id" in merged:
            merged = {k: v for k, v in merged.items() if k not in _OF_THE_FILE}
        out = _combined(out, merged) if out else merged
    return _combined(out, {k: v for k, v in own.items() if k != "allOf"})


def _merged_below(schema):
    """Merge inside `schema`; the same object if nothing changes."""
    new = {
        key: merged
        for key, value in schema.items()
        if key in _MERGE_INSIDE and (merged := _MERGE_INSIDE[key](value)) is not value
    }
    return {**schema, **new} if new else schema


def _merged_names(schemas):
    """Merge the values of a dict of schemas."""
    if not isinstance(schemas, dict):
        return schemas
    new = {
        name: merged
        for name, child in schemas.items()
        if (merged := merge_property_trees(child)) is not child
    }
    return {**schemas, **new} if new else schemas


def _merged_items(schema):
    """Merge a schema or a list of schemas."""
    if isinstance(schema, dict):
        return merge_property_trees(schema)
    if not isinstance(schema, list):
        return schema
    new = [merge_property_trees(child) for child in schema]
    return new if any(map(_is_not, new, schema)) else schema


# keywords that hold schemas, but for allOf
_MERGE_INSIDE = dict.fromkeys(("properties", "patternProperties", "definitions"), _merged_names)
_MERGE_INSIDE |= dict.fromkeys(
    ("items", "additionalProperties", "not", "anyOf", "oneOf"), _merged_items
)


def _combined(first, second):
    """Lay `second` over `first`: dicts by key, anything else replaced; ``also`` adds values."""
    out = dict(first)
    if isinstance(second.get("also"), list):
        out, second = (
            _widened(out, second["also"]),
            {k: v for k, v in second.items() if k != "also"},
        )
    for key, value in second.items():
        old = out.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            out[key] = _combined(old, value)
        elif key == "required" and isinstance(old, list) and isinstance(value, list):
            out[key] = [*old, *(name for name in value if name not in old)]
        else:
            out[key] = value
    return out


def _widened(schema, values):
    """Return a leaf's schema with more values in its vocabulary: of words, or of a selector."""
    out, selector = dict(schema), SELECTOR.fullmatch(str(schema.get("pattern", "")))
    if "enum" in out:
        out["enum"] = [*out["enum"], *(v for v in values if v not in out["enum"])]
    if any("enum" in part for part in out.get("anyOf", ())):
        out["anyOf"] = [*out["anyOf"], {"enum": list(values)}]
    if selector:
        words = "|".join([selector["words"], *map(re.escape, values)])
        out["pattern"] = SELECTOR_OF.format(words)
    return out


# ---------------------------------------------------------------- walk and search


def walk_schema(schema, callback, ctx=None):
    """Call `callback` on `schema` and everything below it.

    Parameters
    ----------
    schema : dict
        Resolved schema, merged or not.
    callback : callable
        ``callback(subschema, path, combiner, ctx, recurse)``. `path` is a list of names, with
        ``"items"`` (or an index) for what a list holds and ``"anyOf"`` or ``"oneOf"`` for
        alternatives; `combiner` the nearest of allOf, anyOf, oneOf, not, or None;
        ``recurse(subschema, path, combiner, ctx)`` goes on by hand. A true result stops here.
    ctx : object, optional
        Handed on as it is.
    """

    def recurse(node, path, combiner, ctx):
        if callback(node, path, combiner, ctx, recurse):
            return
        for part in node.get("allOf", ()):
            recurse(part, path, "allOf", ctx)
        if isinstance(node.get("not"), dict):
            recurse(node["not"], path, "not", ctx)
        for name in ("anyOf", "oneOf"):
            for part in node.get(name, ()):
                recurse(part, [*path, name], name, ctx)
        for name, child in node.get("properties", {}).items():
            recurse(child, [*path, name], combiner, ctx)
        items = node.get("items")
        if isinstance(items, dict):
            recurse(items, [*path, "items"], combiner, ctx)
        elif isinstance(items, list):
            for number, child in enumerate(items):
                recurse(child, [*path, number], combiner, ctx)

    recurse(schema, [], None, {} if ctx is None else ctx)


def find_fits_keyword(schema, keyword, return_result=False):
    """List the paths that a FITS keyword is bound to.

    Parameters
    ----------
    schema : dict
        Resolved schema.
    keyword : str
        FITS keyword, in any case.
    return_result : bool
        Taken for compatibility; the list is always returned.

    Returns
    -------
    list of str
        Dotted paths, ``slits.items.name`` for what a list holds.
    """
    found, wanted = [], keyword.upper()

    def look(node, path, combiner, ctx, recurse):
        if str(node.get("fits_keyword", "")).upper() == wanted:
            found.append(".".join(map(str, path)))

    walk_schema(schema, look)
    return found


class SearchSchemaResults(list):
    """List of (path, text); its ``repr`` shows one path a line, with the text below."""

    def __repr__(self):
        lines = []
        for path, text in self:
            lines += [path, *("    " + line for line in text.splitlines())]
        return "\n".join(lines)


def search_schema(schema, substring):
    """Find `substring`, in any case, in the paths, titles, descriptions and keywords of a schema.

    Returns
    -------
    SearchSchemaResults
        Sorted list of (dotted path, title and description).
    """
    wanted, found = substring.lower(), {}

    def look(node, path, combiner, ctx, recurse):
        texts = [str(node[k]).strip() for k in ("title", "description") if k in node]
        name = ".".join(map(str, path))
        keyword = str(node.get("fits_keyword", ""))
        if name and any(wanted in t.lower() for t in (name, keyword, *texts)):
            found[name] = "\n\n".join(texts)

    walk_schema(schema, look)
    return SearchSchemaResults(sorted(found.items()))

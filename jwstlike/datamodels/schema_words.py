"""Check that what a user wrote is a schema, before it is compiled."""

import re
from difflib import get_close_matches

from ..errors import SchemaError, did_you_mean
from . import validate
from .bindings import numpy_dtype
from .checks import COMBINERS, COMPILERS, INSIDE, TYPES, UNUSUAL

WORDS = frozenset(
    """title description fits_keyword fits_hdu blend_rule blend_table archive_catalog default
    examples fits_required id $schema datatype ndim max_ndim unit units allow_extra_columns tag also
    definitions""".split()
) | COMPILERS.keys() | COMBINERS.keys() | INSIDE | UNUSUAL  # fmt: skip
NEAR = 0.85


def check_schema(schema):
    """Check the words of a merged schema; what is nearly a word of ours gives a warning.

    Raises
    ------
    SchemaError
        With the path of the part that is wrong.
    """
    lines = list(dict.fromkeys(_look(schema, ())))
    if lines:
        validate.warn("\n".join(lines))


def _look(schema, path):
    """Yield the doubtful words of a schema and of all its parts."""
    where = f"schema {'.'.join(map(str, path))}" if path else "the schema"
    if not isinstance(schema, dict):
        raise SchemaError(f"{where}: {schema!r} is no schema, which is an object")
    for word, test in TESTS.items():
        problem = test(schema[word]) if word in schema else None
        if problem:
            raise SchemaError(f"{where}: {word} {schema[word]!r} {problem}")
    if "datatype" in schema:
        numpy_dtype(schema["datatype"], ".".join(map(str, path)))
    for word in schema.keys() - WORDS:
        near = get_close_matches(str(word), WORDS, n=1, cutoff=NEAR)
        if near:
            yield f"{where}: {word!r} is no word of schemas; did you mean {near[0]!r}?"
    for name, child in schema.get("properties", {}).items():
        yield from _look(child, (*path, name))
    for word in COMBINERS:
        for part in schema.get(word, ()):
            yield from _look(part, path)
    if isinstance(schema.get("items"), dict):
        yield from _look(schema["items"], (*path, "items"))


def _odd_type(kind):
    for name in kind if isinstance(kind, list) else [kind]:
        if name not in TYPES:
            return f"is unknown{did_you_mean(name, TYPES) or '; known: ' + ', '.join(TYPES)}"
    return None


def _odd_pattern(pattern):
    try:
        re.compile(pattern)
    except (re.error, TypeError) as problem:
        return f"is no regular expression: {problem}"
    return None


def _must_be(kind, words):
    return lambda value: None if isinstance(value, kind) else f"must be {words}"


TESTS = {
    "type": _odd_type,
    "pattern": _odd_pattern,
    "enum": _must_be(list, "a list of values"),
    "required": _must_be(list, "a list of names"),
    "properties": _must_be(dict, "an object: names with their schemas"),
    "fits_keyword": _must_be(str, "a string"),
    "fits_hdu": _must_be((str, list), "a string"),  # a list may name the HDUs of items
    "ndim": _must_be((int, type(None)), "an integer"),
    "max_ndim": _must_be((int, type(None)), "an integer"),
    **dict.fromkeys(("minimum", "maximum"), _must_be((int, float), "a number")),
    **dict.fromkeys(("minItems", "maxItems"), _must_be(int, "an integer")),
    **dict.fromkeys(COMBINERS, _must_be(list, "a list of schemas")),
}

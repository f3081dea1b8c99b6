"""Compile a leaf's schema into one fast check; unusual schemas go to `jsonschema` itself.

The compiled checks agree with the JSON-schema draft 4 rules of the `jsonschema` package: a bool is
no number, ``3.0`` is no integer.
"""

import itertools
import re

from ..errors import ALLOWED_SHOWN, did_you_mean

TYPES = {
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, (list, tuple)),
    "null": lambda v: v is None,
}
ARTICLES = {"integer": "an integer", "object": "an object", "array": "a list"}

# keywords of a schema that say nothing about the value
SILENT = frozenset(
    """title description fits_keyword fits_hdu blend_rule blend_table archive_catalog default
    examples fits_required id $schema datatype ndim max_ndim unit allow_extra_columns tag
    properties items required additionalProperties minItems maxItems destination sdf
    propertyOrder flowStyle""".split()
)

# ``A|B|``: words of a list, each with a bar behind it, as reference files have them
SELECTOR = re.compile(r"\^\(\((?P<words>[^()]*)\)\\s\*\\\|\\s\*\)\+\$")
LONGEST_PATTERN = 60


def expected_words(schema):
    """Say in words what a leaf's schema allows: ``must be a string``, ``is not one of ...``."""
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind] if kind else []
    return " or ".join(ARTICLES.get(k, f"a {k}") for k in kinds)


def compile_check(schema):
    """Return a function: value -> None if the schema allows it, else one phrase saying why not.

    None is always allowed (it means absent); the caller deals with it.
    """
    tests = [COMPILERS[key](schema[key]) for key in COMPILERS if key in schema]
    if any(key in schema for key in COMBINERS) and not _is_structured(schema):
        tests += [COMBINERS[key](schema[key]) for key in COMBINERS if key in schema]
        known = COMBINERS.keys() | COMPILERS.keys()
    else:
        known = COMPILERS.keys()
    if any(key not in SILENT and key not in known for key in schema):
        tests.append(_by_jsonschema(schema))
    if not tests:
        return _anything
    return tests[0] if len(tests) == 1 else _all_of(tests)


def _anything(value):
    return None


def _all_of(tests):
    def check(value):
        for test in tests:
            problem = test(value)
            if problem is not None:
                return problem
        return None

    return check


def _type(kind):
    if isinstance(kind, str) and kind in TYPES:
        test = TYPES[kind]
    elif isinstance(kind, list) and all(k in TYPES for k in kind):
        tests = [TYPES[k] for k in kind]

        def test(value):
            return any(t(value) for t in tests)

    else:
        return _anything
    words = expected_words({"type": kind})

    def check(value):
        return None if test(value) else f"is {_kind_of(value)}, must be {words}"

    return check


def _kind_of(value):
    for name in ("boolean", "integer", "number", "string", "object", "array"):
        if TYPES[name](value):
            return ARTICLES.get(name, f"a {name}")
    return f"a {type(value).__name__}"


def _same(a, b):
    # JSON knows 1 and true as different values
    return a is b or (a == b and isinstance(a, bool) == isinstance(b, bool))


def one_of(value, allowed):
    """Say that a value is none of the allowed ones, and which of them is meant or there are."""
    if len(allowed) <= ALLOWED_SHOWN:
        return "is not one of " + ", ".join(map(repr, allowed)) + did_you_mean(value, allowed)
    return f"is not one of {len(allowed)} allowed values" + (
        did_you_mean(value, allowed) or f", e.g. {allowed[0]!r}"
    )


def _enum(allowed):
    plain = frozenset(v for v in allowed if isinstance(v, str))

    def check(value):
        if isinstance(value, str):
            if value in plain:
                return None
        elif any(_same(value, v) for v in allowed):
            return None
        return one_of(value, allowed)

    return check


def _pattern(pattern):
    found, selector = re.compile(pattern).search, SELECTOR.fullmatch(pattern)

    def check(value):
        if not isinstance(value, str) or found(value):
            return None
        if selector:
            return _selector_problem(value, selector["words"].replace("\\", "").split("|"))
        short = pattern if len(pattern) <= LONGEST_PATTERN else pattern[:LONGEST_PATTERN] + "..."
        return f"does not match the pattern {short}"

    return check


def _selector_problem(value, words):
    words = [word.strip() for word in words]
    for word in value.split("|"):
        if word.strip() and word.strip() not in words:
            return f"names {word.strip()!r}, which {one_of(word.strip(), words)}"
    return f"must be words each followed by |, e.g. '{words[0]}|'"


def _limit(compare, words):
    def compiler(limit):
        def check(value):
            if TYPES["number"](value) and not compare(value, limit):
                return f"must be {words} {limit}"
            return None

        return check

    return compiler


def _length(compare, words):
    def compiler(limit):
        def check(value):
            if isinstance(value, str) and not compare(len(value), limit):
                return f"must have {words} {limit} characters"
            return None

        return check

    return compiler


COMPILERS = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    # "fails if value < minimum", so that NaN passes as it does in jsonschema
    "minimum": _limit(lambda v, limit: not v < limit, "at least"),
    "maximum": _limit(lambda v, limit: not v > limit, "at most"),
    "minLength": _length(lambda n, limit: n >= limit, "at least"),
    "maxLength": _length(lambda n, limit: n <= limit, "at most"),
}


def _is_structured(schema):
    """Whether an alternative constrains the inside of an object or list."""
    parts = [part for key in COMBINERS for part in schema.get(key, ())]
    inside = ("properties", "items", "required", "additionalProperties", "minItems", "maxItems")
    return any(key in part for part in parts for key in inside) or any(map(_is_structured, parts))


def _any_of(parts):
    """Check alternatives; lists of allowed values, one for each instrument, are taken as one."""
    lists = [part["enum"] for part in parts if _is_vocabulary(part)]
    others = [part for part in parts if not _is_vocabulary(part)]
    values = []
    for value in itertools.chain(*lists):
        if not any(_same(value, v) for v in values):
            values.append(value)
    if lists and not others:
        return _enum(values)
    merged = [{"enum": values}, *others] if lists else parts
    return _some_of(merged, lambda passed, n: passed > 0)


def _is_vocabulary(schema):
    return "enum" in schema and schema.keys() - {"enum"} <= SILENT


def _some_of(parts, right):
    checks = [compile_check(part) for part in parts]

    def check(value):
        problems = [check(value) for check in checks]
        if right(sum(problem is None for problem in problems), len(checks)):
            return None
        return next((p for p in problems if p), None) or "fits more than one alternative"

    return check


COMBINERS = {
    "allOf": lambda parts: _some_of(parts, lambda passed, n: passed == n),
    "anyOf": _any_of,
    "oneOf": lambda parts: _some_of(parts, lambda passed, n: passed == 1),
}


def _by_jsonschema(schema):
    validator = None
    unusual = {k: v for k, v in schema.items() if k not in SILENT or k in ("properties", "items")}

    def check(value):
        nonlocal validator
        if validator is None:
            import jsonschema

            validator = jsonschema.Draft4Validator(unusual)
        error = next(validator.iter_errors(value), None)
        return None if error is None else f"does not follow the schema: {error.message}"

    return check

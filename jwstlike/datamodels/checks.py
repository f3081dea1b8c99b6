"""Compile a leaf's schema into one fast check; unusual schemas go to `jsonschema` itself.

The compiled checks agree with the JSON-schema draft 4 rules of the `jsonschema` package: a bool is
no number, ``3.0`` is no integer.
"""

import datetime
import itertools
import re

from ..errors import ALLOWED_SHOWN, did_you_mean

TYPES = {
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "object": lambda v: isinstance(v, dict) or _is_other_object(v),
    "array": lambda v: isinstance(v, (list, tuple)),
    "null": lambda v: v is None,
}
PLAIN_DATA = (str, bytes, int, float, complex, list, tuple, datetime.date, datetime.time)


def _is_other_object(value):
    """Whether a value is of a class of its own, such as a transform: files hold it as an object."""
    return value is not None and not isinstance(value, PLAIN_DATA) and not hasattr(value, "dtype")


ARTICLES = {"integer": "an integer", "object": "an object", "array": "a list"}

# keywords of JSON schema that are left to `jsonschema`; any other word says nothing about values
UNUSUAL = frozenset(
    """multipleOf exclusiveMinimum exclusiveMaximum uniqueItems additionalItems not dependencies
    minProperties maxProperties patternProperties $ref""".split()
)
# what is said of the inside of objects and lists, which a walk through the tree looks at
INSIDE = frozenset("properties items required additionalProperties minItems maxItems".split())

# ``A|B|``: words of a list, each with a bar behind it, as reference files have them
SELECTOR = re.compile(r"\^\(\((?P<words>[^()]*)\)\\s\*\\\|\\s\*\)\+\$")
SELECTOR_OF = r"^(({})\s*\|\s*)+$"
LONGEST_PATTERN = 60
LONGEST_MESSAGE = 160


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
    unusual = not UNUSUAL.isdisjoint(schema)
    if not COMBINERS.keys().isdisjoint(schema):
        if _is_structured(schema):
            unusual = True
        else:
            tests += [COMBINERS[key](schema[key]) for key in COMBINERS if key in schema]
    if unusual:
        tests.append(_by_jsonschema(schema))
    return _together(tests)


def compile_structure(schema):
    """Return a check of an object or a list for all that a walk through its items does not see.

    Returns
    -------
    callable or None
        None, as for nearly all schemas, when there is nothing more to check.
    """
    own = {k: v for k, v in schema.items() if not (k == "type" and v in WALKED)}
    tests = [COMPILERS[key](own[key]) for key in COMPILERS if key in own]
    one_of_names = _names_of_alternatives(own)
    if one_of_names:
        tests.append(_needs_one_of(one_of_names))
        del own["anyOf"]
    more = isinstance(own.get("additionalProperties"), dict) or isinstance(own.get("items"), list)
    if more or not (UNUSUAL | COMBINERS.keys()).isdisjoint(own):
        tests.append(_by_jsonschema(_without_walked(own)))
    return _together(tests) if tests else None


WALKED = ("object", "array")


def _without_walked(schema):
    """Leave out what a walk finds: what is required, and what is wrong inside of items."""
    own = {k: v for k, v in schema.items() if k not in ("required", "minItems", "maxItems")}
    if "properties" in own:
        own["properties"] = {name: {} for name in own["properties"]}
    if isinstance(own.get("items"), dict):
        own["items"] = {}
    return own


def _names_of_alternatives(schema):
    """Return the names of which one is required: ``anyOf: [{required: [a]}, {required: [b]}]``."""
    parts = schema.get("anyOf", ())
    simple = all(part.keys() == {"required"} and len(part["required"]) == 1 for part in parts)
    return [part["required"][0] for part in parts] if simple else []


def _needs_one_of(names):
    def check(value):
        if any(value.get(name) is not None for name in names):
            return None
        return f"has none of {', '.join(names)}; at least one is required"

    return check


def _together(tests):
    if not tests:
        return anything
    return tests[0] if len(tests) == 1 else _all_of(tests)


def anything(value):
    """Find no problem, whatever the value."""
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
        return anything
    words = expected_words({"type": kind})

    def check(value):
        return None if test(value) else f"is {_kind_of(value)}, must be {words}"

    return check


def _kind_of(value):
    for name in ("boolean", "integer", "number", "string", "object", "array"):
        if TYPES[name](value):
            return ARTICLES.get(name, f"a {name}")
    name = "array" if hasattr(value, "dtype") and hasattr(value, "shape") else type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _same(a, b):
    # JSON knows 1 and true as different values, at any depth
    if a is b:
        return True
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(v, b[k]) for k, v in a.items())
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


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
    example = "".join(f"{w.strip()}|" for w in value.split("|") if w.strip()) or f"{words[0]}|"
    return f"must be words each followed by |, e.g. {example!r}"


def selector_of(schema, words):
    """Return the text of a selector for several words, ``A|B|``; None where none is wanted."""
    if not isinstance(schema.get("pattern"), str) or not SELECTOR.fullmatch(schema["pattern"]):
        return None
    return "".join(f"{word}|" for word in words)


def _tag(tag):
    """Check that a value can have a tag; what is tagged or decoded has its own class."""
    name = tag.rpartition("/")[2].rpartition("-")[0] or tag

    def check(value):
        if _is_other_object(value) and type(value) is not dict:
            return None
        return f"is {_kind_of(value)}, must be a {name} object"

    return anything if "ndarray" in tag else check


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
    "tag": _tag,
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
    return not all(INSIDE.isdisjoint(part) and not _is_structured(part) for part in parts)


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
    others = UNUSUAL | INSIDE | COMPILERS.keys() | COMBINERS.keys()
    return "enum" in schema and schema.keys() & others == {"enum"}


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

    def check(value):
        nonlocal validator
        if validator is None:
            import jsonschema

            validator = jsonschema.Draft4Validator(schema)
        error = next(validator.iter_errors(_for_jsonschema(value)), None)
        return None if error is None else _in_short(error)

    return check


def _in_short(error):
    """Return the message of an error of `jsonschema` without the value, which is told anyway."""
    text = error.message.removeprefix(f"{error.instance!r} ")
    where = ".".join(map(str, error.absolute_path))
    if where or text == error.message:
        text = f"does not follow the schema: {where}{': ' if where else ''}{error.message}"
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}..."


def _for_jsonschema(value):
    """Leave out what is absent, and make lists of tuples."""
    if isinstance(value, dict):
        return {k: _for_jsonschema(v) for k, v in value.items() if v is not None}
    return [_for_jsonschema(v) for v in value] if isinstance(value, (list, tuple)) else value

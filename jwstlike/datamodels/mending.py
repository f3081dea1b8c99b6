"""Mend the type of a card's value where that loses nothing."""

import math


def mend(value, kind):
    """Turn a card's value into the schema's type where that loses nothing.

    Examples
    --------
    >>> mend(3.0, "integer"), mend("T", "boolean"), mend(123, "string")
    (3, True, '123')
    """
    mender = MENDERS.get(kind) if isinstance(kind, str) else None
    return value if mender is None else mender(value)


def _to_integer(value):
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
        return int(value)
    return value


def _to_boolean(value):
    if isinstance(value, str):
        return LOGICALS.get(value.strip().upper(), value)
    return bool(value) if value in (1, 0) else value


def _to_string(value):
    if isinstance(value, bool):
        return "T" if value else "F"
    return str(value) if isinstance(value, (int, float)) else value


def _to_number(value):
    try:
        number = float(value) if isinstance(value, str) else value
    except ValueError:
        return value
    return number if isinstance(number, complex) or math.isfinite(number) else value


LOGICALS = {"T": True, "TRUE": True, "F": False, "FALSE": False}
MENDERS = {
    "integer": _to_integer, "boolean": _to_boolean, "string": _to_string, "number": _to_number,
}  # fmt: skip

"""Exceptions and warnings of the data models.

`ValidationError` also derives from jsonschema's and asdf's errors of that name, so that code that
catches those goes on working; it is made at first use because both packages are heavy.
"""

from functools import cache

from ..errors import (
    FileFormatError,
    InvalidValueError,
    NoTypeWarning,
    SchemaError,
    UnknownAttributeError,
    ValidationWarning,
)

__all__ = [
    "FileFormatError",
    "InvalidValueError",
    "NoTypeWarning",
    "SchemaError",
    "UnknownAttributeError",
    "ValidationError",  # noqa: F822 - made at first use
    "ValidationWarning",
]


def __getattr__(name):
    if name != "ValidationError":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, _validation_error_class())


@cache
def _validation_error_class():
    from asdf.exceptions import ValidationError as AsdfError
    from jsonschema import ValidationError as JsonschemaError

    bases = (InvalidValueError,)
    for base in (AsdfError, JsonschemaError):
        if not any(issubclass(b, base) for b in bases):
            bases = (*bases, base)

    class ValidationError(*bases):
        """Values that the schema refuses, with `strict_validation`; one line each.

        Attributes
        ----------
        findings : list of Finding
            All of them; the other fields are those of the first.
        """

        def __init__(self, message, findings=()):
            JsonschemaError.__init__(self, message)
            self.findings = list(findings)
            first = next(iter(self.findings), None)
            for field in ("path", "value", "expected", "place") if first else ():
                setattr(self, field, getattr(first, field))

        def __str__(self):
            return self.message

        def __reduce__(self):
            return _make_validation_error, (self.message, self.findings)

    ValidationError.__qualname__ = "ValidationError"
    return ValidationError


def _make_validation_error(message, findings):
    return _validation_error_class()(message, findings)

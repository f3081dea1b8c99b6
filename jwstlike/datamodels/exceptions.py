"""Exceptions and warnings of the data models.

`ValidationError` also derives from jsonschema's and asdf's errors of that name, so that code that
catches those goes on working; it is made at first use because both packages are heavy.
"""

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
    from asdf.exceptions import ValidationError as AsdfError
    from jsonschema import ValidationError as JsonschemaError

    bases = (InvalidValueError,)
    for base in (AsdfError, JsonschemaError):
        if not any(issubclass(b, base) for b in bases):
            bases = (*bases, base)

    class ValidationError(*bases):
        """Values that the schema refuses, with `strict_validation`; one line each."""

        def __init__(self, message):
            Exception.__init__(self, message)
            self.message = message

        def __str__(self):
            return self.message

        def __reduce__(self):
            return _make_validation_error, (self.message,)

    ValidationError.__qualname__ = "ValidationError"
    globals()["ValidationError"] = ValidationError
    return ValidationError


def _make_validation_error(message):
    return __getattr__("ValidationError")(message)

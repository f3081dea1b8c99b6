"""All exceptions and warnings of the package; the `exceptions` modules re-export them.

An error carries its facts as fields, builds its one-line text in ``__str__`` and pickles. The
text reads ``file[HDU,ver] KEYWORD (path): what was found, what is allowed, how to mend it``.
Errors that must also derive from asdf's or jsonschema's are made at first use, in
`jwstlike.datamodels.exceptions`.
"""

import errno
from difflib import get_close_matches

ALLOWED_SHOWN = 12  # longest list of allowed values or names that a message prints in full


def did_you_mean(name, known, cutoff=0.6):
    """Return ``"; did you mean 'x'?"`` for the nearest of `known`, else an empty string."""
    near = get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=cutoff)
    return f"; did you mean {near[0]!r}?" if near else ""


class JwstlikeError(Exception):
    """Base of every error that the package raises on purpose."""


class JwstlikeWarning(Warning):
    """Base of the package's warnings that have no older name."""


class ValidationWarning(Warning):
    """A value does not follow the schema."""


class NoTypeWarning(Warning):
    """A file does not say which model class it holds."""


# ---------------------------------------------------------------- data models


class SchemaError(JwstlikeError, ValueError):
    """A schema is missing, unreadable or contradicts itself."""


class InvalidValueError(JwstlikeError, ValueError):
    """A value that the schema refuses.

    Parameters
    ----------
    path : str
        Dotted path, ``meta.instrument.name``.
    value : object
        What was found.
    expected : str
        What is allowed, and the way out.
    place : str
        ``file[HDU,ver] KEYWORD``, as far as known.
    """

    def __init__(self, path, value=None, expected="", place=""):
        super().__init__(path, value, expected, place)
        self.path, self.value, self.expected, self.place = path, value, expected, place

    def __str__(self):
        where = f"{self.place} ({self.path})" if self.place else self.path
        return f"{where}: {self.value!r} {self.expected}"


class CannotBeSavedError(JwstlikeError, TypeError, ValueError):
    """A value that has no form in a file.

    Parameters
    ----------
    problem : str
        Path of the value, what it is, and the way out.
    place : str
        File that was to be written, as far as known.
    """

    def __init__(self, problem, place=""):
        super().__init__(problem, place)
        self.problem, self.place = problem, place

    def __str__(self):
        return f"{self.place}: {self.problem}" if self.place else self.problem


class UnknownAttributeError(JwstlikeError, AttributeError):
    """A name that is neither in the schema nor in the tree."""

    def __init__(self, name, owner="", known=()):
        known = tuple(known)
        super().__init__(name, owner, known)
        self.owner, self.known = owner, known
        self.name = name

    def __str__(self):
        return f"{self.owner or 'model'} has no attribute {self.name!r}" + did_you_mean(
            self.name, self.known
        )


class FileFormatError(JwstlikeError, OSError):
    """A file is not what it should be: not FITS or ASDF, empty, truncated, changed meanwhile."""

    def __init__(self, path, problem, remedy=""):
        super().__init__(path, problem, remedy)
        self.path, self.problem, self.remedy = path, problem, remedy

    def __str__(self):
        return f"{self.path}: {self.problem}" + (f"; {self.remedy}" if self.remedy else "")


class MissingFileError(FileFormatError, FileNotFoundError):
    """There is no file where one is looked for."""

    def __init__(self, path, problem="there is no such file", remedy="check the path"):
        super().__init__(path, problem, remedy)
        self.errno, self.filename = errno.ENOENT, path


# ---------------------------------------------------------------- reference files


class CrdsError(JwstlikeError):
    """The reference-file system could not answer."""


class NoReferenceError(CrdsError, LookupError):
    """No reference file matches the exposure."""


# ---------------------------------------------------------------- steps and pipelines


class StpipeException(JwstlikeError):  # noqa: N818 - known by this name
    """Base of the engine's errors."""


class StpipeExitException(StpipeException):
    """Ask the command line to end with `exit_status`."""

    def __init__(self, exit_status, *args):
        super().__init__(exit_status, *args)
        self.exit_status = exit_status


class ParameterError(StpipeException, ValueError):
    """Parameters or a parameter file that cannot be used; all findings of one run together.

    Parameters
    ----------
    findings : str or list of str
        One line each.
    """

    def __init__(self, findings):
        self.findings = [findings] if isinstance(findings, str) else list(findings)
        super().__init__(self.findings)

    def __str__(self):
        return "\n".join(self.findings)


class PreflightError(StpipeException):
    """Everything that speaks against starting a run, found before the first pixel is touched."""

    def __init__(self, findings):
        self.findings = [findings] if isinstance(findings, str) else list(findings)
        super().__init__(self.findings)

    def __str__(self):
        return "\n".join(self.findings)


class NotApplicable(StpipeException):
    """Raised by a step that does not apply to its input; recorded as SKIPPED with the reason."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class ModelTypeError(StpipeException, TypeError):
    """A step was given another model class than it needs."""


class HookError(StpipeException):
    """A pre- or post-hook failed."""

"""What the commands on files share: exit codes, one line per problem, aligned text, JSON."""

import contextlib
import functools
import json
import math
import os
import sys
import warnings

SAME, DIFFERS, USAGE, UNREADABLE = 0, 1, 2, 3


def complain(command, text):
    """Write one line to the standard error."""
    sys.stderr.write(f"jwstlike {command}: {one_line(text)}\n")


def one_line(text):
    """Return a text on one line, without characters that a terminal would act on."""
    return " ".join(printable(part) for part in str(text).splitlines() if part)


def printable(text):
    """Return `text` with a mark in place of each control character."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def describe(error, path, verb="read"):
    """Return the one line that says why a file cannot be read (or another verb)."""
    own = type(error).__module__.startswith("jwstlike.")
    if isinstance(error, OSError) and error.strerror and not own:
        return f"{path}: {error.strerror}"
    text = str(error) or type(error).__name__
    if str(path) in text:
        return text
    return f"{path}: {text if own else f'cannot be {verb} ({type(error).__name__}: {text})'}"


@functools.cache
def _standard_input():
    return sys.stdin.buffer.read()


def content(path):
    """Return what to read for a name on the command line: for ``-`` the standard input."""
    return _standard_input() if path == "-" else path


def open_file(path, **options):
    """Open a data file, or the standard input for ``-``, as a model.

    Raises
    ------
    OSError
        Also for an association, which is a list of files.
    """
    from ..datamodels import open as open_model
    from ..errors import FileFormatError

    model = open_model(content(path), **options)
    if not hasattr(model, "check"):
        raise FileFormatError(path, "is an association, not a data file", "give its members")
    return model


def attempt(command, action, path, *args):
    """Do ``action(path, *args)`` with warnings kept quiet.

    Returns
    -------
    result : object
        None if it failed.
    problem : str
        Why; empty if it did not.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return action(path, *args), ""
    except BrokenPipeError:  # nothing is wrong with the file
        raise
    except Exception as error:  # whatever a damaged file does, the next one has its turn
        problem = describe(error, path)
        complain(command, problem)
        return None, problem


@contextlib.contextmanager
def _any_letter(stream):
    """Let a stream take letters that its encoding lacks, as escapes, in the ``with`` block."""
    old = getattr(stream, "errors", None)
    if not hasattr(stream, "reconfigure") or old != "strict":
        yield
        return
    stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        stream.reconfigure(errors=old)


def _drop_output():
    """Send what is left in the buffer nowhere, so that the interpreter can end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def quiet_pipe(function):
    """Make a command end quietly when its reader is gone (``... | head``) or the user stops it.

    Where the output cannot be written (a full disk), one line tells so. Letters that the terminal
    does not have are written as escapes.
    """

    @functools.wraps(function)
    def run(argv=None):
        try:
            with _any_letter(sys.stdout), _any_letter(sys.stderr):
                code = function(argv)
                sys.stdout.flush()
        except KeyboardInterrupt:
            return 128 + 2
        except BrokenPipeError:
            _drop_output()
            return 128 + 13
        except OSError as error:
            _drop_output()
            complain(function.__module__.rpartition(".")[2], describe(error, "output", "written"))
            return DIFFERS
        return code

    return run


def write_json(value):
    """Write a value as JSON: NaN and infinity as null, other objects as text."""
    json.dump(_plain(value), sys.stdout, indent=1, allow_nan=False, default=str)
    sys.stdout.write("\n")


def _plain(value):
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "tolist"):  # numpy
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.decode("latin-1") if isinstance(value, bytes) else value


def aligned(rows, right=()):
    """Return lines of rows of texts, the columns aligned by blanks.

    Parameters
    ----------
    rows : list of sequences of str
    right : container of int
        Columns that are aligned at the right.
    """
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def size_text(count):
    """Return a number of bytes for people: ``160 kB``.

    Examples
    --------
    >>> size_text(0), size_text(2880), size_text(436207616)
    ('0 B', '2.88 kB', '436 MB')
    """
    units = ("B", "kB", "MB", "GB", "TB")
    step = 0
    while count >= 999.5 and step < len(units) - 1:
        count, step = count / 1000, step + 1
    return f"{count:.3g} {units[step]}"

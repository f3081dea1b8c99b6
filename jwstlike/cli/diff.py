"""``jwstlike diff A B``: what differs between two files, FITS or ASDF."""

import argparse
import sys
from dataclasses import asdict

from .files import (
    DIFFERS,
    SAME,
    UNREADABLE,
    attempt,
    content,
    open_file,
    printable,
    quiet_pipe,
    write_json,
)


@quiet_pipe
def main(argv=None):
    """Run the command; 0 same, 1 different, 3 a file cannot be read."""
    options = _parser().parse_args(argv)
    paths = (options.a, options.b)
    for path in paths:  # so that a message names the file that is to blame
        if attempt("diff", _look, path)[1]:
            return UNREADABLE
    found, problem = attempt("diff", _compare, f"{options.a} {options.b}", options)
    if problem:
        return UNREADABLE
    if options.json:
        counts = {"cards": found.cards, "values": found.values, "arrays": found.arrays}
        write_json(
            {"a": options.a, "b": options.b, "same": not found, "compared": counts,
             "differences": [asdict(d) for d in found]}
        )  # fmt: skip
    elif not options.quiet:
        sys.stdout.writelines(printable(line) + "\n" for line in _lines(found))
    if any(d.kind == "unreadable" for d in found):
        return UNREADABLE
    return DIFFERS if found else SAME


def _parser():
    parser = argparse.ArgumentParser(
        prog="jwstlike diff",
        description="Compare two FITS or ASDF files: cards, metadata, HDUs, arrays and columns. "
        "NaN equals NaN. The file's own name and the time it was written do not count.",
    )
    parser.add_argument("a", metavar="A", help="FITS or ASDF file")
    parser.add_argument("b", metavar="B", help="FITS or ASDF file")
    parser.add_argument(
        "--rtol", type=_tolerance, default=0.0, metavar="X",
        help="numbers differ if |a - b| > ATOL + RTOL * |b| (default: 0)",
    )  # fmt: skip
    parser.add_argument("--atol", type=_tolerance, default=0.0, metavar="X", help="see --rtol")
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="PATH",
        help="leave out a path and all below it, or a pattern ('meta.ref_file', '*.wcs')",
    )  # fmt: skip
    parser.add_argument(
        "--ignore-keyword", action="append", default=[], metavar="K",
        help="leave out a keyword, or a pattern ('CRVAL*')",
    )  # fmt: skip
    parser.add_argument(
        "--everything", action="store_true", help="the file's name and date count as well"
    )
    parser.add_argument("--json", action="store_true", help="a JSON object")
    parser.add_argument("-q", "--quiet", action="store_true", help="only the exit code")
    return parser


def _tolerance(text):
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: must be a number from 0 on")
    return value


def _look(path):
    open_file(path, validate="off")


def _compare(_, options):
    from ..datamodels import compare

    return compare.differences(
        content(options.a), content(options.b), options.rtol, options.atol,
        ignore=options.ignore, ignore_keywords=options.ignore_keyword,
        everything=options.everything,
    )  # fmt: skip


def _lines(found):
    yield from map(str, found)
    compared = [
        f"{count} {name[:-1] if count == 1 else name}"
        for name, count in (("cards", found.cards), ("values", found.values),
                            ("arrays", found.arrays))
        if count
    ]  # fmt: skip
    number = len(found)
    head = f"{number} difference{'s' * (number != 1)}" if number else "no differences"
    yield f"{head} in {', '.join(compared) or 'nothing'} compared"

"""``jwstlike convert IN OUT``: FITS to ASDF and back."""

import argparse
import sys
import warnings
from pathlib import Path

from .files import DIFFERS, SAME, UNREADABLE, USAGE, complain, describe, open_file, quiet_pipe

KNOWN = (".fits", ".asdf")
SHOWN = 3  # paths named in a message
PACKED = (".gz", ".bz2", ".xz", ".zst", ".fz", ".Z")


@quiet_pipe
def main(argv=None):
    """Run the command; 0, 1 if a file cannot be written, 2 usage, 3 if one cannot be read."""
    options = _parser().parse_args(argv)
    pairs, problem = _pairs(options)
    if problem:
        complain("convert", problem)
        return USAGE
    code = SAME
    for source, target in pairs:
        code = max(code, _convert(source, target, options))
    return code


def _parser():
    parser = argparse.ArgumentParser(
        prog="jwstlike convert",
        usage="%(prog)s [--overwrite] IN OUT\n"
        "       %(prog)s [--overwrite] --to {asdf,fits} [--output-dir DIR] IN...",
        description="Convert data models between FITS and ASDF; the suffix of OUT tells which.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="IN OUT, or with --to many IN")
    parser.add_argument("--to", choices=("asdf", "fits"), help="convert every FILE to this format")
    parser.add_argument("--output-dir", metavar="DIR", help="folder for the new files; made")
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not list what was written")
    return parser


def _pairs(options):
    """Return the pairs of source and target, and what is wrong with the command line."""
    if options.to is None:
        if len(options.files) != 2:
            return [], "give IN and OUT, or --to asdf with any number of files"
        source, target = options.files
        if Path(target).suffix.lower() not in KNOWN:
            return [], f"{target}: the suffix must be .fits or .asdf"
        if options.output_dir:
            target = str(Path(options.output_dir, Path(target).name))
        return [(source, target)], ""
    pairs = [(source, _target(source, options)) for source in options.files]
    targets = [target for _, target in pairs]
    twice = next((t for t in targets if targets.count(t) > 1), None)
    return pairs, f"{twice}: two files would get this name" if twice else ""


def _target(source, options):
    path = Path(source)
    while path.suffix in PACKED:
        path = path.with_suffix("")
    return str(Path(options.output_dir or path.parent, f"{path.stem}.{options.to}"))


def _convert(source, target, options):
    """Convert one file and return the exit code."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = open_file(source)
        except Exception as error:  # whatever a damaged file does, the next one has its turn
            complain("convert", describe(error, source))
            return UNREADABLE
        if Path(target).exists() and not options.overwrite:
            complain("convert", f"{target}: exists already; use --overwrite")
            return USAGE
        try:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            model.save(target)
        except Exception as error:
            complain("convert", describe(error, target, "written"))
            return DIFFERS
    for line in dict.fromkeys(str(w.message) for w in caught):
        complain("convert", f"warning: {line}")
    if not options.quiet:
        sys.stdout.write(f"{source} -> {target}\n")
    lost = _lost(model, target)
    if lost:
        shown = ", ".join(lost[:SHOWN]) + (f" and {len(lost) - SHOWN} more" * (len(lost) > SHOWN))
        what = f"FITS files of {type(model).__name__} cannot hold {shown}"
        complain("convert", f"{target}: {what}; keep {source} as well")
    return DIFFERS if lost else SAME


def _lost(model, target):
    """Paths that a FITS file of this class has no place for."""
    if model.has_asdf_extension or Path(target).suffix.lower() != ".fits":
        return []
    from ..datamodels import asdf_support
    from ..datamodels.compare_values import flat

    return [".".join(map(str, p)) for p in flat(asdf_support.unbound(model._tree, model._spec))]

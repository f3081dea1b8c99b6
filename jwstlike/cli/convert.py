"""``jwstlike convert IN OUT``: FITS to ASDF and back, packed or not."""

import argparse
import sys
import warnings
from pathlib import Path

from .files import DIFFERS, SAME, UNREADABLE, USAGE, complain, describe, open_file, quiet_pipe

KNOWN = (".fits", ".asdf")
PACKING = (".gz", ".bz2", ".xz", ".zst")
FORMATS = ("asdf", "fits", *(f"fits{packing}" for packing in PACKING))
SHOWN = 3  # paths named in a message
LEFT_OUT = "left out"  # in a warning: not all of the content was written


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
        "       %(prog)s [--overwrite] --to FORMAT [--output-dir DIR] IN...",
        description="Convert data models between FITS and ASDF; the suffix of OUT tells which "
        "(also packed: .fits.gz, .asdf.zst ...).",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="IN OUT, or with --to many IN")
    parser.add_argument(
        "--to", choices=FORMATS, metavar="FORMAT",
        help=f"convert every FILE to this format: {', '.join(FORMATS)}",
    )  # fmt: skip
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
        if _unpacked(target).suffix.lower() not in KNOWN:
            return [], f"{target}: the suffix must be .fits or .asdf, or one packed (.fits.gz)"
        if options.output_dir:
            target = str(Path(options.output_dir, Path(target).name))
        return [(source, target)], ""
    pairs = [(source, _target(source, options)) for source in options.files]
    targets = [target for _, target in pairs]
    twice = next((t for t in targets if targets.count(t) > 1), None)
    return pairs, f"{twice}: two files would get this name" if twice else ""


def _target(source, options):
    path = _unpacked(source)
    return str(Path(options.output_dir or path.parent, f"{path.stem}.{options.to}"))


def _unpacked(path):
    """Return a path without the suffixes of packing."""
    path = Path(path)
    while path.suffix in (*PACKING, ".fz", ".Z"):
        path = path.with_suffix("")
    return path


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
            if _unpacked(target).suffix.lower() == ".asdf":
                _name_class(model)
            model.save(target)
        except Exception as error:
            complain("convert", describe(error, target, "written"))
            return DIFFERS
    warned = dict.fromkeys(str(w.message) for w in caught)
    for line in warned:
        complain("convert", f"warning: {line}")
    if not options.quiet:
        sys.stdout.write(f"{source} -> {target}\n")
    lost = _lost(model, target)
    if lost:
        shown = ", ".join(lost[:SHOWN]) + (f" and {len(lost) - SHOWN} more" * (len(lost) > SHOWN))
        what = f"FITS files of {type(model).__name__} cannot hold {shown}"
        complain("convert", f"{target}: {what}; keep {source} as well")
    return DIFFERS if lost or any(LEFT_OUT in line for line in warned) else SAME


def _name_class(model):
    """Keep the class that was guessed from the HDUs: an ASDF tree alone does not tell it."""
    if model.get("meta.model_type") is None and type(model).__name__ != "JwstDataModel":
        model.meta.model_type = type(model).__name__


def _lost(model, target):
    """Paths that a FITS file of this class has no place for."""
    if model.has_asdf_extension or _unpacked(target).suffix.lower() != ".fits":
        return []
    from ..datamodels import asdf_support
    from ..datamodels.compare_values import flat

    return [".".join(map(str, p)) for p in flat(asdf_support.unbound(model._tree, model._spec))]

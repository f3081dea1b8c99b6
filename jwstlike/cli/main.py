"""The console script ``jwstlike``: a table of commands, each imported when it is asked for."""

import importlib
import sys

COMMANDS = {
    "demo": ("jwstlike.cli.demo:main", "make a synthetic exposure with its references"),
    "report": ("jwstlike.cli.report:main", "make the page of a run from its record"),
    "info": ("jwstlike.cli.info:main", "what files are and hold, from their headers"),
    "header": ("jwstlike.cli.header:main", "the cards of FITS files as they stand there"),
    "diff": ("jwstlike.cli.diff:main", "what differs between two files"),
    "convert": ("jwstlike.cli.convert:main", "FITS to ASDF and back"),
    "validate": ("jwstlike.cli.validate:main", "whether files follow their schema"),
}


def main(argv=None):
    """Run ``jwstlike COMMAND ...`` and return the exit code."""
    name, *rest = (sys.argv[1:] if argv is None else list(argv)) or ["--help"]
    if name in ("-h", "--help"):
        sys.stdout.write(usage())
        return 0
    if name == "--version":
        from .. import __version__

        sys.stdout.write(f"jwstlike {__version__}\n")
        return 0
    if name not in COMMANDS:
        from ..errors import did_you_mean

        hint = did_you_mean(name, COMMANDS)
        sys.stderr.write(f"jwstlike: no command {name!r}{hint}; see jwstlike --help\n")
        return 2
    module, _, function = COMMANDS[name][0].partition(":")
    return getattr(importlib.import_module(module), function)(rest)


def usage():
    """Text of ``jwstlike --help``."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    return "usage: jwstlike COMMAND ...\n\n" + "\n".join(lines) + "\n\nSee also strun, stpipe.\n"


if __name__ == "__main__":
    sys.exit(main())

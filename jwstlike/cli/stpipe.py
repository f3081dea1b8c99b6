"""The console script ``stpipe``: what steps there are and what they take."""

import argparse
import fnmatch
import sys


def main(argv=None):
    """Run ``stpipe list|describe|print-config``; return the exit code."""
    from ..errors import JwstlikeError

    parser = _parser()
    options = parser.parse_args(argv)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        return options.run(options)
    except JwstlikeError as error:
        sys.stderr.write(f"stpipe: {error}\n")
        return 2


def _parser():
    parser = argparse.ArgumentParser(prog="stpipe", description=__doc__.partition(": ")[2])
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    listing = commands.add_parser("list", help="list the classes that strun can run")
    kinds = listing.add_mutually_exclusive_group()
    kinds.add_argument("--pipelines-only", action="store_true", help="leave out single steps")
    kinds.add_argument("--steps-only", action="store_true", help="leave out pipelines")
    listing.add_argument("pattern", nargs="?", default="*", help="pattern of class names, *jump*")
    listing.set_defaults(run=list_steps)
    for name, run, text in (
        ("describe", describe, "what a step does and the parameters it takes"),
        ("print-config", print_config, "a parameter file with the defaults of a step"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("target", help="alias or class")
        command.set_defaults(run=run)
    return parser


def list_steps(options):
    """Print ``class (alias)``, one a line, sorted."""
    from ..stpipe.entry_points import get_steps

    pattern = options.pattern.lower()
    lines = set()
    for info in get_steps():
        hidden = options.pipelines_only if not info.is_pipeline else options.steps_only
        if not hidden and fnmatch.fnmatchcase(info.class_name.lower(), pattern):
            alias = f" ({info.class_alias})" if info.class_alias else ""
            lines.add(info.class_name + alias)
    if not lines:
        sys.stderr.write("(no matching classes)\n")
    sys.stdout.writelines(line + "\n" for line in sorted(lines))
    return 0


def _find(options):
    from ..stpipe import Step
    from ..stpipe.utilities import find_step_class

    return find_step_class(options.target, Step)


def describe(options):
    """Print the help of a step, as ``strun X --help``."""
    from ..stpipe import cmdline

    return cmdline.main([options.target, "--help"])


def print_config(options):
    """Print a parameter file that holds every parameter at its default."""
    cls = _find(options)
    sys.stdout.write(f'name = "{cls.__name__}"\nclass = "{cls.__module__}.{cls.__qualname__}"\n')
    sys.stdout.writelines(_config_lines(cls, 0))
    return 0


def _config_lines(cls, depth):
    from ..stpipe.parameters import param_table

    indent = "  " * depth
    for name, param in param_table(cls).items():
        if param.is_override:
            continue
        value = param.default
        text = ", ".join(map(str, value)) + "," * (not value) if isinstance(value, list) else value
        commented = "# " if value is None or param.required else ""
        note = f"  # {param.help}" if param.help else ""
        yield f"{indent}{commented}{name} = {'' if value is None else text}{note}\n"
    if cls.step_defs:
        inner = "  " * (depth + 1)
        yield f"{indent}{'[' * (2 * depth + 1)}steps{']' * (2 * depth + 1)}\n"
        for name, sub in cls.step_defs.items():
            yield f"{inner}{'[' * (2 * depth + 2)}{name}{']' * (2 * depth + 2)}\n"
            yield from _config_lines(sub, depth + 1)


if __name__ == "__main__":
    sys.exit(main())

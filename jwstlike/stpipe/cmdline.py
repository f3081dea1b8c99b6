"""The command line ``strun``: arguments to a step with its parameters, its run, its exit code."""

import argparse
import inspect
import logging
import sys
from dataclasses import dataclass, field
from pathlib import Path

from .. import __version__
from ..errors import (
    JwstlikeError,
    ParameterError,
    PreflightError,
    StpipeExitException,
    did_you_mean,
)
from . import config_parser, engine, explain, log, parameters
from .step import Step
from .utilities import find_step_class

USAGE = "strun CFG_OR_CLASS_OR_ALIAS [args ...] [options] [--parameter=value]"
CONFIG_SUFFIXES = (".cfg", ".asdf", ".toml", ".yaml", ".yml")
OK, STEP_FAILED, BAD_PARAMETERS, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130

LEVEL_NAMES = ", ".join(log.LEVELS)

# name -> (arguments of add_argument, whether a parameter may not have this name)
OPTIONS = {
    "debug": ({"action": "store_true", "help": "On an error start the debugger, pdb"}, True),
    "save-parameters": (
        {"metavar": "FILE", "help": "Write the parameters to an ASDF file"},
        False,
    ),
    "disable-crds-steppars": (
        {"action": "store_true", "help": "Take no parameters from reference files"},
        False,
    ),
    "logcfg": (
        {"metavar": "FILE", "help": "Log configuration (deprecated; use the options below)"},
        True,
    ),
    "explain": (
        {"action": "store_true", "help": "Show parameters with their sources; run nothing"},
        False,
    ),
    "dry-run": (
        {"action": "store_true", "help": "As --explain, and check everything; write nothing"},
        False,
    ),
    "verbose": ({"action": "store_true", "help": "Show all log messages, and tracebacks"}, True),
    "log-level": (
        {"metavar": "LEVEL", "help": "Lowest level shown: " + ", ".join(log.LEVELS)},
        True,
    ),
    "log-file": ({"metavar": "FILE", "help": "Write the log to a file too"}, True),
    "log-stream": ({"metavar": "STREAM", "help": "Where to log: stdout, stderr or null"}, True),
}
built_in_configuration_parameters = [name.replace("-", "_") for name in OPTIONS]

logger = logging.getLogger("stpipe.cmdline")


class FromCommandLine(str):
    """Text of a value that was given on the command line."""

    __slots__ = ()


class _Parser(argparse.ArgumentParser):
    """Raise a usage error as `ParameterError`, so that all errors look alike."""

    def error(self, message):
        raise ParameterError(f"{message}; see strun --help")


@dataclass
class Job:
    """What a command line asks for."""

    step: Step
    args: list
    options: argparse.Namespace
    log_config: log.LogConfig
    notes: list = field(default_factory=list)


# ---------------------------------------------------------------- parsing


def _base_parser():
    parser = _Parser(prog="strun", usage=USAGE, add_help=False, allow_abbrev=False)
    parser.add_argument(
        "target",
        nargs="?",
        metavar="cfg_file_or_class",
        help="Parameter file, class (module.Class) or alias of the step to run",
    )
    parser.add_argument("args", nargs="*", help="Files to work on")
    return parser


def _add_options(parser, taken=()):
    parser.add_argument("-h", "--help", action="store_true", help="Show this help and exit")
    parser.add_argument("--version", action="store_true", help="Show the version and exit")
    for name, (keywords, is_reserved) in OPTIONS.items():
        key = name.replace("-", "_")
        if key in taken and is_reserved:
            raise ValueError(
                f"the spec defines {key!r}, which is an option of strun; rename the parameter"
            )
        flags = [f"--stpipe-{name}" if key in taken else f"--{name}"]
        if name == "verbose":
            flags.append("-v")
        parser.add_argument(*flags, dest=f"option {key}", default=None, **keywords)


def _find_target(argv):
    """Return the target among `argv`, or None."""
    parser = _base_parser()
    _add_options(parser)
    known, _ = parser.parse_known_args(argv)
    return known


def _load_target(target, notes):
    """Return class, parameter file and its values for the first argument."""
    path = Path(target)
    if not (path.suffix.lower() in CONFIG_SUFFIXES or path.is_file()):
        return find_step_class(target, Step, None, notes.append), None, {}
    values = config_parser.load_values(path)
    if "class" not in values:
        raise ParameterError(f'{path}: names no class; add a line class = "module.Class"')
    return find_step_class(values["class"], Step, path, notes.append), path, values


def _add_parameters(parser, cls, prefix="", title="parameters", defaults=None):
    group = parser.add_argument_group(title)
    for name, param in parameters.param_table(cls).items():
        group.add_argument(
            f"--{prefix}{name}",
            dest=f"{prefix}{name}",
            metavar=_metavar(param),
            type=FromCommandLine,
            default=argparse.SUPPRESS,
            help=_help_text(param, (defaults or {}).get(name, param.default)),
        )
    for other, name in (getattr(cls, "step_aliases", None) or {}).items():
        for key in parameters.param_table(cls.step_defs[name]):
            parser.add_argument(
                f"--{prefix}steps.{other}.{key}",
                dest=f"{prefix}steps.{other}.{key}",
                type=FromCommandLine,
                default=argparse.SUPPRESS,
                help=argparse.SUPPRESS,
            )
    for name, sub in (cls.step_defs or {}).items():
        about = (inspect.getdoc(sub) or "").partition("\n")[0]
        inner = f"{prefix}steps.{name}"
        other = (getattr(cls, "step_defaults", None) or {}).get(name)
        _add_parameters(parser, sub, f"{inner}.", f"step {inner}: {about}", other)


def _metavar(param):
    if param.kind == "option":
        return "{" + ",".join(map(str, param.args)) + "}"
    return param.kind.removeprefix("is_")


def _help_text(param, default):
    text = param.help
    if param.kind in ("integer", "float") and param.args:
        text = f"{text} ({param.allowed()})".strip()
    if param.required:
        text = f"{text} [required]"
    elif default not in (None, "", [], ()):
        text = f"{text} [default={default!r}]"
    return text.strip().replace("%", "%%")


def _nest(flat):
    """Turn ``{"steps.a.thr": 6}`` into ``{"steps": {"a": {"thr": 6}}}``."""
    nested = {}
    for dotted, value in flat.items():
        *path, name = dotted.split(".")
        place = nested
        for part in path:
            place = place.setdefault(part, {})
        place[name] = value
    return nested


def _unknown(rest):
    """Split unknown options: one line for those like our own, values for the rest.

    The rest is checked with the parameters, which know the nearest names.
    """
    lines, values = [], {}
    for text in rest:
        name, _, value = text.partition("=")
        if not name.startswith("-") or name.lstrip("-").replace(".", "").isdigit():
            continue
        near = did_you_mean(name, [f"--{option}" for option in OPTIONS], 0.8)
        if near or not name.startswith("--"):
            lines.append(f"unknown option {name}{near or '; see --help'}")
        else:
            values[name[2:]] = FromCommandLine(value)
    return lines, values


def parse(argv, cls=None):
    """Return the `Job` of a command line; help and version exit.

    Parameters
    ----------
    argv : list of str
    cls : class, optional
        The step; without it the first argument names it.

    Raises
    ------
    ParameterError
        With all that is wrong with parameters and options.
    """
    argv = [str(arg) for arg in argv]
    known = _find_target(argv)
    if known.version:
        sys.stdout.write(f"jwstlike {__version__}\n")
        raise SystemExit(OK)
    notes, path, values = [], None, {}
    if cls is None:
        if known.target is None:
            _show_help(_base_parser(), ok=known.help)
        cls, path, values = _load_target(known.target, notes)
    parser = _base_parser()
    parser.description = inspect.getdoc(cls)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    _add_options(parser, parameters.param_table(cls))
    _add_parameters(parser, cls)
    if known.help:
        parser.print_help()
        raise SystemExit(OK)
    found, rest = parser.parse_known_intermixed_args(argv)
    findings, extra = _unknown(rest)
    vars(found).update(extra)
    return _make_job(cls, (path, values), found, findings, notes)


def _show_help(parser, ok):
    _add_options(parser)
    if ok:
        parser.print_help()
        raise SystemExit(OK)
    raise ParameterError(f"nothing to run; usage: {USAGE}")


def _make_job(cls, file, found, findings, notes):
    path, values = file
    flat = {k: v for k, v in vars(found).items() if isinstance(v, FromCommandLine)}
    options = argparse.Namespace(
        **{k.removeprefix("option "): v for k, v in vars(found).items() if k.startswith("option ")}
    )
    step = None
    try:
        step = cls._from_layers(values, _nest(flat), path, "command line")
        may_be_none = options.save_parameters or options.explain or options.dry_run
        args = found.args if findings else _count_args(step, found.args, may_be_none)
    except ParameterError as error:
        findings += error.findings
    try:
        log_config = _log_config(options, values)
    except ParameterError as error:
        findings += error.findings
    if findings:
        error = ParameterError(findings)
        error.run_name = values.get("name") or (path.stem if path else cls.__name__)
        raise error
    if step.parameter_source("save_results") == "spec":
        step.__dict__["save_results"] = True
        step._sources["save_results"] = ("strun", "saves by default")
    return Job(step, args, options, log_config, notes)


def _count_args(step, args, may_be_none):
    """Check that `process` takes that many files."""
    try:
        inspect.signature(step.process).bind(*args)
    except TypeError:
        if may_be_none and not args:
            return None
        names = [p.name for p in inspect.signature(step.process).parameters.values()]
        raise ParameterError(
            f"step {step.name!r} takes {', '.join(names) or 'no input'}; {len(args)} given; "
            "usage: " + USAGE
        ) from None
    return args


def _log_config(options, values):
    get = vars(options).get
    level = "DEBUG" if get("verbose") else get("log_level") or values.get("log_level")
    return log.load_configuration(
        get("logcfg") or values.get("logcfg"),
        level,
        get("log_file") or values.get("log_file"),
        get("log_stream") or values.get("log_stream"),
    )


# ---------------------------------------------------------------- running


def execute(job, argv):
    """Run a job; return the exit code its record gives."""
    step, options = job.step, job.options
    with job.log_config.context(step._log_names()):
        for note in job.notes:
            logger.warning("%s", note)
        if options.explain or options.dry_run:
            return _explain(job)
        if options.save_parameters:
            step.export_config(options.save_parameters, include_metadata=True)
            logger.info("Parameters saved in %s", options.save_parameters)
        if job.args is None:
            return OK
        step.__dict__["_run_options"] = {"strict": True, "argv": list(argv), "keep_pars": True}
        try:
            step.run(*job.args, pars="off" if options.disable_crds_steppars else "crds")
        except Exception:
            logger.debug("Traceback of the error:", exc_info=True)
            raise
    return step.run_record["exit_code"]


def _explain(job):
    """Print what the run would do; with ``--dry-run`` what refuses it is an error."""
    pars = "off" if job.options.disable_crds_steppars else "crds"
    findings, answers = engine.plan(job.step, job.args or (), pars)
    sys.stdout.write(explain.explain(job.step, answers) + "\n")
    if findings and job.options.dry_run:
        raise PreflightError(findings)
    return OK


def step_from_cmdline(args, cls=None):
    """Run a step as ``strun`` does and return it.

    Parameters
    ----------
    args : list of str
        Arguments of ``strun``; the first may be a Step class.
    """
    args = list(args)
    if args and isinstance(args[0], type):
        cls, args = args[0], [args[0].__name__, *args[1:]]
    job = parse(args, cls)
    execute(job, args)
    return job.step


def step_script(cls):
    """Make a script of a step class: run it on the arguments of the process, then exit."""
    raise SystemExit(main([cls.__name__, *sys.argv[1:]], cls))


def exit_code_of(error):
    """Return the exit code for an error."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, StpipeExitException):
        return error.exit_status
    if hasattr(error, "failed_step"):  # set by the engine once a step has begun
        return STEP_FAILED
    codes = {ParameterError: BAD_PARAMETERS, PreflightError: REFUSED}
    return next((code for kind, code in codes.items() if isinstance(error, kind)), STEP_FAILED)


def error_block(error, name):
    """Return the text that ends a run which failed."""
    text = str(error) or type(error).__name__
    if not isinstance(error, JwstlikeError):
        text = f"{type(error).__name__}: {text}"
    if isinstance(error, KeyboardInterrupt):
        text = "interrupted"
    lines = [line for line in text.splitlines() if line.strip()]
    shown = f" {lines[0]}" if len(lines) == 1 else "\n  " + "\n  ".join(lines)
    return f"ERROR RUNNING STEP {name!r}:{shown}"


def main(argv=None, cls=None):
    """Run ``strun`` and return its exit code; an error is one block on stderr."""
    argv = list(sys.argv[1:] if argv is None else argv)
    job = None
    try:
        job = parse(argv, cls)
        return execute(job, argv)
    except SystemExit as stop:
        return stop.code or OK
    except BaseException as error:
        asked = job.step.name if job else next((a for a in argv if not a.startswith("-")), "strun")
        name = getattr(error, "failed_step", getattr(error, "run_name", asked))
        sys.stderr.write(error_block(error, name) + "\n")
        if job is not None and job.options.debug and not isinstance(error, KeyboardInterrupt):
            import pdb

            pdb.post_mortem(error.__traceback__)
        return exit_code_of(error)

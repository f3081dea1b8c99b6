"""Logging: handlers live on the package's own loggers, only while a run lasts."""

import logging
import sys
import threading
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from ..errors import ParameterError, did_you_mean
from .config_parser import load_config_file

STPIPE_ROOT_LOGGER = "stpipe"
DEFAULT_FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
LOG_NAMES = ("jwstlike", STPIPE_ROOT_LOGGER, "CRDS", "py.warnings")
CONFIG_FILES = ("stpipe-log.cfg", "~/.stpipe-log.cfg", "/etc/stpipe-log.cfg")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
STREAMS = ("stdout", "stderr", "null")


class LoggedException(Exception):  # noqa: N818 - known by this name
    """A record at or above the break level was logged."""


class RecordingHandler(logging.Handler):
    """Keep formatted records in `log_records`."""

    def __init__(self, level=logging.INFO, formatter=None):
        super().__init__(as_level(level))
        self.setFormatter(formatter or logging.Formatter(DEFAULT_FORMAT))
        self.log_records = []

    def emit(self, record):
        """Keep the text of one record."""
        self.log_records.append(self.format(record))


class BreakHandler(logging.Handler):
    """Raise `LoggedException` for each record it is given."""

    def emit(self, record):
        """Stop the run."""
        raise LoggedException(record.getMessage())


class _Forward(logging.Handler):
    """Give the loggers above what they would have got, had the level not been lowered."""

    def __init__(self, parent, level, is_shown):
        super().__init__(level)
        self._parent, self._is_shown = parent, is_shown

    def emit(self, record):
        if not self._is_shown or self._parent.hasHandlers():  # else logging's last resort: twice
            self._parent.callHandlers(record)


def as_level(level):
    """Return the number of a level given as name, number or text.

    Raises
    ------
    ParameterError
        For an unknown name.
    """
    if level is None:
        return logging.NOTSET
    text = str(level).strip().upper()
    number = int(text) if text.isdigit() else logging.getLevelNamesMapping().get(text)
    if number is None:
        raise ParameterError(
            f"log level {level!r} is not one of {', '.join(LEVELS)}{did_you_mean(text, LEVELS)}"
        )
    return number


_LOCK = threading.Lock()
_ACTIVE = []  # configurations in place, the outermost first


def _attach(names, handlers, level, is_shown=False):
    """Put handlers on loggers and lower their level; return what undoes it."""
    undo = []
    with _LOCK:
        for name in dict.fromkeys(names):
            logger = logging.getLogger(name)
            undo.append((logger, logger.level, logger.propagate, list(handlers)))
            before = logger.getEffectiveLevel()
            if level < before:
                if logger.propagate and logger.parent is not None:
                    forward = _Forward(logger.parent, before, is_shown)
                    logger.addHandler(forward)
                    undo[-1][3].append(forward)
                    logger.propagate = False
                logger.setLevel(level)
            for handler in handlers:
                logger.addHandler(handler)
    return undo


def _detach(undo):
    with _LOCK:
        for logger, level, propagate, handlers in reversed(undo):
            for handler in handlers:
                logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate


@contextmanager
def recording(names, level=logging.INFO, formatter=None):
    """Record what the loggers `names` say, and change nothing of what others see.

    Yields
    ------
    records : list of str
        Grows while the block runs.
    """
    handler = RecordingHandler(level, formatter)
    undo = _attach(names, [handler], handler.level)
    try:
        yield handler.log_records
    finally:
        _detach(undo)


class LogConfig:
    """Handlers and levels for one run.

    Parameters
    ----------
    handler : str or list of str
        ``stderr``, ``stdout``, ``null``, ``file:NAME``, ``append:NAME``; comma separated.
    level, break_level, recording_level : str or int
        From which level records are shown, stop the run, are recorded.
    recording_formatter : logging.Formatter, optional
    format : str, optional
        Of the records shown.
    """

    def __init__(
        self,
        handler="stderr",
        level="INFO",
        break_level=None,
        recording_level="INFO",
        recording_formatter=None,
        format=None,
    ):
        names = handler.split(",") if isinstance(handler, str) else list(handler)
        self.handler_names = [name.strip() for name in names if name.strip()]
        self.level = as_level(level)
        self.break_level = as_level(break_level)
        self.recorder = RecordingHandler(recording_level, recording_formatter)
        self.format = format or DEFAULT_FORMAT
        self._undo = None
        self._handlers = []

    @property
    def log_records(self):
        """What was recorded while applied."""
        return self.recorder.log_records

    @property
    def applied(self):
        """Whether the handlers are in place."""
        return self._undo is not None

    def apply(self, log_names=LOG_NAMES):
        """Put the handlers in place; warnings are logged meanwhile."""
        if self.applied:
            return
        # a run inside a run shows nothing: the outer one's handlers see its records
        self._handlers = [] if _ACTIVE else [self._make(name) for name in self.handler_names]
        handlers = [*self._handlers, self.recorder]
        if self.break_level:
            breaker = BreakHandler(self.break_level)
            handlers.append(breaker)
        level = min(self.level, self.recorder.level)
        self._undo = _attach(log_names, handlers, level, is_shown=True)
        logging.captureWarnings(True)
        _ACTIVE.append(self)

    def undo(self):
        """Take away all that `apply` set."""
        if not self.applied:
            return
        _ACTIVE.remove(self)
        if not _ACTIVE:
            logging.captureWarnings(False)
        _detach(self._undo)
        self._undo = None
        for handler in self._handlers:
            handler.close()
        self._handlers = []

    @contextmanager
    def context(self, log_names=LOG_NAMES):
        """Apply for the length of a block."""
        self.apply(log_names)
        try:
            yield self
        finally:
            self.undo()

    def _make(self, name):
        kind, _, target = name.partition(":")
        if kind in ("file", "append"):
            handler = _open_file(target, "a" if kind == "append" else "w")
        elif kind == "null":
            handler = logging.NullHandler()
        elif kind in STREAMS:
            handler = logging.StreamHandler(getattr(sys, kind))
        else:
            raise ParameterError(
                f"log handler {name!r} is not one of stderr, stdout, null, file:NAME, append:NAME"
            )
        handler.setLevel(self.level)
        handler.setFormatter(logging.Formatter(self.format))
        return handler


def _open_file(path, mode):
    try:
        return logging.FileHandler(path, mode=mode)
    except OSError as error:
        raise ParameterError(
            f"log file {path}: {error.strerror}; give a path that can be written"
        ) from None


def _find_config():
    for name in CONFIG_FILES:
        path = Path(name).expanduser()
        if path.is_file():
            return path
    return None


def load_configuration(config_file=None, log_level=None, log_file=None, log_stream=None):
    """Return the `LogConfig` of a log cfg, or of explicit settings, which win.

    Raises
    ------
    ParameterError
        For an unknown level, stream or handler, or a cfg that cannot be read.
    """
    if log_level is None and log_file is None and log_stream is None:
        path = Path(config_file) if config_file else _find_config()
        if path is not None:
            return LogConfig(**_from_file(path))
    stream = log_stream or "stderr"
    if stream not in STREAMS:
        raise ParameterError(f"log stream {stream!r} is not one of {', '.join(STREAMS)}")
    handlers = [stream, *([f"file:{log_file}"] if log_file else [])]
    return LogConfig(handler=handlers, level=log_level or "INFO")


def _from_file(path):
    config = load_config_file(path).dict()
    for name, section in config.items():
        if name in ("*", "root", ".") or fnmatch(STPIPE_ROOT_LOGGER, name):
            known = ("handler", "level", "break_level", "format")
            unknown = [key for key in section if key not in known]
            if unknown:
                hint = did_you_mean(unknown[0], known)
                raise ParameterError(f"{path}: unknown log setting {unknown[0]!r}{hint}")
            return section
    raise ParameterError(f"{path}: no section [*]; a log cfg starts with [*]")

"""What a step knows about its parameters: making it of them, reading and changing them."""

import logging
import sys
from difflib import get_close_matches
from pathlib import Path

from ..errors import HookError, ParameterError, UnknownAttributeError
from . import config, config_parser, hooks, log, parameters
from .parameters import Layer, param_table
from .utilities import find_step_class

_CLOSE = 0.8  # likeness from which an unknown attribute is taken for a typing error


def _warn(text):
    logging.getLogger(log.STPIPE_ROOT_LOGGER).warning(text)


def _set_by_own_method(step, frame):
    """Tell whether the caller is a method of the step itself."""
    names = frame.f_code.co_varnames
    return bool(names) and frame.f_locals.get(names[0]) is step


class Configurable:
    """Base of `Step`: parameters as attributes, each with its source."""

    reference_file_types = ()
    step_defs = None

    def __init__(self, name=None, parent=None, config_file=None, _validate_kwds=True, **kws):
        cls = type(self)
        state = self.__dict__
        state.update(
            name=name or cls.__name__,
            parent=parent,
            config_file=str(config_file) if config_file is not None else None,
            run_record=None,
            _input_filename=None,
            _reference_files_used=[],
            _log_records=[],
        )
        root = getattr(parent, "qualified_name", log.STPIPE_ROOT_LOGGER)
        state["qualified_name"] = f"{root}.{self.name}"
        if _validate_kwds:
            folder = str(Path(config_file).parent) if config_file is not None else None
            self._adopt(parameters.resolve(cls, [Layer("explicit", kws, "argument", folder)]))
            if problems := hooks.findings(self):
                raise HookError("; ".join(problems))
        else:
            self._adopt(kws.pop("_resolved", None) or parameters.unchecked(cls, kws))

    def _adopt(self, resolved):
        """Take over resolved values; a pipeline makes its sub-steps of the rest."""
        self.__dict__.update(resolved.values)
        self.__dict__["_sources"] = resolved.sources
        self.__dict__["_substeps"] = resolved.steps

    def __setattr__(self, name, value):
        table = param_table(type(self))
        param = table.get(name)
        if param is not None:
            try:
                value = parameters.convert(param, value)
            except ParameterError as error:
                raise ParameterError(f"{self.name}.{name}: {error}") from None
            self.__dict__.setdefault("_sources", {})[name] = ("explicit", "attribute")
        elif not (name.startswith("_") or name in self.__dict__ or hasattr(type(self), name)):
            near = get_close_matches(name, table, n=1, cutoff=_CLOSE)
            if near and not _set_by_own_method(self, sys._getframe(1)):
                raise UnknownAttributeError(name, f"step {self.name!r}", table)
        object.__setattr__(self, name, value)

    @classmethod
    def _from_layers(cls, values, explicit, config_file=None, how="argument", name=None):
        """Make a step of the values of a file and of explicit ones (which win)."""
        file = str(config_file) if config_file is not None else None
        folder = str(Path(file).parent) if file else None
        layers = [Layer("file", values, file or "", folder), Layer("explicit", explicit, how)]
        resolved = parameters.resolve(cls, layers)
        name = name or explicit.get("name") or values.get("name") or (file and Path(file).stem)
        return cls(name=name, config_file=file, _validate_kwds=False, _resolved=resolved)

    @classmethod
    def from_config_file(cls, config_file, parent=None, name=None):
        """Make a step of a parameter file.

        Raises
        ------
        ParameterError
            When the file is of another class, or its parameters are wrong.
        """
        values = config_parser.load_config_file(config_file)
        name = name or values.get("name") or Path(config_file).stem
        step_class = cls._class_of(values, config_file)
        return step_class.from_config_section(values, parent, name, config_file)

    @classmethod
    def _class_of(cls, values, config_file):
        """Return the class that a parameter file names: this one or a subclass."""
        if "class" not in values:
            return cls
        step_class = find_step_class(values["class"], Configurable, config_file, _warn)
        if not issubclass(step_class, cls):
            raise ParameterError(
                "Configuration file does not match the expected step class: "
                f"{config_file} is for {step_class.__name__}, expected {cls.__name__}"
            )
        return step_class

    @classmethod
    def from_config_section(cls, config, parent=None, name=None, config_file=None):
        """Make a step of a section of a parameter file."""
        values = config.dict() if hasattr(config, "dict") else dict(config)
        file = str(config_file) if config_file is not None else None
        layer = Layer("file", values, file or "", str(Path(file).parent) if file else None)
        resolved = parameters.resolve(cls, [layer])
        name = name or values.get("name") or cls.__name__
        return cls(name, parent, file, _validate_kwds=False, _resolved=resolved)

    @classmethod
    def load_spec_file(cls):
        """Return the merged spec as a `ConfigObj`, reference overrides and steps included."""
        spec = config_parser.get_merged_spec_file(cls)
        for name, param in param_table(cls).items():
            if param.is_override:
                spec[name] = param.check
        if cls.step_defs is not None:
            spec["steps"] = {n: s.load_spec_file().dict() for n, s in cls.step_defs.items()}
        return spec

    @classmethod
    def print_configspec(cls):
        """Print the merged spec."""
        sys.stdout.write("\n".join(cls.load_spec_file().write()) + "\n")

    @classmethod
    def build_config(cls, input, **kwargs):
        """Merge the parameter reference for `input`, a ``config_file`` and keywords.

        Returns
        -------
        config : ConfigObj
        config_file : str or None
        """
        merged = config_parser.as_config({})
        if input is not None:
            config_parser.merge_config(merged, cls.get_config_from_reference(input))
        file = kwargs.pop("config_file", None)
        if file is not None:
            config_parser.merge_config(merged, config_parser.load_config_file(file))
        config_parser.merge_config(merged, kwargs)
        return merged, file

    @classmethod
    def merge_config(cls, config, config_file):
        """Merge a parameter file over `config`."""
        config_parser.merge_config(config, config_parser.load_config_file(config_file))
        return config

    def get_pars(self, full_spec=True):
        """Return the parameters as a dict, without the overrides of references.

        Parameters
        ----------
        full_spec : bool
            False leaves out those that the bases of the class bring.
        """
        table = param_table(type(self))
        names = table if full_spec else parameters.own_names(type(self))
        return {n: getattr(self, n, None) for n in names if not table[n].is_override}

    def update_pars(self, parameters):
        """Set those of `parameters` that the step has; others are left out."""
        table = param_table(type(self))
        for name, value in parameters.items():
            if name in table:
                setattr(self, name, value)

    def parameter_source(self, name):
        """Return ``spec``, ``pars-ref``, ``file`` or ``explicit``."""
        return self._sources.get(name, ("spec", ""))[0]

    def parameter_sources(self):
        """Return dotted name -> (value, source, detail), sub-steps included."""
        table = param_table(type(self))
        out = {
            name: (self.__dict__.get(name), *self._sources.get(name, ("spec", "")))
            for name in table
        }
        for name in self.step_defs or ():
            inner = getattr(self, name).parameter_sources()
            out.update({f"steps.{name}.{key}": row for key, row in inner.items()})
        return out

    def export_config(self, filename, include_metadata=False):
        """Write the parameters to an ASDF file and return its path."""
        with config.export_config(self).to_asdf(include_metadata) as file:
            file.write_to(str(filename))
        return Path(filename)

    @classmethod
    def get_config_reftype(cls):
        """Return the type of the parameter reference, ``pars-jumpstep``."""
        return f"pars-{cls.__name__.lower()}"

"""`Step`: one correction, its parameters and its references."""

import logging
import sys
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from .. import settings
from ..errors import HookError, NotApplicable, ParameterError, UnknownAttributeError
from . import (
    config,
    config_parser,
    crds_client,
    datamodel,
    engine,
    hooks,
    log,
    parameters,
    references,
    saving,
)
from .parameters import Layer, param_table
from .utilities import find_step_class

_CLOSE = 0.8  # likeness from which an unknown attribute is taken for a typing error


def get_disable_crds_steppars(default=None):
    """Tell whether parameter references are off.

    Parameters
    ----------
    default : bool or None
        The answer, unless None; then the environment variable
        ``STPIPE_DISABLE_CRDS_STEPPARS`` decides.
    """
    return settings.read().disable_crds_steppars if default is None else bool(default)


@contextmanager
def preserve_step_pars(step):
    """Give a step and all its sub-steps their parameters back at the end of a block."""
    kept = engine.Snapshot(step)
    try:
        yield step
    finally:
        kept.restore()


class Step:
    """One step of a calibration.

    A subclass has a `spec` of its parameters and a method `process`. See the documentation page
    "How to write a step".

    Parameters
    ----------
    name : str, optional
        Name in logs and file names; the class's name by default.
    parent : Step, optional
        The pipeline it belongs to.
    config_file : str or Path, optional
        Where relative paths and modules are looked for.
    **kws
        Parameters.
    """

    spec = """
    pre_hooks          = list(default=list())         # Run before the step: functions, Step classes or commands
    post_hooks         = list(default=list())         # Run after the step, on its result
    output_file        = output_file(default=None)    # Name to save the result under
    output_dir         = string(default=None)         # Folder of all files saved; made if absent
    output_ext         = string(default='.fits')      # Kind of file to save
    output_use_model   = boolean(default=False)       # Name products after the model's meta.filename
    output_use_index   = boolean(default=True)        # Number the products when there are several
    save_results       = boolean(default=False)       # Save the result
    skip               = boolean(default=False)       # Pass the input on unchanged
    suffix             = string(default=None)         # Suffix of the product's name
    search_output_file = boolean(default=True)        # Use the output_file of the enclosing pipeline
    input_dir          = string(default=None)         # Folder of input files given by bare name
    """  # noqa: E501 - a table

    class_alias = None
    reference_file_types = ()
    prefetch_references = True
    correction_pars = None
    use_correction_pars = False
    input_types = ()
    step_defs = None
    _log_records_formatter = None
    _opener = "jwstlike.datamodels:open"
    _context = None  # the run in progress

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

    def __getstate__(self):
        state = dict(self.__dict__)
        state.pop("_context", None)
        return state

    # ------------------------------------------------------------ running

    def process(self, *args):
        """Do the work; each subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} has no method process()")

    def run(self, *args, pars=None):
        """Run the step.

        Parameters
        ----------
        *args
            Files, models, lists of them; the first is the primary input.
        pars : "crds" or "off", optional
            Whether parameters that nobody set take the values of the parameter reference.

        Returns
        -------
        model, list or tuple of models, or whatever `process` returns
        """
        box = list(args)
        del args  # so that the pipeline alone holds its input, and may let go of it
        return engine.run(self, box, pars or settings.read().run_pars)

    def __call__(self, *args):
        """Run the step: inside a pipeline ``self.dq(input)``."""
        box = list(args)
        del args
        return engine.run(self, box, settings.read().run_pars)

    @classmethod
    def call(cls, *args, config_file=None, logcfg=None, configure_log=True, steps=None, **pars):
        """Make a step, with parameters from the references, a file and arguments, and run it.

        Parameters
        ----------
        *args
            As of `run`.
        config_file : str or Path, optional
            Parameter file.
        logcfg : str or Path, optional
            Log configuration file.
        configure_log : bool
            Set log handlers up for the time of the run.
        steps : dict, optional
            Parameters of sub-steps: ``{"jump": {"rejection_threshold": 5.0}}``.
        **pars
            Parameters.
        """
        if steps is not None:
            pars["steps"] = steps
        values = config_parser.load_values(config_file) if config_file is not None else {}
        step = cls._from_layers(values, pars, config_file, "argument")
        if not configure_log:
            return step.run(*args, pars="crds")
        keys = {k: values[k] for k in ("log_level", "log_file", "log_stream") if k in values}
        logging_of = log.load_configuration(logcfg or values.get("logcfg"), **keys)
        with logging_of.context(step._log_names()):
            return step.run(*args, pars="crds")

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
        step_class = cls
        if "class" in values:
            step_class = find_step_class(values["class"], Step, config_file, _warn)
            if not issubclass(step_class, cls):
                raise ParameterError(
                    "Configuration file does not match the expected step class: "
                    f"{config_file} is for {step_class.__name__}, expected {cls.__name__}"
                )
        name = name or values.get("name") or Path(config_file).stem
        return step_class.from_config_section(values, parent, name, config_file)

    @classmethod
    def from_config_section(cls, config, parent=None, name=None, config_file=None):
        """Make a step of a section of a parameter file."""
        values = config.dict() if hasattr(config, "dict") else dict(config)
        file = str(config_file) if config_file is not None else None
        layer = Layer("file", values, file or "", str(Path(file).parent) if file else None)
        resolved = parameters.resolve(cls, [layer])
        name = name or values.get("name") or cls.__name__
        return cls(name, parent, file, _validate_kwds=False, _resolved=resolved)

    @staticmethod
    def from_cmdline(args):
        """Run a step as ``strun`` would and return it."""
        return engine.late("cmdline").step_from_cmdline(args)

    # ------------------------------------------------------------ parameters

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

    @classmethod
    def get_config_from_reference(cls, dataset, disable=None, crds_observatory=None):
        """Return the parameters of the parameter reference; empty when there is none.

        Parameters
        ----------
        dataset : str, Path, model or dict
            Input, or the metadata that select references.
        """
        if get_disable_crds_steppars(disable):
            return config_parser.as_config({})
        if isinstance(dataset, dict):
            found = (dataset, crds_observatory)
        else:
            found = cls._get_crds_parameters(dataset)
        return cls._get_config_from_parameters(*found)

    @classmethod
    def _get_config_from_parameters(cls, crds_parameters, crds_observatory):
        found, _files = references.parameter_values(cls, crds_parameters, crds_observatory)
        return config_parser.as_config(found)

    # ------------------------------------------------------------ models and references

    @classmethod
    def _datamodels_open(cls, init, **kwargs):
        return datamodel.resolve(cls._opener)(init, **kwargs)

    @classmethod
    def _get_crds_parameters(cls, dataset):
        if datamodel.is_model(dataset):
            return dataset.get_crds_parameters(), dataset.crds_observatory
        if isinstance(dataset, list | tuple):
            return cls._get_crds_parameters(dataset[0])
        with cls._datamodels_open(dataset) as model:
            return model.get_crds_parameters(), model.crds_observatory

    @classmethod
    def _get_filename(cls, dataset):
        if isinstance(dataset, list | tuple) and dataset:
            dataset = dataset[0]
        if datamodel.is_path(dataset):
            return str(dataset)
        return datamodel.get_filename(dataset)

    def open_model(self, init, **kwargs):
        """Open a file (``input_dir`` applies) or model."""
        path = self.make_input_path(init) if datamodel.is_path(init) else init
        return self._datamodels_open(path, **kwargs)

    def prepare_output(
        self, init, make_copy=None, open_models=True, open_as_type=None, open_as_ramp=False
    ):
        """Return a model that the step may change.

        Parameters
        ----------
        init : str, Path, model
        make_copy : bool, optional
            By default a model is copied only when somebody outside the run may hold it.
        open_models : bool
            False leaves a path as it is.
        open_as_type : class, optional
            Model class to open with.
        open_as_ramp : bool
            Open with ``RampModel``.
        """
        if datamodel.is_path(init):
            if not open_models:
                return init
            if open_as_ramp and open_as_type is None:
                open_as_type = engine.model_class(self, "RampModel")
            path = self.make_input_path(init)
            return open_as_type(path) if open_as_type else self._datamodels_open(path)
        if make_copy is None:
            make_copy = self.parent is None and self._context is None
        return init.copy() if make_copy and hasattr(init, "copy") else init

    def make_input_path(self, file_path):
        """Return the path of an input; a bare name is looked for in ``input_dir``."""
        folder = self.search_attr("input_dir")
        if not datamodel.is_path(file_path) or not folder or len(Path(file_path).parts) > 1:
            return file_path
        inside = saving.expand(folder) / file_path
        return str(inside) if inside.exists() or not Path(file_path).exists() else file_path

    def get_ref_override(self, reference_file_type):
        """Return the override of a reference: absolute path, model, ``'N/A'``, ``''`` or None."""
        name = crds_client.get_override_name(reference_file_type)
        return references.absolute(getattr(self, name, None), self.config_file)

    def get_reference_file(self, input_file, reference_file_type):
        """Return the path of a reference, or the model of an override, or ``'N/A'``."""
        return references.get(self, input_file, reference_file_type)

    def open_reference(self, model, reference_file_type):
        """Return a reference as its model: shared between exposures, so not to be changed.

        Raises
        ------
        NotApplicable
            When there is no such reference for this exposure.
        """
        found = self.get_reference_file(model, reference_file_type)
        if datamodel.is_model(found):
            return found
        if found in ("N/A", ""):
            raise NotApplicable(f"no {reference_file_type} reference applies to this exposure")
        return references.open_shared(self, found)

    def prefetch(self, *args):
        """Find the references of `args` before they are needed."""
        if args and self.reference_file_types and self.prefetch_references:
            self._precache_references(args[0])

    def _precache_references(self, input_file):
        references.prefetch(self, input_file)

    # ------------------------------------------------------------ output

    def set_primary_input(self, obj, exclusive=True):
        """Name the products after `obj`; in a sub-step only when not `exclusive`."""
        if self.parent is None or not exclusive:
            self.__dict__["_input_filename"] = self._get_filename(obj)

    def default_output_file(self, input_file=None):
        """Name that products are named after."""
        return input_file or saving.root_name(self)

    def default_suffix(self):
        """Suffix of the products: ``suffix``, else the name in lower case."""
        return (saving.inherited(self, "suffix") or self.name.lower()).lstrip("_-")

    def remove_suffix(self, name):
        """Return the name without its suffix, and the character that parts them."""
        return saving.naming.remove_suffix(name, saving.known_suffixes(self))

    def search_attr(self, attribute, default=None, parent_first=False):
        """Value of an attribute of the step or, where None, of its parents (or the reverse)."""
        if parent_first and self.parent is not None:
            value = self.parent.search_attr(attribute, None, parent_first=True)
            if value is not None:
                return value
        value = getattr(self, attribute, None)
        if value is None and self.parent is not None and not parent_first:
            value = self.parent.search_attr(attribute)
        return default if value is None else value

    def make_output_path(self, basepath=None, ext=None, suffix=None, **components):
        """Return the path of a product; see `stpipe.saving.make_path`."""
        return saving.make_path(self, basepath, ext, suffix, **components)

    def save_model(self, model, suffix=None, idx=None, output_file=None, force=False, **components):
        """Save a model if ``save_results``, `output_file` or `force`.

        Returns
        -------
        path, list of paths, or None when nothing was asked for
        """
        if output_file is None or output_file == "":
            if not (self.save_results or force):
                return None
            output_file = None

        def path_of(item, number):
            number = idx if number is None else number
            return self.make_output_path(
                output_file, suffix=suffix, idx=number, _model=item, **components
            )

        return saving.save_model(self, model, path_of)

    def note_product(self, path):
        """Enter a saved file into the record of the run."""
        step = self
        while step is not None:
            if step._context is not None:
                step._context.note_product(path)
                return
            step = step.parent

    def finalize_result(self, result, reference_files_used):
        """Enter versions, references and the log into the metadata of a result."""
        answers = self._context.top.references if self._context is not None else None
        references.note_in_model(result, reference_files_used, answers)
        if self.parent is None and self.class_alias:
            datamodel.note_log(result, self.class_alias, self._log_records)

    # ------------------------------------------------------------ logs

    @property
    def log(self):
        """Logger of the step; new code takes ``logging.getLogger(__name__)``."""
        return logging.getLogger(self.qualified_name)

    @property
    def log_records(self):
        """What the latest run logged."""
        return self._log_records

    @staticmethod
    def get_stpipe_loggers():
        """Names of the loggers whose records a run shows and keeps."""
        return log.LOG_NAMES

    def _log_names(self):
        """Those loggers and that of the package the step comes from."""
        own = type(self).__module__.partition(".")[0]
        return (*self.get_stpipe_loggers(), *(() if own == "__main__" else (own,)))


def _warn(text):
    logging.getLogger(log.STPIPE_ROOT_LOGGER).warning(text)


def _set_by_own_method(step, frame):
    """Tell whether the caller is a method of the step itself."""
    names = frame.f_code.co_varnames
    return bool(names) and frame.f_locals.get(names[0]) is step


class RomanStep(Step):
    """A step on Roman models."""

    spec = """
    output_ext     = string(default='.asdf')    # Kind of file to save
    update_version = boolean(default=False)     # Convert the input to the newest schema version
    """
    _opener = "jwstlike.roman:open"


JwstStep = Step

"""`Step`: one correction, its parameters and its references."""

import logging
from contextlib import contextmanager
from pathlib import Path

from .. import settings
from ..errors import NotApplicable
from . import (
    config_parser,
    crds_client,
    datamodel,
    engine,
    log,
    references,
    saving,
)
from .configurable import Configurable


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


class Step(Configurable):
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
        return self.run(*args)

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
        step_class = cls._class_of(values, config_file)
        step = step_class._from_layers(values, pars, config_file, "argument")
        if not configure_log:
            return step.run(*args, pars="crds")
        keys = {k: values[k] for k in ("log_level", "log_file", "log_stream") if k in values}
        logging_of = log.load_configuration(logcfg or values.get("logcfg"), **keys)
        with logging_of.context(step._log_names()):
            return step.run(*args, pars="crds")

    @staticmethod
    def from_cmdline(args):
        """Run a step as ``strun`` would and return it."""
        return engine.late("cmdline").step_from_cmdline(args)

    # ------------------------------------------------------------ parameters

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
        if hasattr(dataset, "get_crds_parameters"):  # also of a container or library
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
        if datamodel.is_several(dataset):
            return datamodel.get_path(dataset)
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
        """Those loggers and those of the packages that the step and its sub-steps come from."""
        names = {}
        steps = [self]
        while steps:
            step = steps.pop()
            names[type(step).__module__.partition(".")[0]] = None
            steps += [getattr(step, name) for name in step.step_defs or ()]
        names.pop("__main__", None)
        return (*self.get_stpipe_loggers(), *names)


class RomanStep(Step):
    """A step on Roman models."""

    spec = """
    output_ext     = string(default='.asdf')    # Kind of file to save
    update_version = boolean(default=False)     # Convert the input to the newest schema version
    """
    _opener = "jwstlike.roman:open"


JwstStep = Step

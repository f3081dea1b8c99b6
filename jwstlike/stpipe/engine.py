"""A run of a step: a list of short functions over a context that holds the state of the run."""

import importlib
import logging
import time
import weakref
from pathlib import Path

from ..errors import ModelTypeError, NotApplicable, StpipeException
from . import datamodel, hooks, log, preflight, record, references, saving
from .parameters import param_table
from .preflight import model_class

logger = logging.getLogger("stpipe.engine")

__all__ = ["RunContext", "Snapshot", "late", "model_class", "run"]


def late(module):
    """Return a module of this package that imports the engine itself."""
    return importlib.import_module(f"jwstlike.stpipe.{module}")


class Snapshot:
    """Parameters of a step and its sub-steps, to be put back after a run."""

    def __init__(self, step):
        names = param_table(type(step))
        state = step.__dict__
        self._step = step
        self._values = {name: state[name] for name in names if name in state}
        self._sources = dict(step._sources)
        self._steps = [Snapshot(getattr(step, name)) for name in step.step_defs or ()]

    def restore(self):
        """Put everything back."""
        self._step.__dict__.update(self._values)
        self._step.__dict__["_sources"] = self._sources
        for inner in self._steps:
            inner.restore()


class RunContext:
    """State of one run of one step; the top one also holds what the whole run shares."""

    def __init__(self, step, args, parent=None):
        self.step, self.args, self.parent = step, args, parent
        self.top = self if parent is None else parent.top
        self.result = None
        self.input = None  # weak or strong reference to the input, for a step that declines
        self.status = None
        self.reason = None
        self.entry = None
        self.status_before = None
        self.primary_is_ours = parent is not None
        self.crds_parameters = None
        self.type_error = None
        if parent is None:
            self.references = references.Answers()
            self.record = None
            self.strict = False
            self.product = None

    def note_product(self, path):
        """Enter a saved file into the record."""
        outputs = self.top.record.outputs
        if path not in outputs:
            outputs.append(path)
        logger.info("Saved %s", path)

    def note_reference(self, kind, found):
        """Enter a reference that was used into the record."""
        self.top.record.references[kind] = found


def run(step, box, pars="crds"):
    """Run a step on the arguments in the list `box`, which is emptied."""
    parent = step.parent._context if step.parent is not None else None
    if parent is not None:
        return _run_step(RunContext(step, box, parent))
    return _run_top(step, box, pars)


# ---------------------------------------------------------------- the whole run


def _run_top(step, box, pars):
    options = step.__dict__.pop("_run_options", {})
    context = RunContext(step, box)
    context.strict = options.get("strict", False)
    context.record = record.RunRecord(step, options.get("argv"), context.references.contexts)
    kept, begun = Snapshot(step), False
    with log.recording(step._log_names(), formatter=step._log_records_formatter) as records:
        step.__dict__["_log_records"] = records
        try:
            _announce_top(context)
            if box:
                step.set_primary_input(box[0])
            _own_arguments(context)
            _parameters_from_references(context, pars)
            kept = Snapshot(step) if options.get("keep_pars") else kept
            _preflight(context)
            begun = True
            result = _run_step(context)
            failed = context.status == datamodel.FAILED
            _close_record(context, context.status, int(failed), context.reason)
        except BaseException as error:
            if begun:
                _record_failure(context, error)
            raise
        finally:
            kept.restore()
    return result


def plan(step, args, pars="crds"):
    """Resolve the parameters of a run and look for what speaks against it, without running.

    Returns
    -------
    findings : list of str
        What would refuse the run.
    answers : references.Answers
        The references found. The parameters from references stay in `step`.
    """
    context = RunContext(step, list(args))
    context.strict = True
    context.record = record.RunRecord(step)
    _parameters_from_references(context, pars)
    findings = preflight.check(context)
    if args:
        step.set_primary_input(args[0])
    return findings, context.references


def _record_failure(context, error):
    try:
        _close_record(context, datamodel.FAILED, _exit_code(error), _one_line(error))
    except OSError as problem:  # the first error matters more
        logger.warning("the run record could not be written: %s", problem)


def _exit_code(error):
    if isinstance(error, KeyboardInterrupt):
        return 130
    return getattr(error, "exit_status", 1)


def _one_line(error):
    return f"{type(error).__name__}: {error}".replace("\n", " ")


def _announce_top(context):
    packages = ", ".join(f"{name} {text}" for name, text in record.versions().items())
    logger.info("%s; %s", packages, record.platform_text())
    for arg in context.args:
        for item in arg if isinstance(arg, list | tuple) else (arg,):
            path = item if datamodel.is_path(item) else datamodel.get_path(item)
            if path and Path(context.step.make_input_path(str(path))).is_file():
                context.record.inputs.append(str(context.step.make_input_path(str(path))))


def _own_arguments(context):
    """Copy models that the caller holds, so that they are never changed."""
    for n, arg in enumerate(context.args):
        if datamodel.is_model(arg) and hasattr(arg, "copy"):
            context.args[n] = arg.copy()
            context.primary_is_ours = context.primary_is_ours or n == 0
        elif isinstance(arg, list | tuple):
            context.args[n] = type(arg)(
                [a.copy() if datamodel.is_model(a) and hasattr(a, "copy") else a for a in arg]
            )


def _parameters_from_references(context, pars):
    step = context.step
    if pars != "crds" or not context.args:
        return
    if step.parent is not None or late("step").get_disable_crds_steppars():
        return
    dataset = context.args[0]
    try:
        if datamodel.is_path(dataset):
            dataset = step.make_input_path(dataset)
        found = step._get_crds_parameters(dataset)
    except Exception as error:  # the preflight says what is wrong with the input
        logger.debug("no parameter references: %s", error)
        return
    values, files = references.parameter_values(type(step), *found, context.references)
    context.record.references.update(files)
    changed = references.apply_parameters(step, values, files)
    if changed:
        logger.info("Parameters from references: %s", ", ".join(changed))


def _preflight(context):
    found = preflight.check(context)
    if found:
        preflight.refuse(context, found)
    step = context.step
    logger.info("Step %s parameters are:\n%s", step.name, _as_text(step.get_pars()))


def _as_text(pars, indent="  "):
    lines = []
    for name, value in pars.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", _as_text(value, indent + "  ")]
        else:
            text = "null" if value is None else str(record.plain(value))
            lines.append(f"{indent}{name}: {text.lower() if isinstance(value, bool) else text}")
    return "\n".join(lines)


def _close_record(context, status, exit_code, reason):
    step = context.step
    made = context.record.finish(status or datamodel.COMPLETE, exit_code, reason)
    step.__dict__["run_record"] = made
    if step.save_results and (status == datamodel.FAILED or context.record.outputs):
        product = context.product or saving.product_path(step)
        path = record.write(made, saving.output_folder(step), product)
        logger.info("Run record: %s", path)


# ---------------------------------------------------------------- one step


def _run_step(context):
    step = context.step
    outer, step.__dict__["_context"] = step._context, context
    context.entry = context.top.record.entry(step)
    context.entry.start()
    step.__dict__["_reference_files_used"] = []
    try:
        for stage in STAGES:
            stage(context)
        context.entry.finish(context.status or datamodel.COMPLETE, context.reason)
    except BaseException as error:
        context.entry.finish(datamodel.FAILED, _one_line(error))
        if not hasattr(error, "failed_step"):
            error.failed_step = step.name
        raise
    finally:
        step.__dict__["_context"] = outer
    result, context.result = context.result, None
    return result


def announce(context):
    """Say that the step starts."""
    args = ", ".join(map(datamodel.describe, context.args))
    logger.info("Step %s running with args (%s)", context.step.name, args)


def make_output_folder(context):
    """Make the folder that results go to."""
    step = context.step
    if step.output_file:
        step.__dict__["save_results"] = True
    if step.save_results:
        saving.output_folder(step).mkdir(parents=True, exist_ok=True)


def open_primary_input(context):
    """Open the first argument, or convert it, for a step that names its input types."""
    step = context.step
    if step.input_types and context.args and not step.skip:
        try:
            context.args[0] = preflight.open_input(step, context.args[0])
        except ModelTypeError as error:
            logger.warning("%s", error)
            raise


def run_pre_hooks(context):
    """Run the hooks before the step."""
    if context.step.pre_hooks:
        hooks.run_hooks(context.step, "pre", context.args, context.entry.row["hooks"])


def skip_or_process(context):
    """Run `process`, unless the step is skipped or declines."""
    step = context.step
    if step.skip and step.parent is None:
        logger.info("Step run as standalone, so skip set to False")
        step.__dict__["skip"] = False
    if step.skip:
        _, source, detail = step.parameter_sources()["skip"]
        reason = f"skip is set ({source} {Path(detail).name})"
        _decline(context, reason, context.args[0] if context.args else None)
        return
    _remember_input(context)
    try:
        step.prefetch(*context.args)
        context.result = _process(step, context.args)
    except NotApplicable as declined:
        _decline(context, declined.reason, context.input() if context.input else None)
        return
    finally:
        context.input = None
    _settle_status(context)


def _remember_input(context):
    """Keep the input for a step that declines; a pipeline's only weakly, it may be large."""
    if not context.args:
        return
    first = context.args[0]
    context.input = lambda: first
    if context.step.step_defs is not None:
        try:
            context.input = weakref.ref(first)
        except TypeError:
            return
    alias = context.step.class_alias
    if alias and datamodel.is_model(first):
        context.status_before = datamodel.get_status(first, alias)
        if context.status_before is not None:
            datamodel.set_status(first, alias, None)


def _process(step, args):
    """Call `process` so that no frame of ours holds on to the arguments."""
    if len(args) == 1:
        return step.process(args.pop())
    taken = tuple(args)
    args.clear()
    return step.process(*taken)


def _decline(context, reason, first):
    """Record SKIPPED, and give the input, opened, as the result."""
    step = context.step
    context.status, context.reason = datamodel.SKIPPED, str(reason)
    logger.info("Step %s skipped: %s", step.name, reason)
    if datamodel.is_path(first):
        first = step.open_model(first)
    if step.class_alias and first is not None:
        datamodel.record_step_status(first, step.class_alias, status=datamodel.SKIPPED)
    context.result = first


def _settle_status(context):
    """Record COMPLETE, unless the step recorded another status."""
    step = context.step
    alias = step.class_alias
    context.status = datamodel.COMPLETE
    if not alias:
        return
    for model in datamodel.each_model(context.result):
        status = datamodel.get_status(model, alias)
        if status in (datamodel.SKIPPED, datamodel.FAILED):
            context.status = status
            context.reason = context.reason or "the step said so"
        else:
            datamodel.set_status(model, alias, datamodel.COMPLETE)
    if context.status == datamodel.FAILED and context.parent is not None:
        raise StpipeException(f"step {step.name!r} reported FAILED; the pipeline stops")


def run_post_hooks(context):
    """Run the hooks after the step, on its result."""
    if context.step.post_hooks:
        box = [context.result]
        context.result = None
        hooks.run_hooks(context.step, "post", box, context.entry.row["hooks"])
        context.result = box[0]


def finalize(context):
    """Enter versions and references into each result."""
    step = context.step
    for kind, name in step._reference_files_used:
        context.top.record.references.setdefault(kind, name)
    for model in datamodel.each_model(context.result):
        step.finalize_result(model, step._reference_files_used)
        if context.parent is None:
            datamodel.note_history(model, context.record.short())


def save(context):
    """Save the result, if so asked and if the step was not switched off."""
    step = context.step
    if not step.save_results or step.skip:
        return
    result = context.result
    if not datamodel.holds_models(result):
        return
    started = time.perf_counter()
    saved = saving.save_model(step, result, lambda m, idx: saving.product_path(step, m, idx))
    if context.parent is None:
        context.top.product = saved if isinstance(saved, str) else (saved or [None])[0]
    logger.debug("saving took %.3f s", time.perf_counter() - started)


def farewell(context):
    """Say that the step is done."""
    logger.info("Step %s done", context.step.name)


STAGES = (
    announce,
    make_output_folder,
    open_primary_input,
    run_pre_hooks,
    skip_or_process,
    run_post_hooks,
    finalize,
    save,
    farewell,
)

"""Everything that may speak against a run, looked at before the first pixel is touched."""

import logging
import os
import shutil
from pathlib import Path

from ..errors import CrdsError, JwstlikeError, ModelTypeError, PreflightError
from . import datamodel, hooks, references, saving

log = logging.getLogger("stpipe.preflight")

SAVABLE = (".fits", ".asdf")  # by our own models, and packed
PACKED = (".gz", ".bz2", ".xz", ".zst")


class RefusedModelTypeError(PreflightError, ModelTypeError):
    """A run refused for the class of its input, and perhaps for more."""


def refuse(context, findings):
    """Raise the error for the findings of a run."""
    raise (RefusedModelTypeError if context.type_error else PreflightError)(findings)


def open_input(step, obj):
    """Open an input path and check or convert its class for ``step.input_types``.

    Raises
    ------
    ModelTypeError
        Naming step, what it needs and what was given.
    """
    model = step.open_model(obj) if datamodel.is_path(obj) else obj
    return cast_input(step, model, obj)


def source_problems(model):
    """Return findings about the file behind a model, where its class can tell: cut data."""
    tell = getattr(model, "source_problems", None)
    return list(tell()) if callable(tell) else []


def cast_input(step, model, obj=None):
    """Return `model`, converted where that loses nothing, for a step with ``input_types``."""
    wanted = datamodel.type_names(step.input_types)
    if not wanted or not datamodel.is_model(model):
        return model
    if set(wanted) & set(datamodel.class_names(type(model))):
        return model
    target = datamodel.castable_to(model, wanted)
    if target is not None:
        return model_class(step, target)(model)
    file = obj if datamodel.is_path(obj) else datamodel.get_filename(model)
    shape = getattr(model, "shape", None)
    kind = type(model).__name__ + (f" ({len(shape)}-D data)" if shape else "")
    text = (
        f"step {step.name!r} ({type(step).__name__}) needs {' or '.join(wanted)}; "
        f"{file or 'the model given'} is {kind}; give a file of the right kind"
    )
    raise ModelTypeError(text)


def model_class(step, name):
    """Return a model class by name, from the package of the step's opener."""
    return datamodel.resolve(f"{step._opener.partition(':')[0]}:{name}")


def check_folder(step):
    """Return findings about the folder that the step will write to; nothing is made."""
    folder = saving.output_folder(step)
    product = Path(saving.product_path(step))
    plain = Path(product.stem) if product.suffix.lower() in PACKED else product
    if step._opener.startswith("jwstlike.") and plain.suffix.lower() not in SAVABLE:
        return [
            f"output file {product}: a model is saved as {' or '.join(SAVABLE)}; "
            "give output_file or output_ext one of these extensions"
        ]
    if product.is_dir():
        return [f"output file {product}: is a folder; give another output_file"]
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        return [f"output folder {folder}: {place} is a file; give another output_dir"]
    if not os.access(place, os.W_OK | os.X_OK):
        return [f"output folder {folder}: {place} is not writable; give another output_dir"]
    if shutil.disk_usage(place).free == 0:
        return [f"output folder {folder}: no room left; free some or give another output_dir"]
    return []


def check_input(context, strict):
    """Open the primary input if anything needs it; return findings.

    Parameters
    ----------
    context : RunContext
        Gets the opened model in place of a path, for steps that name their input types.
    strict : bool
        A first argument that is no file is a finding, even where nothing would open it.
    """
    step = context.step
    if not context.args:
        return []
    primary = context.args[0]
    if isinstance(primary, list | tuple):
        return [
            f"{item}: no such file; check the name of the input"
            for item in primary
            if datamodel.is_path(item)
            and not datamodel.is_address(item)
            and (strict or step.input_types)
            and not Path(step.make_input_path(item)).exists()
        ]
    is_needed = bool(step.input_types or references.needed(step))
    if not datamodel.is_path(primary) or datamodel.is_address(primary):
        return _open(context, primary) if is_needed else []
    path = Path(step.make_input_path(primary))
    if not path.exists():
        return [f"{path}: no such file; check the name of the input"] if is_needed or strict else []
    if not is_needed:
        return []
    return [f"{path}: is a folder; give a file"] if path.is_dir() else _open(context, primary)


def _open(context, primary):
    step = context.step
    try:
        if step.input_types:
            context.args[0] = open_input(step, primary)
            context.primary_is_ours = True
            return source_problems(context.args[0])
        if datamodel.is_path(primary):
            with step.open_model(primary) as model:
                context.crds_parameters = model.get_crds_parameters(), model.crds_observatory
                return source_problems(model)
    except ModelTypeError as error:
        context.type_error = error
        log.warning("%s", error)
        return [str(error)]
    except (JwstlikeError, OSError, ValueError, TypeError) as error:
        text = str(error)
        name = Path(primary).name if datamodel.is_path(primary) else "input"
        return [text if name in text else f"{name}: {text or type(error).__name__}"]
    return []


def check_references(context):
    """Find the references of all unskipped steps in one call; return findings."""
    step = context.step
    findings = references.check_overrides(step)
    types = [
        kind
        for kind, owner in references.needed(step).items()
        if owner.get_ref_override(kind) is None
    ]
    if not types or not context.args:
        return findings
    if context.crds_parameters is None:
        dataset = context.args[0]
        if not (datamodel.is_model(dataset) or hasattr(dataset, "get_crds_parameters")):
            return findings
        context.crds_parameters = dataset.get_crds_parameters(), dataset.crds_observatory
    parameters, observatory = context.crds_parameters
    try:
        context.top.references.fetch(parameters, types, observatory)
    except CrdsError as error:
        findings += str(error).splitlines()
    return findings


def all_hooks(step):
    """Return the findings about the hooks of a step and its unskipped sub-steps."""
    lines = hooks.findings(step)
    for name in step.step_defs or ():
        sub = getattr(step, name)
        if not sub.skip:
            lines += all_hooks(sub)
    return lines


def check(context):
    """Return every finding about a run; an empty list when it may start."""
    found = check_input(context, context.strict)
    found += all_hooks(context.step)
    if context.step.save_results or context.step.output_file:
        found += check_folder(context.step)
    if not found or context.crds_parameters or context.primary_is_ours:
        found += check_references(context)
    else:
        found += references.check_overrides(context.step)
    return found

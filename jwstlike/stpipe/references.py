"""How a step gets its references: override first, else the reference-file system."""

import logging
import os
from pathlib import Path
from weakref import WeakValueDictionary

from .. import __version__
from ..errors import CrdsError, ParameterError, did_you_mean
from . import config_parser, crds_client, datamodel

log = logging.getLogger("stpipe.references")

_VOLATILE = (  # metadata that change during a run and select no reference
    "meta.cal_step.",
    "meta.ref_file.",
    "meta.calibration_software",
    "meta.filename",
    "meta.date",
    "meta.model_type",
)
_OPEN = WeakValueDictionary()  # (path, mtime) -> reference model, while somebody uses it


def absolute(override, config_file=None):
    """Return an override as `get_ref_override` gives it."""
    if not datamodel.is_path(override) or str(override).strip() in ("", "N/A"):
        return override.strip() if isinstance(override, str) else override
    path = Path(os.path.expandvars(override)).expanduser()
    if not path.exists() and config_file and (beside := Path(config_file).parent / path).exists():
        path = beside
    return str(path.resolve() if path.exists() else Path.cwd() / path)


def needed(step):
    """Return type -> step, for all types that `step` and its unskipped sub-steps fetch."""
    found = {}
    for name in step.step_defs or ():
        sub = getattr(step, name)
        if not sub.skip:
            found.update({k: v for k, v in needed(sub).items() if k not in found})
    if step.step_defs is None and step.prefetch_references:
        found.update(dict.fromkeys(step.reference_file_types, step))
    return found


def check_overrides(step):
    """Return one line for each override of an unskipped step that cannot be used."""
    lines = []
    for name in step.step_defs or ():
        sub = getattr(step, name)
        if not sub.skip:
            lines += check_overrides(sub)
    for kind in step.reference_file_types if step.step_defs is None else ():
        found = step.get_ref_override(kind)
        if datamodel.is_path(found) and found not in ("", "N/A") and not Path(found).is_file():
            _value, source, detail = step.parameter_sources()[f"override_{kind}"]
            lines.append(
                f"override_{kind} of step {step.name!r} ({source} {detail}): no such file {found}; "
                "give an existing file, N/A, or leave it out"
            )
    return lines


def _key(parameters):
    return tuple(sorted((k, str(v)) for k, v in parameters.items() if not k.startswith(_VOLATILE)))


class Answers:
    """What the reference-file system said in one run, all under one context."""

    def __init__(self):
        self.contexts = {}  # observatory -> crds_client.Context
        self._known = {}  # (observatory, metadata) -> {type: crds_client.Reference}

    def found(self, kind):
        """Return what was found for a type, or None."""
        return next((known[kind] for known in self._known.values() if kind in known), None)

    def context_name(self):
        """Return the name of the context, or an empty string before the first look-up."""
        return next((context.name for context in self.contexts.values()), "")

    def plan(self, parameters, types, observatory):
        """Ask for `types` in one call; return the `crds_client.Plan`."""
        if observatory not in self.contexts:
            self.contexts[observatory] = crds_client.resolve_context(observatory)
            log.info("References by context %s", self.contexts[observatory])
        return crds_client.plan(parameters, types, observatory, self.contexts[observatory])

    def fetch(self, parameters, types, observatory):
        """Return type -> `crds_client.Reference`, asking for those not known yet.

        Raises
        ------
        CrdsError
            A reference cannot be had; the text holds all problems.
        """
        known = self._known.setdefault((observatory, _key(parameters)), {})
        missing = [t for t in types if t not in known]
        if missing:
            plan = self.plan(parameters, missing, observatory)
            plan.paths()
            known.update(plan.references)
        return {t: known[t] for t in types}


def _cache_of(step):
    context = step._context
    return context.top.references if context is not None else Answers()


def prefetch(step, dataset):
    """Find all references of `step` and its sub-steps that are not overridden.

    Returns
    -------
    dict
        Type -> `crds_client.Reference`; empty when every reference is overridden.
    """
    types = [t for t, owner in needed(step).items() if owner.get_ref_override(t) is None]
    if not types:
        return {}
    parameters, observatory = step._get_crds_parameters(dataset)
    return _cache_of(step).fetch(parameters, types, observatory)


def get(step, dataset, kind):
    """See `Step.get_reference_file`.

    Raises
    ------
    CrdsError
        When the reference cannot be had.
    """
    override = step.get_ref_override(kind)
    used = step._reference_files_used
    if override is not None:
        if datamodel.is_model(override):
            handle = getattr(override, "override_handle", None)
            used.append((kind, handle or f"override://{type(override).__name__}"))
        elif override:
            used.append((kind, override))
        return override
    parameters, observatory = step._get_crds_parameters(dataset)
    found = _cache_of(step).fetch(parameters, [kind], observatory)[kind]
    path = crds_client.check_reference_open(found.path)
    used.append((kind, f"crds://{found.name}" if path != "N/A" else "N/A"))
    if step._context is not None:
        step._context.note_reference(kind, found)
    return path


def open_shared(step, path):
    """Open a reference once for all who use it at the same time."""
    key = (str(path), Path(path).stat().st_mtime_ns)
    model = _OPEN.get(key)
    if model is None:
        model = step._datamodels_open(path)
        try:
            _OPEN[key] = model
        except TypeError:  # a class without weak references
            return model
    return model


def note_in_model(model, used, answers=None):
    """Enter versions and references into ``meta`` of a model that has the places for it."""
    meta = getattr(model, "meta", None)
    if meta is None:
        return
    if hasattr(meta, "calibration_software_version"):
        meta.calibration_software_version = __version__
    ref_file = getattr(meta, "ref_file", None)
    if ref_file is None or not used:
        return
    for kind, name in used:
        _set(ref_file, kind, "name", name)
    if any(name.startswith("crds://") for _, name in used):
        observatory = model.crds_observatory
        context = answers.contexts.get(observatory) if answers else None
        name = context.name if context else crds_client.get_context_used(observatory)
        _set(ref_file, "crds", "context_used", name)
        _set(ref_file, "crds", "sw_version", crds_client.get_svn_version())


def _set(parent, group, name, value):
    node = getattr(parent, group, None)
    if node is None:
        setattr(parent, group, {name: value})
    else:
        setattr(node, name, value)


# ---------------------------------------------------------------- parameter references


def _config_types(cls):
    types = {cls.get_config_reftype(): None}
    for sub in (cls.step_defs or {}).values():
        types.update(_config_types(sub))
    return types


def parameter_values(cls, parameters, observatory, answers=None):
    """Find the parameter references of a class and its steps in one call.

    Those of a pipeline's own reference win over those of its steps' references. A reference that
    cannot be had is none, with a warning in the log.

    Returns
    -------
    values : dict
        Nested as in a parameter file.
    references : dict
        Type -> `crds_client.Reference`, those that exist.
    """
    if not crds_client.is_set_up(observatory):
        return {}, {}
    try:
        plan = (answers or Answers()).plan(parameters, list(_config_types(cls)), observatory)
    except CrdsError as error:
        log.warning("parameter references are not used: %s", error)
        return {}, {}
    for problem in plan.problems:
        log.warning("parameter reference not used: %s", problem)
    found = {k: r for k, r in plan.references.items() if r.path not in ("", "N/A")}
    return _values_of(cls, {kind: r.path for kind, r in found.items()}), found


def _values_of(cls, files):
    steps = {}
    for name, sub in (cls.step_defs or {}).items():
        values = _values_of(sub, files)
        if values:
            steps[name] = values
    out = {"steps": steps} if steps else {}
    path = files.get(cls.get_config_reftype())
    if path is None:
        return out
    try:
        own = config_parser.load_values(path)
    except ParameterError as error:
        log.warning("parameter reference not used: %s", error)
        return out
    return _overlay(out, own)


def _overlay(base, over):
    for key, value in over.items():
        if key in ("class", "name", "config_file"):
            continue
        if isinstance(value, dict):
            base[key] = _overlay(base.get(key) or {}, value)
        else:
            base[key] = value
    return base


def apply_parameters(step, values, files):
    """Give a step the parameters that nobody has set; return dotted names of what changed.

    A parameter that the step lacks is one warning.
    """
    changed = []
    own = files.get(step.get_config_reftype())
    detail = own.path if own else "of the pipeline"
    table = config_parser.parameters.param_table(type(step))
    for name, value in values.items():
        if name == "steps":
            continue
        if name not in table:
            log.warning(
                "%s: step %r has no parameter %r%s", detail, step.name, name,
                did_you_mean(name, table),
            )  # fmt: skip
        elif step.parameter_source(name) == "spec":
            step.__dict__[name] = config_parser.convert(table[name], value)
            step._sources[name] = ("pars-ref", detail)
            changed.append(name)
    for name, inner in (values.get("steps") or {}).items():
        if name in (step.step_defs or {}):
            sub = apply_parameters(getattr(step, name), inner, files)
            changed += [f"steps.{name}.{key}" for key in sub]
        else:
            log.warning("%s: pipeline %r has no step %r", detail, step.name, name)
    return changed

"""What the engine asks of a data model, and nothing else: a protocol checked by names."""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import PurePath

NEEDED = ("crds_observatory", "get_crds_parameters", "save")

# lossless conversions: class of the file -> classes that may be made of it
CASTS = {"Level1bModel": ("RampModel",), "ScienceRawModel": ("RampModel",)}


class AbstractDataModel(ABC):
    """A class that has the names in `NEEDED` counts as a subclass."""

    @classmethod
    def __subclasshook__(cls, other):
        if cls is not AbstractDataModel:
            return NotImplemented
        return all(hasattr(other, name) for name in NEEDED)

    @property
    @abstractmethod
    def crds_observatory(self):
        """Name of the observatory whose references serve the model."""

    @abstractmethod
    def get_crds_parameters(self):
        """Return a flat dict of the metadata that select references."""

    @abstractmethod
    def save(self, path, dir_path=None, *args, **kwargs):
        """Write the model and return the path."""


def is_model(obj):
    """Tell whether `obj` can serve as a data model."""
    return isinstance(obj, AbstractDataModel)


def is_path(obj):
    """Tell whether `obj` names a file."""
    return isinstance(obj, str | PurePath)


def is_address(obj):
    """Tell whether `obj` is a text like ``https://host/a.fits``, which models know how to open."""
    return isinstance(obj, str) and "://" in obj


def resolve(target):
    """Return the object of a ``module:name`` string, importing the module now."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def class_names(cls):
    """Names of a class and all its bases."""
    return [base.__name__ for base in cls.__mro__]


def type_names(types):
    """Names of `Step.input_types`, which may hold classes or names."""
    return tuple(t if isinstance(t, str) else t.__name__ for t in types)


def castable_to(model, wanted):
    """Return the name in `wanted` that `model` converts to without loss, or None."""
    for name in class_names(type(model)):
        allowed = (*CASTS.get(name, ()), *getattr(type(model), "casts_to", ()))
        for target in allowed:
            if target in wanted:
                return target
    return None


def describe(obj):
    """Short text of an argument for the log; never its arrays."""
    if is_model(obj):
        name = get_filename(obj)
        return f"<{type(obj).__name__} {name}>" if name else f"<{type(obj).__name__}>"
    if isinstance(obj, list | tuple):
        return "[" + ", ".join(describe(item) for item in obj) + "]"
    text = repr(obj)
    return text if len(text) < 200 else f"<{type(obj).__name__}>"


def get_path(obj):
    """Return the file that a model or container was opened from, or None."""
    return getattr(obj, "_source_path", None) or getattr(obj, "asn_file_path", None)


def get_filename(model):
    """Return ``meta.filename``, or None."""
    return getattr(getattr(model, "meta", None), "filename", None)


# ---------------------------------------------------------------- status of steps

COMPLETE, SKIPPED, FAILED = STATUSES = ("COMPLETE", "SKIPPED", "FAILED")


def is_library(obj):
    """Tell whether `obj` lends its models, see `jwstlike.stpipe.library`."""
    return hasattr(obj, "map_function")


def is_several(obj):
    """Tell whether `obj` is a list, a container or a library of models."""
    return is_library(obj) or (isinstance(obj, Sequence) and not isinstance(obj, str | bytes))


def whole(obj):
    """Return the one model that a container stands for, if it does, else `obj`."""
    found = getattr(obj, "multiexposure", None) if is_several(obj) else None
    return obj if found is None else found


def each_item(obj, modify=True):
    """Yield what a result consists of: the items of a list or container, models of a library.

    Parameters
    ----------
    obj : object
        A model, or anything else, is its only item.
    modify : bool
        Whether a library keeps what was changed in its models.
    """
    obj = whole(obj)
    if is_library(obj):
        with obj:
            yield from obj.map_function(lambda model, _: model, modify)
    elif is_several(obj):
        yield from obj
    else:
        yield obj


def each_model(obj, modify=True):
    """Yield the models among the items of a result."""
    return filter(is_model, each_item(obj, modify))


def holds_models(obj):
    """Tell whether a result is a model or has some; nothing is opened for it."""
    if isinstance(obj, list | tuple):
        return any(map(is_model, obj))
    return len(obj) > 0 if is_several(obj) else is_model(obj)


def record_step_status(model, cal_step, success=True, status=None):
    """Set the status of a step in a model, or in every model of a container.

    Parameters
    ----------
    model : model, list or library
    cal_step : str
        Name in ``meta.cal_step``.
    success : bool
        COMPLETE or SKIPPED, where `status` is not given.
    status : str, optional
        COMPLETE, SKIPPED or FAILED.

    Raises
    ------
    ValueError
        For any other status.
    """
    if status is None:
        status = COMPLETE if success else SKIPPED
    if status not in STATUSES:
        raise ValueError(f"status {status!r} of step {cal_step!r} is not one of {STATUSES}")
    for member in each_model(model):
        set_status(member, cal_step, status)


def set_status(model, alias, status):
    """Set ``meta.cal_step.<alias>`` where the model has ``meta.cal_step``."""
    place = getattr(getattr(model, "meta", None), "cal_step", None)
    if isinstance(place, dict):
        place[alias] = status
    elif place is not None:
        setattr(place, alias, status)


def query_step_status(model, cal_step):
    """Return the status of a step in a model (the first of a container), or "NOT SET"."""
    if is_library(model):
        return model.read_metadata(0).get(f"meta.cal_step.{cal_step}") or "NOT SET"
    first = next(each_model(model), None)
    return (None if first is None else get_status(first, cal_step)) or "NOT SET"


def get_status(model, alias):
    """Return ``meta.cal_step.<alias>``, or None."""
    place = getattr(getattr(model, "meta", None), "cal_step", None)
    return place.get(alias) if isinstance(place, dict) else getattr(place, alias, None)


def note_log(model, alias, records):
    """Keep the log of a run in ``cal_logs.<alias>``."""
    if not is_model(model):
        return
    logs = getattr(model, "cal_logs", None)
    if logs is None:
        model.cal_logs = {alias: list(records)}
    else:
        setattr(logs, alias, list(records))


def note_history(model, text):
    """Append a line to the history of a model that has one."""
    history = getattr(model, "history", None)
    if hasattr(history, "append"):
        history.append(text)

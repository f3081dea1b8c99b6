"""Finding classes by name, and small helpers of old."""

import importlib
import inspect
import sys
from pathlib import Path

from ..errors import ParameterError, did_you_mean
from . import entry_points

FOREIGN = ("jwst", "jwst_lib", "jwst_pipeline", "stpipe", "romancal")


def resolve_step_class_alias(name):
    """Return the full class name for an alias or ``package::alias``, else `name` itself.

    Our own table is asked first; only when it misses are other packages scanned.
    """
    package, _, alias = name.rpartition("::")
    if package in ("", entry_points.OWN_PACKAGE):
        target = entry_points.own_aliases().get(alias)
        if target is not None:
            return target.replace(":", ".")
    for info in entry_points.get_steps():
        same = alias in (info.class_alias, info.class_name)
        if same and package in ("", info.package_name):
            return info.class_name
    return alias


def import_class(full_name, subclassof=object, config_file=None):
    """Import a class by its dotted name, also from a module beside the parameter file.

    Raises
    ------
    ImportError
        When the module or the class is not there, naming the nearest names.
    TypeError
        When it is no subclass of `subclassof`.
    """
    full_name = full_name.replace(":", ".")
    module_name, _, class_name = full_name.rpartition(".")
    if not module_name:
        raise ImportError(f"{full_name!r} is no class: give it as module.Class")
    module = _import_beside(module_name, config_file)
    try:
        found = getattr(module, class_name)
    except AttributeError:
        raise ImportError(
            f"module {module_name!r} has no class {class_name!r}"
            + did_you_mean(class_name, dir(module))
        ) from None
    if not (isinstance(found, type) and issubclass(found, subclassof)):
        raise TypeError(f"{full_name!r} is no {subclassof.__name__} class")
    return found


def _import_beside(module_name, config_file):
    """Import a module; the folder of `config_file` and the current one are searched too."""
    folders = [str(Path.cwd())]
    if config_file is not None:
        folders.insert(0, str(Path(config_file).resolve().parent))
    saved = list(sys.path)
    sys.path[:0] = folders
    try:
        return importlib.import_module(module_name)
    finally:
        sys.path[:] = saved


def import_func(full_name):
    """Import a function by its dotted name.

    Raises
    ------
    ImportError, AttributeError
        When it is not there.
    """
    module_name, _, name = full_name.rpartition(".")
    if not module_name:
        raise ImportError(f"{full_name!r} is no function: give it as module.function")
    return getattr(_import_beside(module_name, None), name)


def find_step_class(name, subclassof=object, config_file=None, warn=None):
    """Return the class for a class name, an alias or a class name of a foreign package.

    Parameters
    ----------
    name : str
        ``sloper``, ``jwstlike.steps.SloperPipeline``, ``mystep.MyStep``.
    config_file : str or Path, optional
        Modules beside it are found.
    warn : callable, optional
        Told when a foreign package's class is replaced by ours.

    Raises
    ------
    ParameterError
        Naming what was looked for and the nearest names.
    """
    try:
        return _find(name, subclassof, config_file)
    except (ImportError, TypeError) as error:
        own = _own_by_last_name(name, subclassof)
        if own is not None:
            if warn is not None:
                warn(f"class {name!r} is not installed; {own.__module__}.{own.__name__} is used")
            return own
        if isinstance(error, TypeError) and "class" in str(error):
            raise ParameterError(f"{error}; give a Step or Pipeline") from None
        raise ParameterError(_not_found(name, error)) from error
    except Exception as error:
        raise ParameterError(
            f"class {name!r} cannot be imported: {type(error).__name__}: {error}; mend its module"
        ) from error


def _find(name, subclassof, config_file):
    own = entry_points.own_aliases().get(name)
    if own is not None:
        return import_class(own, subclassof, config_file)
    if "::" not in name and "." in name.replace(":", "."):
        try:
            return import_class(name, subclassof, config_file)
        except ImportError:
            other = resolve_step_class_alias(name)
            if other == name:
                raise
            return import_class(other, subclassof, config_file)
    return import_class(resolve_step_class_alias(name), subclassof, config_file)


def _own_by_last_name(name, subclassof):
    top, _, last = name.replace(":", ".").rpartition(".")
    if top.partition(".")[0] not in FOREIGN:
        return None
    for target in entry_points.own_aliases().values():
        if target.endswith(":" + last):
            return import_class(target, subclassof)
    return None


def _not_found(name, error):
    known = entry_points.own_aliases()
    names = [*known, *(target.replace(":", ".") for target in known.values())]
    hint = did_you_mean(name, names) or "; `stpipe list` shows the steps there are"
    return (
        f"class {name!r} cannot be imported ({error}); give a parameter file, "
        f"module.Class or an alias{hint}"
    )


def get_spec_file_path(step_class):
    """Return the path ``<ClassName>.spec`` beside the module of a class."""
    try:
        module = inspect.getfile(step_class)
    except (TypeError, OSError):  # made at a prompt
        return None
    return Path(module).with_name(step_class.__name__ + ".spec")


def find_spec_file(step_class):
    """Return the path of the class's spec file if it exists, else None."""
    path = get_spec_file_path(step_class)
    return path if path is not None and path.exists() else None


def get_fully_qualified_class_name(cls_or_obj):
    """Return ``module.Class`` of a class or an instance."""
    cls = cls_or_obj if isinstance(cls_or_obj, type) else type(cls_or_obj)
    return f"{cls.__module__}.{cls.__qualname__}"


def all_steps():
    """Return the names of all steps of this package: class name -> full name."""
    targets = entry_points.own_aliases().values()
    return {t.rpartition(":")[2]: t.replace(":", ".") for t in targets}


def summary_step_status(model, aliases):
    """Return alias -> status recorded in a model, for those of `aliases` that have one."""
    status = {a: getattr(model.meta.cal_step, a, None) for a in aliases}
    return {alias: value for alias, value in status.items() if value}


def invariant_filename(save):
    """Wrap a ``save_model`` so that the model's ``meta.filename`` stays as it was."""

    def wrapped(model, *args, **kwargs):
        before = model.meta.filename
        path = save(model, *args, **kwargs)
        model.meta.filename = before
        return path

    return wrapped

"""Where and under which name a step saves: chooses among its parameters, then asks `naming`."""

import os
from pathlib import Path

from . import datamodel, naming


def inherited(step, name):
    """Value of a parameter of the step or, if it has none, of the nearest parent."""
    while step is not None:
        value = getattr(step, name, None)
        if value not in (None, ""):
            return value
        step = step.parent
    return None


def inherited_output_file(step):
    """Return ``output_file`` of the step or, if ``search_output_file``, of a parent."""
    while step is not None:
        if step.output_file:
            return step.output_file
        if not step.search_output_file:
            return None
        step = step.parent
    return None


def expand(path):
    """Expand ``~`` and environment variables."""
    return Path(os.path.expandvars(str(path))).expanduser()


def output_folder(step):
    """Folder of the step's files: ``output_dir``, else that of ``output_file``, else the current.

    Returns
    -------
    Path
    """
    folder = inherited(step, "output_dir")
    if folder:
        return expand(folder)
    return expand(inherited_output_file(step) or "").parent


def known_suffixes(step):
    """Suffixes that a new one replaces: the table, and the names of the steps at work."""
    known = set(naming.SUFFIXES)
    while step is not None:
        known |= {step.name.lower(), type(step).__name__.lower()}
        if step.suffix:
            known.add(step.suffix.lower().lstrip("_-"))
        step = step.parent
    return known


def root_name(step, model=None):
    """Name that the step's products are named after."""
    if step.output_use_model and model is not None and datamodel.get_filename(model):
        return datamodel.get_filename(model)
    found = inherited_output_file(step) or inherited(step, "_input_filename")
    if found:
        return Path(found).name
    if model is not None and datamodel.get_filename(model):
        return datamodel.get_filename(model)
    return anonymous(step)


def anonymous(step):
    """Name of the products of a step without input."""
    return f"step_{step.name}"


def file_extension(step):
    """``output_ext``, or that of ``output_file`` when ``output_ext`` was not set."""
    output_file = inherited_output_file(step)
    source = step.parameter_source("output_ext")
    if output_file and source == "spec":
        own = Path(output_file).suffix
        if own in (".fits", ".asdf", ".gz"):
            return ".fits.gz" if own == ".gz" else own
    return step.output_ext


def make_path(step, basepath=None, ext=None, suffix=None, **components):
    """Path of a product of `step`; see `naming.output_name` for the name.

    Parameters
    ----------
    basepath : str, optional
        Names the product in place of output file and input.
    suffix : str, False or None
        None takes the step's own suffix, False keeps the name.
    """
    model = components.pop("_model", None)
    if suffix is None:
        suffix = step.default_suffix()
    root = basepath if basepath else root_name(step, model)
    name = naming.output_name(
        root,
        components.values(),
        suffix,
        ext or file_extension(step),
        known_suffixes(step) if root != anonymous(step) else (),
    )
    return str(output_folder(step) / name)


def product_path(step, model=None, idx=None):
    """Path of the main product: that of ``output_file`` as it stands if ``output_exact``."""
    if getattr(step, "output_exact", False) and step.output_file:
        exact = Path(step.output_file)
        name = naming.output_name(exact, (idx,), False, exact.suffix or step.output_ext)
        if exact.suffix == ".gz":
            name = naming.output_name(exact, (idx,), False, ".fits.gz")
        return str(output_folder(step) / name)
    return make_path(step, idx=idx, _model=model)


def save_model(step, model, path_of):
    """Save a model, or each of a list, container or library with its index.

    Parameters
    ----------
    path_of : callable
        ``path_of(model, idx)`` -> path.

    Returns
    -------
    str, or list of str for several
    """
    model = datamodel.whole(model)
    if datamodel.is_several(model):
        several = step.output_use_index and not step.output_use_model
        return [
            save_model(step, item, lambda m, idx, n=n: path_of(m, n if several else idx))
            for n, item in enumerate(datamodel.each_item(model, modify=False))
            if datamodel.is_model(item)
        ]
    path = Path(path_of(model, None))
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = str(model.save(path.name, dir_path=str(path.parent)) or path)
    step.note_product(saved)
    return saved


def product_name(step, suffix):
    """Path of a product of `step` with a suffix of its own."""
    return step.make_output_path(suffix=suffix)

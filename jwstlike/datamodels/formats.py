"""From what a model is made of, and into what it is written: tables of names, imported late."""

import importlib
import os
import warnings
from functools import cache, partial
from pathlib import Path

import numpy as np

from ..atomic import replacing
from ..errors import FileFormatError, did_you_mean
from . import compression, filetype, validate
from .casting import cast_array, cast_read, is_lazy, missing_columns
from .lifetime import share
from .sources import is_address, located
from .walk import no_columns

# type of file -> "module:function", called with the model and the source
READERS = {
    "fits": "jwstlike.datamodels.fits_open:read_model",
    "asdf": "jwstlike.datamodels.asdf_support:read_model",
}
WRITERS = {
    "fits": "jwstlike.datamodels.fits_support:write_model",
    "asdf": "jwstlike.datamodels.asdf_support:write_model",
}
FITS_HEADER = "jwstlike.datamodels.fits_support:header_text"
UPLOADER = "jwstlike.datamodels.remote:uploading"
DECODER = "jwstlike.datamodels.asdf_objects:decode"
SUFFIXES = {".fits": "fits", ".asdf": "asdf"}
OLD_OPTIONS = ("memmap", "cast_fits_arrays", "skip_fits_update")


@cache
def function(name):
    """Import and return a function named ``module:function``."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def drop_old_options(arrays):
    """Remove options of older releases from keyword arguments, with a DeprecationWarning."""
    for name in OLD_OPTIONS:
        if name in arrays:
            arrays = {k: v for k, v in arrays.items() if k != name}
            warnings.warn(
                f"{name!r} has no effect any more and can be left out",
                DeprecationWarning,
                stacklevel=validate.outside(),
            )
    return arrays


# ---------------------------------------------------------------- reading


def initialise(model, init):
    """Give a new model the content that `init` describes.

    Raises
    ------
    TypeError
        When no model can be made from it.
    """
    if init is None:
        return
    name = type(init).__name__
    if name in FOREIGN:
        function(FOREIGN[name])(model, init)
        return
    for kinds, starter in STARTERS:
        if isinstance(init, kinds):
            starter(model, init)
            return
    if hasattr(init, "_tree") and hasattr(init, "_table"):
        _from_model(model, init)
    elif hasattr(init, "read"):
        _from_file(model, init)
    else:
        raise TypeError(
            f"{type(model).__name__} cannot be made from {name!r}; give a file name, shape, "
            "array, dict, model, HDUList, AsdfFile or nothing"
        )


# classes by name, so that their packages need not be imported
FOREIGN = {
    "HDUList": "jwstlike.datamodels.fits_open:read_model",
    "FitsIndex": "jwstlike.datamodels.fits_open:read_model",
    "AsdfFile": "jwstlike.datamodels.asdf_support:read_model",
    "LoadedTree": "jwstlike.datamodels.asdf_support:read_model",
}


def _from_shape(model, shape):
    name = model.get_primary_array_name()
    if not name:
        raise TypeError(
            f"{type(model).__name__} has no primary array, so a shape means nothing; give arrays"
        )
    if not all(isinstance(n, (int, np.integer)) for n in shape):
        raise ValueError(f"shape {shape!r} is not made of integers")
    spec = model._spec.children[name]
    ndim, most = spec.schema.get("ndim"), spec.schema.get("max_ndim")
    if len(shape) > (most or len(shape)) or len(shape) != (ndim or len(shape)):
        allowed = ndim or f"at most {most}"
        raise ValueError(
            f"{type(model).__name__}: array {name!r} has {allowed} dimensions, shape {shape!r} "
            f"has {len(shape)}"
        )
    model._given_shape = tuple(map(int, shape))
    model._store(name, getattr(model, name))  # its default is as it should be


def _from_array(model, array):
    name = model.get_primary_array_name()
    if not name:
        raise TypeError(f"{type(model).__name__} has no primary array that could take the data")
    setattr(model, name, array)


def _from_tree(model, tree):
    model.__dict__["_tree"] = tree
    model._given_out.add("tree")


def _from_model(model, other):
    if type(other) is type(model) and other._table is model._table:
        share(model, other)
    else:
        function("jwstlike.datamodels.conversion:convert")(model, other)


def is_same_file(source, target):
    """Whether a model's source, a path or None, is what is to be written."""
    if source is None or not isinstance(target, (str, os.PathLike)):
        return False
    return os.path.realpath(source) == os.path.realpath(target)


def file_name(source):
    """Return the base name of the file that something was read from or goes to, or None."""
    if not isinstance(source, (str, os.PathLike)):
        if hasattr(source, "_tree"):
            return None
        source = getattr(source, "source", source)  # of an index or a loaded tree
        return getattr(source, "file_name", None)
    return os.path.basename(os.fspath(source))  # noqa: PTH119 - fast


def _from_file(model, init):
    init = located(init)
    kind = filetype.check(init)
    if kind not in READERS:
        raise FileFormatError(
            init, "is an association, not a data file", "open it with datamodels.open"
        )
    function(READERS[kind])(model, init)


STARTERS = (
    (tuple, _from_shape),
    (np.ndarray, _from_array),
    (dict, _from_tree),
    ((str, os.PathLike, bytes, bytearray, memoryview), _from_file),
)


def read_array(ref, spec, place="", may_lack=()):
    """Read a lazy array as the schema wants it; what cannot be cast stays as it is.

    Parameters
    ----------
    ref : lazy array
    spec : Spec or None
    place : str
        ``file[HDU]``, for messages.
    may_lack : collection of str
        Columns that nobody is told of when the table lacks them.

    Returns
    -------
    ndarray
        Native byte order.
    """
    dtype = spec.dtype if spec is not None and not spec.is_table else None
    plain = dtype is not None and getattr(ref.dtype, "fields", None) is None
    fractions = plain and ref.dtype.kind == "f" and dtype.kind in "iu"
    try:
        array = ref.read(dtype) if plain and not fractions else ref.read()
    except MemoryError as error:
        text = f"an array does not fit in memory ({error})"
        raise FileFormatError(place, text, 'read parts of it: model.section["name"]') from error
    if spec is None:
        return array
    where = f"{place} ({'.'.join(spec.path)})"
    if spec.is_table and array.dtype.fields is not None:
        missing = [n for n in missing_columns(array, spec.dtype) if n not in may_lack]
        if missing:
            validate.warn(f"{where}: the table {no_columns(missing)}")
    try:
        if fractions:
            return cast_array(array, spec, exact=True)
        return cast_read(array, spec, getattr(ref, "units", None))
    except (ValueError, TypeError) as problem:
        validate.warn(f"{where}: {problem}; kept as it is")
        return array


def read_or_warn(value, path, read=None, done="left out of what is saved"):
    """Read an array; None, with a warning, when its source is damaged.

    Parameters
    ----------
    value : object
        Anything but an array that was not read yet is returned as it is.
    path : str
        For the warning.
    read : callable, optional
        Reads it; default: its own method.
    done : str
        What becomes of a damaged one, for the warning.

    Raises
    ------
    FileFormatError
        When the source was changed or is gone: opening it again helps then.
    """
    if not is_lazy(value):
        return value
    try:
        return value.read() if read is None else read()
    except FileFormatError as error:
        holder = value if hasattr(value, "source") else getattr(value, "block", None)
        if hasattr(holder, "source"):
            with holder.source.open():  # an error here is not the damage of one array
                pass
        validate.warn(f"{path}: {error}; {done}")
        return None


def decode(node):
    """Return the object that a tagged node describes, the node itself if nobody knows."""
    return function(DECODER)(node)


# ---------------------------------------------------------------- writing


def target_of(path, dir_path=None):
    """Return where to save: a path, or the text of an address."""
    path, folder = os.fspath(path), None if dir_path is None else os.fspath(dir_path)
    if folder is not None and is_address(folder):
        return f"{folder.rstrip('/')}/{Path(path).name}"
    if is_address(path) and folder is None:
        return path
    return Path(path) if folder is None else Path(folder) / Path(path).name


def writer_for(path):
    """Return the writer for the suffix of a path.

    Raises
    ------
    ValueError
        For an unknown suffix.
    """
    packing = compression.packing_of(path)
    suffix = Path(Path(path).stem if packing else path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            f"{path}: unknown filetype {suffix!r}, known are {', '.join(SUFFIXES)}, each also "
            f"with {' '.join(compression.SUFFIXES)} behind" + did_you_mean(suffix, SUFFIXES)
        )
    writer = function(WRITERS[SUFFIXES[suffix]])
    if packing:
        writer = partial(_write_packed, writer, packing)
    return partial(_write_remote, writer) if is_address(path) else writer


def _write_remote(writer, model, address, *args, storage_options=None, **kwargs):
    """Write a model to an address: whole into a temporary file first, then there."""
    with function(UPLOADER)(address, storage_options, kwargs.pop("overwrite", True)) as path:
        writer(model, path, *args, **kwargs)


def _write_packed(writer, packing, model, path, *args, overwrite=True, **kwargs):
    """Write a model into a compressed file, atomically."""
    if not overwrite and os.path.lexists(path):
        raise FileExistsError(17, "exists already; use overwrite=True", os.fspath(path))
    with replacing(path) as stream, compression.packing(stream, packing, str(path)) as packed:
        writer(model, packed, *args, **kwargs)


def write(kind, model, target, *args, **kwargs):
    """Write a model in the format `kind`; compressed if the suffix of a path says so."""
    writer, packing = function(WRITERS[kind]), None
    if isinstance(target, (str, os.PathLike)):
        packing = compression.packing_of(target)
    if packing is not None:
        writer = partial(_write_packed, writer, packing)
    writer(model, target, *args, **kwargs)

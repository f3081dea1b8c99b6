"""`open`, and the small functions that users know from here."""

import importlib
import os
import warnings
from functools import lru_cache

import numpy as np

from .. import settings
from ..errors import FileFormatError, NoTypeWarning, ValidationWarning, did_you_mean
from . import filetype, formats, validate
from .casting import gentle_asarray
from .history import create_history_entry
from .model_base import DataModel, JwstDataModel
from .models import CLASSES, present_name
from .quiet import quiet
from .sources import Source, located
from .table_array import as_table
from .trees import put_value

__all__ = [
    "convert_fitsrec_to_array_in_tree",
    "create_history_entry",
    "gentle_asarray",
    "get_envar_as_boolean",
    "get_model_type",
    "is_association",
    "open",
    "read_metadata",
    "remove_none_from_tree",
]

BY_NDIM = {0: "JwstDataModel", 2: "ImageModel", 3: "CubeModel", 4: "QuadModel"}
REFERENCE_BY_NDIM = {
    0: "ReferenceFileModel",
    2: "ReferenceImageModel",
    3: "ReferenceCubeModel",
    4: "ReferenceQuadModel",
}


def open(init=None, guess=True, storage_options=None, **kwargs):
    """Open anything as a data model.

    Parameters
    ----------
    init : None, tuple of int, ndarray, path, bytes, file object, HDUList, AsdfFile, dict, model
        What `DataModel` takes; an association (file or dict) or a list of files and models gives
        a `ModelContainer`. The class is the one that the file names (``DATAMODL`` or
        ``meta.model_type``), else one that fits the dimensions of its data.
    guess : bool
        Whether a class may be guessed.
    storage_options : dict, optional
        For the file system behind an address: ``{"anon": True}`` for ``s3://bucket/a.fits``.
    **kwargs
        Passed to the class.

    Returns
    -------
    DataModel or ModelContainer

    Raises
    ------
    FileFormatError
        For a file that is neither FITS nor ASDF, or is empty.
    TypeError
        When no class fits, or one would have to be guessed and `guess` is False.
    """
    if isinstance(init, DataModel):
        return type(init)(init, **kwargs)
    if init is None or isinstance(init, (tuple, np.ndarray)):
        ndim = 0 if init is None else len(init) if isinstance(init, tuple) else init.ndim
        return _class_for_ndim(ndim, BY_NDIM)(init, **kwargs)
    if isinstance(init, dict) and not is_association(init):
        name = (init.get("meta") or {}).get("model_type")
        return _class(name or "JwstDataModel")(init, **kwargs)
    if is_association(init) or type(init) is list:  # an HDUList is a list as well
        return _container(init, storage_options, kwargs)
    if hasattr(init, "models_grouped"):
        return type(init)(init, **kwargs)
    return _open_source(located(init, storage_options), guess, kwargs, storage_options)


def _container(init, storage_options, kwargs):
    """Make a container; its members are opened with the same options."""
    if storage_options is not None:
        kwargs = {**kwargs, "storage_options": storage_options}
    return formats.function(CONTAINER)(init, **kwargs)


def _open_source(init, guess, kwargs, storage_options=None):
    kind = {"HDUList": "fits", "AsdfFile": "asdf"}.get(type(init).__name__)
    if kind is None and isinstance(init, (str, os.PathLike)) and str(init).endswith(".fits"):
        try:
            init, kind = formats.function(INDEX)(init), "fits"  # most files are what they say
        except FileFormatError:
            pass
    kind = kind or filetype.check(init)
    if kind == "asn":
        if not isinstance(init, (str, os.PathLike, Source)):
            raise FileFormatError("<bytes>", "is an association", "open it by its path")
        return _container(init, storage_options, kwargs)
    return OPENERS[kind](init, guess, kwargs)


def _open_fits(init, guess, kwargs):
    source = formats.function(INDEX)(init)
    name = source[0].get("DATAMODL")
    return _make(source, name, guess and _guess, kwargs)


def _open_asdf(init, guess, kwargs):
    source = formats.function(TREE)(init)
    if "roman" in source.tree:
        return formats.function(TAGGED)(source, **kwargs)
    meta = source.tree.get("meta")
    name = meta.get("model_type") if isinstance(meta, dict) else None
    return _make(source, name, guess and (lambda _: JwstDataModel), kwargs)


TAGGED = "jwstlike.datamodels.tagged:TaggedModel"
CONTAINER = "jwstlike.datamodels.container:ModelContainer"
INDEX = "jwstlike.datamodels.fits_open:index_of"
TREE = "jwstlike.datamodels.asdf_support:loaded"
OPENERS = {"fits": _open_fits, "asdf": _open_asdf}


def _make(source, name, guess, kwargs):
    """Make the model; warn if its class had to be guessed, which takes a function `guess`."""
    cls = _class_or_none(name)
    if cls is not None:
        return cls(source, **kwargs)
    if not guess:
        raise TypeError(f"{source.source.name}: no known model class is named there ({name!r})")
    cls = guess(source)
    what = "model_type not found" if not name else f"model_type {name!r} is not known"
    warnings.warn(
        f"{what}. Opening {source.source.name} as a {cls.__name__}",
        NoTypeWarning,
        stacklevel=validate.outside(),
    )
    model = cls.__new__(cls)
    model._guessed = True  # told before the content is looked at
    model.__init__(source, **kwargs)
    model._forget_type(name)
    return model


def _class_or_none(name):
    """Return the class of a model type, also of one that only older files name, or None."""
    return _named_class(name) if isinstance(name, str) else None


@lru_cache(maxsize=1024)
def _named_class(name):
    name = present_name(name)
    if name == "DataModel":
        return DataModel
    if name not in CLASSES:
        return JwstDataModel if name == "JwstDataModel" else None
    module = importlib.import_module(f"{__package__}.models.{CLASSES[name]}")
    return getattr(module, name)


def _class(name):
    return _class_or_none(name) or DataModel


def _class_for_ndim(ndim, table):
    if ndim not in table:
        raise TypeError(
            f"no model class is known for data of {ndim} dimensions; call a class, e.g. DataModel"
        )
    return _class(table[ndim])


def _guess(index):
    """Class for a FITS file that names none, by the dimensions of its SCI HDU."""
    primary, science = index[0], index.find("SCI")
    ndim = 0 if science is None else len(science.shape)
    if ndim == 4 and index.find("DQ") is None and primary.get("REFTYPE") is None:
        return _class("RampModel")
    if primary.get("REFTYPE") is not None and ndim in REFERENCE_BY_NDIM:
        return _class(REFERENCE_BY_NDIM[ndim])
    jwst = str(primary.get("TELESCOP", "")).strip().upper() == "JWST"
    if ndim == 2 and jwst and index.find("SCI", 2) is not None:
        return _class_or_none("MultiSlitModel") or _class("ImageModel")
    return _class(BY_NDIM.get(ndim, "JwstDataModel"))


# ---------------------------------------------------------------- small functions


def get_envar_as_boolean(name, default=False):
    """Read an environment variable as a boolean; ValueError if it is none."""
    return settings.boolean(name, default)


def get_model_type(init):
    """Return the model type that a FITS or ASDF file (or `HDUList`, `AsdfFile`) names, or None."""
    kind = type(init).__name__
    if kind == "HDUList":
        return init[0].header.get("DATAMODL")
    if kind == "AsdfFile":
        return init.tree.get("meta", {}).get("model_type")
    with quiet(NoTypeWarning):
        return open(init)._type_in_file


def read_metadata(fname, model_type=None, flatten=True):
    """Read the metadata of a file: cards over the ASDF tree; no arrays, WCS or validation.

    Parameters
    ----------
    fname : path, or what `open` takes
    model_type : str, optional
        Class to read with, instead of the one that the file names.
    flatten : bool
        ``{"meta.instrument.name": "NIRCAM"}`` instead of nested dicts.

    Returns
    -------
    dict

    Raises
    ------
    FileFormatError
        Also for an association, which is a list of files.
    ValueError
        For an unknown `model_type`.
    """
    cls = _class_or_none(model_type)
    if model_type is not None and cls is None:
        hint = did_you_mean(model_type, CLASSES)
        raise ValueError(f"no model class is named {model_type!r}{hint}")
    with quiet(ValidationWarning), quiet(NoTypeWarning):
        model = open(fname, validate="off") if cls is None else cls(fname, validate="off")
        if not isinstance(model, DataModel):
            raise FileFormatError(fname, "is an association, not a data file", "give its members")
        flat = model.to_flat_dict(include_arrays=False)
    flat = {k: v for k, v in flat.items() if not k.startswith(("meta.wcs", "extra_fits."))}
    logs = [flat.pop(k) for k in list(flat) if k.startswith("cal_logs.")]
    if logs:
        flat["cal_logs"] = "\n".join(map(str, logs))
    if flatten:
        return flat
    tree = {}
    for name, value in flat.items():
        put_value([int(k) if k.isdecimal() else k for k in name.split(".")], value, tree)
    return tree


def convert_fitsrec_to_array_in_tree(tree):
    """Copy a tree with plain record arrays in place of astropy's FITS_rec."""
    if isinstance(tree, dict):
        return {k: convert_fitsrec_to_array_in_tree(v) for k, v in tree.items()}
    if isinstance(tree, list):
        return [convert_fitsrec_to_array_in_tree(v) for v in tree]
    return np.array(as_table(tree)) if type(tree).__name__ == "FITS_rec" else tree


def remove_none_from_tree(tree):
    """Copy a tree without None, in dicts and lists."""
    if isinstance(tree, dict):
        return {k: remove_none_from_tree(v) for k, v in tree.items() if v is not None}
    if isinstance(tree, list):
        return [remove_none_from_tree(v) for v in tree if v is not None]
    return tree


def is_association(init):
    """Whether a dict has the keys of an association."""
    return isinstance(init, dict) and "asn_id" in init and "asn_pool" in init

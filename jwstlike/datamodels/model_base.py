"""The model: a tree, a compiled schema and a lifetime."""

import datetime
import importlib
import sys
import threading
from pathlib import Path

import numpy as np

from .. import settings
from ..errors import FileFormatError, UnknownAttributeError
from . import formats, hints, lifetime, updating, validate
from .bindings import LIST
from .casting import is_array
from .checking import Checking
from .class_tables import table_of
from .content import LazyContent
from .defaults import _make_default
from .follow_schema import FollowsSchema
from .history import HistoryList, create_history_entry
from .legacy import LegacyMethods
from .node import Node
from .properties import ObjectNode, put_value
from .readable import read_leaves
from .saving import Saving
from .trees import copied
from .views import Views

# short names of the ways to deal with invalid values:
# (pass_invalid_values, strict_validation, validate_on_assignment)
MODES = {
    "off": (True, False, False), "warn": (False, False, True), "strict": (False, True, True),
}  # fmt: skip


class DataModel(LazyContent, FollowsSchema, Checking, Saving, Views, LegacyMethods, ObjectNode):
    """Arrays and metadata of one data set, as attributes that follow a schema.

    Parameters
    ----------
    init : None, tuple of int, ndarray, str, Path, bytes, file object, dict, DataModel, ...
        Nothing, the shape or the content of the primary array, a FITS or ASDF file (also an
        open `HDUList` or `AsdfFile`), the tree itself, or another model, with which the content
        is then shared.
    schema : dict or str, optional
        Replaces the class's schema.
    extensions : dict, str or list of them, optional
        Schemas merged into it.
    pass_invalid_values, strict_validation, validate_on_assignment : bool, optional
        What is done about values that the schema refuses; default: the environment variables
        of the same names in capitals.
    validate_arrays : bool
        Whether dtype and dimensions of arrays are checked, too.
    ignore_unrecognized_tag : bool
        Whether nothing is said of objects in ASDF that no installed package can make.
    validate : {"off", "warn", "strict"}, optional
        Short form of the flags above, which win.
    **arrays
        Arrays to begin with, by name.

    Raises
    ------
    FileFormatError
        For a file that is neither FITS nor ASDF.
    ValueError
        For a shape that does not fit the schema.
    TypeError
        For an `init` that no model can be made from.
    """

    __slots__ = ("_inner",)

    schema_url = None
    crds_observatory_name = None
    primary_array_name = None  # where it is not "data"
    # beginnings of the tags whose mappings are nodes; others are decoded
    open_tags = ("tag:stsci.edu:asdf/core/software-", "tag:stsci.edu:asdf/core/constant-")
    has_asdf_extension = True  # whether FITS files of this class carry their ASDF tree

    def __init__(  # noqa: PLR0913, PLR0917 - the signature users know
        self,
        init=None,
        schema=None,
        pass_invalid_values=None,
        strict_validation=None,
        validate_on_assignment=None,
        validate_arrays=False,
        ignore_missing_extensions=True,
        ignore_unrecognized_tag=False,
        validate=None,
        extensions=None,
        **arrays,
    ):
        table = table_of(type(self), schema, extensions)
        self._set_up(table)
        self._set_mode(validate, pass_invalid_values, strict_validation, validate_on_assignment)
        self.__dict__["_validate_arrays"] = validate_arrays
        self.__dict__["_ignore_unrecognized_tag"] = ignore_unrecognized_tag
        arrays = arrays and formats.drop_old_options(arrays)
        formats.initialise(self, init)
        if arrays:
            self._set_arrays(init, arrays)
        self.on_init(init)

    def _set_up(self, table):
        # Nodes hold a second object over the same attributes, the inner model, and are kept by
        # name among these. So no circle runs through the model that the user holds: when it goes,
        # it drops the nodes it kept, and large arrays are freed at once.
        inner = object.__new__(type(self))
        put = self.__dict__
        object.__setattr__(inner, "__dict__", put)
        object.__setattr__(self, "_inner", inner)
        put.update(
            _spec=table.root, _tree={}, _parent=None, _key=None, _pending=None,
            _table=table, _reader=None, _shared=False, _pending_nodes={}, _source_path=None,
            _source_name=None, _given_shape=None, _history={}, _mode="warn", _given_out=set(),
            _guessed=put.get("_guessed", False), _type_in_file=None, _lock=threading.RLock(),
            _origins={},
        )  # fmt: skip

    @property
    def _model(self):
        """What nodes hold: the inner model."""
        return getattr(self, "_inner", self)

    def __del__(self, is_ending=sys.is_finalizing):  # then names of modules are gone
        if hasattr(self, "_inner") and not is_ending():
            self._forget_nodes()
            self._pending_nodes.clear()

    def _set_mode(self, mode, keep, strict, on_assignment):
        defaults = settings.read(names=settings.OF_MODELS)
        if mode is not None and mode not in tuple(MODES):
            raise ValueError(f"validate={mode!r} is not one of {', '.join(map(repr, MODES))}")
        of_mode = MODES.get(mode) or (
            defaults.pass_invalid_values, defaults.strict_validation,
            defaults.validate_on_assignment,
        )  # fmt: skip
        self.__dict__.update(
            _mode="warn" if strict or on_assignment or mode is None else mode,  # "off" is less
            _pass_invalid_values=of_mode[0] if keep is None else keep,
            _strict_validation=of_mode[1] if strict is None else strict,
            _validate_on_assignment=of_mode[2] if on_assignment is None else on_assignment,
        )

    def _set_arrays(self, init, arrays):
        if init is not None and not isinstance(init, (tuple, np.ndarray)):
            raise TypeError(
                f"arrays ({', '.join(arrays)}) can be given with a shape or an array only, "
                f"not with {type(init).__name__}; assign them to the model instead"
                + "".join(hints.of_argument(self, name) for name in arrays)
            )
        known = hints.arrays_of(self)
        for name, value in arrays.items():
            if name in known:
                setattr(self, name, value)
            else:
                validate.warn(hints.no_array(self, name))

    # ------------------------------------------------------------ attributes of the class first

    def __setattr__(self, name, value):
        if name.startswith("_"):
            self.__dict__[name] = value
            return
        self._heed_own_schema()
        if isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
        else:
            self._put(name, value)

    def _primary_shape(self, attr):
        """Shape of the primary array, or the one that the model was made with."""
        return self.shape if attr == self.get_primary_array_name() else None

    # ------------------------------------------------------------ what a model is

    @property
    def _instance(self):
        self._load_all()
        self._given_out.add("tree")
        self._shared = True  # the caller may replace parts behind our back: keep no nodes
        self._forget_nodes()
        return self._tree

    @property
    def instance(self):
        """The raw tree."""
        return self._instance

    @property
    def _model_type(self):
        return type(self).__name__

    @property
    def shape(self):
        """Shape of the primary array, or None."""
        name = self.get_primary_array_name()
        value = self._tree.get(name) if name else None
        if value is None and name and self._given_shape is not None and name not in self._tree:
            return tuple(self._given_shape)
        return tuple(value.shape) if is_array(value) else None

    def get_primary_array_name(self):
        """Name of the primary array, "" if the class has none."""
        return self.primary_array_name or self._table.primary

    @property
    def history(self):
        """List of `HistoryEntry`, the oldest first."""
        if "entries" not in self._history:
            self._history["entries"] = HistoryList.of(self)
        return self._history["entries"]

    @history.setter
    def history(self, value):
        self._history["entries"] = HistoryList(value, before=None)

    def add_history_entry(self, description, software=None):
        """Append a history entry.

        Parameters
        ----------
        description : str
        software : dict or list of dict, optional
            Keys name, version, author, homepage.
        """
        self.history.append(create_history_entry(description, software))

    @property
    def override_handle(self):
        """Name of this model when it stands in for a reference file."""
        return f"override://{type(self).__name__}"

    @property
    def crds_observatory(self):
        """Observatory whose reference files apply."""
        if self.crds_observatory_name is None:
            raise NotImplementedError(f"{type(self).__name__} belongs to no observatory")
        return self.crds_observatory_name

    def get_crds_parameters(self):
        """Flat dict of all metadata that may select a reference file."""
        if self.crds_observatory_name is None:
            raise NotImplementedError(f"{type(self).__name__} belongs to no observatory")
        kinds = (str, int, float, complex, bool)
        flat = self.to_flat_dict(include_arrays=False)
        return {k: v for k, v in flat.items() if k.startswith("meta.") and isinstance(v, kinds)}

    # ------------------------------------------------------------ lifetime

    def on_init(self, init):
        """Set what every new model has; classes add to it."""
        name = formats.file_name(init)
        if name:
            self._meta._store("filename", name)
        self._set_model_type()

    @property
    def _meta(self):
        """Node of ``meta``; a detached one where a tree has something else of that name."""
        node = self.__dict__.get("meta")
        node = self.get("meta") if node is None else node
        if isinstance(node, ObjectNode):
            return node
        return ObjectNode(self._model, None, {}, self._model if node is None else None, "meta")

    def _set_model_type(self):
        meta = self._meta
        found = meta.get("model_type")
        if self._type_in_file is None:
            self._type_in_file = found
        if found != type(self).__name__ and type(self) is not DataModel and not self._guessed:
            meta._store("model_type", type(self).__name__)

    def _forget_type(self, name):
        """Note that the class was guessed: the file's own word for it is kept."""
        self._guessed, self._type_in_file = True, name
        self._meta._store("model_type", name)

    def on_save(self, path=None):
        """Set what every saved model has; classes add to it."""
        name = formats.file_name(path)
        if name:
            self._meta._store("filename", name)
        self._set_model_type()

    def source_problems(self):
        """Lines about what the source file lacks (cut data), found without reading data."""
        tell = getattr(self._reader, "problems", None)
        return [] if tell is None else tell()

    def close(self):
        """Let go of what was made for access; no file was held, and arrays stay valid."""
        self._commit()
        self._forget_nodes()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def copy(self, memo=None):
        """Return an independent copy; what was not read yet stays unread in both."""
        other = type(self).__new__(type(self))
        self.clone(other, self, deepcopy=True, memo=memo)
        return other

    __copy__ = copy

    def __deepcopy__(self, memo):
        return self.copy(memo)

    @staticmethod
    def clone(target, source, deepcopy=False, memo=None):
        """Give `target` the content of `source`, shared or (`deepcopy`) its own."""
        lifetime.clone(target, source, deepcopy, memo)

    def __reduce__(self):
        return lifetime.reduce(self)

    # ------------------------------------------------------------ content as a whole

    def to_flat_dict(self, include_arrays=True):
        """Return {dotted name: value} of all leaves; dates as text.

        An array that cannot be read, since the file is damaged, is left out with a warning.
        """
        return {name: _as_flat(value) for name, value in read_leaves(self, include_arrays)}

    def update(self, d, only=None, extra_fits=False):
        """Take over metadata from another model, a node or a dict.

        Parameters
        ----------
        d : DataModel, ObjectNode or dict
            Of a model or node: the values bound to cards in HDUs of this schema; of a dict:
            every value that is no array.
        only : str or list of str, optional
            EXTNAMEs to restrict it to.
        extra_fits : bool
            Whether the extra cards are taken over as well.
        """
        updating.update(self, d, only=only, extra_fits=extra_fits)

    def __eq__(self, other):
        if self is other:
            return True
        if not isinstance(other, (DataModel, dict)):
            return NotImplemented
        self._load_all()
        if isinstance(other, dict):
            return validate.equal(self._tree, other)
        other._load_all()
        return type(self) is type(other) and validate.equal(self._tree, other._tree)

    __hash__ = object.__hash__

    def __repr__(self):
        try:
            shape = self.shape
        except FileFormatError:  # it is gone, changed or damaged
            shape = None
        text = f"<{type(self).__name__}{shape or ''}"
        name = self._source_path or self.get("meta.filename")
        return f"{text} from {Path(name).name}>" if name else f"{text}>"

    def __getitem__(self, path):
        try:
            return super().__getitem__(path)
        except UnknownAttributeError:
            raise KeyError(path) from None

    def __contains__(self, path):
        names = self.keys()
        if path in names:
            return True
        spec = self._spec.children.get(path)
        return (
            spec is not None
            and spec.kind == LIST
            and any(name.startswith(f"{path}.") for name in names)
        )


class JwstDataModel(DataModel):
    """A model of the JWST interface: core metadata, CRDS parameters, dates."""

    schema_url = "core.schema"
    crds_observatory_name = "jwst"

    def on_init(self, init):
        """Set `meta.date` if it is absent."""
        super().on_init(init)
        meta = self._meta
        if not meta.hasattr("date"):
            meta._store("date", now())

    def on_save(self, path=None):
        """Set `meta.date`."""
        super().on_save(path)
        self._meta._store("date", now())

    def update(self, d, only=None, extra_fits=False, cal_logs=True):
        """Take over metadata as `DataModel.update` does, and the logs of earlier steps.

        Parameters
        ----------
        d, only, extra_fits
            See `DataModel.update`.
        cal_logs : bool
            Whether those in ``cal_logs`` are added to the logs of this model.
        """
        logs = d.get("cal_logs")
        if isinstance(d, dict):
            d = {name: value for name, value in d.items() if name != "cal_logs"}
        super().update(d, only=only, extra_fits=extra_fits)
        if cal_logs and logs is not None:
            logs = copied(logs.instance if isinstance(logs, Node) else logs)
            if isinstance(logs, dict) and self.hasattr("cal_logs"):
                logs = {**self.cal_logs.instance, **logs}
            self._put("cal_logs", logs)


def _as_flat(value):
    if is_array(value):
        return value
    is_date = isinstance(value, (datetime.datetime, datetime.date))
    return value.isoformat() if is_date else getattr(value, "isot", value)


def __getattr__(name):
    if name not in {"DefaultDQMixin", "DefaultErrMixin"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__package__}.mixins"), name)


def now():
    """Present time (UTC) as ISO text with milliseconds."""
    time = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    return time.isoformat(timespec="milliseconds")


__all__ = [
    "DataModel",
    "DefaultDQMixin",  # noqa: F822 - of a module that imports this one
    "DefaultErrMixin",  # noqa: F822
    "FileFormatError",
    "JwstDataModel",
    "_make_default",
    "put_value",
]

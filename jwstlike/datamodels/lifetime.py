"""Share, copy and pickle the content of a model."""

import copy
import importlib

from .bindings import Table
from .class_tables import is_own, table_of
from .sharing import share_arrays
from .trees import copied

BY_REFERENCE = f"{__package__}.by_reference"  # imported when a model is pickled

# what a model of the same content has, besides its tree and reader
SHARED = (
    "_source_path", "_source_name", "_given_shape", "_history", "_guessed", "_type_in_file",
    "_given_out",
)  # fmt: skip
MODES = (
    "_mode", "_pass_invalid_values", "_strict_validation", "_validate_on_assignment",
    "_validate_arrays", "_ignore_unrecognized_tag",
)  # fmt: skip


def share(target, source):
    """Give `target` the very content of `source`; what one changes, both have."""
    source._commit()
    for name in ("_tree", "_reader", "_lock", "_origins", *SHARED):
        target.__dict__[name] = getattr(source, name)


def clone(target, source, deepcopy=False, memo=None):
    """Do what `DataModel.clone` describes; what was not read yet stays unread."""
    if hasattr(target, "_inner"):
        target._forget_nodes()
    target._set_up(source._table)
    lock, put = target._lock, target.__dict__
    share(target, source)
    for name in MODES:
        put[name] = source.__dict__[name]
    if deepcopy:
        with source._lock:
            moved = {}
            share_arrays(_own_dicts(source))
            put["_tree"] = copied(source._tree, moved)
            put["_history"] = copy.deepcopy(source._history, memo)
            if source._reader is not None:
                put["_reader"] = source._reader.moved(moved)
            put["_origins"] = {
                (id(moved[old]), key): (moved[old], *noted)
                for (old, key), (_, *noted) in source._origins.items()
                if old in moved
            }
        put.update(_given_out={"original"} if source._given_out else set(), _lock=lock)


def _own_dicts(model):
    """Return the dicts of a model's tree that no user has: made by the model or its reader."""
    if "tree" in model._given_out:
        return []
    return [model._tree, *(() if model._reader is None else model._reader.own_dicts())]


def reduce(model):
    """Pickle a model: what was changed, and where to read the rest."""
    model._commit()
    state = {name: model.__dict__[name] for name in (*SHARED, *MODES)}
    with model._lock:
        state["_tree"], state["_reader"] = importlib.import_module(BY_REFERENCE).light(model)
    own = is_own(model._table, type(model))
    return rebuild, (type(model), None if own else model._table.schema, state)


def rebuild(cls, schema, state):
    """Undo `reduce`."""
    model = cls.__new__(cls)
    model._set_up(table_of(cls, None, None) if schema is None else Table(schema))
    model.__dict__.update(state)
    if model._reader is not None:
        model._reader.bind(model._table)
    return model

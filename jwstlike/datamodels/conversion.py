"""Make a model of one class from a model of another: content shared, cast as the schema wants."""

from . import validate
from .bindings import ARRAY
from .casting import cast_array, is_lazy
from .fits_read import FitsReader


def convert(model, other):
    """Give `model` the content of `other`, a model of another class or schema.

    Unread arrays stay unread and will be cast while they are read; cards that only the new schema
    knows are found. What does not fit the new schema is kept and reported.
    """
    other._load_below(other)
    moved = {}
    tree = _shallow(other._tree, moved)
    if isinstance(tree.get("meta"), dict):
        tree["meta"].pop("model_type", None)
    model.__dict__["_tree"] = tree
    for key in ("_source_path", "_history"):
        model.__dict__[key] = other.__dict__[key]
    if other._reader is not None:
        model.__dict__["_reader"] = _reader_for(model, other._reader, moved)
    _cast_arrays(model)
    report = [f for f in _findings(model)]
    validate.act(validate.Report(report), model)


def _shallow(value, moved):
    """Copy the dicts and lists of a tree; everything else is shared."""
    if type(value) is dict:
        new = moved[id(value)] = {k: _shallow(v, moved) for k, v in value.items()}
        return new
    return [_shallow(v, moved) for v in value] if type(value) is list else value


def _reader_for(model, old, moved):
    reader = FitsReader(old.index, model._table)
    before = old.moved(moved)
    reader._asdf, reader.origins = old._asdf, before.origins
    reader.fill_all(model._tree)  # only what the old schema had no name for is still missing
    reader.asdf_done = True
    return reader


def _cast_arrays(model):
    for name, spec in model._spec.children.items():
        value = model._tree.get(name)
        if spec.kind == ARRAY and value is not None and not is_lazy(value):
            try:
                model._tree[name] = cast_array(value, spec)
            except (ValueError, TypeError):
                continue  # reported with everything else


def _findings(model):
    for path, value, phrase in validate.findings(model._spec, model._tree):
        yield validate.Finding(validate.dotted(path), value, phrase, model._place(None), "kept")

"""Make a model of one class from a model of another: content shared, cast as the schema wants."""

from .bindings import ARRAY
from .casting import cast_array, is_lazy
from .lifetime import share


def convert(model, other):
    """Give `model` the content of `other`, a model of another class or schema.

    What was not read yet stays unread and will be cast while it is read; cards that only the new
    schema knows are found. What does not fit the new schema is kept and reported.
    """
    share(model, other)
    moved = {}
    tree = _shallow(other._tree, moved)
    if isinstance(tree.get("meta"), dict):
        tree["meta"].pop("model_type", None)
    put = model.__dict__
    put.update(
        _tree=tree, _origins={}, _history=dict(other._history), _guessed=False, _type_in_file=None
    )
    if other._reader is not None:
        put["_reader"] = other._reader.moved(moved, model._table)
        model._reader.adopt(tree, model._spec)
    _cast_arrays(model)
    model._act_on_tree()


def _shallow(value, moved):
    """Copy the dicts and lists of a tree; everything else is shared."""
    if type(value) is dict:
        new = moved[id(value)] = {k: _shallow(v, moved) for k, v in value.items()}
        return new
    return [_shallow(v, moved) for v in value] if type(value) is list else value


def _cast_arrays(model):
    for name, spec in model._spec.children.items():
        value = model._tree.get(name)
        if spec.kind == ARRAY and value is not None and not is_lazy(value):
            try:
                model._tree[name] = cast_array(value, spec)
            except (ValueError, TypeError):
                continue  # reported with everything else

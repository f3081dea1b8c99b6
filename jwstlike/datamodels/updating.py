"""Take over metadata from another model: `DataModel.update`."""

import copy

from . import validate
from .bindings import LIST, OBJECT, PRIMARY
from .casting import PLAIN, is_array
from .properties import Node, ObjectNode

NEVER = {("meta", "date"), ("meta", "model_type"), ("meta", "wcs")}


def update(target, source, only=None, extra_fits=False):
    """Do what `DataModel.update` describes; what is refused comes as one warning."""
    with validate.gathered():
        _update(target, source, only, extra_fits)


def _update(target, source, only, extra_fits):
    target._load_cards()
    if isinstance(source, Node):
        model = source._model
        model._load_cards()
        model._commit()
        only = {only} if isinstance(only, str) else set(only or ())
        wanted = {name.upper() for name in only} or (target._table.hdus | {PRIMARY})
        _from_cards(target, source._tree, source._spec, _place(source._path), wanted)
        if extra_fits:
            _extra(target, model, only)
    else:
        _from_dict(target, source, ())


def _place(path):
    """Return where the content of a node belongs in a target: that of an item, at the top."""
    after = [n + 1 for n, name in enumerate(path) if isinstance(name, int)]
    return path[after[-1] :] if after else path


def _from_cards(target, tree, spec, path, wanted):
    """Copy the values that are bound to cards, level by level."""
    if spec is None:
        return
    node = None  # of the target; looked for when there is a value for it
    for name, child in spec.children.items():
        value = tree.get(name)
        place = (*path, name)
        if value is None or place in NEVER:
            continue
        if child.kind == OBJECT and isinstance(value, dict):
            _from_cards(target, value, child, place, wanted)
        elif child.kind == LIST and isinstance(value, list) and child.item is not None:
            continue  # arrays and their keywords belong to the items themselves
        elif child.keyword is not None and child.extname in wanted:
            node = node or _node_at(target, path)
            if node is None:
                return
            node._put(name, value if type(value) in PLAIN else copy.deepcopy(value))


def _from_dict(target, tree, path):
    for name, value in tree.items():
        place = (*path, name)
        if place in NEVER or is_array(value) or value is None:
            continue
        if isinstance(value, dict):
            _from_dict(target, value, place)
            continue
        node = _node_at(target, path, make=True)
        if node is not None:
            node._put(name, copy.deepcopy(value))


def _node_at(target, path, make=False):
    """Return the object at a path that the target knows or has, or one made for it; or None."""
    node = target
    for name in path:
        if node._spec_of(name) is None and not node.hasattr(name):
            if not make:
                return None
            node._put(name, {})
        node = getattr(node, name)
        if not isinstance(node, ObjectNode):
            return None
    return node


def _extra(target, model, only):
    found = model._load_extra()
    target._load_extra()
    for extname, content in (found or {}).items():
        if only and extname not in only:
            continue
        if "header" in content:
            mine = target._tree.setdefault("extra_fits", {}).setdefault(extname, {})
            mine["header"] = copy.deepcopy(content["header"])

"""ASDF trees of models: files, and the ASDF extension of FITS files.

Plain trees pass through `asdf_light` without asdf and its plug-ins, whose loading costs most of a
second; objects (WCS, Time, Quantity) go through asdf itself.
"""

import io
import os
import warnings
from dataclasses import dataclass

import numpy as np

from ..atomic import replacing
from ..errors import FileFormatError
from . import asdf_light
from .bindings import LIST, OBJECT
from .casting import PLAIN, is_lazy
from .sources import Source

OF_FILE = ("asdf_library", "_fits_hash")


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class LoadedTree:
    """The tree of an ASDF file and where it comes from."""

    tree: dict
    source: object


def loaded(init):
    """Return the `LoadedTree` of a path, bytes, file object or open `AsdfFile`."""
    if isinstance(init, LoadedTree):
        return init
    if type(init).__name__ == "AsdfFile":
        source = Source(b"", str(init.uri or "<AsdfFile>"))
        return LoadedTree(_plain_arrays(dict(init.tree)), source)
    tree, _ = asdf_light.load(init)
    return LoadedTree(tree, Source.of(init))


def read_model(model, init):
    """Give a model the tree of an ASDF file; its arrays stay unread."""
    found = loaded(init)
    model.__dict__["_tree"] = {k: v for k, v in found.tree.items() if k not in OF_FILE}
    model._source_path = found.source.path
    if model._strict_validation:
        model.validate()


def _plain_arrays(value):
    if isinstance(value, dict):
        return {k: _plain_arrays(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain_arrays(v) for v in value]
    if type(value).__name__ == "NDArrayType":
        return np.array(value)
    return value


def load_tree(content, name, reader=None):
    """Load the tree of an ASDF file in memory; links into the HDUs become lazy arrays.

    Raises
    ------
    FileFormatError
    """
    try:
        tree, _ = asdf_light.load(content)
    except FileFormatError as error:
        raise FileFormatError(name, error.problem, error.remedy) from None
    return _resolved(tree, reader)


def _resolved(value, reader):
    """Replace ``fits:`` links by lazy arrays; missing HDUs by None."""
    if isinstance(value, asdf_light.FitsSource):
        return _linked(value, reader)
    if isinstance(value, dict):
        for key, child in value.items():
            value[key] = _resolved(child, reader)
    elif isinstance(value, list):
        value[:] = [_resolved(child, reader) for child in value]
    return value


def _linked(link, reader):
    from .fits_read import lazy

    if reader is None:
        return None
    name, _, version = str(link.source).removeprefix("fits:").partition(",")
    index = reader.index
    if name.isdecimal():
        hdu = index[int(name)] if int(name) < len(index) else None
    else:
        hdu = index.find(name, int(version) if version else None)
    return None if hdu is None else lazy(index, hdu)


def decode(value, model, path):
    """Turn a tagged node into its object by asdf, if a converter is there; else return it."""
    import asdf

    tree = {"value": value}
    content = b"".join(bytes(b) for b in asdf_light.dump(tree))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with asdf.open(io.BytesIO(content), lazy_load=False) as file:
                found = file.tree["value"]
        except Exception:  # noqa: BLE001 - any converter may fail in its own way
            return value
    return value if type(found).__name__.startswith("Tagged") else found


# ---------------------------------------------------------------- writing


def tree_of(model, standalone=True):
    """The tree to be written: in the order of the schema, without what is absent.

    Parameters
    ----------
    model : DataModel
    standalone : bool
        False for the ASDF extension of a FITS file.
    """
    model._load_below(model)
    tree = pruned(ordered(model._tree, model._spec))
    if not standalone:
        tree.pop("extra_fits", None)  # it lies in the FITS file itself
    entries = [dict(entry) for entry in model.history]
    tree.pop("history", None)
    if entries:
        tree["history"] = {"entries": entries}
    return tree


def ordered(tree, spec):
    """Copy the dicts of a tree, known names first and in the order of the schema."""
    if spec is None or spec.kind != OBJECT:
        return tree
    names = [n for n in spec.children if n in tree] + [n for n in tree if n not in spec.children]
    return {
        n: ordered(tree[n], spec.children.get(n)) if type(tree[n]) is dict else tree[n]
        for n in names
    }


def pruned(value):
    """Copy without None and without objects that hold nothing."""
    if type(value) is dict:
        kept = {k: pruned(v) for k, v in value.items() if v is not None}
        return {k: v for k, v in kept.items() if not (type(v) is dict and not v and value[k])}
    return [pruned(v) for v in value] if type(value) is list else value


def has_unbound(tree, spec):
    """Whether a tree holds what FITS cannot: a value that no card and no HDU is bound to."""
    for name, value in tree.items():
        child = spec.children.get(name) if spec is not None else None
        if value is None or (spec is not None and not spec.path and name in BOOKKEEPING):
            continue
        if type(value) is dict:
            if has_unbound(value, child):
                return True
        elif child is not None and child.kind == LIST and child.item is not None:
            if any(type(i) is not dict or has_unbound(i, child.item) for i in value):
                return True
        elif child is None or not child.bound:
            return True
    return False


BOOKKEEPING = ("extra_fits", "history", "asdf_library")


def dump(tree, model, links=None):
    """Yield the bytes of an ASDF file; arrays in `links` (by id) become ``fits:`` links."""
    links = links or {}
    try:
        yield from list(asdf_light.dump(tree, external=lambda array: links.get(id(array))))
    except asdf_light.NeedsAsdf:
        yield _dump_by_asdf(tree, links)


def _dump_by_asdf(tree, links):
    """Write by asdf itself; linked arrays are passed by as tagged dicts."""
    import asdf

    stream = io.BytesIO()
    asdf.AsdfFile(_for_asdf(tree, links)).write_to(stream)
    return stream.getvalue()


def _for_asdf(value, links):
    if type(value) in PLAIN or value is None:
        return value
    if id(value) in links:
        from asdf.tagged import TaggedDict

        link = asdf_light.link_node(value, links[id(value)])
        return TaggedDict(link, "tag:stsci.edu:asdf/core/ndarray-1.1.0")
    if is_lazy(value):
        return value.read()
    if isinstance(value, dict):
        made = {k: _for_asdf(v, links) for k, v in value.items()}
        if hasattr(value, "_tag"):
            from asdf.tagged import TaggedDict

            return TaggedDict(made, value._tag)
        return made
    return [_for_asdf(v, links) for v in value] if isinstance(value, list) else value


def write_model(model, target, overwrite=True, **kwargs):
    """Write a model as an ASDF file, atomically.

    Raises
    ------
    OSError
    """
    blocks = dump(tree_of(model), model)
    if hasattr(target, "write"):
        target.writelines(blocks)
        return
    if not overwrite and os.path.lexists(target):
        raise FileExistsError(17, "exists already; use overwrite=True", os.fspath(target))
    with replacing(target) as stream:
        for block in blocks:
            stream.write(block)

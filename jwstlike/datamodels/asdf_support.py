"""ASDF trees of models: files, and the ASDF extension of FITS files.

Plain trees pass through `asdf_light` without asdf and its plug-ins, whose loading costs most of a
second; objects (WCS, Time, Quantity) go through asdf itself.
"""

import io
import os
from dataclasses import dataclass

from ..atomic import replacing
from ..errors import CannotBeSavedError, FileFormatError, MissingFileError
from . import asdf_light, asdf_objects, compression, ragged, validate
from .arrays import array_ref
from .asdf_nodes import BOOKKEEPING, like
from .bindings import ARRAY, LIST, OBJECT
from .by_reference import restored
from .casting import is_lazy
from .formats import is_same_file, read_or_warn
from .quiet import quiet
from .sharing import looked_at
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
    try:
        source = compression.unpacked(init)
    except FileNotFoundError:
        raise MissingFileError(init) from None
    return LoadedTree(asdf_light.load(source)[0], source)


def read_model(model, init):
    """Give a model the tree of an ASDF file; its arrays stay unread."""
    found = loaded(init)
    model.__dict__["_tree"] = {k: v for k, v in found.tree.items() if k not in OF_FILE}
    ragged.restore(model._tree)
    model._note_source(found.source)
    model._act_on_source()


def _plain_arrays(value):
    """Copy what asdf has loaded: arrays as ndarrays, nodes that it does not know under their tags.

    What it has converted (a WCS, a Time) stays as it is.
    """
    if type(value).__name__ == "NDArrayType":
        return value[...].copy()  # perhaps a masked one
    made, kind = value, asdf_light.TaggedStr
    if isinstance(value, dict):
        made, kind = {k: _plain_arrays(v) for k, v in value.items()}, asdf_light.TaggedDict
    elif isinstance(value, list):
        made, kind = [_plain_arrays(v) for v in value], asdf_light.TaggedList
    return kind(made, value._tag) if type(value).__module__ == "asdf.tagged" else made


def load_tree(content, name, index=None):
    """Load the tree of an ASDF file in memory; links into the HDUs become lazy arrays.

    Parameters
    ----------
    content : bytes
    name : str
        For messages.
    index : FitsIndex, optional
        The FITS file around it.

    Raises
    ------
    FileFormatError
    """
    tree, _ = asdf_light.load(content, name=name)
    missing = []
    tree = _resolved(tree, index, missing)
    if missing:
        found = ", ".join(dict.fromkeys(missing))
        validate.warn(f"{name}: the file lacks the HDU of {found}; the array is absent")
    return tree


def _resolved(value, index, missing):
    """Replace ``fits:`` links by lazy arrays, those to missing HDUs by None."""
    if isinstance(value, asdf_light.FitsSource):
        return _linked(value, index, missing)
    if isinstance(value, dict):
        for key, child in value.items():
            value[key] = _resolved(child, index, missing)
    elif isinstance(value, list):
        value[:] = [_resolved(child, index, missing) for child in value]
    return value


def _linked(link, index, missing):
    hdu = None
    if index is not None and link.number is None:
        hdu = index.find(link.name, link.extver)
    elif index is not None:
        hdu = index[link.number] if link.number < len(index) else None
    if hdu is None:
        missing.append(link.source)
        return None
    return array_ref(index, hdu)


# ---------------------------------------------------------------- writing


def tree_of(model, standalone=True):
    """Return the tree to be written: in the order of the schema, without what is absent.

    Parameters
    ----------
    model : DataModel
    standalone : bool
        False for the ASDF extension of a FITS file.
    """
    model._load_all()
    tree = pruned(ordered(stored_tree(model), model._spec))
    if standalone:
        tree.update(_stored_arrays(model, tree))
    extra = tree.pop("extra_fits", None)
    if extra and standalone:  # else it lies in the FITS file itself
        reader = model._reader
        tree["extra_fits"] = extra if reader is None else reader.renamed_extra(extra, model._tree)
    if standalone:
        tree = ragged.without_objects(tree)
    history = _history_of(model, tree.pop("history", None))
    if history:
        tree["history"] = history
    return tree


def _stored_arrays(model, tree):
    """Yield name and stored form of the arrays whose values are others in files than in models."""
    for name in tree:
        spec, value = model._spec.children.get(name), looked_at(tree[name])
        if spec is not None and spec.kind == ARRAY and not is_lazy(value):
            yield name, model._stored_form(spec, value, _origin(model, name))


def _origin(model, name):
    """Return what an array of the top level was read from, None if that is not known."""
    if model._reader is not None:
        return model._reader.origin(model._tree, name)
    return model._origins.get((id(model._tree), name), (None, None))[1]


def stored_tree(model):
    """Return the tree of a model; what was read but not changed is as it was in the file."""
    return restored(model._tree, model._origins) if model._origins else model._tree


def _history_of(model, stored):
    """Return the ``history`` to be written: what is stored there, with the entries of now."""
    if stored is None and model._reader is not None:
        stored = model._reader.asdf.get("history")
    entries = [dict(entry) for entry in model.history]
    if isinstance(stored, list):  # files before ASDF 1.1
        return entries
    if stored is not None and not isinstance(stored, dict):  # damage
        return {"entries": entries} if entries else stored
    history = dict(stored or {})
    if entries or "entries" in history:
        history["entries"] = entries
    return history


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


def unbound(tree, spec):
    """Return the part of a tree that FITS cannot hold: what no card and no HDU is bound to.

    Returns
    -------
    dict
        Empty when there is nothing.
    """
    found = {}
    for name, value in tree.items():
        if spec is not None and not spec.path and name in BOOKKEEPING:
            continue
        value = _unbound_value(value, spec.children.get(name) if spec is not None else None)
        if value is not None:
            found[name] = value
    return found


def _unbound_value(value, spec):
    """Return what FITS cannot hold of a value, None if it holds all."""
    if type(value) is dict:
        return unbound(value, spec) or None
    if spec is None or value is None:
        return value
    if spec.kind == LIST and spec.item is not None:
        items = [unbound(i, spec.item) if type(i) is dict else i for i in value]
        return items if any(type(i) is not dict or i for i in items) else None
    return None if spec.bound else value


def content(tree, external=None, name=""):
    """Return the bytes of an ASDF file.

    An array of a damaged source is left out, with a warning that names its path.

    Parameters
    ----------
    tree : dict
    external : callable, optional
        Array -> ``"fits:SCI,1"`` if it lies in an HDU beside, else None.
    name : str
        Of the file, for messages.
    """
    return b"".join(map(bytes, _guarded(tree, lambda t: list(dump(t, external, name)))))


def dump(tree, external=None, name=""):
    """Return an iterator over the bytes of an ASDF file; see `content`.

    Raises
    ------
    CannotBeSavedError
        Before the first byte.
    """
    try:
        try:
            return asdf_light.dump(tree, external=external)
        except asdf_light.NeedsAsdf:
            return asdf_light.dump(asdf_objects.encoded(tree, name), external=external)
    except (TypeError, ValueError) as problem:
        raise CannotBeSavedError(str(problem), name) from problem


def _guarded(tree, action):
    """Do `action(tree)`; again without the arrays that cannot be read, if there are any."""
    try:
        return action(tree)
    except FileFormatError:
        return action(_readable(tree, ()))


def _readable(value, path):
    if is_lazy(value):
        return None if read_or_warn(value, ".".join(map(str, path))) is None else value
    if isinstance(value, dict):
        return like(value, {k: _readable(v, (*path, k)) for k, v in value.items()})
    if isinstance(value, list):
        return like(value, [_readable(v, (*path, n)) for n, v in enumerate(value)])
    return value


def write_model(model, target, overwrite=True, **kwargs):
    """Write a model as an ASDF file, atomically.

    Parameters
    ----------
    model : DataModel
    target : str, Path or binary file object
    overwrite : bool
        Whether an existing file may be replaced.
    **kwargs
        Options of ``AsdfFile.write_to``, e.g. ``all_array_compression``; asdf itself then writes.

    Raises
    ------
    OSError
    """
    if not hasattr(target, "write") and not overwrite and os.path.lexists(target):
        raise FileExistsError(17, "exists already; use overwrite=True", os.fspath(target))

    name = str(getattr(target, "name", target))

    def write(tree):
        blocks = dump(tree, name=name)
        if kwargs:
            blocks = [_rewritten(blocks, kwargs)]
        if hasattr(target, "write"):
            target.writelines(blocks)
            return
        with replacing(target) as stream:
            stream.writelines(blocks)

    _guarded(tree_of(model), write)
    if model._reader is None and is_same_file(model._source_path, target):
        _rebind(model._tree, loaded(model._source_path).tree, model._origins)


def _rewritten(blocks, options):
    """Write a file once more, by asdf with its options."""
    import asdf

    stream = io.BytesIO()
    with quiet(), asdf.open(io.BytesIO(b"".join(blocks)), lazy_load=False) as file:
        file.write_to(stream, **options)
    return stream.getvalue()


def _rebind(tree, new, origins):
    """Go on with the file that took the place of the source: arrays not read yet lie there."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(pairs):
        try:
            found = new[key]
        except (KeyError, IndexError):
            continue
        place = (id(tree), key)
        if place in origins:
            *_, digest = origins.pop(place)
            if is_lazy(found) or hasattr(found, "_tag"):
                origins[place] = (tree, found, digest)
        elif isinstance(value, (dict, list)):
            if isinstance(found, type(value)):
                _rebind(value, found, origins)
        elif is_lazy(value) and is_lazy(found):
            tree[key] = found

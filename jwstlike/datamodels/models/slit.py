"""Slits: single ones, all of an exposure, and those of one source from several exposures."""

import inspect
import operator

from ..casting import is_lazy
from ..model_base import DataModel, JwstDataModel
from ..trees import copied
from .image import ImageModel
from .lists import parts_of

# keywords of the constructor that are no content
OPTIONS = frozenset(inspect.signature(DataModel.__init__).parameters) | {
    "memmap", "cast_fits_arrays", "skip_fits_update",
}  # fmt: skip
OF_EVERY_MODEL = ("filename", "date", "model_type")  # names in meta that each model has its own of


class _AnyKeyword(JwstDataModel):
    """A model whose constructor sets every keyword that is no option of `DataModel`."""

    _shared_slit = None  # node of the slit in another model whose arrays this one has

    def __init__(self, init=None, **kwargs):
        content = {name: kwargs.pop(name) for name in list(kwargs) if name not in OPTIONS}
        super().__init__(init, **kwargs)
        for name, value in content.items():
            setattr(self, name, value)

    def _realise(self, node, name, spec, value):
        slit = self._shared_slit
        if (
            node._parent is None
            and slit is not None
            and is_lazy(value)
            and slit._tree.get(name) is value
        ):
            result = self._tree[name] = getattr(slit, name)  # both have the array that is read
            return result
        return super()._realise(node, name, spec, value)


class SlitDataModel(_AnyKeyword):
    """Arrays and description of one slit; the constructor sets every keyword."""

    schema_url = "slitdata.schema"


class SlitModel(_AnyKeyword):
    """One slit of an exposure; the constructor sets every keyword."""

    schema_url = "slit.schema"


class MultiSlitModel(JwstDataModel):
    """The slits of one exposure, ``slits``; ``model[i]`` gives one as a `SlitModel`.

    Parameters
    ----------
    init : ImageModel, SlitModel, ...
        An image or a slit becomes the only slit; everything else as for `DataModel`.
    **kwargs
        As for `DataModel`.
    """

    schema_url = "multislit.schema"

    def __init__(self, init=None, **kwargs):
        single = isinstance(init, (ImageModel, SlitModel))
        super().__init__(None if single else init, **kwargs)
        if single:
            self.update(init)
            self.slits.append(parts_of(init, self._spec.children["slits"].item))

    def __getitem__(self, key):
        """Return the value at a dotted path, or slit number `key` as a `SlitModel`.

        The slit shares its arrays with this model; its metadata are a copy of this model's,
        completed by those of the slit.

        Raises
        ------
        IndexError
            When there is no such slit.
        KeyError
            When there is nothing at a path below ``meta``.
        ValueError
            For any other key.
        """
        if isinstance(key, str):
            try:
                return super().__getitem__(key)
            except KeyError:
                if key.partition(".")[0] == "meta":
                    raise
                raise ValueError(
                    f"{key!r} is no slit and no path of {type(self).__name__}"
                ) from None
        try:
            number = operator.index(key)
        except TypeError:
            raise ValueError(f"{key!r} is no number of a slit and no path") from None
        count = len(self.slits)
        if not -count <= number < count:
            raise IndexError(f"there is no slit {number}, this model has {count}")
        return self._slit(self.slits[number])

    def _slit(self, node):
        self._load_all()
        model = SlitModel()
        for name, value in node._tree.items():
            if name not in ("meta", "extra_fits") and value is not None:
                model._tree[name] = value
        model._shared_slit = node
        model.update(self)
        own = node._tree.get("meta")
        if isinstance(own, dict):
            _merge(model.meta, own)
        return model


def _merge(node, tree):
    """Copy a tree into a node; a WCS and the like are shared."""
    for name, value in tree.items():
        if node._parent is not None and node._key == "meta" and name in OF_EVERY_MODEL:
            continue
        known = node._spec_of(name) is not None or node.hasattr(name)
        if type(value) is dict and known:
            _merge(getattr(node, name), value)
        elif value is not None:
            node._store(name, copied(value) if isinstance(value, (dict, list)) else value)


class MultiExposureModel(JwstDataModel):
    """Slits of one source from several exposures, ``exposures``, each with its whole metadata.

    The metadata of an exposure lie in the ASDF extension: FITS has no place for them.

    Parameters
    ----------
    init : ImageModel, SlitModel, SlitDataModel, ...
        One of these becomes the only exposure; everything else as for `DataModel`.
    **kwargs
        As for `DataModel`.
    """

    schema_url = "multiexposure.schema"

    @classmethod
    def complete_schema(cls, schema):
        """Join the core metadata, unbound from FITS, to those of each exposure."""
        made = copied(schema)
        exposure = made["properties"]["exposures"]["items"]
        core = schema["properties"]["meta"]
        exposure["properties"]["meta"] = _joined(_unbound(core), exposure["properties"]["meta"])
        return made

    def __init__(self, init=None, **kwargs):
        single = isinstance(init, (ImageModel, SlitModel, SlitDataModel))
        super().__init__(None if single else init, **kwargs)
        if single:
            self.update(init)
            self.exposures.append(init)


def _unbound(schema):
    """Copy a schema without its FITS keywords."""
    if isinstance(schema, dict):
        return {
            key: _unbound(part)
            for key, part in schema.items()
            if key not in ("fits_keyword", "fits_hdu") or isinstance(part, dict)
        }
    return [_unbound(part) for part in schema] if isinstance(schema, list) else schema


def _joined(first, second):
    """Merge two schemas of objects; names of the second win."""
    made = {**first, **{key: part for key, part in second.items() if key != "properties"}}
    names = dict(first.get("properties", {}))
    for name, part in second.get("properties", {}).items():
        known = names.get(name)
        both = known is not None and "properties" in known and "properties" in part
        names[name] = _joined(known, part) if both else part
    return {**made, "properties": names}

"""`ModelContainer`: the models of an association or a list, as a lazy sequence."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ..errors import FileFormatError
from . import associations, formats
from .lazy_models import LIMIT, Pool, Slot
from .model_base import DataModel
from .sources import Source, is_address, located

OPEN = "jwstlike.datamodels.util:open"


class ModelContainer(Sequence):
    """Models in an order; each is opened when asked for.

    Only a few models that nobody else holds stay in memory; others are put away with all their
    changes, so that a plain ``for model in container:`` works for any number of files.

    Parameters
    ----------
    init : str, Path, dict, list or ModelContainer, optional
        An association (file or content), paths and models, or another container, whose models
        are then shared.
    asn_exptypes : str or list of str, optional
        Kinds of members to take from an association; case does not matter.
    asn_n_members : int, optional
        Take no more than so many of them.
    **kwargs
        For opening each file.

    Attributes
    ----------
    asn_table : dict
        Content of the association.
    asn_table_name, asn_pool_name, asn_file_path : str or None
        Name of its file, of its pool, and path of its file.

    Raises
    ------
    FileFormatError
        For a file that is no association.
    TypeError
        For anything else than the above.

    Examples
    --------
    >>> from jwstlike.datamodels import ImageModel
    >>> container = ModelContainer([ImageModel((2, 2)), ImageModel((3, 3))])
    >>> [model.shape for model in container]
    [(2, 2), (3, 3)]
    """

    schema_url = None
    cache_size = LIMIT  # models kept in memory that nobody else holds

    def __init__(self, init=None, asn_exptypes=None, asn_n_members=None, **kwargs):
        self._pool, self._slots, self._kwargs = Pool(self.cache_size), [], kwargs
        self.asn_table, self.asn_table_name = {}, None
        self.asn_pool_name = self.asn_file_path = None
        self.asn_exptypes, self.asn_n_members = asn_exptypes, asn_n_members
        if init is None:
            return
        if isinstance(init, ModelContainer):
            self._pool, self._slots = init._pool, list(init._slots)
            self._take_attributes(init)
        elif isinstance(init, dict):
            self.from_asn(init)
        elif isinstance(init, (str, os.PathLike, Source)):
            self.asn_file_path = init.name if isinstance(init, Source) else os.fspath(init)
            self.from_asn(self.read_asn(located(init, kwargs.get("storage_options"))))
        elif isinstance(init, Sequence) and not isinstance(init, (bytes, bytearray)):
            self.extend(init)
        else:
            raise TypeError(
                f"a container cannot be made from {type(init).__name__!r}; give an association, "
                "a list of files and models, or a container"
            )

    def _take_attributes(self, other):
        for name in ("asn_table", "asn_table_name", "asn_pool_name", "asn_file_path"):
            setattr(self, name, getattr(other, name))

    # ------------------------------------------------------------ associations

    @staticmethod
    def read_asn(filepath):
        """Read an association file as a dict.

        Raises
        ------
        FileFormatError
            If it is none.
        """
        return associations.read(filepath)

    def from_asn(self, asn_data):
        """Append the members of the first product of an association; none is opened yet.

        Parameters
        ----------
        asn_data : dict
            Member names are relative to the folder of `asn_file_path`, or to the current one.
        """
        found = associations.selected(
            associations.members(asn_data), self.asn_exptypes, self.asn_n_members
        )
        product = {**asn_data["products"][0], "members": found}
        self.asn_table = {**asn_data, "products": [product, *asn_data["products"][1:]]}
        self.asn_pool_name = asn_data.get("asn_pool")
        if self.asn_file_path is not None:
            self.asn_table_name = Path(self.asn_file_path).name
        for member in found:
            opener = partial(
                open_member, associations.beside(self.asn_file_path, member["expname"]),
                self._kwargs,
                member, {"asn_pool": self.asn_pool_name}, self.asn_table_name,
            )  # fmt: skip
            self._slots.append(Slot(self._pool, opener=opener))

    def ind_asn_type(self, asn_exptype):
        """Positions of the models whose ``meta.asn.exptype`` is `asn_exptype`; case aside."""
        wanted = asn_exptype.lower()
        return [n for n, slot in enumerate(self._slots) if _exptype(slot).lower() == wanted]

    # ------------------------------------------------------------ as a sequence

    def _slot(self, item):
        if isinstance(item, (str, os.PathLike)):
            return Slot(self._pool, opener=partial(open_member, os.fspath(item), self._kwargs))
        if isinstance(item, DataModel):
            return Slot(self._pool, item)
        raise TypeError(
            f"a container holds models and paths of files, not {type(item).__name__}: {item!r}"
        )

    def __len__(self):
        return len(self._slots)

    def __iter__(self):
        return (slot.get() for slot in self._slots)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self._part(self._slots[index])
        return self._slots[index].get()

    def _part(self, slots):
        """Return a container of some of the models: the same ones, not copies."""
        part = type(self)()
        part._pool, part._slots, part._kwargs = self._pool, list(slots), self._kwargs
        return part

    def __setitem__(self, index, model):
        if isinstance(index, slice):
            self._slots[index] = map(self._slot, model)
        else:
            self._slots[index] = self._slot(model)

    def __delitem__(self, index):
        del self._slots[index]

    def insert(self, index, model):
        """Insert a model or the path of one before `index`."""
        self._slots.insert(index, self._slot(model))

    def append(self, model):
        """Append a model or the path of one."""
        self._slots.append(self._slot(model))

    def extend(self, models):
        """Append several."""
        if isinstance(models, ModelContainer):
            self._slots.extend(models._slots)
        else:
            self._slots.extend([self._slot(model) for model in models])

    def pop(self, index=-1):
        """Remove a model and return it."""
        return self._slots.pop(index).get()

    def copy(self, memo=None):
        """Return a container of independent copies; what was not opened stays so."""
        other = type(self)(asn_exptypes=self.asn_exptypes, asn_n_members=self.asn_n_members)
        other._kwargs = self._kwargs
        other._take_attributes(self)
        other._slots = [slot.copy(other._pool) for slot in self._slots]
        return other

    __copy__ = copy

    def __deepcopy__(self, memo):
        return self.copy(memo)

    def __repr__(self):
        name = f" from {self.asn_table_name}" if self.asn_table_name else ""
        return f"<{type(self).__name__} of {len(self)} models{name}>"

    def close(self):
        """Let go of what was made for access; no file was held, and models stay usable."""
        for slot in self._slots:
            if slot._model is not None:
                slot._model.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    # ------------------------------------------------------------ groups

    def _groups(self):
        """Return group -> slots; opens each model in turn."""
        groups = {}
        for position, slot in enumerate(self._slots):
            model = slot.get()
            name = associations.group_id(model.get) or associations.numbered(position)
            if model.get("meta.group_id") != name:
                model.meta._store("group_id", name)
            groups.setdefault(name, []).append(slot)
        return groups

    @property
    def models_grouped(self):
        """Containers of the models of each exposure, in order; sets ``meta.group_id``."""
        return list(map(self._part, self._groups().values()))

    @property
    def group_names(self):
        """Names of the groups, in order."""
        return list(self._groups())

    # ------------------------------------------------------------ for steps

    @property
    def crds_observatory(self):
        """Observatory whose reference files apply: that of the first model."""
        return self[0].crds_observatory if self._slots else "jwst"

    def get_crds_parameters(self):
        """Flat metadata that select references: of the first science member, else the first."""
        if not self._slots:
            raise ValueError("the container is empty: nothing selects reference files")
        science = self.ind_asn_type("science")
        return self[science[0] if science else 0].get_crds_parameters()

    def source_problems(self):
        """Lines about files that are missing; nothing is opened."""
        lines = []
        for slot in self._slots:
            path = None if slot.is_opened else slot.opener.args[0]
            if path is not None and not is_address(path) and not os.path.exists(path):  # noqa: PTH110
                lines.append(f"{path}: no such file, a member of {self!r}; check its name")
        return lines

    def save(self, path=None, save_model_func=None, **kwargs):
        """Save each model.

        Parameters
        ----------
        path : str, Path or callable, optional
            ``a.fits`` (or ``a``) is saved as ``a0.fits``, ``a1.fits`` ..., or as ``a.fits`` if
            there is one model; a callable is given ``(meta.filename, index)``. Default: each
            under its ``meta.filename``.
        save_model_func : callable, optional
            ``save_model_func(model, idx=index)`` saves and returns the path.
        **kwargs
            For `DataModel.save`, e.g. ``dir_path``.

        Returns
        -------
        list of str
        """
        several, saved = len(self) > 1, []
        for position, model in enumerate(self):
            index = position if several else None
            if save_model_func is not None:
                saved.append(save_model_func(model, idx=index))
                continue
            name = self._name(model, path, index)
            saved.append(model.save(name, **kwargs))
        return saved

    @staticmethod
    def _name(model, path, index):
        if callable(path):
            return path(model.meta.filename, index)
        name = path or model.meta.filename
        if not name:
            raise ValueError("a model of the container has no meta.filename; give path=")
        if path is None:
            return name
        path, number = Path(path), "" if index is None else index
        suffixes = "".join(path.suffixes[-2:]) if path.suffix in PACKED else path.suffix
        stem = path.name.removesuffix(suffixes)
        return path.with_name(f"{stem}{number}{suffixes or '.fits'}")


PACKED = (".gz", ".bz2", ".zst", ".xz")


def open_member(path, kwargs, member=None, asn=None, table_name=None):
    """Open a file; of a member of an association, with what that says about it."""
    model = formats.function(OPEN)(path, **kwargs)
    if isinstance(model, ModelContainer):
        raise FileFormatError(path, "is an association within a container", "give its members")
    if member is not None:
        associations.assign(model, member, asn, table_name)
    return model


def _exptype(slot):
    """Kind of a member; a model that nobody opened is not opened for it."""
    arguments = getattr(slot.opener, "args", ())
    if not slot.is_opened and len(arguments) > 2:
        return str(arguments[2].get("exptype", ""))
    return str(slot.get().get("meta.asn.exptype") or "")

"""`AbstractModelLibrary`: the models of an association, lent one at a time.

A library is no sequence: a model is borrowed and shelved, so that it can live on disk between
two uses and nobody changes it unseen.
"""

import shutil
import tempfile
import warnings
import weakref
from abc import ABC, abstractmethod
from collections.abc import MutableMapping
from pathlib import Path
from types import MappingProxyType

from ..errors import JwstlikeError, JwstlikeWarning
from .datamodel import is_model, is_path

SCIENCE = "science"


class LibraryError(JwstlikeError):
    """A library is used in a way that it does not allow."""


class BorrowError(LibraryError):
    """A model is borrowed twice, shelved without being lent, or not given back."""


class ClosedLibraryError(LibraryError):
    """A model is asked for outside of ``with library:``."""


class NoGroupID(LibraryError):  # noqa: N818 - known by this name
    """A file or model does not say which group it belongs to."""


class AbstractModelLibrary(ABC):
    """Models of an association.

    Parameters
    ----------
    init : str, Path, dict, list
        Association (file or content), or models and paths.
    asn_exptypes : str or list of str, optional
        Kinds of members to take; case does not matter.
    asn_n_members : int, optional
        Take no more than so many.
    on_disk : bool
        Keep models on disk while nobody has borrowed them.
    temp_directory : str or Path, optional
        For ``on_disk``.
    **open_kwargs
        For opening the members.

    Raises
    ------
    ValueError
        ``on_disk`` with a list that holds models, or a library as `init`.
    """

    def __init__(
        self,
        init,
        asn_exptypes=None,
        asn_n_members=None,
        on_disk=False,
        temp_directory=None,
        **open_kwargs,
    ):
        self._on_disk, self._open_kwargs = on_disk, open_kwargs
        self._is_open, self._lent, self._files = 0, {}, {}
        self._folder, self._table_name = temp_directory, None
        self._models = self._new_store()
        if isinstance(init, AbstractModelLibrary):
            raise ValueError("a library cannot be made of a library; use it as it is")  # noqa: TRY004 - ValueError is the contract
        if isinstance(init, list | tuple):
            if on_disk:
                raise ValueError("on_disk needs an association; a list holds its models in memory")
            asn, self._asn_dir = self._asn_of_list(init), Path()
        elif isinstance(init, MutableMapping):
            asn, self._asn_dir = dict(init), Path(init.get("asn_dir", ""))
        elif is_path(init):
            asn, self._asn_dir = self._load_asn(init), Path(init).parent
            self._table_name = Path(init).name
        else:
            raise TypeError(f"init is a {type(init).__name__}, must be an association or a list")
        self._asn = self._select(asn, asn_exptypes, asn_n_members)
        self._members = self._asn["products"][0]["members"]
        if isinstance(init, list | tuple):
            kept = {int(member.pop("_position")): n for n, member in enumerate(self._members)}
            self._models.update(
                {kept[n]: m for n, m in enumerate(init) if n in kept and is_model(m)}
            )

    def _asn_of_list(self, items):
        members = []
        for n, item in enumerate(items):
            model = item if is_model(item) else None
            name = str(item) if model is None else (model.meta.filename or f"member_{n}")
            kind = getattr(getattr(getattr(model, "meta", None), "asn", None), "exptype", None)
            members.append({"expname": name, "exptype": kind or SCIENCE, "_position": n})
        return {"products": [{"name": "", "members": members}]}

    @staticmethod
    def _select(asn, exptypes, n_members):
        product = dict(asn["products"][0])
        members = [dict(member) for member in product["members"]]
        if exptypes is not None:
            wanted = [exptypes] if isinstance(exptypes, str) else exptypes
            wanted = {kind.lower() for kind in wanted}
            members = [m for m in members if m["exptype"].lower() in wanted]
        product["members"] = members[:n_members]
        return {**asn, "products": [product, *asn["products"][1:]]}

    # ------------------------------------------------------------ what a mission defines

    @property
    @abstractmethod
    def crds_observatory(self):
        """Observatory of the references."""

    @abstractmethod
    def _datamodels_open(self, filename, **kwargs):
        """Open a member."""

    @abstractmethod
    def _load_asn(self, path):
        """Read an association file as a dict."""

    @abstractmethod
    def _filename_to_group_id(self, filename):
        """Return the group of a file from its header, or raise `NoGroupID`."""

    @abstractmethod
    def _model_to_group_id(self, model):
        """Return the group of a model, or raise `NoGroupID`."""

    def _assign_member_to_model(self, model, member):  # noqa: B027 - optional
        """Enter into a model what the association says about it; a mission may define it."""

    def _new_store(self):
        """Return the mapping of index to model for those kept between two uses."""
        return {}

    # ------------------------------------------------------------ lending

    def __enter__(self):
        self._is_open += 1
        return self

    def __exit__(self, kind, error, trace):
        self._is_open -= 1
        if self._is_open:
            return
        lent, self._lent = list(self._lent), {}
        if lent and error is None:
            raise BorrowError(f"models {lent} were borrowed and not shelved; shelve each model")

    def __len__(self):
        return len(self._members)

    def __iter__(self):
        for index in range(len(self)):
            yield self.borrow(index)

    def borrow(self, index):
        """Lend a model until it is shelved.

        Raises
        ------
        ClosedLibraryError
            Outside of ``with library:``.
        BorrowError
            The model is lent already.
        """
        self._check_open()
        index = self._index(index)
        if index in self._lent:
            raise BorrowError(f"model {index} is borrowed already; shelve it first")
        model = self._models.get(index)
        if model is None:
            model = self._datamodels_open(self._path(index), **self._open_kwargs)
            if index not in self._files:  # not yet saved by us, with what was assigned
                self._assign_member_to_model(model, self._members[index])
            if not self._on_disk:
                self._models[index] = model
        self._lent[index] = model
        return model

    def shelve(self, model, index=None, modify=True):
        """Take a model back; with `modify` it replaces the one that was lent."""
        self._check_open()
        if index is None:
            index = next((n for n, lent in self._lent.items() if lent is model), None)
            if index is None:
                raise BorrowError("this model was not borrowed; name its index for a new one")
        index = self._index(index)
        if index not in self._lent:
            raise BorrowError(f"model {index} was not borrowed")
        del self._lent[index]
        if not modify:
            return
        self._members[index].pop("group_id", None)
        if self._on_disk:
            folder = self._scratch() / str(index)
            folder.mkdir(exist_ok=True)
            name = Path(model.meta.filename or self._members[index]["expname"]).name
            self._files[index] = model.save(name, dir_path=str(folder))
        else:
            self._models[index] = model

    def map_function(self, function, modify=True):
        """Yield ``function(model, index)`` of each model; models are shelved meanwhile."""
        for index in range(len(self)):
            model = self.borrow(index)
            try:
                yield function(model, index)
            finally:
                self.shelve(model, index, modify)

    def _check_open(self):
        if not self._is_open:
            raise ClosedLibraryError("the library is closed; use it inside `with library:`")

    def _index(self, index):
        size = len(self)
        if not -size <= index < size:
            raise IndexError(f"library has {size} models, none has index {index}")
        return index % size

    def _path(self, index):
        return self._files.get(index) or str(self._asn_dir / self._members[index]["expname"])

    def _scratch(self):
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="library-")
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return Path(self._folder)

    # ------------------------------------------------------------ what is in it

    @property
    def asn(self):
        """The association, read only."""
        members = tuple(MappingProxyType(member) for member in self._members)
        product = MappingProxyType({**self._asn["products"][0], "members": members})
        return MappingProxyType({**self._asn, "products": (product,)})

    @property
    def asn_dir(self):
        """Folder that the members' names start from."""
        return str(self._asn_dir)

    @property
    def on_disk(self):
        """Whether models live on disk between two uses."""
        return self._on_disk

    @property
    def exptypes(self):
        """Kind of each member."""
        return [member["exptype"] for member in self._members]

    def indices_for_exptype(self, exptype):
        """Positions of the members of a kind; case does not matter."""
        wanted = exptype.lower()
        return [n for n, kind in enumerate(self.exptypes) if kind.lower() == wanted]

    def _group_id(self, index):
        member = self._members[index]
        if "group_id" not in member:
            model = self._models.get(index)
            try:
                if model is not None:
                    member["group_id"] = self._model_to_group_id(model)
                else:
                    member["group_id"] = self._filename_to_group_id(self._path(index))
            except NoGroupID:
                member["group_id"] = f"exposure{index + 1:04d}"
        return member["group_id"]

    @property
    def group_indices(self):
        """Group -> positions of its members."""
        groups = {}
        for index in range(len(self)):
            groups.setdefault(self._group_id(index), []).append(index)
        return groups

    @property
    def group_names(self):
        """Set of all groups."""
        return set(self.group_indices)

    def read_metadata(self, index):
        """Return the metadata of a member as a flat dict, ``meta.instrument.name`` -> value."""
        model = self._models.get(self._index(index))
        if model is not None:
            return model.get_crds_parameters()
        with self._datamodels_open(self._path(index), **self._open_kwargs) as opened:
            return opened.get_crds_parameters()

    def get_crds_parameters(self):
        """Return what selects references: of the first science member, else of the first."""
        science = self.indices_for_exptype(SCIENCE)
        if not science:
            warnings.warn(
                "the library has no science member; its first member selects the references",
                JwstlikeWarning,
                stacklevel=2,
            )
        return self.read_metadata(science[0] if science else 0)

    def finalize_result(self, step, reference_files_used):
        """Let a step finalize each model."""
        with self:
            for index, model in enumerate(self):
                step.finalize_result(model, reference_files_used)
                self.shelve(model, index)

    def _save(self, folder=""):
        """Save every model under its own name; return the paths."""
        with self:
            return list(
                self.map_function(
                    lambda model, _: model.save(model.meta.filename, dir_path=str(folder)), False
                )
            )

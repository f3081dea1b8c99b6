"""Many models, few of them in memory: opened when asked for, put away when nobody holds them.

A model that was put away is pickled into a temporary file. What it did not change goes there as
a reference into its own file, so that only changes take room.
"""

import contextlib
import itertools
import pickle
import shutil
import tempfile
import weakref
from collections import OrderedDict
from collections.abc import MutableMapping
from pathlib import Path

from . import lifetime, sharing

LIMIT = 8  # models kept in memory that nobody else holds
TRIES = 2  # models looked at per access, so that an access stays cheap where all are held


class Pool:
    """Keeps the number of models in memory small.

    Parameters
    ----------
    limit : int
        Models that stay in memory though nobody else holds them.
    folder : str or Path, optional
        Where temporary files go; default: the system's folder for them.
    """

    def __init__(self, limit=LIMIT, folder=None):
        self.limit, self._parent, self._folder = limit, folder, None
        self._recent = OrderedDict()  # id of a slot -> weak reference, the latest last
        self._numbers = itertools.count()

    def __reduce__(self):
        return type(self), (self.limit, self._parent)

    def touch(self, slot):
        """Note that a slot's model is in use; put others away that are not."""
        self._recent[id(slot)] = weakref.ref(slot)
        self._recent.move_to_end(id(slot))
        for _ in range(min(TRIES, len(self._recent) - self.limit)):
            key, ref = self._recent.popitem(last=False)
            other = ref()
            if other is not None and other._model is not None and not other.put_away():
                self._recent[key] = ref  # held by somebody: looked at again later

    def new_file(self):
        """Return a new `SpillFile`."""
        if self._folder is None:
            self._folder = Folder(self._parent)
        return SpillFile(self._folder, next(self._numbers))


class Folder:
    """A temporary folder that goes when nobody needs it any more."""

    def __init__(self, parent=None):
        self.path = Path(tempfile.mkdtemp(prefix="jwstlike-", dir=parent))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class SpillFile:
    """A model in a temporary file, for as long as somebody refers to it."""

    def __init__(self, folder, number):
        self._folder = folder  # keeps it
        self._path = folder.path / f"{number}.pickle"
        weakref.finalize(self, self._path.unlink, missing_ok=True)

    def dump(self, model):
        """Write the model."""
        with self._path.open("wb") as stream:
            pickle.dump(model, stream, protocol=5)

    def load(self):
        """Read it back."""
        with self._path.open("rb") as stream:
            return pickle.load(stream)


class Slot:
    """Place of one model: in memory, put away, or not opened yet.

    Parameters
    ----------
    pool : Pool
    model : DataModel, optional
    opener : callable, optional
        Opens the model at first use; a `functools.partial` of a function of a module, so that
        it pickles.
    """

    __slots__ = ("__weakref__", "_model", "_pool", "_spilled", "opener")

    def __init__(self, pool, model=None, opener=None):
        self._pool, self._model, self.opener, self._spilled = pool, model, opener, None
        if model is not None:
            pool.touch(self)

    @property
    def is_opened(self):
        """Whether somebody may have changed the model."""
        return self._model is not None or self._spilled is not None

    def get(self):
        """Return the model; the same object for as long as somebody holds it."""
        if self._model is None:
            self._model = self.opener() if self._spilled is None else self._spilled.load()
            self._spilled = None
        self._pool.touch(self)
        return self._model

    def put_away(self):
        """Write the model to a temporary file, unless somebody holds it or a part of it."""
        model, self._model = self._model, None
        if not _holds_lent_arrays(model):
            heir = _heir(model)
            outer, inner = weakref.ref(model), weakref.ref(model._model)
            del model
            model = outer()  # alive only if somebody holds it, or one of its nodes
            if model is None:
                model = _around(inner())
            if model is None:
                self._spilled = _spill(heir, self._pool)
                self._model = None if self._spilled is not None else heir
                return self._model is None
        self._model = model
        return False

    def copy(self, pool):
        """Return an independent copy in another pool; nothing is opened for it."""
        other = Slot(pool, None if self._model is None else self._model.copy(), self.opener)
        other._spilled = self._spilled
        return other

    def __reduce__(self):
        model = self._model if self._spilled is None else self._spilled.load()
        return Slot, (self._pool, model, self.opener)


def _spill(model, pool):
    file = pool.new_file()
    with contextlib.suppress(pickle.PicklingError, AttributeError, TypeError):
        file.dump(model)
        return file
    return None  # made of a file object, or of a class that pickle cannot find: stays in memory


def _heir(model):
    """Return a new model with the content of `model`, which then has no reference to itself."""
    model.close()
    heir = type(model).__new__(type(model))
    lifetime.clone(heir, model)
    model._pending_nodes.clear()
    return heir


def _around(inner):
    """Return a model over the inner model that nodes hold, None without one."""
    if inner is None:
        return None
    model = object.__new__(type(inner))
    object.__setattr__(model, "__dict__", inner.__dict__)
    object.__setattr__(model, "_inner", inner)
    return model


def _holds_lent_arrays(model):
    """Whether an array of the model, or a view of it, is held by somebody else."""
    pending = [node._pending or {} for node in model._pending_nodes.values()]
    return any(map(sharing.is_any_lent, [*pending, model.__dict__.get("_tree", {})]))


class LazyModels(MutableMapping):
    """Models by key, few of them in memory: the store of a library."""

    def __init__(self, models=(), folder=None):
        self._pool, self._slots = Pool(folder=folder), {}
        self.update(models)

    def __getitem__(self, key):
        return self._slots[key].get()

    def __setitem__(self, key, model):
        self._slots[key] = Slot(self._pool, model)

    def __delitem__(self, key):
        del self._slots[key]

    def __iter__(self):
        return iter(self._slots)

    def __len__(self):
        return len(self._slots)

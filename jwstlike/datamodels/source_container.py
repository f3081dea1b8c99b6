"""`SourceModelContainer`: the exposures of one source as slits that share their arrays."""

import sys

from . import formats
from .container import OPEN, ModelContainer
from .lazy_models import Pool, Slot
from .models.slit import MultiExposureModel, SlitModel
from .node import forget_nodes


class SourceModelContainer(ModelContainer):
    """Slits of one source, over a `MultiExposureModel` that they share arrays and metadata with.

    Parameters
    ----------
    init : MultiExposureModel, path or SourceModelContainer, optional
        What the slits are taken from.

    Raises
    ------
    TypeError
        For anything else.
    """

    def __init__(self, init=None, **kwargs):
        super().__init__(None, **kwargs)
        self._pool = Pool(sys.maxsize)  # put away, a model would share no arrays any more
        self._nodes = {}  # slot -> node of its exposure
        self._whole = None
        if init is None:
            return
        if isinstance(init, SourceModelContainer):
            self._slots, self._whole = list(init._slots), init._whole
            self._nodes = dict(init._nodes)
            return
        if not isinstance(init, MultiExposureModel) and not hasattr(init, "_tree"):
            init = formats.function(OPEN)(init)
        if not isinstance(init, MultiExposureModel):
            raise TypeError(
                f"{type(self).__name__} is made from a MultiExposureModel, not from {init!r}"
            )
        self._take(init)

    def _take(self, whole):
        """Make a slit of each exposure of a `MultiExposureModel`."""
        whole._load_all()
        self._whole = whole
        for node in whole.exposures:
            slot = Slot(self._pool, _slit_of(node))
            self._nodes[slot] = node
            self._slots.append(slot)

    @property
    def multiexposure(self):
        """The `MultiExposureModel`, with all that was changed in the slits; None without one."""
        if self._whole is None:
            if not self._slots:
                return None
            self._whole = MultiExposureModel()
            self._whole.update(self[0])
        exposures = self._whole.exposures
        items = []
        for slot in self._slots:
            if slot in self._nodes:
                tree = self._nodes[slot]._tree
                _write_back(slot.get(), tree)
            else:
                exposures.append(slot.get())
                tree = exposures[-1]._tree
                self._nodes[slot] = exposures[-1]
            items.append(tree)
        exposures._tree[:] = items
        return self._whole

    def _part(self, slots):
        part = super()._part(slots)
        part._nodes = {slot: self._nodes[slot] for slot in slots if slot in self._nodes}
        return part

    def copy(self, memo=None):
        """Return a container over a copy of the whole."""
        whole = self.multiexposure
        return type(self)(None if whole is None else whole.copy())

    def __reduce__(self):
        return type(self), (self.multiexposure,)

    def save(self, path=None, dir_path=None, save_model_func=None, *args, **kwargs):
        """Save the whole as one file and return its path.

        Parameters
        ----------
        path : str or Path, optional
            Default: its ``meta.filename``.
        dir_path : str or Path, optional
            Folder to save in.
        save_model_func : callable, optional
            ``save_model_func(model, output_file=path)`` saves and returns the path.
        *args, **kwargs
            As for `DataModel.save`.
        """
        whole = self.multiexposure
        if whole is None:
            raise ValueError("the container is empty: there is nothing to save")
        if save_model_func is not None:
            return save_model_func(whole, output_file=path)
        return whole.save(path or whole.meta.filename, dir_path, *args, **kwargs)


def _slit_of(node):
    """Return a `SlitModel` that shares arrays and metadata with a node of an exposure."""
    model = SlitModel()
    own = model._tree["meta"]
    tree = node._tree
    shared = tree.setdefault("meta", {})
    for name in ("model_type", "date"):
        shared.setdefault(name, own[name])
    forget_nodes(model)
    model._tree.update((name, value) for name, value in tree.items() if value is not None)
    model._shared_slit = node
    return model


def _write_back(model, tree):
    """Put what a slit holds into the dict of its exposure."""
    model._commit()
    for name in tree.keys() - model._tree.keys():
        del tree[name]
    for name, value in model._tree.items():
        if name != "extra_fits":
            tree[name] = value

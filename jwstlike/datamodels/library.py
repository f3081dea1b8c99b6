"""`ModelLibrary`: the models of an association, lent one at a time.

The abstract base is part of the engine's contract. This is the one module of the data models that
imports from the engine; nothing else of the package imports it but by name.
"""

from ..stpipe.library import (
    AbstractModelLibrary,
    BorrowError,
    ClosedLibraryError,
    LibraryError,
    NoGroupID,
)
from . import associations, formats
from .lazy_models import LazyModels
from .sources import is_address, located
from .trees import put_value

__all__ = ["BorrowError", "ClosedLibraryError", "LibraryError", "ModelLibrary", "NoGroupID"]

OPEN = "jwstlike.datamodels.util:open"


class ModelLibrary(AbstractModelLibrary):
    """Models of an association; few of them stay in memory.

    See `jwstlike.stpipe.library.AbstractModelLibrary` for the parameters.

    Examples
    --------
    >>> from jwstlike.datamodels import ImageModel
    >>> library = ModelLibrary([ImageModel((2, 2)), ImageModel((3, 3))])
    >>> with library:
    ...     list(library.map_function(lambda model, index: model.shape, modify=False))
    [(2, 2), (3, 3)]
    """

    _asn_path = None  # of the association, if it is a file

    @property
    def crds_observatory(self):
        """Observatory of the references."""
        return "jwst"

    def _new_store(self):
        return LazyModels(folder=self._folder)

    def _datamodels_open(self, filename, **kwargs):
        return formats.function(OPEN)(filename, **kwargs)

    def _load_asn(self, path):
        self._asn_path = str(path)
        return associations.read(located(path, self._open_kwargs.get("storage_options")))

    def _path(self, index):
        if index in self._files or not is_address(self._asn_path):
            return super()._path(index)
        return associations.beside(self._asn_path, self._members[index]["expname"])

    @property
    def asn_dir(self):
        """Folder or address that the members' names start from."""
        return self._asn_path.rpartition("/")[0] if is_address(self._asn_path) else super().asn_dir

    def _filename_to_group_id(self, filename):
        return _named(self._datamodels_open(filename, **self._open_kwargs).get)

    def _model_to_group_id(self, model):
        return _named(model.get)

    def _assign_member_to_model(self, model, member):
        associations.assign(model, member, self._asn, self._table_name)

    def read_metadata(self, index, flatten=True):
        """Return the metadata of a member; no array is read.

        Parameters
        ----------
        index : int
        flatten : bool
            ``{"meta.instrument.name": "NIRCAM"}`` instead of nested dicts.
        """
        index = self._index(index)
        model = self._lent.get(index, self._models.get(index))
        if model is None:
            model = self._datamodels_open(self._path(index), **self._open_kwargs)
            self._assign_member_to_model(model, self._members[index])
        flat = model.to_flat_dict(include_arrays=False)
        skipped = ("meta.wcs", "extra_fits.", "cal_logs.")
        flat = {k: v for k, v in flat.items() if not k.startswith(skipped)}
        if flatten:
            return flat
        tree = {}
        for name, value in flat.items():
            put_value([int(k) if k.isdecimal() else k for k in name.split(".")], value, tree)
        return tree

    def get_crds_parameters(self):
        """Flat metadata that select references: of the first science member, else the first."""
        kinds = (str, int, float, complex, bool)
        found = super().get_crds_parameters()
        return {k: v for k, v in found.items() if k.startswith("meta.") and isinstance(v, kinds)}


def _named(get):
    found = associations.group_id(get)
    if found is None:
        raise NoGroupID("neither meta.group_id nor a whole meta.observation is there")
    return found

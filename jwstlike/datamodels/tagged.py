"""Files of the Roman telescope, as a general model that keeps their tags."""

from .model_base import DataModel

KEY = "roman"  # the one key of such a file


class TaggedModel(DataModel):
    """A tree under tags that is kept as it is: ``m.roman.meta.exposure.type``.

    What lies under ``roman`` is found and set without that name as well: ``m.meta``, ``m.data``.
    Nothing is entered into it, neither when it is opened nor when it is saved, so that it comes
    back as it was but for what was changed.
    """

    crds_observatory_name = "roman"
    open_tags = (*DataModel.open_tags, "asdf://stsci.edu/datamodels/roman/")

    def on_init(self, init):
        """Leave the tree as it is."""

    def on_save(self, path=None):
        """Leave the tree as it is."""

    @property
    def _content(self):
        content = self._tree.get(KEY)
        return content if isinstance(content, dict) else {}

    def _missing(self, name, spec):
        return self.roman._step(name) if name in self._content else super()._missing(name, spec)

    def _put(self, name, value):
        is_own = name == KEY or name in self._tree or KEY not in self._tree
        super()._put(name, value) if is_own else self.roman._put(name, value)

    def hasattr(self, name):
        """Whether `name` has a value, here or under ``roman``."""
        return super().hasattr(name) or self._content.get(name) is not None

    @property
    def shape(self):
        """Shape of ``roman.data``, or None."""
        data = self._content.get("data")
        return tuple(data.shape) if hasattr(data, "shape") else None

    def get_crds_parameters(self):
        """Flat dict of all metadata that may select a reference file."""
        kinds = (str, int, float, complex, bool)
        flat = self.to_flat_dict(include_arrays=False)
        wanted = f"{KEY}.meta."
        return {k: v for k, v in flat.items() if k.startswith(wanted) and isinstance(v, kinds)}

"""What the references share whose parts the constructor takes by name."""

import os
from pathlib import Path
from typing import ClassVar

from .. import validate
from .reference import ReferenceFileModel

INSTRUMENTS = ("NIRCAM", "NIRSPEC", "MIRI", "TFI", "FGS", "NIRISS")


class KeywordReferenceModel(ReferenceFileModel):
    """A reference whose parts can be given to the constructor by name.

    Parameters
    ----------
    init : None, str, Path, AsdfFile, DataModel
        As for `DataModel`.
    *values
        Those of the names in `keywords`, in this order.
    **kwargs
        The same by name; everything else as for `DataModel`.

    Raises
    ------
    TypeError
        For more values than names.
    """

    reftype = None
    keywords = ("model", "input_units", "output_units")
    renamed: ClassVar = {}  # keyword -> name in the model, where they differ
    new_meta: ClassVar = {}  # dotted path -> value that a new model has
    wanted_meta: ClassVar = {}  # dotted path -> values that make sense
    wanted_parts = ()  # names that a complete reference has

    def __init__(self, init=None, *values, **kwargs):
        if len(values) > len(self.keywords):
            raise TypeError(f"{type(self).__name__} takes init and {', '.join(self.keywords)}")
        given = dict(zip(self.keywords, values, strict=False))
        given |= {name: kwargs.pop(name) for name in self.keywords if name in kwargs}
        super().__init__(init, **kwargs)
        for name, value in given.items():
            if value is not None:
                self._set_part(self.renamed.get(name, name), value)

    def _set_part(self, name, value):
        owner = self.meta if name in self._spec.children["meta"].children else self
        setattr(owner, name, value)

    def on_init(self, init):
        """Set the type and what else is certain in a new model."""
        super().on_init(init)
        if init is None:
            self.populate_meta()

    def populate_meta(self):
        """Set the type of the reference and what else all files of this class say."""
        if self.reftype is not None:
            self.meta.reftype = type(self).reftype
        for path, value in self.new_meta.items():
            *above, name = path.split(".")
            node = self
            for key in above:
                node = getattr(node, key)
            node._store(name, value)  # some schemas do not know all of these names

    def on_save(self, path=None):
        """Set the type of the reference."""
        if self.reftype is not None and not self._guessed:
            self.meta.reftype = type(self).reftype
        super().on_save(path)

    def _advice(self):
        yield from super()._advice()
        for path, allowed in self._wanted_meta().items():
            value = self.get(path)
            if value not in allowed:
                yield warning(path, value, f"should be one of {', '.join(map(str, allowed))}")
        for name in self.wanted_parts:
            if not is_there(self, name):
                yield warning(name, None, f"is missing, a {self.reftype} reference needs it")

    def _wanted_meta(self):
        return self.wanted_meta


def is_there(node, path):
    """Whether there is a value at a dotted path; a transform is not decoded to find out."""
    *above, name = path.split(".")
    for key in above:
        node = getattr(node, key)
    return node.hasattr(name)


def warning(path, value, phrase):
    """Make a finding that strict validation alone takes for an error."""
    return validate.Finding(path, value, phrase, severity="warning")


class TransformModel(KeywordReferenceModel):
    """A reference with transforms, which only ASDF can hold."""

    wanted_parts = ("model",)
    wanted_meta: ClassVar = {"meta.instrument.name": INSTRUMENTS}

    def on_save(self, path=None):
        """Refuse FITS."""
        if isinstance(path, (str, os.PathLike)) and ".fits" in Path(path).suffixes:
            self.to_fits(path)
        super().on_save(path)

    def to_fits(self, init=None, *args, **kwargs):
        """Refuse.

        Raises
        ------
        NotImplementedError
        """
        place = f"{init}: " if isinstance(init, (str, os.PathLike)) else ""
        raise NotImplementedError(
            f"{place}FITS cannot hold the content of {type(self).__name__}; save it as .asdf"
        )

"""Behaviour that several model classes share: default DQ and error arrays, translated flags."""

import contextlib

import numpy as np

from . import dqflags, formats, validate
from .casting import is_lazy
from .model_base import DataModel
from .sharing import SharedArray

TRANSLATE = "jwstlike.datamodels.dynamicdq:translate"  # imported with the first flags


class DefaultDQMixin(DataModel):
    """A ``dq`` array beside the primary array; flags translated by ``dq_def``.

    The stored bits stay what they are: the translation is a view, undone at save, and an
    untouched array is saved byte for byte, with bits that the table does not name.
    """

    def on_init(self, init):
        """Translate flags that were given, make ``dq`` for a new primary array."""
        super().on_init(init)
        dq = self._tree.get("dq")
        if self._reader is None and isinstance(dq, np.ndarray) and not isinstance(init, DataModel):
            self._tree["dq"] = self._translated(dq)
        make_beside_primary(self, "dq")

    def _realise(self, node, name, spec, value):
        result = super()._realise(node, name, spec, value)
        if isinstance(value, SharedArray):  # it was translated before it was shared
            return result
        if node._parent is None and name == "dq" and isinstance(result, np.ndarray):
            result = self._translated(result)
            self._tree[name] = result
        return result

    def _translated(self, dq, inv=False):
        if "dq_def" not in self._spec.children:
            return dq
        return formats.function(TRANSLATE)(dq, self.dq_def, dqflags.pixel, inv)

    def _stored_form(self, spec, value, ref):
        """Give back the stored flags: the source's if nothing changed, else translated."""
        if spec.path != ("dq",) or not isinstance(value, np.ndarray):
            return super()._stored_form(spec, value, ref)
        if ref is not None and validate.equal(value, self._translated(_as_dq(ref, value))):
            return ref
        return self._translated(value, inv=True)


def _as_dq(ref, value):
    return ref.read(value.dtype)


class DefaultErrMixin(DataModel):
    """An ``err`` array beside the primary array."""

    def on_init(self, init):
        """Make ``err`` for a new primary array."""
        super().on_init(init)
        make_beside_primary(self, "err")


def make_beside_primary(model, *names):
    """Give a model in memory, if it has its primary array, the default arrays that it lacks.

    One that is read from a file makes them when they are asked for.
    """
    primary = model._tree.get(model.get_primary_array_name())
    is_unread = is_lazy(primary) and type(primary) is not SharedArray
    if model._reader is None and primary is not None and not is_unread:
        for name in names:
            if not model.hasattr(name) and (made := model.get_default(name)) is not None:
                with contextlib.suppress(ValueError):  # where the primary array is an odd one
                    setattr(model, name, made)

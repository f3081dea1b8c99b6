"""Behaviour that several model classes share: default DQ and error arrays, translated flags."""

import numpy as np

from . import dqflags, dynamicdq, validate
from .sharing import SharedArray


class DefaultDQMixin:
    """A ``dq`` array beside the primary array; flags translated by ``dq_def``.

    The stored bits stay what they are: the translation is a view, undone at save, and an
    untouched array is saved byte for byte, with bits that the table does not name.
    """

    def on_init(self, init):
        """Make ``dq`` for a new primary array."""
        super().on_init(init)
        if isinstance(init, (tuple, np.ndarray)):
            make_default(self, "dq")

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
        return dynamicdq.translate(dq, self.dq_def, dqflags.pixel, inv)

    def _stored_form(self, spec, value, ref):
        """Give back the stored flags: the source's if nothing changed, else translated."""
        if spec.path != ("dq",) or not isinstance(value, np.ndarray):
            return super()._stored_form(spec, value, ref)
        if ref is not None and validate.equal(value, self._translated(_as_dq(ref, value))):
            return ref
        return self._translated(value, inv=True)


def _as_dq(ref, value):
    return ref.read(value.dtype)


class DefaultErrMixin:
    """An ``err`` array beside the primary array."""

    def on_init(self, init):
        """Make ``err`` for a new primary array."""
        super().on_init(init)
        if isinstance(init, (tuple, np.ndarray)):
            make_default(self, "err")


def make_default(model, name):
    """Give a model the default array `name`, unless it has one."""
    if not model.hasattr(name):
        setattr(model, name, model.get_default(name))

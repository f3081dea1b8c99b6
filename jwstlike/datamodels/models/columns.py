"""Tables of older files, which lack columns that were added later."""

from typing import ClassVar

import numpy as np

from .. import validate
from ..casting import fitted_table
from ..table_array import as_table


class AddedColumns:
    """Give tables of older files the columns that came later, filled with what means "unknown".

    A table that was not changed otherwise is saved as it was.
    """

    added_columns: ClassVar = {}  # path of a table in the schema -> {column: fill}

    def _added_columns(self, spec):
        return self.added_columns.get(spec.path, {})

    def _realise(self, node, name, spec, value):
        result = super()._realise(node, name, spec, value)
        added = None if spec is None else self._added_columns(spec)
        if added and isinstance(result, np.ndarray):
            completed = with_columns(result, added, spec)
            if completed is not result:
                node._tree[name] = result = completed
        return result

    def _stored_form(self, spec, value, ref):
        added = self._added_columns(spec)
        if added and ref is not None and isinstance(value, np.ndarray):
            stored = ref.read()
            if set(added) - lower_names(stored) and validate.equal(
                value, with_columns(stored, added, spec)
            ):
                return ref
        return super()._stored_form(spec, value, ref)


def lower_names(table):
    """Names of the columns in small letters, a set."""
    return {name.lower() for name in table.dtype.names or ()}


def with_columns(table, added, spec):
    """Return a table with columns added that it lacks, itself if it has all.

    Parameters
    ----------
    table : structured ndarray
    added : dict of str to scalar
        Name -> fill value.
    spec : Spec
        Of the table; its dtype gives the type of a column, the one before it the shape of a cell.
    """
    missing = {name: fill for name, fill in added.items() if name not in lower_names(table)}
    if table.dtype.fields is None or not missing:
        return table
    table = as_table(table)
    shapes = [table.dtype[n].shape for n in reversed(table.names)]
    shape = table.shape + next(filter(None, shapes), ())
    columns = {n: np.full(shape, fill, spec.dtype[n].base) for n, fill in missing.items()}
    known = ((n, n, None) for n in table.names)
    complete = table.rearranged([*known, *((n, c, None) for n, c in columns.items())])
    return fitted_table(complete, spec.dtype)

"""Tables with ragged columns in ASDF files, where an array cannot hold them.

In an ASDF file such a table is a dict ``{columns, units}``: a plain column is an array, a ragged
one ``{values, lengths}``, all cells one behind the other, with ``shapes`` if they have more than
one axis.
"""

import numpy as np

from ..errors import FileFormatError
from .casting import is_lazy
from .lazy_array import LazyArray
from .table_array import TableArray, ready

RAGGED = ("values", "lengths")
TABLE = {"columns", "units"}


def without_objects(value):
    """Copy a tree with such tables as columns; they are read, the tree stays as it is."""
    if type(value) is dict:
        return {key: without_objects(child) for key, child in value.items()}
    if type(value) is list:
        return [without_objects(child) for child in value]
    try:
        names = getattr(getattr(value, "dtype", None), "names", None)
        if not names or all(value.dtype[name].base.kind != "O" for name in names):
            return value
        table = value.read() if is_lazy(value) else value
    except FileFormatError:  # left out, and told, where the arrays are written
        return value
    columns = {name: _column(table[name]) for name in table.dtype.names}
    return {"columns": columns, "units": dict(getattr(table, "units", None) or {})}


def _column(column):
    if column.dtype.kind != "O":
        return column if np.ma.isMaskedArray(column) else np.ascontiguousarray(column)
    cells = [_letters(cell) if isinstance(cell, str) else np.asarray(cell) for cell in column]
    lengths = np.array([cell.size for cell in cells], "i8")
    filled = [cell.ravel() for cell in cells if cell.size] or cells[:1] or [np.zeros(0)]
    made = {"values": np.concatenate(filled), "lengths": lengths}
    if any(cell.ndim != 1 for cell in cells):
        made["shapes"] = [list(cell.shape) for cell in cells]
    return made


def _letters(text):
    return np.frombuffer(text.encode("latin-1", "replace"), "S1")


def restore(tree):
    """Put unread tables in the place of columns, in a tree that was read."""
    for key, value in tree.items() if type(tree) is dict else enumerate(tree):
        if type(value) not in (dict, list):
            continue
        if type(value) is dict and value.keys() == TABLE and _is_table(**value):
            tree[key] = RaggedTable(value["columns"], value["units"])
        else:
            restore(value)


def _is_table(columns, units):
    if not (isinstance(columns, dict) and isinstance(units, dict)):
        return False
    known = all(map(_is_known, columns.values()))
    return known and any(isinstance(column, dict) for column in columns.values())


def _is_known(column):
    if isinstance(column, dict):
        parts = [column.get(name) for name in RAGGED]
        return column.keys() <= {*RAGGED, "shapes"} and all(map(_is_known, parts))
    return hasattr(column, "dtype") and bool(column.shape)


class RaggedTable(LazyArray):
    """A table with cells of variable length that was not read yet.

    Parameters
    ----------
    columns : dict
        Name -> array, or ``{"values": array, "lengths": array}``.
    units : dict of str to str
    """

    __slots__ = ("columns", "dtype", "shape", "units")

    def __init__(self, columns, units):
        self.columns, self.units = columns, units
        first = next(iter(columns.values()))
        self.shape = (first["lengths"] if isinstance(first, dict) else first).shape[:1]
        self.dtype = np.dtype(
            [
                (name, object) if isinstance(c, dict) else (name, c.dtype, c.shape[1:])
                for name, c in columns.items()
            ]
        )

    @property
    def nbytes(self):
        """Bytes of the columns."""
        ragged = [c for c in self.columns.values() if isinstance(c, dict)]
        plain = [c for c in self.columns.values() if not isinstance(c, dict)]
        return sum(a.nbytes for a in plain + [c[name] for c in ragged for name in RAGGED])

    def read(self, dtype=None):
        """Read the table.

        Raises
        ------
        FileFormatError
            For columns that do not fit together.
        """
        try:
            columns = {
                name: _cells(c) if isinstance(c, dict) else ready(c.read() if is_lazy(c) else c)
                for name, c in self.columns.items()
            }
            if any(len(column) != self.shape[0] for column in columns.values()):
                raise ValueError("their lengths differ")  # noqa: TRY301 - told with the others
        except (ValueError, TypeError) as error:
            raise FileFormatError(
                "extra_fits", f"columns of a table do not fit together ({error})",
                "the file is damaged",
            ) from error  # fmt: skip
        return TableArray(self.shape, columns, self.units)


def _cells(column):
    values, lengths = np.asarray(column["values"]), np.asarray(column["lengths"])
    if lengths.min(initial=0) < 0 or lengths.sum() != len(values):
        raise ValueError(f"{len(values)} values for cells of {int(lengths.sum())}")
    cells = np.empty(len(lengths), object)
    shapes = column.get("shapes") or [(-1,)] * len(lengths)
    pieces = np.split(values, np.cumsum(lengths[:-1])) if len(lengths) else []
    for row, (cell, shape) in enumerate(zip(pieces, shapes, strict=True)):
        cells[row] = cell.reshape(shape)
    return cells

"""Tables in ASDF files that are more than an array: with ragged or masked columns.

In ``extra_fits.<HDU>`` of an ASDF file such a table is a dict ``columns`` instead of an array
``data``: a plain column is an array, a ragged one ``{values, lengths}``, all cells one behind the
other, with ``shapes`` if they have more than one axis. ``units`` are those of the columns.
"""

import numpy as np

from ..errors import FileFormatError
from .casting import is_lazy
from .lazy_array import LazyArray
from .table_array import TableArray, ready

RAGGED = ("values", "lengths")


def without_objects(extra):
    """Return `extra_fits` with such tables as columns; they are read, `extra` stays as it is."""
    return {key: _split(content) for key, content in extra.items()}


def _split(content):
    data = content.get("data") if isinstance(content, dict) else None
    try:
        if data is None or not (data.dtype.names and _is_special(data)):
            return content
        table = data.read() if is_lazy(data) else data
    except FileFormatError:  # left out, and told, where the arrays are written
        return content
    rest = {name: value for name, value in content.items() if name != "data"}
    if getattr(table, "units", None):
        rest["units"] = dict(table.units)
    return rest | {"columns": {name: _column(table[name]) for name in table.dtype.names}}


def _is_special(table):
    """Whether a table may have columns that are more than an array of ASDF; it is not read."""
    kinds = {table.dtype[name].base.kind for name in table.dtype.names}
    stored = getattr(table, "columns", None)
    stored = stored.values() if isinstance(stored, dict) else ()
    return bool(kinds & {"O", "b"}) or any(column.null is not None for column in stored) or (
        not is_lazy(table) and any(np.ma.isMaskedArray(table[n]) for n in table.dtype.names)
    )  # fmt: skip


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


def restore(extra):
    """Put unread tables in the place of columns, in an `extra_fits` that was read."""
    for content in extra.values() if isinstance(extra, dict) else ():
        columns = content.get("columns") if isinstance(content, dict) else None
        if (
            isinstance(columns, dict)
            and "data" not in content
            and all(map(_is_known, columns.values()))
        ):
            units = content.pop("units", None)
            known = units if isinstance(units, dict) else {}
            content["data"] = RaggedTable(content.pop("columns"), known)


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

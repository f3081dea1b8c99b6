"""Rows and columns of a table, as users handle them."""

import math
import sys

import numpy as np

# numpy kind and width -> letter of TFORM
LETTERS = {
    "b1": "L", "u1": "B", "i1": "B", "i2": "I", "u2": "I", "i4": "J", "u4": "J", "i8": "K",
    "u8": "K", "f2": "E", "f4": "E", "f8": "D", "c8": "C", "c16": "M", "f16": "D", "c32": "M",
}  # fmt: skip


def tform(base, shape):
    """Return TFORM for cells of a numpy dtype and a shape, None if FITS has no such columns."""
    if base.kind == "S":
        return f"{max(1, base.itemsize) * math.prod(shape)}A"
    letter = LETTERS.get(f"{base.kind}{base.itemsize}")
    return f"{math.prod(shape)}{letter}" if letter and shape else letter


class Row:
    """One row of a table; what is set here is set there.

    Cells are found by name, in any spelling, by position and as attributes.
    """

    __slots__ = ("_at",)

    def __init__(self, table, index):
        object.__setattr__(self, "_at", (table, index))

    def __getitem__(self, key):
        table, index = self._at
        if isinstance(key, str):
            column = table._columns.get(key)
            return (column if isinstance(column, np.ndarray) else table[key])[index]
        return tuple(self)[key] if isinstance(key, slice) else table[table.names[key]][index]

    def __setitem__(self, key, value):
        table, index = self._at
        table._set_cells(
            table._known(key if isinstance(key, str) else table.names[key]), index, value
        )

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as problem:
            raise AttributeError(problem.args[0]) from None

    def __setattr__(self, name, value):
        try:
            self[name] = value
        except KeyError as problem:
            raise AttributeError(problem.args[0]) from None

    field = __getitem__
    setfield = __setitem__

    @property
    def dtype(self):
        """Structured dtype of the table."""
        return self._at[0].dtype

    @property
    def names(self):
        """Names of the columns, a list."""
        return self._at[0].names

    @property
    def shape(self):
        """No axes."""
        return ()

    def __len__(self):
        return len(self.names)

    def __iter__(self):
        return (self[name] for name in self.names)

    def __array__(self, dtype=None, copy=None):
        table, index = self._at
        row = table._structured()[index]
        made = np.array(row) if copy else np.asarray(row)
        return made if dtype is None else made.astype(dtype)

    def __eq__(self, other):
        other = other.tolist() if isinstance(other, np.void) else other
        if not isinstance(other, (tuple, list, Row)) or len(other) != len(self):
            return NotImplemented
        return all(np.array_equal(_text(a), _text(b)) for a, b in zip(self, other, strict=True))

    __hash__ = None

    def tolist(self):
        """Return the cells as a tuple of plain values."""
        return tuple(v.tolist() if hasattr(v, "tolist") else v for v in self)

    item = tolist

    def __repr__(self):
        return repr(tuple(self))

    def __reduce__(self):
        return Row, self._at


def _text(cell):
    return cell.decode("latin-1").rstrip() if isinstance(cell, bytes) else cell


class Columns:
    """The columns of a table."""

    def __init__(self, table):
        self._table = table

    @property
    def names(self):
        """Names, a list."""
        return self._table.names

    @property
    def units(self):
        """Units, a list; "" where there is none."""
        return [column.unit or "" for column in self]

    @property
    def formats(self):
        """Values of TFORM, a list."""
        return [column.format for column in self]

    @property
    def dtype(self):
        """Structured dtype of the table."""
        return self._table.dtype

    def __len__(self):
        return len(self.names)

    def __iter__(self):
        return (Column(self._table, name) for name in self.names)

    def __getitem__(self, key):
        if isinstance(key, (int, np.integer)):
            return Column(self._table, self.names[key])
        return Column(self._table, self._table._known(key))

    def __add__(self, others):
        """Columns for a new table of FITS: an astropy `ColDefs`."""
        import astropy.io.fits as afits

        return afits.ColDefs(self) + afits.ColDefs(others)

    def __radd__(self, others):
        import astropy.io.fits as afits

        return afits.ColDefs(others) + afits.ColDefs(self)

    def __repr__(self):
        return "\n".join(map(repr, self))


def _astropy_column():
    """Return astropy's `Column` of FITS tables, None while nobody uses it."""
    return getattr(sys.modules.get("astropy.io.fits.column"), "Column", None)


class Column:
    """One column: ``name``, ``unit`` (which can be set) and ``array``.

    To other code it is a `Column` of `astropy.io.fits`: `isinstance` says so, and what makes new
    tables of columns takes a `copy`, which is one.
    """

    def __init__(self, table, name):
        self._table, self.name = table, name

    @property
    def __class__(self):
        return _astropy_column() or Column

    def __reduce__(self):
        return Column, (self._table, self.name)

    def copy(self):
        """Return an independent astropy `Column`, with the values of this one."""
        import astropy.io.fits as afits

        made = afits.ColDefs(np.array(self._table[[self.name]]))[0]
        made.unit = self.unit
        return made

    @property
    def unit(self):
        """Unit as text, or None."""
        return (self._table.units or {}).get(self.name.upper())

    @unit.setter
    def unit(self, unit):
        units = dict(self._table.units or {})
        units.pop(self.name.upper(), None)
        if unit:
            units[self.name.upper()] = str(unit)
        self._table.units = units

    @property
    def dtype(self):
        """Numpy dtype, with the shape of a cell; texts are fixed-length bytes."""
        return self._table.dtype[self.name]

    @property
    def format(self):
        """Value of TFORM; None where FITS has no such columns."""
        text, astropy_column = tform(self.dtype.base, self.dtype.shape), _astropy_column()
        if text is None or astropy_column is None:
            return text
        return type(astropy_column("any", text).format)(text)  # a str that astropy asks more of

    @property
    def array(self):
        """The values."""
        return self._table[self.name]

    def __repr__(self):
        unit = f" [{self.unit}]" if self.unit else ""
        return f"{self.name}{unit}: {self.dtype}"

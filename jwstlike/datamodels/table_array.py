"""Tables in memory: structured arrays that know the units of their columns.

Code written for astropy's ``FITS_rec`` finds ``names``, ``columns``, ``field`` and columns in any
spelling.
"""

import numpy as np


class TableArray(np.ndarray):
    """A structured array; slices are such tables, columns are plain arrays.

    Attributes
    ----------
    units : dict of str to str, or None
        Name of a column in capitals -> unit, where there is one; None: nothing is known.
    """

    def __array_finalize__(self, parent):
        units = getattr(parent, "units", None)
        self.units = None if units is None else dict(units)

    def __reduce__(self):
        make, how, state = super().__reduce__()
        return make, how, (state, self.units)

    def __setstate__(self, state):
        plain, self.units = state
        super().__setstate__(plain)

    def __getitem__(self, key):
        if type(key) is str and key not in (self.dtype.names or ()):
            key = self._spelled(key)
        result = super().__getitem__(key)
        if type(result) is TableArray and result.dtype.names is None:
            return result.view(np.ndarray)
        return result

    def __setitem__(self, key, value):
        if type(key) is str and key not in (self.dtype.names or ()):
            key = self._spelled(key)
        super().__setitem__(key, value)

    def __getattr__(self, name):
        if not name.startswith("_") and self.dtype.names is not None:
            found = self._spelled(name)
            if found in self.dtype.names:
                return self[found]
        raise AttributeError(f"the table has no column {name!r}")

    def _spelled(self, name):
        """Return a name as this table spells it; as it is if there is no such column."""
        known = (own for own in self.dtype.names or () if own.upper() == name.upper())
        return next(known, name)

    @property
    def names(self):
        """Names of the columns, a list."""
        return list(self.dtype.names or ())

    @property
    def columns(self):
        """The columns with their units: by position or name, or all in a loop."""
        return Columns(self)

    def field(self, key):
        """Return a column by its name or position."""
        return self[self.names[key] if isinstance(key, (int, np.integer)) else key]


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
        """Units, a list; None where there is none."""
        return [column.unit for column in self]

    def __len__(self):
        return len(self.names)

    def __iter__(self):
        return (Column(self._table, name) for name in self.names)

    def __getitem__(self, key):
        name = self.names[key] if isinstance(key, (int, np.integer)) else self._table._spelled(key)
        if name not in self.names:
            raise KeyError(f"the table has no column {key!r}, it has {', '.join(self.names)}")
        return Column(self._table, name)

    def __repr__(self):
        return "\n".join(map(repr, self))


class Column:
    """One column: ``name``, ``unit`` (which can be set) and ``array``."""

    def __init__(self, table, name):
        self._table, self.name = table, name

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
    def array(self):
        """The values."""
        return self._table[self.name]

    def __repr__(self):
        unit = f" [{self.unit}]" if self.unit else ""
        return f"{self.name}{unit}: {self.array.dtype} {self.array.shape}"


def as_table(array, units=None):
    """Return a structured array as a `TableArray` over the same memory.

    Parameters
    ----------
    array : structured ndarray or FITS_rec
        The values of a ``FITS_rec``, which may be scaled, are copied.
    units : dict of str to str, optional
        Default: those of the array.
    """
    if hasattr(array, "_coldefs"):
        units = {c.name: c.unit for c in array.columns if c.unit} if units is None else units
        columns = {name: np.asarray(array[name]) for name in array.dtype.names}
        dtype = [
            (n, c.dtype.newbyteorder("="), array.dtype[n].shape or c.shape[1:])
            for n, c in columns.items()
        ]
        plain = np.empty(array.shape, dtype)
        for name, column in columns.items():
            plain[name] = column
        array = plain
    table = array if type(array) is TableArray else array.view(TableArray)
    if units is not None:
        table.units = {name.upper(): str(unit) for name, unit in units.items()}
    return table

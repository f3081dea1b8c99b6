"""Tables in memory: columns that are made when they are asked for, and know their units.

Code written for structured arrays or for astropy's ``FITS_rec`` finds rows, ``dtype``, ``names``,
``columns``, ``field`` and columns in any spelling. Texts are `str`, undefined cells masked.
"""

import threading
from typing import NamedTuple

import numpy as np

from ..errors import did_you_mean
from .lazy_array import native
from .sharing import is_any_lent
from .table_parts import Columns, Row
from .texts import (
    Texts,
    are_ascii,
    as_letters,
    as_texts,
    decoded,
    encoded,
    letters_of,
    trimmed,
)

MOST_READS = 4  # columns that are read alone; with the next one all others are
LOADING = threading.RLock()  # threads that ask for a column get the same one


class Waiting(NamedTuple):
    """A column that was not read yet.

    Attributes
    ----------
    name : str
        In the source of the table.
    dtype : numpy dtype
        With the shape of a cell.
    """

    name: str
    dtype: np.dtype


class TableArray:
    """A table, column by column.

    To other code it is an ndarray: `isinstance` says so, and numpy gets a structured array. Where
    all columns are numbers and nobody holds one of them, that array is the table's own memory;
    else it is a copy that cannot be written to, so that no change is lost.

    Parameters
    ----------
    shape : tuple of int
        Of the table: (rows,).
    columns : dict of str to ndarray or Waiting
        Axes of the table first, then those of a cell.
    units : dict of str to str, optional
        Name of a column in capitals -> unit; None: nothing is known.
    source : TableRef, optional
        Of the columns that wait.

    Attributes
    ----------
    units
    """

    def __init__(self, shape, columns, units=None, source=None):
        self.__dict__.update(
            units=None if units is None else {n.upper(): str(u) for n, u in units.items()},
            _shape=tuple(shape), _columns=columns, _source=source,
            _dtype=None, _rows=None, _reads=0, _is_part=False,
        )  # fmt: skip

    @property
    def __class__(self):
        return np.ndarray

    # ------------------------------------------------------------ columns

    def __getitem__(self, key):
        if type(key) is str:
            column = self._columns.get(key)
            is_here = column is not None and type(column) is not Waiting
            return column if is_here else self._column(self._known(key))
        if type(key) is int and len(self._shape) == 1:
            count = self._shape[0]
            if not -count <= key < count:
                raise IndexError(f"there is no row {key} in a table of {count} rows")
            return Row(self, key % count)
        if isinstance(key, str):
            return self._column(self._known(str(key)))
        if isinstance(key, list) and key and all(isinstance(n, str) for n in key):
            return self._made({n: self._column(n) for n in map(self._known, key)}, True)
        return self._part(key)

    def _part(self, key):
        if isinstance(key, np.ma.MaskedArray):
            key = key.filled(False)
        probe = np.broadcast_to(np.False_, self._shape)[key]
        if not np.ndim(probe):
            return Row(self, key)
        is_view = not probe.flags.writeable  # what broadcasting gives is not, a copy of it is
        columns = {name: column[key] for name, column in self.load().items()}
        part = self._made(columns, is_view, probe.shape)
        if is_view and self._rows is not None:
            part._rows = self._rows[key]
        return part

    def _made(self, columns, is_part, shape=None):
        """Make a table of some columns of this one; `is_part`: over the same memory."""
        made = TableArray(self._shape if shape is None else shape, columns, self.units)
        made._is_part = is_part
        return made

    def _column(self, name):
        column = self._columns[name]
        if type(column) is Waiting:
            with LOADING:
                self._reads += 1
                self._load([name] if self._reads <= MOST_READS else self._columns)
            column = self._columns[name]
        return column

    def _load(self, names):
        waiting = {n: c for n in names if type(c := self._columns[n]) is Waiting}
        if not waiting:
            return
        read = self._source.read_columns([column.name for column in waiting.values()])
        for name, column in waiting.items():
            self._columns[name] = fitted(read.pop(column.name), column.dtype, self.ndim)
        if not any(type(c) is Waiting for c in self._columns.values()):
            self._source = None

    def load(self, names=None):
        """Read what was not read yet, of all columns or some; return all, a dict."""
        if self._source is not None:
            with LOADING:
                self._load(self._columns if names is None else names)
        return self._columns

    def _spelled(self, name):
        """Return a name as this table spells it; as it is if there is no such column."""
        if name in self._columns:
            return name
        return next((own for own in self._columns if own.upper() == name.upper()), name)

    def _known(self, name):
        name = self._spelled(name)
        if name not in self._columns:
            hint = did_you_mean(name, self._columns) or f"; it has {', '.join(self._columns)}"
            raise KeyError(f"the table has no column {name!r}{hint}")
        return name

    # ------------------------------------------------------------ changing

    def __setitem__(self, key, value):
        if isinstance(key, str):
            self._set_column(self._known(key), value)
            return
        for name, part in _split(value, list(self.load())):
            self._set_cells(name, key, part)

    def _set_cells(self, name, key, value):
        """Put a value into some cells of a column, which become undefined if it is masked."""
        column = self._column(name)
        if np.ma.is_masked(value) and type(column) is np.ndarray:
            column = self._replace(name, np.ma.array(column, copy=False))
        column[key] = value

    def _set_column(self, name, value):
        column = self._column(name)
        if isinstance(column, Texts):
            value = trimmed(as_letters(value))
            width = np.strings.str_len(value).max(initial=0)
            if width > letters_of(column):
                self._replace(name, column.astype(f"U{width}"))[...] = value
                return
        self._set_cells(name, ..., value)

    def _replace(self, name, column):
        """Put another array in the place of a column."""
        if self._is_part:
            raise ValueError(
                f"column {name!r} of a part of a table takes no undefined cells and no longer "
                "texts; assign to the whole column"
            )
        self._columns[name] = column
        self.__dict__.update(_dtype=None, _rows=None)
        return column

    def __setattr__(self, name, value):
        if name == "units" or name.startswith("_"):
            self.__dict__[name] = value
        else:
            self[name] = value

    def sort(self, axis=-1, kind=None, order=None):
        """Sort the rows in place, by some columns or all; see `numpy.ndarray.sort`."""
        places = np.argsort(self._structured(), axis, kind, order=order)
        for column in self.load().values():
            column[...] = column[places]

    # ------------------------------------------------------------ as a structured array

    @property
    def dtype(self):
        """Structured dtype; texts are fixed-length bytes, as in a file."""
        if self._dtype is None:
            ndim = len(self._shape)
            self._dtype = np.dtype([(n, *_type(c, ndim)) for n, c in self._columns.items()])
        return self._dtype

    def __array__(self, dtype=None, copy=None):
        rows = self._structured(copy)
        return rows if dtype is None else rows.astype(dtype, copy=False)

    def _structured(self, copy=None):
        if self._rows is not None and not copy:
            return self._rows
        if copy is False:
            raise ValueError("a table of columns cannot be given as rows without copying")
        rows = np.empty(self._shape, self.dtype)
        for name in self.load():
            rows[name] = _plain(self._columns[name])
        if copy:
            return rows
        if self.is_numbers and not self._is_part and not is_any_lent(self._columns):
            self._columns.update({name: rows[name] for name in self._columns})
            self._rows = rows
        else:
            rows.flags.writeable = False
        return rows

    def exact_rows(self):
        """Return the rows as a structured array; texts that are not ASCII stay `str`."""
        exact = {n for n, c in self.load().items() if c.dtype.kind == "U" and not are_ascii(c)}
        rows = np.empty(self._shape, [
            (n, c.dtype if n in exact else _type(c, self.ndim)[0], c.shape[self.ndim :])
            for n, c in self._columns.items()
        ])  # fmt: skip
        for name, column in self._columns.items():
            rows[name] = column if name in exact else _plain(column)
        return rows

    @property
    def is_numbers(self):
        """Whether there are neither texts nor undefined cells, nor columns to be read."""
        return all(type(column) is np.ndarray for column in self._columns.values())

    base = None  # its memory is that of its columns
    shape = property(lambda self: self._shape, doc="Axes of the table.")
    ndim = property(lambda self: len(self._shape), doc="Number of axes of the table.")
    size = property(lambda self: int(np.prod(self._shape)), doc="Number of rows.")
    itemsize = property(lambda self: self.dtype.itemsize, doc="Bytes of a row.")
    nbytes = property(lambda self: self.size * self.dtype.itemsize, doc="Bytes of all rows.")

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if hasattr(np.ndarray, name):
            return getattr(self._structured(), name)
        found = self._spelled(name)
        if found not in self._columns:
            raise AttributeError(
                f"the table has no column {name!r}" + did_you_mean(name, self._columns)
            )
        return self._column(found)

    def __dir__(self):
        return sorted({*object.__dir__(self), *dir(np.ndarray), *self._columns})

    def __len__(self):
        if not self._shape:
            raise TypeError("len() of a table without axes")
        return self._shape[0]

    def __iter__(self):
        if len(self._shape) != 1:
            return (self[n] for n in range(len(self)))
        return (Row(self, n) for n in range(self._shape[0]))

    def __contains__(self, row):
        return row in self._structured()

    def __bool__(self):
        return bool(self._structured())

    def __eq__(self, other):
        return self._structured() == _as_rows(other)

    def __ne__(self, other):
        return self._structured() != _as_rows(other)

    __hash__ = None

    def tolist(self):
        """Rows as tuples of plain values."""
        if len(self._shape) != 1:
            return self._structured().tolist()
        return list(zip(*(c.tolist() for c in self.load().values()), strict=True))

    def copy(self, order="C"):
        """Return an independent table; what was not read yet stays unread."""
        columns = {n: c if type(c) is Waiting else c.copy() for n, c in self._columns.items()}
        return TableArray(self._shape, columns, self.units, self._source)

    __copy__ = copy

    def __deepcopy__(self, memo):
        return self.copy()

    def __reduce__(self):
        return TableArray, (self._shape, self._columns, self.units, self._source)

    def __repr__(self):
        letters = [(n, np.asarray(c).dtype, c.shape[self.ndim :]) for n, c in self.load().items()]
        rows = np.empty(self._shape, letters)
        for name, column in self._columns.items():
            rows[name] = column
        return "TableArray" + repr(rows).removeprefix("array")

    def __str__(self):
        return repr(self)

    def __astropy_table__(self, cls, copy, **kwargs):
        table = cls(list(self.load().values()), names=self.names, copy=copy, **kwargs)
        for column in self.columns:
            table[column.name].unit = column.unit
        return table

    # ------------------------------------------------------------ as a FITS_rec

    @property
    def names(self):
        """Names of the columns, a list."""
        return list(self._columns)

    @property
    def columns(self):
        """The columns with their units: by position or name, or all in a loop."""
        return Columns(self)

    def field(self, key):
        """Return a column by its name or position."""
        return self[self.names[key] if isinstance(key, (int, np.integer)) else key]

    # ------------------------------------------------------------ for the package

    def waits_for(self, name):
        """(source, name there) of a column that was not read, else None."""
        column = self._columns[name]
        return (self._source, column.name) if type(column) is Waiting else None

    def rebind(self, renew):
        """Go on with ``renew(source)`` for what was not read yet."""
        if self._source is not None:
            self._source = renew(self._source)

    def rearranged(self, columns):
        """Return a table of some columns, itself if that is how it is.

        Parameters
        ----------
        columns : iterable of (str, str or ndarray, dtype or None)
            Name; name in this table, or values; numpy dtype with the shape of a cell, by default
            as it is.
        """
        made, ndim = {}, len(self._shape)
        for name, content, dtype in columns:
            column = self._columns[content] if isinstance(content, str) else ready(content)
            if dtype is None or dtype == np.dtype(_type(column, ndim)):
                made[name] = column
            elif type(column) is Waiting and (column.dtype.base.kind == "S") == (
                dtype.base.kind == "S"
            ):
                made[name] = Waiting(column.name, dtype)
            else:  # from text to number, which may fail, here and now
                column = self._column(content) if type(column) is Waiting else column
                made[name] = fitted(column, dtype, ndim)
        if list(made) == self.names and all(c is self._columns[n] for n, c in made.items()):
            return self
        return TableArray(self._shape, made, self.units, self._source)


def _type(column, ndim):
    """Return the base type of a column as in a structured array, and the shape of its cells."""
    if type(column) is Waiting:
        return column.dtype.base, column.dtype.shape
    base = column.dtype
    return np.dtype(f"S{letters_of(column)}") if base.kind == "U" else base, column.shape[ndim:]


def _plain(column):
    """Return a column as it lies in a structured array."""
    return encoded(column) if column.dtype.kind == "U" else np.ma.getdata(column)


def _as_rows(other):
    return other.item() if isinstance(other, Row) else np.asarray(other)


def _split(value, names):
    """Return (name, value) for each column: of a row, of rows, or the same value for all."""
    known = getattr(getattr(value, "dtype", None), "names", None)
    if known is not None:
        own = {n.upper(): n for n in known}
        alike = own.keys() == {n.upper() for n in names}  # else by position, as numpy does
        parts = [value[own[n.upper()]] for n in names] if alike else [value[n] for n in known]
    elif isinstance(value, list) and value and isinstance(value[0], (tuple, Row)):
        parts = list(zip(*value, strict=True))
    else:
        parts = value if isinstance(value, (tuple, list)) else [value] * len(names)
    if len(parts) != len(names):
        raise ValueError(f"{len(parts)} values for a row of {len(names)} columns")
    return zip(names, parts, strict=True)


def ready(column):
    """Return values as a column: native, of texts as `Texts`."""
    column = native(column)
    if column.dtype.kind == "S":
        return decoded(column)
    if column.dtype.kind == "U" and type(column) is not Texts:
        return as_texts(trimmed(np.asarray(column)))
    return column.view(np.ndarray) if isinstance(column, np.recarray) else column


def fitted(column, dtype, ndim=1):
    """Cast a column to a dtype with the shape of a cell; texts are widened, never cut."""
    base = dtype.base
    if base.kind == "S":
        made = column if isinstance(column, Texts) else as_texts(as_letters(column))
        if letters_of(made) < base.itemsize:
            made = made.astype(f"U{base.itemsize}")
    else:
        made = column.astype(base, copy=False)
    return made.reshape(column.shape[:ndim] + dtype.shape)


def as_table(value, units=None):
    """Return a table as a `TableArray`; over the same memory, where that is possible.

    Parameters
    ----------
    value : TableArray, structured ndarray, FITS_rec or astropy Table
        The values of a ``FITS_rec``, which may be scaled, are copied.
    units : dict of str to str, optional
        Default: those of the table.
    """
    if type(value) is TableArray:
        if units is not None:
            value.units = {name.upper(): str(unit) for name, unit in units.items()}
        return value
    if hasattr(value, "_coldefs"):
        columns, known = _of_fits_rec(value)
    elif hasattr(value, "colnames"):
        columns, known = _of_astropy(value)
    else:
        columns, known = {n: ready(value[n]) for n in value.dtype.names or ()}, None
    shape = value.shape if isinstance(value, np.ndarray) else (len(value),)
    table = TableArray(shape, columns, known if units is None else units)
    if type(value) is np.ndarray and value.dtype == table.dtype and table.is_numbers:
        table._rows = value
    return table


def _of_fits_rec(table):
    """Return columns, copied, and units of a ``FITS_rec``."""
    columns = {name: np.array(table[name]) for name in table.dtype.names}
    for column in columns.values():
        for row, cell in enumerate(column if column.dtype.kind == "O" else ()):
            column[row] = cell if isinstance(cell, str) else native(np.asarray(cell))
    units = {column.name: column.unit for column in table.columns or () if column.unit}
    return {name: ready(column) for name, column in columns.items()}, units


def _of_astropy(table):
    """Return columns and units of astropy's `Table`."""
    columns = {n: (np.ma.asarray if hasattr(table[n], "mask") else np.asarray)(table[n])
               for n in table.colnames}  # fmt: skip
    units = {n: unit for n in columns if (unit := getattr(table[n], "unit", None))}
    return {name: ready(column) for name, column in columns.items()}, units

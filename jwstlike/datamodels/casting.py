"""Cast arrays and tables to the schema's dtype, changing as little as possible."""

import datetime
import os
from contextlib import nullcontext

import numpy as np

from .exact_cast import check_values, real_part
from .lazy_array import LazyArray
from .table_array import as_table

PLAIN = frozenset({str, int, float, bool})


def is_lazy(value):
    """Whether a value of a tree is an array that was not read yet; asking reads nothing."""
    return isinstance(value, LazyArray)


def is_array(value):
    """Whether a value of a tree is an array, read or not."""
    return isinstance(value, (np.ndarray, LazyArray))


def gentle_asarray(a, dtype, allow_extra_columns=False):
    """Return `a` as an array of `dtype`, in native byte order.

    Parameters
    ----------
    a : array-like
    dtype : numpy dtype, or None
        With columns: names are matched without case, and the dtype's order and spelling win.
    allow_extra_columns : bool
        Whether columns that `dtype` does not name may follow, as they are.

    Returns
    -------
    ndarray
        `a` itself when nothing has to change.

    Raises
    ------
    ValueError
        When column names do not match, columns have columns, or nothing can be made of `a`.
    TypeError
        For a table where a plain array is wanted.
    """
    if dtype is not None and np.dtype(dtype).fields is not None and isinstance(a, (list, tuple)):
        a = rows_as_table(a, np.dtype(dtype))
    array = np.asanyarray(a)
    if dtype is None:
        return native(array)
    dtype = np.dtype(dtype)
    if dtype.fields is not None:
        return _as_table(array, dtype, allow_extra_columns)
    if array.dtype.fields is not None:
        raise TypeError(f"a table cannot become a plain array of {dtype}")
    if array.dtype == dtype.newbyteorder("="):
        return array
    if array.dtype == dtype.newbyteorder("S"):
        return native(array)
    try:
        return array.astype(dtype.newbyteorder("="))
    except TypeError as problem:
        raise ValueError(f"{type(a).__name__!r} cannot become an array of {dtype}") from problem


def native(array):
    """Return `array` in native byte order (itself when it is)."""
    if array.dtype.isnative:
        return array
    return array.astype(array.dtype.newbyteorder("="))


def _as_table(array, dtype, allow_extra_columns):
    if array.dtype.fields is None:
        return _plain_as_table(array, dtype)
    if any(t[n].names for t in (array.dtype, dtype) for n in t.names):
        raise ValueError("a table has a column that has columns itself (nested structured dtypes)")
    found = {name.upper(): name for name in array.dtype.names}
    wanted = {name.upper(): name for name in dtype.names}
    extra = [found[n] for n in found if n not in wanted]
    if set(wanted) - set(found) or (extra and not allow_extra_columns):
        raise ValueError(
            "Column names don't match schema. "
            f"Schema has {_differing(wanted, found)}. Data has {_differing(found, wanted)}"
        )
    return fitted_table(array, dtype)


def fitted_table(array, dtype):
    """Return a table with the columns that `dtype` names, as far as it has them, then the others.

    Names are matched without case; spelling, order and types are those of `dtype`.
    """
    found = {name.upper(): name for name in array.dtype.names}
    known = {name: found.pop(name.upper()) for name in dtype.names if name.upper() in found}
    if any(array.dtype[old].kind == "O" for old in known.values()):
        array = _joined({n: _cells(array[n]) for n in array.dtype.names}, array.shape)
    columns = [_column_type(dtype, n, array.dtype[old]) for n, old in known.items()]
    columns += [(n, array.dtype[n].newbyteorder("=")) for n in found.values()]
    target = np.dtype(columns)
    if target == array.dtype:
        return array
    out = np.empty(array.shape, target)
    for name, old in (*known.items(), *((n, n) for n in found.values())):
        out[name] = array[old]
    return out


def missing_columns(array, dtype):
    """Names in `dtype` that a table lacks, a list."""
    found = {name.upper() for name in array.dtype.names or ()}
    return [name for name in dtype.names or () if name.upper() not in found]


def _differing(names, others):
    only = {names[n] for n in names if n not in others}
    return only or set(names.values())


def _column_type(dtype, name, found):
    """Schema's base type; the cell's shape and a longer string width come from the data."""
    wanted = dtype[name]
    base, shape = (wanted.base, wanted.shape) if wanted.shape else (wanted, found.shape)
    if base.kind == "S" and found.base.kind in "SU":
        width = found.base.itemsize // (4 if found.base.kind == "U" else 1)
        base = np.dtype(f"S{max(base.itemsize, width)}")
    return (name, base.newbyteorder("="), shape)


def rows_as_table(rows, dtype):
    """Make a table of rows (tuples of values, which may be arrays), as `fitted_table` does.

    Raises
    ------
    ValueError
        When a row has another number of values than `dtype` has columns.
    """
    if not len(rows):
        return np.zeros(0, dtype)
    wrong = next((row for row in rows if np.ndim(row) == 0 and not hasattr(row, "__len__")), None)
    lengths = set() if wrong is not None else {len(row) for row in rows}
    if lengths != {len(dtype)}:
        raise ValueError(f"each row of the table needs {len(dtype)} values: {', '.join(dtype.names)}")
    columns = zip(dtype.names, zip(*rows, strict=True), strict=True)
    return fitted_table(_joined({n: np.asarray(c) for n, c in columns}, (len(rows),)), dtype)


def _cells(column):
    """Return a column of arrays as one array, if the cells have one shape."""
    return np.array([np.asarray(v) for v in column]) if column.dtype.kind == "O" else column


def _joined(columns, shape):
    ndim = len(shape)
    out = np.empty(shape, [(n, c.dtype, c.shape[ndim:]) for n, c in columns.items()])
    for name, column in columns.items():
        out[name] = column
    return out


def _plain_as_table(array, dtype):
    """Rows given as a plain array: of values, or one value for all columns of its row."""
    if array.size == 0 and array.dtype != object:
        return np.zeros(0, dtype)
    return array.astype(dtype) if array.ndim < 2 else rows_as_table(array.tolist(), dtype)


def check_ndim(array, spec):
    """Check the number of dimensions against the schema's ``ndim`` and ``max_ndim``.

    Raises
    ------
    ValueError
    """
    ndim, most = spec.schema.get("ndim"), spec.schema.get("max_ndim")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(
            f"Array has wrong number of dimensions.  Expected {ndim}, got {array.ndim}"
        )
    if most is not None and array.ndim > most:
        raise ValueError(
            f"Array has wrong number of dimensions.  Expected <= {most}, got {array.ndim}"
        )


def cast_array(value, spec, exact=False):
    """Cast what was assigned to the array `spec` describes, and check its dimensions.

    A table becomes a `TableArray`.

    Parameters
    ----------
    value : array-like
    spec : Spec
    exact : bool
        Whether values that the dtype cannot hold are refused, not changed.

    Raises
    ------
    ValueError, TypeError
    """
    units = None
    if spec.is_table and isinstance(value, (list, tuple)):
        value = rows_as_table(value, spec.dtype)
    if spec.is_table and hasattr(value, "_coldefs"):
        value = as_table(value)
    if spec.is_table:
        units = getattr(value, "units", None)
    with np.errstate(over="ignore", invalid="ignore") if exact else nullcontext():
        array = gentle_asarray(
            real_part(value, spec.dtype) if exact else value,
            spec.dtype,
            bool(spec.schema.get("allow_extra_columns")),
        )
    check_ndim(array, spec)
    if exact and array is not value:
        check_values(np.asanyarray(value), array)
    return as_table(array, units) if spec.is_table else array


def cast_read(array, spec, units=None):
    """Cast what was read as `spec` wants it; columns may be missing, and others are kept.

    Parameters
    ----------
    array : ndarray
    spec : Spec
    units : dict of str to str, optional
        Of the columns of a table.

    Raises
    ------
    ValueError, TypeError
        When it cannot be cast.
    """
    if spec.is_table and array.dtype.fields is not None:
        array = fitted_table(as_table(np.asanyarray(array), units), spec.dtype)
        check_ndim(array, spec)
        return as_table(array, units)
    return cast_array(array, spec)


def plain_value(value, as_text=False):
    """Turn a value into the form a tree holds: numpy scalars, sets, tuples, paths become plain.

    With `as_text` a date becomes its ISO text, as a card would hold it.
    """
    kind = type(value)
    if kind in PLAIN:
        return value
    if isinstance(value, np.datetime64):
        return str(value)
    if isinstance(value, np.generic) and not isinstance(value, np.void):
        return value.item()
    if isinstance(value, (tuple, list)):
        return [plain_value(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain_value(v) for v in value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if as_text:
        if hasattr(value, "isot"):
            return value.isot
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
    return value

"""Cast arrays and tables to the schema's dtype, changing as little as possible."""

import datetime
import math
import os
from contextlib import nullcontext

import numpy as np

from .exact_cast import check_values, real_part
from .lazy_array import LazyArray, native
from .table_array import TableArray, as_table, ready

PLAIN = frozenset({str, int, float, bool})
RAW = frozenset({np.ndarray, list})  # in what forms a user may give an array in a tree


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
        When columns do not match or have columns, or nothing can be made of `a`.
    TypeError
        For a table where a plain array is wanted.
    """
    dtype = None if dtype is None else np.dtype(dtype)
    if dtype is not None and dtype.names is not None:
        table = table_of(a, dtype)
        fit = matched_table(table, dtype, allow_extra_columns)
        if type(a) is TableArray:
            return fit
        is_same = fit is table and getattr(getattr(a, "dtype", None), "names", None)
        return a if is_same else np.array(fit)
    array = np.asanyarray(a)
    if dtype is None:
        return array
    if array.dtype.names is not None:
        raise TypeError(f"a table cannot become a plain array of {dtype}")
    try:
        return native(array).astype(dtype.newbyteorder("="), copy=False)
    except TypeError as problem:
        raise ValueError(f"{type(a).__name__!r} cannot become an array of {dtype}") from problem


def table_of(value, dtype):
    """Return what is given for a table as a `TableArray`.

    Parameters
    ----------
    value : table or array-like
        Rows may be lists or tuples of values, which may be arrays; a row that is one value has it
        in all columns.
    dtype : numpy dtype
        Its names are those of the columns of rows.

    Raises
    ------
    ValueError
        When a row has another number of values than `dtype` has columns.
    """
    if hasattr(value, "colnames") or getattr(getattr(value, "dtype", None), "names", None):
        return as_table(value if np.ndim(value) else np.atleast_1d(value))
    rows = value if isinstance(value, (list, tuple)) else np.atleast_1d(value)
    if not len(rows):
        return as_table(np.zeros(0, dtype))
    if not isinstance(rows[0], (tuple, list, np.ndarray, np.void)):
        return as_table(np.asarray(rows).astype(dtype))
    if {len(row) for row in rows} != {len(dtype)}:
        raise ValueError(
            f"each row of the table needs {len(dtype)} values: {', '.join(dtype.names)}"
        )
    columns = zip(dtype.names, zip(*rows, strict=True), strict=True)
    return TableArray((len(rows),), {name: ready(np.array(cells)) for name, cells in columns})


def matched_table(table, dtype, allow_extra_columns=False):
    """Return a table with the columns of `dtype`, perhaps followed by others.

    Raises
    ------
    ValueError
        When columns are missing or there are others, or cells have another shape.
    """
    found = {name.upper(): name for name in table.names}
    wanted = {name.upper(): name for name in dtype.names}
    only = [{names[n] for n in names if n not in others}
            for names, others in ((wanted, found), (found, wanted))]  # fmt: skip
    if only[0] or (only[1] and not allow_extra_columns):
        raise ValueError(
            f"Column names don't match schema. Schema has {only[0]}. Data has {only[1]}"
        )
    return fitted_table(table, dtype)


def fitted_table(table, dtype):
    """Return a table with the columns that `dtype` names, as far as it has them, then the others.

    Names are matched without case; spelling, order and types are those of `dtype`.
    """
    found = {name.upper(): name for name in table.names}
    known = {name: found.pop(name.upper()) for name in dtype.names if name.upper() in found}
    columns = [(name, *_fitting(table, old, dtype[name])) for name, old in known.items()]
    return table.rearranged([*columns, *((n, n, None) for n in found.values())])


def missing_columns(array, dtype):
    """Names in `dtype` that a table lacks, a list."""
    found = {name.upper() for name in array.dtype.names or ()}
    return [name for name in dtype.names or () if name.upper() not in found]


def _fitting(table, name, wanted):
    """Return a column, by name or as an array, and the dtype that it gets.

    The base is that of the schema; the cell's shape, if the schema has none, and a longer width
    of texts come from the data.
    """
    found = table.dtype[name]
    if found.fields is not None or wanted.fields is not None:
        raise ValueError(
            f"column {name!r} of the table has columns itself (nested structured dtypes)"
        )
    content = name
    if found.kind == "O":  # cells that have one shape are no objects
        content = np.array([np.asarray(cell) for cell in table[name]])
        found = np.dtype((content.dtype, content.shape[1:]))
    base, shape = wanted.base, wanted.shape or found.shape
    if math.prod(shape) != math.prod(found.shape):
        raise ValueError(f"column {name!r}: cells of shape {found.shape} do not fit {shape}")
    if base.kind == "S" and found.base.kind == "S":
        base = max(base, found.base, key=lambda text: text.itemsize)
    return content, np.dtype((base.newbyteorder("="), shape))


def check_ndim(array, spec):
    """Check the number of dimensions against the schema's ``ndim`` and ``max_ndim``.

    For a table also those of the cells of its columns.

    Raises
    ------
    ValueError
    """
    _check_ndim(array.ndim, spec.schema)
    if spec.is_table and array.ndim > 1:
        raise ValueError(
            f"Array has wrong number of dimensions.  Expected 1 of rows, got {array.ndim}"
        )
    for name, column in _limited_columns(spec, array.dtype):
        _check_ndim(array.dtype[name].ndim, column, f"column {name!r}: ")


def _check_ndim(found, schema, where=""):
    ndim, most = schema.get("ndim"), schema.get("max_ndim")
    problem = f"{where}Array has wrong number of dimensions.  Expected"
    if ndim is not None and found != ndim:
        raise ValueError(f"{problem} {ndim}, got {found}")
    if most is not None and found > most:
        raise ValueError(f"{problem} <= {most}, got {found}")


def _limited_columns(spec, dtype):
    """Yield name and schema of the columns of a dtype whose cells have limited dimensions."""
    for column in spec.schema["datatype"] if spec.is_table and dtype.names else ():
        if not column.keys().isdisjoint(("ndim", "max_ndim")) and column["name"] in dtype.names:
            yield column["name"], column


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
    if spec.is_table:
        value = table_of(value, spec.dtype)
    with np.errstate(over="ignore", invalid="ignore") if exact else nullcontext():
        array = gentle_asarray(
            real_part(value, spec.dtype) if exact else value,
            spec.dtype,
            bool(spec.schema.get("allow_extra_columns")),
        )
    check_ndim(array, spec)
    if exact and array is not value:
        check_values(value if spec.is_table else np.asanyarray(value), array)
    return array


@np.errstate(over="ignore", invalid="ignore")  # e.g. NaN as an integer
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
    if not spec.is_table or array.dtype.fields is None:
        return cast_array(array, spec)
    table = _with_axes(fitted_table(as_table(array, units), spec.dtype), spec)
    check_ndim(table, spec)
    return table


def _with_axes(table, spec):
    """Give the cells of a table that was read the axes of length 1 that FITS does not keep."""
    made = {
        name: np.dtype((table.dtype[name], (1,) * column["ndim"]))
        for name, column in _limited_columns(spec, table.dtype)
        if column.get("ndim") and not table.dtype[name].shape
    }
    return table.rearranged((n, n, made.get(n)) for n in table.names) if made else table


def plain_scalar(value):
    """Return a numpy scalar (no date) or a path as plain Python, anything else as it is."""
    if isinstance(value, np.generic) and value.dtype.kind in "biufcSU":
        convert = {"f": float, "c": complex}.get(value.dtype.kind)  # long ones have no `item`
        return convert(value) if convert else value.item()
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def cast_raw(value, spec):
    """Cast a list or array that nobody cast before; what does not fit is returned as it is.

    Numbers with fractions do not become integers here.
    """
    try:
        array = native(np.asanyarray(value))
        if array.dtype.kind in "fc" and spec.dtype.kind in "biu":
            return value
        return cast_read(array, spec)
    except (ValueError, TypeError):
        return value


def plain_value(value, as_text=False):
    """Turn a value into the form a tree holds: numpy scalars, sets, tuples, paths become plain.

    With `as_text` a date becomes its ISO text, as a card would hold it.
    """
    kind = type(value)
    if kind in PLAIN:
        return value
    value = plain_scalar(value)
    if isinstance(value, np.datetime64):
        return str(value)
    if isinstance(value, np.timedelta64):
        return value.item()
    if isinstance(value, (tuple, list)):
        return [plain_value(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(plain_value, value), key=lambda v: (isinstance(v, str), v))
    if as_text:
        if hasattr(value, "isot"):
            return value.isot
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
    return value

"""Make what the schema promises and the tree lacks: scalars, arrays, empty objects and lists."""

import numpy as np

from .bindings import ARRAY, LIST, OBJECT, Spec, Table
from .casting import cast_array, is_array
from .table_array import as_table


def _cast(val, schema):
    """Cast `val` to the ``datatype`` of `schema` (a dict or a `Spec`)."""
    spec = _as_spec(schema)
    return val if val is None or spec.kind != ARRAY else cast_array(val, spec)


def _as_spec(schema):
    return schema if isinstance(schema, Spec) else Table(schema).root


def _make_default(attr, schema, ctx):
    """Make the default value of attribute `attr`: array, scalar, empty object or list, or None."""
    spec = _as_spec(schema)
    if spec.kind == ARRAY:
        return _make_default_array(attr, spec, ctx)
    if spec.kind == OBJECT:
        return {}
    if spec.kind == LIST:
        return []
    return spec.default


def _make_default_array(attr, schema, ctx):
    """Make the default array of attribute `attr`, or None when the schema gives no dtype.

    The primary array has the shape the model was made with; others take the last ``ndim`` axes
    of the primary array beside them, other tables have no rows.
    """
    spec = _as_spec(schema)
    if spec.dtype is None:
        return None
    if spec.is_table:
        return as_table(_default_table(attr, spec, ctx))
    shape = _default_shape(attr, spec, ctx)
    if not spec.default:
        return np.zeros(shape, spec.dtype)
    return np.full(shape, spec.default, spec.dtype)


def _default_table(attr, spec, ctx):
    """Make a table without rows; the primary one has as many as the model was made with."""
    primary = ctx._primary_shape(attr) if hasattr(ctx, "_primary_shape") else None
    table, fill = np.zeros(primary or 0, _row_dtype(spec)), spec.default
    if table.size and fill is not None:
        fills = fill if isinstance(fill, list) else [fill] * len(table.dtype)
        for name, value in zip(table.dtype.names, fills, strict=False):
            table[name] = value
    return table


def _row_dtype(spec):
    """Dtype of a row; columns of which the schema gives only dimensions get cells without size."""
    dtype, columns = spec.dtype, []
    for name, column in zip(dtype.names, spec.schema["datatype"], strict=True):
        ndim = column.get("ndim", column.get("max_ndim", 0))
        unknown = (0,) * ndim if "shape" not in column else ()
        columns.append((name, dtype[name].base, dtype[name].shape or unknown))
    return np.dtype(columns)


def _default_shape(attr, spec, ctx):
    ndim = spec.schema.get("ndim")
    primary = ctx._primary_shape(attr) if hasattr(ctx, "_primary_shape") else None
    if primary is None:
        primary = _shape_beside(attr, ctx)
    if primary is None:
        return (0,) * (ndim or 1)
    if ndim is None:
        return primary
    return primary[len(primary) - ndim :] if ndim <= len(primary) else (0,) * ndim


def _shape_beside(attr, node):
    """Shape of the primary array of the nearest object above that has one."""
    while node is not None:
        if isinstance(getattr(node, "_tree", None), dict):
            name = node._model.get_primary_array_name() if node._parent is None else "data"
            value = node._tree.get(name) if name and name != attr else None
            if is_array(value):
                return tuple(value.shape)
        node = getattr(node, "_parent", None)
    return None

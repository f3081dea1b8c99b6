"""Tables of the source of which some cells were changed: all other bytes stay as they are.

Bit fields, scaled columns, heaps, what stands behind the NUL of a text and how an undefined cell
is marked are then not lost with the change of another cell.

References
----------
FITS standard 4.0, section 7.3.
"""

import numpy as np

from .sources import BLOCK
from .table_array import Waiting, as_table
from .texts import encoded
from .validate import equal


class CannotPatch(Exception):  # noqa: N818 - a fork in the road, not an error
    """A cell has no place in the rows as they are stored."""


def changed_cells(value, ref):
    """Find the cells in which a table differs from its source.

    Parameters
    ----------
    value : TableArray or structured ndarray
    ref : TableRef
        What it was read from, perhaps with other names and types by a schema.

    Returns
    -------
    list of (name, rows, cells), or None
        Column in the source, numbers of the rows, stored form of these cells. None: the rows
        have to be written anew, since they have other columns, a changed cell of variable
        length or a value that the stored type cannot hold.
    """
    table, own = as_table(value), {name.upper(): name for name in ref.columns}
    names = {own.get(name.upper()): column for name, column in table._columns.items()}
    if names.keys() != ref.columns.keys() or tuple(value.shape) != tuple(ref.shape):
        return None
    units = {name.upper(): unit for name, unit in ref.units.items()}
    if table.units is not None and table.units != units:
        return None
    read = {name: column for name, column in names.items() if type(column) is not Waiting}
    try:
        return list(_changes(read, ref))
    except CannotPatch:
        return None


def patched(ref, changes):
    """Yield the stored bytes of a table of the source, with other cells.

    Parameters
    ----------
    ref : TableRef
    changes : list
        As `changed_cells` gives it.
    """
    width, done = ref._row.itemsize, 0
    step = max(1, BLOCK // max(width, 1)) * max(width, 1)
    for block in ref.source.blocks(ref.offset, ref.stored_size, step):
        first, count = done // max(width, 1), min(ref.shape[0] * width - done, len(block))
        if count > 0:
            block = bytearray(block)
            rows = np.frombuffer(block, ref._row, count // width)
            for name, places, cells in changes:
                start, stop = np.searchsorted(places, (first, first + len(rows)))
                rows[name][places[start:stop] - first] = cells[start:stop]
        done += len(block)
        yield block


def _changes(read, ref):
    fixed = {n: column for n, column in read.items() if not ref.columns[n].is_variable}
    if len(fixed) < len(read):  # what lies in the heap is compared, not changed in place
        heap = ref.read()
        if not all(equal(read[name], heap[name]) for name in read.keys() - fixed.keys()):
            raise CannotPatch
    pieces = {name: ([], []) for name in fixed}
    for first, rows in _stored_rows(ref) if fixed else ():
        for name, column in fixed.items():
            stored, cells = rows[name], column[first : first + len(rows)]
            places, new = _patch(ref.columns[name], stored, cells)
            if len(places):
                pieces[name][0].append(places + first)
                pieces[name][1].append(new)
    for name, (places, cells) in pieces.items():
        if places:
            yield name, np.concatenate(places), np.concatenate(cells)


def _stored_rows(ref):
    width, done = ref._row.itemsize, 0
    step = max(1, BLOCK // max(width, 1)) * width
    for block in ref.source.blocks(ref.offset, ref.shape[0] * width, step) if width else ():
        rows = np.frombuffer(block, ref._row, len(block) // width)
        yield done, rows
        done += len(rows)


def _patch(column, stored, cells):
    """Return the numbers of the rows that differ, and these cells as they are to be stored."""
    old, shown = column.convert(stored), np.ma.getdata(cells)
    if shown.shape != old.shape:
        raise CannotPatch
    was, void = column.undefined(stored), np.ma.getmaskarray(cells)
    was = np.zeros(old.shape, bool) if was is None else was
    differs = (_differ(old, shown) & ~void & ~was) | (void != was if np.ma.isMA(cells) else False)
    places = np.flatnonzero(differs.reshape(len(stored), -1).any(axis=1))
    if not places.size:
        return places, None
    new = _stored_form(column, shown[places], stored.dtype)
    if void[places].any():
        new[void[places]] = _void(column)
    kept = ~differs[places]
    if new.shape == kept.shape:  # no bits and letters, which are stored together
        new[kept] = stored[places][kept]
    return places, new


def _void(column):
    if column.letter == "L":
        return b"\0"
    if column.null is None and column.letter not in "EDCM":
        raise CannotPatch
    return np.nan if column.null is None else column.null


def _differ(old, new):
    """Compare what is stored with what a model holds; floating-point numbers bit by bit."""
    if old.dtype.kind == "U" or new.dtype.kind in "SU":
        if not (old.dtype.kind == "U" and new.dtype.kind == "U"):
            raise CannotPatch
        return np.asarray(old) != np.asarray(new)
    cast = np.asarray(old).astype(new.dtype)
    if cast.dtype.kind not in "fc":
        return cast != new
    bits = [np.ascontiguousarray(a).view("u1").reshape(*a.shape, a.itemsize) for a in (cast, new)]
    return (bits[0] != bits[1]).any(axis=-1)


def _stored_form(column, values, stored):
    """Return values in the form of the file.

    Raises
    ------
    CannotPatch
        If they would be others when they are read again.
    """
    if column.letter == "A":
        octets = encoded(values)
        made = octets.astype(stored.base)
        same = octets.dtype.itemsize <= stored.itemsize or np.array_equal(made, octets)
    else:
        made = _numbers(column, values, stored.base)
        same = not _differ(column.convert(made), values).any()
    if not same:
        raise CannotPatch
    return made


def _numbers(column, values, base):
    if column.letter == "L":
        return np.where(values.astype(bool), b"T", b"F")
    if column.letter == "X":
        return np.packbits(values.astype(bool), axis=-1)
    meant = column.dtype.base
    with np.errstate(all="ignore"):  # what does not fit is found by reading it again
        if meant.kind in "iu" and column.zero:
            bits = values.astype(meant).view(f"u{meant.itemsize}")
            return (
                (bits ^ bits.dtype.type(1 << (8 * meant.itemsize - 1)))
                .view(base.newbyteorder("="))
                .astype(base)
            )
        if (column.scale, column.zero) != (1, 0):
            values = (values.astype(meant) - column.zero) / column.scale
            values = np.rint(values) if base.kind in "iu" else values
        return values.astype(base)

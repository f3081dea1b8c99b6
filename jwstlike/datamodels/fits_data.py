"""Data of HDUs to be written: copied from the source, or encoded from arrays, in blocks."""

from functools import partial

import numpy as np

from ..errors import FileFormatError
from .arrays import encode_image
from .casting import cast_read, is_lazy
from .fits_scan import RECORD
from .table_array import as_table
from .table_patch import changed_cells, patched
from .tables import encode_table, units_of
from .validate import equal, warn

# The most that is filled up with zeros where data are cut; above both, the header is wrong.
MAX_FILLED = 1 << 26  # bytes
MAX_TIMES = 16  # times the size of the file
BLOCK = 1 << 20  # bytes of the source that are copied at once


class SourceData:
    """The stored bytes of an HDU of the source."""

    def __init__(self, index, hdu):
        self.source = index.source
        self.offset, self.nbytes = hdu.data_offset, hdu.data_size
        if self.nbytes > max(MAX_FILLED, MAX_TIMES * self.source.size):
            raise FileFormatError(
                f"{self.source.name}[{hdu.place}]",
                f"the header tells of {self.nbytes} bytes of data, the file has {self.source.size}",
                "the header is damaged, so that the HDU cannot be saved",
            )
        missing = min(self.nbytes, self.offset + self.nbytes - self.source.size)
        if missing > 0:
            _warn_of_cut(f"{self.source.name}[{hdu.place}]", missing, self.nbytes)

    def blocks(self):
        """Yield the bytes; what the source lacks (a cut file) comes as zeros."""
        there = 0
        for block in self.source.blocks(self.offset, self.nbytes, BLOCK):
            there += len(block)
            yield block
        while there < self.nbytes:
            count = min(RECORD * 100, self.nbytes - there)
            there += count
            yield bytes(count)


def _warn_of_cut(place, missing, nbytes):
    warn(f"{place}: the data are cut: zeros are saved for {missing} of {nbytes} bytes")


class ArrayData:
    """Encoded blocks of an array; `make` can be called again for another pass."""

    def __init__(self, make, nbytes):
        self.blocks, self.nbytes = make, nbytes


def image_layout(array, primary=False):
    """Describe an image HDU.

    Parameters
    ----------
    array : ndarray or None
    primary : bool
        Whether it is the first HDU.

    Returns
    -------
    cards : list of (keyword, value, comment)
        All mandatory cards, SIMPLE or XTENSION first.
    make : function
        Each call gives an iterator over blocks of the stored bytes.
    nbytes : int
    """
    bitpix, scaling, _ = (8, [], None) if array is None else encode_image(array)
    shape = () if array is None else array.shape
    first = ("SIMPLE", True, "conforms to FITS standard") if primary else (
        "XTENSION", "IMAGE", "Image extension"
    )  # fmt: skip
    cards = [first, ("BITPIX", bitpix, "array data type"), ("NAXIS", len(shape), "number of axes")]
    cards += [(f"NAXIS{n}", size, "") for n, size in enumerate(reversed(shape), 1)]
    if not primary:
        cards += [("PCOUNT", 0, "number of parameters"), ("GCOUNT", 1, "number of groups")]
    nbytes = 0 if array is None else array.size * abs(bitpix) // 8
    return cards + scaling, lambda: encode_image(array)[2], nbytes


def table_layout(table, spec=None, old_units=None):
    """Describe a table HDU in the same way.

    Units are those of the table itself if it knows any, else `old_units`: {NAME: unit}; where there
    are none, those of the schema.
    """
    columns = spec.schema["datatype"] if spec is not None and spec.is_table else ()
    table = _with_logicals(as_table(table), columns)
    old = {} if table.units is not None else old_units or {}
    units = {n: old[n.upper()] for n in table.names if n.upper() in old}
    wanted = {c["name"]: c["unit"] for c in columns if isinstance(c, dict) and c.get("unit")}
    units = wanted | units | units_of(table)
    cards, _ = encode_table(table, units)
    sizes = {keyword: value for keyword, value, _ in cards}
    nbytes = sizes["NAXIS1"] * sizes["NAXIS2"] + sizes["PCOUNT"]
    return cards, lambda: encode_table(table, units)[1], nbytes


def _with_logicals(table, columns):
    """Make booleans of the int8 columns of a schema: its way to say a logical column (OIFITS)."""
    small = {c["name"] for c in columns if isinstance(c, dict) and c["datatype"] == "int8"}
    small = {n for n in small.intersection(table.names) if np.isin(table[n], (0, 1)).all()}
    return table.rearranged(
        (n, n, np.dtype((bool, table[n].shape[1:])) if n in small else None) for n in table.names
    )


def is_untouched(value, ref, hdu, reader, spec=None):
    """Whether the data of an HDU of the source may be copied as they are.

    Parameters
    ----------
    value : ndarray or lazy array
        What the model holds.
    ref : lazy array or None
        What it was read from.
    hdu : HduIndex or None
        The HDU that is to be written.
    spec : Spec, optional
        What the array was cast by when it was read.
    """
    if ref is None or hdu is None or reader is None or not lies_in(ref, hdu, reader):
        return False
    if value is ref:
        return True
    if _has_other_units(value, ref):
        return False
    if tuple(value.shape) != tuple(ref.shape):
        return False
    plain = getattr(ref, "stored", None)
    if plain is not None and value.dtype == plain.newbyteorder("=") and not ref.is_scaled:
        return False  # written in the same form, so that equal values give equal bytes
    return _equal_in_slabs(value, ref, spec)


def _has_other_units(value, ref):
    """Whether the units of a table's columns were changed since it was read."""
    units = getattr(value, "units", None)
    if units is None:
        return False
    return units != {name.upper(): unit for name, unit in getattr(ref, "units", {}).items()}


def patch_of(value, ref, hdu, reader):
    """Return the `ArrayData` of a table of the source with some other cells.

    None where it has to be written anew; the arguments are those of `is_untouched`.
    """
    if hdu is None or reader is None or is_lazy(value) or not hasattr(ref, "columns"):
        return None
    if not lies_in(ref, hdu, reader) or value.dtype.fields is None:
        return None
    changes = changed_cells(value, ref)
    return None if changes is None else ArrayData(partial(patched, ref, changes), ref.stored_size)


def lies_in(ref, hdu, reader):
    """Whether a lazy array is that of an HDU of the source."""
    return getattr(ref, "source", None) is reader.index.source and (
        getattr(ref, "offset", None) == hdu.data_offset or getattr(ref, "place", None) == hdu.place
    )


def _equal_in_slabs(value, ref, spec=None):
    """Compare with the source a slab at a time; a difference ends it early."""
    if value.dtype.fields is not None and spec is not None and spec.is_table:
        stored = ref.read()
        try:
            return equal(value, cast_read(stored, spec))
        except (ValueError, TypeError):  # then it was not cast for the model either
            return equal(value, stored)
    if value.dtype.fields is not None or value.ndim < 2:
        return equal(value, _as(ref.read(), value))
    return all(
        np.array_equal(part, other, equal_nan=part.dtype.kind == "f")
        for part, other in _slabs(value, ref)
    )


def _slabs(value, ref, prefix=()):
    """Yield pairs of 2-D parts."""
    if value.ndim - len(prefix) <= 2:
        yield value[prefix], _as(ref.section(prefix or Ellipsis), value)
        return
    for number in range(value.shape[len(prefix)]):
        yield from _slabs(value, ref, (*prefix, number))


@np.errstate(over="ignore", invalid="ignore")
def _as(array, value):
    """Cast what was read in the way it was cast when the model read it."""
    if value.dtype.fields is None and array.dtype != value.dtype and array.dtype.fields is None:
        return array.astype(value.dtype)
    return array

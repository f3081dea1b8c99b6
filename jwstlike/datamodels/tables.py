"""Binary tables: columns of a FITS HDU to structured arrays and back.

References
----------
FITS standard 4.0, section 7.3.
"""

import math
import re
from dataclasses import dataclass

import numpy as np

from ..errors import FileFormatError
from .foreign import AstropyRef
from .sources import BLOCK, fill
from .variable_length import LONGEST_P, Heap

# TFORM letter -> stored dtype
STORED = {
    "L": "S1", "X": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "A": "S",
    "E": ">f4", "D": ">f8", "C": ">c8", "M": ">c16", "P": ">i4", "Q": ">i8",
}  # fmt: skip
# numpy kind and width -> TFORM letter
LETTERS = {
    "b1": "L", "u1": "B", "i1": "B", "i2": "I", "u2": "I", "i4": "J", "u4": "J", "i8": "K",
    "u8": "K", "f2": "E", "f4": "E", "f8": "D", "c8": "C", "c16": "M", "f16": "D", "c32": "M",
}  # fmt: skip
OFFSETS = {"i1": -(2**7), "u2": 2**15, "u4": 2**31, "u8": 2**63}
MEANT = {("B", -(2**7)): "i1", ("I", 2**15): "u2", ("J", 2**31): "u4", ("K", 2**63): "u8"}
WIDE_ROW = 1 << 14  # bytes; in wider rows a single column is read by jumping

_TFORM = re.compile(r"\s*(\d*)([A-Z])(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a binary table.

    Attributes
    ----------
    name : str
        TTYPE as written, else ``col1`` ...
    letter : str
        Type code of TFORM.
    stored, dtype : numpy dtype
        In the file and in the result; both with the shape of a cell.
    scale, zero, null : number
        TSCAL, TZERO, TNULL (or None).
    unit : str
    bits : int
        Length of a bit field, else 0.
    """

    name: str
    letter: str
    stored: np.dtype
    dtype: np.dtype
    scale: float = 1
    zero: float = 0
    null: int | None = None
    unit: str = ""
    bits: int = 0

    @property
    def is_variable(self):
        """Whether the cells are arrays of variable length in the heap."""
        return self.letter in "PQ"

    def convert(self, cells):
        """Turn stored cells into values of `dtype`."""
        if self.letter == "L":
            return cells == b"T"
        if self.letter == "X":
            return np.unpackbits(cells, axis=-1, count=self.bits).view(bool)
        if self.letter == "A":
            return stripped(cells)
        base = self.dtype.base
        if self.scale == 1 and self.zero == 0:
            return cells
        if base.kind in "iu":
            bits = cells.astype(f"u{base.itemsize}")
            return (bits ^ bits.dtype.type(1 << (8 * base.itemsize - 1))).view(base)
        values = cells.astype(base) * self.scale + self.zero
        if self.null is not None:
            values[cells == self.null] = np.nan
        return values


def stripped(cells):
    """Return texts that end at the first NUL and without blanks at their end."""
    width = cells.dtype.itemsize
    if not width or not cells.size:
        return cells
    octets = np.ascontiguousarray(cells).view("u1").reshape(*cells.shape, width)
    if (octets[..., :-1] == 0).any():
        after_nul = np.logical_or.accumulate(octets == 0, axis=-1)
        octets = np.where(after_nul, np.uint8(0), octets)
    if np.isin(octets[..., -1], (0, 32)).any():
        filled = (octets == 0) | (octets == 32)
        tail = np.logical_and.accumulate(filled[..., ::-1], axis=-1)[..., ::-1]
        octets = np.where(tail, np.uint8(0), octets)
    return np.ascontiguousarray(octets).view(cells.dtype).reshape(cells.shape)


def read_columns(hdu):
    """Return the columns of a binary table from its header, a list of `Column`.

    Raises
    ------
    ValueError
        For a TFORM that follows no rule.
    """
    columns = []
    taken = set()
    for n in range(1, _count(hdu.get("TFIELDS", 0)) + 1):
        name = str(hdu.get(f"TTYPE{n}") or f"col{n}").strip()
        while name in taken:
            name += "_"
        taken.add(name)
        columns.append(_read_column(hdu, n, name))
    return columns


def _count(value):
    if not isinstance(value, int) or not 0 <= value <= 999:
        raise ValueError(f"TFIELDS = {value!r}, allowed are 0 .. 999")
    return value


def _read_column(hdu, n, name):
    tform = hdu.get(f"TFORM{n}")
    match = _TFORM.fullmatch(str(tform).upper())
    if match is None or match[2] not in STORED:
        raise ValueError(f"TFORM{n} = {tform!r} is no format of a column")
    repeat, letter = int(match[1] or 1), match[2]
    scale, zero = (_number(hdu.get(f"{k}{n}"), d) for k, d in (("TSCAL", 1), ("TZERO", 0)))
    null = hdu.get(f"TNULL{n}") if letter in "BIJK" else None
    stored, dtype, bits = _cell(letter, repeat, hdu.get(f"TDIM{n}"), (scale, zero))
    unit = str(hdu.get(f"TUNIT{n}") or "")
    return Column(name, letter, stored, dtype, scale, zero, null, unit, bits)


def _number(value, default):
    return value if isinstance(value, (int, float)) else default


def _cell(letter, repeat, tdim, scaling):
    """Return stored and resulting dtype of a cell, and the number of bits in it."""
    if letter in "PQ":
        return np.dtype((STORED[letter], (2,))), np.dtype(object), 0
    if letter == "X":
        return np.dtype(("u1", (-(-repeat // 8),))), np.dtype((bool, (repeat,))), repeat
    shape = _cell_shape(tdim, repeat) or (() if repeat == 1 or letter == "A" else (repeat,))
    if letter == "A":
        width = shape[-1] if shape else repeat
        base = np.dtype(f"S{width}")
        return np.dtype((base, shape[:-1])), np.dtype((base, shape[:-1])), 0
    stored = np.dtype(STORED[letter])
    result = stored.newbyteorder("=")
    if letter == "L":
        result = np.dtype(bool)
    elif scaling != (1, 0):
        meant = MEANT.get((letter, scaling[1])) if scaling[0] == 1 else None
        result = np.dtype(meant or ("c16" if result.kind == "c" else "f8"))
    return np.dtype((stored, shape)), np.dtype((result, shape)), 0


def _cell_shape(tdim, repeat):
    """Return the numpy shape that TDIM gives, () if it does not fit to the repeat count."""
    if not isinstance(tdim, str):
        return ()
    numbers = [int(n) for n in re.findall(r"\d+", tdim)]
    return tuple(reversed(numbers)) if numbers and math.prod(numbers) == repeat else ()


class TableRef(AstropyRef):
    """A table in a file that is read when asked for; the interface is that of `ArrayRef`.

    Attributes
    ----------
    columns : dict of str to Column
    dtype : numpy dtype
        Structured and native; booleans for logical columns, fixed-length bytes for texts.
    units : dict of str to str
        Columns with a unit only.
    """

    __slots__ = ("_row", "columns", "heap")

    def __init__(self, source, hdu):
        columns = read_columns(hdu)
        super().__init__(source, hdu, np.dtype([(c.name, c.dtype) for c in columns]))
        self._shape = (hdu.shape[0],)
        self.columns = {c.name: c for c in columns}
        self.heap = hdu.pcount
        sizes = [c.stored.itemsize for c in columns]
        offsets = [sum(sizes[:i]) for i in range(len(sizes))]
        if sum(sizes) > hdu.shape[1]:
            raise ValueError(f"the columns take {sum(sizes)} bytes, NAXIS1 = {hdu.shape[1]}")
        self._row = np.dtype(
            {
                "names": list(self.columns),
                "formats": [c.stored for c in columns],
                "offsets": offsets,
                "itemsize": hdu.shape[1],
            }
        )

    @property
    def names(self):
        """Names of the columns, a tuple."""
        return tuple(self.columns)

    @property
    def units(self):
        """Column name -> unit, where there is one."""
        return {c.name: c.unit for c in self.columns.values() if c.unit}

    @property
    def has_variable(self):
        """Whether a column holds arrays of variable length."""
        return any(c.is_variable for c in self.columns.values())

    def read(self, dtype=None):
        """Read the table.

        Returns
        -------
        ndarray
            Structured, (rows,); an astropy ``FITS_rec`` if a column has variable length.

        Raises
        ------
        FileFormatError
            If the data are cut or the file was changed since it was opened.
        """
        if self.has_variable:
            return super().read(dtype)
        self._check_size()
        out = np.empty(self.shape, self.dtype)
        for at, rows in self._iter_rows(out if self._is_alike() else None):
            for name, column in self.columns.items():
                out[name][at : at + len(rows)] = column.convert(rows[name])
        return out if dtype is None else out.astype(dtype, copy=False)

    def section(self, key, dtype=None):
        """Return ``read()[key]``; for the name of a column only its cells are converted."""
        one = isinstance(key, str) and key in self.columns
        return self.column(key) if one else super().section(key, dtype)

    def column(self, name):
        """Read one column, ``read()[name]``; of wide rows only its bytes."""
        column = self.columns[name]
        if column.is_variable:
            return super().read()[name]
        self._check_size()
        out = np.empty(self.shape + column.dtype.shape, column.dtype.base)
        for at, cells in self._iter_cells(name):
            out[at : at + len(cells)] = column.convert(cells)
        return out

    def nulls(self, name):
        """Return a mask of the undefined cells of a column.

        Logical columns: neither T nor F; integers: TNULL; others: none.
        """
        column = self.columns[name]
        self._check_size()
        out = np.zeros(self.shape + column.dtype.shape, bool)
        if column.letter == "L" or column.null is not None:
            for at, cells in self._iter_cells(name):
                if column.letter == "L":
                    out[at : at + len(cells)] = (cells != b"T") & (cells != b"F")
                else:
                    out[at : at + len(cells)] = cells == column.null
        return out

    def _iter_cells(self, name):
        if self._row.itemsize <= WIDE_ROW:
            for at, rows in self._iter_rows():
                yield at, rows[name]
            return
        stored, start = self._row.fields[name][:2]
        self._check_size()
        cell = np.empty(1, stored)
        with self.source.open() as stream:
            for row in range(self.shape[0]):
                stream.seek(self.offset + row * self._row.itemsize + start)
                fill(stream, memoryview(cell.view("u1").reshape(-1)))
                yield row, cell

    def _is_alike(self):
        """Whether each cell has the same place and size in the file and in the result."""
        fields = self._row.fields
        return self._row.itemsize == self.dtype.itemsize and all(
            (stored.itemsize, offset) == (fields[name][0].itemsize, fields[name][1])
            for name, (stored, offset) in self.dtype.fields.items()
        )

    def _iter_rows(self, landing=None):
        """Yield the number of the first row and the stored rows, block by block.

        With `landing`, a result like the rows in the file, they lie there and may be replaced
        one column at a time.
        """
        self._check_size()
        width = self._row.itemsize
        step = max(1, BLOCK // max(width, 1))
        if not width:
            return
        with self.source.open() as stream:
            stream.seek(self.offset)
            for at in range(0, self.shape[0], step):
                count = min(step, self.shape[0] - at)
                if landing is None:
                    octets = np.empty(width * count, "u1")
                else:
                    octets = landing[at : at + count].view("u1")
                if fill(stream, memoryview(octets)) < octets.size:
                    raise FileFormatError(
                        f"{self.source.name}[{self.place}]", "the data are cut", "fetch it again"
                    )
                yield at, octets.view(self._row)

    def _check_size(self):
        missing = self.offset + self.shape[0] * max(1, self._row.itemsize) - self.source.size
        if missing > 0:
            raise FileFormatError(
                f"{self.source.name}[{self.place}]",
                f"the data are cut: {missing} bytes are missing",
                "fetch the file again",
            )


# ---------------------------------------------------------------- writing


def encode_table(table, units=None, nulls=None):
    """Prepare a structured array for a FITS binary table.

    Parameters
    ----------
    table : ndarray or FITS_rec, (rows,)
        Integers, floats, complex numbers, booleans, bytes and texts, with any shape of cells.
    units : dict of str to str, optional
        Default: those of a ``FITS_rec``.
    nulls : dict of str to bool ndarray, optional
        Undefined cells of boolean columns.

    Returns
    -------
    cards : list of (keyword, value, comment)
        All mandatory cards, then those of each column.
    blocks : iterator of bytes-like
        Rows without filling.

    Raises
    ------
    TypeError
        For a column of another type (dates, nested structures).
    ValueError
        For cells of variable length with more than one axis.
    """
    units = dict(units_of(table) if units is None else units)
    heap = Heap()
    fields = [_encoded_field(table, name, heap) for name in table.dtype.names]
    row = np.dtype([(f"f{i}", f.stored) for i, f in enumerate(fields)])
    cards = [
        ("XTENSION", "BINTABLE", "Binary table"),
        ("BITPIX", 8, "Bits per value"),
        ("NAXIS", 2, "Number of axes"),
        ("NAXIS1", row.itemsize, "Bytes per row"),
        ("NAXIS2", len(table), "Number of rows"),
        ("PCOUNT", heap.size, "Bytes in the heap"),
        ("GCOUNT", 1, "Number of groups"),
        ("TFIELDS", len(fields), "Number of columns"),
    ]
    for n, field in enumerate(fields, 1):
        cards.append((f"TTYPE{n}", field.name, ""))
        cards.append((f"TFORM{n}", field.tform, ""))
        if units.get(field.name):
            cards.append((f"TUNIT{n}", str(units[field.name]), ""))
        if field.tdim:
            cards.append((f"TDIM{n}", field.tdim, ""))
        if field.zero:
            cards += [(f"TSCAL{n}", 1, ""), (f"TZERO{n}", field.zero, "")]
    return cards, _table_blocks(table, fields, row, nulls or {}, heap)


@dataclass(frozen=True, slots=True)
class Field:
    """How a column is written."""

    name: str
    kind: str
    stored: np.dtype
    tform: str
    tdim: str
    zero: int
    places: np.ndarray | None = None  # of the cells in the heap


def _encoded_field(table, name, heap):
    dtype = table.dtype[name]
    if dtype.kind == "O":
        letter, longest, places = heap.put(name, table[name], LETTERS)
        code, stored = ("P", ">i4") if heap.size <= LONGEST_P else ("Q", ">i8")
        tform = f"1{code}{letter}({longest})"
        return Field(name, "O", np.dtype((stored, (2,))), tform, "", 0, places)
    if _is_fits_rec(table):
        cells = table[name]
        dtype = np.dtype((cells.dtype, cells.shape[1:]))
    base, shape = dtype.base, dtype.shape
    kind = base.kind
    if kind in "SU":
        width = max(1, base.itemsize // (4 if kind == "U" else 1))
        tdim = f"({','.join(map(str, (width, *reversed(shape))))})" if shape else ""
        stored = np.dtype((f"S{width}", shape))
        return Field(name, kind, stored, f"{width * math.prod(shape)}A", tdim, 0)
    letter = LETTERS.get(f"{kind}{base.itemsize}")
    if letter is None:
        raise TypeError(f"column {name!r} of {base} cannot be written to a FITS table")
    stored = np.dtype((STORED[letter], shape))
    tdim = f"({','.join(map(str, reversed(shape)))})" if shape else ""
    zero = OFFSETS.get(f"{kind}{base.itemsize}", 0)
    repeat = math.prod(shape)
    return Field(name, kind, stored, letter if not shape else f"{repeat}{letter}", tdim, zero)


def _table_blocks(table, fields, row, nulls, heap):
    step = max(1, BLOCK // max(row.itemsize, 1))
    for at in range(0, len(table) if row.itemsize else 0, step):
        part = table[at : at + step]
        rows = np.zeros(len(part), row)
        for i, field in enumerate(fields):
            mask = nulls.get(field.name)
            if field.places is not None:
                rows[f"f{i}"] = field.places[at : at + step]
                continue
            rows[f"f{i}"] = _stored_cells(field, part[field.name])
            if mask is not None:
                rows[f"f{i}"][mask[at : at + step]] = b"\0"
        yield memoryview(rows.view("u1"))
    yield from heap.blocks()


def _stored_cells(field, cells):
    """Turn cells into those of the file."""
    if field.kind == "b":
        return np.where(cells, b"T", b"F")
    if field.kind == "U":
        return _ascii(np.asarray(cells))
    if field.zero:
        bits = np.dtype(f"u{cells.dtype.itemsize}")
        turned = np.asarray(cells).astype(cells.dtype.newbyteorder("=")).view(bits)
        turned = turned ^ bits.type(1 << (8 * bits.itemsize - 1))
        return turned.view(field.stored.base.newbyteorder("="))
    return cells


def _ascii(texts):
    """Encode texts; characters outside ASCII become ``?``."""
    try:
        return texts.astype("S")
    except UnicodeEncodeError:
        return np.strings.encode(texts, "ascii", "replace")


def _is_fits_rec(table):
    return hasattr(table, "_coldefs")


def units_of(table):
    """Return {column: unit} of a `TableArray` or ``FITS_rec``, {} for other tables."""
    known = getattr(table, "units", None)
    if isinstance(known, dict):
        return {name: known[name.upper()] for name in table.dtype.names if name.upper() in known}
    if not _is_fits_rec(table):
        return {}
    return {c.name: c.unit for c in table.columns if c.unit}

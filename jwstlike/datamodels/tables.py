"""Binary tables: columns of a FITS HDU to structured arrays and back.

References
----------
FITS standard 4.0, section 7.3.
"""

import copy
import math
import re
from dataclasses import dataclass

import numpy as np

from ..errors import FileFormatError
from .foreign import AstropyRef
from .sources import BLOCK, fill
from .table_array import TableArray, Waiting, as_table
from .table_parts import LETTERS, tform
from .texts import as_texts, decoded, encoded, letters_of
from .variable_length import LONGEST_P, Heap

# TFORM letter -> stored dtype
STORED = {
    "L": "S1", "X": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "A": "S",
    "E": ">f4", "D": ">f8", "C": ">c8", "M": ">c16", "P": ">i4", "Q": ">i8",
}  # fmt: skip
OFFSETS = {"i1": -(2**7), "u2": 2**15, "u4": 2**31, "u8": 2**63}
MEANT = {("B", -(2**7)): "i1", ("I", 2**15): "u2", ("J", 2**31): "u4", ("K", 2**63): "u8"}
WIDE_ROW = 1 << 14  # bytes; in wider rows a single column is read by jumping
LARGE = 1 << 20  # bytes; larger tables in a file are read column by column

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

    @property
    def is_plain(self):
        """Whether stored cells are values, but for the order of their bytes."""
        return (self.scale, self.zero, self.null) == (1, 0, None) and self.letter in "BIJKEDCM"

    def undefined(self, cells):
        """Return where stored cells are undefined; None where they cannot be, or are NaN."""
        if self.letter == "L":
            return (cells != b"T") & (cells != b"F")
        if self.null is None or self.dtype.base.kind not in "iu":
            return None
        return cells == self.null

    @property
    def meant_null(self):
        """What an undefined cell has in the place of a value."""
        return False if self.letter == "L" else int(self.null) + int(self.zero)

    def convert(self, cells):
        """Turn stored cells into values of `dtype`."""
        if self.letter == "L":
            return cells == b"T"
        if self.letter == "X":
            return np.unpackbits(cells, axis=-1, count=self.bits).view(bool)
        if self.letter == "A":
            return decoded(cells)
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
        """Return the table; a large one in a file is read column by column, when asked for.

        Returns
        -------
        TableArray
            (rows,), with undefined cells masked.

        Raises
        ------
        FileFormatError
            If the data are cut or the file was changed since it was opened.
        """
        if self.has_variable:
            return as_table(super().read(), self.units)
        self._check_size()
        if self.nbytes <= LARGE or self.source.path is None:
            table = TableArray(self.shape, self.read_columns(self.columns), self.units)
        else:
            columns = {n: Waiting(n, c.dtype) for n, c in self.columns.items()}
            table = TableArray(self.shape, columns, self.units, self)
        return table if dtype is None else table.astype(dtype, copy=False)

    def section(self, key, dtype=None):
        """Return ``read()[key]``; only the cells of a column or some rows, where that will do."""
        if isinstance(key, str) and key in self.columns:
            return self.column(key)
        if type(key) is slice and key.step in (None, 1) and not self.has_variable:
            return self._rows(*key.indices(self.shape[0])[:2]).read(dtype)
        return super().section(key, dtype)

    def _rows(self, start, stop):
        """Return a reference to some rows."""
        part, count = copy.copy(self), max(0, stop - start)
        part._shape, part.stored_size = (count,), count * self._row.itemsize
        part.offset += start * self._row.itemsize
        return part

    def column(self, name):
        """Read one column, ``read()[name]``; of wide rows only its bytes."""
        return self.read_columns([name])[name]

    def read_columns(self, names):
        """Read some columns in one pass.

        Returns
        -------
        dict of str to ndarray
            Native; texts as `Texts`, and masked if there are undefined cells.
        """
        if self.has_variable:
            table = self.read()
            return {name: table[name] for name in names}
        columns = {name: self.columns[name] for name in names}
        made = {n: self._empty(c) for n, c in columns.items()}
        plain = [(name, made[name]) for name, c in columns.items() if c.is_plain]
        masks, others = {}, [item for item in columns.items() if not item[1].is_plain]
        for at, rows in self._iter_cells(names):
            part = slice(at, at + len(rows))
            for name, values in plain:
                values[part] = rows[name]
            for name, column in others:
                cells = rows[name]
                made[name][part] = values = column.convert(cells)
                if column.letter == "A" and values.known:
                    made[name].known = made[name].known | values.known
                undefined = column.undefined(cells)
                if undefined is not None and undefined.any():
                    mask = masks.setdefault(name, np.zeros(made[name].shape, bool))
                    mask[part] = undefined
        for name, mask in masks.items():
            made[name] = np.ma.MaskedArray(made[name], mask, fill_value=columns[name].meant_null)
        return made

    def _empty(self, column):
        shape, base = self.shape + column.dtype.shape, column.dtype.base
        if column.letter == "A":
            return as_texts(np.empty(shape, f"U{max(1, base.itemsize)}"))
        return np.empty(shape, base)

    def _iter_cells(self, names):
        """Yield the number of the first row and the stored cells of some columns, by blocks."""
        if len(names) > 1 or self._row.itemsize <= WIDE_ROW:
            yield from self._iter_rows()
            return
        (name,) = names
        stored, start = self._row.fields[name][:2]
        self._check_size()
        cell = np.empty(1, [(name, stored)])
        with self.source.open() as stream:
            for row in range(self.shape[0]):
                stream.seek(self.offset + row * self._row.itemsize + start)
                fill(stream, memoryview(cell.view("u1")))
                yield row, cell

    def _iter_rows(self):
        self._check_size()
        width = self._row.itemsize
        step = max(1, BLOCK // max(width, 1))
        if not width:
            return
        rows = np.empty(min(step, self.shape[0]), self._row)
        with self.source.open() as stream:
            stream.seek(self.offset)
            for at in range(0, self.shape[0], step):
                part = rows[: self.shape[0] - at]
                if fill(stream, memoryview(part.view("u1"))) < part.nbytes:
                    raise FileFormatError(
                        f"{self.source.name}[{self.place}]", "the data are cut", "fetch it again"
                    )
                yield at, part

    def _check_size(self):
        missing = self.offset + self.shape[0] * max(1, self._row.itemsize) - self.source.size
        if missing > 0:
            raise FileFormatError(
                f"{self.source.name}[{self.place}]",
                f"the data are cut: {missing} bytes are missing",
                "fetch the file again",
            )


# ---------------------------------------------------------------- writing


def encode_table(table, units=None):
    """Prepare a table for a FITS binary table.

    Parameters
    ----------
    table : TableArray, structured ndarray or FITS_rec, (rows,)
        Integers, floats, complex numbers, booleans, bytes and texts, with any shape of cells.
        Masked cells are undefined: NUL in logical columns, TNULL in integers, else NaN.
    units : dict of str to str, optional
        Default: those of the table.

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
    table = as_table(table)
    if table.ndim != 1:
        raise ValueError(f"a FITS table has rows along one axis, not along {table.ndim}")
    units = units_of(table) if units is None else units
    heap = Heap()
    fields = [_encoded_field(name, table[name], heap) for name in table.names]
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
        if field.null is not None:
            cards.append((f"TNULL{n}", int(field.null) - field.zero, ""))
    return cards, _table_blocks(len(table), fields, row, heap)


@dataclass(frozen=True, slots=True)
class Field:
    """How a column is written.

    Attributes
    ----------
    name, tform, tdim, zero, null
        As in the cards of the column; `null` is the value that `cells` have there.
    cells : ndarray
        Without mask; of a column of variable length their places in the heap.
    stored : numpy dtype
        In the file, with the shape of a cell.
    """

    name: str
    cells: np.ndarray
    stored: np.dtype
    tform: str
    tdim: str = ""
    zero: int = 0
    null: int | None = None


def _encoded_field(name, column, heap):
    base, shape = column.dtype, column.shape[1:]
    if base.kind == "O":
        letter, longest, places = heap.put(name, column, LETTERS)
        code, stored = ("P", ">i4") if heap.size <= LONGEST_P else ("Q", ">i8")
        return Field(name, places, np.dtype((stored, (2,))), f"1{code}{letter}({longest})")
    if base.kind == "U":
        base = np.dtype(f"S{letters_of(column)}")
    form = tform(base, shape)
    if form is None:
        raise TypeError(f"column {name!r} of {base} cannot be written to a FITS table")
    if base.kind == "S":
        stored, cells, null, axes = base, encoded(column), None, (base.itemsize, *reversed(shape))
    else:
        stored, (cells, null), axes = STORED[form[-1]], _filled(column), reversed(shape)
    tdim = f"({','.join(map(str, axes))})" if shape else ""
    zero = OFFSETS.get(f"{base.kind}{base.itemsize}", 0)
    return Field(name, cells, np.dtype((stored, shape)), form, tdim, zero, null)


def _filled(column):
    """Return the cells of a column with undefined ones as they are written, and TNULL."""
    kind = column.dtype.kind
    if kind == "b":
        return np.where(np.ma.getmaskarray(column), b"\0", np.where(column, b"T", b"F")), None
    if not np.ma.is_masked(column):
        return np.ma.getdata(column), None
    if kind not in "iu":
        return column.filled(np.nan), None
    info, valid = np.iinfo(column.dtype), column.compressed()
    known = (int(column.fill_value), info.min, info.max)
    null = next((n for n in known if info.min <= n <= info.max and n not in valid), None)
    if null is None:
        null = next(n for n in range(info.min, info.max) if n not in valid)
    return column.filled(null), null


def _table_blocks(rows, fields, row, heap):
    step = max(1, BLOCK // max(row.itemsize, 1))
    for at in range(0, rows if row.itemsize else 0, step):
        count = min(step, rows - at)
        block = np.zeros(count, row)
        for i, field in enumerate(fields):
            block[f"f{i}"] = _stored_cells(field, field.cells[at : at + count])
        yield memoryview(block.view("u1"))
    yield from heap.blocks()


def _stored_cells(field, cells):
    """Turn cells into those of the file."""
    if not field.zero:
        return cells
    bits = np.dtype(f"u{cells.dtype.itemsize}")
    turned = np.ascontiguousarray(cells).view(bits) ^ bits.type(1 << (8 * bits.itemsize - 1))
    return turned.view(field.stored.base.newbyteorder("="))


def units_of(table):
    """Return {column: unit} of a `TableArray`."""
    known = table.units or {}
    return {name: known[name.upper()] for name in table.names if name.upper() in known}

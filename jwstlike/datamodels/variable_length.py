"""Columns of a binary table whose cells have different lengths: they lie in the heap.

References
----------
FITS standard 4.0, section 7.3.5.
"""

import numpy as np

LONGEST_P = 2**31 - 1  # bytes of a heap that descriptors of 32 bit reach


class Heap:
    """What the variable-length columns of a table put behind its rows.

    Attributes
    ----------
    size : int
        Bytes so far.
    """

    def __init__(self):
        self.size = 0
        self._cells = []

    def put(self, name, column, letters):
        """Add a column of objects.

        Parameters
        ----------
        name : str
        column : ndarray of object
            One-dimensional arrays, lists or texts.
        letters : dict
            numpy kind and width -> letter of TFORM.

        Returns
        -------
        letter : str
        longest : int
        places : ndarray of int, (rows, 2)
            Number of elements and offset of each cell.

        Raises
        ------
        ValueError
            For cells with more than one axis, or of types that differ or that FITS lacks.
        TypeError for what is no list of values.
        """
        cells = [_as_cell(name, row, cell) for row, cell in enumerate(column)]
        stored, letter = _common(name, [c for c in cells if c.size], letters)
        places = np.zeros((len(cells), 2), "i8")
        for row, cell in enumerate(cells):
            places[row] = cell.size, self.size
            content = (np.where(cell, b"T", b"F") if letter == "L" else cell).astype(stored)
            self._cells.append(content)
            self.size += content.nbytes
        return letter, int(places[:, 0].max(initial=0)), places

    def blocks(self):
        """Yield the bytes."""
        for cell in self._cells:
            yield memoryview(cell.view("u1"))


def _as_cell(name, row, cell):
    if isinstance(cell, (str, bytes)):
        octets = cell.encode("ascii", "replace") if isinstance(cell, str) else cell
        return np.frombuffer(octets, "S1")
    cell = np.asarray([] if cell is None else cell)
    if cell.dtype.kind == "U" and cell.dtype.itemsize == 4:  # a text, letter by letter
        cell = np.strings.encode(cell, "ascii", "replace")
    if not cell.ndim:
        raise TypeError(f"column {name!r} of objects cannot be written to a FITS table")
    if cell.ndim > 1:
        raise ValueError(
            f"column {name!r}, row {row}: a cell of variable length has one axis, not {cell.ndim}"
        )
    return cell


def _common(name, cells, letters):
    """Return the stored dtype and the letter that all cells fit into."""
    kinds = {"text" if c.dtype.kind == "S" else "number" for c in cells}
    if len(kinds) > 1:
        raise ValueError(f"column {name!r}: texts and numbers are mixed")
    if "text" in kinds:
        return np.dtype("S1"), "A"
    dtype = np.result_type(*{c.dtype for c in cells}) if cells else np.dtype("i4")
    if dtype.kind == "u" and dtype.itemsize > 1:  # kept exactly by the next signed type
        dtype = np.dtype("i8")
    elif dtype == np.int8:
        dtype = np.dtype("i2")
    letter = letters.get(f"{dtype.kind}{dtype.itemsize}")
    if letter is None:
        raise ValueError(f"column {name!r}: cells of {dtype} cannot be written to a FITS table")
    return np.dtype("S1") if letter == "L" else dtype.newbyteorder(">"), letter

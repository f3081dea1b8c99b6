"""Binary blocks of ASDF files and the arrays in them, read when asked for.

References
----------
ASDF standard 1.6.0, "Low-level file layout" and the schema ``core/ndarray-1.1.0``.
"""

import bz2
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from ..errors import FileFormatError
from .arrays import ArrayRef
from .lazy_array import LazyArray
from .sources import Source
from .table_array import TableArray, as_table

MAGIC = b"\xd3BLK"
HEADER = struct.Struct(">I4sQQQ16s")  # flags, compression, allocated, used, data size, MD5
STREAMED = 1
INDEX = b"#ASDF BLOCK INDEX"
GAP = 1 << 16  # longest filling between tree and first block that is searched

DATATYPES = {
    "int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8", "uint8": "u1", "uint16": "u2",
    "uint32": "u4", "uint64": "u8", "float16": "f2", "float32": "f4", "float64": "f8",
    "complex64": "c8", "complex128": "c16", "bool8": "b1",
}  # fmt: skip
TEXTS = {"ascii": "S", "ucs4": "U"}
NAMES = {code: name for name, code in DATATYPES.items()}


def of_columns(datatype, word, kind):
    """Return what an ASDF datatype tells of its columns beyond the standard.

    Parameters
    ----------
    datatype : list or str
    word : str
        "unit" or "mask" (of undefined cells); readers that do not know it pass it by.
    kind : type
        Of a valid value.

    Returns
    -------
    dict
        {name of the column: value}.
    """
    fields = datatype if isinstance(datatype, list) else ()
    named = (f for f in fields if isinstance(f, dict))
    return {f["name"]: f[word] for f in named if isinstance(f.get(word), kind) and "name" in f}


def to_dtype(datatype, byteorder="big"):
    """Turn an ASDF datatype into a numpy dtype.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> to_dtype(["ascii", 3]), to_dtype("int16", "big")
    (dtype('S3'), dtype('>i2'))
    """
    order = {"big": ">", "little": "<"}.get(byteorder)
    if order is None:
        raise ValueError(f"byteorder {byteorder!r}")
    if isinstance(datatype, str) and datatype in DATATYPES:
        return np.dtype(order + DATATYPES[datatype])
    if isinstance(datatype, list):
        if len(datatype) == 2 and isinstance(datatype[0], str) and datatype[0] in TEXTS:
            return np.dtype(f"{order}{TEXTS[datatype[0]]}{int(datatype[1])}")
        return np.dtype([_to_field(f, i, byteorder) for i, f in enumerate(datatype)])
    raise ValueError(f"datatype {datatype!r}")


def _to_field(field, number, byteorder):
    if not isinstance(field, dict):
        return f"f{number}", to_dtype(field, byteorder)
    dtype = to_dtype(field["datatype"], field.get("byteorder", byteorder))
    return str(field.get("name") or f"f{number}"), dtype, tuple(field.get("shape", ()))


def from_dtype(dtype):
    """Turn a numpy dtype into an ASDF datatype and byte order.

    Raises
    ------
    TypeError
        For types that ASDF does not have.
    """
    order = "little" if dtype.str[0] == "<" else "big"
    if dtype.names is not None:
        return [_from_field(name, dtype.fields[name][0]) for name in dtype.names], "big"
    if dtype.kind == "S":
        return ["ascii", dtype.itemsize], "big"
    if dtype.kind == "U":
        return ["ucs4", dtype.itemsize // 4], order
    name = NAMES.get(dtype.str[1:])
    if name is None:
        raise TypeError(f"ASDF has no arrays of {dtype}")
    return name, order


def _from_field(name, dtype):
    datatype, order = from_dtype(dtype.base)
    field = {"name": name, "datatype": datatype, "byteorder": order}
    if dtype.shape:
        field["shape"] = list(dtype.shape)
    return field


@dataclass(frozen=True, slots=True)
class Block:
    """A binary block: where its bytes lie and how they are packed.

    Attributes
    ----------
    source : Source
    offset : int
        Of the first byte of the data.
    used : int
        Bytes in the file.
    size : int
        Bytes after unpacking.
    compression : bytes
        Four letters, or empty.
    checksum : bytes
        As in the file; zeros if it has none.
    """

    source: Source
    offset: int
    used: int
    size: int
    compression: bytes
    checksum: bytes = bytes(16)

    def unpacked(self):
        """Return a source and the offset of the unpacked bytes in it."""
        if not self.compression:
            return self.source, self.offset
        data = self.source.read(self.offset, self.used)
        name = self.source.name
        if len(data) < self.used:
            raise FileFormatError(name, "a compressed block is cut", "fetch the file again")
        return Source(unpack(data, self.compression, self.size, name), name), 0


def unpack(data, kind, size, name):
    """Unpack the bytes of a compressed block to at most `size` bytes.

    Raises
    ------
    FileFormatError
        If they are damaged or the package for their compression is missing.
    """
    try:
        if kind == b"zlib":
            out = zlib.decompressobj().decompress(data, size)
        elif kind == b"bzp2":
            out = bz2.BZ2Decompressor().decompress(data, size)
        elif kind == b"lz4":
            out = _unpack_lz4(data, name)
        else:
            raise FileFormatError(
                name,
                f"a block is compressed by {kind.decode('latin-1')!r}",
                "known are zlib, bzp2 and lz4: write it again with one of them",
            )
    except (ValueError, EOFError, RuntimeError, OSError, zlib.error, struct.error) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(
            name, f"a compressed block is damaged ({error})", "fetch the file again"
        ) from error
    if len(out) != size:
        raise FileFormatError(name, f"a block has {len(out)} bytes unpacked, not {size}", "")
    return out


def _unpack_lz4(data, name):
    """Unpack a chain of chunks, each behind its length in 4 bytes, big-endian."""
    try:
        import lz4.block
    except ImportError:
        raise FileFormatError(
            name, "a block is compressed by lz4", "install the package 'lz4'"
        ) from None
    out, at = [], 0
    while at + 4 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunk = data[at + 4 : at + 4 + length]
        (claimed,) = struct.unpack_from("<I", chunk)
        if claimed > 256 * len(chunk):  # more than the code can shrink; memory is taken for it
            raise ValueError(f"{len(chunk)} bytes cannot unpack to {claimed}")
        try:
            out.append(lz4.block.decompress(chunk))
        except lz4.block.LZ4BlockError as error:
            raise ValueError(error) from error
        at += 4 + length
    return b"".join(out)


def read_blocks(source, start):
    """Find the blocks behind the tree, from byte `start` on; a list of `Block`."""
    blocks = []
    with source.open() as stream:
        stream.seek(start)
        gap = stream.read(GAP) or b""
        at = gap.find(MAGIC)
        if at < 0:
            return blocks
        offset = start + at
        while offset + 6 <= source.size:
            stream.seek(offset)
            head = stream.read(6 + HEADER.size)
            if head[:4] != MAGIC or len(head) < 6 + HEADER.size:
                break
            length = int.from_bytes(head[4:6], "big")
            flags, kind, allocated, used, size, digest = HEADER.unpack_from(head, 6)
            offset += 6 + length
            if flags & STREAMED:
                rest = max(0, source.size - offset)
                blocks.append(Block(source, offset, rest, rest, b""))
                break
            kind = kind.strip(b"\0 ")
            blocks.append(Block(source, offset, used, size if kind else used, kind, digest))
            offset += allocated
    return blocks


MAX_REPEATS = 16  # times the size of its block that a strided array may have


class BlockRef(LazyArray):
    """An array in a block of an ASDF file; the interface is that of `ArrayRef`.

    Parameters
    ----------
    block : Block or callable
        The block, or a function that finds it when it is needed.
    stored : numpy dtype
        As in the file.
    shape : tuple of int
    offset : int
        Of the first element in the block.
    strides : tuple of int, optional
        Bytes; None for C order.
    mask : BlockRef, ndarray, scalar or {name of a column: BlockRef or ndarray}, optional
        Then `read` gives a masked array, or a table with masked columns.
    units : dict of str to str, optional
        Of the columns of a table, by name.
    """

    __slots__ = ("block", "dtype", "mask", "offset", "shape", "stored", "strides", "units")

    def __init__(self, block, stored, shape, offset=0, strides=None, mask=None, units=None):  # noqa: PLR0913, PLR0917
        self.block, self.stored, self.shape = block, stored, tuple(shape)
        self.strides = strides if self.size else None  # those of no elements mean nothing
        self.offset, self.mask, self.units = offset, mask, units or {}
        self.dtype = native_dtype(stored)

    @property
    def nbytes(self):
        """Bytes of the elements."""
        return self.size * self.stored.itemsize

    def _located(self):
        """Return the plain `ArrayRef` of the elements, or of the block if they are strided."""
        block = self.block() if callable(self.block) else self.block
        if not self._fits(block.size):
            raise FileFormatError(
                block.source.name,
                f"an array of {self.stored} {self.shape}"
                + (f" with strides {self.strides}" if self.strides else "")
                + f" does not fit into its block of {block.size} bytes",
                "the file is damaged",
            )
        source, start = block.unpacked()
        if self.strides:
            return ArrayRef(source, start, "u1", (block.size,), "block")
        return ArrayRef(source, start + self.offset, self.stored, self.shape, "block")

    def _fits(self, size):
        """Whether all elements lie in a block, and strides do not repeat it too often."""
        most = MAX_REPEATS * size if self.strides else size
        if self.nbytes > most or (self.size and not self.nbytes):
            return False
        if not self.strides:
            return 0 <= self.offset <= size - self.nbytes
        if len(self.strides) != len(self.shape):
            return False
        # numpy would overflow at absurd strides and read what is not there
        ways = [(n - 1) * step for n, step in zip(self.shape, self.strides, strict=True)]
        first = self.offset + sum(way for way in ways if way < 0)
        last = self.offset + sum(way for way in ways if way > 0) + self.stored.itemsize
        return 0 <= first and last <= size

    def read(self, dtype=None):
        """Read the whole array; see `ArrayRef.read`."""
        ref = self._located()
        if not self.strides:
            data = ref.read(dtype)
        else:
            steps = [s if n > 1 else 0 for n, s in zip(self.shape, self.strides, strict=True)]
            strided = np.ndarray(self.shape, self.stored, ref.read(), self.offset, steps)
            data = np.array(strided, dtype or self.dtype, order="C")
        if self.units:
            data = as_table(data, self.units)
        return data if self.mask is None else _masked(data, self.mask, ref.source.name)

    def section(self, key, dtype=None):
        """Read what ``array[key]`` would give; see `ArrayRef.section`."""
        if self.strides or self.mask is not None:
            return self.read(dtype)[key]
        return self._located().section(key, dtype)

    def raw_blocks(self):
        """Yield the elements' bytes in order, in the byte order of `stored`."""
        if self.strides:
            data = self.read().astype(self.stored, copy=False)
            yield memoryview(np.ascontiguousarray(data).reshape(-1).view("u1"))
        else:
            yield from self._located().raw_blocks()


def _masked(data, mask, name):
    mask = mask.read() if hasattr(mask, "read") else mask
    try:
        if isinstance(mask, dict):
            return _masked_columns(as_table(data), mask)
        if not isinstance(mask, np.ndarray):
            mask = np.isnan(data) if mask != mask else data == mask  # noqa: PLR0124 - NaN
        return np.ma.array(data, mask=mask)
    except (ValueError, TypeError, KeyError, np.ma.MAError) as error:
        raise FileFormatError(name, f"the mask of an array: {error}", "the file is damaged") from (
            error
        )


def _masked_columns(table, masks):
    columns = {name: table[name] for name in table.names}
    for name, mask in masks.items():
        mask = mask.read() if hasattr(mask, "read") else mask
        columns[name] = np.ma.array(columns[name], mask=mask)
    return TableArray(table.shape, columns, table.units)


def native_dtype(dtype):
    """Return `dtype` in the machine's byte order, fields included."""
    if dtype.names is None:
        return np.dtype((dtype.base.newbyteorder("="), dtype.shape))
    return np.dtype([(n, native_dtype(dtype.fields[n][0])) for n in dtype.names])

"""Lazy arrays: where the data of an image lie and how to read, cut and write them.

Data pass through blocks that fit the cache, so that reading casts, scales and swaps bytes
without a second copy of the whole array.

References
----------
FITS standard 4.0, sections 4.4.2.5 (BSCALE, BZERO, BLANK) and 5.2.5 (unsigned integers).
"""

import numpy as np

from ..errors import FileFormatError
from .fits_scan import MAX_NAXIS
from .foreign import AstropyRef
from .lazy_array import LazyArray, native
from .sources import BLOCK, fill
from .tables import TableRef

BITPIX_DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
OFFSET_DTYPES = {  # stored integer and BZERO -> what is meant (FITS 4.0, table 11)
    ("u", 1, -128): "i1",
    ("i", 2, 2**15): "u2",
    ("i", 4, 2**31): "u4",
    ("i", 8, 2**63): "u8",
}
SCALE_DTYPES = {"u1": "f4", "i2": "f4", "i4": "f8", "i8": "f8", "f4": "f4", "f8": "f8"}
RUN = 1 << 20  # longest piece that `section` reads at once to pick from, bytes


NO_SCALING = (1, 0, None)
SCALING_CARDS = (b"BSCALE  ", b"BZERO   ", b"BLANK   ")


class ArrayRef(LazyArray):
    """An array in a file that is read when asked for.

    Parameters
    ----------
    source : Source
    offset : int
        Of the first byte of the data.
    stored : numpy dtype
        As in the file, with its byte order.
    shape : tuple of int
    place : str
        HDU, for messages: ``SCI,1``.
    scaling : tuple, optional
        BSCALE, BZERO and BLANK (None if there is none, or the stored values are floats).

    Attributes
    ----------
    dtype : numpy dtype
        Of the result, native: unsigned integers where BZERO says so; float32 (stored 8 or 16
        bit) or float64 where there is another scaling or BLANK, which reads as NaN.
    hdu : int
        Number of the HDU; only set for arrays of FITS files.
    """

    __slots__ = ("dtype", "hdu", "offset", "place", "scaling", "shape", "source", "stored")

    def __init__(self, source, offset, stored, shape, place="", scaling=(1, 0, None)):
        self.source, self.offset, self.place = source, offset, place
        self.stored, self.shape = np.dtype(stored), tuple(shape)
        self.scaling = scaling
        self.dtype = self._result_dtype()

    def _result_dtype(self):
        scale, zero, _ = self.scaling
        plain = self.stored.newbyteorder("=")
        if not self.is_scaled:
            return plain
        offset = OFFSET_DTYPES.get((plain.kind, plain.itemsize, zero)) if scale == 1 else None
        return np.dtype(offset or SCALE_DTYPES[plain.str[1:]])

    @property
    def nbytes(self):
        """Bytes in the file."""
        return self.size * self.stored.itemsize

    @property
    def is_scaled(self):
        """Whether values are other numbers than those stored."""
        scale, zero, blank = self.scaling
        return scale != 1 or zero != 0 or blank is not None

    def read(self, dtype=None):
        """Read the whole array.

        Parameters
        ----------
        dtype : numpy dtype, optional
            Cast to it while reading (values wrap as in ``ndarray.astype``).

        Returns
        -------
        ndarray
            Native byte order, C-contiguous, writable.

        Raises
        ------
        FileFormatError
            If the data are cut or the file was changed since it was opened.
        """
        self._check_size()
        out = np.empty(self.shape, self._target(dtype))
        with self.source.open() as stream:
            stream.seek(self.offset)
            self._read_run(stream, out.reshape(-1))
        return out

    def section(self, key, dtype=None):
        """Read what ``array[key]`` would give, and little more.

        Parameters
        ----------
        key : int, slice, Ellipsis or tuple of them
            Anything else that numpy takes reads the whole array first.
        """
        self._check_size()
        slices, key_after = _normal_key(key, self.shape)
        if not slices:  # a key for numpy, or no axes
            return self.read(dtype)[key]
        counts = tuple(len(range(*s)) for s in slices)
        out = np.empty(counts, self._target(dtype))
        if out.size:
            with self.source.open() as stream:
                self._read_box(stream, slices, out)
        return out[key_after]

    def raw_blocks(self):
        """Yield the stored bytes in order, for a copy byte for byte."""
        self._check_size()
        return self.source.blocks(self.offset, self.nbytes)

    # ------------------------------------------------------------ inside

    def _target(self, dtype):
        return self.dtype if dtype is None else np.dtype(dtype).newbyteorder("=")

    def _check_size(self):
        missing = self.offset + self.nbytes - self.source.size
        if missing > 0:
            raise FileFormatError(
                f"{self.source.name}[{self.place}]",
                f"the data are cut: {missing} of {self.nbytes} bytes are missing",
                "fetch the file again",
            )

    def _read_run(self, stream, out):
        """Fill the flat `out` with the values that follow at the place of `stream`."""
        stored, plain = self.stored, self.stored.newbyteorder("=")
        direct = out.dtype == plain and not self.is_scaled
        step = max(1, BLOCK // max(1, stored.itemsize))
        count = min(step, max(out.size, 1))
        foreign = None if stored == plain else np.empty(count, stored)
        scratch = None if direct else np.empty(count, plain)
        for at in range(0, out.size, step):
            part = out[at : at + step]
            block = part if direct else scratch[: part.size]
            landing = block if foreign is None else foreign[: part.size]
            if fill(stream, memoryview(landing.view("u1"))) < landing.nbytes:
                raise FileFormatError(
                    f"{self.source.name}[{self.place}]", "the data are cut", "fetch it again"
                )
            if foreign is not None:
                np.copyto(block, landing)  # swaps bytes faster than `byteswap` in place
            if not direct:
                self._convert(block, part)

    @np.errstate(over="ignore", invalid="ignore")  # e.g. NaN as an integer
    def _convert(self, block, out):
        """Scale the native stored values of `block` into `out`; `block` may be changed."""
        scale, zero, blank = self.scaling
        if not self.is_scaled:
            np.copyto(out, block, casting="unsafe")
        elif self.dtype.kind in "iu":
            bits = block.view(f"u{block.itemsize}")
            bits ^= bits.dtype.type(1 << (8 * block.itemsize - 1))
            np.copyto(out, bits.view(self.dtype), casting="unsafe")
        else:
            values = block.astype(self.dtype)
            if scale != 1:
                values *= self.dtype.type(scale)
            if zero != 0:
                values += self.dtype.type(zero)
            if blank is not None:
                values[block == blank] = np.nan
            np.copyto(out, values, casting="unsafe")

    def _read_box(self, stream, slices, out):
        """Fill `out`; runs along the last axes are read as one and cut in memory."""
        axis, run = len(self.shape), self.stored.itemsize
        while axis and (run * self.shape[axis - 1] <= RUN or axis == len(self.shape)):
            axis -= 1
            run *= self.shape[axis]
        full = [_is_full(s, n) for s, n in zip(slices, self.shape, strict=True)]
        while axis and all(full[axis:]):
            axis -= 1
            run *= self.shape[axis]
        inner = slices[axis]
        rows = range(*inner)
        low, high = min(rows[0], rows[-1]), max(rows[0], rows[-1]) + 1
        stride = run // self.shape[axis]
        cut = tuple(slice(*s) for s in slices[axis + 1 :])
        straight = all(full[axis + 1 :]) and inner[2] == 1
        tail = self.shape[axis + 1 :]
        pieces = None if straight else np.empty((high - low, *tail), out.dtype)
        for index in np.ndindex(*out.shape[:axis]):
            start = 0
            for place, (first, _, step), length in zip(index, slices, self.shape, strict=False):
                start = start * length + first + place * step
            stream.seek(self.offset + start * run + low * stride)
            if straight:
                self._read_run(stream, out[index].reshape(-1))
            else:
                self._read_run(stream, pieces.reshape(-1))
                out[index] = pieces[(_stepped(rows, low), *(_open_end(s) for s in cut))]


def _is_full(part, length):
    return part == (0, length, 1)


def _stepped(rows, low):
    return _open_end(slice(rows.start - low, rows.stop - low, rows.step))


def _open_end(part):
    """Make a slice with a stop of -1 (a negative step down to 0) mean what range means."""
    return slice(part.start, None, part.step) if part.stop < 0 else part


def _normal_key(key, shape):
    """Turn a key into (start, stop, step) per axis and the index that drops integer axes."""
    key = key if isinstance(key, tuple) else (key,)
    if any(not isinstance(k, (int, np.integer, slice, type(Ellipsis))) for k in key):
        return None, None
    if any(isinstance(k, (bool, np.bool_)) for k in key):
        return None, None
    dots = [i for i, k in enumerate(key) if k is Ellipsis]
    if len(dots) > 1 or len(key) - len(dots) > len(shape):
        raise IndexError(f"too many indices for an array of shape {shape}")
    at = dots[0] if dots else len(key)
    fill_up = (slice(None),) * (len(shape) - len(key) + len(dots))
    key = key[:at] + fill_up + key[at + 1 :]
    slices, after = [], []
    for part, length in zip(key, shape, strict=True):
        if isinstance(part, slice):
            slices.append(part.indices(length))
            after.append(slice(None))
            continue
        place = int(part) + (length if part < 0 else 0)
        if not 0 <= place < length:
            raise IndexError(f"index {int(part)} is out of bounds for an axis of size {length}")
        slices.append((place, place + 1, 1))
        after.append(0)
    return slices, tuple(after)


def array_ref(index, hdu):
    """Return a lazy reference to the data of an HDU, None if it has none.

    Parameters
    ----------
    index : FitsIndex
    hdu : HduIndex

    Returns
    -------
    ArrayRef, TableRef or AstropyRef
    """
    if hdu.problem:
        return AstropyRef(index.source, hdu)
    if not hdu.shape:
        return None
    if hdu.kind == "BINTABLE":
        return _guarded(index, hdu, _table_ref(index.source, hdu))
    if hdu.kind not in ("PRIMARY", "IMAGE") or hdu.is_groups:
        return _guarded(index, hdu, AstropyRef(index.source, hdu))
    ref = ArrayRef(
        index.source,
        hdu.data_offset,
        BITPIX_DTYPES[hdu.bitpix],
        hdu.shape,
        hdu.place,
        _scaling(hdu, hdu.bitpix),
    )
    ref.hdu = hdu.number
    return ref


def _guarded(index, hdu, ref):
    """Keep astropy from counting to absurd numbers in this HDU or one that it meets before."""
    if type(ref) is AstropyRef or ref.has_variable:
        for met in index.hdus[: hdu.number + 1]:
            for keyword in ("TFIELDS", "ZNAXIS"):
                count = met.get(keyword)
                if isinstance(count, (int, float)) and count > MAX_NAXIS:
                    ref.problem = f"{keyword} = {count} in {met.place}"
    return ref


def _table_ref(source, hdu):
    try:
        if hdu.get("ZIMAGE") is True:
            bitpix = hdu.get("ZBITPIX")
            naxis = min(hdu.get("ZNAXIS"), MAX_NAXIS)
            shape = tuple(hdu.get(f"ZNAXIS{i}") for i in range(naxis, 0, -1))
            if not all(isinstance(n, int) and n >= 0 for n in shape):
                return AstropyRef(source, hdu)
            made = ArrayRef(source, 0, BITPIX_DTYPES[bitpix], shape, "", _scaling(hdu, bitpix))
            return AstropyRef(source, hdu, made.dtype, shape)
        if hdu.get("ZTABLE") is not True and len(hdu.shape) == 2:
            return TableRef(source, hdu)
    except (ValueError, TypeError, KeyError, OverflowError):
        pass  # astropy says what is wrong with it when it is read
    return AstropyRef(source, hdu)


def _scaling(hdu, bitpix):
    """Return BSCALE, BZERO and BLANK; values that are no numbers count as absent."""
    if hdu.is_plain and hdu.first.keys().isdisjoint(SCALING_CARDS):
        return NO_SCALING
    scale, zero, blank = hdu.get("BSCALE", 1), hdu.get("BZERO", 0), hdu.get("BLANK")
    scale = scale if isinstance(scale, (int, float)) else 1
    zero = zero if isinstance(zero, (int, float)) else 0
    return scale, zero, blank if isinstance(blank, int) and bitpix > 0 else None


# ---------------------------------------------------------------- writing


def encode_image(array):
    """Prepare an array for a FITS image.

    Parameters
    ----------
    array : ndarray
        Integers, floats or booleans (written as 0 and 1 of 8 bit); float16 is widened to
        float32, longer floats are rounded to float64.

    Returns
    -------
    bitpix : int
    cards : list of (keyword, value, comment)
        BSCALE and BZERO if values are offset, else empty.
    blocks : iterator of bytes-like
        Big-endian data, C order, without filling; each at most 1 MB.

    Raises
    ------
    TypeError
        For complex numbers, texts, structures and objects.
    """
    array = np.asanyarray(array)
    kind, width = array.dtype.kind, array.dtype.itemsize
    zero = 0
    if kind == "f":
        stored = ">f4" if width <= 4 else ">f8"
    elif kind == "b" or (kind, width) == ("u", 1):
        stored = "u1"
    elif kind == "i" and width > 1:
        stored = f">i{width}"
    elif kind in "iu":
        stored, zero = (f">i{width}", 1 << (8 * width - 1)) if kind == "u" else ("u1", -128)
    else:
        raise TypeError(f"an array of {array.dtype} cannot be written as a FITS image")
    stored = np.dtype(stored)
    bitpix = 8 * stored.itemsize * (-1 if stored.kind == "f" else 1)
    cards = [("BSCALE", 1, ""), ("BZERO", zero, "")] if zero else []
    return bitpix, cards, _stored_blocks(array, stored, bool(zero))


def flat_blocks(array, count):
    """Yield the elements in C order in contiguous flat pieces of at most `count`."""
    if array.flags.c_contiguous:
        flat = array.reshape(-1)
        for at in range(0, flat.size, count):
            yield flat[at : at + count]
    elif array.ndim > 1 and array[0].size <= count:
        rows = max(1, count // max(1, array[0].size))
        for at in range(0, len(array), rows):
            yield np.ascontiguousarray(array[at : at + rows]).reshape(-1)
    elif array.ndim > 1:
        for row in array:
            yield from flat_blocks(row, count)
    else:
        for at in range(0, array.size, count):
            yield np.ascontiguousarray(array[at : at + count])


def _stored_blocks(array, stored, offset):
    """Yield the bytes of `array` as `stored`; with `offset` the sign bit is turned."""
    count = max(1, BLOCK // max(stored.itemsize, array.dtype.itemsize))
    for block in flat_blocks(np.asarray(array), count):
        if offset:
            bits = np.dtype(f"u{stored.itemsize}")
            block = native(block).view(bits) ^ bits.type(1 << (8 * bits.itemsize - 1))
            stored = bits.newbyteorder(">")
        block = block.astype(stored, copy=False)
        yield memoryview(block.view("u1"))

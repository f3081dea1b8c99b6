"""Data that astropy reads for us: compressed images, random groups, odd tables."""

import io

from ..errors import FileFormatError
from .hcompress import check_tiles
from .lazy_array import LazyArray
from .quiet import quiet
from .table_array import as_table


class AstropyRef(LazyArray):
    """Data of an unusual HDU, read by astropy when asked for.

    The interface is that of `jwstlike.datamodels.arrays.ArrayRef`.

    Parameters
    ----------
    source : Source
    hdu : HduIndex
    dtype, shape : optional
        As far as the header tells them; else found by reading.
    """

    __slots__ = (
        "_dtype", "_shape", "algorithm", "hdu", "offset", "place", "problem", "source",
        "stored_size",
    )  # fmt: skip

    def __init__(self, source, hdu, dtype=None, shape=None):
        self.source, self.hdu, self.place = source, hdu.number, hdu.place
        self.offset, self.stored_size = hdu.data_offset, hdu.data_size
        self._dtype, self._shape = dtype, shape
        self.problem, self.algorithm = hdu.problem, hdu.get("ZCMPTYPE")

    @property
    def dtype(self):
        """Dtype of the result, native."""
        if self._dtype is None:
            self._learn()
        return self._dtype

    @property
    def shape(self):
        """Axes in numpy's order."""
        if self._shape is None:
            self._learn()
        return self._shape

    def _learn(self):
        data = self.read()
        self._dtype, self._shape = data.dtype, data.shape

    @property
    def nbytes(self):
        """Bytes in the file."""
        return self.stored_size

    def __repr__(self):
        return f"<{type(self).__name__} {self.place}>"

    def read(self, dtype=None):
        """Read the whole; see `ArrayRef.read`."""
        data = self.read_hdu(_plain_data)
        return data if dtype is None else data.astype(dtype, copy=False)

    def raw_blocks(self):
        """Yield the stored bytes in order, for a copy byte for byte."""
        return self.source.blocks(self.offset, self.stored_size)

    def read_hdu(self, action):
        """Return ``action(astropy HDU)`` while the file is open."""
        import astropy.io.fits as afits
        from astropy.utils.exceptions import AstropyWarning

        if self.problem:
            raise FileFormatError(
                f"{self.source.name}[{self.place}]",
                f"the data cannot be located ({self.problem})",
                "the header is damaged",
            )
        with self.source.open() as stream, quiet(AstropyWarning):
            try:
                if str(self.algorithm).startswith("HCOMPRESS"):
                    options = {"memmap": False, "disable_image_compression": True}
                    with afits.open(self._where(stream, whole=True), **options) as hdulist:
                        check_tiles(hdulist[self.hdu])
                with afits.open(self._where(stream), memmap=False) as hdulist:
                    return action(hdulist[self.hdu])
            except Exception as error:
                if isinstance(error, OSError) and error.errno is not None:  # of the system
                    raise OSError(error.errno, error.strerror, self.source.name) from error
                raise FileFormatError(
                    f"{self.source.name}[{self.place}]",
                    f"the data cannot be read ({type(error).__name__}: {error})",
                    "the HDU is damaged, or its coding is not supported",
                ) from error

    def _where(self, stream, whole=False):
        """Return what astropy opens: of a remote file it reads only the parts that it asks for."""
        if self.source.path is not None:
            return self.source.path
        stream.seek(0)
        is_read_here = whole or not self.source.is_remote
        return io.BytesIO(stream.read()) if is_read_here else stream


def _plain_data(hdu):
    """Return the data of an astropy HDU, whole and in native byte order."""
    data = hdu.data
    if data is None:
        raise ValueError("there are no data")
    if data.dtype.names is None:
        return data.astype(data.dtype.newbyteorder("="), order="C", copy=False)
    return as_table(data)  # cells of variable length are fetched while the file is open

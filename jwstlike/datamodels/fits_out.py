"""The HDUs of a file to be written: copies of those of the source, changed or new ones."""

from . import validate
from .bindings import PRIMARY
from .fits_cards import CARD, format_card
from .fits_data import BLOCK, ArrayData, image_layout, table_layout
from .fits_header import Header, datasum, renew_checksums
from .fits_scan import RECORD
from .table_array import as_table
from .texts import are_encodable


class OutHdu:
    """One HDU to be written.

    Attributes
    ----------
    header : Header
    source : HduIndex or None
        Where it comes from.
    data : SourceData, ArrayData or None
    extname, extver
    """

    def __init__(self, extname, extver=None, source=None, data=None):
        self.extname, self.extver, self.source, self.data = extname, extver, source, data
        self._header = None
        if source is None:
            self._header = Header()
            self._begin()

    @property
    def header(self):
        """Its cards; those of the source are looked at when somebody asks."""
        if self._header is None:
            self._header = Header(self.source.cards)
        return self._header

    @header.setter
    def header(self, header):
        self._header = header

    @property
    def is_copy(self):
        """Whether it is written as it stands in the source."""
        is_same = self._header is None or not self._header.changed
        return self.source is not None and is_same and _has_plain_end(self.source.raw)

    def _begin(self):
        primary = self.extname == PRIMARY
        self.header.replace_layout(image_layout(None, primary)[0])
        if primary:
            self.header.append(format_card("EXTEND", True))
        elif self.extname:
            self.header.append(format_card("EXTNAME", self.extname, "extension name"))

    def set_data(self, array, spec=None):
        """Give it new data; return whether other cards describe them."""
        if array.dtype.fields is not None:
            _warn_of_letters(self.extname, array)
            cards, blocks, nbytes = table_layout(array, spec, self.header.column_units())
        else:
            cards, blocks, nbytes = image_layout(array, self.extname == PRIMARY)
        is_other = self.header.replace_layout(cards)
        if self.source is None and self.extver is not None and "EXTVER" not in self.header:
            self.header.append(format_card("EXTVER", self.extver, "extension value"))
        self.data = ArrayData(blocks, nbytes)
        self.header.changed = True
        return is_other

    def header_bytes(self):
        """Return the header with its filling."""
        return bytes(self.source.raw) if self.is_copy else self.header.tobytes()

    def blocks(self):
        """Yield header, data and filling."""
        yield self.header_bytes()
        if self.data is not None:
            yield from self.data.blocks()
            yield b"\0" * (-self.data.nbytes % RECORD)

    def finish(self):
        """Renew the checksums if anything changed."""
        header = self._header
        if header is not None and header.changed and ("CHECKSUM" in header or "DATASUM" in header):
            renew_checksums(header, 0 if self.data is None else datasum(self.data.blocks()))


def file_blocks(hdus):
    """Yield the bytes of a list of `OutHdu`; neighbours that nobody changed come as one stretch."""
    source, start, stop = None, 0, 0
    for out in hdus:
        hdu = out.source
        is_whole = out.is_copy and hdu.end <= hdu.source.size
        if is_whole and hdu.source is source and hdu.header_offset == stop:
            stop = hdu.end
            continue
        if source is not None:
            yield from source.blocks(start, stop - start, BLOCK)
        if is_whole:
            source, start, stop = hdu.source, hdu.header_offset, hdu.end
        else:
            source = None
            yield from out.blocks()
    if source is not None:
        yield from source.blocks(start, stop - start, BLOCK)


def _has_plain_end(raw):
    """Whether a header of the source ends with END and blanks, as one that is written anew."""
    text = raw.rstrip()
    return text.endswith(b"END") and len(text) % CARD == len("END")


def _warn_of_letters(extname, table):
    """Warn of texts in a table that FITS, which knows ASCII only, cannot hold."""
    for column in as_table(table).columns:
        if column.array.dtype.kind == "U" and not are_encodable(column.array):
            validate.warn(
                f"{extname}: column {column.name!r}: '?' is written for letters not in ASCII"
            )

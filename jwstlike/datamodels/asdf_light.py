"""ASDF files of plain values and arrays, read and written without the asdf package.

Loading asdf and its plug-ins costs most of a second in a fresh process; a tree of dicts, lists,
scalars and arrays needs none of them. Nodes under unknown tags are carried as `TaggedDict`,
`TaggedList` and `TaggedStr`; a value that only asdf can write raises `NeedsAsdf`.

References
----------
ASDF standard 1.6.0, https://asdf-standard.readthedocs.io
"""

import datetime
import hashlib
import re
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import numpy as np

from .. import __version__
from ..errors import FileFormatError, MissingFileError
from . import validate
from .arrays import flat_blocks
from .asdf_blocks import HEADER, INDEX, MAGIC, Block, BlockRef, from_dtype, read_blocks
from .asdf_emit import SIMPLE, Emitter
from .asdf_nodes import CORE, ArrayNode, FitsSource, NeedsAsdf, TaggedDict, TaggedList, TaggedStr
from .asdf_parse import UPDATE, TreeBuilder, TreeError
from .casting import is_array, is_lazy, plain_scalar
from .sources import BLOCK, Source
from .table_array import TableArray, as_table

__all__ = [
    "FitsSource",
    "NeedsAsdf",
    "TaggedDict",
    "TaggedList",
    "TaggedStr",
    "dump",
    "link_node",
    "load",
]

FIRST_LINES = "#ASDF 1.0.0\n#ASDF_STANDARD {}\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n"
CHUNK = 1 << 16
MAX_TREE = 1 << 28  # longest YAML text that is read, bytes
TAGGED_KEYS = ("asdf_library", "history")
KNOWN_TAGS = tuple(
    f"{CORE}{name}-1." for name in ("software", "history_entry", "extension_metadata")
)
LAST_KNOWN = {"ASDF": (1, 0), "ASDF_STANDARD": (1, 6)}
_VERSION = re.compile(rb"^#(ASDF|ASDF_STANDARD) (\d+\.\d+\.\d+)", re.MULTILINE)
_END = re.compile(rb"\r?\n\.\.\.[ \t]*(?:\r?\n|$)")
_REMEDY = "give an ASDF or FITS file"
DESCRIPTOR = np.dtype((">i4", (2,)))  # what FITS has in the rows for cells of variable length
NUMBERS = (bool, int, float, complex, np.generic)
LEAVES = (*NUMBERS, str, bytes, set, frozenset, datetime.date, FitsSource)
_CUT = "the file is truncated: its tree has no end marker '...'"


# ---------------------------------------------------------------- reading


def load(where, lazy=True, name=None):
    """Read an ASDF file.

    Parameters
    ----------
    where : path, bytes, binary file object or Source
    lazy : bool
        Leave arrays in blocks as `BlockRef`; False reads them at once.
    name : str, optional
        Name for messages.

    Returns
    -------
    tree : dict
        Arrays as references, links into FITS as `FitsSource`; software and history entries as
        plain dicts, unknown tags carried.
    blocks : list of Block

    Raises
    ------
    FileFormatError
        If it is no ASDF file or is damaged.
    """
    try:
        source = Source.of(where, name)
    except FileNotFoundError:
        raise MissingFileError(where) from None
    text, end, versions = _read_tree_text(source)
    blocks = read_blocks(source, end)
    builder = TreeBuilder(lambda number: _find_block(number, blocks, source))
    try:
        for what, version in versions:
            builder.note_version(f"{what} ", version, LAST_KNOWN[what])
        tree = builder.build(text) if text else {}
    except TreeError as error:
        if text and error.remedy != UPDATE and not _END.search(text):
            raise FileFormatError(source.name, _CUT, "fetch it again") from error
        raise FileFormatError(source.name, str(error), error.remedy) from error
    if text and not _END.search(text):
        validate.warn(f"{source.name}: {_CUT}; what is left is used")
    if builder.newer:
        newer = ", ".join(sorted(builder.newer))
        validate.warn(
            f"{source.name}: {newer} is newer than what is known here; read as its older form"
        )
    if tree is None:
        tree = {}
    if not isinstance(tree, dict):
        raise FileFormatError(source.name, "the tree is no mapping", "the file is damaged")
    tree = {key: _plain(value) if key in TAGGED_KEYS else value for key, value in tree.items()}
    return (tree if lazy else _read_all(tree, {})), blocks


def _plain(value):
    """Copy what asdf itself writes without the tags that it has at its place."""
    if isinstance(value, dict):
        made = {key: _plain(child) for key, child in value.items()}
    elif isinstance(value, list):
        made = [_plain(child) for child in value]
    else:
        return value
    is_known = not hasattr(value, "_tag") or value._tag.startswith(KNOWN_TAGS)
    return made if is_known else type(value)(made, value._tag)


def _read_tree_text(source):
    """Return the YAML text, perhaps empty, the offset behind it and the versions that it names."""
    with source.open() as stream:
        stream.seek(0)
        content = stream.read(CHUNK) or b""
        if not content.startswith(b"#ASDF "):
            _refuse(source, content)
        searched = 0
        while (match := _END.search(content, searched)) is None and len(content) < MAX_TREE:
            searched = max(0, len(content) - 8)
            more = stream.read(len(content))
            if not more:
                break
            content += more
    versions = [(line[1].decode(), line[2].decode()) for line in _VERSION.finditer(content[:100])]
    start = content.find(b"%YAML")
    block = content.find(MAGIC)
    if start < 0 or 0 <= block < start:  # comments, then blocks or nothing
        return b"", 0 if block < 0 else block, versions
    if match is None:
        if block > 0:
            raise FileFormatError(
                source.name, "the tree has no end marker '...'", "the file is damaged"
            )
        return content[start:], source.size, versions
    return content[start : match.end()], match.end(), versions


def _refuse(source, content):
    if not content:
        raise FileFormatError(source.name, "the file is empty (0 bytes)", _REMEDY)
    if b"#ASDF ".startswith(content):
        raise FileFormatError(source.name, f"the file is truncated: {len(content)} bytes", _REMEDY)
    found = content[:24].decode("latin-1")
    raise FileFormatError(
        source.name, f"is no ASDF file: it begins with {found!r}, not '#ASDF'", _REMEDY
    )


def _find_block(number, blocks, source):
    """Return the block that the ``source`` of an array names."""
    if isinstance(number, bool) or not isinstance(number, (int, str)):
        raise TreeError(f"an ndarray with the source {number!r}")
    if isinstance(number, str):
        return partial(_external_block, number, source)
    if not -len(blocks) <= number < len(blocks):
        return partial(_missing_block, number, len(blocks), source)
    return blocks[number]


def _missing_block(number, count, source):
    raise FileFormatError(
        source.name, f"block {number} of {count} is missing", "the file is truncated or damaged"
    )


def _external_block(uri, source):
    """Open the first block of another ASDF file, in the folder of the first or below it."""
    parts = urlsplit(uri)
    path = PurePosixPath(unquote(parts.path))
    if parts.scheme or parts.netloc or path.is_absolute() or ".." in path.parts:
        raise FileFormatError(source.name, f"an array lies in {uri!r}", "fetch that file first")
    if source.path is None:
        raise FileFormatError(
            source.name, f"an array lies in the file {uri!r} beside it", "open it by its path"
        )
    other = Path(source.path).parent / path
    try:
        block = load(other)[1][0]
    except (FileFormatError, IndexError) as error:
        raise FileFormatError(
            source.name, f"its block file {other} cannot be used ({error})"
        ) from (error)
    return block


def _read_all(node, done):
    """Replace array references by arrays, in place; shared containers once."""
    if hasattr(node, "raw_blocks"):
        return node.read()
    if not isinstance(node, (dict, list)) or id(node) in done:
        return node
    done[id(node)] = node
    for key, value in list(node.items()) if isinstance(node, dict) else list(enumerate(node)):
        node[key] = _read_all(value, done)
    return node


# ---------------------------------------------------------------- writing


def link_node(array, source):
    """Return the ``ndarray`` node of an array that lies in an HDU, ``source`` ``fits:SCI,1``."""
    datatype, _ = from_dtype(_packed(array.dtype, DESCRIPTOR))
    if isinstance(datatype, list) and isinstance(datatype[0], dict):
        datatype = [{**field, "byteorder": "big"} for field in datatype]
    return {
        "source": source,
        "datatype": datatype,
        "byteorder": "big",
        "shape": [int(n) for n in array.shape],
    }


def dump(tree, external=None, checksum=True):
    """Write a tree as an ASDF file.

    Parameters
    ----------
    tree : dict
        Plain values, numpy scalars, arrays and array references (which are copied unread).
        ``asdf_library`` is replaced; ``history`` is written as asdf does.
    external : callable, optional
        Array -> ``"fits:SCI,1"`` if it lies in an HDU, else None: it goes into a block.
    checksum : bool
        Write the MD5 of each block, which costs a pass over the data.

    Yields
    ------
    bytes-like

    Raises
    ------
    NeedsAsdf
        Before the first byte, if a value has no plain form.
    TypeError, ValueError
        Before the first byte, if a value has no form at all; the text names its path.
    """
    writer = _BlockWriter(external or (lambda array: None))
    emitter = Emitter(writer.node)
    text = emitter.text(_with_tags(tree), CORE + "asdf-1.1.0")
    head = (FIRST_LINES.format(emitter.standard) + text).encode("utf-8")
    return _pieces(head, writer.contents, checksum)


def _pieces(head, contents, checksum):
    """Yield the tree and the blocks; each of `contents` is an array or a packed `Block`."""
    yield head
    offset, offsets = len(head), []
    for content in contents:
        offsets.append(offset)
        packed = isinstance(content, Block)
        used = content.used if packed else _nbytes(content)
        size = content.size if packed else used
        digest = content.checksum if packed else _digest(content) if checksum else bytes(16)
        kind = content.compression if packed else b""
        yield (
            MAGIC + HEADER.size.to_bytes(2, "big") + HEADER.pack(0, kind, used, used, size, digest)
        )
        yield from _content_bytes(content)
        offset += 6 + HEADER.size + used
    if offsets:
        lines = "".join(f"- {o}\n" for o in offsets)
        yield INDEX + f"\n%YAML 1.1\n---\n{lines}...\n".encode()


class _BlockWriter:
    """Give arrays their nodes and collect what needs a block, each content once."""

    def __init__(self, external):
        self._external = external
        self._numbers = {}
        self.contents = []

    def node(self, value, path):
        """Return the node of an array, None for anything else."""
        if isinstance(value, FitsSource):
            return link_node(value, value.source)
        if not is_array(value):
            return None
        source = self._external(value)
        if source is not None:
            return link_node(value, source)
        where = ".".join(map(str, path))
        value, units, masks = _to_be_stored(value)
        if isinstance(value, np.ndarray) and not _is_plain_array(value):
            raise NeedsAsdf(where, type(value))
        try:
            node = self._block_node(value)
        except TypeError as error:
            raise TypeError(f"{where}: {error}") from None
        masks = {name: self.node(mask, path) for name, mask in masks.items()}
        for word, of_columns in (("unit", units), ("mask", masks)):
            if of_columns:
                node["datatype"] = _with_words(node["datatype"], word, of_columns)
        mask = getattr(value, "mask", None)
        if mask is not None and not masks:
            node["mask"] = mask if isinstance(mask, (int, float)) else self.node(mask, path)
        return node

    def _block_node(self, value):
        datatype, byteorder = from_dtype(_packed(_dtype(value)))
        shape = [int(n) for n in value.shape]
        block = getattr(value, "block", None)
        packed = isinstance(block, Block) and block.compression  # such are copied as they are
        number = self._number(block, block) if packed else self._number(value, _content_key(value))
        node = ArrayNode(source=number, datatype=datatype, byteorder=byteorder, shape=shape)
        if not packed:
            return node
        if value.offset:
            node["offset"] = value.offset
        if value.strides:
            node["strides"] = list(value.strides)
        return node

    def _number(self, content, key):
        if key not in self._numbers:
            self._numbers[key] = len(self.contents)
            self.contents.append(content)
        return self._numbers[key]


def _with_words(datatype, word, of_columns):
    """Return the datatype of a table with a word for each column that readers of ASDF pass by."""
    of_columns = {name.upper(): value for name, value in of_columns.items()}
    return [
        field | ({word: of_columns[name]} if (name := field["name"].upper()) in of_columns else {})
        for field in datatype
    ]


def _to_be_stored(value):
    """Return an array, or a reference to its bytes, and units and masks of its columns."""
    units = getattr(value, "units", None)
    is_unread = is_lazy(value)
    if is_unread and (not hasattr(value, "stored") or getattr(value, "is_scaled", False)):
        value = value.read()  # a table, or values that are not those stored
        units = getattr(value, "units", None) or units
    is_masked_table = isinstance(value, np.ma.MaskedArray) and value.dtype.names
    if is_masked_table or hasattr(value, "_coldefs"):  # that is astropy's ``FITS_rec``
        value = as_table(value)
        units = value.units
    if type(value) is not TableArray:
        mask = getattr(value, "mask", None)
        return value, units, mask if is_unread and isinstance(mask, dict) else {}
    columns = value.load().items()
    masks = {name: np.ma.getmaskarray(c) for name, c in columns if np.ma.is_masked(c)}
    return value.exact_rows(), units, masks


def _is_plain_array(value):
    """Whether an array is all there is to it: no unit, no class of a user."""
    kind = type(value)
    if kind in (np.ndarray, np.memmap, np.recarray):
        return True
    return kind.__name__ == "MaskedArray" and kind.__module__.startswith("numpy.")


def needs_asdf(value):
    """Whether a value that is no container can be written by asdf only."""
    if isinstance(value, np.ndarray):
        return not _is_plain_array(value) and type(value) is not TableArray
    known = is_lazy(value) or type(value) in SIMPLE or isinstance(value, LEAVES)
    return not known and plain_scalar(value) is value


def _data(array):
    """Return the plain ndarray in an array, without its mask."""
    return getattr(array, "data", array) if hasattr(array, "mask") else array.view(np.ndarray)


def _content_key(value):
    """Return a key that is the same for arrays over the same memory or the same bytes of a file."""
    if isinstance(value, np.ndarray) and value.size:
        layout = _data(value).__array_interface__
        return layout["data"][0], value.shape, value.strides, str(value.dtype)
    if isinstance(value, BlockRef):
        return value.block, value.offset, value.shape, value.strides, str(value.stored)
    return id(value)


def _dtype(array):
    return array.dtype if isinstance(array, np.ndarray) else array.stored


def _packed(dtype, of_object=None):
    """Return a dtype without gaps between its fields, perhaps with another one for objects."""
    if dtype.names is None:
        if dtype.shape:
            return np.dtype((_packed(dtype.base, of_object), dtype.shape))
        return of_object if dtype.kind == "O" and of_object else dtype
    return np.dtype([(n, _packed(dtype.fields[n][0], of_object)) for n in dtype.names])


def _nbytes(array):
    return array.size * _packed(_dtype(array)).itemsize


def _content_bytes(content):
    """Yield the bytes of an array in C order, or of a packed block, in pieces that stay small."""
    if isinstance(content, Block):
        yield from content.source.blocks(content.offset, content.used)
        return
    if not isinstance(content, np.ndarray):
        yield from content.raw_blocks()
        return
    dtype, plain = _packed(content.dtype), _data(content)
    if not plain.nbytes:
        return
    if plain.flags.c_contiguous and plain.dtype == dtype:
        yield memoryview(plain.reshape(-1).view("u1"))
        return
    for block in flat_blocks(plain, max(1, BLOCK // max(1, dtype.itemsize))):
        yield memoryview(block.astype(dtype, copy=False).view("u1"))


def _digest(content):
    md5 = hashlib.md5(usedforsecurity=False)
    for piece in _content_bytes(content):
        md5.update(piece)
    return md5.digest()


def _with_tags(tree):
    """Return the top level with the tags of software and history entries put back."""
    library = {"name": "jwstlike", "version": __version__}
    out = {"asdf_library": TaggedDict(library, CORE + "software-1.0.0")}
    for key, value in tree.items():
        if key != "asdf_library":
            out[key] = _tagged_history(value) if key == "history" else value
    return out


def _tagged_history(history):
    if isinstance(history, (list, tuple)):  # files before ASDF 1.1
        return [_tagged_entry(entry, "history_entry") for entry in history]
    if not isinstance(history, dict):
        return history
    out = dict(history)
    for key, kind in (("entries", "history_entry"), ("extensions", "extension_metadata")):
        if isinstance(out.get(key), (list, tuple)):
            out[key] = [_tagged_entry(entry, kind) for entry in out[key]]
    return out


def _tagged_entry(entry, kind):
    if not isinstance(entry, dict):
        return entry
    entry = dict(entry)
    for key in ("software", "manifest_software"):
        found = entry.get(key)
        if isinstance(found, dict):
            entry[key] = TaggedDict(found, CORE + "software-1.0.0")
        elif isinstance(found, (list, tuple)):
            entry[key] = [
                TaggedDict(s, CORE + "software-1.0.0") if isinstance(s, dict) else s for s in found
            ]
    return TaggedDict(entry, f"{CORE}{kind}-1.0.0")

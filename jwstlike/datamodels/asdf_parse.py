"""The YAML tree of an ASDF file to plain Python values, arrays as lazy references.

The tree is built from parser events with a stack of its own: no tag runs code, and neither
deep nesting nor a flood of aliases can exhaust memory or stack.

References
----------
YAML 1.1; ASDF standard 1.6.0, core schemas.
"""

import contextlib
import re

import numpy as np

from .asdf_blocks import BlockRef, of_columns, to_dtype
from .asdf_nodes import CORE, FitsSource, TaggedDict, TaggedList, TaggedStr

YAML = "tag:yaml.org,2002:"
MAX_DEPTH = 256
MAX_NODES = 5_000_000  # after writing out all aliases
MAX_ALIASED = 50_000  # nodes that aliases may stand for, or ten times those of the text
CONTAINERS = tuple(YAML + name for name in ("map", "seq", "set", "omap", "pairs"))
KNOWN_TAGS = (
    "asdf", "software", "history_entry", "extension_metadata", "ndarray", "integer", "constant",
    "complex",
)  # fmt: skip
UPDATE = "update the package"
MASKS = (BlockRef, np.ndarray)
MERGE = object()

_VERSION = re.compile(r"-\d+\.\d+\.\d+$")


class TreeError(ValueError):
    """What is wrong with a tree; the caller adds the name of the file.

    Parameters
    ----------
    what : str
    remedy : str
    """

    def __init__(self, what, remedy="the file is damaged"):
        super().__init__(what)
        self.remedy = remedy


class _Frame:
    """A container that is being filled."""

    __slots__ = ("anchor", "content", "count", "is_map", "key", "tag", "waits")

    def __init__(self, event, is_map):
        self.tag, self.anchor, self.is_map = event.tag, event.anchor, is_map
        self.content = {} if is_map else []
        self.count, self.key, self.waits = 1, None, True  # `waits` for a key


class TreeBuilder:
    """Build the tree from YAML text.

    Parameters
    ----------
    find_block : callable
        Source of an array (int or URI) -> `Block` or a function that gives it.

    Attributes
    ----------
    newer : set of str
        Tags of newer minor versions, read as the last known one.
    """

    def __init__(self, find_block):
        import yaml

        self._yaml = yaml
        self._find_block = find_block
        self.newer = set()
        self._scalars = {}
        self._anchors = {}  # name -> (value, number of nodes); None while it is being built
        self._resolver = yaml.SafeLoader("")
        self._resolve_sizes = {}
        self._aliased = self._events = 0

    def build(self, text):
        """Return the tree of one document.

        Raises
        ------
        TreeError
        """
        yaml = self._yaml
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            parser = loader(text)
            try:
                return self._run(parser.get_event)
            finally:
                parser.dispose()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f"line {mark.line + 1}: " if mark else ""
            problem = getattr(error, "problem", None) or getattr(error, "reason", error)
            raise TreeError(f"the YAML tree is damaged ({line}{problem})") from error
        except (UnicodeError, OverflowError, RecursionError) as error:
            raise TreeError(f"the YAML tree is damaged ({error})") from error

    def _run(self, next_event):
        yaml = self._yaml
        stack, result = [], None
        while True:
            event = next_event()
            kind = type(event)
            self._events += 1
            if kind is yaml.ScalarEvent:
                value, count = self._scalar(event, stack), 1
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                if len(stack) >= MAX_DEPTH:
                    raise TreeError(f"the tree is nested deeper than {MAX_DEPTH} levels")
                if event.anchor:
                    self._anchors[event.anchor] = None
                stack.append(_Frame(event, kind is yaml.MappingStartEvent))
                continue
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                frame = stack.pop()
                value, count = self._finished(frame), frame.count
                if frame.anchor:
                    self._anchors[frame.anchor] = value, count
            elif kind is yaml.AliasEvent:
                value, count = self._alias(event.anchor)
            elif kind is yaml.DocumentEndEvent or kind is yaml.StreamEndEvent or event is None:
                return result
            else:
                continue
            if not stack:
                result = value
                continue
            self._add(stack[-1], value, count)

    def _add(self, frame, value, count):
        frame.count += count
        if frame.count > MAX_NODES:
            raise TreeError(
                f"the tree has more than {MAX_NODES} nodes once aliases are written out"
            )
        if not frame.is_map:
            frame.content.append(value)
        elif frame.waits:
            frame.key, frame.waits = value, False
        else:
            frame.waits = True
            if frame.key is MERGE:
                _merge(frame.content, value)
                return
            try:
                frame.content[frame.key] = value
            except TypeError:
                raise TreeError(f"a {type(frame.key).__name__} as a key of a mapping") from None

    def _alias(self, anchor):
        found = self._anchors.get(anchor)
        if found is None:
            raise TreeError(
                f"the node &{anchor} holds itself"
                if anchor in self._anchors
                else f"the alias *{anchor} points nowhere"
            )
        self._aliased += found[1]
        if self._aliased > max(MAX_ALIASED, 10 * self._events):
            raise TreeError(f"aliases stand for more than {self._aliased} nodes")
        return found

    # ------------------------------------------------------------ values

    def _scalar(self, event, stack):
        tag, text = event.tag, event.value
        if tag in (None, "!"):
            if not event.implicit[0]:
                value = text
            else:  # also where the tag is "!", as every YAML 1.1 loader of the field has it
                value = self._scalars.get(text)
                if value is None:
                    value = self._scalars[text] = self._plain(text, None)
        elif tag.startswith(YAML):
            value = self._plain(text, tag)
        elif tag == CORE + "complex-1.0.0":
            value = _to_complex(text)
        else:
            value = TaggedStr(text, tag)
        if value is MERGE and not (stack and stack[-1].is_map and stack[-1].waits):
            value = text
        if event.anchor:
            self._anchors[event.anchor] = value, 1
        return value

    def _plain(self, text, tag):
        """Give a scalar the type that YAML 1.1 sees in it, or that its tag says."""
        yaml = self._yaml
        _refuse_python(tag)
        if tag is None:
            tag = self._resolver.resolve(yaml.ScalarNode, text, (True, False))
        if tag == YAML + "str":
            return text
        if tag == YAML + "merge":
            return MERGE
        construct = self._resolver.yaml_constructors.get(tag)
        if tag in CONTAINERS:
            construct = None
        if construct is None or tag == YAML + "value":
            return text if tag == YAML + "value" else TaggedStr(text, tag)
        try:
            return construct(self._resolver, yaml.ScalarNode(tag, text))
        except (ValueError, KeyError, AttributeError, yaml.YAMLError) as error:
            if tag == YAML + "timestamp":  # 2020-13-45: looks like a date, is none
                return text
            raise TreeError(f"{text[:40]!r} is no {tag.removeprefix(YAML)}") from error

    def _finished(self, frame):
        tag, content = frame.tag, frame.content
        if tag is None or tag == "!" or tag in (YAML + "map", YAML + "seq"):
            return content
        _refuse_python(tag)
        if tag.startswith(CORE):
            name = _VERSION.sub("", tag.removeprefix(CORE))
            self._check_version(tag, name)
            if name == "asdf":  # the tree itself; in old files also the slits, which it held once
                return content
            if name == "ndarray":
                return self._array(content)
            if name == "integer" and isinstance(content, dict):
                return _to_integer(content)
        return TaggedDict(content, tag) if frame.is_map else TaggedList(content, tag)

    def _check_version(self, tag, name):
        """Look at the version of a tag that is understood."""
        version = tag.removeprefix(f"{CORE}{name}-")
        if name in KNOWN_TAGS and re.fullmatch(r"\d+\.\d+\.\d+", version):
            self.note_version(f"core/{name}-", version, (1, 1))

    def note_version(self, what, version, known):
        """Refuse a newer major version of something, note a newer minor one.

        Parameters
        ----------
        what : str
        version : str
        known : (int, int)
            The last version known: major, minor.

        Raises
        ------
        TreeError
        """
        major, minor = map(int, version.split(".")[:2])
        if major > known[0]:
            raise TreeError(
                f"{what}{version} is a newer major version than {known[0]}, the last known",
                UPDATE,
            )
        if (major, minor) > known:
            self.newer.add(f"{what}{version}")

    def _array(self, node):
        """Make the array of an ``ndarray`` node: inline at once, in a block as a reference."""
        try:
            if isinstance(node, list):
                return inline_array(node)
            byteorder = node.get("byteorder", "big")
            if "data" in node:
                dtype = to_dtype(node["datatype"], byteorder) if "datatype" in node else None
                return inline_array(node["data"], dtype, node.get("shape"))
            stored, shape = to_dtype(node["datatype"], byteorder), node["shape"]
            source = node["source"]
            if isinstance(source, str) and source.startswith("fits:"):
                return FitsSource(source, stored, shape)
            block = self._find_block(source)
            if shape and shape[0] == "*":
                row = stored.itemsize * int(np.prod(shape[1:], dtype=int))
                shape = [max(0, block.size - node.get("offset", 0)) // max(row, 1), *shape[1:]]
            shape = [int(n) for n in shape]
            if min(shape, default=0) < 0:
                raise ValueError(f"shape {shape}")  # noqa: TRY301 - told with the others
            offset, units = int(node.get("offset", 0)), of_columns(node["datatype"], "unit", str)
            mask = of_columns(node["datatype"], "mask", MASKS) or node.get("mask")
            return BlockRef(block, stored, shape, offset, _strides(node), mask, units)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise TreeError(f"an ndarray cannot be understood ({error})") from error


def _strides(node):
    strides = node.get("strides")
    return None if strides is None else tuple(int(s) for s in strides)


def _refuse_python(tag):
    if tag and tag.startswith(YAML + "python/"):
        raise TreeError(f"the tag {tag} asks for Python objects, which are never made")


def _merge(content, value):
    """Apply a YAML merge key: existing names win."""
    for mapping in value if isinstance(value, list) else [value]:
        if not isinstance(mapping, dict):
            raise TreeError("a merge key without a mapping")
        for name, item in mapping.items():
            content.setdefault(name, item)


def _to_complex(text):
    """Read a complex number as ASDF writes it; ``i`` and ``j`` are the same."""
    number = re.sub(r"i(?!nf)|I(?!NF)", "j", text.strip())
    try:
        return complex(number.replace(" ", ""))
    except ValueError:
        raise TreeError(f"{text[:40]!r} is no complex number") from None


def _to_integer(node):
    """Return the integer of a ``core/integer`` node: from its text, else from its words."""
    with contextlib.suppress(KeyError, ValueError, TypeError):
        return int(node["string"])
    try:
        words = node["words"]
        words = words.read() if hasattr(words, "read") else words
        value = sum(int(word) << (32 * i) for i, word in enumerate(words))
        return -value if node["sign"] == "-" else value
    except (KeyError, TypeError) as error:
        raise TreeError("a core/integer without words") from error


def inline_array(data, dtype=None, shape=None):
    """Make an array of nested lists; None masks an element."""
    if dtype is not None and dtype.names is not None:
        depth = _depth(data, dtype) if shape is None or "*" in shape else len(shape)
        array = np.array(_rows(data, dtype, depth), dtype)
    elif _holds_none(data):
        objects = np.array(data, object)
        mask = np.equal(objects, None)
        array = np.ma.array(np.where(mask, 0, objects).astype(dtype or float), mask=mask)
    else:
        array = np.array(data, dtype)
    if array.dtype.kind == "O":
        raise ValueError("an inline array with rows of different length")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if shape is not None and "*" not in shape and array.shape != tuple(shape):
        array = array.reshape(shape)
    return array


def _depth(data, dtype):
    """Return at what depth of nested lists the rows of a structured array lie."""
    depth = 0
    while isinstance(data, list) and data and not _is_row(data, dtype):
        data, depth = data[0], depth + 1
    return depth


def _is_row(data, dtype):
    try:
        np.array(_row(data, dtype), dtype)
    except (ValueError, TypeError):
        return False
    return True


def _rows(data, dtype, depth):
    """Make tuples of the rows of a structured array."""
    if depth and isinstance(data, list):
        return [_rows(item, dtype, depth - 1) for item in data]
    return _row(data, dtype)


def _row(data, dtype):
    if dtype.names is None:
        return data
    if len(data) != len(dtype.names):
        raise ValueError(f"a row of {len(data)} values for {len(dtype.names)} columns")
    fields = [dtype.fields[name][0] for name in dtype.names]
    pairs = zip(data, fields, strict=True)
    return tuple(_rows(value, field.base, field.ndim) for value, field in pairs)


def _holds_none(data):
    if isinstance(data, list):
        return any(map(_holds_none, data))
    return data is None

"""YAML text of an ASDF tree of plain values and arrays.

Containers are written in block style, lists of scalars in flow style. Texts are quoted exactly
where YAML 1.1 would read them as something else.
"""

import datetime
import math
import re

import numpy as np

from .asdf_nodes import (
    CORE,
    OLD_STANDARD,
    OLD_TAGS,
    STANDARD,
    ArrayNode,
    NeedsAsdf,
    ndarray_tag,
)
from .casting import plain_scalar, plain_value

WIDTH = 96
MAX_SIMPLE_KEY = 100  # longer keys are written behind "? "
LITERALS = range(2 - (1 << 63), 1 << 63)  # other integers are written as core/integer

LONGEST_BARE = 60  # a hash is quoted whatever its digits: the size of a file does not vary

SIMPLE = frozenset({str, int, float, bool, type(None)})

OF_ARRAYS = f"{CORE}ndarray-"
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./+-]*(?: [A-Za-z0-9_./+()-]+)*")
_RESERVED = frozenset("y n yes no on off true false null".split())
_TAG_SAFE = re.compile(r"[^A-Za-z0-9\-;/?:@&=+$,_.~*'()\[\]#]")
_ASDF_TAG = "tag:stsci.edu:asdf/"
_SHORT_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def quoted(text):
    r"""Return the YAML form of a text.

    Examples
    --------
    >>> quoted("rate"), quoted("1.5"), quoted("no"), quoted("a: b"), quoted("two\nlines")
    ('rate', "'1.5'", "'no'", "'a: b'", '"two\\nlines"')
    """
    if len(text) <= LONGEST_BARE and _BARE.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char):
    short = _SHORT_ESCAPES.get(char)
    if short:
        return short
    code = ord(char)
    if char.isprintable():
        return char
    if 0xD800 <= code < 0xE000:
        return "\ufffd"  # half a pair is no character and has no form in YAML
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def tag_text(tag):
    """Return the short form of a tag as it stands in the file."""
    if tag.startswith(_ASDF_TAG) and not _TAG_SAFE.search(tag):
        return "!" + tag.removeprefix(_ASDF_TAG)
    escape = _TAG_SAFE.sub(lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), tag)
    return f"!<{escape}>"


def float_text(value):
    """Return the shortest text that YAML 1.1 reads as this float.

    Examples
    --------
    >>> float_text(1e20), float_text(0.1), float_text(float("-inf"))
    ('1.0e+20', '0.1', '-.inf')
    """
    if math.isfinite(value):
        mantissa, exponent, power = repr(value).partition("e")
        return mantissa + ("" if "." in mantissa else ".0") + exponent + power
    return ".nan" if math.isnan(value) else "-.inf" if value < 0 else ".inf"


def time_text(value):
    """Return a date and time as YAML has it."""
    return value.isoformat(sep=" ") if isinstance(value, datetime.datetime) else value.isoformat()


def emitted(value, path):
    """Turn numpy scalars, paths and dates into plain Python; refuse what has no form.

    Raises
    ------
    NeedsAsdf
        For an object that the asdf package may know.
    """
    if isinstance(value, np.datetime64):
        return value.astype("M8[us]").item()
    plain = plain_scalar(value)
    if plain is value:
        raise NeedsAsdf(".".join(map(str, path)), type(value))
    return plain


def _is_compound(item):
    """Whether an item needs lines of its own: a container, an array or a reference to one."""
    if isinstance(item, (dict, list, tuple)):
        return True
    return hasattr(item, "shape") and not isinstance(item, np.generic)


class Emitter:
    """Write trees as YAML lines.

    Parameters
    ----------
    array_node : callable
        ``(array, path)`` -> dict that stands for it, or None if it is no array.

    Attributes
    ----------
    standard : str
        Version of the ASDF standard that the text follows.
    """

    def __init__(self, array_node):
        self._array_node = array_node
        self.standard = STANDARD
        self._shared = {}  # id of a container met twice -> anchor, None before it is written
        self._seen = {}  # id -> container, True while its children are walked
        self._parts = []

    def text(self, tree, tag):
        """Return the document of a tree, without the lines before ``---``."""
        self._find_shared(tree, ())
        self._parts = [f"--- {tag_text(tag)}"]
        if not tree:
            self._parts.append(" {}")
        else:
            self._map(tree, "", ())
        self._parts.append("\n...\n")
        return "".join(self._parts)

    def _find_shared(self, node, path):
        """Mark the containers that are met more than once; refuse those that hold themselves."""
        key = id(node)
        if key in self._seen:
            if self._seen[key]:
                raise ValueError(f"{'.'.join(map(str, path))}: the tree holds itself")
            self._shared[key] = None
            return
        self._seen[key] = True
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for name, child in items:
            if type(child) in SIMPLE:
                continue
            tag = getattr(child, "_tag", "")
            if tag in OLD_TAGS:
                self.standard = OLD_STANDARD
            elif tag.startswith(OF_ARRAYS):
                where = ".".join(map(str, (*path, name)))
                raise TypeError(f"{where}: what has the tag of arrays is none; give an array")
            if isinstance(child, (dict, list, tuple)):
                self._find_shared(child, (*path, name))
        self._seen[key] = False

    # ------------------------------------------------------------ containers

    def _map(self, node, indent, path):
        put, lead = self._parts.append, f"\n{indent}"
        for key, value in node.items():
            name = self._key(key, indent, path)
            put(f"{lead}{name}")
            self._value(value, indent, (*path, key))

    def _key(self, key, indent, path):
        if isinstance(key, str):
            name = quoted(key)
        elif isinstance(key, (bool, np.bool_)):
            name = "true" if key else "false"
        elif isinstance(key, (int, np.integer)):
            name = str(int(key))
        else:
            where = ".".join(map(str, path)) or "the tree"
            raise TypeError(f"{where}: {key!r} cannot be a key in ASDF; use a text or an integer")
        return f"{name}:" if len(name) <= MAX_SIMPLE_KEY else f"? {name}\n{indent}:"

    def _value(self, value, indent, path):
        """Write the value behind a key."""
        if type(value) in SIMPLE:
            self._parts.append(f" {self.scalar(value, path)}")
        elif isinstance(value, (dict, list, tuple)):
            self._container(value, indent, path, in_list=False)
        else:
            self._leaf(value, indent, path)

    def _leaf(self, value, indent, path):
        """Write an array or an unusual scalar."""
        node = self._array_node(value, path)
        if node is None:
            self._parts.append(f" {self.scalar(value, path)}")
            return
        self._array(node, indent)

    def _array(self, node, indent):
        put = self._parts.append
        put(f" {tag_text(ndarray_tag(self.standard))}")
        for name, item in node.items():
            put(f"\n{indent}  {name}:")
            put(f" {self._inline(item)}")

    def _container(self, value, indent, path, in_list):
        put, key = self._parts.append, id(value)
        head = ""
        if key in self._shared and len(value):
            anchor = self._shared[key]
            if anchor:
                put(f" *{anchor}")
                return
            self._shared[key] = f"id{sum(map(bool, self._shared.values())) + 1:03d}"
            head = f" &{self._shared[key]}"
        tag = getattr(value, "_tag", None)
        if tag:
            head += f" {tag_text(tag)}"
        put(head)
        if isinstance(value, dict):
            if not value:
                put(" {}")
            elif in_list and not head:  # "- name: value" on the line of the dash
                at = len(self._parts)
                self._map(value, indent + "  ", path)
                self._parts[at] = " " + self._parts[at].lstrip("\n ")
            else:
                self._map(value, indent + "  ", path)
            return
        flow = self._flow(value, indent, path)
        if flow is not None:
            put(flow)
            return
        self._list(value, indent + "  " if in_list else indent, path)

    def _list(self, value, indent, path):
        put, lead = self._parts.append, f"\n{indent}-"
        for number, item in enumerate(value):
            put(lead)
            where = (*path, number)
            if isinstance(item, (dict, list, tuple)):
                self._container(item, indent, where, in_list=True)
            else:
                self._leaf(item, indent, where)

    def _flow(self, value, indent, path):
        """Return a list of scalars as ``[a, b]``, None if it holds anything else."""
        texts = []
        for number, item in enumerate(value):
            if type(item) not in SIMPLE and _is_compound(item):
                return None
            texts.append(self.scalar(item, (*path, number)))
        lines, line = [], " ["
        for number, text in enumerate(texts):
            piece = text + (", " if number < len(texts) - 1 else "")
            if len(line) + len(piece) > WIDTH and line.strip() != "[":
                lines.append(line.rstrip())
                line = f"{indent}    "
            line += piece
        return "\n".join([*lines, line + "]"])

    def _inline(self, value):
        """Write a small plain value in flow style."""
        if isinstance(value, dict):
            tag = f"{tag_text(ndarray_tag(self.standard))} " * isinstance(value, ArrayNode)
            pairs = ", ".join(f"{quoted(k)}: {self._inline(v)}" for k, v in value.items())
            return f"{tag}{{{pairs}}}"
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(map(self._inline, value)) + "]"
        return self.scalar(value, ())

    # ------------------------------------------------------------ scalars

    def scalar(self, value, path):
        """Return the text of a scalar."""
        kind = type(value)
        if kind is str:
            return quoted(value)
        if value is None:
            return "null"
        if kind is bool:
            return "true" if value else "false"
        if kind is int:
            return str(value) if value in LITERALS else self._big_integer(value)
        if kind is float:
            return float_text(value)
        return self._other(value, path)

    def _other(self, value, path):
        if isinstance(value, str) and not isinstance(value, np.str_):
            tag = getattr(value, "_tag", None)
            text = quoted(str(value))
            return f"{tag_text(tag)} {text}" if tag else text
        if isinstance(value, (datetime.date, datetime.datetime)):
            return time_text(value)
        if isinstance(value, bytes):
            import base64

            return f'!!binary "{base64.b64encode(value).decode()}"'
        if isinstance(value, (set, frozenset, list)):  # a set becomes a list, also below a dict
            return f"[{', '.join(self.scalar(v, path) for v in plain_value(value))}]"
        if isinstance(value, complex) and not isinstance(value, np.generic):
            return f"{tag_text(CORE + 'complex-1.0.0')} {quoted(str(complex(value)))}"
        if isinstance(value, (bool, int, float)) and not isinstance(value, np.generic):
            base = next(b for b in (bool, int, float) if isinstance(value, b))
            return self.scalar(base(value), path)  # an IntEnum, for example
        return self.scalar(emitted(value, path), path)

    def _big_integer(self, value):
        """Write an integer of more than 64 bit as the standard has it, in words of 32 bit."""
        words, rest = [], abs(value)
        while rest:
            words.append(rest & 0xFFFFFFFF)
            rest >>= 32
        array = f"{tag_text(ndarray_tag(self.standard))} {{data: {words}, datatype: uint32}}"
        sign = "-" if value < 0 else "+"
        return (
            f"{tag_text(f'{CORE}integer-1.{int(self.standard is STANDARD)}.0')} "
            f"{{words: {array}, sign: '{sign}', string: '{value}'}}"
        )

"""Nodes of an ASDF tree that plain Python has no type for."""

ASDF = "tag:stsci.edu:asdf/"
CORE = f"{ASDF}core/"

# Tags that the standard has no more since 1.6.0: where one is carried, the file must say that it
# follows an older one, or nobody can read the node.
OLD_TAGS = frozenset(
    ASDF + name
    for name in (
        "unit/quantity-1.1.0", "time/time-1.1.0", "fits/fits-1.0.0", "core/table-1.0.0",
        "core/column-1.0.0", "core/subclass_metadata-1.0.0",
    )
)  # fmt: skip
BOOKKEEPING = (
    "extra_fits",
    "history",
    "asdf_library",
    "_fits_hash",
)  # parts of a tree that are about files
STANDARD, OLD_STANDARD = "1.6.0", "1.5.0"


def standard_of(value):
    """Return the version of the ASDF standard that a tree has to be written by."""
    if getattr(value, "_tag", None) in OLD_TAGS:
        return OLD_STANDARD
    if isinstance(value, (dict, list, tuple)):
        children = value.values() if isinstance(value, dict) else value
        if any(standard_of(child) is OLD_STANDARD for child in children):
            return OLD_STANDARD
    return STANDARD


def ndarray_tag(standard):
    """Return the tag of arrays in a version of the standard."""
    return f"{CORE}ndarray-1.{int(standard is STANDARD)}.0"


class ArrayNode(dict):
    """What stands for an array in the text, to be written under the tag of arrays."""


class NeedsAsdf(Exception):  # noqa: N818 - a fork in the road, not an error
    """A value that only the asdf package, with its extensions, can write.

    Parameters
    ----------
    path : str
        Dotted path in the tree.
    kind : type
        Of the value.
    """

    def __init__(self, path, kind):
        super().__init__(path, kind)
        self.path, self.kind = path, kind

    def __str__(self):
        return f"{self.path}: {self.kind.__name__} has no plain form in ASDF"


class TaggedDict(dict):
    """A mapping under a tag that is carried, not interpreted."""

    __slots__ = ("_tag",)

    def __init__(self, content=(), tag=""):
        super().__init__(content)
        self._tag = tag

    def __reduce__(self):
        return type(self), (dict(self), self._tag)


class TaggedList(list):
    """A sequence under a tag that is carried, not interpreted."""

    __slots__ = ("_tag",)

    def __init__(self, content=(), tag=""):
        super().__init__(content)
        self._tag = tag

    def __reduce__(self):
        return type(self), (list(self), self._tag)


class TaggedStr(str):
    """A scalar under a tag that is carried, not interpreted; the text as in the file."""

    __slots__ = ("_tag",)

    def __new__(cls, content="", tag=""):
        """Make the text and remember its tag."""
        self = super().__new__(cls, content)
        self._tag = tag
        return self

    def __reduce__(self):
        return type(self), (str(self), self._tag)


class FitsSource:
    """An array of an ASDF tree that lies in an HDU of the FITS file around it.

    Parameters
    ----------
    source : str
        ``fits:SCI,1`` or, for nameless HDUs, ``fits:<number>``.
    dtype : numpy dtype
    shape : tuple of int

    Attributes
    ----------
    name : str or None
        EXTNAME, upper case.
    extver : int or None
    number : int or None
        Of a nameless HDU.
    """

    __slots__ = ("dtype", "extver", "name", "number", "shape", "source")

    def __init__(self, source, dtype, shape):
        self.source, self.dtype, self.shape = source, dtype, tuple(shape)
        name, _, version = source.removeprefix("fits:").rpartition(",")
        if not name:
            name, version = version, ""
        self.extver = int(version) if version.strip().isdecimal() else None
        self.number = int(name) if name.isdecimal() else None
        self.name = None if name.isdecimal() else name.upper()

    def __repr__(self):
        return f"<FitsSource {self.source} {self.dtype} {self.shape}>"


def like(value, made):
    """Put what was made of a container under its tag."""
    return type(value)(made, value._tag) if hasattr(value, "_tag") else made

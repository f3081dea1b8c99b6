"""Nodes of an ASDF tree that plain Python has no type for."""

CORE = "tag:stsci.edu:asdf/core/"


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

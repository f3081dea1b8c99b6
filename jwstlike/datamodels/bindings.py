"""Compile a resolved schema, once, into a frozen tree of `Spec` and look-up tables.

Everything that runs per card, per attribute or per HDU is a look-up here; no code walks a schema
while reading, writing, getting or setting.
"""

import numpy as np

from ..errors import SchemaError
from .checks import anything, compile_check, compile_structure

ITEM = "*"  # any index of a list, e.g. of slits
PRIMARY = "PRIMARY"

OBJECT, LIST, ARRAY, SCALAR, ANY = "object", "list", "array", "scalar", "any"

# asdf datatype name -> numpy type; strings are ["ascii", n] or ["ucs4", n]
DTYPES = {
    name: np.dtype(name)
    for name in (
        "int8 int16 int32 int64 uint8 uint16 uint32 uint64 "
        "float16 float32 float64 complex64 complex128"
    ).split()
} | {"bool8": np.dtype(bool), "bool": np.dtype(bool)}


class Spec:
    """One node of a compiled schema, shared by all instances of a class and never changed.

    Attributes
    ----------
    path : tuple of str
        ``("slits", "*", "name")``.
    kind : str
        OBJECT, LIST, ARRAY, SCALAR or ANY.
    schema : dict
        The schema it was made from (read only).
    children : dict of str to Spec
        Known names of an object.
    item : Spec or None
        What a list holds.
    keyword, hdu : str or None
        The FITS card, or for an array the EXTNAME alone.
    card : bytes
        The first 8 bytes of the card.
    extname : str or None
        `hdu` in capitals, as HDUs are looked for.
    extnames : frozenset of str
        The EXTNAMEs of the HDUs of the items of a list, in capitals.
    cards : dict of str to dict of bytes to list of Spec
        The children that are bound to cards: EXTNAME -> first 8 bytes of the card -> children.
    of_model : bool
        Whether the card belongs to the model, although an item of a list names it as well.
    inner : tuple of (str, Spec)
        The children that have HDUs: arrays, and lists of what has some.
    loose : bool
        Whether only an alternative (``anyOf``, ``oneOf``) of the schema above knows it: which
        values are allowed depends on what is beside it, and `structure` of the object says so.
    """

    __slots__ = (
        "_check",
        "_dtype",
        "_structure",
        "card",
        "cards",
        "children",
        "extname",
        "extnames",
        "hdu",
        "inner",
        "item",
        "keyword",
        "kind",
        "loose",
        "of_model",
        "path",
        "schema",
    )

    def __init__(self, schema, path):
        self.schema, self.path = schema, path
        self.kind = _kind(schema)
        self.keyword = schema.get("fits_keyword")
        hdu = schema.get("fits_hdu")
        self.hdu = hdu if isinstance(hdu, str) else None  # a list of several may name those inside
        if self.keyword and self.hdu is None:
            self.hdu = PRIMARY
        self.card = first_bytes(self.keyword or "")
        self.extname = self.hdu and self.hdu.upper()
        self.extnames = frozenset()
        self.children, self.item, self.cards, self.inner = {}, None, {}, ()
        self._check = self._dtype = self._structure = None
        self.of_model = self.loose = False

    @property
    def check(self):
        """The compiled check: value -> None, or what is allowed in words."""
        if self._check is None:
            self._check = compile_check(self.schema)
        return self._check

    @property
    def structure(self):
        """Check of an object or list as a whole, beside what it holds; None if there is none."""
        if self._structure is None:
            self._structure = (compile_structure(self.schema),)
        return self._structure[0]

    def loosen(self):
        """Note that only an alternative knows this part of the schema."""
        self.loose, self._check = True, anything
        return self

    @property
    def dtype(self):
        """Numpy dtype of an array or table, or None if the schema gives none."""
        if self._dtype is None and "datatype" in self.schema:
            self._dtype = numpy_dtype(self.schema["datatype"], ".".join(self.path))
        return self._dtype

    @property
    def is_table(self):
        """Whether the array is a table with columns."""
        return isinstance(self.schema.get("datatype"), list) and not is_string_type(
            self.schema["datatype"]
        )

    @property
    def default(self):
        """Default value of a scalar, fill of an array, or None."""
        return self.schema.get("default")

    @property
    def title(self):
        """First line of the title (or description): the comment of the card."""
        text = self.schema.get("title") or self.schema.get("description") or ""
        return text.strip().partition("\n")[0].strip()

    @property
    def bound(self):
        """Whether FITS can hold this leaf: a card, or an array with an EXTNAME of its own."""
        is_array = self.kind == ARRAY and self.hdu is not None
        return self.keyword is not None or is_array or self.of_model

    def __repr__(self):
        return f"<Spec {'.'.join(self.path)} {self.kind}>"


def _kind(schema):
    kind = schema.get("type")
    for found, is_it in KINDS:
        if is_it(schema, kind):
            return found
    for part in ("anyOf", "oneOf", "allOf"):
        for alternative in schema.get(part, ()):
            found = _kind(alternative)
            if found not in (SCALAR, ANY):
                return found
    if kind is None and "enum" not in schema and "fits_keyword" not in schema:
        return ANY
    return SCALAR


KINDS = (  # the first that holds
    (OBJECT, lambda s, kind: "properties" in s or kind == "object"),
    (ARRAY, lambda s, kind: not s.keys().isdisjoint(("datatype", "ndim", "max_ndim"))),
    (LIST, lambda s, kind: "items" in s or kind == "array"),
    (ARRAY, lambda s, kind: "fits_hdu" in s and "fits_keyword" not in s),
    (ANY, lambda s, kind: "tag" in s and kind is None and "fits_keyword" not in s),
)


def is_string_type(datatype):
    """Whether a datatype is ``["ascii", n]`` or ``["ucs4", n]``, not a list of columns."""
    return (
        isinstance(datatype, (list, tuple))
        and len(datatype) == 2
        and datatype[0] in ("ascii", "ucs4")
        and isinstance(datatype[1], int)
    )


def numpy_dtype(datatype, where=""):
    """Return the numpy dtype of a schema's `datatype`.

    Raises
    ------
    SchemaError
        For an unknown name.
    """
    if is_string_type(datatype):
        return np.dtype(("S" if datatype[0] == "ascii" else "U") + str(datatype[1]))
    if isinstance(datatype, str):
        if datatype not in DTYPES:
            raise SchemaError(
                f"schema {where}: datatype {datatype!r} is unknown; known: {', '.join(DTYPES)}"
            )
        return DTYPES[datatype]
    return np.dtype([_column(i, column, where) for i, column in enumerate(datatype)])


def _column(number, column, where):
    if not isinstance(column, dict):
        column = {"datatype": column}
    name = str(column.get("name", f"f{number}"))
    dtype = numpy_dtype(column["datatype"], f"{where} column {name}")
    shape = tuple(column.get("shape", ()))
    return (name, dtype, shape) if shape else (name, dtype)


class Table:
    """A compiled schema: the root `Spec` and what is looked up by card, HDU or path.

    Attributes
    ----------
    root : Spec
    cards : dict of (EXTNAME, keyword) to list of Spec
    arrays : dict of EXTNAME to list of Spec
        EXTNAME upper-case.
    hdus : set of str
        All EXTNAMEs that the schema mentions.
    primary : str
        Name of the primary array: "data" if the schema gives it a default, else "".
    """

    def __init__(self, schema):
        self.schema = schema
        self.cards, self.arrays = {}, {}
        self.root = self._compile(schema, ())
        self._free_primary(self.root, inside=False)
        self.hdus = {hdu for hdu, _ in self.cards} | set(self.arrays)
        data = self.root.children.get("data")
        self.primary = "data" if data is not None and "default" in data.schema else ""

    def _compile(self, schema, path):
        spec = Spec(schema, path)
        if spec.kind == OBJECT:
            self._compile_children(spec)
        elif spec.kind == LIST and isinstance(schema.get("items"), dict):
            spec.item = self._compile(schema["items"], (*path, ITEM))
            bound = (leaf.extname for leaf in iter_leaves(spec.item) if leaf.bound and leaf.hdu)
            spec.extnames = frozenset(bound) - {PRIMARY}
        if spec.keyword:
            self.cards.setdefault((spec.hdu.upper(), spec.keyword.upper()), []).append(spec)
        elif spec.kind == ARRAY and spec.hdu is not None:
            self.arrays.setdefault(spec.hdu.upper(), []).append(spec)
        return spec

    def _compile_children(self, spec):
        known = properties_of(spec.schema)
        loose = known.keys() - certain_names(spec.schema) if may_vary(spec.schema) else ()
        for name, child in known.items():
            child = self._compile(child, (*spec.path, name))
            spec.children[name] = child.loosen() if name in loose else child
            if child.keyword:
                of_hdu = spec.cards.setdefault(child.hdu, {})
                of_hdu.setdefault(child.card, []).append(child)
        spec.inner = tuple(
            (name, child)
            for name, child in spec.children.items()
            if (child.kind == ARRAY and child.hdu is not None) or child.extnames
        )

    def _free_primary(self, spec, inside):
        """Leave the cards of the primary header that the model itself has to the model.

        Items of a list (whole models in some) would read and write the same cards.
        """
        if spec.item is not None:
            self._free_primary(spec.item, inside=True)
        for child in spec.children.values():
            self._free_primary(child, inside)
            key = (PRIMARY, (child.keyword or "").upper())
            owners = self.cards.get(key, ()) if inside and child.hdu == PRIMARY else ()
            if any(ITEM not in owner.path for owner in owners):
                self.cards[key].remove(child)
                spec.cards[PRIMARY][child.card].remove(child)
                child.keyword, child.hdu, child.of_model = None, None, True

    def find(self, path):
        """Return the `Spec` at a path of names and indices, or None."""
        spec = self.root
        for name in path:
            if spec is None:
                return None
            spec = spec.item if spec.kind == LIST else spec.children.get(name)
        return spec

    def leaves(self):
        """Yield every leaf `Spec` in the order of the schema."""
        yield from iter_leaves(self.root)


def first_bytes(keyword):
    """First 8 bytes of the cards of a keyword."""
    return keyword.upper().ljust(8).encode("latin-1", "replace")


def properties_of(schema):
    """Known names of an object: its own, then those of the alternatives, first hit wins."""
    known = schema.get("properties", {})
    parts = [p for key in ("allOf", "anyOf", "oneOf") for p in schema.get(key, ())]
    if not parts:
        return known
    merged = dict(known)
    for part in parts:
        for name, child in properties_of(part).items():
            merged.setdefault(name, child)
    return merged


def may_vary(schema):
    """Whether alternatives say something about an object."""
    return "anyOf" in schema or "oneOf" in schema or any(map(may_vary, schema.get("allOf", ())))


def certain_names(schema):
    """Names of an object of which the schema says the same whatever else is there."""
    return set(schema.get("properties", ())).union(*map(certain_names, schema.get("allOf", ())))


def iter_leaves(spec):
    """Yield the leaves below a `Spec`, itself if it is one."""
    if spec.kind == OBJECT:
        for child in spec.children.values():
            yield from iter_leaves(child)
    elif spec.kind == LIST and spec.item is not None:
        yield from iter_leaves(spec.item)
    else:
        yield spec

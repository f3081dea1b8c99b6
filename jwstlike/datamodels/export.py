"""Pass the content of a model on to astropy (and specutils, where it is installed)."""

import importlib

import numpy as np

from . import dqflags
from . import outline as outlines
from .casting import is_lazy

SPECTRAL = ({"WAVELENGTH", "FLUX"}, {"WAVELENGTH", "NET"})  # columns that make a table a spectrum
ERRORS = ("FLUX_ERROR", "ERROR", "ERR", "FLUXERR")
WAVELENGTH_UNIT = "um"  # of the interface, where a file gives none
UNITS = ("meta.bunit_data", "meta.bunit", "meta.bunit_err")


def to_nddata(model, name=None, kind=None):
    """Do what `DataModel.to_nddata` describes."""
    makers = {"image": _image, "table": _table, "spectrum": _spectrum}
    if kind is not None and kind not in makers:
        raise ValueError(f"kind={kind!r} is not one of {', '.join(map(repr, makers))}")
    name = name or choose(model)
    array = _array(model, name)
    if kind is None:
        kind = kind_of(array)
    if (kind == "image") != (array.dtype.names is None):
        raise ValueError(
            f"{name!r} is no {kind}; it has {' '.join(outlines.describe_array(array))}"
        )
    return makers[kind](model, name, array)


def _array(model, name):
    entry = arrays_of(model).get(name)
    if entry is None:
        raise ValueError(f"{type(model).__name__} has no array {name!r}")
    try:
        node = model
        for key in entry.path:
            node = node[key] if isinstance(key, int) else node._step(key)
    except AttributeError:  # inside a tagged object
        return entry.value.read() if is_lazy(entry.value) else entry.value
    return node


def kind_of(array):
    """Return "image", "table" or "spectrum", by the columns that a table has."""
    if array.dtype.names is None:
        return "image"
    columns = {c.upper() for c in array.dtype.names}
    return "spectrum" if any(wanted <= columns for wanted in SPECTRAL) else "table"


def choose(model, first=False):
    """Return the path of the array that stands for the model; nothing is read.

    Parameters
    ----------
    model : DataModel
    first : bool
        Whether the first of several will do.

    Raises
    ------
    ValueError
        For none, or several of equal right.
    """
    primary = model.get_primary_array_name()
    found = arrays_of(model)
    if primary in found:
        return primary
    tables = [path for path, entry in found.items() if entry.kind == "table"]
    groups = (
        [path for path in tables if "." not in path],
        [path for path in found if path.removesuffix(".value").rpartition(".")[2] == "data"],
        tables,
        list(found),
    )
    main = next(filter(None, groups), None)
    if main is None:
        raise ValueError(f"{type(model).__name__} holds no array")
    if len(main) > 1 and not first:
        raise ValueError(
            f"{type(model).__name__} holds {len(main)} arrays of equal right; name one, "
            f"e.g. {main[0]!r}"
        )
    return main[0]


def arrays_of(model):
    """Return {dotted path: outline.Entry} of all arrays that are data.

    Those of ``extra_fits`` and inside tagged objects (WCS, transforms) are left out.
    """
    found, stack = {}, [outlines.outline(model)]
    while stack:
        entry = stack.pop()
        if entry.is_array:
            found[".".join(map(str, entry.path))] = entry
        if entry.path != ("extra_fits",) and _is_open(entry):
            stack.extend(reversed(entry.children))
    return found


def _is_open(entry):
    """Whether an entry is plain, a quantity, or the root of a Roman file."""
    tag = str(getattr(entry.value, "_tag", ""))
    return not tag or "quantity" in tag or entry.path == ("roman",)


def _sibling(model, name, other):
    """Array `other` beside the array `name` if it has the same shape, else None."""
    path = ".".join((*name.split(".")[:-1], other))
    found = arrays_of(model)
    if path not in found or tuple(found[path].value.shape) != tuple(found[name].value.shape):
        return None
    return _array(model, path)


def unit_of(model, name):
    """Text of the unit of an array, empty if the model tells none."""
    above, _, last = name.rpartition(".")
    if last not in ("data", "err"):
        return ""
    prefix = f"{above}." if above else ""
    for base in dict.fromkeys((prefix, "")):
        for path in UNITS:
            text = model.get(base + path)
            if isinstance(text, str) and text.strip():
                return text.strip()
    return ""


def _unit(text):
    from astropy import units

    if not text:
        return units.dimensionless_unscaled
    return units.Unit(text, parse_strict="silent")


def _image(model, name, array):
    from astropy.nddata import CCDData, StdDevUncertainty

    err = _sibling(model, name, "err") if name.endswith("data") else None
    dq = _sibling(model, name, "dq") if name.endswith("data") else None
    return CCDData(
        array,
        unit=_unit(unit_of(model, name)),
        uncertainty=None if err is None else StdDevUncertainty(err),
        mask=None if dq is None else (dq & dqflags.pixel["DO_NOT_USE"]) != 0,
        flags=dq,
        wcs=_wcs(model, name, array.ndim),
        meta=_meta(model),
    )


def _meta(model):
    """All metadata by dotted path, the model's own WCS (`gwcs`) among them."""
    model.get("meta.wcs")  # as an object
    return model.to_flat_dict(include_arrays=False)


def _wcs(model, name, ndim):
    """WCS of the header, which is the only kind that CCDData takes; None without one."""
    if name != "data":
        return None
    try:
        found = model.get_fits_wcs()
    except AttributeError:
        return None
    return found if found.naxis == ndim and any(found.wcs.ctype) else None


def _units_of(model, name, array):
    """Units of the columns: of the table itself, of its HDU, of the schema; {name: text}."""
    spec = model._table.find(name.split("."))
    columns = spec.schema["datatype"] if spec is not None and spec.is_table else ()
    found = {c["name"].upper(): c["unit"] for c in columns if isinstance(c, dict) and c.get("unit")}
    if hasattr(array, "columns"):
        found |= {c.name.upper(): c.unit for c in array.columns if c.unit}
    reader, node = model._reader, model
    for key in name.split(".")[:-1]:
        node = node[int(key)] if key.isdecimal() else node._step(key)
    last = name.rpartition(".")[2]
    ref = None if reader is None else reader.origin(node._tree, last)
    if hasattr(ref, "units"):
        found |= {column.upper(): unit for column, unit in ref.units.items()}
    return found


def _table(model, name, array):
    from astropy.table import Table

    names = array.dtype.names
    table = Table([np.asarray(array[n]) for n in names], names=names, meta=_meta(model))
    units = _units_of(model, name, array)
    for column in table.colnames:
        if table[column].dtype.kind == "S":
            table[column] = np.char.decode(table[column], "latin-1")
        if column.upper() in units:
            table[column].unit = _unit(units[column.upper()])
    return table


def _spectrum(model, name, array):
    try:
        specutils = importlib.import_module("specutils")
    except ImportError:
        raise ImportError(
            f"{name}: a spectrum needs the package specutils; install it, or use "
            "to_nddata(kind='table')"
        ) from None
    from astropy.nddata import StdDevUncertainty

    table = _table(model, name, array)
    wavelength = table[next(c for c in table.colnames if c.upper() == "WAVELENGTH")]
    if wavelength.unit is None:
        wavelength.unit = WAVELENGTH_UNIT
    names = {c.upper(): c for c in table.colnames}
    wanted = next(w for w in SPECTRAL if w <= names.keys())
    flux = table[names[(wanted - {"WAVELENGTH"}).pop()]].quantity
    error = next((table[names[e]] for e in ERRORS if e in names), None)
    dq = table[names["DQ"]] if "DQ" in names else None
    made = getattr(specutils, "Spectrum", None) or specutils.Spectrum1D
    return made(
        spectral_axis=wavelength.quantity,
        flux=flux,
        uncertainty=None if error is None else StdDevUncertainty(error),
        mask=None if dq is None else (dq & dqflags.pixel["DO_NOT_USE"]) != 0,
        meta=table.meta,
    )

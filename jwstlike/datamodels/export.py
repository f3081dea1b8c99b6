"""Pass the content of a model on to astropy (and specutils, where it is installed)."""

import importlib
import re
import warnings
from dataclasses import dataclass

import numpy as np

from ..errors import JwstlikeWarning
from . import dqflags, validate
from . import outline as outlines
from .casting import is_lazy
from .formats import read_or_warn

SPECTRAL = ({"WAVELENGTH", "FLUX"}, {"WAVELENGTH", "NET"})  # columns that make a table a spectrum
ERRORS = ("FLUX_ERROR", "ERROR", "ERR", "FLUXERR")
WAVELENGTH_UNIT = "um"  # of the interface, where a file gives none
UNITS = ("meta.bunit_data", "meta.bunit", "meta.bunit_err")
TITLE_UNIT = re.compile(r"\[([^\]]+)\]")  # at the beginning of a title
EXTRA = ("extra_fits",)


@dataclass(slots=True)
class Found:
    """One array of a model, unread, and what stands beside it.

    Attributes
    ----------
    model : DataModel
    name : str
        Dotted path.
    entry : outline.Entry
    all : dict
        All arrays of the model: {name: Entry}.
    """

    model: object
    name: str
    entry: object
    all: dict

    @property
    def path(self):
        """Names and indices; a name may have dots of its own."""
        return self.entry.path

    @property
    def last(self):
        """Last name of the path; str."""
        return str(self.path[-1])

    def read(self):
        """Return the array as the model gives it; inside objects as the file holds it."""
        node = self.model
        try:
            for key in self.path:
                node = node[key] if isinstance(key, int) else node._step(key)
        except AttributeError:
            value = self.entry.value
            return value.read() if is_lazy(value) else value
        return node

    def read_or_warn(self):
        """Return the array; None, with a warning, if it is damaged."""
        if not is_lazy(self.entry.value):
            return self.read()
        return read_or_warn(self.entry.value, self.name, self.read, "left out")

    def beside(self, other):
        """Return the array `other` beside this one if it has the same last axes, else None."""
        name = ".".join(map(str, (*self.path[:-1], other)))
        entry = self.all.get(name)
        if entry is None or not entry.is_array:
            return None
        mine, its = tuple(self.entry.value.shape), tuple(entry.value.shape)
        fits = its and mine[len(mine) - len(its) :] == its
        return Found(self.model, name, entry, self.all) if fits else None


def to_nddata(model, name=None, kind=None):
    """Do what `DataModel.to_nddata` describes."""
    makers = {"image": _image, "table": as_table, "spectrum": _spectrum}
    if kind is not None and kind not in makers:
        raise ValueError(f"kind={kind!r} is not one of {', '.join(map(repr, makers))}")
    found = find(model, name)
    array = found.read()
    kind = kind or kind_of(array)
    if (kind == "image") != (array.dtype.names is None):
        raise ValueError(
            f"{found.name!r} is no {kind}; it has {' '.join(outlines.describe_array(array))}"
        )
    return makers[kind](found, array)


def kind_of(array):
    """Return "image", "table" or "spectrum", by the columns that a table has."""
    if array.dtype.names is None:
        return "image"
    columns = {c.upper() for c in array.dtype.names}
    return "spectrum" if any(wanted <= columns for wanted in SPECTRAL) else "table"


# ---------------------------------------------------------------- which array


def find(model, name=None, first=False):
    """Return the array of a name, or the one that stands for the model; nothing is read.

    Parameters
    ----------
    model : DataModel
    name : str, optional
    first : bool
        Whether the first of several of equal right will do.

    Returns
    -------
    Found

    Raises
    ------
    ValueError
        For none, or several of equal right.
    """
    arrays = arrays_of(model)
    name = name or _main(model, arrays, first)
    if name not in arrays:
        raise ValueError(f"{type(model).__name__} has no array {name!r}")
    return Found(model, name, arrays[name], arrays)


def _main(model, arrays, first):
    primary = model.get_primary_array_name()
    if primary in arrays:
        return primary
    own = {path: entry for path, entry in arrays.items() if entry.path[:1] != EXTRA}
    names = own or arrays
    tables = [path for path in names if arrays[path].kind == "table"]
    groups = (
        [path for path in tables if "." not in path],
        [path for path in names if path.removesuffix(".value").rpartition(".")[2] == "data"],
        tables,
        list(names),
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
    """Return {dotted path: outline.Entry} of all arrays that are data, unread.

    Those of HDUs that the schema does not know come last; those inside tagged objects (WCS,
    transforms) are left out.
    """
    found, stack = {}, [outlines.outline(model)]
    while stack:
        entry = stack.pop()
        if entry.is_array:
            found[".".join(map(str, entry.path))] = entry
        if _is_open(entry):
            stack.extend(reversed(entry.children))
    return dict(sorted(found.items(), key=lambda pair: pair[1].path[:1] == EXTRA))


def _is_open(entry):
    """Whether an entry is plain, a quantity, or the root of a Roman file."""
    tag = str(getattr(entry.value, "_tag", ""))
    return not tag or "quantity" in tag or entry.path == ("roman",)


# ---------------------------------------------------------------- images


def unit_of(found):
    """Text of the unit of an array, empty if the model tells none."""
    model, above = found.model, ".".join(map(str, found.path[:-1]))
    prefix = f"{above}." if above else ""
    of_data = [base + path for base in dict.fromkeys((prefix, "")) for path in UNITS]
    paths = {"data": of_data, "err": of_data, "value": [f"{prefix}unit"]}  # the last: quantities
    spec = model._table.find(found.path)
    titled = TITLE_UNIT.match((spec.title or "") if spec is not None else "")
    if found.path[:1] == EXTRA:
        header = model._tree["extra_fits"][found.path[1]].get("header") or ()
        texts = [card[1] for card in header if card[0] == "BUNIT"]
    else:
        texts = [model.get(path) for path in paths.get(found.last, ())]
    texts.append(titled and titled[1])
    return next((t.strip() for t in texts if isinstance(t, str) and t.strip()), "")


def _unit(text):
    from astropy import units

    if not text:
        return units.dimensionless_unscaled
    return units.Unit(text, parse_strict="silent")


def _image(found, array):
    from astropy.nddata import CCDData, StdDevUncertainty

    unit = getattr(array, "unit", None)  # of a quantity
    beside = {"err": None, "dq": None}
    if found.last == "data":
        beside = {name: found.beside(name) for name in beside}
    err, dq = (
        None if b is None or b.entry.value.shape != array.shape else b.read_or_warn()
        for b in beside.values()
    )
    return CCDData(
        array if unit is None else array.value,
        unit=_unit(unit_of(found)) if unit is None else unit,
        uncertainty=None if err is None else StdDevUncertainty(err),
        mask=None if dq is None else (dq & dqflags.pixel["DO_NOT_USE"]) != 0,
        flags=dq,
        wcs=_wcs(found, array.ndim),
        meta=_meta(found.model),
    )


def _meta(model):
    """All metadata by dotted path, the model's own WCS (`gwcs`) among them."""
    model.get("meta.wcs")  # as an object
    return model.to_flat_dict(include_arrays=False)


def _wcs(found, ndim):
    """WCS of the header, which is the only kind that CCDData takes; None without one."""
    place = _hdu_of(found) if found.last == "data" else None
    if place is None:
        return None
    try:
        with validate.collected():  # what cannot be written is told by those who write
            wcs = found.model.get_fits_wcs(*place)
    except AttributeError:
        return None
    except Exception as error:  # of a header that describes none, or needs further HDUs
        text = f"{found.name}: the WCS of its header is left out: {' '.join(str(error).split())}"
        warnings.warn(text, JwstlikeWarning, stacklevel=validate.outside())
        return None
    return wcs if wcs.naxis == ndim and any(wcs.wcs.ctype) else None


def _hdu_of(found):
    """Name and version of the HDU of an array, None for a nameless one."""
    if found.path[:1] == EXTRA:
        name, _, version = found.path[1].partition(",")
        return None if name.startswith("#") else (name, int(version or 1))
    spec = found.model._table.find(found.path)
    if spec is None or spec.hdu is None:
        return None
    return spec.hdu, 1 + next((key for key in found.path if isinstance(key, int)), 0)


# ---------------------------------------------------------------- tables


def _units_of(found, array):
    """Units of the columns: of the table itself, of its HDU, of the schema; {name: text}."""
    model = found.model
    spec = model._table.find(found.path)
    columns = spec.schema["datatype"] if spec is not None and spec.is_table else ()
    units = {c["name"].upper(): c["unit"] for c in columns if isinstance(c, dict) and c.get("unit")}
    if hasattr(array, "columns"):
        units |= {c.name.upper(): c.unit for c in array.columns if c.unit}
    node = model
    for key in found.path[:-1]:
        node = node[key] if isinstance(key, int) else node._step(key)
    ref = None if model._reader is None else model._reader.origin(node._tree, found.path[-1])
    if hasattr(ref, "units"):
        units |= {column.upper(): unit for column, unit in ref.units.items()}
    return units


def as_table(found, array):
    """Return a structured array as astropy's `Table`, with units, texts as str."""
    from astropy.table import Table

    names = array.dtype.names
    table = Table([array[n] for n in names], names=names, meta=_meta(found.model))
    units = _units_of(found, array)
    for column in table.colnames:
        if table[column].dtype.kind == "S":
            table[column] = np.char.decode(table[column], "latin-1")
        if column.upper() in units:
            table[column].unit = _unit(units[column.upper()])
    return table


def _spectrum(found, array):
    try:
        specutils = importlib.import_module("specutils")
    except ImportError:
        raise ImportError(
            f"{found.name}: a spectrum needs the package specutils; install it, or use "
            "to_nddata(kind='table')"
        ) from None
    from astropy.nddata import StdDevUncertainty

    table = as_table(found, array)
    names = {c.upper(): c for c in table.colnames}
    wavelength = names["WAVELENGTH"]
    if table[wavelength].ndim > 1:
        raise ValueError(
            f"{found.name}: a spectrum in each of {len(table)} rows; use to_nddata(kind='table')"
        )
    table = table[np.isfinite(np.ma.filled(table[wavelength], np.nan))]  # others are filling
    if table[wavelength].unit is None:
        table[wavelength].unit = WAVELENGTH_UNIT
    wanted = next(w for w in SPECTRAL if w <= names.keys())
    flux = table[names[(wanted - {"WAVELENGTH"}).pop()]].quantity
    error = next((table[names[e]] for e in ERRORS if e in names), None)
    dq = table[names["DQ"]] if "DQ" in names else None
    made = getattr(specutils, "Spectrum", None) or specutils.Spectrum1D
    return made(
        spectral_axis=table[wavelength].quantity,
        flux=flux,
        uncertainty=None if error is None else StdDevUncertainty(error),
        mask=None if dq is None else (dq & dqflags.pixel["DO_NOT_USE"]) != 0,
        meta=table.meta,
    )

"""Quick-look pictures: an image, a ramp or a spectrum on one matplotlib figure."""

import numpy as np

from . import export
from .casting import is_lazy
from .content import Section

SIDE = 1024  # larger images are thinned out to about this many rows and columns
STRIP = 64  # rows of a ramp that its curves are taken from
CURVES = 20  # integrations that get a curve of their own
LIMITS = (1, 99)  # percentiles that black and white stand for


def plot(model, name=None):
    """Do what `DataModel.plot` describes."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "a plot needs the package matplotlib; install it, or jwstlike[plot]"
        ) from None
    name = name or export.choose(model, first=True)
    entry = export.arrays_of(model).get(name)
    if entry is None:
        raise ValueError(f"{type(model).__name__} has no array {name!r} to draw")
    figure = Figure(figsize=(9, 5), layout="constrained")
    section = _section(model, entry)
    if entry.kind == "table":
        _draw_table(figure, model, name)
    elif section.ndim not in DRAWERS:
        raise ValueError(f"{name} has {section.ndim} axes; 1 to 4 can be drawn")
    else:
        DRAWERS[section.ndim](figure, section, export.unit_of(model, name))
    figure.suptitle(f"{model!r}"[1:-1] + f": {name}", fontsize="medium")
    return figure


def _section(model, entry):
    spec = model._table.find(entry.path)
    return Section(entry.value, spec) if is_lazy(entry.value) else entry.value


def _draw_line(figure, section, unit):
    axes = figure.subplots()
    axes.plot(section[...], lw=1)
    axes.set(xlabel="index", ylabel=unit)


def _draw_image(figure, section, unit):
    _show(figure, figure.subplots(), _thinned(section, ()), unit)


def _draw_cube(figure, section, unit):
    """Middle plane of a cube, and the median of each plane."""
    left, right = figure.subplots(1, 2)
    middle = section.shape[0] // 2
    _show(figure, left, _thinned(section, (middle,)), unit)
    left.set_title(f"plane {middle}", fontsize="small")
    right.plot([_median(section[i, _strip(section)]) for i in range(section.shape[0])], ".-", lw=1)
    right.set(xlabel="plane", ylabel=f"median {unit}".strip())


def _draw_ramp(figure, section, unit):
    """Last minus first group of the first integration, and the median of every group."""
    left, right = figure.subplots(1, 2)
    groups = section.shape[1]
    image = np.asarray(_thinned(section, (0, groups - 1)), float)
    if groups > 1:
        image -= _thinned(section, (0, 0))
        left.set_title("last minus first group", fontsize="small")
    _show(figure, left, image, unit)
    for integration in range(min(section.shape[0], CURVES)):
        planes = (section[integration, g, _strip(section)] for g in range(groups))
        right.plot(range(1, groups + 1), [_median(p) for p in planes], ".-", lw=1)
    right.set(xlabel="group", ylabel=f"median {unit}".strip())


DRAWERS = {1: _draw_line, 2: _draw_image, 3: _draw_cube, 4: _draw_ramp}


def _draw_table(figure, model, name):
    """Spectrum, else the first column of numbers against its row."""
    table = export.to_nddata(model, name, "table")
    axes = figure.subplots()
    columns = {c.upper(): c for c in table.colnames}
    pair = next((w for w in export.SPECTRAL if w <= columns.keys()), None)
    if pair is None:
        numbers = [c for c in table.colnames if table[c].dtype.kind in "iuf" and table[c].size]
        if not numbers:
            raise ValueError(f"{name} has no column of numbers to draw")
        x, y = None, table[numbers[0]]
        axes.plot(np.asarray(y).reshape(len(table), -1), lw=1)
        axes.set_xlabel("row")
    else:
        x, y = table[columns["WAVELENGTH"]], table[columns[(pair - {"WAVELENGTH"}).pop()]]
        error = next((table[columns[e]] for e in export.ERRORS if e in columns), None)
        for wave, flux in zip(_rows(x), _rows(y), strict=True):
            axes.plot(wave, flux, lw=1)
        if error is not None and np.ndim(y) == 1:
            low, high = np.asarray(y) - error, np.asarray(y) + error
            axes.fill_between(np.asarray(x), low, high, alpha=0.25, lw=0)
        axes.set_xlabel(f"{x.name} [{x.unit}]" if x.unit else x.name)
    axes.set_ylabel(f"{y.name} [{y.unit}]" if y.unit else y.name)


def _rows(column):
    """Cells of a column as curves: one for plain cells, one per row for vectors."""
    values = np.asarray(column)
    return values[:CURVES] if values.ndim > 1 else values[None]


def _thinned(section, place):
    """Plane at `place`, every n-th pixel of a large one."""
    steps = (slice(None, None, max(1, n // SIDE)) for n in section.shape[-2:])
    return section[(*place, *steps)]


def _strip(section):
    """Rows around the middle."""
    rows = section.shape[-2]
    low = max(0, (rows - STRIP) // 2)
    return slice(low, low + STRIP)


def _median(values):
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return np.median(values) if values.size else np.nan


def _show(figure, axes, image, unit):
    image = np.asarray(image, float)
    finite = image[np.isfinite(image)]
    low, high = np.percentile(finite, LIMITS) if finite.size else (0, 1)
    shown = axes.imshow(
        image, origin="lower", vmin=low, vmax=high, cmap="viridis", interpolation="nearest",
        aspect="equal" if 0.2 < image.shape[0] / max(1, image.shape[1]) < 5 else "auto",
    )  # fmt: skip
    axes.set(xlabel="x", ylabel="y")
    figure.colorbar(shown, ax=axes, label=unit, shrink=0.8)

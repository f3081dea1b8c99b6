"""Quick-look pictures: images, flags, ramps or spectra on one matplotlib figure."""

import io
import math
from functools import partial

import numpy as np

from . import dqflags, export
from .casting import is_lazy
from .content import Section

SIDE = 1024  # larger images are thinned out to about this many rows and columns
STRIP = 64  # rows of a ramp that its curves are taken from
CURVES = 20  # integrations or spectra that get a curve of their own
PANELS = 12  # slits that get a picture of their own
FEW = 50  # points that are marked
LIMITS = (1, 99)  # percentiles that black and white stand for
SPREADS = 30  # ... but at most this many interquartile ranges from the median
TITLE = 90  # characters
FLAGS = ("good", "flagged", "DO_NOT_USE")
BAD = dqflags.pixel["DO_NOT_USE"]


def plot(model, name=None, ax=None):
    """Do what `DataModel.plot` describes."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "a plot needs the package matplotlib; install it, or jwstlike[plot]"
        ) from None
    found = export.find(model, name, first=True)
    family = [found] if name or ax is not None else _family(found)
    is_table = found.entry.value.dtype.names is not None
    shown = family[: CURVES if is_table else PANELS]
    figure = Figure(figsize=(9, 5), layout="constrained") if ax is None else ax.figure
    if is_table:
        _draw_tables(figure.subplots() if ax is None else ax, shown)
    elif len(shown) > 1 and len(found.entry.value.shape) == 2:
        _draw_panels(figure, shown)
    else:
        _draw_array(figure, ax, found)
    if ax is None:
        figure.suptitle(_title(model, found, len(shown), len(family)), fontsize="medium")
        figure._repr_png_ = partial(_png, figure)  # for notebooks without pyplot
    return figure


def _png(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _family(found):
    """Return the same array of every item, if it lies in an item of a list."""
    pattern = _pattern(found.path)
    entries = {n: e for n, e in found.all.items() if _pattern(e.path) == pattern}
    same = {n: e for n, e in entries.items() if len(e.value.shape) == len(found.entry.value.shape)}
    return [export.Found(found.model, n, e, found.all) for n, e in same.items()]


def _pattern(path):
    return tuple(int if isinstance(key, int) else key for key in path)


def _title(model, found, shown, count):
    """Return what is drawn, cut to the width of the picture."""
    name = found.name
    if count > 1:
        name += f", the first {shown} of {count}" if shown < count else f" and {count - 1} more"
    text = f"{model!r}"[1:-1] + f": {name}"
    half = TITLE // 2
    return text if len(text) <= TITLE else f"{text[:half]}...{text[-half:]}"


def _section(found):
    """Return an array of numbers to be cut, unread if it was not read."""
    value = found.entry.value
    return Section(value, found.model._table.find(found.path)) if is_lazy(value) else value


# ---------------------------------------------------------------- arrays of pixels


def _draw_array(figure, ax, found):
    section = _section(found)
    if section.ndim not in DRAWERS:
        raise ValueError(f"{found.name} has {section.ndim} axes; 1 to 4 can be drawn")
    if 0 in section.shape:
        raise ValueError(f"{found.name} has no pixels to draw; its shape is {section.shape}")
    if section.dtype.kind not in "biufc":
        raise ValueError(f"{found.name} holds no numbers to draw; its type is {section.dtype}")
    panels = 2 if section.ndim > 2 else 1
    axes = [ax] if ax is not None else figure.subplots(1, panels, squeeze=False)[0]
    DRAWERS[section.ndim](found, section, *axes)


def _draw_line(found, section, axes):
    values = _real(section[...])
    axes.plot(values, "-" if len(values) > FEW else ".-", lw=1)
    _count_on_x(axes, "index")
    axes.set_ylabel(_label(found))


def _draw_image(found, section, axes):
    _show(axes, found, section, ())


def _draw_cube(found, section, axes, curves=None):
    """Middle plane of a cube, and the median of each plane."""
    planes = section.shape[0]
    _show(axes, found, section, (planes // 2,))
    axes.set_title(f"plane {planes // 2}", fontsize="small")
    if curves is not None:
        values = [_of_plane(found, section[i, _strip(section)]) for i in range(planes)]
        curves.plot(values, ".-", lw=1)
        _count_on_x(curves, "plane")
        curves.set_ylabel(_label_of_curve(found))


def _draw_ramp(found, section, axes, curves=None):
    """Last minus first group of the first integration, and the median of every group."""
    integrations, groups = section.shape[:2]
    is_rise = groups > 1 and not _is_flags(found)
    _show(axes, found, section, (0, groups - 1), (0, 0) if is_rise else None)
    axes.set_title("last minus first group" if is_rise else "last group", fontsize="small")
    if curves is not None:
        for number in range(min(integrations, CURVES)):
            planes = (section[number, g, _strip(section)] for g in range(groups))
            curves.plot(range(1, groups + 1), [_of_plane(found, p) for p in planes], ".-", lw=1)
        _count_on_x(curves, "group")
        curves.set_ylabel(_label_of_curve(found))


DRAWERS = {1: _draw_line, 2: _draw_image, 3: _draw_cube, 4: _draw_ramp}


def _draw_panels(figure, family):
    """One picture for each of several images (slits)."""
    across = math.ceil(math.sqrt(len(family)))
    grid = figure.subplots(math.ceil(len(family) / across), across, squeeze=False).ravel()
    for axes in grid[len(family) :]:
        axes.set_axis_off()
    for axes, found in zip(grid, family, strict=False):
        section = _section(found)
        if section.ndim == 2 and 0 not in section.shape:
            _show(axes, found, section, ())
            axes.set(xlabel="", ylabel="")
        axes.set_title(_name_of(found), fontsize="small")


def _name_of(found):
    """Return what to call an item of a list: its own name if it has one, else its number."""
    number = next((i for i, key in enumerate(found.path) if isinstance(key, int)), None)
    if number is None:
        return found.name
    item = ".".join(map(str, found.path[: number + 1]))
    return f"{item}  {found.model.get(f'{item}.name') or ''}".strip()


def _show(axes, found, section, place, minus=None):
    """Draw the plane at `place`, less the one at `minus`."""
    image = _thinned(section, place)
    if _is_flags(found):
        _show_flags(axes, image, section.shape)
        return
    image = _real(image)
    if minus is not None:
        image = image - _real(_thinned(section, minus))
    low, high = _limits(image[_good(found, image.shape, place)])
    shown = axes.imshow(image, vmin=low, vmax=high, **_on_pixels(section.shape))
    axes.set_facecolor("0.85")  # where there is no number
    axes.set(xlabel="x", ylabel="y")
    axes.figure.colorbar(shown, ax=axes, label=_label(found), shrink=0.8)


def _show_flags(axes, flags, shape):
    from matplotlib.colors import BoundaryNorm, ListedColormap

    kinds = (flags != 0).astype(int) + ((flags & BAD) != 0)
    colours, edges = ListedColormap(["0.9", "tab:orange", "tab:red"]), (-0.5, 0.5, 1.5, 2.5)
    norm = BoundaryNorm(edges, colours.N)
    shown = axes.imshow(kinds, cmap=colours, norm=norm, **_on_pixels(shape))
    axes.set(xlabel="x", ylabel="y")
    bar = axes.figure.colorbar(shown, ax=axes, ticks=range(len(FLAGS)), shrink=0.8)
    bar.ax.set_yticklabels(FLAGS)


def _on_pixels(shape):
    """Options of `imshow` that give the axes in pixels, also of an image that is thinned out."""
    height, width = shape[-2:]
    return {
        "origin": "lower",
        "interpolation": "nearest",
        "extent": (-0.5, width - 0.5, -0.5, height - 0.5),
        "aspect": "equal" if 0.2 < height / width < 5 else "auto",
    }


def _thinned(section, place):
    """Plane at `place`, every n-th pixel of a large one."""
    steps = (slice(None, None, max(1, n // SIDE)) for n in section.shape[-2:])
    return np.asarray(section[(*place, *steps)])


def _strip(section):
    """Rows around the middle."""
    rows = section.shape[-2]
    low = max(0, (rows - STRIP) // 2)
    return slice(low, low + STRIP)


def _good(found, shape, place):
    """Pixels that count for the stretch: those not flagged DO_NOT_USE."""
    flags = found.beside("dq") or found.beside("pixeldq") if found.last == "data" else None
    if flags is None:
        return np.ones(shape, bool)
    section = _section(flags)
    return (_thinned(section, place[len(place) - section.ndim + 2 :]) & BAD) == 0


def _limits(values):
    """Return the values that black and white stand for."""
    values = values[np.isfinite(values)]
    if not values.size:
        return 0, 1
    low, high = np.percentile(values, LIMITS)
    first, middle, third = np.percentile(values, (25, 50, 75))
    reach = SPREADS * (third - first)
    return (max(low, middle - reach), min(high, middle + reach)) if reach else (low, high)


def _is_flags(found):
    return found.last.endswith("dq") and found.entry.value.dtype.kind in "iu"


def _of_plane(found, values):
    """Median of a plane, of flags the part that is set."""
    if _is_flags(found):
        return np.count_nonzero(values) / max(1, values.size)
    values = _real(values)
    values = values[np.isfinite(values)]
    return np.median(values) if values.size else np.nan


def _real(values):
    """Numbers as float64, complex ones as their absolute value."""
    values = np.asarray(getattr(values, "value", values))
    return np.asarray(np.abs(values) if values.dtype.kind == "c" else values, float)


def _label(found):
    return export.unit_of(found) or found.last


def _label_of_curve(found):
    if _is_flags(found):
        return "part of the pixels that is flagged"
    return f"median {export.unit_of(found)}".strip()


def _count_on_x(axes, what):
    """Label the x axis, whose ticks are whole numbers."""
    axes.set_xlabel(what)
    axes.xaxis.get_major_locator().set_params(integer=True)


# ---------------------------------------------------------------- tables


def _draw_tables(axes, family):
    """Draw spectra against their wavelength, of other tables a column against the row."""
    for found in family:
        table = export.as_table(found, found.read())
        columns = {c.upper(): c for c in table.colnames}
        pair = next((w for w in export.SPECTRAL if w <= columns.keys()), None)
        label = _name_of(found) if len(family) > 1 else None
        if pair is None:
            _draw_column(axes, found, table, label)
        else:
            _draw_spectrum(axes, table, columns, pair, label)
    if len(family) > 1:
        axes.legend(fontsize="small")


def _draw_column(axes, found, table, label):
    numbers = [c for c in table.colnames if table[c].dtype.kind in "iuf" and table[c].size]
    if not numbers:
        raise ValueError(f"{found.name} has no column of numbers to draw")
    column = table[numbers[0]]
    curves = axes.plot(_real(column).reshape(len(table), -1), _style(len(table)), lw=1)
    curves[0].set_label(label)
    _count_on_x(axes, "row")
    axes.set_ylabel(_with_unit(column))


def _draw_spectrum(axes, table, columns, pair, label):
    x, y = table[columns["WAVELENGTH"]], table[columns[(pair - {"WAVELENGTH"}).pop()]]
    error = next((table[columns[e]] for e in export.ERRORS if e in columns), None)
    for number, (wave, flux) in enumerate(zip(_rows(x), _rows(y), strict=True)):
        axes.plot(wave, flux, _style(len(wave)), lw=1, label=None if number else label)
    if error is not None and np.ndim(y) == 1:
        low, high = np.asarray(y) - error, np.asarray(y) + error
        axes.fill_between(np.asarray(x), low, high, alpha=0.25, lw=0)
    axes.set(xlabel=_with_unit(x), ylabel=_with_unit(y))


def _style(count):
    return "-" if count > FEW else ".-"


def _with_unit(column):
    return f"{column.name} [{column.unit}]" if column.unit else column.name


def _rows(column):
    """Cells of a column as curves: one for plain cells, one per row for vectors."""
    values = np.asarray(column)
    return values[:CURVES] if values.ndim > 1 else values[None]

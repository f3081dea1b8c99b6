"""The quick look at a run: raw input, slope image, data quality, residuals against the truth."""

import io
from pathlib import Path

TITLES = {
    "input": "Input: last group",
    "slope": "Slope",
    "dq": "Data quality",
    "residual": "Slope less truth, in its own errors",
}
# Bits of DQ, the more telling last: (value, label, colour)
FLAGS = (
    (0, "good", "#f4f4f2"),
    (4, "jump", "#f2a33a"),
    (2, "saturated", "#c8324e"),
    (1, "not to be used", "#3a4a63"),
    (0x80000000, "reference pixel", "#b9c4cf"),
)
SATURATED = 2  # index in FLAGS
ARRAYS = {"SCI": "data", "DQ": "dq", "ERR": "err"}  # EXTNAME -> name in a model
INK, FAINT = "#222b36", "#6b7684"


class PictureError(Exception):
    """No picture can be made."""


def quick_look(raw=None, product=None, truth=None):
    """Draw the panels for which there are files.

    Parameters
    ----------
    raw : path, optional
        The exposure; its last group is shown.
    product : path, optional
        The slope image, with DQ and ERR.
    truth : path, optional
        ``truth.fits`` of a demo: RATE is what the slope should be.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    PictureError
        There is nothing to show, or matplotlib is missing.
    """
    panels = collect(raw, product, truth)
    if not panels:
        raise PictureError("no image to show: the run has no readable input and no product")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise PictureError(
            "pictures need matplotlib: pip install jwstlike[plot], or use --no-picture"
        ) from None
    columns = 2 if len(panels) in (2, 4) else len(panels)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(6.4 * columns, 5.7 * rows), dpi=100, layout="constrained")
    figure.get_layout_engine().set(h_pad=0.15, w_pad=0.15)
    FigureCanvasAgg(figure)  # no window, no process-wide backend
    axes = figure.subplots(rows, columns, squeeze=False).flat
    for axis, (kind, data) in zip(axes, panels.items(), strict=True):
        DRAW[kind](figure, axis, data)
        axis.set_title(TITLES[kind], loc="left", color=INK, fontsize=13, pad=8)
        axis.tick_params(colors=FAINT, labelsize=9, length=3)
        for spine in axis.spines.values():
            spine.set_color("#c9d0d8")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def collect(raw=None, product=None, truth=None):
    """Read the arrays of the panels: ``{kind: array or tuple}``, all 2-D."""
    import numpy as np

    panels = {}
    first = _planes(raw, ("SCI",), at=-1)
    if first:
        panels["input"] = first["SCI"]
    image = _planes(product, ("SCI", "DQ", "ERR"))
    if "SCI" not in image:
        return panels
    panels["slope"] = image["SCI"]
    if "DQ" in image:
        panels["dq"] = image["DQ"]
    true = _planes(truth, ("RATE",))
    if true and true["RATE"].shape == image["SCI"].shape and "ERR" in image:
        error = np.where(image["ERR"] > 0, image["ERR"], np.nan)
        pull = (image["SCI"] - true["RATE"]) / error
        use = (image.get("DQ", 0) & 3) == 0  # neither unusable nor saturated
        panels["residual"] = np.where(use, pull, np.nan)
    return panels


def _planes(path, names, at=0):
    """Read images by EXTNAME, 2-D: `at` is the index on all further axes.

    Returns
    -------
    dict
        Empty if there is no such file.
    """
    if path is None or not Path(path).is_file():
        return {}
    try:
        with Path(path).open("rb") as stream:
            is_asdf = stream.read(5) == b"#ASDF"
        return (_asdf_planes if is_asdf else _fits_planes)(path, names, at)
    except OSError as error:
        raise PictureError(f"{path}: cannot be shown: {error}; or use --no-picture") from error


def _fits_planes(path, names, at):
    from astropy.io import fits

    found = {}
    with fits.open(path) as hdus:
        for hdu in (hdus[name] for name in names if name in hdus):
            axes = hdu.header.get("NAXIS", 0)
            if axes >= 2:
                found[hdu.name] = hdu.section[(at,) * (axes - 2)] if axes > 2 else hdu.data.copy()
    return found


def _asdf_planes(path, names, at):
    from .. import datamodels

    with datamodels.open(path) as model:
        arrays = {name: model.get(ARRAYS.get(name, name)) for name in names}
        return {
            name: array[(at,) * (array.ndim - 2)].copy()
            for name, array in arrays.items()
            if getattr(array, "ndim", 0) >= 2
        }


# ---------------------------------------------------------------- panels


def _stretch(data):
    """Return the limits of an asinh stretch: sky dark, the brightest percent white."""
    import numpy as np
    from matplotlib.colors import AsinhNorm

    good = data[np.isfinite(data)]
    if not good.size:
        return AsinhNorm(1, 0, 1)
    low, middle, high = np.percentile(good, (1, 50, 99.7))
    width = max(middle - low, 1e-3 * max(abs(high), 1e-6))
    return AsinhNorm(2 * width, low - width, max(high, low + 4 * width))


def _draw_image(figure, axis, data, unit):
    import numpy as np

    data = np.asarray(data, float)
    axis.set_facecolor("#d8dde3")
    norm = _stretch(data)
    shown = axis.imshow(data, origin="lower", norm=norm, cmap="cividis")
    ticks = norm.inverse(np.linspace(norm(norm.vmin), norm(norm.vmax), 6))
    labels = [f"{v:,.0f}" if abs(v) >= 100 else f"{v:.2g}" for v in ticks]
    _draw_bar(figure, axis, shown, unit).set_ticks(ticks, labels=labels, minor=False)


def _draw_bar(figure, axis, shown, label, extend="neither"):
    """Put a colour bar at the side of a panel, as high as the image; return its axis."""
    place = axis.inset_axes((1.025, 0, 0.03, 1))
    bar = figure.colorbar(shown, cax=place, extend=extend, extendfrac=0.03)
    bar.minorticks_off()
    bar.outline.set_visible(False)
    place.tick_params(colors=FAINT, labelsize=9, length=0)
    bar.set_label(label, color=FAINT, fontsize=9)
    return place.yaxis


def _draw_input(figure, axis, data):
    _draw_image(figure, axis, data, "DN")


def _draw_slope(figure, axis, data):
    _draw_image(figure, axis, data, "DN/s")


def _draw_dq(_figure, axis, dq):
    import numpy as np
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    kinds = np.zeros(dq.shape, np.uint8)
    for index, (bit, _label, _colour) in enumerate(FLAGS):
        if bit:
            kinds[(dq & np.uint32(bit)) != 0] = index
    rows, columns = kinds.shape
    axis.imshow(
        _shrink(kinds, np.array([to_rgb(colour) for _, _, colour in FLAGS], np.float32)),
        extent=(-0.5, columns - 0.5, -0.5, rows - 0.5),
        origin="lower",
        interpolation="nearest",
    )
    share = np.bincount(kinds.ravel(), minlength=len(FLAGS)) / kinds.size
    handles = [
        Patch(facecolor=colour, edgecolor="#c9d0d8", label=f"{label}  {100 * part:.2g} %")
        for (_, label, colour), part in zip(FLAGS, share, strict=True)
        if part
    ]
    legend = axis.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.05),
        ncols=3,
        frameon=False,
        fontsize=9,
    )
    for text in legend.get_texts():
        text.set_color(INK)


def _shrink(kinds, colours, most=600):
    """Return a plane of kinds in colour, each side at most about `most`.

    Colours are averaged, so that the density of flags stays; a block with a saturated pixel has
    the colour of saturation.
    """
    from numpy import where

    step = -(-max(kinds.shape) // most)
    rows, columns = (n // step * step for n in kinds.shape)
    blocks = kinds[:rows, :columns].reshape(rows // step, step, columns // step, step)
    share = [(blocks == k).mean(axis=(1, 3))[..., None] for k in range(len(colours))]
    shown = sum(part * colour for part, colour in zip(share, colours, strict=True))
    return where(share[SATURATED] > 0, colours[SATURATED], shown)


def _draw_residual(figure, axis, pull):
    import numpy as np

    axis.set_facecolor("#d8dde3")
    limits = {"vmin": -5, "vmax": 5, "cmap": "RdBu_r"}
    shown = axis.imshow(pull, origin="lower", interpolation="nearest", **limits)
    _draw_bar(figure, axis, shown, "(slope - truth) / error", "both")
    good = pull[np.isfinite(pull)]
    if good.size:
        spread = 1.4826 * np.median(np.abs(good - np.median(good)))
        axis.set_xlabel(
            f"median {np.median(good):+.3f}, width {spread:.3f} (1 expected)",
            color=FAINT,
            fontsize=9,
        )


DRAW = {"input": _draw_input, "slope": _draw_slope, "dq": _draw_dq, "residual": _draw_residual}

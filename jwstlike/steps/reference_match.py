"""Bring a reference to the pixels of an exposure, and read the numbers that steps need."""

from ..errors import FileFormatError, InvalidValueError

KINDS = {
    "nframes": "the frames averaged into a group",
    "group_time": "seconds from group to group",
    "frame_time": "seconds of one frame",
}


def start_of(model):
    """Return the first pixel (x, y) of a model on the detector, from 1; (1, 1) if unknown."""
    return tuple(model.get(f"meta.subarray.{name}") or 1 for name in ("xstart", "ystart"))


def name_of(model):
    """Return the file name of a model, for messages."""
    return model.get("meta.filename") or type(model).__name__


def cut(science, reference, name="data"):
    """Return an array of a reference, cut to the pixels of the science exposure.

    Parameters
    ----------
    science : DataModel
        Its last two axes are (y, x); ``meta.subarray`` tells where they lie.
    reference : DataModel
    name : str
        Array of the reference, with (y, x) as its last two axes.

    Returns
    -------
    ndarray
        A view; the reference is shared, so it must not be changed.

    Raises
    ------
    FileFormatError
        The reference is smaller than the exposure, or does not cover it.
    """
    array = getattr(reference, name)
    size, own = science.shape[-2:], array.shape[-2:]
    first = [s - r for s, r in zip(start_of(science), start_of(reference), strict=True)][::-1]
    if any(a < 0 or a + n > m for a, n, m in zip(first, size, own, strict=True)):
        raise FileFormatError(
            f"reference {name_of(reference)}",
            f"{_area(own, reference)} does not cover {name_of(science)}, {_area(size, science)}",
            "give a reference of the full frame or of the same subarray",
        )
    if size == own:
        return array
    y, x = (slice(a, a + n) for a, n in zip(first, size, strict=True))
    return array[..., y, x]


def _area(shape, model):
    ny, nx = shape
    x, y = start_of(model)
    return f"{nx} x {ny} pixels from ({x}, {y})"


def exposure_numbers(model, *names):
    """Return numbers of ``meta.exposure``.

    Raises
    ------
    InvalidValueError
        One is missing; the message names it and what it is.
    """
    values = []
    for name in names:
        value = model.get(f"meta.exposure.{name}")
        if value is None or value <= 0:
            raise InvalidValueError(
                f"meta.exposure.{name}",
                value,
                f"is not possible: {KINDS[name]} must be known; set it in the input",
                name_of(model),
            )
        values.append(value)
    return values


def is_miri(model):
    """Return whether an exposure is one of MIRI."""
    return model.get("meta.instrument.name") == "MIRI"


def is_irs2(model):
    """Return whether an exposure was read out in NIRSpec's IRS2 mode."""
    return "IRS2" in (model.get("meta.exposure.readpatt") or "")

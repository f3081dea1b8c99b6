"""Find the values that a cast changes by more than rounding."""

import numpy as np

NUMBERS = "biufc"


class InexactCastError(ValueError):
    """A cast would lose values."""


def real_part(value, dtype):
    """Return a complex array without its imaginary part, if that is zero and `dtype` is real.

    Raises
    ------
    InexactCastError
        When it is not zero.
    """
    complex_to_real = getattr(getattr(value, "dtype", None), "kind", "") == "c" and (
        dtype is not None and dtype.kind in "biuf"
    )
    if not complex_to_real:
        return value
    _refuse(value.imag != 0, value, dtype)
    return value.real


def check_values(before, after):
    """Check that an array holds after a cast what it held before.

    Rounding of numbers to fewer digits is no change; what is out of range, and fractions or NaN
    that became integers, are.

    Raises
    ------
    InexactCastError
    """
    if after.dtype.names is None:
        _refuse(_changed(before, after), before, after.dtype)
        return
    known = {name.upper(): name for name in before.dtype.names or ()}
    for name in after.dtype.names:
        old = known.get(name.upper())
        if old is not None:
            column = before[old]
            _refuse(_changed(column, after[name]), column, after[name].dtype, f"column {name}: ")


def _changed(before, after):
    """Return where values changed, a bool array; None where that cannot be."""
    old, new = before.dtype, after.dtype
    if old.kind not in NUMBERS or new.kind not in NUMBERS or np.can_cast(old, new, "safe"):
        return None
    if new.kind in "biu":
        return before != after
    if old.kind in "biu":
        return None
    too_large = np.isinf(after)
    return too_large & ~np.isinf(before) if too_large.any() else None


def _refuse(bad, values, dtype, where=""):
    count = 0 if bad is None else int(np.count_nonzero(bad))
    if not count:
        return
    place = tuple(int(n) for n in np.unravel_index(np.argmax(bad), bad.shape))
    raise InexactCastError(
        f"{where}{count} of {values.size} values do not fit {dtype}, the first is "
        f"{values[place].item()!r} at {place}"
    )

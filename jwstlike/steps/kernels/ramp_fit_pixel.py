"""Fit one ramp: the compiled form of the functions of `ramp_fit_reference`.

Buffers and sums are passed in, since a kernel calls these for millions of pixels.
"""

import numpy as np
from numba import njit

from .flags import DO_NOT_USE, JUMP_DET, PERSISTENCE, SATURATED
from .ramp_fit_reference import LARGEST_VARIANCE, LOST, POWERS, UNUSABLE, weights

SEEN = 0xFF - PERSISTENCE  # flags that take a group out of the fit


def slope_coefficients(n):
    """Return, per power, the factors that make the slope per group from `n` values.

    The weighted straight-line fit is linear in the values; read noise and the number of the
    first group cancel.

    Returns
    -------
    float64, (power, group)
    """
    x = np.arange(n, dtype=np.float64)
    rows = []
    for power in POWERS:
        w = weights(n, power) if n > 2 else np.ones(n)
        det = w.sum() * (w * x * x).sum() - (w * x).sum() ** 2
        rows.append((w.sum() * w * x - (w * x).sum() * w) / det if n > 1 else np.ones(1))
    return np.array(rows)


def coefficient_table(ngroups):
    """Return `slope_coefficients` of 1 to `ngroups` groups, those of n from ``n (n - 1) / 2``."""
    return np.concatenate([slope_coefficients(n) for n in range(1, ngroups + 1)], axis=1)


@njit(cache=True, nogil=True)
def drop_lone_group(flags, n):
    """Make a ramp with a single good group unusable."""
    count = 0
    for k in range(n):
        count += (flags[k] & SEEN) == 0
    if count == 1:
        for k in range(n):
            flags[k] |= np.uint8(DO_NOT_USE)


@njit(cache=True, nogil=True, error_model="numpy")
def load(arrays, place, span, suppress, values, flags):
    """Copy one ramp into the buffers, NaN where saturated; return the union of its flags.

    A lone good group is dropped if `suppress`. Then a jump into the first group is forgotten,
    when groups before it were left out: it means nothing.
    """
    data, groupdq = arrays
    i, y, x = place
    first, last = span
    for g in range(first, last):
        dq = groupdq[i, g, y, x]
        flags[g - first] = dq
        values[g - first] = np.nan if dq & SATURATED else np.float64(data[i, g, y, x])
    if suppress:
        drop_lone_group(flags, last - first)
    if first > 0:
        flags[0] &= np.uint8(0xFF - JUMP_DET)
    union = np.uint8(0)
    for k in range(last - first):
        union |= flags[k]
    return union


@njit(cache=True, nogil=True)
def stands_alone(flags, n, use_first):
    """Return whether the first group is the only one without any flag, and may be used."""
    if not use_first or flags[0] != 0:
        return False
    for k in range(1, n):
        if flags[k] == 0:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def median_rate(values, flags, n, times, alone, scratch):
    """Return the median of the rates between groups; see `ramp_fit_reference.median_rate`."""
    if n == 1:
        return values[0] / times[1]
    if alone:
        return values[0] / times[1]
    count = 0
    for k in range(1, n):
        if (flags[k - 1] | flags[k]) & DO_NOT_USE or flags[k] & JUMP_DET:
            continue
        rate = values[k] / times[0] - values[k - 1] / times[0]
        if np.isnan(rate):
            continue
        j = count
        while j > 0 and scratch[j - 1] > rate:
            scratch[j] = scratch[j - 1]
            j -= 1
        scratch[j] = rate
        count += 1
    if count == 0:
        first = values[0] / times[0]
        return 0.0 if flags[0] & DO_NOT_USE or np.isnan(first) else first
    half = count // 2
    return scratch[half] if count % 2 else (scratch[half - 1] + scratch[half]) / 2


@njit(cache=True, nogil=True)
def find_segments(flags, n, spans):
    """Write (first, end) of the segments into `spans`; return how many there are."""
    count, longest, k = 0, 0, 0
    while k < n:
        if flags[k] & SEEN:
            k += 1
            continue
        start = k - 1 if k > 0 and (flags[k - 1] & SEEN) == JUMP_DET else k
        while k < n and not flags[k] & SEEN:
            k += 1
        spans[count, 0], spans[count, 1] = start, k
        longest = max(longest, k - start)
        count += 1
    if longest < 2:
        return min(count, 1)
    kept = 0
    for s in range(count):
        if spans[s, 1] - spans[s, 0] > 1:
            spans[kept, 0], spans[kept, 1] = spans[s, 0], spans[s, 1]
            kept += 1
    return kept


@njit(cache=True, nogil=True, error_model="numpy")
def power_index(signal, variance):
    """Return which of POWERS the weights take, from signal and variance in electrons."""
    if np.isnan(signal):  # an end of the segment is NaN
        return len(POWERS) - 1
    if not (variance > 0 and signal > 0):
        return 0
    ratio = signal / np.sqrt(variance)
    return (ratio >= 5.0) + (ratio >= 10.0) + (ratio >= 20.0) + (ratio >= 50.0) + (ratio >= 100.0)


@njit(cache=True, nogil=True, error_model="numpy")
def read_variance(n, pixel, time):
    """Return the variance of a slope from read noise."""
    spread = 6.0 if n == 1 else np.float64(n) * n * n - n
    noise = pixel[1] / time
    if n > 2 and not pixel[0] > 0:
        return 0.0
    return 12.0 * noise * noise / (spread * pixel[0] * pixel[0])


@njit(cache=True, nogil=True, error_model="numpy")
def add_segment(values, span, pixel, time, table, sums):
    """Fit one segment and add it to `sums`.

    Parameters
    ----------
    values : float64, (group,), DN
    span : (int, int)
        First group and the one after the last.
    pixel : (gain, noise, dark, rate)
    time : float
        Between groups, seconds.
    table : float64, (power, any)
        See `coefficient_table`.
    sums : float64, (5,)
        Of 1 / read-noise variance, 1 / Poisson variance, 1 / both, slope / read-noise variance;
        number of segments.
    """
    gain, noise, dark, rate = pixel
    first, last = span
    n = last - first
    var_rnoise = read_variance(n, pixel, time)
    var_poisson = ((rate if rate > 0 else 0.0) + dark) / (time * gain * max(n - 1, 1))
    power = 0
    if n > 2:
        signal = (values[last - 1] - values[first]) * gain
        power = power_index(signal, noise * noise + signal)
    slope = 0.0
    for k in range(n):
        value = values[first + k]
        if n < 3 or not np.isnan(value):
            slope += table[power, n * (n - 1) // 2 + k] * value
    slope = slope / time if n < 3 or noise > 0 else np.nan
    if var_rnoise > 0:
        sums[0] += 1 / var_rnoise
    if var_poisson > 0:
        sums[1] += 1 / var_poisson
    sums[2] += 1 / (var_poisson + var_rnoise)
    sums[3] += slope / var_rnoise
    sums[4] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def combine(sums, dq):
    """Return slope, Poisson variance, read-noise variance and error of the segments in `sums`."""
    if dq & UNUSABLE:
        return np.nan, 0.0, 0.0, 0.0
    if sums[4] == 0:
        return 0.0, 0.0, 0.0, 0.0
    var_rnoise = 1 / sums[0] if sums[0] > 0 else 0.0
    var_poisson = 1 / sums[1] if sums[1] > 0 else 0.0
    slope, err = sums[3] * var_rnoise, np.sqrt(1 / sums[2])
    return (
        slope,
        var_poisson if var_poisson < LARGEST_VARIANCE else 0.0,
        var_rnoise if var_rnoise < LARGEST_VARIANCE else 0.0,
        err,
    )


@njit(cache=True, nogil=True)
def integration_dq(flags, n, union, dq):
    """Return the flags of one integration of a pixel."""
    dq |= np.uint32(union & (JUMP_DET | PERSISTENCE))
    if flags[0] & SATURATED:
        return dq | np.uint32(UNUSABLE)
    common = np.uint8(0xFF)
    unusable = True
    for k in range(n):
        common &= flags[k]
        unusable = unusable and (flags[k] & UNUSABLE) != 0
    if unusable:
        dq |= np.uint32(DO_NOT_USE | (common & SATURATED))
    return dq


@njit(cache=True, nogil=True, error_model="numpy")
def add_ramp(buffers, n, pixel, times, table, sums):
    """Add all segments of the ramp in the buffers to `sums`.

    ``times[2]`` says whether the first group stands alone; then the time since the reset,
    ``times[1]``, counts.
    """
    values, flags, spans, _ = buffers
    group_time, first_time, alone = times
    count = find_segments(flags, n, spans)
    time = first_time if alone and count == 1 and spans[0, 1] == 1 else group_time
    for s in range(count):
        add_segment(values, (spans[s, 0], spans[s, 1]), pixel, time, table, sums)


@njit(cache=True, nogil=True)
def recover_groups(flags, n):
    """Undo the flags of charge migration in the buffer."""
    for k in range(n):
        if flags[k] & LOST == LOST:
            flags[k] &= np.uint8(0xFF - LOST)

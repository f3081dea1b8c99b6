"""Slopes of ramps: the compiled kernel.

`ramp_fit_reference.fit_ramps_reference` is the definition. Rows are walked in memory order. Ramps
without any flag, most of them, take the fast way: the median by a sorting network over a whole
row, the slope as a sum of tabulated coefficients. Others are fitted segment by segment.
"""

from functools import lru_cache

import numpy as np
from numba import njit

from .flags import CHARGELOSS, DO_NOT_USE, NO_GAIN_VALUE, SATURATED
from .ramp_fit_pixel import (
    add_ramp,
    coefficient_table,
    combine,
    integration_dq,
    load,
    median_rate,
    power_index,
    read_variance,
    recover_groups,
    stands_alone,
)
from .ramp_fit_reference import (
    LARGEST_VARIANCE,
    UNUSABLE,
    Pixel,
    Product,
    Timing,
    usable_span,
)
from .rows import as_kernel_array, for_blocks, row_blocks, rows_of

__all__ = ["GroupNoise", "Pixel", "Product", "Timing", "fit_ramps", "no_dark", "usable_span"]

TILE = 256  # pixels of a row that are sorted together


@lru_cache(maxsize=8)
def median_network(n):
    """Return compare-exchange pairs that put the middle of `n` values in its place.

    Batcher's odd-even merge sort, without the exchanges that cannot reach the middle.

    Returns
    -------
    int64, (exchange, 2)
    """
    pairs = []
    p = 1
    while p < n:
        k = p
        while k >= 1:
            for j in range(k % p, n - k, 2 * k):
                for i in range(min(k, n - j - k)):
                    if (i + j) // (2 * p) == (i + j + k) // (2 * p):
                        pairs.append((i + j, i + j + k))
            k //= 2
        p *= 2
    needed, kept = {(n - 1) // 2, n // 2}, []
    for pair in reversed(pairs):
        if needed & set(pair):
            needed |= set(pair)
            kept.append(pair)
    return np.array(kept[::-1], dtype=np.int64).reshape(-1, 2)


@lru_cache(maxsize=8)
def tables(ngroups):
    """Return the tables that a fit of `ngroups` groups needs."""
    return coefficient_table(ngroups), median_network(max(ngroups - 1, 1))


class GroupNoise:
    """Read noise of a group in electrons (float32), made for the rows that are asked for.

    Parameters
    ----------
    readnoise : float32, (y, x), DN
        Of the difference of two reads.
    gain : float32, (y, x), electron / DN
    nframes : int
        Frames averaged into a group.
    """

    def __init__(self, readnoise, gain, nframes):
        self.readnoise, self.gain = readnoise, gain
        self.factor = np.float32(np.sqrt(2.0 * nframes))

    def __getitem__(self, rows):
        return self.readnoise[rows] * self.gain[rows] / self.factor


def no_dark(shape):
    """Return an image of zeros that takes no memory."""
    return np.broadcast_to(np.float32(0), shape)


@njit(cache=True, nogil=True, error_model="numpy")
def _scan_row(arrays, place, span, usable, clean):
    """Find the pixels of a row whose ramp has neither flags nor NaN."""
    data, groupdq = arrays
    i, y = place
    nx = clean.size
    total, union = np.zeros(nx, np.float32), np.zeros(nx, np.uint8)
    for g in range(span[0], span[1]):
        for x in range(nx):
            union[x] |= groupdq[i, g, y, x]
            total[x] += data[i, g, y, x]
    several = span[1] - span[0] > 1
    for x in range(nx):
        clean[x] = several and usable[x] and union[x] == 0 and np.isfinite(total[x])


@njit(cache=True, nogil=True, error_model="numpy")
def _median_row(data, place, span, network, out):
    """Write the median of the differences of each pixel of a row into `out`, DN per group."""
    i, y = place
    n = span[1] - span[0] - 1
    middle, other = n // 2, (n - 1) // 2
    diff = np.empty((n, TILE), np.float32)
    for x0 in range(0, out.size, TILE):
        width = min(TILE, out.size - x0)
        for k in range(n):
            g = span[0] + k
            for x in range(width):
                diff[k, x] = data[i, g + 1, y, x0 + x] - data[i, g, y, x0 + x]
        for p in range(network.shape[0]):
            a, b = network[p, 0], network[p, 1]
            for x in range(width):
                low, high = diff[a, x], diff[b, x]
                diff[a, x] = low if low < high else high
                diff[b, x] = high if low < high else low
        for x in range(width):
            out[x0 + x] = (np.float64(diff[middle, x]) + np.float64(diff[other, x])) * 0.5


@njit(cache=True, nogil=True, error_model="numpy")
def _slope_row(data, place, span, references, table, out):
    """Write the slope of each pixel of a row, as if nothing were flagged, into `out`."""
    i, y = place
    gain, noise = references
    n = span[1] - span[0]
    start = n * (n - 1) // 2
    power = np.empty(out.size, np.int64)
    for x in range(out.size):
        rise = np.float64(data[i, span[1] - 1, y, x]) - np.float64(data[i, span[0], y, x])
        signal = rise * np.float64(gain[x])
        square = np.float64(noise[x]) * np.float64(noise[x])
        power[x] = power_index(signal, square + signal) if n > 2 else 0
        out[x] = 0.0
    for k in range(n):
        for x in range(out.size):
            out[x] += table[power[x], start + k] * np.float64(data[i, span[0] + k, y, x])


@njit(cache=True, nogil=True, error_model="numpy")
def _rates_row(arrays, y, setup, references, clean, buffers):
    """Return the median rate of each pixel of a row: the mean over integrations, DN/s."""
    span, times, mode, _, network = setup
    values, flags, _, scratch = buffers
    nints, _, _, nx = arrays[0].shape
    n = span[1] - span[0]
    usable, rate, median = np.empty(nx, np.bool_), np.zeros(nx), np.empty(nx)
    for x in range(nx):
        gain, noise = references[0][x], references[1][x]
        usable[x] = gain > 0 and noise > 0 and np.isfinite(gain) and np.isfinite(noise)
    for i in range(nints):
        _scan_row(arrays, (i, y), span, usable, clean[i])
        if n > 1:
            _median_row(arrays[0], (i, y), span, network, median)
        for x in range(nx):
            if clean[i, x]:
                rate[x] += median[x] / times[0]
                continue
            load(arrays, (i, y, x), span, mode[1], values, flags)
            alone = stands_alone(flags, n, mode[0])
            value = median_rate(values, flags, n, times, alone, scratch)
            rate[x] += value if n == 1 or not np.isnan(value) else 0.0
    for x in range(nx):
        rate[x] /= nints
    return rate


@njit(cache=True, nogil=True)
def _store(product, place, result, dq):
    """Write one pixel of a product."""
    i, y, x = place
    data, flags, var_poisson, var_rnoise, err = product
    data[i, y, x], var_poisson[i, y, x], var_rnoise[i, y, x], err[i, y, x] = result
    flags[i, y, x] = dq


@njit(cache=True, nogil=True, error_model="numpy")
def _fit_flagged(arrays, place, setup, pixel, dq, work):
    """Fit one integration of a pixel by its segments.

    Returns
    -------
    result : (slope, var_poisson, var_rnoise, err)
    dq : uint32
        Of the integration.
    late : uint32
        SATURATED if any group is.
    charge : bool
        Whether groups were dropped for charge migration; then ``work[2]`` has the sums with them.
    """
    span, times, mode, table, _ = setup
    buffers, sums, whole = work
    values, flags = buffers[0], buffers[1]
    n = span[1] - span[0]
    for k in range(sums.size):
        sums[k] = whole[k] = 0.0
    union = load(arrays, place, span, mode[1], values, flags)
    own = integration_dq(flags, n, union, dq)
    alone = stands_alone(flags, n, mode[0])
    if not own & np.uint32(UNUSABLE) & ~dq:
        add_ramp(buffers, n, pixel, (times[0], times[1], alone), table, sums)
    result = combine(sums, own)
    charge = (union & CHARGELOSS) != 0
    if charge:
        load(arrays, place, span, mode[1] and not charge, values, flags)
        alone = stands_alone(flags, n, mode[0])
        recover_groups(flags, n)
        add_ramp(buffers, n, pixel, (times[0], times[1], alone), table, whole)
        result = (result[0], result[1], combine(whole, 0)[2], result[3])
    return result, own, np.uint32(union & SATURATED), charge


@njit(cache=True, nogil=True, error_model="numpy")
def _fit_clean(slope, n, pixel, time, sums):
    """Finish a pixel without flags: variances of the one segment, and its sums."""
    gain, _, dark, rate = pixel
    var_rnoise = read_variance(n, pixel, time)
    var_poisson = ((rate if rate > 0 else 0.0) + dark) / (time * gain * (n - 1))
    sums[0], sums[1] = 1 / var_rnoise, 1 / var_poisson if var_poisson > 0 else 0.0
    sums[2], sums[3], sums[4] = 1 / (var_poisson + var_rnoise), slope / var_rnoise, 1.0
    poisson = var_poisson if 0 < var_poisson < LARGEST_VARIANCE else 0.0
    rnoise = var_rnoise if var_rnoise < LARGEST_VARIANCE else 0.0
    return slope, poisson, rnoise, np.sqrt(var_poisson + var_rnoise)


@njit(cache=True, nogil=True, error_model="numpy")
def _fit_row(arrays, place, setup, references, state, product):
    """Fit one integration of a row: write its product, and add to the state of the exposure."""
    span, times, _, table, _ = setup
    i, y = place
    gain, noise, dark, dqs, rate = references
    clean, work, totals, flags, slope = state
    sums, whole = work[1], work[2]
    n = span[1] - span[0]
    _slope_row(arrays[0], place, span, (gain, noise), table, slope)
    for x in range(gain.size):
        dq, late, charge = dqs[x], np.uint32(0), False
        pixel = (np.float64(gain[x]), np.float64(noise[x]), np.float64(dark[x]), rate[x])
        if clean[i, x]:
            result = _fit_clean(slope[x] / times[0], n, pixel, times[0], sums)
            if dq & np.uint32(UNUSABLE):
                result = (np.nan, 0.0, 0.0, 0.0)
        else:
            result, dq, late, charge = _fit_flagged(arrays, (i, y, x), setup, pixel, dq, work)
        if product[0].shape[0]:
            _store(product, (i, y, x), result, dq | late)
        good = not dq & np.uint32(UNUSABLE)
        for k in range(5):
            totals[0, x, k] += sums[k]
            totals[1, x, k] += whole[k] if charge else (sums[k] if good else 0.0)
        flags[0, x] |= dq
        flags[1, x] &= dq
        flags[2, x] |= late
        flags[3, x] |= np.uint32(charge)


@njit(cache=True, nogil=True, error_model="numpy")
def _finish_row(y, totals, flags, product):
    """Combine the integrations of a row into the product of the exposure."""
    for x in range(flags.shape[1]):
        dq = (flags[0, x] & ~np.uint32(UNUSABLE)) | (flags[1, x] & np.uint32(UNUSABLE))
        slope, poisson, rnoise, _ = combine(totals[0, x], dq)
        err = np.sqrt(poisson + rnoise)
        if flags[3, x]:
            rnoise = combine(totals[1, x], 0)[2]
        _store(product, (0, y, x), (slope, poisson, rnoise, err), dq | flags[2, x])


@njit(cache=True, nogil=True, error_model="numpy")
def _fit_rows(first, last, arrays, references, setup, products):
    """Fit all pixels of some rows; `references` hold these rows only."""
    nints, _, _, nx = arrays[0].shape
    gain, noise, dark, pixeldq = references
    n = setup[0][1] - setup[0][0]
    clean, slope = np.empty((nints, nx), np.bool_), np.empty(nx)
    buffers = (np.empty(n), np.empty(n, np.uint8), np.empty((n, 2), np.int64), np.empty(n))
    work = (buffers, np.zeros(5), np.zeros(5))
    totals, flags, dqs = np.empty((2, nx, 5)), np.empty((4, nx), np.uint32), np.empty(nx, np.uint32)
    for y in range(first, last):
        row = y - first
        rate = _rates_row(arrays, y, setup, (gain[row], noise[row]), clean, buffers)
        for x in range(nx):
            bad = not gain[row, x] > 0
            dqs[x] = pixeldq[row, x] | np.uint32(NO_GAIN_VALUE | DO_NOT_USE if bad else 0)
            flags[0, x] = flags[2, x] = flags[3, x] = 0
            flags[1, x] = 0xFFFFFFFF
            for k in range(5):
                totals[0, x, k] = totals[1, x, k] = 0.0
        planes = (gain[row], noise[row], dark[row], dqs, rate)
        state = (clean, work, totals, flags, slope)
        for i in range(nints):
            _fit_row(arrays, (i, y), setup, planes, state, products[1])
        _finish_row(y, totals, flags, products[0])


def fit_ramps(exposure, pixels, timing, suppress=True, trim=False, want_ints=True):
    """Do as `ramp_fit_reference.fit_ramps_reference`, compiled and in threads.

    Parameters
    ----------
    exposure : (data, groupdq, pixeldq)
        ``data`` float32 (integration, group, y, x), DN; ``groupdq`` uint8 as data; ``pixeldq``
        uint32 (y, x). They are not changed.
    pixels : Pixel of float32, (y, x)
        Gain (electron / DN), noise of a group (electron; perhaps a `GroupNoise`), dark.
    timing : Timing
    suppress : bool
        Drop the ramps of an integration that have one good group.
    trim : bool
        Leave out leading and trailing groups that are DO_NOT_USE in all pixels (MIRI).
    want_ints : bool
        Make the product of the integrations.

    Returns
    -------
    rate, rateints : Product
        None for `rateints` unless `want_ints`.
    """
    data = as_kernel_array(exposure[0], np.float32)
    groupdq = as_kernel_array(exposure[1], np.uint8)
    nints, ngroups, ny, nx = data.shape
    span = usable_span(groupdq) if trim else (0, ngroups)
    n = span[1] - span[0]
    rate, ints = Product.empty((1, ny, nx)), Product.empty((nints if want_ints else 0, ny, nx))
    times = (float(timing.group_time), float(timing.first_time))
    mode = (bool(timing.use_first), bool(suppress and ngroups > 1))
    setup = (span, times, mode, *tables(n))
    products = (tuple(rate), tuple(ints))

    def fit(first, last):
        rows = tuple(rows_of(plane, first, last) for plane in pixels[:3])
        dq = rows_of(exposure[2], first, last, np.uint32)
        _fit_rows(first, last, (data, groupdq), (*rows, dq), setup, products)

    for_blocks(fit, row_blocks(ny, 4 * nx))
    return Product(*(plane[0] for plane in rate)), ints if want_ints else None

"""The ramp fit segment by segment: what the optional product of ramp_fit holds."""

from typing import NamedTuple

import numpy as np
from numba import njit

from .flags import DO_NOT_USE, JUMP_DET, NO_GAIN_VALUE
from .ramp_fit import _rates_row, tables, usable_span
from .ramp_fit_pixel import (
    add_segment,
    find_segments,
    integration_dq,
    load,
    power_index,
    read_variance,
    stands_alone,
)
from .ramp_fit_reference import POWERS, UNUSABLE
from .rows import as_kernel_array, for_blocks, row_blocks, rows_of

_POWERS = np.array(POWERS, dtype=np.float32)


class Segments(NamedTuple):
    """Planes of (integration, segment, y, x); zero where there are fewer segments.

    Parameters
    ----------
    slope : float32, DN/s
    sigslope : float32, electron per group
        From the weights of the fit.
    var_poisson, var_rnoise : float32, (DN/s)**2
    yint : float32, DN
        Value of the straight line at the first group.
    sigyint : float32, electron
    weights : float32
        Of the segment in the slope of its integration, (DN/s)**-2.
    crmag : float32, (integration, jump, y, x), DN
        Differences across the jumps of a ramp, in order.
    """

    slope: np.ndarray
    sigslope: np.ndarray
    var_poisson: np.ndarray
    var_rnoise: np.ndarray
    yint: np.ndarray
    sigyint: np.ndarray
    weights: np.ndarray
    crmag: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy")
def _line(values, span, pixel, result):
    """Write intercept and the uncertainties of a segment's straight line into `result`."""
    first, last = span
    gain, noise = pixel[0], pixel[1]
    n = last - first
    if n == 1:
        result[1] = result[4] = result[5] = 0.0
        return
    if n == 2:
        result[1] = result[5] = noise * np.sqrt(2.0)
        result[4] = values[first] - first * (values[first + 1] - values[first])
        return
    signal = (values[last - 1] - values[first]) * gain
    power = _POWERS[power_index(signal, noise * noise + signal)]
    middle = (n - 1) / 2
    sw = sx = sxx = sy = sxy = 0.0
    for k in range(n):
        distance = np.float32(abs((k - middle) / middle))
        w = np.float64(distance**power) / (noise * noise)
        x, y = np.float64(first + k), values[first + k]
        y = 0.0 if np.isnan(y) else y
        sw += w
        sx += w * x
        sxx += w * x * x
        sy += w * y
        sxy += w * x * y
    det = sw * sxx - sx * sx
    result[1], result[5] = np.sqrt(sw / det), np.sqrt(sxx / det)
    result[4] = (sxx * sy - sx * sxy) / det


@njit(cache=True, nogil=True, error_model="numpy")
def _ramp_segments(arrays, place, setup, dq, buffers):
    """Load a ramp and find its segments; return (number of segments, first stands alone)."""
    span, _, mode, _, _ = setup
    values, flags, spans, _ = buffers
    n = span[1] - span[0]
    union = load(arrays, place, span, mode[1], values, flags)
    if integration_dq(flags, n, union, dq) & np.uint32(UNUSABLE) & ~dq:
        return 0, False
    return find_segments(flags, n, spans), stands_alone(flags, n, mode[0])


@njit(cache=True, nogil=True)
def _jumps(flags, n):
    count = 0
    for k in range(1, n):
        count += (flags[k] & JUMP_DET) != 0
    return count


@njit(cache=True, nogil=True)
def _buffers(n):
    return (np.empty(n), np.empty(n, np.uint8), np.empty((n, 2), np.int64), np.empty(n))


@njit(cache=True, nogil=True, error_model="numpy")
def _count_rows(first, last, arrays, pixeldq, setup):
    """Return the largest numbers of segments and of jumps in any ramp of some rows."""
    nints, _, _, nx = arrays[0].shape
    n = setup[0][1] - setup[0][0]
    buffers = _buffers(n)
    segments = jumps = 1
    for y in range(first, last):
        for i in range(nints):
            for x in range(nx):
                dq = pixeldq[y - first, x]
                count, _ = _ramp_segments(arrays, (i, y, x), setup, dq, buffers)
                segments = max(segments, count)
                jumps = max(jumps, _jumps(buffers[1], n))
    return segments, jumps


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_rows(first, last, arrays, references, setup, out):
    """Fill ``out[0]`` (quantity, integration, segment, y, x) and ``out[1]``, the jumps."""
    nints, _, _, nx = arrays[0].shape
    gain, noise, dark, pixeldq = references
    times, table = setup[1], setup[3]
    n = setup[0][1] - setup[0][0]
    buffers, sums, result = _buffers(n), np.zeros(5), np.zeros(7)
    values, flags, spans, _ = buffers
    clean = np.empty((nints, nx), np.bool_)
    for y in range(first, last):
        row = y - first
        rate = _rates_row(arrays, y, setup, (gain[row], noise[row]), clean, buffers)
        for i in range(nints):
            for x in range(nx):
                dq = pixeldq[row, x]
                if not gain[row, x] > 0:
                    dq |= np.uint32(NO_GAIN_VALUE | DO_NOT_USE)
                count, alone = _ramp_segments(arrays, (i, y, x), setup, dq, buffers)
                numbers = (gain[row, x], noise[row, x], dark[row, x])
                pixel = (
                    np.float64(numbers[0]),
                    np.float64(numbers[1]),
                    np.float64(numbers[2]),
                    rate[x],
                )
                for s in range(count):
                    span = (spans[s, 0], spans[s, 1])
                    only = alone and count == 1 and span[1] == 1
                    time = times[1] if only else times[0]
                    for k in range(5):
                        sums[k] = 0.0
                    add_segment(values, span, pixel, time, table, sums)
                    result[3] = read_variance(span[1] - span[0], pixel, time)
                    result[0] = sums[3] * result[3]
                    result[2] = 1 / sums[1] if sums[1] > 0 else 0.0
                    result[6] = sums[0]
                    _line(values, span, pixel, result)
                    for k in range(7):
                        out[0][k, i, s, y, x] = result[k]
                jump = 0
                for k in range(1, n):
                    if flags[k] & JUMP_DET:
                        out[1][i, jump, y, x] = values[k] - values[k - 1]
                        jump += 1


def fit_segments(exposure, pixels, timing, suppress=True, trim=False):
    """Return the fit of each segment; parameters as of `ramp_fit.fit_ramps`.

    Returns
    -------
    Segments
    """
    arrays = as_kernel_array(exposure[0], np.float32), as_kernel_array(exposure[1], np.uint8)
    nints, ngroups, ny, nx = arrays[0].shape
    span = usable_span(arrays[1]) if trim else (0, ngroups)
    times = (float(timing.group_time), float(timing.first_time))
    mode = (bool(timing.use_first), bool(suppress and ngroups > 1))
    setup = (span, times, mode, *tables(span[1] - span[0]))

    def count(first, last):
        dq = rows_of(exposure[2], first, last, np.uint32)
        return _count_rows(first, last, arrays, dq, setup)

    blocks = row_blocks(ny, 4 * nx)
    counts = for_blocks(count, blocks)
    planes = np.zeros((7, nints, max(c[0] for c in counts), ny, nx), np.float32)
    crmag = np.zeros((nints, max(c[1] for c in counts), ny, nx), np.float32)

    def fill(first, last):
        rows = tuple(rows_of(plane, first, last) for plane in pixels[:3])
        dq = rows_of(exposure[2], first, last, np.uint32)
        _fill_rows(first, last, arrays, (*rows, dq), setup, (planes, crmag))

    for_blocks(fill, blocks)
    return Segments(*planes, crmag)


def pedestals(data, slopes, reads):
    """Return the signal at the reset: the first group minus what the slope gives until then.

    Parameters
    ----------
    data : float32, (integration, group, y, x), DN
    slopes : float32, (integration, y, x), DN/s
        Of the integrations; NaN gives zero.
    reads : float
        Mean time of the first group over the time between groups.
    """
    signal = data[:, 0] - slopes * np.float32(reads)
    return np.where(np.isnan(signal), np.float32(0), signal)

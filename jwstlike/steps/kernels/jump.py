"""Jumps of the signal between groups, from cosmic rays: the compiled kernel.

`jump_reference.flag_jumps_reference` is the definition. Most pixels never need a median: the
spread between the smallest and the largest difference of a pixel bounds every deviation from any
median, so a pixel whose spread stays below the threshold cannot hold a jump. The others are
sorted once; outliers then come off the two ends.

References
----------
Anderson & Gordon 2011, PASP 123, 1237 (two-point difference method).
"""

import numpy as np
from numba import njit

from .flags import DO_NOT_USE, JUMP_DET, NO_GAIN_VALUE
from .jump_reference import (
    CLIP_ALL,
    CLIP_INTEGRATIONS,
    CLIP_ROUNDS,
    ITERATIVE,
    SINGLE_PASS,
    UNUSABLE,
    Rules,
)
from .rows import as_kernel_array, for_blocks, row_blocks, rows_of

__all__ = ["ITERATIVE", "SINGLE_PASS", "Rules", "choose_method", "flag_bad_gain", "flag_jumps"]

TILE_BYTES = 1 << 18
SAFETY = 0.9999  # of the bound, against rounding


def flag_bad_gain(pixeldq, gain):
    """OR NO_GAIN_VALUE and DO_NOT_USE into the pixels without a positive gain, in place."""
    pixeldq[~(gain > 0)] |= np.uint32(NO_GAIN_VALUE | DO_NOT_USE)


def drop_unusable_jumps(groupdq):
    """Remove JUMP_DET from groups that are DO_NOT_USE or SATURATED, in place."""
    groupdq[(groupdq & np.uint8(UNUSABLE)) != 0] &= np.uint8(0xFF - JUMP_DET)


def unusable_groups(groupdq):
    """Count, per integration, the groups that are DO_NOT_USE in every pixel."""
    first = groupdq[:, :, 0, 0] & DO_NOT_USE  # most groups are ruled out by one pixel
    counts = [
        sum(bool((integration[g] & DO_NOT_USE).all()) for g in np.nonzero(first[i])[0])
        for i, integration in enumerate(groupdq)
    ]
    return np.array(counts)


def choose_method(groupdq, limits, only_use_ints=True):
    """Return the method for an exposure, None when it has too few groups.

    Parameters
    ----------
    groupdq : uint8, (integration, group, y, x)
    limits : (int, int, int)
        Least groups; least differences for a single pass; least integrations (or groups of the
        exposure, without `only_use_ints`) for clipping.
    only_use_ints : bool
    """
    minimum_groups, single_pass, clipping = limits
    nints, ngroups = groupdq.shape[:2]
    unusable = unusable_groups(groupdq)
    usable = ngroups - int(unusable.max())
    if only_use_ints and nints >= clipping:
        return CLIP_INTEGRATIONS
    if not only_use_ints and nints * ngroups - int(unusable.sum()) >= clipping:
        return CLIP_ALL
    if usable < minimum_groups:
        return None
    return SINGLE_PASS if usable - 1 >= single_pass else ITERATIVE


@njit(cache=True, nogil=True, error_model="numpy")
def _differences(arrays, gain, tile, buffers):
    """Fill the buffers (difference, x) with one row's differences in electrons.

    ``buffers[2]`` tells the pixels that have JUMP_DET in some group already.
    """
    data, groupdq = arrays
    y, x0, x1, gy = tile
    diff, ramp, seen = buffers
    nints, ngroups = data.shape[:2]
    for x in range(x1 - x0):
        seen[x] = 0
    for i in range(nints):
        for g in range(ngroups):
            values, dq = data[i, g, y, x0:x1], groupdq[i, g, y, x0:x1]
            new, old = ramp[g & 1], ramp[1 - (g & 1)]
            for x in range(x1 - x0):
                seen[x] |= dq[x] & np.uint8(JUMP_DET)
                signal = values[x] * gain[gy, x0 + x]
                new[x] = np.float32(np.nan) if dq[x] & UNUSABLE else signal
            if g:
                row = diff[i * (ngroups - 1) + g - 1]
                for x in range(x1 - x0):
                    row[x] = new[x] - old[x]


@njit(cache=True, nogil=True, error_model="numpy")
def _suspects(diff, nx, variance, limit, absolute, out):
    """Mark in `out` the pixels whose spread of differences allows a jump."""
    low, high = np.empty(nx, np.float32), np.empty(nx, np.float32)
    for x in range(nx):
        low[x], high[x] = np.float32(np.inf), np.float32(-np.inf)
    for k in range(diff.shape[0]):
        row = diff[k]
        for x in range(nx):
            value = abs(row[x]) if absolute else row[x]
            low[x] = value if value < low[x] else low[x]
            high[x] = value if value > high[x] else high[x]
    square = np.float32(limit * limit * SAFETY)
    for x in range(nx):
        spread = high[x] - low[x]
        floor = max(np.float32(0), max(low[x], -high[x]))  # least |median|
        out[x] = spread * spread > square * (floor + variance[x])


@njit(cache=True, nogil=True, error_model="numpy")
def _collect(column, start, step, work):
    """Gather the usable of ``column[start::step]``; return how many, with their places."""
    values, index, _ = work
    n = 0
    for k in range(start, column.size, step):
        if np.isfinite(column[k]):
            values[n], index[n] = column[k], k
            n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _sort(work, n):
    """Sort the first `n` values with their places: Shell's sort, fast for the few of a pixel."""
    values, index, _ = work
    gap = 1
    while gap < n // 3:
        gap = 3 * gap + 1
    while gap:
        for k in range(gap, n):
            value, place = values[k], index[k]
            j = k
            while j >= gap and values[j - gap] > value:
                values[j], index[j] = values[j - gap], index[j - gap]
                j -= gap
            values[j], index[j] = value, place
        gap //= 3


@njit(cache=True, nogil=True, error_model="numpy")
def _middle(values, first, last):
    """Return the median of sorted ``values[first:last]`` in float64."""
    n = last - first
    if n < 1:
        return np.nan
    half = first + n // 2
    if n % 2:
        return np.float64(values[half])
    return (np.float64(values[half - 1]) + np.float64(values[half])) / 2


@njit(cache=True, nogil=True, error_model="numpy")
def _iterate(n, variance, thresholds, work):
    """Mark the jumps of one pixel: the largest outlier first, until none is left."""
    values, index, found = work
    for k in range(n):
        values[k] = abs(values[k])
    _sort(work, n)
    first, last = 0, n
    while last - first >= 2:
        n = last - first
        if n >= 4:
            top = last
            while top > first and values[top - 1] == values[last - 1]:
                top -= 1
            median = np.float32(_middle(values, first, top))
        elif n == 3:
            median = values[first + 1]
        else:
            median = values[first]
        sigma = np.float32(np.sqrt(abs(median) + variance))
        below = np.float64(median) - np.float64(values[first])
        above = np.float64(values[last - 1]) - np.float64(median)
        largest = max(below, above)
        limit = thresholds[0] if n >= 4 else (thresholds[1] if n == 3 else thresholds[2])
        if not (sigma > 0 and largest / np.float64(sigma) > limit):
            return
        while last > first and np.float64(values[last - 1]) - median == largest:
            last -= 1
            found[index[last]] = True
        while last > first and median - np.float64(values[first]) == largest:
            found[index[first]] = True
            first += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _clip(column, start, step, threshold, work):
    """Mark what clipping by median and standard deviation drops from ``column[start::step]``."""
    values, index, found = work
    n = _collect(column, start, step, work)
    _sort(work, n)
    first, last = 0, n
    for _ in range(CLIP_ROUNDS):
        if last - first < 1:
            break
        mean = 0.0
        for k in range(first, last):
            mean += values[k]
        mean /= last - first
        square = 0.0
        for k in range(first, last):
            square += (values[k] - mean) ** 2
        reach = threshold * np.sqrt(square / (last - first))
        middle = _middle(values, first, last)
        before = last - first
        while first < last and values[first] < middle - reach:
            first += 1
        while last > first and values[last - 1] > middle + reach:
            last -= 1
        if last - first == before:
            break
    for k in range(n):
        if k < first or k >= last:
            found[index[k]] = True


@njit(cache=True, nogil=True, error_model="numpy")
def _find(column, nints, variance, method, thresholds, work):
    """Mark the jumps of one pixel in `found` and return its median and sigma."""
    values, _, found = work
    for k in range(found.size):
        found[k] = False
    n = _collect(column, 0, 1, work)
    _sort(work, n)
    median = _middle(values, 0, n)
    sigma = np.sqrt(abs(median) + np.float64(variance))
    if method == SINGLE_PASS:
        for k in range(column.size):
            found[k] = sigma > 0 and abs(column[k] - median) / sigma > thresholds[0]
    elif method == ITERATIVE:
        _iterate(n, variance, thresholds, work)
    else:
        parts = column.size // nints if method == CLIP_INTEGRATIONS else 1
        for part in range(parts):
            _clip(column, part, parts, thresholds[0], work)
    return median, sigma


@njit(cache=True, nogil=True, error_model="numpy")
def _append(places, count, place):
    """Append to an array that doubles when full."""
    if count == places.size:
        longer = np.empty(2 * count, np.int64)
        for k in range(count):
            longer[k] = places[k]
        places = longer
    places[count] = place
    return places


@njit(cache=True, nogil=True, error_model="numpy")
def _flag_pixel(groupdq, y, x, found, clean_up):
    """Write the jumps of one pixel and count them; drop JUMP_DET from unusable groups after."""
    nints, ngroups = groupdq.shape[:2]
    count = 0
    for i in range(nints):
        for g in range(ngroups):
            if g and found[i * (ngroups - 1) + g - 1]:
                groupdq[i, g, y, x] |= np.uint8(JUMP_DET)
            if groupdq[i, g, y, x] & JUMP_DET:
                count += 1
                if clean_up and groupdq[i, g, y, x] & UNUSABLE:
                    groupdq[i, g, y, x] &= np.uint8(0xFF - JUMP_DET)
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _flag_rows(first, last, arrays, references, method, limits):
    """Flag jumps in rows; return their number and the jumps that flag their neighbours."""
    data, groupdq = arrays
    gain, variance = references
    nints, ngroups, ny, nx = data.shape
    ndiff = nints * (ngroups - 1)
    width = min(nx, max(16, TILE_BYTES // (4 * ndiff)))
    diff, seen = np.empty((ndiff, width), np.float32), np.empty(width, np.uint8)
    buffers = (diff, np.empty((2, width), np.float32), seen)
    suspect, column = np.empty(width, np.bool_), np.empty(ndiff, np.float32)
    work = (np.empty(ndiff, np.float32), np.empty(ndiff, np.int64), np.empty(ndiff, np.bool_))
    places, nplaces, count = np.empty(1024, np.int64), 0, 0
    low, high = limits[3], limits[4]
    least = limits[0] if method == SINGLE_PASS else min(limits[0], min(limits[1], limits[2]))
    for y in range(first, last):
        for x0 in range(0, nx, width):
            x1 = min(nx, x0 + width)
            noise = variance[y - first, x0:x1]
            _differences(arrays, gain, (y, x0, x1, y - first), buffers)
            if method <= SINGLE_PASS:
                _suspects(diff, x1 - x0, noise, least, method == ITERATIVE, suspect)
            for x in range(x1 - x0):
                if method <= SINGLE_PASS and not (suspect[x] or seen[x]):
                    continue
                for k in range(ndiff):
                    column[k] = diff[k, x]
                median, sigma = _find(column, nints, noise[x], method, limits, work)
                new = _flag_pixel(groupdq, y, x0 + x, work[2], seen[x] != 0)
                count += new
                if new == 0 or high <= low:
                    continue
                for k in range(ndiff):
                    i, g = k // (ngroups - 1), k % (ngroups - 1) + 1
                    ratio = abs(column[k] - median) / sigma
                    if groupdq[i, g, y, x0 + x] & JUMP_DET and ratio > low and ratio < high:
                        place = ((i * ngroups + g) * ny + y) * nx + x0 + x
                        places = _append(places, nplaces, place)
                        nplaces += 1
    return count, places[:nplaces]


@njit(cache=True, nogil=True)
def _flag_neighbours(groupdq, places):
    """Flag the four neighbours of pixels at flat `places`."""
    _, ngroups, ny, nx = groupdq.shape
    for place in places:
        x, rest = place % nx, place // nx
        y, rest = rest % ny, rest // ny
        dq = groupdq[rest // ngroups, rest % ngroups]
        for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            v, u = y + dy, x + dx
            if v >= 0 and v < ny and u >= 0 and u < nx and dq[v, u] & UNUSABLE == 0:
                dq[v, u] |= np.uint8(JUMP_DET)


@njit(cache=True, nogil=True, error_model="numpy")
def _flag_after(first, last, arrays, gain, levels, more):
    """Flag ``more[k]`` groups after each jump of at least ``levels[k]`` electrons."""
    data, groupdq = arrays
    nints, ngroups, _, nx = data.shape
    ndiff = nints * (ngroups - 1)
    diff, seen = np.empty((ndiff, nx), np.float32), np.empty(nx, np.uint8)
    buffers = (diff, np.empty((2, nx), np.float32), seen)
    work = (np.empty(ndiff, np.float32), np.empty(ndiff, np.int64), np.empty(ndiff, np.bool_))
    for y in range(first, last):
        _differences(arrays, gain, (y, 0, nx, y - first), buffers)
        for x in range(nx):
            if not seen[x]:
                continue
            column = diff[:, x].copy()
            n = _collect(column, 0, 1, work)
            _sort(work, n)
            median = _middle(work[0], 0, n)
            for i in range(nints):
                reach = 0
                for g in range(1, ngroups):
                    excess = column[i * (ngroups - 1) + g - 1] - median
                    jump = groupdq[i, g, y, x] & JUMP_DET
                    if reach > 0 and groupdq[i, g, y, x] & UNUSABLE == 0:
                        groupdq[i, g, y, x] |= np.uint8(JUMP_DET)
                    reach -= 1
                    for k in range(levels.size):
                        if jump and excess >= levels[k]:
                            reach = max(reach, more[k])


def flag_jumps(data, groupdq, gain, readnoise, rules):
    """Do as `jump_reference.flag_jumps_reference`, compiled and in threads.

    Parameters
    ----------
    data : float32, (integration, group, y, x), DN
    groupdq : uint8, as `data`
        Changed in place.
    gain : float32, (y, x), electron / DN
    readnoise : float32, (y, x), DN
        Of the difference of two reads.
    rules : Rules

    Returns
    -------
    int
        Groups with a jump, not counting those flagged because of a neighbour or of time.
    """
    arrays = as_kernel_array(data, np.float32), as_kernel_array(groupdq, np.uint8)
    ny, nx = data.shape[2:]
    if data.shape[1] < 2:
        return 0
    limits = tuple(float(t) for t in (*rules.thresholds, *(rules.neighbours or (0, 0))))
    nframes = np.float32(rules.nframes)

    def find(first, last):
        rows = rows_of(gain, first, last)
        variance = (rows_of(readnoise, first, last) * rows) ** 2 / nframes
        return _flag_rows(first, last, arrays, (rows, variance), rules.method, limits)

    blocks = row_blocks(ny, 4 * nx)
    results = for_blocks(find, blocks)
    for _, places in results:
        _flag_neighbours(arrays[1], places)
    if rules.after:
        middle = np.median(gain[np.isfinite(gain)])
        levels = np.array([level * middle for level, _ in rules.after], np.float64)
        more = np.array([count for _, count in rules.after], np.int64)

        def after(first, last):
            _flag_after(first, last, arrays, rows_of(gain, first, last), levels, more)

        for_blocks(after, blocks)
    if arrays[1] is not groupdq:
        groupdq[...] = arrays[1]
    return int(sum(count for count, _ in results))

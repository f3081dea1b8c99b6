"""Slopes of ramps, pixel by pixel in plain Python: the definition that the kernel must equal.

A ramp is cut into segments at its flagged groups. Each segment is fitted by a straight line with
weights that grow from uniform (read noise rules) to end points only (photon noise rules) with the
signal-to-noise ratio; segments are combined by the inverse of their read-noise variance.

References
----------
Fixsen et al. 2000, PASP 112, 1350 (weights); Robberto 2009, JWST-STScI-001490 and Gordon et al.
2005, PASP 117, 503 (variances).
"""

from typing import NamedTuple

import numpy as np

from .flags import CHARGELOSS, DO_NOT_USE, JUMP_DET, NO_GAIN_VALUE, PERSISTENCE, SATURATED

UNUSABLE = DO_NOT_USE | SATURATED
LOST = CHARGELOSS | DO_NOT_USE  # what the correction for charge migration sets
POWERS = (0.0, 0.4, 1.0, 3.0, 6.0, 10.0)  # of the weights, and the signal-to-noise ratios
POWER_LIMITS = (5.0, 10.0, 20.0, 50.0, 100.0)  # from which the next power holds
LARGEST_VARIANCE = 1e6  # larger ones mean "none"


class Timing(NamedTuple):
    """Times of an exposure.

    Parameters
    ----------
    group_time : float
        From group to group, seconds.
    first_time : float
        From the reset to the middle of the first group, seconds.
    use_first : bool
        Whether a first group that stands alone gives the rate since the reset.
    """

    group_time: float
    first_time: float
    use_first: bool = False


class Product(NamedTuple):
    """Slopes and what belongs to them; images (y, x), or (integration, y, x).

    Parameters
    ----------
    data : float32, DN/s
    dq : uint32
    var_poisson, var_rnoise : float32, (DN/s)**2
    err : float32, DN/s
    """

    data: np.ndarray
    dq: np.ndarray
    var_poisson: np.ndarray
    var_rnoise: np.ndarray
    err: np.ndarray

    @classmethod
    def empty(cls, shape):
        """Make a product of `shape`, all zero."""
        types = (np.float32, np.uint32, np.float32, np.float32, np.float32)
        return cls(*(np.zeros(shape, t) for t in types))


class Pixel(NamedTuple):
    """Numbers of one pixel: gain (electron / DN), read noise of a group (electron), dark."""

    gain: float
    noise: float
    dark: float
    rate: float = 0.0  # median over the exposure, DN/s


def good(flags):
    """Return which groups can be fitted."""
    return (flags & ~np.uint8(PERSISTENCE)) == 0


def stands_alone(flags, timing):
    """Return whether the first group is the only one without any flag, and may be used."""
    return timing.use_first and flags[0] == 0 and bool((flags[1:] != 0).all())


def median_rate(values, flags, timing):
    """Return the median of the rates between the groups of one integration, DN/s.

    Zero if there is none; NaN if a lone group is saturated.
    """
    if len(values) == 1:
        return values[0] / timing.first_time
    if stands_alone(flags, timing):
        return np.nan_to_num(values[0] / timing.first_time)
    values = np.where(flags & DO_NOT_USE, np.nan, values / timing.group_time)
    rates = np.diff(values)
    rates = rates[~np.isnan(rates) & (flags[1:] & JUMP_DET == 0)]
    return np.median(rates) if rates.size else np.nan_to_num(values[0])


def find_segments(flags):
    """Return (first, end) of the runs of good groups.

    A run that follows a jump begins with the group of the jump. Runs of a single group count
    only when there is no longer one, and then the first alone.

    >>> find_segments(np.array([0, 0, 4, 0, 1, 0], np.uint8))
    [(0, 2), (2, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], good(flags), [False]))))
    jump = (flags & ~np.uint8(PERSISTENCE)) == JUMP_DET
    runs = [(int(a) - bool(a and jump[a - 1]), int(b)) for a, b in edges.reshape(-1, 2)]
    return [run for run in runs if run[1] - run[0] > 1] or runs[:1]


def weight_power(gain_signal, variance):
    """Return the power of the weights from the signal (electron) and its variance."""
    if np.isnan(gain_signal):  # an end of the segment is NaN
        return POWERS[-1]
    ratio = gain_signal / np.sqrt(variance) if variance > 0 and gain_signal > 0 else 0.0
    return POWERS[sum(ratio >= limit for limit in POWER_LIMITS)]


def weights(n, power):
    """Return the weights of `n` groups: ``|distance from the middle| ** power`` in float32."""
    middle = (n - 1) / 2
    distance = np.abs((np.arange(n) - middle) / middle).astype(np.float32)
    return (distance ** np.float32(power)).astype(np.float64)


def fit_segment(values, pixel, timing):
    """Return slope (DN/s), Poisson and read-noise variance of one segment of DN values."""
    n, gain = len(values), pixel.gain
    time = timing.group_time
    rate = (pixel.rate if pixel.rate > 0 else 0.0) + pixel.dark
    if n == 1:
        return values[0] / time, rate / (time * gain), 2 * (pixel.noise / time / gain) ** 2
    var_poisson = rate / (time * gain * (n - 1))
    var_rnoise = 12 * (pixel.noise / time) ** 2 / ((n**3 - n) * gain**2)
    if n == 2:
        return (values[1] - values[0]) / time, var_poisson, var_rnoise
    if not gain > 0:
        return np.nan, var_poisson, 0.0
    signal = (values[-1] - values[0]) * gain
    w = weights(n, weight_power(signal, pixel.noise**2 + signal)) / pixel.noise**2
    x, y = np.arange(n), np.nan_to_num(values)
    slope = w.sum() * (w * x * y).sum() - (w * x).sum() * (w * y).sum()
    return (
        slope / (w.sum() * (w * x * x).sum() - (w * x).sum() ** 2) / time,
        var_poisson,
        var_rnoise,
    )


def combine(segments, dq):
    """Return slope, Poisson variance, read-noise variance and error of all `segments`."""
    if dq & UNUSABLE or not segments:
        return np.nan if dq & UNUSABLE else 0.0, 0.0, 0.0, 0.0
    slope, poisson, rnoise = np.array(segments).T
    var_poisson, var_rnoise = (
        1 / (1 / v[v > 0]).sum() if (v > 0).any() else 0.0 for v in (poisson, rnoise)
    )
    err = np.sqrt(1 / (1 / (poisson + rnoise)).sum())
    slope = (slope / rnoise).sum() * var_rnoise
    limited = [v if v < LARGEST_VARIANCE else 0.0 for v in (var_poisson, var_rnoise)]
    return slope, *limited, err


def integration_dq(flags, dq):
    """Return the flags of one integration of a pixel."""
    dq |= int(np.bitwise_or.reduce(flags) & (JUMP_DET | PERSISTENCE))
    if flags[0] & SATURATED:
        return dq | UNUSABLE
    if (flags & UNUSABLE).all():
        dq |= DO_NOT_USE | (SATURATED if (flags & SATURATED).all() else 0)
    return dq


def fit_segments(values, flags, pixel, timing, alone):
    """Fit all segments of one integration; `alone`: the first group is the only one."""
    segments = find_segments(flags)
    if segments == [(0, 1)] and alone:
        timing = timing._replace(group_time=timing.first_time)
    return [fit_segment(values[a:b], pixel, timing) for a, b in segments]


def fit_pixel(values, flags, original, dq, pixel, timing):
    """Fit one pixel.

    Parameters
    ----------
    values : float64, (integration, group), DN
        NaN where saturated.
    flags, original : uint8, as `values`
        With and without the ramps that `suppress_one_group` drops.
    dq : int
        Flags of the pixel.
    pixel : Pixel
    timing : Timing

    Returns
    -------
    list of (slope, dq, var_poisson, var_rnoise, err)
        Of the exposure, then of each integration.
    """
    rate = np.mean([median_rate(v, f, timing) for v, f in zip(values, flags, strict=True)])
    pixel = pixel._replace(rate=rate)
    results, everything, recovered, dqs = [], [], [], []
    for v, f, o in zip(values, flags, original, strict=True):
        own, alone = integration_dq(f, dq), stands_alone(f, timing)
        segments = [] if own & UNUSABLE & ~dq else fit_segments(v, f, pixel, timing, alone)
        slope, poisson, rnoise, err = combine(segments, own)
        if (o & CHARGELOSS).any():  # the noise of the groups that charge migration dropped
            flags2 = np.where(o & LOST == LOST, o & ~np.uint8(LOST), o)
            whole = fit_segments(v, flags2, pixel, timing, stands_alone(o, timing))
            rnoise = combine(whole, 0)[2]
            recovered += whole
        elif not own & UNUSABLE:
            recovered += segments
        everything += segments
        dqs.append(own)
        results.append(
            (slope, own | int(np.bitwise_or.reduce(f) & SATURATED), poisson, rnoise, err)
        )
    own = int(np.bitwise_or.reduce(dqs)) & ~UNUSABLE | int(np.bitwise_and.reduce(dqs)) & UNUSABLE
    slope, poisson, rnoise, _ = combine(everything, own)
    err = np.sqrt(poisson + rnoise)
    if (original & CHARGELOSS).any():
        rnoise = combine(recovered, 0)[2]
    own |= int(np.bitwise_or.reduce(flags, axis=None)) & SATURATED
    return [(slope, own, poisson, rnoise, err), *results]


def usable_span(groupdq):
    """Return (first, end) of the groups left when those DO_NOT_USE in all pixels are cut off.

    Groups are cut from both ends, those that are unusable in every integration.
    """

    def unusable(g):
        return bool((groupdq[:, g] & np.uint8(DO_NOT_USE)).all())

    first, last = 0, groupdq.shape[1]
    while first < last and unusable(first):
        first += 1
    while last > first and unusable(last - 1):
        last -= 1
    return first, last


def trimmed(arrays, span):
    """Return arrays of (integration, group, ..) cut to `span`; the first jump is forgotten."""
    data, *flags = (a[:, span[0] : span[1]].copy() for a in arrays)
    if span[0]:
        for f in flags:
            f[:, 0] &= ~np.uint8(JUMP_DET)
    return data, *flags


def fit_ramps_reference(exposure, pixels, timing, suppress=True, trim=False):
    """Fit slopes.

    Parameters
    ----------
    exposure : (data, groupdq, pixeldq)
        ``data`` float32 (integration, group, y, x), DN; ``groupdq`` uint8 as data; ``pixeldq``
        uint32 (y, x).
    pixels : Pixel of float32, (y, x)
    timing : Timing
    suppress : bool
        Drop the ramps of an integration that have one good group.
    trim : bool
        Leave out leading and trailing groups that are DO_NOT_USE in all pixels (MIRI).

    Returns
    -------
    rate, rateints : Product
    """
    data, groupdq, pixeldq = exposure
    nints, ngroups, ny, nx = data.shape
    rate, rateints = Product.empty((ny, nx)), Product.empty((nints, ny, nx))
    values = np.where(groupdq & SATURATED, np.nan, data.astype(np.float64))
    flags = groupdq.copy()
    if suppress and ngroups > 1:
        flags |= np.where(good(groupdq).sum(axis=1, keepdims=True) == 1, DO_NOT_USE, 0).astype("u1")
    if trim:
        values, flags, groupdq = trimmed((values, flags, groupdq), usable_span(groupdq))
    with np.errstate(all="ignore"):
        for y, x in np.ndindex(ny, nx):
            pixel = Pixel(*(np.float64(plane[y, x]) for plane in pixels[:3]))
            dq = int(pixeldq[y, x])
            if not pixel.gain > 0:
                dq |= NO_GAIN_VALUE | DO_NOT_USE
            args = (array[:, :, y, x] for array in (values, flags, groupdq))
            results = fit_pixel(*args, dq, pixel, timing)
            for out, value in zip(rate, results[0], strict=True):
                out[y, x] = value
            for i, result in enumerate(results[1:]):
                for out, value in zip(rateints, result, strict=True):
                    out[i, y, x] = value
    return rate, rateints

"""Jump detection in plain numpy: the definition that the compiled kernel must equal."""

import warnings
from typing import NamedTuple

import numpy as np

from .flags import DO_NOT_USE, JUMP_DET, SATURATED

UNUSABLE = DO_NOT_USE | SATURATED
ITERATIVE, SINGLE_PASS, CLIP_INTEGRATIONS, CLIP_ALL = range(4)
CLIP_ROUNDS = 5


class Rules(NamedTuple):
    """How jumps are looked for.

    Parameters
    ----------
    thresholds : (float, float, float)
        In sigma, for four or more usable differences, for three, for two.
    nframes : int
        Frames averaged into one group.
    method : int
        ITERATIVE, SINGLE_PASS, CLIP_INTEGRATIONS (each difference over the integrations) or
        CLIP_ALL (over all differences of a pixel).
    neighbours : (float, float) or None
        Jumps between these, in sigma, flag their four neighbours.
    after : tuple of (float, int)
        Jumps of at least so many DN flag so many more groups.
    """

    thresholds: tuple = (4.0, 5.0, 6.0)
    nframes: int = 1
    method: int = ITERATIVE
    neighbours: tuple | None = (10.0, 1000.0)
    after: tuple = ()


def signal_differences(data, groupdq, gain):
    """Return differences of consecutive groups in electrons; NaN where either is unusable."""
    signal = data * gain
    signal[groupdq & UNUSABLE != 0] = np.nan
    return np.diff(signal, axis=1)


def median_and_sigma(diff, variance):
    """Return per-pixel median of all differences and the noise expected of one (float64)."""
    median = np.nanmedian(diff.reshape(-1, *diff.shape[2:]).astype(np.float64), axis=0)
    sigma = np.sqrt(np.abs(median) + variance)
    sigma[sigma == 0] = np.nan
    return median, sigma


def clipped_median(size):
    """Return the median of each pixel, from which jumps are judged.

    Parameters
    ----------
    size : float32, (difference, y, x), electron
        Absolute differences, NaN where unusable. Of four or more the largest do not count; of
        two the smaller is taken; of fewer there is none (NaN).
    """
    count = np.isfinite(size).sum(axis=0)
    kept = np.where((size == np.nanmax(size, axis=0)) & (count >= 4), np.nan, size)
    median = np.nanmedian(kept, axis=0)
    median = np.where(count == 2, np.nanmin(size, axis=0), median).astype(np.float32)
    median[count < 2] = np.nan
    return median, count


def find_iteratively(diff, variance, thresholds):
    """Take the largest outlier of each pixel as a jump, and repeat without it.

    Parameters
    ----------
    diff : float32, (integration, difference, y, x), electron
    variance : float32, (y, x), electron**2
        Of the read noise of a difference.
    thresholds : (float, float, float)
        In sigma, for four or more usable differences, for three, for two.

    Returns
    -------
    bool, as `diff`
    """
    size = np.abs(diff).reshape(-1, *diff.shape[2:])
    found = np.zeros(size.shape, bool)
    while True:
        median, count = clipped_median(size)
        sigma = np.sqrt(np.abs(median) + variance)
        sigma[sigma == 0] = np.nan
        ratio = np.abs(size.astype(np.float64) - median) / sigma
        largest = np.nanmax(ratio, axis=0)
        limit = np.select([count >= 4, count == 3], thresholds[:2], thresholds[2])
        new = (ratio == largest) & (largest > limit)
        if not new.any():
            return found.reshape(diff.shape)
        found |= new
        size[new] = np.nan


def find_by_clipping(diff, threshold, axis):
    """Clip differences by their own scatter: median, standard deviation, at most five rounds."""
    kept = np.where(np.isfinite(diff), diff, np.nan).astype(np.float64)
    for _ in range(CLIP_ROUNDS):
        middle = np.nanmedian(kept, axis=axis, keepdims=True)
        reach = threshold * np.nanstd(kept, axis=axis, keepdims=True)
        new = (kept < middle - reach) | (kept > middle + reach)
        if not new.any():
            break
        kept[new] = np.nan
    return np.isfinite(diff) & np.isnan(kept)


def find_jumps(diff, ratio, variance, rules):
    """Return which differences are jumps, by the method of `rules`."""
    if rules.method == SINGLE_PASS:
        return ratio > rules.thresholds[0]
    if rules.method == ITERATIVE:
        return find_iteratively(diff, variance, rules.thresholds)
    return find_by_clipping(
        diff, rules.thresholds[0], 0 if rules.method == CLIP_INTEGRATIONS else (0, 1)
    )


def neighbours(source):
    """Return the four neighbours of each set pixel (images in the last two axes)."""
    out = np.zeros_like(source)
    out[..., 1:, :] |= source[..., :-1, :]
    out[..., :-1, :] |= source[..., 1:, :]
    out[..., 1:] |= source[..., :-1]
    out[..., :-1] |= source[..., 1:]
    return out


def flag_after_jumps(groupdq, excess, rules, gain_median):
    """Flag groups after large jumps, in place.

    Parameters
    ----------
    groupdq : uint8, (integration, group, y, x)
    excess : float, (integration, group - 1, y, x), electron
        Differences minus their median.
    rules : Rules
    gain_median : float, electron / DN
    """
    jumps = groupdq[:, 1:] & JUMP_DET != 0
    for level, ngroups in rules.after:
        large = jumps & (excess >= level * gain_median)
        for k in range(1, min(ngroups, excess.shape[1] - 1) + 1):
            later = groupdq[:, 1 + k :]
            later[large[:, :-k] & (later & UNUSABLE == 0)] |= JUMP_DET


def flag_jumps_reference(data, groupdq, gain, readnoise, rules):
    """Flag jumps, in place.

    Parameters
    ----------
    data : float32, (integration, group, y, x), DN
    groupdq : uint8, as `data`
        Gets JUMP_DET in the group after each jump.
    gain : float32, (y, x), electron / DN
    readnoise : float32, (y, x), DN
        Of the difference of two reads.
    rules : Rules

    Returns
    -------
    int
        Groups with a jump, not counting those flagged because of a neighbour or of time.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # pixels without any usable value
        diff = signal_differences(data, groupdq, gain)
        variance = ((readnoise * gain) ** 2 / np.float32(rules.nframes)).astype(np.float32)
        median, sigma = median_and_sigma(diff, variance)
        ratio = np.abs(diff - median) / sigma
        groupdq[:, 1:][find_jumps(diff, ratio, variance, rules)] |= JUMP_DET
        count = int(np.count_nonzero(groupdq & JUMP_DET))
        usable = groupdq[:, 1:] & UNUSABLE == 0
        if rules.neighbours:
            low, high = rules.neighbours
            source = (groupdq[:, 1:] & JUMP_DET != 0) & (ratio > low) & (ratio < high)
            groupdq[:, 1:][neighbours(source) & usable] |= JUMP_DET
        flag_after_jumps(groupdq, diff - median, rules, np.nanmedian(gain))
    groupdq[groupdq & UNUSABLE != 0] &= ~np.uint8(JUMP_DET)
    return count

"""Saturated groups, groups at the converter's floor, and their neighbours.

`flag_saturation_reference` is the definition; `flag_saturation` sets the same bits.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from .flags import AD_FLOOR, DO_NOT_USE, NO_SAT_CHECK, SATURATED
from .rows import as_kernel_array, for_blocks, row_blocks, rows_of

NEVER = np.float32(65536)  # above every 16-bit value
FLOOR = AD_FLOOR | DO_NOT_USE


class Rules(NamedTuple):
    """How saturation is looked for.

    Parameters
    ----------
    grow : int
        Neighbours up to this many pixels away (a box) saturate with a pixel.
    nframes : int
        Frames averaged into one group.
    use_readpatt : bool
        Whether to flag groups that saturated part way through.
    """

    grow: int = 1
    nframes: int = 1
    use_readpatt: bool = True

    def partial_limits(self, ngroups):
        """Return, per group, the mean time of its frames over the time of its last frame."""
        last = (np.arange(ngroups) + 1.0) * self.nframes
        return (last - (self.nframes - 1) / 2) / last

    def second_group(self):
        """Return (end of group 2 over middle of group 0, frames in a group)."""
        return 3 * self.nframes / ((self.nframes + 1) / 2), self.nframes


def thresholds(reference, refdq):
    """Make the thresholds usable.

    Parameters
    ----------
    reference : float32, (y, x), DN
        NaN: unknown.
    refdq : uint32, (y, x)

    Returns
    -------
    threshold : float32, (y, x), DN
        Beyond reach where saturation cannot be checked.
    refdq : uint32, (y, x)
        With NO_SAT_CHECK where the threshold was NaN.
    """
    refdq, threshold = refdq.copy(), np.array(reference, dtype=np.float32)
    refdq[np.isnan(threshold)] |= np.uint32(NO_SAT_CHECK)
    threshold[(refdq & np.uint32(NO_SAT_CHECK)) != 0] = NEVER
    return threshold, refdq


def grown(mask, n):
    """Return a boolean image with each set pixel grown to a box of ``2n + 1``."""
    ny, nx = mask.shape
    padded = np.pad(mask, n)
    out = np.zeros_like(mask)
    for dy in range(2 * n + 1):
        for dx in range(2 * n + 1):
            out |= padded[dy : dy + ny, dx : dx + nx]
    return out


def flag_saturation_reference(data, groupdq, threshold, bias, rules):
    """Flag saturation, in place.

    Parameters
    ----------
    data : float32, (integration, group, y, x), DN
    groupdq : uint8, as `data`
        SATURATED from the first group at or above the threshold on, and in the neighbours of
        such a pixel; AD_FLOOR and DO_NOT_USE where the value is zero or less. With
        `use_readpatt`, DO_NOT_USE in a group whose late frames may have saturated.
    threshold : float32, (y, x), DN
    bias : float32, (y, x), DN
    rules : Rules
    """
    limits = rules.partial_limits(data.shape[1])
    for ramp, flags in zip(data, groupdq, strict=True):
        saturated = np.zeros(threshold.shape, dtype=bool)
        for image, dq in zip(ramp, flags, strict=True):
            saturated |= image >= threshold
            dq[saturated] |= SATURATED
            dq[image <= 0] |= FLOOR
            dq[grown((dq & SATURATED) != 0, rules.grow)] |= SATURATED
        if not rules.use_readpatt:
            continue
        for g in range(len(ramp) - 1):
            if limits[g] != 1:
                limit = np.where(threshold == NEVER, threshold, threshold * limits[g])
                hit = ramp[g] >= limit
                hit &= ((flags[g] & (DO_NOT_USE | SATURATED)) == 0) & (flags[g + 1] & SATURATED > 0)
                flags[g][grown(hit, rules.grow)] |= DO_NOT_USE
        if len(ramp) > 2:
            stretch, nreads = rules.second_group()
            hit = (ramp[0] - bias) * stretch + bias < threshold
            hit &= ramp[1] - ramp[0] > (threshold - ramp[0]) / np.float32(nreads)
            hit &= ((flags[2] & SATURATED) != 0) & ((flags[1] & SATURATED) == 0)
            flags[1][hit] |= DO_NOT_USE


@njit(cache=True, nogil=True)
def _flag_rows(first, last, data, groupdq, threshold, touched):
    """Flag rows without their neighbours; `touched` says which rows hold SATURATED."""
    nints, ngroups, _, nx = data.shape
    saturated = np.empty(nx, np.uint8)
    for i in range(nints):
        for y in range(first, last):
            saturated[:] = 0
            limit = threshold[y - first]
            for g in range(ngroups):
                values = data[i, g, y]
                dq = groupdq[i, g, y]
                union = np.uint8(0)
                for x in range(nx):
                    high = np.uint8(SATURATED) if values[x] >= limit[x] else np.uint8(0)
                    low = np.uint8(FLOOR) if values[x] <= 0 else np.uint8(0)
                    saturated[x] |= high
                    dq[x] |= saturated[x] | low
                    union |= dq[x]
                touched[i, g, y] = union & np.uint8(SATURATED)


@njit(cache=True, nogil=True)
def _paint(dq, ys, xs, grow, bit):
    """OR `bit` into the boxes around pixels."""
    ny, nx = dq.shape
    for k in range(ys.size):
        for y in range(max(0, ys[k] - grow), min(ny, ys[k] + grow + 1)):
            for x in range(max(0, xs[k] - grow), min(nx, xs[k] + grow + 1)):
                dq[y, x] |= np.uint8(bit)


@njit(cache=True, nogil=True)
def _grow_image(dq, touched, grow):
    """Grow SATURATED in one image; only `touched` rows hold any."""
    ny, nx = dq.shape
    count = 0
    for y in range(ny):
        if touched[y]:
            for x in range(nx):
                count += (dq[y, x] & SATURATED) != 0
    ys, xs = np.empty(count, np.int32), np.empty(count, np.int32)
    count = 0
    for y in range(ny):
        if touched[y]:
            for x in range(nx):
                if dq[y, x] & SATURATED:
                    ys[count], xs[count] = y, x
                    count += 1
    _paint(dq, ys, xs, grow, SATURATED)


def _flag_partial(ramp, flags, threshold, limits, grow):
    """Flag groups in which only the late frames saturated; image by image."""
    for g in range(len(ramp) - 1):
        if limits[g] == 1:
            continue
        usable = (flags[g] & np.uint8(DO_NOT_USE | SATURATED)) == 0
        ys, xs = np.nonzero(usable & ((flags[g + 1] & np.uint8(SATURATED)) != 0))
        limit = threshold[ys, xs]
        hit = ramp[g, ys, xs] >= np.where(limit == NEVER, limit, limit * limits[g])
        _paint(flags[g], ys[hit].astype(np.int32), xs[hit].astype(np.int32), grow, DO_NOT_USE)


def _flag_second_group(ramp, flags, threshold, bias, rules):
    """Flag the second group where a jump within it explains the saturation of the third."""
    candidates = ((flags[2] & SATURATED) != 0) & ((flags[1] & SATURATED) == 0)
    at = np.nonzero(candidates)
    stretch, nreads = rules.second_group()
    first, limit, bias = ramp[0][at], threshold[at], bias[at]
    hit = (first - bias) * stretch + bias < limit
    hit &= ramp[1][at] - first > (limit - first) / np.float32(nreads)
    flags[1][at] |= np.where(hit, DO_NOT_USE, 0).astype(np.uint8)


def flag_saturation(data, groupdq, threshold, bias, rules):
    """Do as `flag_saturation_reference`, compiled and in threads."""
    data = as_kernel_array(data, np.float32)
    work = as_kernel_array(groupdq, np.uint8)
    nints, ngroups, ny, nx = data.shape
    touched = np.zeros((nints, ngroups, ny), np.uint8)

    def flag(first, last):
        _flag_rows(first, last, data, work, rows_of(threshold, first, last), touched)

    def grow(first, _):
        i, g = divmod(first, ngroups)
        _grow_image(work[i, g], touched[i, g], rules.grow)

    def look_back(first, _):
        ramp, flags = data[first], work[first]
        _flag_partial(ramp, flags, threshold, rules.partial_limits(ngroups), rules.grow)
        if ngroups > 2:
            _flag_second_group(ramp, flags, threshold, bias, rules)

    for_blocks(flag, row_blocks(ny, 4 * nx))
    if rules.grow > 0:
        for_blocks(grow, row_blocks(nints * ngroups, 1, 1))
    if rules.use_readpatt:
        for_blocks(look_back, row_blocks(nints, 1, 1))
    if work is not groupdq:
        groupdq[...] = work


def clear_zeroframe(zeroframe, threshold, grow=1):
    """Set first reads that are saturated, beside a saturated one or not positive to zero.

    Parameters
    ----------
    zeroframe : float32, (integration, y, x), DN
        Changed in place.
    threshold : float32, (y, x), DN
    grow : int
    """
    for image in zeroframe:
        image[grown(image >= threshold, grow) | (image <= 0)] = 0

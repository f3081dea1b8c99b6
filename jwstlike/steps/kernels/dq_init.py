"""Flags of the bad-pixel mask."""

import numpy as np

from .flags import DO_NOT_USE


def flag_bad_pixels(groupdq, pixeldq, mask):
    """OR the mask into the flags, in place.

    Parameters
    ----------
    groupdq : uint8, (integration, group, y, x)
        Gets DO_NOT_USE in every group of the pixels where the mask has it.
    pixeldq : uint32, (y, x)
        Gets all flags of the mask.
    mask : uint32, (y, x)
        Standard flags, that is after translation of the mask's own definitions.
    """
    pixeldq |= mask
    unusable = (mask & DO_NOT_USE).astype(np.uint8)
    if unusable.any():
        groupdq |= unusable

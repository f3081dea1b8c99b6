"""Last group of an integration (MIRI)."""

from .flags import DO_NOT_USE

MINIMUM_GROUPS = 3


def flag_last_group(groupdq):
    """Flag the last group of each integration DO_NOT_USE, in place.

    Parameters
    ----------
    groupdq : uint8, (integration, group, y, x)

    Returns
    -------
    bool
        False, and nothing changed, when an integration has fewer than three groups.
    """
    if groupdq.shape[1] < MINIMUM_GROUPS:
        return False
    groupdq[:, -1] |= DO_NOT_USE
    return True

"""Decay of the signal after a reset (MIRI)."""

import numpy as np


def subtract_reset(data, reset, first_integration=1):
    """Subtract the reset anomaly from the first groups of each integration, in place.

    Parameters
    ----------
    data : float32, (integration, group, y, x), DN
    reset : float32, (integration, group, y, x), DN
        NaN counts as zero. The last integration stands for all later ones; groups beyond the
        last are not corrected.
    first_integration : int
        Number of ``data[0]`` within the exposure, from 1.
    """
    ngroups = min(data.shape[1], reset.shape[1])
    for i, integration in enumerate(data):
        anomaly = reset[min(i + first_integration - 1, reset.shape[0] - 1)]
        for g in range(ngroups):
            integration[g] -= np.where(np.isnan(anomaly[g]), np.float32(0), anomaly[g])

"""Bias of the detector, the same for each read."""

import numpy as np


def subtract_bias(data, bias, zeroframe=None):
    """Subtract a bias image from every group, in place.

    Parameters
    ----------
    data : float32, (integration, group, y, x), DN
    bias : float32, (y, x), DN
        NaN counts as zero.
    zeroframe : float32, (integration, y, x), DN, optional
        First reads; exact zeros mean "no value" and stay zero.
    """
    bias = np.where(np.isnan(bias), np.float32(0), bias).astype(np.float32, copy=False)
    for integration in data:
        for image in integration:
            image -= bias
    if zeroframe is not None:
        for image in zeroframe:
            np.subtract(image, bias, out=image, where=image != 0)

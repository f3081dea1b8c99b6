"""Inter-pixel capacitance: part of a pixel's signal shows in its neighbours.

`correct_ipc_reference` is the definition; `correct_ipc` gives the same float32 values.
"""

import numpy as np
from numba import njit

from .rows import as_kernel_array, for_blocks, row_blocks

REFERENCE_PIXELS = 4  # width of the border of reference pixels
DETECTOR_SIZE = 2048  # near-infrared detectors
MIRI_COLUMNS = 1032


def science_area(shape, start=(1, 1), is_miri=False):
    """Return the slices (y, x) of an image that hold no reference pixels.

    Parameters
    ----------
    shape : (int, int)
        Of the image.
    start : (int, int)
        Pixel (x, y) of the detector, from 1, at which the image begins.
    is_miri : bool
        MIRI has reference pixels in the left and right columns only.

    Examples
    --------
    >>> science_area((64, 64))
    (slice(4, 64, None), slice(4, 64, None))
    """
    sizes = (0, MIRI_COLUMNS) if is_miri else (DETECTOR_SIZE, DETECTOR_SIZE)
    slices = []
    for npix, size, first in zip(shape, sizes, start[::-1], strict=True):
        low, high = 0, npix
        if size:
            low = max(0, REFERENCE_PIXELS - (first - 1))
            high = min(npix, size - REFERENCE_PIXELS - (first - 1))
        slices.append(slice(min(low, npix), max(high, 0)))
    return tuple(slices)


def kernel_order(ky, kx):
    """Return (row, column) of the kernel's elements in the order of summation, the middle last."""
    middle = (ky // 2, kx // 2)
    pairs = [(j, i) for j in range(ky) for i in range(kx) if (j, i) != middle]
    return np.array([*pairs, middle], dtype=np.int64)


def correct_ipc_reference(data, kernel, area):
    """Convolve each image with the correction kernel, in place.

    Parameters
    ----------
    data : float32, (integration, group, y, x), DN
    kernel : float32, (j, i) or (j, i, y, x)
        The second form gives a kernel to each output pixel.
    area : (slice, slice)
        Science pixels; the image counts as zero outside of them, and stays as it is there.
    """
    ky, kx = kernel.shape[:2]
    kernel = kernel[(..., *area)] if kernel.ndim == 4 else kernel
    for integration in data:
        for whole in integration:
            image = whole[area]
            ny, nx = image.shape
            padded = np.pad(image, ((ky // 2, ky // 2), (kx // 2, kx // 2)))
            total = np.zeros_like(image)
            for j, i in kernel_order(ky, kx):
                y, x = ky - 1 - j, kx - 1 - i
                total += kernel[j, i] * padded[y : y + ny, x : x + nx]
            image[...] = total


@njit(cache=True, nogil=True)
def _load(ring, slot, image, y, bounds, pad):
    """Put a row of the image into the ring; zeros beyond the last row."""
    _, y1, x0, x1 = bounds
    for x in range(x0, x1):
        ring[slot, pad + x - x0] = image[y, x] if y < y1 else np.float32(0)


@njit(cache=True, nogil=True)
def _add_scaled(total, kernel, element, row, at):
    """Add one element of the kernel, times a shifted row, to the row of sums."""
    j, i = element
    y, x0 = at
    shift = kernel.shape[1] - 1 - i
    if kernel.shape[2] == 1:
        factor = kernel[j, i, 0, 0]
        for x in range(total.size):
            total[x] += factor * row[x + shift]
    else:
        for x in range(total.size):
            total[x] += kernel[j, i, y, x0 + x] * row[x + shift]


@njit(cache=True, nogil=True)
def _convolve(image, kernel, order, bounds):
    """Convolve one image in place, row by row, keeping the rows that are still needed."""
    y0, y1, x0, x1 = bounds
    ky, kx = kernel.shape[:2]
    nx, py, px = x1 - x0, ky // 2, kx // 2
    ring = np.zeros((ky, nx + 2 * px), np.float32)  # original row y is in slot y % ky
    total = np.empty(nx, np.float32)
    for y in range(y0, y0 + py):
        _load(ring, y % ky, image, y, bounds, px)
    for y in range(y0, y1):
        _load(ring, (y + py) % ky, image, y + py, bounds, px)
        for x in range(nx):
            total[x] = 0
        for n in range(order.shape[0]):
            j, i = order[n, 0], order[n, 1]
            source = y + py - j
            if source >= y0:
                _add_scaled(total, kernel, (j, i), ring[source % ky], (y, x0))
        for x in range(nx):
            image[y, x0 + x] = total[x]


def correct_ipc(data, kernel, area):
    """Do as `correct_ipc_reference`, compiled and in threads; kernel sizes are odd."""
    work = as_kernel_array(data, np.float32)
    nints, ngroups = work.shape[:2]
    kernel = np.array(kernel, np.float32, order="C")
    kernel = kernel if kernel.ndim == 4 else kernel[:, :, None, None]
    order = kernel_order(*kernel.shape[:2])
    bounds = (area[0].start, area[0].stop, area[1].start, area[1].stop)

    def convolve(first, _):
        i, g = divmod(first, ngroups)
        _convolve(work[i, g], kernel, order, bounds)

    for_blocks(convolve, row_blocks(nints * ngroups, 1, 1))
    if work is not data:
        data[...] = work

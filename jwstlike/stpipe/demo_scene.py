"""What falls on the demo's detector: sky, stars, galaxies, and cosmic rays."""

import numpy as np

SKY = 1.2  # e/s per pixel
STAR_DENSITY = 1 / 900  # per pixel
GALAXY_DENSITY = 1 / 20000
FAINTEST, BRIGHTEST = 20.0, 4e5  # flux of a star, e/s
SLOPE = 0.75  # of the cumulative counts of stars
FWHM = 2.1  # pixels
BETA = 3.0  # of the Moffat profile
SPIKES = np.deg2rad([0.0, 60.0, 120.0])  # directions of the diffraction spikes
SPIKE_SHARE = 2.5e-3  # of the profile's peak
WITH_SPIKES = 1.14  # light of profile and spikes over that of the profile
STAMPS = ((1e3, 10), (2e4, 30), (np.inf, 90))  # up to this flux: half the side of the stamp

CR_RATE = 5e-5  # hits per pixel and second
CR_LENGTH = 8  # longest track, pixels
CR_CHARGE = 1500.0  # median per pixel, e
CR_LEAST = 300.0  # e


def make_scene(shape, rng):
    """Make the light of a field of stars.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    rng : numpy.random.Generator
        Where the stars are.

    Returns
    -------
    numpy.ndarray
        float32, (y, x), e/s per pixel.
    """
    rows, columns = shape
    tilt = np.linspace(0.95, 1.05, columns, dtype=np.float32)
    scene = np.broadcast_to(np.float32(SKY) * tilt, shape).astype(np.float32)
    count = max(round(rows * columns * STAR_DENSITY), 6)
    flux = FAINTEST * rng.random(count) ** (-1 / SLOPE)
    flux = np.minimum(flux, BRIGHTEST)
    flux[:3] = 8e4, 9e3, 2e3  # one that saturates at once, one later, one that does not
    across, up = _places(shape, count, rng)
    for place, size in ((across, columns), (up, rows)):
        place[:3] = size / 4 + place[:3] / 2  # these away from the edges
    for x, y, f in zip(across, up, flux, strict=True):
        half = next(h for limit, h in STAMPS if f <= limit)
        _add(scene, x, y, half, lambda dx, dy, f=f: f * star_profile(dx, dy))
    count = round(rows * columns * GALAXY_DENSITY)
    for x, y in zip(*_places(shape, count, rng), strict=True):
        flux, radius = 10 ** rng.uniform(2, 3.3), rng.uniform(1.5, 7)
        angle, ratio = rng.uniform(0, np.pi), rng.uniform(0.3, 1)
        disc = _disc(flux, radius, angle, ratio)
        _add(scene, x, y, int(8 * radius), disc)
    return scene


def _places(shape, count, rng):
    rows, columns = shape
    return rng.uniform(0, columns, count), rng.uniform(0, rows, count)


def _add(scene, x, y, half, profile):
    """Add a profile, centred at (x, y), where its stamp overlaps the scene."""
    rows, columns = scene.shape
    left, right = max(int(x) - half, 0), min(int(x) + half + 1, columns)
    low, high = max(int(y) - half, 0), min(int(y) + half + 1, rows)
    if left < right and low < high:
        dx = np.arange(left, right, dtype=np.float32) - np.float32(x)
        dy = np.arange(low, high, dtype=np.float32)[:, None] - np.float32(y)
        scene[low:high, left:right] += profile(dx, dy)


def star_profile(dx, dy):
    """Share of a star's light per pixel at a distance from it: a Moffat profile with spikes."""
    alpha2 = FWHM**2 / 4 / (2 ** (1 / BETA) - 1)
    r2 = dx * dx + dy * dy
    profile = (1 + r2 / np.float32(alpha2)) ** np.float32(-BETA)
    for angle in SPIKES:
        along = dx * np.float32(np.cos(angle)) + dy * np.float32(np.sin(angle))
        across2 = r2 - along * along
        profile += np.float32(SPIKE_SHARE) * np.exp(-across2 / 2 - np.abs(along) / 25)
    moffat = np.pi * alpha2 / (BETA - 1)
    return profile * np.float32(1 / (moffat * WITH_SPIKES))


def _disc(flux, radius, angle, ratio):
    """Return the profile of an inclined exponential disc."""
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))

    def profile(dx, dy):
        u, v = dx * cos + dy * sin, (dy * cos - dx * sin) / np.float32(ratio)
        peak = flux / (2 * np.pi * radius**2 * ratio)
        return np.float32(peak) * np.exp(-np.hypot(u, v) / np.float32(radius))

    return profile


def cosmic_rays(shape, seconds, rng):
    """Make the charge that cosmic rays leave in some seconds: short straight tracks.

    Returns
    -------
    flat : numpy.ndarray
        int64, index of each pixel hit in the flattened image; may repeat.
    charge : numpy.ndarray
        float32, e.
    """
    rows, columns = shape
    count = rng.poisson(CR_RATE * seconds * rows * columns)
    length = rng.integers(1, CR_LENGTH + 1, count)
    hit = np.arange(CR_LENGTH) < length[:, None]
    angle = rng.uniform(0, np.pi, count)[:, None]
    step = np.arange(CR_LENGTH) * 0.9
    x = np.rint(rng.uniform(0, columns, count)[:, None] + np.cos(angle) * step).astype(int)
    y = np.rint(rng.uniform(0, rows, count)[:, None] + np.sin(angle) * step).astype(int)
    charge = CR_LEAST + CR_CHARGE * np.exp(rng.standard_normal(hit.shape))
    hit &= (x < columns) & (x >= 0) & (y < rows)
    return (y * columns + x)[hit], charge[hit].astype(np.float32)

"""A synthetic near-infrared exposure in memory, for benchmarks: the same arrays for every run."""

import numpy as np

TIMES = {"frame": 10.73677, "group": 10.73677}


def make_exposure(ngroups=10, size=2048, seed=1):
    """Return a dict of arrays: one integration with sky, stars, noise, cosmic rays, bad pixels.

    ``data`` float32 (1, ngroups, size, size) in DN, ``groupdq``, ``pixeldq``, and the references
    ``bias``, ``gain``, ``readnoise`` (of a difference of reads), ``saturation``, ``mask``, ``ipc``.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    shape = (size, size)
    gain = rng.normal(2.05, 0.02, shape).astype("f4")
    bias = rng.normal(8000, 200, shape).astype("f4")
    rate = np.full(shape, 1.5, "f4")  # DN / s
    spread = np.exp(-0.5 * (np.hypot(*np.mgrid[-12:13, -12:13]) / 2) ** 2).astype("f4")
    for _ in range(size * size // 1500):
        y, x = rng.integers(12, size - 13, 2)
        rate[y - 12 : y + 13, x - 12 : x + 13] += spread * 10 ** rng.uniform(0, 3.7)
    data = np.empty((1, ngroups, *shape), "f4")
    total = bias.copy()
    for g in range(ngroups):
        total += rng.poisson(rate * gain * TIMES["group"]).astype("f4") / gain
        hits = rng.random(shape, "f4") < 2e-4 * TIMES["group"]
        total[hits] += rng.exponential(800, int(hits.sum())).astype("f4")
        noisy = total + rng.standard_normal(shape, "f4") * np.float32(6.5)
        data[0, g] = np.clip(np.rint(noisy), 0, 65535)
    mask = np.where(rng.random(shape, "f4") < 0.003, 1025, 0).astype("u4")
    mask[:4] = mask[-4:] = mask[:, :4] = mask[:, -4:] = 1 << 31
    return {
        "data": data,
        "groupdq": np.zeros(data.shape, "u1"),
        "pixeldq": np.zeros(shape, "u4"),
        "bias": bias,
        "gain": gain,
        "readnoise": np.full(shape, 6.5 * 2**0.5, "f4"),
        "saturation": rng.normal(60000, 500, shape).astype("f4"),
        "mask": mask,
        "ipc": np.array([[0, -5, 0], [-5, 1020, -5], [0, -5, 0]], "f4") / 1000,
    }

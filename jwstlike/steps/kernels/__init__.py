"""Array functions of the calibration steps: arrays and numbers in, no model, no file.

Each submodule holds the plain numpy definition of its correction and, where it pays, a compiled
kernel with the same result. Submodules load on first use (``kernels.jump``), so that importing a
step does not import numba.
"""

import importlib

__all__ = [
    "dq_init",
    "flags",
    "ipc",
    "jump",
    "lastframe",
    "ramp_fit",
    "ramp_fit_segments",
    "reset",
    "rows",
    "saturation",
    "superbias",
]


def __getattr__(name):
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)

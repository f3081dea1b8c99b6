"""Calibration steps and the pipelines made of them; every class is imported when first used."""

import importlib

from .aliases import CLASSES, get_steps

__all__ = [*CLASSES, "get_steps"]


def __getattr__(name):
    if name in CLASSES:
        return getattr(importlib.import_module(CLASSES[name].partition(":")[0]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)

"""Steps that installed packages offer through the entry-point group ``stpipe.steps``."""

import importlib
import warnings
from collections import namedtuple

from ..errors import JwstlikeWarning

STEPS_GROUP = "stpipe.steps"
OWN_PACKAGE = "jwstlike"
OWN_STEPS = "jwstlike.steps.aliases"  # looked at first, so that no metadata is scanned

StepInfo = namedtuple(
    "StepInfo",
    ["class_name", "class_alias", "is_pipeline", "package_name", "package_version"],
)


def own_aliases():
    """Return our own table, alias -> ``module:Class``; no other package is looked at."""
    try:
        return importlib.import_module(OWN_STEPS).ALIASES
    except ModuleNotFoundError as error:
        if error.name != OWN_STEPS:
            raise
        return {}  # the engine works without our steps


def _iter_entry_points():
    from importlib.metadata import entry_points

    return entry_points(group=STEPS_GROUP)


def get_steps():
    """Return the `StepInfo` of every step of every package; a broken package only warns."""
    found = []
    for point in _iter_entry_points():
        name = point.dist.name if point.dist else point.name
        version = point.dist.version if point.dist else ""
        try:
            rows = point.load()()
            found += [StepInfo(*row, name, version) for row in rows]
        except Exception as error:
            warnings.warn(
                f"{STEPS_GROUP} of package {name!r}: {error}; its steps are left out, "
                "mend or remove that package",
                JwstlikeWarning,
                stacklevel=2,
            )
    return found

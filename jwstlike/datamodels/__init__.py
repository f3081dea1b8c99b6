"""Data models: FITS and ASDF files as trees that follow a schema.

`open` opens anything; every model class can be called as well. Classes and functions are imported
when they are first asked for.
"""

import importlib
import sys

from ..errors import did_you_mean
from .models import CLASSES, OLD_MODULES

FUNCTIONS = {
    "open": "util",
    "read_metadata": "util",
    "read_table": "metadata_table",
    "DataModel": "model_base",
    "JwstDataModel": "model_base",
    "ModelContainer": "container",
    "ModelLibrary": "library",
    "SourceModelContainer": "source_container",
}
MODULES = (
    "dqflags", "dynamicdq", "util", "validate", "model_base", "properties", "filetype", "schema",
    "fits_support", "asdf_support", "asdf_in_fits", "exceptions", "history", "basic_utils",
)  # fmt: skip

# ``from jwstlike.datamodels.image import ImageModel``: all classes are found here
sys.modules.update({f"{__name__}.{name}": sys.modules[__name__] for name in OLD_MODULES})

__all__ = sorted([*FUNCTIONS, *CLASSES, "dqflags", "util", "validate"])


def __getattr__(name):
    if name in FUNCTIONS:
        value = getattr(importlib.import_module(f".{FUNCTIONS[name]}", __name__), name)
    elif name in CLASSES:
        value = getattr(importlib.import_module(f".models.{CLASSES[name]}", __name__), name)
    elif name in MODULES:
        return importlib.import_module(f".{name}", __name__)
    elif name in OLD_MODULES:
        return sys.modules[__name__]
    else:
        hint = did_you_mean(name, [*FUNCTIONS, *CLASSES])
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__, *MODULES})

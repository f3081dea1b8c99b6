"""Steps, pipelines and the engine that runs them; every name is imported when first used."""

import importlib

_WHERE = {
    "Step": "step",
    "JwstStep": "step",
    "RomanStep": "step",
    "Pipeline": "pipeline",
    "JwstPipeline": "pipeline",
    "RomanPipeline": "pipeline",
    "LinearPipeline": "linear_pipeline",
    "record_step_status": "datamodel",
    "query_step_status": "datamodel",
    "product_name": "saving",
    "NotApplicable": "exceptions",
}
_MODULES = ("cmdline", "crds_client", "config_parser")

__all__ = [*_WHERE, *_MODULES]


def __getattr__(name):
    if name in _WHERE:
        return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})

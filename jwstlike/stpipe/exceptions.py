"""The engine's errors under their known names; all are defined in `jwstlike.errors`."""

from ..errors import (
    HookError,
    ModelTypeError,
    NotApplicable,
    ParameterError,
    PreflightError,
    StpipeException,
    StpipeExitException,
)

ValidationError = ParameterError

__all__ = [
    "HookError",
    "ModelTypeError",
    "NotApplicable",
    "ParameterError",
    "PreflightError",
    "StpipeException",
    "StpipeExitException",
    "ValidationError",
]

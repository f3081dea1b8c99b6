"""All environment variables, read once into a frozen `Settings` when a model or run is made."""

import os
from dataclasses import dataclass

from .errors import JwstlikeError

TRUE = frozenset({"true", "t", "yes", "y"})
FALSE = frozenset({"false", "f", "no", "n"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment asks for; explicit arguments win over each of these."""

    pass_invalid_values: bool = False
    strict_validation: bool = False
    validate_on_assignment: bool = True
    disable_crds_steppars: bool = False
    run_pars: str = "crds"


DEFAULTS = Settings()
NAMES = (
    "PASS_INVALID_VALUES", "STRICT_VALIDATION", "VALIDATE_ON_ASSIGNMENT",
    "STPIPE_DISABLE_CRDS_STEPPARS", "STPIPE_RUN_PARS",
)  # fmt: skip
OF_MODELS = NAMES[:3]  # those that are looked at for every model that is made


class SettingError(JwstlikeError, ValueError):
    """An environment variable holds something that is no boolean."""


def boolean(name, default=False, environ=None):
    """Read a boolean environment variable: an integer or true/t/yes/y/false/f/no/n.

    Raises
    ------
    SettingError
        For any other text.
    """
    text = (os.environ if environ is None else environ).get(name, "").strip().lower()
    if not text:
        return default
    if text in TRUE or text in FALSE:
        return text in TRUE
    try:
        return bool(int(text))
    except ValueError:
        raise SettingError(
            f"environment variable {name}: {text!r} is no boolean; use 1, 0, true, false, yes or no"
        ) from None


def read(environ=None, names=NAMES):
    """Return the `Settings` of the present environment; `names` are those that matter."""
    environ = os.environ if environ is None else environ
    if not any(map(environ.__contains__, names)):
        return DEFAULTS  # the usual case
    steppars = environ.get("STPIPE_DISABLE_CRDS_STEPPARS", "").strip().lower()
    return Settings(
        pass_invalid_values=boolean("PASS_INVALID_VALUES", False, environ),
        strict_validation=boolean("STRICT_VALIDATION", False, environ),
        validate_on_assignment=boolean("VALIDATE_ON_ASSIGNMENT", True, environ),
        disable_crds_steppars=steppars in TRUE | {"1"},
        run_pars=environ.get("STPIPE_RUN_PARS", "crds").strip().lower() or "crds",
    )

"""Names of the steps: class -> place, alias -> place. A table, so that nothing is imported."""

_STEPS = {
    "dq_init": "dq_init:DQInitStep",
    "saturation": "saturation:SaturationStep",
    "ipc": "ipc:IPCStep",
    "superbias": "superbias:SuperBiasStep",
    "reset": "reset:ResetStep",
    "lastframe": "lastframe:LastFrameStep",
    "jump": "jump:JumpStep",
    "ramp_fit": "ramp_fit:RampFitStep",
}
_PIPELINES = {
    "sloper": "pipelines:SloperPipeline",
}
OLD_PACKAGE = "jwst_pipeline"  # where the classes lived in the first descriptions

ALIASES = {alias: f"{__package__}.{place}" for alias, place in (_STEPS | _PIPELINES).items()}
CLASSES = {place.partition(":")[2]: place for place in ALIASES.values()}
ALIASES |= {f"{OLD_PACKAGE}.{name}": place for name, place in CLASSES.items()}


def get_steps():
    """Return ``(class name, alias, is it a pipeline)`` of each step, for the entry point.

    >>> ("jwstlike.steps.jump.JumpStep", "jump", False) in get_steps()
    True
    """
    return [
        (place.replace(":", "."), alias, alias in _PIPELINES)
        for alias, place in ALIASES.items()
        if not alias.startswith(OLD_PACKAGE)
    ]

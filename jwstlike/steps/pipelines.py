"""Pipelines: from the raw ramp to slopes."""

import logging

from ..stpipe import Pipeline
from .dq_init import DQInitStep
from .ipc import IPCStep
from .jump import JumpStep
from .lastframe import LastFrameStep
from .ramp_fit import RampFitStep
from .reference_match import is_miri
from .reset import ResetStep
from .saturation import SaturationStep
from .superbias import SuperBiasStep

log = logging.getLogger(__name__)


class SloperPipeline(Pipeline):
    """Correct the ramps of an exposure and fit their slopes.

    The steps are dq, saturation (off unless asked for), ipc, bias (not MIRI), reset and frame
    (MIRI only), jump, ramp_fit. Other names of them, ``dq_init``, ``superbias``, ``lastframe``,
    are understood too. The result is the slope image; the slopes of the integrations are saved
    as ``_rateints`` beside it when there are several.
    """

    class_alias = "sloper"
    input_types = ("RampModel",)
    step_defs = {  # noqa: RUF012 - a table
        "dq": DQInitStep,
        "saturation": SaturationStep,
        "ipc": IPCStep,
        "bias": SuperBiasStep,
        "reset": ResetStep,
        "frame": LastFrameStep,
        "jump": JumpStep,
        "ramp_fit": RampFitStep,
    }
    step_aliases = {"dq_init": "dq", "superbias": "bias", "lastframe": "frame"}  # noqa: RUF012
    step_defaults = {"saturation": {"skip": True}}  # noqa: RUF012
    spec = """
        save_cal             = boolean(default=False)  # Save the ramps after jump as _cal
        save_calibrated_ramp = boolean(default=False)  # Save the ramps after jump as _ramp
        output_exact         = boolean(default=True)   # output_file is the product's name as it stands
    """  # noqa: E501 - a table

    def process(self, input):
        """Run the steps on a ramp; return the slope image."""
        log.info("Starting the sloper")
        miri = is_miri(input)
        several = input.shape[0] > 1
        names = ["dq", "saturation", "ipc", *(["reset", "frame"] if miri else ["bias"]), "jump"]
        for name in names:
            input = getattr(self, name)(input)
        for asked, suffix in ((self.save_cal, "cal"), (self.save_calibrated_ramp, "ramp")):
            if asked:
                self.save_model(input, suffix=suffix, force=True)
        self.ramp_fit.make_rateints = several
        result = self.ramp_fit(input)
        if isinstance(result, tuple):
            result, rateints = result
            self.save_model(rateints, suffix="rateints")
        log.info("Ending the sloper")
        return result

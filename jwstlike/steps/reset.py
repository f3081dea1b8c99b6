"""Reset anomaly of MIRI."""

from ..errors import NotApplicable
from ..stpipe import Step
from . import kernels
from .reference_match import cut, is_miri


class ResetStep(Step):
    """Subtract the decay of the signal after a reset (MIRI)."""

    class_alias = "reset"
    reference_file_types = ("reset",)
    input_types = ("RampModel",)

    def process(self, ramp):
        """Subtract in place and take over the flags of the reference."""
        if not is_miri(ramp):
            raise NotApplicable("only MIRI has a reset correction")
        reference = self.open_reference(ramp, "reset")
        data, pixeldq = ramp.data, ramp.pixeldq
        first = ramp.get("meta.exposure.integration_start") or 1
        kernels.reset.subtract_reset(data, cut(ramp, reference), first)
        pixeldq |= cut(ramp, reference, "dq")
        ramp.data, ramp.pixeldq = data, pixeldq
        return ramp

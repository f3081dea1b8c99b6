"""Flags of bad pixels."""

from ..stpipe import Step
from . import kernels
from .reference_match import cut


class DQInitStep(Step):
    """Set the flags of bad pixels from the mask reference."""

    class_alias = "dq_init"
    reference_file_types = ("mask",)
    input_types = ("RampModel",)
    spec = """
        user_supplied_dq = string(default=None)  # File with further flags (array dq) of the pixels
    """

    def process(self, ramp):
        """OR the mask, and the user's flags, into the flags of pixels and groups."""
        mask = cut(ramp, self.open_reference(ramp, "mask"), "dq")
        if self.user_supplied_dq:
            with self.open_model(self.user_supplied_dq) as user:
                mask = mask | cut(ramp, user, "dq")
        groupdq, pixeldq = ramp.groupdq, ramp.pixeldq
        kernels.dq_init.flag_bad_pixels(groupdq, pixeldq, mask)
        ramp.groupdq, ramp.pixeldq = groupdq, pixeldq
        return ramp

"""Last group of MIRI."""

from ..errors import NotApplicable
from ..stpipe import Step
from . import kernels
from .reference_match import is_miri


class LastFrameStep(Step):
    """Flag the last group of each integration, which the next reset disturbs (MIRI)."""

    class_alias = "lastframe"
    input_types = ("RampModel",)

    def process(self, ramp):
        """Flag in place."""
        if not is_miri(ramp):
            raise NotApplicable("only MIRI has a last-frame correction")
        groupdq = ramp.groupdq
        if not kernels.lastframe.flag_last_group(groupdq):
            raise NotApplicable("fewer than 3 groups: the last one is needed")
        ramp.groupdq = groupdq
        return ramp

"""Bias of the detector."""

from ..stpipe import Step
from . import kernels
from .reference_match import cut


class SuperBiasStep(Step):
    """Subtract the bias image from each group."""

    class_alias = "superbias"
    reference_file_types = ("superbias",)
    input_types = ("RampModel",)

    def process(self, ramp):
        """Subtract in place and take over the flags of the bias."""
        reference = self.open_reference(ramp, "superbias")
        data, pixeldq, zeroframe = ramp.data, ramp.pixeldq, None
        if ramp.get("meta.exposure.zero_frame") and ramp.hasattr("zeroframe"):
            zeroframe = ramp.zeroframe
        kernels.superbias.subtract_bias(data, cut(ramp, reference), zeroframe)
        pixeldq |= cut(ramp, reference, "dq")
        ramp.data, ramp.pixeldq = data, pixeldq
        if zeroframe is not None:
            ramp.zeroframe = zeroframe
        return ramp

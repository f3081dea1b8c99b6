"""Saturated groups."""

from ..errors import NotApplicable
from ..stpipe import Step
from . import kernels
from .reference_match import cut, exposure_numbers, is_irs2


class SaturationStep(Step):
    """Flag saturated groups, their neighbours, and groups at the floor of the converter."""

    class_alias = "saturation"
    reference_file_types = ("saturation", "superbias")
    input_types = ("RampModel",)
    spec = """
        n_pix_grow_sat = integer(default=1)    # Neighbours up to this many pixels away saturate too
        use_readpatt   = boolean(default=True) # Flag groups that saturated in some frames only
    """

    def process(self, ramp):
        """Flag in place."""
        if is_irs2(ramp):
            raise NotApplicable("IRS2 readout is not supported yet; other readouts are")
        reference = self.open_reference(ramp, "saturation")
        threshold, refdq = kernels.saturation.thresholds(
            cut(ramp, reference), cut(ramp, reference, "dq")
        )
        (nframes,) = exposure_numbers(ramp, "nframes")
        rules = kernels.saturation.Rules(self.n_pix_grow_sat, nframes, self.use_readpatt)
        data, groupdq, pixeldq = ramp.data, ramp.groupdq, ramp.pixeldq
        bias = self._bias(ramp, threshold)
        kernels.saturation.flag_saturation(data, groupdq, threshold, bias, rules)
        if ramp.get("meta.exposure.zero_frame") and ramp.hasattr("zeroframe"):
            zeroframe = ramp.zeroframe
            kernels.saturation.clear_zeroframe(zeroframe, threshold, self.n_pix_grow_sat)
            ramp.zeroframe = zeroframe
        pixeldq |= refdq
        ramp.groupdq, ramp.pixeldq = groupdq, pixeldq
        return ramp

    def _bias(self, ramp, threshold):
        """Return the bias image; zeros where there is none (MIRI)."""
        try:
            return cut(ramp, self.open_reference(ramp, "superbias"))
        except NotApplicable:
            return 0 * threshold

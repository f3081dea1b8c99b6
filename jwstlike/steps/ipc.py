"""Inter-pixel capacitance."""

from ..errors import NotApplicable
from ..stpipe import Step
from . import kernels
from .reference_match import cut, is_irs2, is_miri, start_of


class IPCStep(Step):
    """Give each pixel back the signal that shows in its neighbours."""

    class_alias = "ipc"
    reference_file_types = ("ipc",)
    input_types = ("RampModel",)

    def process(self, ramp):
        """Convolve each group with the kernel of the reference, in place."""
        if is_irs2(ramp):
            raise NotApplicable("IRS2 readout is not supported yet; other readouts are")
        reference = self.open_reference(ramp, "ipc")
        kernel = reference.data if reference.data.ndim == 2 else cut(ramp, reference)
        data = ramp.data
        area = kernels.ipc.science_area(data.shape[-2:], start_of(ramp), is_miri(ramp))
        kernels.ipc.correct_ipc(data, kernel, area)
        ramp.data = data
        return ramp

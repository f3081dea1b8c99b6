"""Steps whose references and parameter references are in the demo cache."""

import fakemodels

from jwstlike.stpipe import Pipeline, Step

PARAMETERS = {
    "meta.instrument.name": "NIRCAM",
    "meta.instrument.detector": "NRCA1",
    "meta.instrument.filter": "F200W",
    "meta.instrument.pupil": "CLEAR",
    "meta.exposure.type": "NRC_IMAGE",
    "meta.exposure.readpatt": "BRIGHT1",
    "meta.subarray.name": "GENERIC",
    "meta.observation.date": "2024-03-04",
    "meta.observation.time": "05:06:07.000",
}


class Exposure(fakemodels.FakeModel):
    def get_crds_parameters(self):
        return dict(PARAMETERS)


fakemodels.Exposure = Exposure


class JumpStep(Step):
    class_alias = "jump"
    _opener = "fakemodels:open"
    input_types = ("Exposure",)
    reference_file_types = ("gain", "readnoise")
    spec = """
    rejection_threshold = float(default=4.0)   # In sigma
    """

    def process(self, ramp):
        self.seen = self.rejection_threshold
        self.paths = [self.get_reference_file(ramp, kind) for kind in ("gain", "readnoise")]
        return ramp


class MaskStep(JumpStep):
    class_alias = "dq_init"
    reference_file_types = ("mask",)

    def process(self, ramp):
        self.path = self.get_reference_file(ramp, "mask")
        return ramp


class SloperPipeline(Pipeline):
    _opener = "fakemodels:open"
    input_types = ("Exposure",)
    step_defs = {"dq": MaskStep, "jump": JumpStep}  # noqa: RUF012
    spec = """
    save_cal = boolean(default=True)
    """

    def process(self, ramp):
        return self.jump(self.dq(ramp))

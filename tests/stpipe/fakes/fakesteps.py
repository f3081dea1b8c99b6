"""Steps and pipelines on the fake models."""

import logging

import fakemodels

from jwstlike.stpipe import NotApplicable, Pipeline, Step

log = logging.getLogger(__name__)


class FakeStep(Step):
    _opener = "fakemodels:open"


class Nothing(FakeStep):
    spec = """
    thr = float(default=1.0)          # Threshold, in sigma
    n = integer(1, 100, default=3)    # Number of "things" # at most
    mode = option('a', 'b', default='a')  # Way of working
    """

    def process(self, model):
        return model


class AddStep(FakeStep):
    """Add a number to the data.

    Longer text.
    """

    class_alias = "jump"
    input_types = ("RampModel",)
    spec = """
    value = float(default=1.0)   # What to add
    """

    def process(self, ramp):
        ramp.data[:] = [x + self.value for x in ramp.data]
        log.info("added %s", self.value)
        return ramp


class MaskStep(FakeStep):
    class_alias = "dq_init"
    reference_file_types = ("mask",)

    def process(self, ramp):
        mask = self.open_reference(ramp, "mask")
        ramp.data[:] = [x * y for x, y in zip(ramp.data, mask.data, strict=True)]
        return ramp


class DeclineStep(FakeStep):
    class_alias = "ipc"

    def process(self, ramp):
        raise NotApplicable("no such detector")


class FailStep(FakeStep):
    class_alias = "refpix"

    def process(self, ramp):
        raise RuntimeError("the sky fell down")


class FitStep(FakeStep):
    class_alias = "ramp_fit"

    def process(self, ramp):
        image = fakemodels.ImageModel(ramp)
        image.data = [sum(ramp.data)]
        return image


class Pipe(Pipeline, FakeStep):
    """Add, decline, fit."""

    class_alias = "calwebb_pipe"
    input_types = ("RampModel",)
    step_defs = {"add": AddStep, "decline": DeclineStep, "fit": FitStep}  # noqa: RUF012
    spec = """
    save_ramp = boolean(default=False)   # Save the ramp
    output_exact = boolean(default=True) # Take output_file as it stands
    """

    def process(self, model):
        model = self.add(model)
        model = self.decline(model)
        if self.save_ramp:
            self.add.save_model(model, suffix="ramp", force=True)
        return self.fit(model)


class Outer(Pipeline, FakeStep):
    step_defs = {"pipe": Pipe, "nothing": Nothing}  # noqa: RUF012

    def process(self, model):
        return self.nothing(self.pipe.run(model))

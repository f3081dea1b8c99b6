"""Steps and pipelines on the fake models."""

import logging
import weakref

import fakemodels

from jwstlike.errors import StpipeExitException
from jwstlike.stpipe import LinearPipeline, NotApplicable, Pipeline, Step

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

    def keep_near_name(self):
        self.thrr = 9


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
    input_types = ("RampModel",)
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


class PairStep(FakeStep):
    input_types = ("RampModel",)

    def process(self, ramp):
        other = ramp.copy()
        ramp.meta.filename, other.meta.filename = "first.fits", "second.fits"
        return [ramp, other]


class Needs(FakeStep):
    spec = """
    z = float()   # No default
    """


class TreeStep(FakeStep):
    """Change its own parameters while it runs."""

    class_alias = "jump"
    spec = """
    thr = float(default=1.0)
    """

    def process(self, model):
        self.thr = 7
        self.suffix = "changed"
        return model


class StatusStep(FakeStep):
    class_alias = "jump"
    spec = """
    status = string(default='SKIPPED')
    """

    def process(self, model):
        model.meta.cal_step.jump = self.status
        return model


class StatusPipe(Pipeline, FakeStep):
    step_defs = {"status": StatusStep, "nothing": Nothing}  # noqa: RUF012

    def process(self, model):
        return self.nothing(self.status(model))


class LetGoStep(FakeStep):
    """Replace the input by something new."""

    def process(self, model):
        return fakemodels.ImageModel()


class LetGoPipe(Pipeline, FakeStep):
    """See whether the input is gone once nobody needs it."""

    step_defs = {"first": LetGoStep}  # noqa: RUF012
    input_types = ("RampModel",)

    def process(self, model):
        watch = weakref.ref(model)
        model = self.first(model)
        self.gone = watch() is None
        return model


class WithStep(FakeStep):
    """The way of the original description: the model is opened inside process."""

    def process(self, input):
        with fakemodels.open(input) as im:
            im.data[:] = [x * 2 for x in im.data]
            result = im
        return result


class PathPipe(Pipeline, FakeStep):
    """Its steps are called, and given a path."""

    step_defs = {"dq": WithStep, "off": Nothing}  # noqa: RUF012

    def process(self, input):
        return self.off(self.dq(input))


class ManyPipe(Pipeline, FakeStep):
    step_defs = {f"s{n}": Nothing for n in range(15)}  # noqa: RUF012

    def process(self, model):
        for n in range(15):
            model = getattr(self, f"s{n}")(model)
        return model


def double(model):
    model.data[:] = [x * 2 for x in model.data]
    return model


def look(model):
    look.seen = list(model.data)


def broken(model):
    raise KeyError("nothing here")


class HookStep(FakeStep):
    class_alias = "hooked"
    spec = """
    param = integer(default=1)
    """

    def process(self, model):
        model.data[:] = [x + self.param for x in model.data]
        return model


class Keeper:
    def method(self, model):
        model.data.append(99)
        return model


class Lister(FakeStep):
    def process(self, models):
        for model in models:
            model.data[:] = [0]
        return models


class NoneStep(FakeStep):
    def process(self, model):
        return None


class TwoStep(FakeStep):
    def process(self, first, second):
        return first, second


class ExitStep(FakeStep):
    def process(self, model):
        raise StpipeExitException(64, "nothing to do")


class InterruptStep(FakeStep):
    def process(self, model):
        raise KeyboardInterrupt


class StatusStep2(StatusStep):
    input_types = ("RampModel",)


class VerboseStep(FakeStep):
    spec = """
    verbose = boolean(default=False)
    """


class Line(LinearPipeline, FakeStep):
    pipeline_steps = [("add", AddStep), ("twice", WithStep), ("fit", FitStep)]  # noqa: RUF012


class NamedPipe(Pipeline, FakeStep):
    input_types = ("RampModel",)
    step_defs = {"add": AddStep, "twice": WithStep}  # noqa: RUF012
    step_aliases = {"plus": "add"}  # noqa: RUF012
    step_defaults = {"twice": {"skip": True}}  # noqa: RUF012

    def process(self, model):
        return self.twice(self.add(model))


class NestedStep(FakeStep):
    def process(self, model):
        return AddStep.call(model)

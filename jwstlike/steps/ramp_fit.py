"""Slopes of ramps."""

from .. import datamodels
from ..errors import NotApplicable, ParameterError
from ..stpipe import Step
from . import kernels
from .reference_match import cut, exposure_numbers, is_miri

PLANES = ("data", "dq", "var_poisson", "var_rnoise", "err")
UNIT = "DN/s"


class RampFitStep(Step):
    """Fit the slope of each ramp: the rate of the exposure and of each integration."""

    class_alias = "ramp_fit"
    reference_file_types = ("readnoise", "gain")
    input_types = ("RampModel",)
    make_rateints = True  # a pipeline that needs the rate alone switches this off
    spec = """
        algorithm          = option('OLS_C', 'LIKELY', default='OLS_C') # Way to fit; LIKELY is not available yet
        int_name           = string(default='')         # Kept for old parameter files
        save_opt           = boolean(default=False)     # Save the product _fitopt: the fit segment by segment
        opt_name           = string(default='')         # Name of that product
        suppress_one_group = boolean(default=True)      # Drop ramps with one good group
        firstgroup         = integer(default=None)      # First group to use, from 0
        lastgroup          = integer(default=None)      # Last group to use, from 0
        maximum_cores      = string(default='1')        # Kept for old parameter files; the kernels use all cores
    """  # noqa: E501 - a table

    def process(self, ramp):
        """Fit all ramps.

        Returns
        -------
        rate, rateints : ImageModel, CubeModel
            The first alone if ``make_rateints`` is off.
        """
        if self.algorithm != "OLS_C":
            raise ParameterError(
                f"step {self.name!r}, parameter 'algorithm': {self.algorithm} is not available "
                "yet; use OLS_C"
            )
        groupdq = self._groups_to_use(ramp)
        if (groupdq[:, 0] & kernels.flags.SATURATED).all():
            raise NotApplicable("every ramp is saturated from its first group on")
        first, last = kernels.ramp_fit.usable_span(groupdq)
        if first == last:
            raise NotApplicable("no group of any ramp can be used")
        fit = self._fit(ramp, groupdq)
        options = {"suppress": self.suppress_one_group, "trim": is_miri(ramp)}
        want_ints = self.make_rateints or self.save_opt
        rate, rateints = kernels.ramp_fit.fit_ramps(*fit, **options, want_ints=want_ints)
        if self.save_opt:
            self._save_segments(ramp, fit, options, rateints.data)
        image = self._product(ramp, datamodels.ImageModel(), rate)
        if not self.make_rateints:
            return image
        return image, self._product(ramp, datamodels.CubeModel(), rateints)

    def _groups_to_use(self, ramp):
        """Return the flags of the groups with those before `firstgroup`, after `lastgroup`."""
        groupdq, ngroups = ramp.groupdq, ramp.shape[1]
        first = self.firstgroup or 0
        last = ngroups - 1 if self.lastgroup is None else self.lastgroup
        if not 0 <= first <= last < ngroups:
            raise ParameterError(
                f"step {self.name!r}: firstgroup {first} and lastgroup {last} must be in order and "
                f"lie between 0 and {ngroups - 1}"
            )
        if (first, last) != (0, ngroups - 1):
            groupdq = groupdq.copy()
            groupdq[:, :first] |= kernels.flags.DO_NOT_USE
            groupdq[:, last + 1 :] |= kernels.flags.DO_NOT_USE
        return groupdq

    def _fit(self, ramp, groupdq):
        """Return the arguments of the kernel: exposure, pixels, times."""
        gain_model = self.open_reference(ramp, "gain")
        gain = cut(ramp, gain_model)
        readnoise = cut(ramp, self.open_reference(ramp, "readnoise"))
        factor = gain_model.get("meta.exposure.gain_factor")
        if factor is not None:
            ramp.meta.exposure.gain_factor = factor
        nframes, group, frame = exposure_numbers(ramp, "nframes", "group_time", "frame_time")
        noise = kernels.ramp_fit.GroupNoise(readnoise, gain, nframes)
        dark = kernels.ramp_fit.no_dark(gain.shape)
        if ramp.hasattr("average_dark_current"):
            dark = ramp.average_dark_current
        return (
            (ramp.data, groupdq, ramp.pixeldq),
            kernels.ramp_fit.Pixel(gain, noise, dark),
            kernels.ramp_fit.Timing(
                group, (nframes + 1) * frame / 2, not self.suppress_one_group or ramp.shape[1] == 1
            ),
        )

    def _product(self, ramp, model, product):
        """Fill a model with the planes of a product and the metadata of the exposure."""
        for name, plane in zip(PLANES, product, strict=True):
            setattr(model, name, plane)
        model.update(ramp)
        model.meta.bunit_data = model.meta.bunit_err = UNIT
        return model

    def _save_segments(self, ramp, fit, options, slopes):
        """Save the optional product: slopes and more of each segment."""
        segments = kernels.ramp_fit_segments.fit_segments(*fit, **options)
        model = datamodels.RampFitOutputModel()
        for name, planes in segments._asdict().items():
            setattr(model, name, planes)
        exposure = ramp.meta.exposure
        nframes, gap, dropped = (
            exposure.get(name) or 0 for name in ("nframes", "groupgap", "drop_frames1")
        )
        reads = ((nframes + 1) / 2 + dropped) / (nframes + gap)
        model.pedestal = kernels.ramp_fit_segments.pedestals(ramp.data, slopes, reads)
        model.update(ramp)
        self.save_model(model, suffix="fitopt", output_file=self.opt_name, force=True)

"""Ramps: raw and corrected groups of each integration, and what is fitted to them."""

import numpy as np

from ..mixins import make_default
from ..model_base import JwstDataModel


class _WithZeroFrame(JwstDataModel):
    """Arrays of shape (integration, group, y, x) with a first frame for each integration."""

    def _primary_shape(self, attr):
        shape = self.shape
        if attr == "zeroframe" and shape is not None and len(shape) == 4:
            return (shape[0], *shape[2:])
        return super()._primary_shape(attr)


class RampModel(_WithZeroFrame):
    """Ramps that are being corrected: data, pixeldq, groupdq."""

    schema_url = "ramp.schema"

    def on_init(self, init):
        """Make the flags of a new array of data."""
        super().on_init(init)
        if isinstance(init, (tuple, np.ndarray)):
            make_default(self, "pixeldq")
            make_default(self, "groupdq")


class Level1bModel(_WithZeroFrame):
    """Raw ramps, as they come from the observatory."""

    schema_url = "level1b.schema"


class RampFitOutputModel(JwstDataModel):
    """Optional results of the ramp fit, segment by segment."""

    schema_url = "rampfitoutput.schema"

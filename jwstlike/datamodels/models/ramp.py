"""Ramps: raw and corrected groups of each integration, and what is fitted to them."""

from typing import ClassVar

import numpy as np

from ..mixins import make_beside_primary
from ..model_base import JwstDataModel
from .columns import AddedColumns


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
        make_beside_primary(self, "pixeldq", "groupdq")


class SuperstripeRampModel(_WithZeroFrame):
    """Ramps of a subarray that is read in superstripes: as `RampModel`."""

    schema_url = "superstripe_ramp.schema"

    def on_init(self, init):
        """Make the flags of a new array of data."""
        super().on_init(init)
        make_beside_primary(self, "pixeldq", "groupdq")

    def _primary_shape(self, attr):
        if attr != "pixeldq":
            return super()._primary_shape(attr)
        stripes, shape = self.meta.subarray.num_superstripe, self.shape
        return None if not stripes or shape is None else (stripes, *shape[-2:])

    def get_default(self, name):
        """Make the default of `name`; None for ``pixeldq`` while the stripes are not counted."""
        if name == "pixeldq" and self._primary_shape(name) is None:
            return None
        return super().get_default(name)


class Level1bModel(AddedColumns, _WithZeroFrame):
    """Raw ramps, as they come from the observatory."""

    schema_url = "level1b.schema"
    added_columns: ClassVar = {("moving_target",): {"mt_v2": np.nan, "mt_v3": np.nan}}


class RampFitOutputModel(JwstDataModel):
    """Optional results of the ramp fit, segment by segment."""

    schema_url = "rampfitoutput.schema"

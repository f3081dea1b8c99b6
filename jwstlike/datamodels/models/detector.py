"""Further reference files of detector effects."""

from ..mixins import DefaultDQMixin
from .reference import ReferenceFileModel


class DarkNirspecModel(DefaultDQMixin, ReferenceFileModel):
    """NIRSpec dark reference."""

    schema_url = "dark_nirspec.schema"


class IRS2Model(ReferenceFileModel):
    """NIRSpec IRS2 reference pixel reference."""

    schema_url = "irs2.schema"


class PersistenceSatModel(DefaultDQMixin, ReferenceFileModel):
    """Persistence saturation reference."""

    schema_url = "persat.schema"


class PictureFrameModel(ReferenceFileModel):
    """Picture frame reference."""

    schema_url = "pictureframe.schema"


class TrapDensityModel(DefaultDQMixin, ReferenceFileModel):
    """Charge trap density reference."""

    schema_url = "trapdensity.schema"


class TrapParsModel(ReferenceFileModel):
    """Charge trap parameter reference."""

    schema_url = "trappars.schema"

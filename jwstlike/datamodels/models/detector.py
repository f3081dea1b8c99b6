"""Further reference files of detector effects."""

from typing import ClassVar

from ..mixins import DefaultDQMixin
from .columns import AddedColumns
from .keyword_reference import KeywordReferenceModel
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


class RSCDModel(AddedColumns, ReferenceFileModel):
    """MIRI reset switch charge decay reference: how many groups to skip.

    Older tables have no ``group_skip1``; -1 says so.
    """

    schema_url = "rscd.schema"
    added_columns: ClassVar = {("rscd_group_skip_table",): {"group_skip1": -1}}


class SIRSKernelModel(KeywordReferenceModel):
    """Kernel of the simple improved reference subtraction; its parts lie in the ASDF tree."""

    schema_url = "sirs_kernel.schema"
    reftype = "sirskernel"
    has_asdf_extension = True  # FITS has no place for its parts
    keywords = ()


class EmiModel(KeywordReferenceModel):
    """MIRI electromagnetic interference reference; its parts lie in the ASDF tree."""

    schema_url = "emi.schema"
    reftype = "emicorr"
    has_asdf_extension = True  # FITS has no place for its parts
    keywords = ()

    def on_save(self, path=None):
        """Set the instrument, too."""
        super().on_save(path)
        self.meta.instrument.name = "MIRI"

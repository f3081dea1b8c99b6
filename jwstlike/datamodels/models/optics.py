"""Reference files of what the light meets on its way: areas, masks, losses, fringes."""

from ..mixins import DefaultDQMixin, DefaultErrMixin
from .reference import ReferenceFileModel


class PixelAreaModel(ReferenceFileModel):
    """Pixel area reference."""

    schema_url = "pixelarea.schema"


class NirspecIfuAreaModel(ReferenceFileModel):
    """NIRSpec IFU pixel area reference."""

    schema_url = "nirspec_area_ifu.schema"


class NirspecMosAreaModel(ReferenceFileModel):
    """NIRSpec MOS pixel area reference."""

    schema_url = "nirspec_area_mos.schema"


class NirspecSlitAreaModel(ReferenceFileModel):
    """NIRSpec fixed slit pixel area reference."""

    schema_url = "nirspec_area_slit.schema"


class BarshadowModel(ReferenceFileModel):
    """NIRSpec bar shadow reference."""

    schema_url = "barshadow.schema"


class PathlossModel(ReferenceFileModel):
    """Path loss reference."""

    schema_url = "pathloss.schema"


class MirLrsPathlossModel(ReferenceFileModel):
    """MIRI LRS path loss reference."""

    schema_url = "mirlrs_pathloss.schema"


class FringeModel(DefaultDQMixin, DefaultErrMixin, ReferenceFileModel):
    """Fringe reference."""

    schema_url = "fringe.schema"


class FringeFreqModel(ReferenceFileModel):
    """MIRI MRS fringe frequency reference."""

    schema_url = "fringe_freq.schema"


class MirMrsPtCorrModel(ReferenceFileModel):
    """MIRI MRS point source correction reference."""

    schema_url = "miri_mrsptcorr.schema"


class MirMrsXArtCorrModel(ReferenceFileModel):
    """MIRI MRS cross-artifact reference."""

    schema_url = "miri_mrsxartcorr.schema"


class NRMModel(ReferenceFileModel):
    """Aperture mask reference."""

    schema_url = "nrm.schema"


class PsfMaskModel(ReferenceFileModel):
    """PSF alignment mask reference."""

    schema_url = "psfmask.schema"


class ResolutionModel(ReferenceFileModel):
    """Resolution reference."""

    schema_url = "resolution.schema"


class MiriResolutionModel(ResolutionModel):
    """MIRI MRS resolution reference."""

    schema_url = "miri_resolution.schema"


class SossBkgModel(DefaultDQMixin, ReferenceFileModel):
    """NIRISS SOSS background reference."""

    schema_url = "sossbkg.schema"


class StrayLightModel(ReferenceFileModel):
    """MIRI MRS stray light reference."""

    schema_url = "straylight.schema"


class ThroughputModel(ReferenceFileModel):
    """Filter throughput reference."""

    schema_url = "throughput.schema"


class WfssBkgModel(DefaultDQMixin, DefaultErrMixin, ReferenceFileModel):
    """WFSS background reference."""

    schema_url = "wfssbkg.schema"

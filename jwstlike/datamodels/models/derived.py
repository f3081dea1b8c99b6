"""Products derived from images and spectra."""

from ..model_base import JwstDataModel


class SegmentationMapModel(JwstDataModel):
    """Segmentation image."""

    schema_url = "segmap.schema"


class ContrastModel(JwstDataModel):
    """Contrast curve of a coronagraphic image."""

    schema_url = "contrast.schema"


class TrapsFilledModel(JwstDataModel):
    """Charge traps filled by an exposure."""

    schema_url = "trapsfilled.schema"


class SossExtractModel(JwstDataModel):
    """Trace models of a SOSS extraction."""

    schema_url = "sossextractmodel.schema"


class SossWaveGridModel(JwstDataModel):
    """Wavelength grid of a SOSS extraction."""

    schema_url = "sosswavegrid.schema"

"""Images and cubes of integral field units."""

from ..mixins import DefaultDQMixin, DefaultErrMixin
from ..model_base import JwstDataModel


class IFUImageModel(DefaultDQMixin, DefaultErrMixin, JwstDataModel):
    """Detector image of an integral field unit."""

    schema_url = "ifuimage.schema"


class IFUCubeModel(DefaultDQMixin, DefaultErrMixin, JwstDataModel):
    """Spectral cube of an integral field unit."""

    schema_url = "ifucube.schema"


class OutlierIFUOutputModel(JwstDataModel):
    """Intermediate arrays of IFU outlier detection."""

    schema_url = "outlierifuoutput.schema"

"""Images and cubes of slopes or calibrated data."""

from ..mixins import DefaultDQMixin, DefaultErrMixin
from ..model_base import JwstDataModel


class ImageModel(JwstDataModel):
    """A 2-D image: data, dq, err and variances."""

    schema_url = "image.schema"


class CubeModel(DefaultDQMixin, DefaultErrMixin, JwstDataModel):
    """A stack of images, one per integration."""

    schema_url = "cube.schema"


class QuadModel(DefaultDQMixin, DefaultErrMixin, JwstDataModel):
    """A 4-D array with flags and errors."""

    schema_url = "quad.schema"

"""Data of the fine guidance sensor while it guides."""

from ..mixins import DefaultDQMixin, DefaultErrMixin
from ..model_base import JwstDataModel


class GuiderRawModel(DefaultDQMixin, DefaultErrMixin, JwstDataModel):
    """Guider data as they came down."""

    schema_url = "guider_raw.schema"


class GuiderCalModel(DefaultDQMixin, DefaultErrMixin, JwstDataModel):
    """Guider data with slopes."""

    schema_url = "guider_cal.schema"

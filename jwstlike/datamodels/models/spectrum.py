"""One-dimensional spectra."""

from ..model_base import JwstDataModel


class SpecModel(JwstDataModel):
    """One-dimensional spectrum."""

    schema_url = "spec.schema"
    primary_array_name = "spec_table"


class MRSSpecModel(JwstDataModel):
    """Spectrum of the MIRI MRS."""

    schema_url = "mrs_spec.schema"
    primary_array_name = "spec_table"


class TSOSpecModel(JwstDataModel):
    """Time series of spectra."""

    schema_url = "tso_spec.schema"
    primary_array_name = "spec_table"


class WFSSSpecModel(JwstDataModel):
    """Slitless spectra of one exposure."""

    schema_url = "wfss_spec.schema"
    primary_array_name = "spec_table"


class CombinedSpecModel(JwstDataModel):
    """Combined one-dimensional spectrum."""

    schema_url = "combinedspec.schema"


class WFSSCombinedSpecModel(JwstDataModel):
    """Combined slitless spectra."""

    schema_url = "wfss_combinedspec.schema"

"""Several spectra in one model."""

from ..model_base import JwstDataModel
from .lists import FromSingle
from .spectrum import (
    CombinedSpecModel,
    MRSSpecModel,
    SpecModel,
    TSOSpecModel,
    WFSSCombinedSpecModel,
    WFSSSpecModel,
)


class _SpecList(FromSingle, JwstDataModel):
    """A list of spectra, ``spec``; one of the single class becomes the only one."""

    list_name = "spec"


class MultiSpecModel(_SpecList):
    """Extracted spectra, one table each."""

    schema_url = "multispec.schema"
    single_class = SpecModel


class MRSMultiSpecModel(_SpecList):
    """Extracted spectra of the MIRI MRS, with columns for residual fringes."""

    schema_url = "mrs_multispec.schema"
    single_class = MRSSpecModel


class TSOMultiSpecModel(_SpecList):
    """Time series of spectra: one row of a table for each integration, cells are vectors."""

    schema_url = "tso_multispec.schema"
    single_class = TSOSpecModel


class WFSSMultiSpecModel(_SpecList):
    """Slitless spectra: one table for each exposure and order, one row for each source."""

    schema_url = "wfss_multispec.schema"
    single_class = WFSSSpecModel


class MultiCombinedSpecModel(_SpecList):
    """Combined spectra, one table each."""

    schema_url = "multicombinedspec.schema"
    single_class = CombinedSpecModel


class WFSSMultiCombinedSpecModel(_SpecList):
    """Combined slitless spectra: one table for each order, one row for each source."""

    schema_url = "wfss_multicombinedspec.schema"
    single_class = WFSSCombinedSpecModel

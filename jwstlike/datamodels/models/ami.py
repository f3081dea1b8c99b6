"""Results of aperture masking interferometry."""

import warnings

from .. import validate
from ..model_base import JwstDataModel

OIFITS_REVISION = 2


class AmiLgFitModel(JwstDataModel):
    """Results of the fit to an interferogram: images and solutions."""

    schema_url = "amilgfitmodel.schema"
    primary_array_name = "fit_image"


class AmiLgModel(JwstDataModel):
    """Older form of `AmiLgFitModel`; deprecated."""

    schema_url = "amilg.schema"
    primary_array_name = "fit_image"

    def __init__(self, init=None, **kwargs):
        warnings.warn(
            "AmiLgModel is deprecated, use AmiLgFitModel",
            DeprecationWarning,
            stacklevel=validate.outside(),
        )
        super().__init__(init, **kwargs)


class AmiOIModel(JwstDataModel):
    """Interferometric observables in OIFITS form.

    What OIFITS wants under names of its own (``meta.oifits.derived``) follows from the other
    metadata; it is set by `validate` and by each save.

    References
    ----------
    Duvert, Young and Hummel 2017, A&A 597, A8: OIFITS 2.
    """

    schema_url = "amioi.schema"
    primary_array_name = "t3"

    def on_save(self, path=None):
        """Derive the metadata of OIFITS."""
        super().on_save(path)
        self._derive()

    def validate(self):
        """Derive the metadata of OIFITS, then check everything."""
        self._derive()
        super().validate()

    def _derive(self):
        meta = self.meta
        derived = meta.oifits.derived
        _set(derived, "observer", meta.program.pi_name)
        _set(derived, "object", meta.target.proposer_name or meta.target.catalog_name)
        _set(derived, "content", "OIFITS2")
        for name in ("t3", "vis", "vis2", "q4"):
            table = getattr(derived, name)
            _set(table, "array_name", meta.oifits.array_name)
            _set(table, "instrument_name", meta.instrument.name)
            _set(table, "date_obs", meta.observation.date)
        _set(derived.wavelength, "instrument_name", meta.instrument.name)
        for name in ("array", "target", "t3", "vis", "vis2", "q4", "wavelength"):
            _set(getattr(derived, name), "revn", OIFITS_REVISION)
        for name, value in (("frame", "SKY"), ("x", 0.0), ("y", 0.0), ("z", 0.0)):
            if getattr(derived.array, name) is None:
                _set(derived.array, name, value)


def _set(node, name, value):
    if value != getattr(node, name):
        setattr(node, name, value)

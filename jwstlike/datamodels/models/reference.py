"""Reference files."""

from .. import validate
from ..mixins import DefaultDQMixin, DefaultErrMixin
from ..model_base import JwstDataModel

WANTED = ("description", "reftype", "author", "pedigree", "useafter", "instrument.name")


class ReferenceFileModel(JwstDataModel):
    """Base of all reference files: no ASDF extension, and a few entries that must be there."""

    schema_url = "referencefile.schema"
    has_asdf_extension = False

    def on_init(self, init):
        """Set the telescope."""
        super().on_init(init)
        if not self.meta.hasattr("telescope") and not self._guessed:
            self.meta._store("telescope", "JWST")

    def print_err(self, message):
        """Warn of what is wrong with a reference file; with `strict_validation` raise ValueError.

        For classes of users that check more than their schema says.
        """
        if self._strict_validation:
            raise ValueError(message)
        validate.warn(message)

    def _advice(self):
        """Find the entries that every reference file needs and this one lacks."""
        yield from super()._advice()
        found = {name: self.get(f"meta.{name}") for name in WANTED}
        missing = [name for name, v in found.items() if v is None or (type(v) is str and not v)]
        if missing:
            name = type(self).__name__
            phrase = f"{name}.meta is missing values for [{', '.join(missing)}]"
            yield validate.Finding("meta", None, phrase, severity="warning")


class ReferenceImageModel(DefaultDQMixin, DefaultErrMixin, ReferenceFileModel):
    """A reference file with an image."""

    schema_url = "referenceimage.schema"


class ReferenceCubeModel(DefaultDQMixin, DefaultErrMixin, ReferenceFileModel):
    """A reference file with a cube."""

    schema_url = "referencecube.schema"


class ReferenceQuadModel(DefaultDQMixin, DefaultErrMixin, ReferenceFileModel):
    """A reference file with a 4-D array."""

    schema_url = "referencequad.schema"


class MaskModel(DefaultDQMixin, ReferenceFileModel):
    """Bad pixels."""

    schema_url = "mask.schema"
    primary_array_name = "dq"


class SaturationModel(DefaultDQMixin, ReferenceFileModel):
    """Level of each pixel above which it is saturated, in DN."""

    schema_url = "saturation.schema"


class IPCModel(ReferenceFileModel):
    """Kernel of the inter-pixel capacitance, the same for all pixels or one each."""

    schema_url = "ipc.schema"


class SuperBiasModel(DefaultDQMixin, DefaultErrMixin, ReferenceFileModel):
    """Bias of each pixel, in DN."""

    schema_url = "superbias.schema"


class ResetModel(DefaultDQMixin, DefaultErrMixin, ReferenceFileModel):
    """Reset anomaly of each group, in DN."""

    schema_url = "reset.schema"


class LastFrameModel(DefaultDQMixin, DefaultErrMixin, ReferenceFileModel):
    """Last-frame correction."""

    schema_url = "lastframe.schema"


class GainModel(ReferenceFileModel):
    """Gain of each pixel, in electrons per DN."""

    schema_url = "gain.schema"


class ReadnoiseModel(ReferenceFileModel):
    """Noise of the difference of two reads, in DN."""

    schema_url = "readnoise.schema"


class LinearityModel(DefaultDQMixin, ReferenceFileModel):
    """Polynomial coefficients of the response of each pixel."""

    schema_url = "linearity.schema"
    primary_array_name = "coeffs"


class DarkModel(DefaultDQMixin, ReferenceFileModel):
    """Dark current of each group, in DN."""

    schema_url = "dark.schema"


class DarkMIRIModel(DefaultDQMixin, ReferenceFileModel):
    """Dark current of MIRI, for each integration."""

    schema_url = "darkMIRI.schema"


class FlatModel(DefaultDQMixin, DefaultErrMixin, ReferenceFileModel):
    """Flat field."""

    schema_url = "flat.schema"

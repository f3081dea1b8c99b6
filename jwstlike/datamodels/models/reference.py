"""Reference files."""

from .. import validate
from ..mixins import DefaultDQMixin, DefaultErrMixin
from ..model_base import JwstDataModel

WANTED = ("description", "reftype", "author", "pedigree", "useafter")


class ReferenceFileModel(JwstDataModel):
    """Base of all reference files: no ASDF extension, and a few entries that must be there."""

    schema_url = "referencefile.schema"
    has_asdf_extension = False

    def on_init(self, init):
        """Set the telescope."""
        super().on_init(init)
        if self.meta._tree.get("telescope") is None and not self._guessed:
            self.meta._store("telescope", "JWST")

    def check(self):
        """Check the schema and the entries every reference file needs."""
        report = super().check()
        missing = [name for name in WANTED if not self.get(f"meta.{name}")]
        if not self.get("meta.instrument.name"):
            missing.append("instrument.name")
        if missing:
            report.append(
                validate.Finding(
                    "meta",
                    None,
                    f"{type(self).__name__}.meta is missing values for "
                    f"[{', '.join(missing)}]; a reference file needs them",
                    severity="warning",
                )
            )
        return report


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

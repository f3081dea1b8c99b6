"""Reference files of cube building and of the extraction of spectra."""

from .lists import FromSingle
from .reference import ReferenceFileModel


class MiriIFUCubeParsModel(ReferenceFileModel):
    """MIRI MRS cube parameter reference."""

    schema_url = "miri_ifucubepars.schema"


class NirspecIFUCubeParsModel(ReferenceFileModel):
    """NIRSpec IFU cube parameter reference."""

    schema_url = "nirspec_ifucubepars.schema"


class Extract1dIFUModel(ReferenceFileModel):
    """Extraction aperture reference for IFU cubes."""

    schema_url = "extract1difu.schema"


class PastasossModel(ReferenceFileModel):
    """NIRISS SOSS trace model reference."""

    schema_url = "pastasossmodel.schema"


class SpecKernelModel(ReferenceFileModel):
    """NIRISS SOSS spectral kernel reference."""

    schema_url = "speckernel.schema"


class SpecProfileSingleModel(ReferenceFileModel):
    """NIRISS SOSS profile of one order."""

    schema_url = "specprofilesingle.schema"


class SpecTraceSingleModel(ReferenceFileModel):
    """NIRISS SOSS trace of one order."""

    schema_url = "spectracesingle.schema"


class WaveMapSingleModel(ReferenceFileModel):
    """NIRISS SOSS wavelength map of one order."""

    schema_url = "wavemapsingle.schema"


class SpecProfileModel(FromSingle, ReferenceFileModel):
    """NIRISS SOSS profiles, a list: one for each order."""

    schema_url = "specprofile.schema"
    list_name = "profile"
    single_class = SpecProfileSingleModel


class SpecTraceModel(FromSingle, ReferenceFileModel):
    """NIRISS SOSS traces, a list: one for each order."""

    schema_url = "spectrace.schema"
    list_name = "trace"
    single_class = SpecTraceSingleModel


class WaveMapModel(FromSingle, ReferenceFileModel):
    """NIRISS SOSS wavelength maps, a list: one for each order."""

    schema_url = "wavemap.schema"
    list_name = "map"
    single_class = WaveMapSingleModel


class SpecPsfModel(ReferenceFileModel):
    """Profiles of the PSF by wavelength, a list: one for each aperture.

    Older files have one profile, described in the primary header.
    """

    schema_url = "specpsf.schema"

    def on_init(self, init):
        """Take over what the primary header of an older file says of its only profile."""
        super().on_init(init)
        if self._reader is None or self._reader.index.find("PSF") is None:
            return
        header = self._reader.index[0]
        for aperture in self.apertures:
            for name, spec in aperture._spec.children.items():
                if spec.keyword is None or aperture.hasattr(name):
                    continue
                value = header.get(spec.keyword, "ANY" if name == "name" else None)
                if value is not None:
                    aperture._put(name, value)

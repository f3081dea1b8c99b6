"""Reference files of cube building and of the extraction of spectra."""

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

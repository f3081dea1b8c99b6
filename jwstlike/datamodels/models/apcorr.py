"""Reference files of aperture corrections."""

from .reference import ReferenceFileModel


class FgsImgApcorrModel(ReferenceFileModel):
    """FGS aperture correction reference."""

    schema_url = "fgsimg_apcorr.schema"


class MirImgApcorrModel(ReferenceFileModel):
    """MIRI imager aperture correction reference."""

    schema_url = "mirimg_apcorr.schema"


class MirLrsApcorrModel(ReferenceFileModel):
    """MIRI LRS aperture correction reference."""

    schema_url = "mirlrs_apcorr.schema"


class MirMrsApcorrModel(ReferenceFileModel):
    """MIRI MRS aperture correction reference."""

    schema_url = "mirmrs_apcorr.schema"


class NisImgApcorrModel(ReferenceFileModel):
    """NIRISS imaging aperture correction reference."""

    schema_url = "nisimg_apcorr.schema"


class NisWfssApcorrModel(ReferenceFileModel):
    """NIRISS WFSS aperture correction reference."""

    schema_url = "niswfss_apcorr.schema"


class NrcImgApcorrModel(ReferenceFileModel):
    """NIRCam imaging aperture correction reference."""

    schema_url = "nrcimg_apcorr.schema"


class NrcWfssApcorrModel(ReferenceFileModel):
    """NIRCam WFSS aperture correction reference."""

    schema_url = "nrcwfss_apcorr.schema"


class NrsFsApcorrModel(ReferenceFileModel):
    """NIRSpec fixed slit aperture correction reference."""

    schema_url = "nrsfs_apcorr.schema"


class NrsIfuApcorrModel(ReferenceFileModel):
    """NIRSpec IFU aperture correction reference."""

    schema_url = "nrsifu_apcorr.schema"


class NrsMosApcorrModel(ReferenceFileModel):
    """NIRSpec MOS aperture correction reference."""

    schema_url = "nrsmos_apcorr.schema"

"""Reference files of the flux calibration."""

from ..mixins import DefaultDQMixin
from .reference import ReferenceFileModel


class PhotomTableModel(ReferenceFileModel):
    """What the references with a table of conversion factors share."""

    primary_array_name = "phot_table"


class FgsImgPhotomModel(PhotomTableModel):
    """FGS flux calibration reference."""

    schema_url = "fgsimg_photom.schema"


class MirImgPhotomModel(PhotomTableModel):
    """MIRI imager flux calibration reference."""

    schema_url = "mirimg_photom.schema"


class MirLrsPhotomModel(PhotomTableModel):
    """MIRI LRS flux calibration reference."""

    schema_url = "mirlrs_photom.schema"


class MirMrsPhotomModel(DefaultDQMixin, ReferenceFileModel):
    """MIRI MRS flux calibration reference."""

    schema_url = "mirmrs_photom.schema"


class MirWfssPhotomModel(PhotomTableModel):
    """MIRI WFSS flux calibration reference."""

    schema_url = "mirwfss_photom.schema"


class NisImgPhotomModel(PhotomTableModel):
    """NIRISS imaging flux calibration reference."""

    schema_url = "nisimg_photom.schema"


class NisSossPhotomModel(PhotomTableModel):
    """NIRISS SOSS flux calibration reference."""

    schema_url = "nissoss_photom.schema"


class NisWfssPhotomModel(PhotomTableModel):
    """NIRISS WFSS flux calibration reference."""

    schema_url = "niswfss_photom.schema"


class NrcImgPhotomModel(PhotomTableModel):
    """NIRCam imaging flux calibration reference."""

    schema_url = "nrcimg_photom.schema"


class NrcWfssPhotomModel(PhotomTableModel):
    """NIRCam WFSS flux calibration reference."""

    schema_url = "nrcwfss_photom.schema"


class NrsFsPhotomModel(PhotomTableModel):
    """NIRSpec fixed slit flux calibration reference."""

    schema_url = "nrsfs_photom.schema"


class NrsMosPhotomModel(PhotomTableModel):
    """NIRSpec MOS flux calibration reference."""

    schema_url = "nrsmos_photom.schema"

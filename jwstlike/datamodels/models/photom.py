"""Reference files of the flux calibration."""

from typing import ClassVar

import numpy as np

from ..mixins import DefaultDQMixin
from .keyword_reference import TransformModel, warning
from .reference import ReferenceFileModel

TIMECOEFF = ("timecoeff_linear", "timecoeff_exponential", "timecoeff_powerlaw")
SELECTORS = {  # instrument -> columns that select a row of the table of offsets
    "FGS": ("detector",),
    "MIRI": ("filter",),
    "NIRCAM": ("filter", "pupil"),
    "NIRISS": ("filter", "pupil"),
}


class PhotomTableModel(ReferenceFileModel):
    """What the references with a table of conversion factors share.

    Tables of coefficients of its change with time, where there are some, must have the same rows.
    """

    primary_array_name = "phot_table"

    def _advice(self):
        yield from super()._advice()
        if not self.hasattr("phot_table"):
            yield warning("phot_table", None, "is missing, a photom reference needs it")
            return
        for name in TIMECOEFF:
            if name in self._spec.children and self.hasattr(name):
                table = getattr(self, name)
                if not _has_same_rows(self.phot_table, table):
                    yield warning(name, None, "has other rows than phot_table")


def _has_same_rows(table, other):
    """Whether two tables agree in the columns that both have."""
    names = {name.lower(): name for name in other.dtype.names}
    return len(table) == len(other) and all(
        np.array_equal(table[name], other[names[name.lower()]])
        for name in table.dtype.names
        if name.lower() in names
    )


class ABVegaOffsetModel(ReferenceFileModel):
    """Offsets from AB to Vega magnitudes: an astropy table, ``abvega_offset``."""

    schema_url = "abvegaoffset.schema"
    has_asdf_extension = True  # FITS has no place for its parts

    def _advice(self):
        yield from super()._advice()
        table, name = self.get("abvega_offset"), self.get("meta.instrument.name")
        if name not in SELECTORS:
            phrase = f"should be one of {', '.join(SELECTORS)}"
            yield warning("meta.instrument.name", name, phrase)
        if table is None:
            yield warning("abvega_offset", None, "is missing")
            return
        for column in (*SELECTORS.get(name, ()), "abvega_offset"):
            if column not in getattr(table, "colnames", ()):
                yield warning("abvega_offset", None, f"has no column {column!r}")


class TsoPhotModel(TransformModel):
    """Radii for the photometry of time series."""

    schema_url = "tsophot.schema"
    reftype = "tsophot"
    keywords = ("radii",)
    wanted_meta: ClassVar = {
        "meta.instrument.name": ("MIRI", "NIRCAM"),
        "meta.exposure.type": ("MIR_IMAGE", "NRC_TSIMAGE"),
    }
    wanted_parts = ("radii",)


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

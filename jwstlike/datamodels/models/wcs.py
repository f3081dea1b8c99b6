"""Reference files with coordinate transforms.

The classes say what their constructors take as keywords; the schemas say the rest.
"""

import os
from pathlib import Path

from .reference import ReferenceFileModel


class KeywordReferenceModel(ReferenceFileModel):
    """A reference whose parts can be given to the constructor by name.

    Parameters
    ----------
    init : None, str, Path, AsdfFile, DataModel
        As for `DataModel`.
    **kwargs
        Values of the names in `keywords`; everything else as for `DataModel`.
    """

    reftype = None
    keywords = ("model", "input_units", "output_units")

    def __init__(self, init=None, **kwargs):
        given = {name: kwargs.pop(name) for name in self.keywords if name in kwargs}
        super().__init__(init, **kwargs)
        for name, value in given.items():
            if value is not None:
                self._set_part(name, value)

    def _set_part(self, name, value):
        owner = self.meta if name in self._spec.children["meta"].children else self
        setattr(owner, name, value)

    def on_init(self, init):
        """Set the type of the reference in a new model."""
        super().on_init(init)
        if init is None and self.reftype is not None:
            self.meta.reftype = type(self).reftype


class TransformModel(KeywordReferenceModel):
    """A reference with transforms, which only ASDF can hold."""

    def on_save(self, path=None):
        """Refuse FITS."""
        if isinstance(path, (str, os.PathLike)) and ".fits" in Path(path).suffixes:
            raise NotImplementedError(
                f"{path}: FITS cannot hold the transforms of {type(self).__name__}; "
                "save it as .asdf"
            )
        super().on_save(path)


class DistortionModel(TransformModel):
    """Distortion reference."""

    schema_url = "distortion.schema"
    reftype = "distortion"


class DistortionMRSModel(TransformModel):
    """MIRI MRS distortion reference."""

    schema_url = "distortion_mrs.schema"
    reftype = "distortion"
    keywords = (
        "x_model", "y_model", "alpha_model", "beta_model", "bzero", "bdel", "input_units",
        "output_units",
    )  # fmt: skip


class ChromCorrModel(TransformModel):
    """Chromatic correction of the distortion."""

    schema_url = "chromcorr.schema"
    reftype = "chromcorr"


class FilteroffsetModel(KeywordReferenceModel):
    """Filter offset reference."""

    schema_url = "filteroffset.schema"
    reftype = "filteroffset"
    keywords = ("filters",)


class CameraModel(TransformModel):
    """NIRSpec camera transform reference."""

    schema_url = "camera.schema"
    reftype = "camera"


class CollimatorModel(TransformModel):
    """NIRSpec collimator transform reference."""

    schema_url = "collimator.schema"
    reftype = "collimator"


class OTEModel(TransformModel):
    """NIRSpec telescope transform reference."""

    schema_url = "ote.schema"
    reftype = "ote"


class FOREModel(TransformModel):
    """NIRSpec fore-optics transform reference."""

    schema_url = "fore.schema"
    reftype = "fore"


class FPAModel(TransformModel):
    """NIRSpec focal plane reference."""

    schema_url = "fpa.schema"
    reftype = "fpa"
    keywords = ("nrs1_model", "nrs2_model")


class MSAModel(TransformModel):
    """NIRSpec microshutter array reference."""

    schema_url = "msa.schema"
    reftype = "msa"


class IFUFOREModel(TransformModel):
    """NIRSpec IFU fore-optics transform reference."""

    schema_url = "ifufore.schema"
    reftype = "ifufore"


class IFUPostModel(TransformModel):
    """NIRSpec IFU post-optics transform reference."""

    schema_url = "ifupost.schema"
    reftype = "ifupost"
    keywords = ("slice_models",)


class IFUSlicerModel(TransformModel):
    """NIRSpec IFU slicer transform reference."""

    schema_url = "ifuslicer.schema"
    reftype = "ifuslicer"
    keywords = ("model", "data")


class DisperserModel(TransformModel):
    """NIRSpec disperser reference."""

    schema_url = "disperser.schema"
    reftype = "disperser"
    keywords = (
        "angle", "gwa_tiltx", "gwa_tilty", "kcoef", "lcoef", "tcoef", "pref", "tref", "theta_x",
        "theta_y", "theta_z", "groovedensity",
    )  # fmt: skip


class RegionsModel(TransformModel):
    """MIRI MRS slice regions reference."""

    schema_url = "regions.schema"
    reftype = "regions"
    keywords = ("regions",)
    primary_array_name = "regions"


class WaveCorrModel(KeywordReferenceModel):
    """NIRSpec wavelength correction reference."""

    schema_url = "wavecorr.schema"
    reftype = "wavecorr"
    keywords = ("apertures",)


class SpecwcsModel(TransformModel):
    """Spectral WCS reference."""

    schema_url = "specwcs.schema"
    reftype = "specwcs"


class MiriLRSSpecwcsModel(KeywordReferenceModel):
    """MIRI LRS spectral WCS reference."""

    schema_url = "specwcs_miri_lrs.schema"
    reftype = "specwcs"
    keywords = (
        "wavetable", "x_ref", "y_ref", "x_ref_slitless", "y_ref_slitless", "v2_vert1", "v2_vert2",
        "v2_vert3", "v2_vert4", "v3_vert1", "v3_vert2", "v3_vert3", "v3_vert4",
    )  # fmt: skip


class MiriWFSSSpecwcsModel(TransformModel):
    """MIRI WFSS spectral WCS reference."""

    schema_url = "specwcs_miri_wfss.schema"
    reftype = "specwcs"
    keywords = ("displ", "dispx", "dispy", "invdispl", "orders")


class NIRCAMGrismModel(TransformModel):
    """NIRCam grism spectral WCS reference."""

    schema_url = "specwcs_nircam_grism.schema"
    reftype = "specwcs"
    keywords = (
        "displ", "dispx", "dispy", "invdispl", "invdispx", "invdispy", "orders", "stripes",
    )  # fmt: skip


class NIRISSGrismModel(TransformModel):
    """NIRISS grism spectral WCS reference."""

    schema_url = "specwcs_niriss_grism.schema"
    reftype = "specwcs"
    keywords = ("displ", "dispx", "dispy", "invdispl", "orders", "fwcpos_ref")

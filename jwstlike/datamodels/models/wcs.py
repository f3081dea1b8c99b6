"""Reference files with coordinate transforms.

The classes say what their constructors take as keywords, what a new one says of itself and what a
complete one has; the schemas say the rest.
"""

from typing import ClassVar

from .keyword_reference import INSTRUMENTS, KeywordReferenceModel, TransformModel, warning

BANDS = (
    "SHORT", "MEDIUM", "LONG", "SHORT-LONG", "SHORT-MEDIUM", "MEDIUM-SHORT", "MEDIUM-LONG",
    "LONG-SHORT", "LONG-MEDIUM",
)  # fmt: skip
CHANNELS = ("12", "34", "1", "2", "3", "4")
# exposures that go through the optics in front of the NIRSpec detectors
NIRSPEC_EXPOSURES = (
    "NRS_TACQ|NRS_TASLIT|NRS_TACONFIRM|NRS_CONFIRM|NRS_FIXEDSLIT|NRS_IFU|NRS_MSASPEC|NRS_IMAGE|"
    "NRS_FOCUS|NRS_MIMF|NRS_MSATA|NRS_WATA|NRS_LAMP|NRS_BRIGHTOBJ|"
)
NIRSPEC = {"meta.instrument.name": "NIRSPEC", "meta.instrument.p_detector": "NRS1|NRS2|"}
NIRSPEC_ALL = NIRSPEC | {"meta.exposure.p_exptype": NIRSPEC_EXPOSURES, "meta.exposure.type": "N/A"}
NIRSPEC_IFU = NIRSPEC | {"meta.exposure.p_exptype": "NRS_IFU|", "meta.exposure.type": "NRS_IFU"}
MIRI_MRS = {"meta.instrument.name": "MIRI", "meta.exposure.type": "MIR_MRS"}
MIRI_MRS_WANTED = {
    "meta.instrument.name": ("MIRI",),
    "meta.exposure.type": ("MIR_MRS",),
    "meta.instrument.channel": CHANNELS,
    "meta.instrument.band": BANDS,
    "meta.instrument.detector": ("MIRIFUSHORT", "MIRIFULONG"),
}
DHS_SUBARRAYS = ("SUB41STRIPE1_DHS", "SUB82STRIPE2_DHS", "SUB164STRIPE4_DHS", "SUB260STRIPE4_DHS")
MIRI_IMAGER = {"meta.instrument.name": "MIRI", "meta.instrument.detector": "MIRIMAGE"}
OFFSET_FILTERS = {  # instrument -> filters that its file of filter offsets is for
    "MIRI": (
        "F1130W|F1140C|F2300C|F2100W|F1800W|F1550C|F560W|F2550WR|FND|F2550W|F1500W|F1000W|F1065C|"
        "F770W|F1280W|"
    ),
    "NIRCAM": ("F070W|F090W|F115W|F140M|F150W|F162M|F164N|F150W2|F182M|F187N|F200W|F210M|F212N|"),
    "NIRISS": "F070W|F115W|F140M|F150W|F158M|F200W|F277W|F356W|F380M|F430M|F444W|F480M|",
}
OFFSET_WANTED = {
    "MIRI": {"meta.instrument.detector": ("MIRIMAGE",)},
    "NIRCAM": {"meta.instrument.channel": ("SHORT", "LONG"), "meta.instrument.module": ("A", "B")},
}
UNITS = ("meta.input_units", "meta.output_units")


class DistortionModel(TransformModel):
    """Distortion reference."""

    schema_url = "distortion.schema"
    reftype = "distortion"
    wanted_parts = ("model", *UNITS)

    def _advice(self):
        yield from super()._advice()
        if self.get("meta.instrument.name") == "NIRCAM":
            for name in ("module", "channel", "p_pupil"):
                if self.get(f"meta.instrument.{name}") is None:
                    yield warning(f"meta.instrument.{name}", None, "is missing, NIRCam needs it")


class DistortionMRSModel(TransformModel):
    """MIRI MRS distortion reference."""

    schema_url = "distortion_mrs.schema"
    reftype = "distortion"
    keywords = (
        "x_model", "y_model", "alpha_model", "beta_model", "bzero", "bdel", "input_units",
        "output_units",
    )  # fmt: skip
    new_meta = MIRI_MRS
    wanted_meta = MIRI_MRS_WANTED
    wanted_parts = ("x_model", "y_model", "alpha_model", "beta_model", "abv2v3_model", *UNITS)

    def populate_meta(self):
        """Set the units, pixel and arcsec, too."""
        super().populate_meta()
        import astropy.units as u

        self.meta.input_units, self.meta.output_units = u.pix, u.arcsec

    def _advice(self):
        yield from super()._advice()
        for name in ("model", "channel_band"):
            part = self.get(f"abv2v3_model.{name}")
            if part is not None and len(part) != 2:
                yield warning(f"abv2v3_model.{name}", None, f"has {len(part)} items, should have 2")


class ChromCorrModel(TransformModel):
    """Chromatic correction of the distortion."""

    schema_url = "chromcorr.schema"
    reftype = "chromcorr"
    new_meta = NIRSPEC_IFU


class FilteroffsetModel(KeywordReferenceModel):
    """Filter offset reference.

    Parameters
    ----------
    init
        As for `DataModel`.
    filters : list of dict, optional
    instrument : {"NIRCAM", "MIRI", "NIRISS"}
        Needed with `filters`.
    **kwargs
        As for `DataModel`.

    Raises
    ------
    ValueError
        When `filters` come without one of these instruments.
    """

    schema_url = "filteroffset.schema"
    has_asdf_extension = True  # FITS has no place for its parts
    reftype = "filteroffset"
    keywords = ("filters",)
    wanted_meta: ClassVar = {"meta.instrument.name": tuple(OFFSET_FILTERS)}

    def __init__(self, init=None, filters=None, instrument=None, **kwargs):
        if filters is not None and instrument not in OFFSET_FILTERS:
            raise ValueError(
                f"FilteroffsetModel: instrument={instrument!r} is not one of "
                f"{', '.join(OFFSET_FILTERS)}; give it with the filters"
            )
        super().__init__(init, filters=filters, **kwargs)
        if filters is not None:
            self.meta.instrument.name = instrument

    def populate_meta(self):
        """Set what follows from the instrument, once that is known."""
        super().populate_meta()
        name = self.meta.instrument.name
        if name in OFFSET_FILTERS:
            self.meta.instrument._store("pfilter", OFFSET_FILTERS[name])  # in no schema
        if name == "MIRI":
            self.meta.instrument.detector = "MIRIMAGE"

    def _wanted_meta(self):
        extra = OFFSET_WANTED.get(self.get("meta.instrument.name"), {})
        return self.wanted_meta | extra


class CameraModel(TransformModel):
    """NIRSpec camera transform reference."""

    schema_url = "camera.schema"
    reftype = "camera"
    new_meta = NIRSPEC_ALL


class CollimatorModel(TransformModel):
    """NIRSpec collimator transform reference."""

    schema_url = "collimator.schema"
    reftype = "collimator"
    new_meta = NIRSPEC_ALL


class OTEModel(TransformModel):
    """NIRSpec telescope transform reference."""

    schema_url = "ote.schema"
    reftype = "ote"
    new_meta = NIRSPEC_ALL


class FOREModel(TransformModel):
    """NIRSpec fore-optics transform reference."""

    schema_url = "fore.schema"
    reftype = "fore"
    new_meta = NIRSPEC_ALL
    wanted_meta: ClassVar = {
        "meta.instrument.name": INSTRUMENTS,
        "meta.instrument.filter": (
            "CLEAR", "F070LP", "F100LP", "F110W", "F140X", "F170LP", "F290LP",
        ),
    }  # fmt: skip


class FPAModel(TransformModel):
    """NIRSpec focal plane reference."""

    schema_url = "fpa.schema"
    reftype = "fpa"
    keywords = ("nrs1_model", "nrs2_model")
    new_meta = NIRSPEC_ALL
    wanted_meta: ClassVar = {}
    wanted_parts = ("nrs1_model", "nrs2_model")


class MSAModel(TransformModel):
    """NIRSpec microshutter array reference.

    Parameters
    ----------
    init
        As for `DataModel`.
    models, data : dict, optional
        Transform and table of each of Q1 .. Q5; both or neither.
    **kwargs
        As for `DataModel`.
    """

    schema_url = "msa.schema"
    reftype = "msa"
    keywords = ()
    new_meta = NIRSPEC_ALL
    wanted_meta: ClassVar = {}
    wanted_parts = ()

    def __init__(self, init=None, models=None, data=None, **kwargs):
        super().__init__(init, **kwargs)
        if models is not None and data is not None:
            for name in ("Q1", "Q2", "Q3", "Q4", "Q5"):
                setattr(self, name, {"model": models[name], "data": data[name]})


class IFUFOREModel(TransformModel):
    """NIRSpec IFU fore-optics transform reference."""

    schema_url = "ifufore.schema"
    reftype = "ifufore"
    new_meta = NIRSPEC_IFU


class IFUPostModel(TransformModel):
    """NIRSpec IFU post-optics transform reference.

    Parameters
    ----------
    init
        As for `DataModel`.
    slice_models : dict of str to transform, optional
        One for each of the 30 slices; each becomes an attribute.
    **kwargs
        As for `DataModel`.

    Raises
    ------
    ValueError
        When there are not 30.
    """

    schema_url = "ifupost.schema"
    reftype = "ifupost"
    keywords = ()
    new_meta = NIRSPEC_IFU
    wanted_meta: ClassVar = {}
    wanted_parts = ()

    def __init__(self, init=None, slice_models=None, **kwargs):
        if slice_models is not None and len(slice_models) != 30:
            raise ValueError(
                f"IFUPostModel: slice_models has {len(slice_models)} entries, the IFU has 30 slices"
            )
        super().__init__(init, **kwargs)
        for name, model in (slice_models or {}).items():
            setattr(self, name, model)


class IFUSlicerModel(TransformModel):
    """NIRSpec IFU slicer transform reference."""

    schema_url = "ifuslicer.schema"
    reftype = "ifuslicer"
    keywords = ("model", "data")
    new_meta = NIRSPEC_IFU
    wanted_meta: ClassVar = {}
    wanted_parts = ()


class DisperserModel(TransformModel):
    """NIRSpec disperser reference."""

    schema_url = "disperser.schema"
    reftype = "disperser"
    keywords = (
        "angle", "gwa_tiltx", "gwa_tilty", "kcoef", "lcoef", "tcoef", "pref", "tref", "theta_x",
        "theta_y", "theta_z", "groovedensity",
    )  # fmt: skip
    new_meta = NIRSPEC_ALL
    wanted_meta: ClassVar = {
        "meta.instrument.grating": (
            "G140H", "G140M", "G235H", "G235M", "G395H", "G395M", "MIRROR", "PRISM",
        )
    }  # fmt: skip
    wanted_parts = ()


class RegionsModel(TransformModel):
    """MIRI MRS slice regions reference."""

    schema_url = "regions.schema"
    reftype = "regions"
    keywords = ("regions",)
    primary_array_name = "regions"
    wanted_parts = ("regions",)

    def _wanted_meta(self):
        if self.get("meta.instrument.name") == "NIRCAM":
            return {"meta.subarray.name": DHS_SUBARRAYS}
        return MIRI_MRS_WANTED


class WaveCorrModel(KeywordReferenceModel):
    """NIRSpec wavelength correction reference."""

    schema_url = "wavecorr.schema"
    reftype = "wavecorr"
    has_asdf_extension = True  # FITS has no place for its parts
    keywords = ("apertures",)
    new_meta: ClassVar = {"meta.instrument.name": "NIRSPEC"}
    wanted_parts = ("apertures",)

    @property
    def aperture_names(self):
        """Names of the apertures, a list."""
        return [aperture.aperture_name for aperture in self.apertures]


class SpecwcsModel(TransformModel):
    """Spectral WCS reference."""

    schema_url = "specwcs.schema"
    reftype = "specwcs"
    wanted_parts = ("model", *UNITS)


class MiriLRSSpecwcsModel(KeywordReferenceModel):
    """MIRI LRS spectral WCS reference."""

    schema_url = "specwcs_miri_lrs.schema"
    reftype = "specwcs"
    keywords = (
        "wavetable", "x_ref", "y_ref", "x_ref_slitless", "y_ref_slitless", "v2_vert1", "v2_vert2",
        "v2_vert3", "v2_vert4", "v3_vert1", "v3_vert2", "v3_vert3", "v3_vert4",
    )  # fmt: skip
    new_meta = MIRI_IMAGER | {"meta.instrument.filter": "P750L"}
    wanted_meta: ClassVar = {
        "meta.instrument.name": ("MIRI",), "meta.instrument.detector": ("MIRIMAGE",),
    }  # fmt: skip


class MiriWFSSSpecwcsModel(TransformModel):
    """MIRI WFSS spectral WCS reference."""

    schema_url = "specwcs_miri_wfss.schema"
    reftype = "specwcs"
    keywords = ("displ", "dispx", "dispy", "invdispl", "orders")
    new_meta = MIRI_IMAGER | {"meta.exposure.type": "MIR_WFSS"}
    wanted_meta: ClassVar = {
        "meta.instrument.name": ("MIRI",), "meta.exposure.type": ("MIR_WFSS",),
    }  # fmt: skip
    wanted_parts = ("displ", "dispx", "dispy", "orders", *UNITS)

    def _advice(self):
        yield from super()._advice()
        for name in ("orders", "displ", "dispx", "dispy"):
            part = self.get(name)
            if part is not None and len(part) != 1:
                yield warning(name, None, f"has {len(part)} items, the prism has one order")


class NIRCAMGrismModel(TransformModel):
    """NIRCam grism spectral WCS reference."""

    schema_url = "specwcs_nircam_grism.schema"
    reftype = "specwcs"
    keywords = (
        "displ", "dispx", "dispy", "invdispl", "invdispx", "invdispy", "orders", "stripes",
    )  # fmt: skip
    new_meta: ClassVar = {"meta.instrument.name": "NIRCAM", "meta.exposure.type": "NRC_WFSS"}
    wanted_meta: ClassVar = {
        "meta.instrument.name": ("NIRCAM",), "meta.exposure.type": ("NRC_WFSS", "NRC_TSGRISM"),
    }  # fmt: skip
    wanted_parts = UNITS


class NIRISSGrismModel(TransformModel):
    """NIRISS grism spectral WCS reference."""

    schema_url = "specwcs_niriss_grism.schema"
    reftype = "specwcs"
    keywords = ("displ", "dispx", "dispy", "invdispl", "orders", "fwcpos_ref")
    new_meta: ClassVar = {
        "meta.instrument.name": "NIRISS", "meta.instrument.detector": "NIS",
        "meta.exposure.type": "NIS_WFSS",
    }  # fmt: skip
    wanted_meta: ClassVar = {path: (value,) for path, value in new_meta.items()}
    wanted_parts = UNITS


class WavelengthrangeModel(TransformModel):
    """Wavelength range reference."""

    schema_url = "wavelengthrange.schema"
    reftype = "wavelengthrange"
    keywords = ("wrange_selector", "wrange", "order", "extract_orders", "wunits")
    renamed: ClassVar = {
        "wrange_selector": "waverange_selector", "wrange": "wavelengthrange",
        "wunits": "wavelength_units",
    }  # fmt: skip
    wanted_meta: ClassVar = {"meta.instrument.name": ("MIRI", "NIRSPEC", "NIRCAM", "NIRISS")}
    wanted_parts = ()

    def get_wfss_wavelength_range(self, filter_name, orders):
        """Return the wavelength range of a filter for each of some orders.

        Parameters
        ----------
        filter_name : str
        orders : list of int

        Returns
        -------
        dict of int to tuple of float
            Order -> lowest and highest wavelength.

        Raises
        ------
        IndexError
            When the filter has no range in an order.
        """
        known = {(row[0], row[1]): (row[2], row[3]) for row in reversed(list(self.wavelengthrange))}
        missing = [order for order in orders if (order, filter_name) not in known]
        if missing:
            raise IndexError(f"there is no wavelength range of {filter_name} in order {missing[0]}")
        return {order: known[order, filter_name] for order in orders}

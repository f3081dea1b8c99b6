"""Classes that do more than their schemas say."""

import io

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.modeling.models import Polynomial2D, Shift
from astropy.table import Table

from jwstlike import datamodels
from jwstlike.datamodels.exceptions import ValidationError
from jwstlike.errors import ValidationWarning

DESCRIBED = {
    "description": "made for a test", "author": "A. Tester", "pedigree": "DUMMY",
    "useafter": "2020-01-01T00:00:00",
}  # fmt: skip


def described(model):
    """Give a reference file what every reference file needs."""
    for name, value in DESCRIBED.items():
        setattr(model.meta, name, value)
    if model.meta.reftype is None:
        model.meta.reftype = "test"
    return model


def advice(model):
    return [str(finding) for finding in model.check()]


# ------------------------------------------------------------ references with transforms


@pytest.mark.parametrize("unit", ["pixel", u.pix])
def test_units_are_texts_or_objects(unit, tmp_path):
    model = datamodels.DistortionModel(
        model=Polynomial2D(1, c0_0=2.0), input_units=unit, output_units=u.arcsec
    )
    again = datamodels.open(model.save(tmp_path / "distortion.asdf"))
    assert type(again.meta.input_units) is type(unit) or again.meta.input_units == unit
    assert again.meta.output_units == u.arcsec
    assert again.model.c0_0 == 2.0
    assert again.meta.reftype == "distortion"


def test_a_unit_where_an_enum_is_wanted_is_refused():
    model = datamodels.ImageModel()
    with pytest.warns(ValidationWarning, match=r"instrument\.name\)?: Unit\(.*is not one of"):
        model.meta.instrument.name = u.pix


NEW = [
    ("CameraModel", {"instrument.name": "NIRSPEC", "exposure.type": "N/A", "reftype": "camera"}),
    ("IFUFOREModel", {"instrument.name": "NIRSPEC", "exposure.type": "NRS_IFU"}),
    ("DistortionMRSModel", {"instrument.name": "MIRI", "exposure.type": "MIR_MRS",
                            "input_units": u.pix, "output_units": u.arcsec}),
    ("NIRCAMGrismModel", {"instrument.name": "NIRCAM", "exposure.type": "NRC_WFSS"}),
    ("NIRISSGrismModel", {"instrument.name": "NIRISS", "instrument.detector": "NIS"}),
    ("MiriLRSSpecwcsModel", {"instrument.name": "MIRI", "instrument.filter": "P750L"}),
    ("MiriWFSSSpecwcsModel", {"instrument.detector": "MIRIMAGE", "exposure.type": "MIR_WFSS"}),
    ("WaveCorrModel", {"instrument.name": "NIRSPEC", "reftype": "wavecorr"}),
    ("EmiModel", {"reftype": "emicorr"}),
    ("SIRSKernelModel", {"reftype": "sirskernel"}),
    ("TsoPhotModel", {"reftype": "tsophot"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), NEW)
def test_a_new_reference_knows_what_all_of_its_kind_say(name, expected):
    model = getattr(datamodels, name)()
    assert {path: model[f"meta.{path}"] for path in expected} == expected


def test_advice_tells_what_a_distortion_lacks():
    model = described(datamodels.DistortionModel())
    model.meta.instrument.name = "NIRCAM"
    found = advice(model)
    assert found == [
        "model: is missing, a distortion reference needs it",
        "meta.input_units: is missing, a distortion reference needs it",
        "meta.output_units: is missing, a distortion reference needs it",
        "meta.instrument.module: is missing, NIRCam needs it",
        "meta.instrument.channel: is missing, NIRCam needs it",
        "meta.instrument.p_pupil: is missing, NIRCam needs it",
    ]
    with pytest.warns(ValidationWarning, match="model: is missing"):
        model.validate()
    model._strict_validation = True
    with pytest.raises(ValidationError, match="model: is missing"):
        model.validate()


def test_advice_does_not_decode_a_transform(tmp_path):
    model = datamodels.DistortionModel(model=Shift(1.0), input_units="pixel", output_units="arcsec")
    described(model).meta.instrument.name = "NIRSPEC"
    again = datamodels.open(model.save(tmp_path / "distortion.asdf"))
    assert again.check() == []
    assert hasattr(again._tree["model"], "_tag")


def test_parts_of_a_reference_may_be_given_by_position():
    model = datamodels.DistortionModel(None, Shift(1.0), "pixel", output_units="arcsec")
    assert model.model.offset == 1
    assert (str(model.meta.input_units), str(model.meta.output_units)) == ("pixel", "arcsec")
    with pytest.raises(TypeError, match="RegionsModel takes init and regions"):
        datamodels.RegionsModel(None, np.zeros((2, 2)), 1)


def test_parts_of_an_msa_reference_are_given_by_quadrant():
    names = ("Q1", "Q2", "Q3", "Q4", "Q5")
    model = datamodels.MSAModel(
        models={n: Shift(i) for i, n in enumerate(names)},
        data={n: np.zeros(2) for n in names},
    )
    assert model.Q3.model.offset == 2
    assert model.Q5.data.tolist() == [0, 0]


def test_an_ifu_has_thirty_slices():
    slices = {f"slice_{n}": Shift(n) for n in range(30)}
    assert datamodels.IFUPostModel(slice_models=slices).slice_7.offset == 7
    del slices["slice_3"]
    with pytest.raises(ValueError, match="has 29 entries, the IFU has 30 slices"):
        datamodels.IFUPostModel(slice_models=slices)


def test_filter_offsets_need_their_instrument():
    filters = [{"filter": "F200W", "pupil": "CLEAR", "column_offset": 1.0, "row_offset": 0.0}]
    model = datamodels.FilteroffsetModel(filters=filters, instrument="NIRCAM")
    assert model.meta.instrument.name == "NIRCAM"
    assert model.filters[0].column_offset == 1.0
    model.populate_meta()
    assert "F200W" in model.meta.instrument.pfilter.split("|")
    with pytest.raises(ValueError, match="instrument='FGS' is not one of MIRI, NIRCAM, NIRISS"):
        datamodels.FilteroffsetModel(filters=filters, instrument="FGS")


def test_wavelength_ranges_are_found_by_filter_and_order(tmp_path):
    model = datamodels.WavelengthrangeModel(
        wrange=[[1, "F322W2", 2.4, 4.1], [2, "F322W2", 2.3, 2.6], [1, "F444W", 3.8, 5.1]],
        wrange_selector=["F322W2", "F444W"],
        order=[1, 2],
        extract_orders=[["F322W2", [1, 2]]],
        wunits="micron",
    )
    again = datamodels.open(model.save(tmp_path / "range.asdf"))
    assert again.get_wfss_wavelength_range("F322W2", [2, 1]) == {2: (2.3, 2.6), 1: (2.4, 4.1)}
    assert list(again.waverange_selector) == ["F322W2", "F444W"]
    assert again.meta.wavelength_units == "micron"
    with pytest.raises(IndexError, match="no wavelength range of F444W in order 2"):
        again.get_wfss_wavelength_range("F444W", [1, 2])


def test_apertures_of_a_wavelength_correction_have_names():
    model = datamodels.WaveCorrModel(apertures=[{"aperture_name": "S200A1"}])
    assert model.aperture_names == ["S200A1"]


@pytest.mark.parametrize(
    ("name", "part", "value"),
    [
        ("WaveCorrModel", "apertures", [{"aperture_name": "S200A1"}]),
        ("FilteroffsetModel", "filters", [{"filter": "F200W", "column_offset": 1.0}]),
        ("EmiModel", "subarray_cases", {"FULL_FASTR1": {"rowclocks": 271}}),
        ("SIRSKernelModel", "kernels", {"gamma": [1.0, 2.0]}),
    ],
)
def test_parts_that_have_no_place_in_fits_go_into_its_asdf_extension(name, part, value, tmp_path):
    model = getattr(datamodels, name)(validate="off")
    setattr(model, part, value)
    again = datamodels.open(model.save(tmp_path / "a.fits"), validate="off")
    assert again[part] == value


@pytest.mark.parametrize("name", ["TsoPhotModel", "WavelengthrangeModel", "FPAModel"])
def test_what_only_asdf_can_hold_is_no_fits_file(name, tmp_path):
    with pytest.raises(NotImplementedError, match=rf"{name}; save it as \.asdf"):
        getattr(datamodels, name)().save(tmp_path / "a.fits")
    with pytest.raises(NotImplementedError, match=r"^FITS cannot hold"):
        getattr(datamodels, name)().to_fits(io.BytesIO())
    assert list(tmp_path.iterdir()) == []


def test_radii_of_time_series_photometry_come_with_the_constructor(tmp_path):
    radii = [{"pupil": "CLEAR", "radius": 3.0, "radius_inner": 5.0, "radius_outer": 9.0}]
    model = datamodels.TsoPhotModel(radii=radii)
    again = datamodels.open(model.save(tmp_path / "tso.asdf"))
    assert again.radii[0].radius_outer == 9.0
    again.meta.instrument.name = "NIRISS"
    assert any("should be one of MIRI, NIRCAM" in text for text in advice(again))


# ------------------------------------------------------------ other references


def test_coefficients_in_time_must_have_the_rows_of_the_photom_table():
    model = described(datamodels.MirImgPhotomModel())
    model.meta.instrument.name = "MIRI"
    assert advice(model) == ["phot_table: is missing, a photom reference needs it"]
    model.phot_table = np.zeros(2, model.get_dtype("phot_table"))
    model.timecoeff_linear = np.zeros(2, model.get_dtype("timecoeff_linear"))
    assert advice(model) == []
    model.timecoeff_linear["filter"][1] = b"F770W"
    assert advice(model) == ["timecoeff_linear: has other rows than phot_table"]
    model.timecoeff_linear = model.timecoeff_linear[:1]
    assert advice(model) == ["timecoeff_linear: has other rows than phot_table"]


def test_a_photom_table_is_not_read_by_saving(tmp_path):
    model = datamodels.MirImgPhotomModel(validate="off")
    model.phot_table = np.zeros(2, model.get_dtype("phot_table"))
    again = datamodels.open(model.save(tmp_path / "a.fits"))
    again.save(tmp_path / "b.fits")
    assert not isinstance(again._tree["phot_table"], np.ndarray)


def test_offsets_to_vega_need_the_columns_of_their_instrument(tmp_path):
    model = described(datamodels.ABVegaOffsetModel())
    model.meta.instrument.name = "NIRCAM"
    assert advice(model) == ["abvega_offset: is missing"]
    model.abvega_offset = Table({"filter": ["F200W"], "abvega_offset": [1.7]})
    assert advice(model) == ["abvega_offset: has no column 'pupil'"]
    model.abvega_offset["pupil"] = ["CLEAR"]
    assert advice(model) == []
    again = datamodels.open(model.save(tmp_path / "offset.asdf"))
    assert list(again.abvega_offset["abvega_offset"]) == [1.7]


def old_psf(path, **cards):
    primary = fits.PrimaryHDU()
    primary.header["DATAMODL"] = "SpecPsfModel"
    primary.header["TELESCOP"] = "JWST"
    for keyword, value in cards.items():
        primary.header[keyword] = value
    psf = fits.ImageHDU(np.ones((3, 4)), name="PSF")
    wave = fits.ImageHDU(np.arange(3.0), name="WAVE")
    fits.HDUList([primary, psf, wave]).writeto(path)
    return path


def test_an_old_psf_is_described_by_its_primary_header(tmp_path):
    path = old_psf(tmp_path / "old.fits", CENTCOL=2.5, SUBPIX=4.0)
    model = datamodels.open(path, validate="off")
    aperture = model.apertures[0]
    assert (aperture.name, aperture.center_col, aperture.subpix) == ("ANY", 2.5, 4.0)
    assert aperture.center_row is None
    assert aperture.wave.tolist() == [0, 1, 2]
    with fits.open(model.save(tmp_path / "new.fits")) as hdulist:
        header = hdulist["PSF"].header
        assert (header["APERTURE"], header["CENTCOL"], header["SUBPIX"]) == ("ANY", 2.5, 4.0)


def test_profiles_of_several_apertures_keep_their_descriptions(tmp_path):
    model = datamodels.SpecPsfModel(validate="off")
    for name in ("S1", "S2"):
        model.apertures.append({"name": name, "data": np.ones((2, 2)), "wave": np.ones(2)})
    again = datamodels.open(model.save(tmp_path / "psf.fits"), validate="off")
    assert [a.name for a in again.apertures] == ["S1", "S2"]
    assert again.apertures[1].data.dtype == np.float64


class Migrating(datamodels.ImageModel):
    """A class of a user that knows an older keyword."""

    def _migrate_hdulist(self, hdulist):
        header = hdulist[0].header
        if "OLDTARG" in header:
            header["TARGPROP"] = header.pop("OLDTARG")
        return hdulist


def test_a_class_of_a_user_may_change_the_hdus_before_they_are_read(tmp_path):
    primary = fits.PrimaryHDU()
    primary.header["OLDTARG"] = "M31"
    path = tmp_path / "old.fits"
    fits.HDUList([primary, fits.ImageHDU(np.ones((2, 3), "f4"), name="SCI")]).writeto(path)
    before = path.read_bytes()
    model = Migrating(path)
    assert model.meta.target.proposer_name == "M31"
    assert model.data.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert path.read_bytes() == before
    with fits.open(model.save(tmp_path / "new.fits")) as hdulist:
        assert hdulist[0].header["TARGPROP"] == "M31"
        assert "OLDTARG" not in hdulist[0].header


# ------------------------------------------------------------ ramps


def test_flags_of_superstripes_have_one_plane_for_each():
    model = datamodels.SuperstripeRampModel()
    model.data = np.zeros((1, 2, 3, 4), "f4")
    assert model.get_default("pixeldq") is None
    model.meta.subarray.num_superstripe = 5
    assert model.get_default("pixeldq").shape == (5, 3, 4)
    assert model.get_default("zeroframe").shape == (1, 3, 4)
    assert datamodels.SuperstripeRampModel((1, 2, 3, 4)).groupdq.shape == (1, 2, 3, 4)


# ------------------------------------------------------------ results


def test_interferometric_observables_get_the_names_of_oifits(tmp_path):
    model = datamodels.AmiOIModel(validate="off")
    model.meta.instrument.name = "NIRISS"
    model.meta.program.pi_name = "A. Tester"
    model.meta.target.catalog_name = "HD 1"
    model.meta.observation.date = "2024-01-02"
    model.meta.oifits.array_name = "JWST_NIRISS"
    model.meta.oifits.derived.array.x = 2.0
    assert model.check() != []
    assert model.meta.oifits.derived.content is None  # checking changes nothing
    for name in ("array", "target", "t3", "vis", "vis2", "q4", "wavelength"):
        setattr(model, name, np.zeros(1, model.get_dtype(name)))
    path = model.save(tmp_path / "oi.fits")
    with fits.open(path) as hdulist:
        assert hdulist[0].header["CONTENT"] == "OIFITS2"
        assert hdulist[0].header["OBSERVER"] == "A. Tester"
        assert hdulist[0].header["OBJECT"] == "HD 1"
        for name in ("OI_T3", "OI_VIS", "OI_VIS2", "OI_Q4"):
            header = hdulist[name].header
            assert header["OI_REVN"] == 2
            assert header["INSNAME"] == "NIRISS"
            assert header["ARRNAME"] == "JWST_NIRISS"
            assert header["DATE-OBS"] == "2024-01-02"
        assert hdulist["OI_T3"].columns["FLAG"].format == "L"
        assert hdulist["OI_ARRAY"].header["FRAME"] == "SKY"
        assert hdulist["OI_ARRAY"].header["ARRAYX"] == 2.0
        assert hdulist["OI_ARRAY"].header["ARRAYY"] == 0.0
        assert hdulist["OI_WAVELENGTH"].header["INSNAME"] == "NIRISS"


def test_a_table_of_an_association_tells_members_and_product(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.fits").touch()
    with pytest.warns(DeprecationWarning, match="AsnModel is deprecated"):
        model = datamodels.AsnModel()
    assert (model.num_inputs, model.inputs, model.output) == (0, [], None)
    model.asn_table = np.array(
        [("a", "science"), ("b", "science"), ("out", "prod_dither")], model.get_dtype("asn_table")
    )
    assert model.input_rootnames == ["a", "b"]
    assert model.num_inputs == 2
    assert model.inputs == ["b.fits"]
    assert (model.output_rootname, model.output) == ("out", None)
    assert set(model.keys()) == {"asn_table", "meta.date", "meta.model_type"}

"""Slits, and the models that hold many of them."""

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.errors import ValidationWarning


@pytest.fixture
def model():
    made = datamodels.MultiSlitModel()
    made.meta.instrument.name = "NIRSPEC"
    made.meta.exposure.type = "NRS_FIXEDSLIT"
    for number, name in enumerate(("S200A1", "S200A2"), 1):
        made.slits.append(
            datamodels.SlitDataModel(
                name=name, xstart=10 * number, data=np.full((3, 4), number, "f4")
            )
        )
        made.slits[-1].meta.wcsinfo.ra_ref = float(number)
    return made


@pytest.mark.parametrize("name", ["SlitModel", "SlitDataModel"])
def test_the_constructor_of_a_slit_sets_every_keyword(name):
    slit = getattr(datamodels, name)(
        data=[[1, 2], [3, 4]], name="S1", source_id=3, validate_arrays=True
    )
    assert (slit.name, slit.source_id) == ("S1", 3)
    assert slit.data.dtype == np.float32
    assert slit.dq.shape == (2, 2)
    other = getattr(datamodels, name)((2, 3), name="S2")
    assert other.data.shape == (2, 3)
    assert other.name == "S2"


def test_the_constructor_of_a_slit_takes_a_slit_and_keywords(model):
    other = datamodels.SlitModel(model[0], name="B")
    assert other.name == "B"
    assert other.data is model[0].data


def test_an_index_gives_a_slit_that_shares_its_arrays(model):
    slit = model[0]
    assert type(slit) is datamodels.SlitModel
    assert (slit.name, slit.xstart) == ("S200A1", 10)
    assert slit.data is model.slits[0].data
    assert slit.meta.instrument.name == "NIRSPEC"
    assert slit.meta.wcsinfo.ra_ref == 1.0
    assert slit.meta.model_type == "SlitModel"
    assert model[-1].name == "S200A2"
    assert model[np.int64(1)].name == "S200A2"


def test_metadata_of_a_slit_are_a_copy(model):
    slit = model[0]
    slit.meta.instrument.name = "MIRI"
    slit.meta.wcsinfo.ra_ref = 9.0
    slit.name = "other"
    assert model.meta.instrument.name == "NIRSPEC"
    assert model.slits[0].meta.wcsinfo.ra_ref == 1.0
    assert model.slits[0].name == "S200A1"


def test_a_slit_of_a_file_shares_the_array_that_is_read_later(model, tmp_path):
    opened = datamodels.open(model.save(tmp_path / "a.fits"))
    slit = opened[1]
    slit.data[0, 0] = -5
    assert opened.slits[1].data[0, 0] == -5
    out = datamodels.open(opened.save(tmp_path / "b.fits"))
    assert out.slits[1].data[0, 0] == -5
    assert slit.copy().data[0, 0] == -5


def test_a_slit_taken_from_a_file_can_be_saved_alone(model, tmp_path):
    opened = datamodels.open(model.save(tmp_path / "a.fits"))
    alone = datamodels.open(opened[1].save(tmp_path / "slit.fits"))
    assert type(alone) is datamodels.SlitModel
    assert alone.name == "S200A2"
    assert (alone.data == 2).all()
    assert alone.meta.exposure.type == "NRS_FIXEDSLIT"
    assert alone.meta.wcsinfo.ra_ref == 2.0


def test_a_slit_has_what_no_schema_knows_of_it(model):
    model.slits[0].meta.mine = {"deep": {"value": 3}}
    assert model[0].meta.mine.deep.value == 3


def test_a_wrong_index_is_an_index_error(model):
    with pytest.raises(IndexError, match="there is no slit 2, this model has 2"):
        model[2]
    with pytest.raises(IndexError, match="there is no slit -3"):
        model[-3]


def test_dotted_paths_are_keys_as_well(model):
    assert model["meta.instrument.name"] == "NIRSPEC"
    assert model["slits.1.name"] == "S200A2"
    model["slits.1.name"] = "B"
    assert model.slits[1].name == "B"
    with pytest.raises(KeyError):
        model["meta.instrument.nothing"]


@pytest.mark.parametrize("key", ["slit", 1.0, None, slice(0, 1)])
def test_any_other_key_is_a_value_error(model, key):
    with pytest.raises(ValueError, match=r"is no (slit|number of a slit)"):
        model[key]


@pytest.mark.parametrize("name", ["ImageModel", "SlitModel"])
@pytest.mark.parametrize("from_file", [False, True])
def test_an_image_or_a_slit_becomes_the_only_slit(name, from_file, tmp_path):
    single = getattr(datamodels, name)((3, 4))
    single.data[:] = 2
    single.dq = single.dq
    single.meta.instrument.name = "NIRSPEC"
    single.meta.bunit_data = "DN/s"
    if name == "SlitModel":
        single.name = "S1"
        single.source_id = 5
    if from_file:
        single = datamodels.open(single.save(tmp_path / "single.fits"))
    many = datamodels.MultiSlitModel(single)
    assert many.meta.model_type == "MultiSlitModel"
    assert many.meta.instrument.name == "NIRSPEC"
    assert len(many.slits) == 1
    assert (many.slits[0].data == 2).all()
    assert many.slits[0].dq.dtype == np.uint32
    if name == "SlitModel":
        assert many.slits[0].source_id == 5
    if not from_file:
        assert many.slits[0].data is single.data
    again = datamodels.open(many.save(tmp_path / "many.fits"))
    assert (again.slits[0].data == 2).all()
    assert again.slits[0].meta.bunit_data == "DN/s"


def test_slits_are_appended_as_models_nodes_and_dicts(model):
    other = datamodels.MultiSlitModel()
    other.slits.append(datamodels.SlitModel(name="model"))
    other.slits.append(model.slits[0])
    other.slits.append({"name": "dict", "data": np.ones((2, 2), "f8")})
    assert [s.name for s in other.slits] == ["model", "S200A1", "dict"]
    assert other.slits[2].data.dtype == np.float32


def test_an_exposure_has_metadata_of_its_own(tmp_path):
    image = datamodels.ImageModel((3, 4))
    image.data[:] = 3
    image.meta.instrument.name = "NIRSPEC"
    image.meta.filename = "first.fits"
    model = datamodels.MultiExposureModel(image)
    model.exposures.append(datamodels.SlitModel((3, 4), name="S2"))
    model.exposures[1].meta.instrument.name = "NIRISS"
    model.exposures[1].meta.filename = "second.fits"
    again = datamodels.open(model.save(tmp_path / "multi.fits"))
    assert type(again) is datamodels.MultiExposureModel
    assert again.meta.instrument.name == "NIRSPEC"
    assert [e.meta.instrument.name for e in again.exposures] == ["NIRSPEC", "NIRISS"]
    assert [e.meta.filename for e in again.exposures] == ["first.fits", "second.fits"]
    assert (again.exposures[0].data == 3).all()
    assert again.exposures[1].name == "S2"


def test_metadata_of_an_exposure_follow_the_core_schema():
    model = datamodels.MultiExposureModel()
    model.exposures.append({"name": "A"})
    with pytest.warns(ValidationWarning, match=r"exposures\.0\.meta\.instrument\.name\)?: 'HST'"):
        model.exposures[0].meta.instrument.name = "HST"
    paths = model.find_fits_keyword("INSTRUME")
    assert paths == ["meta.instrument.name"]
    assert "exposures.items.meta.instrument.name" in dict(model.search_schema("instrument.name"))


SINGLE = [
    ("MultiSpecModel", "SpecModel"), ("MRSMultiSpecModel", "MRSSpecModel"),
    ("TSOMultiSpecModel", "TSOSpecModel"), ("WFSSMultiSpecModel", "WFSSSpecModel"),
    ("MultiCombinedSpecModel", "CombinedSpecModel"),
    ("WFSSMultiCombinedSpecModel", "WFSSCombinedSpecModel"),
]  # fmt: skip


@pytest.mark.parametrize(("many", "single"), SINGLE)
def test_a_spectrum_becomes_the_only_one(many, single, tmp_path):
    spectrum = getattr(datamodels, single)()
    table = np.zeros(3, spectrum.get_dtype("spec_table"))
    column = next(n for n in table.dtype.names if "WAVE" in n)
    table[column] = 2
    spectrum.spec_table = table
    model = getattr(datamodels, many)(spectrum)
    assert len(model.spec) == 1
    assert model.spec[0].spec_table is spectrum.spec_table
    again = datamodels.open(model.save(tmp_path / "spec.fits"))
    assert type(again).__name__ == many
    assert again.spec[0].spec_table[column].tolist() == [2, 2, 2]
    assert again.spec[0].spec_table.dtype.names == table.dtype.names


def test_rows_of_a_time_series_hold_vectors(tmp_path):
    model = datamodels.TSOMultiSpecModel()
    model.spec.append(model.spec.item(spectral_order=1))
    dtype = [
        (name, base, (5,) if name in ("WAVELENGTH", "FLUX") else ())
        for name, base in model.spec[0].get_dtype("spec_table").descr
    ]
    table = np.zeros(4, dtype)
    table["FLUX"] = np.arange(20).reshape(4, 5)
    table["INT_NUM"] = [1, 2, 3, 4]
    model.spec[0].spec_table = table
    again = datamodels.open(model.save(tmp_path / "tso.fits"))
    found = again.spec[0].spec_table
    assert found["FLUX"].tolist() == np.arange(20).reshape(4, 5).tolist()
    assert found["INT_NUM"].tolist() == [1, 2, 3, 4]
    assert again.spec[0].spectral_order == 1


@pytest.mark.parametrize(
    ("many", "single", "name"),
    [
        ("SpecProfileModel", "SpecProfileSingleModel", "profile"),
        ("SpecTraceModel", "SpecTraceSingleModel", "trace"),
        ("WaveMapModel", "WaveMapSingleModel", "map"),
    ],
)
def test_a_soss_reference_of_one_order_becomes_the_first(many, single, name, tmp_path):
    one = getattr(datamodels, single)(validate="off")
    one.meta.instrument.name = "NIRISS"
    one.data = (
        np.ones(4, one.get_dtype("data")) if one._spec.children["data"].is_table
        else np.ones((3, 4), "f4")
    )  # fmt: skip
    model = getattr(datamodels, many)(one, validate="off")
    assert model.meta.instrument.name == "NIRISS"
    assert getattr(model, name)[0].data is one.data
    getattr(model, name).append(one)
    again = datamodels.open(model.save(tmp_path / "soss.fits"), validate="off")
    assert len(getattr(again, name)) == 2
    assert getattr(again, name)[1].data.shape == one.data.shape


def test_a_flat_becomes_the_only_quadrant(tmp_path):
    flat = datamodels.NirspecFlatModel((2, 3, 4), validate="off")
    flat.data[:] = 1.5
    flat.dq[0, 0, 0] = 1
    flat.flat_table = np.ones(2, flat.get_dtype("flat_table"))
    model = datamodels.NirspecQuadFlatModel(flat, validate="off")
    quadrant = model.quadrants[0]
    assert quadrant.data is flat.data
    assert quadrant.dq[0, 0, 0] == 1
    assert quadrant.flat_table["data"].tolist() == [1, 1]
    again = datamodels.open(model.save(tmp_path / "quad.fits"), validate="off")
    assert (again.quadrants[0].data == 1.5).all()
    assert again.quadrants[0].flat_table["data"].tolist() == [1, 1]

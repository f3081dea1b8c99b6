"""The exposures of a source as slits that share arrays and metadata with the whole."""

import pickle

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, MultiExposureModel, SlitModel, SourceModelContainer
from jwstlike.stpipe import Step


@pytest.fixture
def whole():
    model = MultiExposureModel()
    for n in range(3):
        slit = SlitModel(np.full((2, 3), n, "f4"), name=f"S{n}")
        slit.meta.instrument.name = "NIRSPEC"
        slit.meta.filename = f"jw{n}_cal.fits"
        model.exposures.append(slit)
    model.meta.filename = "source.fits"
    return model


@pytest.fixture(params=["made", "opened"])
def either(request, whole, tmp_path):
    return whole if request.param == "made" else datamodels.open(whole.save(tmp_path / "in.fits"))


def test_exposures_are_slits(either):
    container = SourceModelContainer(either)
    assert len(container) == 3
    assert all(type(slit) is SlitModel for slit in container)
    assert [slit.data[0, 0] for slit in container] == [0, 1, 2]
    assert [slit.name for slit in container] == ["S0", "S1", "S2"]
    assert [slit.meta.filename for slit in container] == [
        "jw0_cal.fits",
        "jw1_cal.fits",
        "jw2_cal.fits",
    ]


def test_slits_share_arrays_and_metadata_with_the_whole(either):
    container = SourceModelContainer(either)
    container[1].data[0, 0] = 7
    container[1].meta.target.catalog_name = "M31"
    assert either.exposures[1].data[0, 0] == 7
    assert either.exposures[1].meta.target.catalog_name == "M31"


def test_what_was_replaced_is_written_back(either):
    container = SourceModelContainer(either)
    container[0].data = np.full((4, 4), 5.0)
    container[0].dq[1, 1] = 4
    container[2].name = "new"
    assert container.multiexposure is either
    assert either.exposures[0].data.shape == (4, 4)
    assert either.exposures[0].dq[1, 1] == 4
    assert either.exposures[2].name == "new"


def test_slits_that_were_removed_or_added_are_exposures(either):
    container = SourceModelContainer(either)
    container.pop(0)
    container.append(SlitModel(np.full((5, 5), 9.0)))
    found = container.multiexposure.exposures
    assert [e.data[0, 0] for e in found] == [1, 2, 9]


def test_the_whole_is_one_file(either, tmp_path):
    container = SourceModelContainer(either)
    container[1].data = np.full((2, 2), 8.0)
    path = container.save(tmp_path / "out.fits")
    again = SourceModelContainer(path)
    assert [slit.data[0, 0] for slit in again] == [0, 8, 2]
    assert container.save("out.fits", dir_path=tmp_path) == str(tmp_path / "out.fits")
    calls = container.save(
        "x.fits", save_model_func=lambda model, output_file: (model, output_file)
    )
    assert calls == (either, "x.fits")


def test_a_copy_is_independent(either):
    container = SourceModelContainer(either)
    copy = container.copy()
    copy[0].data[0, 0] = 5
    copy[0].meta.target.catalog_name = "M31"
    assert container[0].data[0, 0] == 0
    assert container[0].meta.target.catalog_name is None
    assert SourceModelContainer(container)[0] is container[0]
    assert [slit.data[0, 1] for slit in pickle.loads(pickle.dumps(container))] == [0, 1, 2]


def test_an_empty_one_and_a_wrong_one():
    assert len(SourceModelContainer()) == 0
    assert SourceModelContainer().multiexposure is None
    with pytest.raises(ValueError, match="nothing to save"):
        SourceModelContainer().save("x.fits")
    with pytest.raises(TypeError, match="made from a MultiExposureModel, not from <ImageModel"):
        SourceModelContainer(ImageModel((2, 2)))


def test_a_step_saves_the_whole(whole, tmp_path, monkeypatch):
    class Half(Step):
        def process(self, container):
            for slit in container:
                slit.data /= 2
            return container

    monkeypatch.chdir(tmp_path)
    Half(save_results=True).run(SourceModelContainer(whole))
    assert [p.name for p in tmp_path.glob("*.fits")] == ["source_half.fits"]
    saved = datamodels.open("source_half.fits")
    assert [e.data[0, 0] for e in saved.exposures] == [0, 0.5, 1]
    assert whole.exposures[2].data[0, 0] == 2

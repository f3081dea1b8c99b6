"""Containers: sequences of models, opened when asked for, few of them in memory."""

import copy
import gc
import json
import pickle
from pathlib import Path

import numpy as np
import psutil
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, ModelContainer
from jwstlike.datamodels.exceptions import FileFormatError

OBSERVATION = {
    "program_number": "00001", "observation_number": "002", "visit_number": "003",
    "visit_group": "02", "sequence_id": "1", "activity_id": "01", "exposure_number": "00001",
}  # fmt: skip


def make(path, value=1.0, shape=(2, 3), exposure=None):
    model = ImageModel(np.full(shape, value, "f4"))
    if exposure:
        for name, text in {**OBSERVATION, "exposure_number": exposure}.items():
            setattr(model.meta.observation, name, text)
    model.meta.instrument.name = "NIRCAM"
    return model.save(path)


@pytest.fixture
def asn(tmp_path):
    members = []
    for n, kind in enumerate(["science", "SCIENCE", "background"]):
        make(tmp_path / f"a{n}.fits", n, exposure=f"0000{n // 2 + 1}")
        members.append({"expname": f"a{n}.fits", "exptype": kind})
    members[0]["tweakreg_catalog"] = "stars.ecsv"
    content = {
        "asn_id": "a3001", "asn_pool": "pool", "products": [{"name": "p", "members": members}]
    }  # fmt: skip
    path = tmp_path / "all_asn.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("kind", [str, Path])
def test_open_makes_a_container_of_an_association(asn, kind):
    container = datamodels.open(kind(asn))
    assert isinstance(container, ModelContainer)
    assert [model.data[0, 0] for model in container] == [0, 1, 2]
    assert container.asn_table["asn_id"] == "a3001"
    assert container.asn_table_name == "all_asn.json"
    assert container.asn_pool_name == "pool"
    assert container.asn_file_path == str(asn)
    assert repr(container) == "<ModelContainer of 3 models from all_asn.json>"


def test_open_makes_a_container_of_an_association_in_memory(asn, monkeypatch):
    monkeypatch.chdir(asn.parent)
    container = datamodels.open(json.loads(asn.read_text()))
    assert [model.meta.filename for model in container] == ["a0.fits", "a1.fits", "a2.fits"]


def test_open_makes_a_container_of_a_list(asn):
    model = ImageModel((5, 5))
    container = datamodels.open([asn.parent / "a2.fits", model])
    assert container[1] is model
    assert container[0].data[0, 0] == 2
    assert len(datamodels.open([])) == 0


def test_what_the_association_says_is_in_the_models(asn):
    first = datamodels.open(asn)[0]
    assert first.meta.asn.exptype == "science"
    assert first.meta.asn.table_name == "all_asn.json"
    assert first.meta.asn.pool_name == "pool"
    assert first.meta.tweakreg_catalog == "stars.ecsv"


def test_kinds_and_numbers_of_members_can_be_chosen(asn):
    assert len(ModelContainer(asn, asn_exptypes="Science")) == 2
    assert len(ModelContainer(asn, asn_exptypes=["background", "science"], asn_n_members=1)) == 1
    assert ModelContainer(asn).ind_asn_type("science") == [0, 1]


def test_kinds_are_told_without_opening_a_file(asn):
    container = ModelContainer(asn)
    for n in range(3):
        (asn.parent / f"a{n}.fits").unlink()
    assert container.ind_asn_type("BACKGROUND") == [2]


def test_a_member_is_opened_when_it_is_asked_for(asn):
    (asn.parent / "a1.fits").unlink()
    container = ModelContainer(asn)
    assert container[0].data.sum() == 0
    with pytest.raises(FileFormatError, match=r"a1\.fits: there is no such file"):
        container[1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no JSON"),
        pytest.param("[" * 100_000, "is no JSON", id="nested"),
        ("{}", "is no association"),
        ('{"products": [1]}', "no association"),
    ],
)
def test_what_is_no_association_is_told(tmp_path, text, told):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=told):
        ModelContainer(path)


def test_an_association_has_no_metadata_of_its_own(asn):
    with pytest.raises(FileFormatError, match="is an association, not a data file"):
        datamodels.read_metadata(asn)


def test_other_things_make_no_container():
    with pytest.raises(TypeError, match="cannot be made from 'int'"):
        ModelContainer(5)
    with pytest.raises(TypeError, match="models and paths of files, not int"):
        ModelContainer([5])


def test_a_container_is_changed_like_a_list():
    a, b, c, d = (ImageModel((1, n)) for n in range(1, 5))
    container = ModelContainer([a])
    container.append(c)
    container.insert(1, b)
    container.extend([d])
    assert list(container) == [a, b, c, d]
    assert container.pop() is d
    assert container.pop(0) is a
    container[0] = d
    assert container[0] is d
    assert [m.shape for m in container[:1]] == [(1, 4)]
    del container[0]
    assert list(container) == [c]


def test_a_container_of_a_container_has_the_same_models():
    first = ModelContainer([ImageModel((1, 1)), ImageModel((2, 2))])
    second = ModelContainer(first)
    second.pop()
    assert second[0] is first[0]
    assert datamodels.open(first)[1] is first[1]
    assert len(first) == 2


@pytest.mark.parametrize("copied", [ModelContainer.copy, copy.copy, copy.deepcopy])
def test_a_copy_is_independent(asn, copied):
    first = ModelContainer(asn)
    first[0].data[:] = 9
    second = copied(first)
    second[0].data[0, 0] = 5
    second[1].data[0, 0] = 5
    assert first[0].data[0, 0] == 9
    assert first[1].data[0, 0] == 1
    assert second[0].data[0, 1] == 9
    assert second.asn_table_name == "all_asn.json"


def test_a_model_is_the_same_object_for_as_long_as_it_is_held(tmp_path):
    paths = [make(tmp_path / f"{n}.fits", n) for n in range(40)]
    container = ModelContainer(paths)
    held = container[3]
    for model in container:
        assert model.data.shape == (2, 3)
    assert container[3] is held


def test_changes_survive_that_a_model_is_put_away(tmp_path):
    container = ModelContainer([make(tmp_path / f"{n}.fits", n) for n in range(40)])
    for n, model in enumerate(container):
        model.data[0, 0] = -n
        model.meta.target.catalog_name = f"T{n}"
        model.history.append(f"event {n}")
        model.dq[1, 1] = n
    assert sum(slot._model is None for slot in container._slots) == 32
    for n, model in enumerate(container):
        assert model.data[0].tolist() == [-n, n, n]
        assert model.meta.target.catalog_name == f"T{n}"
        assert model.history == [f"event {n}"]
        assert model.dq[1, 1] == n
        assert model.dq[0, 0] == 0


@pytest.mark.parametrize("part", ["data", "row", "dq", "node"])
def test_a_held_part_of_a_model_keeps_it_in_memory(tmp_path, part):
    container = ModelContainer([make(tmp_path / f"{n}.fits", n) for n in range(30)])
    parts = {
        "data": lambda m: m.data,
        "row": lambda m: m.data[0],
        "dq": lambda m: m.dq[0],  # a default, not part of the model yet
        "node": lambda m: m.meta.target,
    }
    held = parts[part](container[0])
    for model in container:
        model.data  # noqa: B018
    del model
    if part == "node":
        held.catalog_name = "M31"
        assert container[0].meta.target.catalog_name == "M31"
    else:
        held[...] = 7
        assert (container[0].dq if part == "dq" else container[0].data)[0, 0] == 7


def test_memory_does_not_grow_with_the_number_of_files(tmp_path):
    size = 1 << 18
    path = make(tmp_path / "a.fits", shape=(512, size // 512))
    container = ModelContainer([path] * 200)
    process = psutil.Process()
    next(iter(container)).data.sum()
    gc.collect()
    before = process.memory_info().rss
    for model in container:
        assert model.data.sum() == size
    del model
    assert process.memory_info().rss - before < 100 * size  # 200 would take 800 * size


def test_a_model_that_cannot_be_put_away_stays(tmp_path):
    class Local(ImageModel):  # pickle does not find it
        pass

    container = ModelContainer([Local((n + 1, 1)) for n in range(20)])
    assert [model.shape for model in container] == [(n + 1, 1) for n in range(20)]
    assert all(type(model) is Local for model in container)


def test_temporary_files_go_with_the_container(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    container = ModelContainer([make(tmp_path / f"{n}.fits", n) for n in range(20)])
    for model in container:
        model.data[:] = 0
    assert len(list((tmp_path / "t").glob("*/*"))) == 12
    twin = container.copy()
    del container, model
    assert [m.data.sum() for m in twin] == [0] * 20
    del twin
    gc.collect()
    assert not list((tmp_path / "t").iterdir())


def test_a_container_pickles(asn):
    container = ModelContainer(asn)
    container[0].data[0, 0] = 7
    again = pickle.loads(pickle.dumps(container))
    assert [model.data[0, 0] for model in again] == [7, 1, 2]
    assert again.ind_asn_type("science") == [0, 1]


def test_models_are_grouped_by_exposure(asn):
    container = ModelContainer(asn)
    container.append(ImageModel((1, 1)))
    names = ["jw00001002003_02101_00001", "jw00001002003_02101_00002", "exposure0004"]
    assert container.group_names == names
    groups = container.models_grouped
    assert [[m.data.size for m in group] for group in groups] == [[6, 6], [6], [1]]
    assert groups[0][0] is container[0]
    assert [m.meta.group_id for m in container] == [names[0], *names]


def test_a_group_that_a_model_names_wins(asn):
    content = json.loads(asn.read_text())
    content["products"][0]["members"][2]["group_id"] = "mine"
    asn.write_text(json.dumps(content))
    assert ModelContainer(asn).group_names == ["jw00001002003_02101_00001", "mine"]


def test_the_first_science_member_selects_references(asn):
    container = ModelContainer(asn)
    assert container.crds_observatory == "jwst"
    assert container.get_crds_parameters()["meta.asn.exptype"] == "science"
    with pytest.raises(ValueError, match="empty"):
        ModelContainer().get_crds_parameters()


def test_a_container_saves_each_model(asn, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    container = ModelContainer(asn)
    assert container.save(out / "x_cal.fits") == [str(out / f"x_cal{n}.fits") for n in range(3)]
    assert datamodels.open(out / "x_cal2.fits").data[0, 0] == 2
    assert container[:1].save(str(out / "y.fits")) == [str(out / "y.fits")]
    container = ModelContainer(asn)
    assert container.save(dir_path=out) == [str(out / f"a{n}.fits") for n in range(3)]
    names = container.save(lambda name, index: out / f"{index}_{name}")
    assert names[1] == str(out / "1_a1.fits")
    calls = container.save(save_model_func=lambda model, idx: (model.meta.filename, idx))
    assert calls == [("0_a0.fits", 0), ("1_a1.fits", 1), ("2_a2.fits", 2)]
    with pytest.raises(ValueError, match=r"no meta\.filename"):
        ModelContainer([ImageModel((1, 1))]).save()


def test_closing_leaves_the_models_usable(asn):
    with ModelContainer(asn) as container:
        data = container[0].data
    assert data.sum() == 0
    assert container[1].data.sum() == 6


def test_a_name_without_suffix_is_that_of_fits_files(tmp_path):
    models = [datamodels.ImageModel((2, 2)), datamodels.ImageModel((2, 2))]
    for count, names in ((1, ["a_rate.fits"]), (2, ["a_rate0.fits", "a_rate1.fits"])):
        saved = datamodels.ModelContainer(models[:count]).save(tmp_path / "a_rate")
        assert [Path(name).name for name in saved] == names

"""Libraries lend models; containers and libraries go through steps."""

import json
from pathlib import Path

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, ModelContainer, ModelLibrary
from jwstlike.datamodels.library import BorrowError, ClosedLibraryError
from jwstlike.errors import PreflightError
from jwstlike.stpipe import Pipeline, Step, query_step_status, record_step_status


def make(path, value, exposure=None):
    model = ImageModel(np.full((2, 3), value, "f4"))
    if exposure:
        for name in (
            "program_number observation_number visit_number visit_group sequence_id activity_id"
        ).split():
            setattr(model.meta.observation, name, "1")
        model.meta.observation.exposure_number = exposure
    model.meta.instrument.name = "NIRCAM"
    return model.save(path)


@pytest.fixture
def asn(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    members = []
    for n, kind in enumerate(["background", "science", "SCIENCE"]):
        make(tmp_path / "in" / f"a{n}_rate.fits", n, f"0000{n}" if n else None)
        members.append({"expname": f"a{n}_rate.fits", "exptype": kind})
    path = tmp_path / "in" / "all.json"
    content = {"asn_id": "a3", "asn_pool": "pool", "products": [{"name": "p", "members": members}]}
    path.write_text(json.dumps(content))
    return str(path)


@pytest.mark.parametrize("on_disk", [False, True])
def test_changes_stay_with_the_library_and_off_the_files(asn, on_disk):
    library = ModelLibrary(asn, on_disk=on_disk)
    assert library.on_disk is on_disk
    with library:
        for index, model in enumerate(library):
            model.data[0, 0] = 10 + index
            library.shelve(model, index)
    with library:
        found = list(library.map_function(lambda model, n: model.data[0, 0], modify=False))
    assert found == [10, 11, 12]
    assert datamodels.open(Path(asn).parent / "a1_rate.fits").data[0, 0] == 1


def test_a_library_of_many_models_keeps_few_in_memory(tmp_path):
    library = ModelLibrary([make(tmp_path / f"{n}.fits", n) for n in range(30)])
    with library:
        for index, model in enumerate(library):
            model.data[0, 0] = -index
            library.shelve(model, index)
    del model
    slots = library._models._slots.values()
    assert sum(slot._model is not None for slot in slots) <= 9
    with library:
        assert list(library.map_function(lambda m, n: m.data[0, 0])) == [-n for n in range(30)]


def test_misuse_is_told(asn):
    library = ModelLibrary(asn)
    with pytest.raises(ClosedLibraryError, match="with library"):
        library.borrow(0)
    with pytest.raises(BorrowError, match="borrowed already"), library:
        library.borrow(0)
        library.borrow(0)
    with pytest.raises(BorrowError, match="not shelved"), library:
        library.borrow(1)


def test_what_the_association_says_is_in_models_and_metadata(asn):
    library = ModelLibrary(asn)
    assert library.asn["asn_id"] == "a3"
    assert library.asn_dir == str(Path(asn).parent)
    assert library.exptypes == ["background", "science", "SCIENCE"]
    assert library.indices_for_exptype("science") == [1, 2]
    assert library.read_metadata(1)["meta.asn.exptype"] == "science"
    assert library.read_metadata(1, flatten=False)["meta"]["asn"]["table_name"] == "all.json"
    with library:
        model = library.borrow(2)
        assert model.meta.asn.pool_name == "pool"
        library.shelve(model)


def test_groups_are_exposures(asn):
    library = ModelLibrary(asn)
    assert library.group_indices == {
        "exposure0001": [0], "jw111_111_00001": [1], "jw111_111_00002": [2]
    }  # fmt: skip
    assert library.group_names == {"exposure0001", "jw111_111_00001", "jw111_111_00002"}


def test_the_first_science_member_selects_references(asn):
    found = ModelLibrary(asn).get_crds_parameters()
    assert found["meta.filename"] == "a1_rate.fits"
    assert ModelLibrary(asn).crds_observatory == "jwst"


def test_a_library_may_be_entered_again_while_it_is_open(asn):
    library = ModelLibrary(asn)
    with library:
        record_step_status(library, "jump", success=False)
        model = library.borrow(0)
        library.shelve(model)
    assert query_step_status(library, "jump") == "SKIPPED"


# ---------------------------------------------------------------- through steps


class AddOne(Step):
    class_alias = "jump"

    def process(self, models):
        for model in models:
            model.data += 1
        return models


class Lend(Step):
    class_alias = "jump"

    def process(self, init):
        library = init if isinstance(init, ModelLibrary) else ModelLibrary(init)
        with library:
            for index, model in enumerate(library):
                model.data += 1
                library.shelve(model, index)
        return library


class Both(Pipeline):
    step_defs = {"first": AddOne, "second": AddOne}  # noqa: RUF012 - as users write it

    def process(self, init):
        return self.second(self.first(ModelContainer(init)))


def check_products(paths):
    assert len(paths) == 3
    for n, path in enumerate(paths):
        model = datamodels.open(path)
        assert model.data[0, 0] == n + 1
        assert model.meta.cal_step.jump == "COMPLETE"
        assert model.meta.calibration_software_version
        assert any("Lend" in str(e) or "AddOne" in str(e) for e in model.history)


def test_a_step_finishes_and_saves_every_model_of_a_container(asn):
    container = ModelContainer(asn)
    step = AddOne(name="jump", save_results=True)
    result = step.run(container)
    assert isinstance(result, ModelContainer)
    assert [model.meta.cal_step.jump for model in result] == ["COMPLETE"] * 3
    paths = [f"all_{n}_jump.fits" for n in range(3)]
    assert sorted(str(p) for p in Path().glob("*.fits")) == paths
    check_products(paths)
    assert [row["path"] for row in step.run_record["outputs"]] == paths


def test_the_models_of_the_caller_are_not_changed(asn):
    container = ModelContainer(asn)
    held = container[1]
    result = AddOne().run(container)
    assert result is not container
    assert held.data[0, 0] == 1
    assert held.meta.cal_step.jump is None
    assert result[1].data[0, 0] == 2


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_step_finishes_and_saves_every_model_of_a_library(asn, on_disk):
    library = ModelLibrary(asn, on_disk=on_disk)
    result = Lend(name="jump", save_results=True).run(library)
    assert result is library
    assert query_step_status(result, "jump") == "COMPLETE"
    check_products(sorted(str(p) for p in Path().glob("*.fits")))


def test_a_path_of_an_association_names_the_products(asn):
    Lend(name="jump", save_results=True).run(asn)
    assert sorted(str(p) for p in Path().glob("*.fits")) == [f"all_{n}_jump.fits" for n in range(3)]


def test_a_pipeline_hands_containers_on(asn):
    result = Both().run(asn)
    assert [model.data[0, 0] for model in result] == [2, 3, 4]


def test_a_skipped_step_says_so_in_every_member(asn):
    class Outer(Pipeline):
        step_defs = {"inner": AddOne}  # noqa: RUF012 - as users write it

        def process(self, init):
            return self.inner(ModelContainer(init))

    result = Outer(steps={"inner": {"skip": True}}).run(asn)
    assert [query_step_status(model, "jump") for model in result] == ["SKIPPED"] * 3
    assert [model.data[0, 0] for model in result] == [0, 1, 2]


def test_a_missing_member_is_found_before_the_run(asn):
    class Wants(AddOne):
        input_types = ("ModelContainer",)

    Path(asn).with_name("a1_rate.fits").unlink()
    with pytest.raises(PreflightError, match=r"a1_rate\.fits: no such file, a member of"):
        Wants().run(asn)

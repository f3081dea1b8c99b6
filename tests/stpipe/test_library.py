"""Libraries lend models; misuse is told."""

import json
from pathlib import Path

import fakemodels
import pytest

from jwstlike.errors import JwstlikeWarning
from jwstlike.stpipe import query_step_status, record_step_status
from jwstlike.stpipe.library import (
    AbstractModelLibrary,
    BorrowError,
    ClosedLibraryError,
    NoGroupID,
)

pytestmark = pytest.mark.usefixtures("own_folder")


class Library(AbstractModelLibrary):
    crds_observatory = "jwst"

    def _datamodels_open(self, filename, **kwargs):
        return fakemodels.open(filename)

    def _load_asn(self, path):
        return json.loads(Path(path).read_text())

    def _filename_to_group_id(self, filename):
        name = Path(filename).name
        if "_" not in name:
            raise NoGroupID
        return name.partition("_")[0]

    def _model_to_group_id(self, model):
        return self._filename_to_group_id(model.meta.filename)


@pytest.fixture
def asn(make_input):
    members = []
    for name, kind in (("a_1.json", "science"), ("a_2.json", "SCIENCE"), ("b.json", "bkg")):
        make_input(name)
        members.append({"expname": name, "exptype": kind})
    Path("asn.json").write_text(json.dumps({"products": [{"name": "p", "members": members}]}))
    return "asn.json"


@pytest.mark.parametrize("on_disk", [False, True])
def test_models_are_borrowed_changed_and_shelved(asn, on_disk):
    library = Library(asn, on_disk=on_disk)
    with library:
        for index, model in enumerate(library):
            model.data = [index]
            library.shelve(model, index)
    with library:
        assert list(library.map_function(lambda model, n: (n, model.data))) == [
            (0, [0]),
            (1, [1]),
            (2, [2]),
        ]
    assert json.loads(Path("a_2.json").read_text())["data"] == [1, 2, 3]


def test_misuse_is_told(asn):
    library = Library(asn)
    with pytest.raises(ClosedLibraryError, match="with library"):
        library.borrow(0)
    with library:
        model = library.borrow(0)
        with pytest.raises(BorrowError, match="borrowed already"):
            library.borrow(0)
        with pytest.raises(BorrowError, match="was not borrowed"):
            library.shelve(fakemodels.FakeModel())
        with pytest.raises(BorrowError, match="was not borrowed"):
            library.shelve(model, 1)
        with pytest.raises(IndexError, match="3 models"):
            library.borrow(3)
        library.shelve(model)
    with pytest.raises(BorrowError, match=r"models \[1\] were borrowed"), library:
        library.borrow(1)


def test_groups_kinds_and_selection(asn):
    library = Library(asn)
    assert library.group_indices == {"a": [0, 1], "exposure0003": [2]}
    assert library.group_names == {"a", "exposure0003"}
    assert library.indices_for_exptype("Science") == [0, 1]
    assert len(Library(asn, asn_exptypes="SCIENCE")) == 2
    assert len(Library(asn, asn_n_members=1)) == 1
    with pytest.raises(TypeError):
        library.asn["products"] = 1


def test_the_first_science_member_selects_the_references(asn):
    assert Library(asn).get_crds_parameters() == {"meta.instrument.name": "NIRCAM"}
    with pytest.warns(JwstlikeWarning, match="no science member"):
        Library(asn, asn_exptypes="bkg").get_crds_parameters()


def test_a_list_of_models(asn):
    models = [fakemodels.open("a_1.json"), "b.json"]
    library = Library(models)
    with library:
        assert library.borrow(0) is models[0]
        assert library.borrow(1).data == [1, 2, 3]
        library.shelve(models[0])
        library.shelve(library._lent[1], 1)
    with pytest.raises(ValueError, match="on_disk"):
        Library(models, on_disk=True)
    with pytest.raises(ValueError, match="made of a library"):
        Library(library)


def test_a_status_is_recorded_in_every_member(asn):
    library = Library(asn)
    record_step_status(library, "jump", success=False)
    with library:
        found = list(library.map_function(lambda model, n: query_step_status(model, "jump")))
    assert found == ["SKIPPED", "SKIPPED", "SKIPPED"]

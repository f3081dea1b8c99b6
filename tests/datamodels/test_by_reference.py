"""What was read but not changed is saved and pickled as it stood in the source."""

import pickle

import asdf
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, MaskModel

pytestmark = pytest.mark.filterwarnings("ignore::jwstlike.errors.NoTypeWarning")

TREE = {
    "packed": np.arange(1000),
    "swapped": np.arange(5, dtype=">i2"),
    "list": [np.arange(3.0), {"deep": np.zeros((2, 2))}],
}


@pytest.fixture
def path(tmp_path):
    """Write packed blocks of both byte orders, and a table whose texts are read as objects."""
    table = Table({"name": ["a", "b"], "value": [1.0, 2.0]})
    asdf.AsdfFile({**TREE, "table": table}).write_to(
        tmp_path / "a.asdf", all_array_compression="zlib"
    )
    return tmp_path / "a.asdf"


def content(model, path):
    """Bytes of a saved model, without its own name and time."""
    model.save(path)
    text = path.read_bytes()
    for value in (model.meta.date, model.meta.filename):
        text = text.replace(value.encode(), b"")
    return text


def look(model):
    """Ask for everything."""
    values = [model.packed, model.swapped, model["list"][0], model["list"][1].deep, model.table]
    assert all(len(value) for value in values)
    return model


@pytest.mark.parametrize(
    "made",
    [look, lambda m: look(m).copy(), lambda m: pickle.loads(pickle.dumps(look(m)))],
    ids=["looked at", "copied", "pickled"],
)
def test_blocks_and_tagged_nodes_that_were_looked_at_are_saved_as_they_stood(path, tmp_path, made):
    untouched = content(datamodels.open(path), tmp_path / "b.asdf")
    assert content(made(datamodels.open(path)), tmp_path / "c.asdf") == untouched
    with asdf.open(tmp_path / "c.asdf") as file:
        assert list(file["table"]["name"]) == ["a", "b"]


def test_what_was_changed_after_it_was_looked_at_is_saved_changed(path, tmp_path):
    model = look(datamodels.open(path))
    model.packed[3] = 77
    model["list"][1].deep[0, 0] = 5
    model.table = Table({"name": ["c"], "value": [3.0]})
    model.save(tmp_path / "b.asdf")
    with asdf.open(tmp_path / "b.asdf") as file:
        assert file["packed"][:5].tolist() == [0, 1, 2, 77, 4]
        assert file["list"][1]["deep"].tolist() == [[5, 0], [0, 0]]
        assert list(file["table"]["name"]) == ["c"]
        assert file["swapped"].tolist() == [0, 1, 2, 3, 4]


def test_an_object_that_was_changed_in_place_is_saved_changed(path, tmp_path):
    model = datamodels.open(path)
    model.table.replace_column("name", ["c", "d"])
    model.table["value"][1] = 9
    model.save(tmp_path / "b.asdf")
    again = datamodels.open(tmp_path / "b.asdf")
    assert list(again.table["name"]) == ["c", "d"]
    assert list(again.table["value"]) == [1, 9]


def test_an_array_that_took_the_place_of_another_is_saved(path, tmp_path):
    model = look(datamodels.open(path))
    model.packed = np.arange(1000) * 2
    model.save(tmp_path / "b.asdf")
    assert datamodels.open(tmp_path / "b.asdf").packed[7] == 14


def test_a_model_can_be_saved_onto_its_own_file_after_all_was_looked_at(path):
    model = look(datamodels.open(path))
    for value in (5, 6):
        model.packed[0] = value
        model.save(path)
        again = look(datamodels.open(path))
        assert again.packed[:2].tolist() == [value, 1]
        assert again["list"][0].tolist() == [0, 1, 2]
        assert list(again.table["name"]) == ["a", "b"]


def test_the_asdf_extension_is_copied_byte_for_byte_after_its_objects_were_looked_at(tmp_path):
    model = ImageModel((2, 2))
    model.meta.table = Table({"value": [1.0, 2.0]})
    model.meta.array = np.arange(100.0)
    first = model.save(tmp_path / "a.fits")
    model = datamodels.open(first)
    assert len(model.meta.table) == 2
    assert model.meta.array.sum() == 4950
    second = model.save(tmp_path / "a.fits", tmp_path)
    assert fits.getdata(second, "ASDF").tobytes() == fits.getdata(first, "ASDF").tobytes()


def test_objects_and_arrays_that_were_looked_at_are_pickled_as_references(tmp_path):
    asdf.AsdfFile({"big": np.zeros(10**6), "table": Table({"v": np.arange(10**5)})}).write_to(
        tmp_path / "a.asdf"
    )
    model = datamodels.open(tmp_path / "a.asdf")
    assert model.big.sum() == 0
    assert model.table["v"][-1] == 99_999
    text = pickle.dumps(model)
    assert len(text) < 20_000
    assert pickle.loads(text).table["v"][-1] == 99_999
    model.table["v"][0] = 1
    assert pickle.loads(pickle.dumps(model)).table["v"][0] == 1


def test_flags_are_stored_in_asdf_as_the_table_of_the_file_defines_them(tmp_path):
    model = MaskModel((256, 256))  # large enough to be shared by copies
    names = [(0, 1, "DEAD", ""), (1, 2, "DO_NOT_USE", "")]
    model.dq_def = np.array(names, model.get_dtype("dq_def"))
    model.dq[:] = 1  # DO_NOT_USE, stored as 2
    for name in ("a.asdf", "b.asdf"):
        path = model.save(tmp_path / name)
        assert model.dq[0, 0] == 1
        with asdf.open(path) as file:
            assert file["dq"][0, 0] == 2
        model = MaskModel(path)
        assert model.dq[0, 0] == 1
    assert MaskModel(model.copy().save(tmp_path / "d.asdf")).dq[0, 0] == 1
    model.dq[0, 0] = 1024
    assert MaskModel(model.save(tmp_path / "c.asdf")).dq[0, :2].tolist() == [1024, 1]

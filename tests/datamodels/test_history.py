"""History entries."""

import datetime

import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel
from jwstlike.datamodels.history import HistoryEntry, HistoryList, create_history_entry


def test_texts_become_entries_with_their_time():
    model = ImageModel()
    model.history.append("one")
    model.history.extend(["two", {"description": "three"}])
    model.history += ["four"]
    model.history.insert(0, "zero")
    assert model.history == ["zero", "one", "two", "three", "four"]
    assert all(isinstance(entry, HistoryEntry) for entry in model.history)
    assert isinstance(model.history[1]["time"], datetime.datetime)
    assert (len(model.history), str(model.history[-1])) == (5, "four")


def test_the_setter_replaces_all():
    model = ImageModel()
    model.history = ["one"]
    model.history = "another"
    assert model.history == "another"
    model.history.clear()
    assert model.history == []


def test_software_is_kept(tmp_path):
    model = ImageModel((2, 2))
    model.add_history_entry("made", software={"name": "mine", "version": "1.0"})
    again = datamodels.open(model.save(tmp_path / "a.asdf"))
    assert again.history[0]["software"] == {"name": "mine", "version": "1.0"}


def test_times_survive_in_fits(tmp_path):
    model = ImageModel((2, 2))
    model.history.append(create_history_entry("made"))
    again = datamodels.open(model.save(tmp_path / "a.fits"))
    assert again.history[0]["time"] == model.history[0]["time"]


@pytest.mark.parametrize(
    "change",
    [
        lambda h: h.append("x"), lambda h: h.pop(), lambda h: h.clear(), lambda h: h.reverse(),
        lambda h: h.__setitem__(0, "x"), lambda h: h[0].update(description="x"),
    ],
)  # fmt: skip
def test_any_change_is_noticed(change):
    history = HistoryList(["a", "b"])
    assert not history.changed
    change(history)
    assert history.changed


def test_what_was_removed_is_not_written(tmp_path):
    model = ImageModel((2, 2))
    model.history = ["one", "two", "three"]
    model = datamodels.open(model.save(tmp_path / "a.fits"))
    del model.history[1]
    assert datamodels.open(model.save(tmp_path / "b.fits")).history == ["one", "three"]


def test_a_shallow_copy_has_the_same_history():
    model = ImageModel()
    other = datamodels.open(model)
    other.history.append("seen by both")
    assert model.history == ["seen by both"]
    assert model.copy().history == ["seen by both"]

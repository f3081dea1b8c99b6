"""Lifetime, copies and safety of files; the number of the case is in the docstring."""

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, Level1bModel, RampModel
from jwstlike.datamodels.exceptions import FileFormatError
from jwstlike.stpipe import Step


@pytest.fixture
def path(tmp_path):
    model = ImageModel(np.arange(12, dtype="f4").reshape(3, 4))
    model.meta.instrument.name = "NIRCAM"
    return model.save(tmp_path / "a.fits")


def open_files():
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the fastest look


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="open files are counted in /proc"
)


def test_thousands_of_files_can_be_opened_with_few_descriptors(path):
    """Case 59."""
    code = (
        "import resource, sys\n"
        "from jwstlike import datamodels\n"
        "datamodels.open(sys.argv[1]).data\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "for _ in range(2000):\n"
        "    with datamodels.open(sys.argv[1]) as model:\n"
        "        assert model.data.sum() == 66\n"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True)


@needs_proc
def test_open_models_hold_no_file(path):
    """Case 60."""
    before = open_files()
    models = [datamodels.open(path) for _ in range(200)]
    assert all(model.data.shape == (3, 4) for model in models)
    assert open_files() == before


def test_an_array_outlives_its_model_and_one_that_was_not_read_gives_a_clear_error(path):
    """Case 61."""
    with datamodels.open(path) as model:
        data = model.data
    with datamodels.open(path) as untouched:
        pass
    del model
    Path(path).unlink()
    assert data.sum() == 66
    with pytest.raises(FileFormatError, match=r"a\.fits: .*file is gone|a\.fits: cannot be read"):
        untouched.data  # noqa: B018


def test_a_changed_file_gives_an_error_not_wrong_numbers(path):
    model = datamodels.open(path)
    content = Path(path).read_bytes()
    Path(path).write_bytes(content + bytes(2880))
    with pytest.raises(FileFormatError, match="was changed after it was opened"):
        model.data  # noqa: B018


def test_opening_a_model_leaves_it_open(path):
    """Case 62."""
    first = datamodels.open(path)
    with datamodels.open(first) as second:
        second.meta.target.catalog_name = "M31"
    assert second is not first
    assert first.meta.target.catalog_name == "M31"  # the content is the same
    assert first.data.sum() == 66


def test_a_raw_ramp_becomes_a_ramp_as_if_read_from_disk(tmp_path):
    """Case 63."""
    raw = Level1bModel(np.full((1, 2, 3, 4), 7, "u2"))
    raw.meta.instrument.name = "MIRI"
    for source in (raw, datamodels.open(raw.save(tmp_path / "raw.fits"))):
        ramp = RampModel(source)
        assert ramp.meta.model_type == "RampModel"
        assert source.meta.model_type == "Level1bModel"
        assert (ramp.data.dtype, ramp.data.shape) == (np.float32, (1, 2, 3, 4))
        assert source.data.dtype == np.uint16
        assert ramp.meta.instrument.name == "MIRI"
        assert ramp.pixeldq.shape == (3, 4)


@pytest.mark.parametrize("touched", [False, True])
def test_an_opened_model_passes_pickle_and_a_spawned_worker(path, touched):
    """Case 64."""
    model = datamodels.open(path)
    if touched:
        model.data[0, 0] = 5
        model.meta.target.catalog_name = "M31"
        del model.meta.instrument.name
    again = pickle.loads(pickle.dumps(model))
    assert type(again) is ImageModel
    assert again == model
    again.meta.instrument.detector = "NRCA1"
    assert model.meta.instrument.detector is None
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(_work, (model,))
    assert found == ((None, 71.0) if touched else ("NIRCAM", 66.0))


def _work(model):
    return model.meta.instrument.name, float(model.data.sum())


def test_a_pickled_model_saves_what_was_not_touched_byte_for_byte(path, tmp_path):
    model = datamodels.open(path)
    model.data  # noqa: B018
    model.history.append("an event")
    again = pickle.loads(pickle.dumps(model))
    saved = datamodels.open(again.save(tmp_path / "b.fits"))
    assert saved.history == ["an event"]
    assert saved.data.sum() == 66


@pytest.mark.parametrize("copied", [lambda m: m.copy(), copy.deepcopy])
def test_a_copy_is_equal_and_independent(path, copied):
    """Case 65."""
    model = datamodels.open(path)
    assert model.meta.instrument.name == "NIRCAM"
    model.dq[0, 0] = 1
    other = copied(model)
    assert other == model
    other.meta.instrument.name = "MIRI"
    other.data[0, 0] = 99
    other.dq[0, 0] = 2
    assert (model.meta.instrument.name, model.data[0, 0], model.dq[0, 0]) == ("NIRCAM", 0, 1)
    assert other != model


def test_what_the_asdf_extension_holds_is_not_shared_by_copies(tmp_path):
    model = ImageModel((2, 2))
    model.meta.notes = {"list": [1, 2], "array": np.zeros(3)}
    model = datamodels.open(model.save(tmp_path / "a.fits"))
    other = model.copy()
    other.meta.notes.list.append(3)
    other.meta.notes.array[0] = 1
    assert list(model.meta.notes.list) == [1, 2]
    assert model.meta.notes.array[0] == 0


def test_an_error_during_a_save_leaves_the_old_file(path, tmp_path, monkeypatch):
    """Case 66."""
    before = Path(path).read_bytes()
    model = datamodels.open(path)
    model.err = np.ones((3, 4))
    monkeypatch.setattr(
        "jwstlike.datamodels.fits_write.OutHdu.blocks", lambda self: iter([b"x", 1 / 0])
    )
    with pytest.raises(ZeroDivisionError):
        model.save(path)
    assert Path(path).read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.fits"]


def test_a_model_can_be_saved_onto_its_own_file(tmp_path):
    """Case 67: lazy arrays are read from the old file while the new one is written."""
    model = ImageModel(np.arange(10000, dtype="f4").reshape(100, 100))
    model.err = np.ones((100, 100))
    path = model.save(tmp_path / "a.fits")
    model = datamodels.open(path)
    model.meta.target.catalog_name = "M31"
    model.save(path)
    again = datamodels.open(path)
    assert again.meta.target.catalog_name == "M31"
    np.testing.assert_array_equal(again.data, np.arange(10000.0).reshape(100, 100))
    assert again.err.sum() == 10000


@pytest.mark.parametrize("suffix", ["fits", "asdf"])
def test_a_model_saved_onto_its_own_file_can_still_be_read(tmp_path, suffix):
    model = ImageModel(np.ones((4, 4)))
    model.meta.notes = {"array": np.ones(3)}
    path = model.save(tmp_path / f"a.{suffix}")
    model = datamodels.open(path)
    model.meta.target.catalog_name = "M31"
    model.save(path)
    assert model.data.sum() == 16
    assert model.meta.notes.array.sum() == 3
    model.save(path)
    assert datamodels.open(path) == model


def test_looking_changes_nothing(path, tmp_path, capsys):
    """Case 68."""
    size = Path(datamodels.open(path).save(tmp_path / "b.fits")).stat().st_size
    model = datamodels.open(path)
    assert hasattr(model, "dq")
    assert model.dq.shape == (3, 4)
    model.info()
    model.search("name")
    model.check()
    model.meta.wcsinfo.crpix1  # noqa: B018
    assert "dq" not in model
    assert not model.hasattr("dq")
    assert "wcsinfo" not in [key.split(".")[1] for key in model.keys() if "." in key]
    assert Path(model.save(tmp_path / "c.fits")).stat().st_size == size
    assert "instrument" in capsys.readouterr().out


LOOK = """
import contextlib, io, resource, sys
from jwstlike import datamodels

def look(path):
    model = datamodels.open(path)
    with contextlib.redirect_stdout(io.StringIO()):
        hasattr(model, "dq"), model.dq, model.info(), model.search("name"), repr(model)
        dir(model), model.keys(), model.check(), "dq" in model
    return model

look(sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
kept = look(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_looking_takes_no_memory(tmp_path):
    large = ImageModel(np.ones((2000, 2000), "f4")).save(tmp_path / "large.fits")  # 16 MB
    small = ImageModel((2, 2)).save(tmp_path / "small.fits")
    command = [sys.executable, "-c", LOOK, large, small]
    taken = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert int(taken) < 2000  # kilobytes


def test_a_default_array_that_was_changed_is_saved(path, tmp_path):
    model = datamodels.open(path)
    model.dq[1, 1] |= 4
    with afits.open(model.save(tmp_path / "b.fits")) as hdus:
        assert hdus["DQ"].data[1, 1] == 4


class AddStep(Step):
    """Add one to all pixels, in place."""

    def process(self, model):
        model.data += 1
        model.meta.target.catalog_name = "changed"
        return model


def test_neither_a_step_nor_a_model_changes_what_the_caller_has():
    """Case 69."""
    data = np.arange(4, dtype="f4").reshape(2, 2)
    model = ImageModel(data)
    assert AddStep().run(model).data.tolist() == [[1, 2], [3, 4]]
    assert model.data.tolist() == [[0, 1], [2, 3]]
    assert model.meta.target.catalog_name is None
    assert data.tolist() == [[0, 1], [2, 3]]
    swapped = data.astype(">f4")
    ImageModel(swapped).data += 1
    assert swapped.tolist() == [[0, 1], [2, 3]]
    assert swapped.dtype == np.dtype(">f4")


def test_models_with_other_arrays_are_not_equal():
    """Case 70."""
    one, two = ImageModel(np.zeros((2, 2))), ImageModel(np.zeros((3, 3)))
    assert (one == two) is False
    assert one != "a text"
    assert one == one.copy()


def test_a_full_disk_leaves_the_old_file(path, tmp_path):
    # a limit on the size of files stands for the disk
    code = (
        "import resource, sys, signal\n"
        "import numpy as np\n"
        "from jwstlike.datamodels import ImageModel\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))\n"
        "try:\n"
        "    ImageModel(np.ones((500, 500))).save(sys.argv[1])\n"
        "except OSError as error:\n"
        "    print(error)\n"
        "    sys.exit(3)\n"
    )
    before = Path(path).read_bytes()
    done = subprocess.run([sys.executable, "-c", code, path], check=False, capture_output=True)
    assert done.returncode == 3, done.stderr
    assert Path(path).read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.fits"]


def test_opening_takes_little_memory(tmp_path):
    path = tmp_path / "a.fits"
    ImageModel(np.ones((2000, 2000), "f4")).save(path)
    code = (
        "import resource, sys\n"
        "from jwstlike import datamodels\n"
        "datamodels.open(sys.argv[2]).meta.instrument.name\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "assert datamodels.open(sys.argv[1]).meta.instrument.name is None\n"
        "assert peak() - before < 2000, peak() - before\n"
    )
    small = ImageModel((2, 2)).save(tmp_path / "small.fits")
    subprocess.run([sys.executable, "-c", code, str(path), small], check=True)

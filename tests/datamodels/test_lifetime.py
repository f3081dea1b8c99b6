"""Many models, many processes, and files that change under a model."""

import io
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asdf
import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import DataModel, ImageModel
from jwstlike.errors import FileFormatError

KINDS = ["fits", "asdf", "fits.gz", "asdf.bz2"]


def make(path, shape=(30, 40)):
    model = ImageModel(np.arange(np.prod(shape), dtype="f4").reshape(shape))
    model.meta.instrument.name = "NIRCAM"
    model.meta.notes = {"array": np.arange(3.0)}  # in the ASDF extension
    return model.save(path)


# ---------------------------------------------------------------- open files


@pytest.mark.parametrize("kind", KINDS[:2])
def test_two_thousand_models_are_opened_with_64_descriptors(tmp_path, kind):
    code = (
        "import resource, sys\n"
        "from jwstlike import datamodels\n"
        "datamodels.open(sys.argv[1]).meta.notes.array\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "kept = []\n"
        "for _ in range(2000):\n"
        "    model = datamodels.open(sys.argv[1])\n"
        "    assert model.meta.instrument.name == 'NIRCAM'\n"
        "    kept.append(model)\n"
        "assert all(m.data[0, 1] == 1 and m.meta.notes.array[1] == 1 for m in kept[::20])\n"
    )
    path = make(tmp_path / f"a.{kind}", (3, 4))
    subprocess.run([sys.executable, "-c", code, path], check=True)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
@pytest.mark.parametrize("kind", KINDS)
def test_two_hundred_open_models_hold_no_file(tmp_path, kind):
    path = make(tmp_path / f"a.{kind}")
    before = len(list(Path("/proc/self/fd").iterdir()))
    models = [datamodels.open(path) for _ in range(200)]
    assert all(model.data.shape == (30, 40) for model in models)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# ---------------------------------------------------------------- other processes


def work(model):
    model.data[0, 0] += 1
    return model


@pytest.mark.parametrize("kind", ["fits", "asdf.bz2"])
def test_models_go_to_spawned_workers_and_come_back(tmp_path, kind):
    paths = [make(tmp_path / f"{n}.{kind}") for n in range(3)]
    models = [datamodels.open(path) for path in paths]
    models[1].data[0, 0] = 10  # changed: goes with the model
    models[2].data  # noqa: B018 - read: stays in its file
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        results = pool.map(work, models)
    assert [model.data[0, 0] for model in results] == [1, 11, 1]
    assert [model.data[0, 0] for model in models] == [0, 10, 0]
    assert [model.meta.instrument.name for model in results] == ["NIRCAM"] * 3


@pytest.mark.parametrize("kind", ["fits", "asdf"])
def test_a_model_that_was_only_read_is_pickled_by_reference(tmp_path, kind):
    model = datamodels.open(make(tmp_path / f"a.{kind}", (1000, 1000)))
    assert model.data.sum() > 0
    text = pickle.dumps(model)
    assert len(text) < 50_000
    model.data[5, 5] = 0
    assert len(pickle.dumps(model)) > 4_000_000
    again = pickle.loads(text)
    assert again.data[5, 5] == 5005
    assert again.meta.notes.array.tolist() == [0, 1, 2]


def test_pickling_changes_nothing_in_the_model(tmp_path):
    model = datamodels.open(make(tmp_path / "a.fits"))
    data = model.data
    pickle.dumps(model)
    assert model.data is data


def test_a_model_without_a_file_is_pickled_whole():
    again = pickle.loads(pickle.dumps(ImageModel(np.full((2, 2), 5.0))))
    assert again.data.tolist() == [[5, 5], [5, 5]]


SAVER = """
import sys
import numpy as np
from jwstlike.datamodels import ImageModel
value = float(sys.argv[2])
for _ in range(40):
    ImageModel(np.full((200, 200), value, "f4")).save(sys.argv[1])
"""


def test_two_processes_saving_one_path_never_leave_a_broken_file(tmp_path):
    path = tmp_path / "a.fits"
    make(path, (200, 200))
    savers = [
        subprocess.Popen([sys.executable, "-c", SAVER, str(path), value]) for value in ("1", "2")
    ]
    seen = set()
    while any(saver.poll() is None for saver in savers):
        try:
            data = datamodels.open(path).data
        except FileFormatError as error:  # it was replaced between looking and reading
            assert "was changed after it was opened" in str(error)
        else:
            values = np.unique(data)
            assert len(values) == 1 or len(values) == data.size  # all of one save
            seen.add(float(values[0]))
    assert [saver.returncode for saver in savers] == [0, 0]
    assert seen <= {0.0, 1.0, 2.0}
    assert [p.name for p in tmp_path.iterdir()] == ["a.fits"]


# ---------------------------------------------------------------- files that change


def truncate(path):
    with path.open("rb+") as stream:
        stream.truncate(3000)


def replace(path):
    make(path.with_name("other.fits"), (5, 5))
    path.with_name("other.fits").replace(path)


def replace_alike(path):
    """Put another file of the same size and time in the place of one."""
    status, content = path.stat(), path.read_bytes()
    other = path.with_name("other.fits")
    other.write_bytes(content[:-2880] + bytes(2880))
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


CHANGES = {
    "truncated": truncate,
    "replaced": replace,
    "replaced by one alike": replace_alike,
    "touched": lambda path: os.utime(path, (1e9, 1e9)),
    "emptied": lambda path: path.write_bytes(b""),
}
READS = {
    "data": lambda m: m.data,
    "section": lambda m: m.section["data"][0],
    "extension": lambda m: m.meta.notes.array,
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("kind", ["fits", "asdf"])
@pytest.mark.filterwarnings("ignore:.*only the ASDF extension holds")
def test_a_file_that_changed_gives_one_clear_error(tmp_path, kind, change, read):
    path = tmp_path / f"a.{kind}"
    make(path)
    model = datamodels.open(path)
    change(path)
    with pytest.raises(FileFormatError, match=r"a\.\w+.* was changed after it was opened; open"):
        read(model)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("kind", ["fits", "asdf"])
def test_what_was_read_outlives_a_change_of_the_file(tmp_path, kind, change):
    path = tmp_path / f"a.{kind}"
    make(path)
    model = datamodels.open(path)
    data = model.data
    change(path)
    assert model.data is data
    assert model.data[0, 1] == 1


@pytest.mark.filterwarnings("ignore:.*only the ASDF extension holds")
@pytest.mark.parametrize("kind", ["fits", "asdf"])
def test_a_model_whose_file_changed_is_not_saved_with_wrong_content(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    make(path)
    model = datamodels.open(path)
    replace(path)
    with pytest.raises(FileFormatError, match="was changed after it was opened"):
        model.save(tmp_path / f"b.{kind}")
    assert not (tmp_path / f"b.{kind}").exists()


# ---------------------------------------------------------------- what belongs to the caller


def test_a_file_object_stays_open_and_where_it_was(tmp_path):
    path = make(tmp_path / "a.fits")
    with Path(path).open("rb") as stream:
        stream.seek(11)
        with datamodels.open(stream) as model:
            assert model.data[0, 1] == 1
        assert stream.tell() == 11
        unread = datamodels.open(stream)
    with pytest.raises(FileFormatError, match=r"a\.fits.*closed"):
        unread.data  # noqa: B018


class Pipe(io.BytesIO):
    def seekable(self):
        return False

    def seek(self, *args):
        raise io.UnsupportedOperation

    tell = seek


@pytest.mark.parametrize("wrap", [Pipe, bytes, bytearray, memoryview, io.BytesIO])
def test_bytes_are_opened(tmp_path, wrap):
    content = Path(make(tmp_path / "a.fits")).read_bytes()
    assert datamodels.open(wrap(content)).data[0, 1] == 1


def test_an_hdulist_and_an_asdf_file_stay_open(tmp_path):
    with afits.open(make(tmp_path / "a.fits")) as hdulist:
        hdulist["SCI"].data[0, 0] = 99
        with datamodels.open(hdulist) as model:
            assert type(model) is ImageModel
            assert model.data[0, 0] == 99
        assert hdulist["SCI"].data[0, 1] == 1
    with asdf.open(make(tmp_path / "a.asdf")) as file:
        with datamodels.open(file) as model:
            assert type(model) is ImageModel
            assert model.data[0, 1] == 1
        assert file["data"][0, 2] == 2


def test_a_shape_an_array_a_tree_a_model_and_nothing_are_opened():
    assert datamodels.open((2, 3)).shape == (2, 3)
    assert type(datamodels.open(np.zeros((2, 3, 4)))).__name__ == "CubeModel"
    tree = {"meta": {"model_type": "ImageModel"}}
    assert type(datamodels.open(tree)) is ImageModel
    assert type(datamodels.open({"a": 1})).__name__ == "JwstDataModel"
    assert type(datamodels.open()).__name__ == "JwstDataModel"
    model = DataModel({"a": 1})
    assert datamodels.open(model).a == 1


# ---------------------------------------------------------------- threads


@pytest.fixture
def hasty():
    """Let threads take turns as often as can be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


READS_IN_THREADS = [
    lambda m: m.meta.instrument.name,
    lambda m: m.data.sum(),
    lambda m: m.dq.shape,
    lambda m: m.meta.notes.array.sum(),
    lambda m: sorted(m.keys()),
    lambda m: len(m.to_flat_dict()),
    lambda m: str(m.check()),
    lambda m: m.copy().data.sum(),
    lambda m: pickle.loads(pickle.dumps(m)).data.sum(),
]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("kind", KINDS[:3])
def test_threads_that_read_one_model_get_the_same(tmp_path, kind):
    path = make(tmp_path / f"a.{kind}")
    expected = [read(datamodels.open(path)) for read in READS_IN_THREADS]
    for _ in range(10):
        model, start = datamodels.open(path), threading.Barrier(4)

        def look(shift, model=model, start=start):
            order = range(shift, shift + len(READS_IN_THREADS))
            start.wait()
            found = {n: READS_IN_THREADS[n](model) for n in (k % len(expected) for k in order)}
            return [found[n] for n in range(len(expected))], model.data, model.dq, model.meta

        with ThreadPoolExecutor(4) as pool:
            for found, data, dq, meta in pool.map(look, (0, 2, 4, 6)):
                assert found == expected
                assert data is model.data
                assert dq is model.dq
                assert meta is model.meta
        assert model.meta._tree is model._tree["meta"]


@pytest.mark.usefixtures("hasty")
def test_threads_that_read_compressed_images_leave_the_filters_of_warnings(tmp_path):
    image = afits.CompImageHDU(np.arange(100, dtype="i2").reshape(10, 10), name="SCI")
    afits.HDUList([afits.PrimaryHDU(), image]).writeto(tmp_path / "a.fits")
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        sums = list(pool.map(lambda _: ImageModel(tmp_path / "a.fits").data.sum(), range(40)))
    assert sums == [4950] * 40
    assert warnings.filters == before


def test_a_file_that_got_another_mode_and_other_names_is_still_read(tmp_path):
    path = tmp_path / "a.fits"
    make(path)
    model = datamodels.open(path)
    path.chmod(0o400)
    path.rename(tmp_path / "b.fits")
    (tmp_path / "b.fits").rename(path)
    assert model.data[0, 1] == 1


def test_a_model_that_is_there_when_python_ends_needs_no_modules():
    model = ImageModel((2, 2))
    meta = model.meta
    model.__del__(lambda: True)
    assert model.meta is meta
    model.__del__()
    assert model.meta is not meta

"""`read_table` and `read_metadata`."""

import os
import pickle
import subprocess
import sys
import threading
import warnings

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, metadata_table
from jwstlike.errors import JwstlikeWarning


@pytest.fixture
def files(tmp_path):
    """Write three files: FITS, FITS with blanks, ASDF."""
    paths = []
    for name, instrument, groups in (
        ("a.fits", "NIRCAM", 5), ("b.fits", None, None), ("c.asdf", "MIRI", 7),
    ):  # fmt: skip
        model = ImageModel((2, 2))
        model.meta.instrument.name = instrument
        model.meta.exposure.ngroups = groups
        model.meta.exposure.exposure_time = groups and groups * 1.5
        paths.append(model.save(tmp_path / name))
    return paths


def test_each_file_is_a_row_in_the_given_order(files):
    table = datamodels.read_table(files, ["meta.instrument.name", "NGROUPS", "EFFEXPTM"])
    assert table.colnames == ["filename", "meta.instrument.name", "NGROUPS", "EFFEXPTM"]
    assert list(table["filename"]) == files
    assert table["NGROUPS"].dtype.kind == "i"
    assert table["EFFEXPTM"].dtype.kind == "f"
    assert table["meta.instrument.name"].tolist() == ["NIRCAM", None, "MIRI"]
    assert table["NGROUPS"].tolist() == [5, None, 7]
    assert table["EFFEXPTM"].tolist() == [7.5, None, 10.5]


def test_what_no_file_has_is_a_masked_column(files):
    table = datamodels.read_table(files, ["NOPE", "meta.nope.nope", "meta.target.ra"])
    assert all(table[name].mask.all() for name in table.colnames[1:])


def test_one_key_and_one_path_need_no_list(files):
    assert datamodels.read_table(files[0], "NGROUPS")["NGROUPS"].tolist() == [5]


def test_a_default_of_the_schema_is_no_value_of_a_file(files):
    model = ImageModel()
    model.add_schema_entry("meta.mine", {"type": "integer", "default": 3})
    assert model.meta.mine == 3
    assert datamodels.read_table(files, "meta.model_type").mask["meta.model_type"].sum() == 0
    assert datamodels.read_table(files, "meta.mine").mask["meta.mine"].all()


def test_values_that_only_the_asdf_tree_holds_are_found(tmp_path):
    model = ImageModel((2, 2))
    model.mine = {"deep": [{"name": "x"}]}
    path = model.save(tmp_path / "a.fits")
    table = datamodels.read_table([path], ["mine.deep.0.name"])
    assert table["mine.deep.0.name"].tolist() == ["x"]


def test_a_keyword_is_that_of_the_first_hdu_that_has_it(tmp_path):
    primary, first, second = afits.PrimaryHDU(), afits.ImageHDU(), afits.ImageHDU()
    primary.header["ONE"] = 1
    first.header["ONE"] = 2
    first.header["TWO"] = "first"
    second.header["TWO"] = "second"
    path = tmp_path / "a.fits"
    afits.HDUList([primary, first, second]).writeto(path)
    table = datamodels.read_table([path], ["ONE", "TWO"])
    assert (table["ONE"][0], table["TWO"][0]) == (1, "first")


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([True, None], "b", [True, None]),
        ([1, 2.5], "f", [1.0, 2.5]),
        ([1, "x"], "U", ["1", "x"]),
        ([None, None], "U", [None, None]),
        ([[1, 2], None], "O", [[1, 2], None]),
    ],
)
def test_a_column_has_the_narrowest_type_for_its_values(values, kind, expected):
    rows = [[value] for value in values]
    column = metadata_table._table(["a", "b"], ["x"], rows)["x"]
    assert column.dtype.kind == kind
    assert column.tolist() == expected


def test_files_that_cannot_be_read_are_masked_and_named(files, tmp_path):
    (tmp_path / "text.fits").write_text("no data")
    paths = [files[0], tmp_path / "text.fits", tmp_path / "absent.fits"]
    with pytest.warns(JwstlikeWarning, match=r"2 files could not be read(.|\n)*text\.fits") as seen:
        table = datamodels.read_table(paths, "NGROUPS")
    assert table["NGROUPS"].tolist() == [5, None, None]
    assert "absent.fits: there is no such file" in str(seen[0].message)
    assert seen[0].filename == __file__


def test_a_key_that_names_an_array_is_refused(files):
    with pytest.raises(ValueError, match="'data' is an array; give paths of single values"):
        datamodels.read_table(files, ["data"])


def test_no_array_is_read(files, monkeypatch):
    from jwstlike.datamodels.arrays import ArrayRef

    monkeypatch.setattr(ArrayRef, "read", lambda *_: pytest.fail("an array was read"))
    datamodels.read_table(files, ["meta.instrument.name", "NGROUPS", "mine.x"])


def test_nothing_gives_a_table_without_rows():
    table = datamodels.read_table([], ["NGROUPS", "meta.date"])
    assert (len(table), table.colnames) == (0, ["filename", "NGROUPS", "meta.date"])


def test_processes_give_the_same_rows(files):
    paths, keys = files * 5, ["meta.instrument.name", "NGROUPS", "meta.date"]
    one, three = (datamodels.read_table(paths, keys, jobs=jobs) for jobs in (1, 3))
    for name in one.colnames:
        assert one[name].tolist() == three[name].tolist()


def test_a_process_that_fails_is_replaced(files, monkeypatch):
    monkeypatch.setattr(metadata_table, "WORKER", "raise SystemExit(1)")
    table = datamodels.read_table(files, "NGROUPS", jobs=2)
    assert table["NGROUPS"].tolist() == [5, None, 7]


def test_processes_need_no_guard_in_the_script(files, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom jwstlike import datamodels\nprint('started')\n"
        "print(len(datamodels.read_table(sys.argv[1:], 'NGROUPS', jobs=2)))\n"
    )
    done = subprocess.run(
        [sys.executable, script, *files], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["started", "3"]


@pytest.mark.parametrize(("seconds", "busy", "expected"), [
    (0.0001, True, "here"), (0.1, True, "processes"), (0.1, False, "threads"),
])  # fmt: skip
def test_workers_are_used_only_where_they_pay(seconds, busy, expected, monkeypatch):
    used, clock = [], {"wall": 0.0, "cpu": 0.0}

    def read_rows(paths, keys):
        clock["wall"] += seconds * len(paths)
        clock["cpu"] += seconds * len(paths) * busy
        used.append("here")
        return [[1]] * len(paths)

    def other(name):
        return lambda paths, *_: used.append(name) or [[1]] * len(paths)

    monkeypatch.setattr(metadata_table, "read_rows", read_rows)
    monkeypatch.setattr(metadata_table, "_by_processes", other("processes"))
    monkeypatch.setattr(metadata_table, "_by_threads", other("threads"))
    monkeypatch.setattr(metadata_table.time, "perf_counter", lambda: clock["wall"])
    monkeypatch.setattr(metadata_table.time, "process_time", lambda: clock["cpu"])
    assert len(metadata_table._read_all(["x"] * 500, ["A"], None)) == 500
    assert used == ["here", expected]


def test_threads_give_the_same_rows(files):
    rows = metadata_table._by_threads(files * 20, ["NGROUPS"])
    assert rows == [[5], [None], [7]] * 20
    assert threading.active_count() == 1


def test_no_warning_of_a_file_comes_through(tmp_path):
    path = tmp_path / "plain.fits"
    afits.HDUList([afits.PrimaryHDU(), afits.ImageHDU(np.zeros((2, 2)), name="SCI")]).writeto(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert datamodels.read_table([path], "SIMPLE")["SIMPLE"].tolist() == [True]


def test_the_number_of_jobs_must_be_positive(files):
    with pytest.raises(ValueError, match="jobs=0: must be at least 1"):
        datamodels.read_table(files, "NGROUPS", jobs=0)


def test_the_answer_of_a_worker_is_pickled_rows(files):
    message = pickle.dumps(sys.path) + pickle.dumps((files, ["NGROUPS"]))
    done = subprocess.run(
        [sys.executable, "-c", metadata_table.WORKER],
        input=message, capture_output=True, check=True, cwd=os.sep,
    )  # fmt: skip
    assert pickle.loads(done.stdout) == [[5], [None], [7]]


# ---------------------------------------------------------------- read_metadata


def test_metadata_are_read_flat_or_as_a_tree(files):
    flat = datamodels.read_metadata(files[0])
    assert flat["meta.instrument.name"] == "NIRCAM"
    assert not any(key.startswith("data") for key in flat)
    tree = datamodels.read_metadata(files[0], flatten=False)
    assert tree["meta"]["exposure"]["ngroups"] == 5


def test_metadata_of_a_file_without_asdf_extension_are_read(tmp_path):
    primary = afits.PrimaryHDU()
    primary.header["INSTRUME"] = "NIRCAM"
    primary.header["DATAMODL"] = "ImageModel"
    primary.writeto(tmp_path / "a.fits")
    flat = datamodels.read_metadata(tmp_path / "a.fits")
    assert flat["meta.instrument.name"] == "NIRCAM"
    as_cube = datamodels.read_metadata(tmp_path / "a.fits", model_type="CubeModel")
    assert as_cube["meta.instrument.name"] == "NIRCAM"


def test_a_pattern_stands_for_the_files_that_match(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b_cal.fits", "a_cal.fits", "c_rate.fits"):
        ImageModel((2, 2)).save(name)
    table = datamodels.read_table("*_cal.fits", "DATAMODL")
    assert list(table["filename"]) == ["a_cal.fits", "b_cal.fits"]
    with pytest.raises(ValueError, match=r"\*_x1d\.fits: no file matches"):
        datamodels.read_table(["a_cal.fits", "*_x1d.fits"], "DATAMODL")


def test_a_name_with_brackets_that_exists_is_a_file(tmp_path):
    path = ImageModel((2, 2)).save(tmp_path / "night[1].fits")
    assert list(datamodels.read_table(path, "DATAMODL")["DATAMODL"]) == ["ImageModel"]


def test_columns_know_what_the_schema_tells(tmp_path):
    model = ImageModel((2, 2))
    model.meta.exposure.exposure_time = 10.5
    path = model.save(tmp_path / "a.fits")
    (tmp_path / "no.fits").write_text("no")
    with pytest.warns(JwstlikeWarning, match="1 file could not be read"):
        table = datamodels.read_table(
            [tmp_path / "no.fits", path], ["meta.exposure.exposure_time", "DATAMODL", "NOBODYS"]
        )
    assert str(table["meta.exposure.exposure_time"].unit) == "s"
    assert "[" not in table["meta.exposure.exposure_time"].description
    assert table["DATAMODL"].unit is None
    assert table["NOBODYS"].description is None


def test_the_column_of_file_names_stays_what_it_is(tmp_path):
    path = ImageModel((2, 2)).save(tmp_path / "a.fits")
    assert list(datamodels.read_table(path, ["filename", "NAXIS"])["filename"]) == [path]

"""Files of the Roman telescope open as a general model that keeps their tags."""

from pathlib import Path

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels.asdf_light import dump, load
from jwstlike.datamodels.asdf_nodes import TaggedDict, TaggedList, TaggedStr

TAGS = "asdf://stsci.edu/datamodels/roman/tags/"
TIME = "tag:stsci.edu:asdf/time/time-1.2.0"
CORPUS = Path(__file__).parents[2].parent / "shared/data/archival/asdf/roman_made"
FILES = sorted(CORPUS.glob("*.asdf"))
NO_FILES = "the archival files are not here" if not FILES else ""


@pytest.fixture
def path(tmp_path):
    exposure = TaggedDict(
        {"type": "WFI_IMAGE", "start_time": TaggedStr("2027-01-02T03:04:05.000", TIME)},
        TAGS + "exposure-1.0.0",
    )
    meta = {
        "telescope": TaggedStr("ROMAN", TAGS + "telescope-1.0.0"), "exposure": exposure,
        "logs": TaggedList(["one", "two"], TAGS + "cal_logs-1.0.0"),
    }  # fmt: skip
    content = {"meta": meta, "data": np.arange(6, dtype="f4").reshape(2, 3)}
    tree = {"roman": TaggedDict(content, TAGS + "wfi_image-1.0.0")}
    path = tmp_path / "a.asdf"
    path.write_bytes(b"".join(map(bytes, dump(tree))))
    return path


def described(value):
    """Everything that is to come back: types, tags, values and arrays."""
    tag = getattr(value, "_tag", None)
    if isinstance(value, dict):
        return tag, {k: described(v) for k, v in value.items()}
    if isinstance(value, list):
        return tag, [described(v) for v in value]
    if hasattr(value, "raw_blocks") or isinstance(value, np.ndarray):
        array = np.asarray(value)
        return str(array.dtype), array.shape, array.tobytes()
    return tag, type(value), repr(value)


def content(path):
    tree, _ = load(path)
    tree.pop("asdf_library")
    return described(tree)


def test_metadata_and_arrays_are_attributes(path):
    model = datamodels.open(path)
    assert model.roman.meta.exposure.type == "WFI_IMAGE"
    assert model.roman.meta.telescope == "ROMAN"
    assert list(model.roman.meta.logs) == ["one", "two"]
    assert model.roman.data[1].tolist() == [3, 4, 5]
    assert model.meta.exposure.type == "WFI_IMAGE"
    assert model.shape == (2, 3)
    assert model.get("roman.meta.exposure.none", default=5) == 5
    assert repr(model) == "<TaggedModel(2, 3) from a.asdf>"


def test_what_lies_under_roman_is_found_and_set_without_that_name(path, tmp_path):
    model = datamodels.open(path)
    assert model.data is model.roman.data
    assert model.get("meta.exposure.type") == model["meta.exposure.type"] == "WFI_IMAGE"
    assert model.section["data"][1, :2].tolist() == [3, 4]
    assert hasattr(model, "data")
    assert not hasattr(model, "dq")
    model.dq = np.ones((2, 3), "u4")
    model.meta.exposure.type = "WFI_DARK"
    model["meta.new"] = 5
    tree = load(model.save(tmp_path / "b.asdf"))[0]
    assert set(tree) == {"asdf_library", "roman"}
    assert tree["roman"]._tag == TAGS + "wfi_image-1.0.0"
    assert tree["roman"]["dq"].read().sum() == 6
    assert (tree["roman"]["meta"]["exposure"]["type"], tree["roman"]["meta"]["new"]) == (
        "WFI_DARK", 5,
    )  # fmt: skip


def test_a_roman_that_is_no_mapping_stays_what_it_is(tmp_path):
    (tmp_path / "a.asdf").write_bytes(b"".join(map(bytes, dump({"roman": 5}))))
    model = datamodels.open(tmp_path / "a.asdf")
    assert (model.roman, model.shape) == (5, None)
    assert load(model.save(tmp_path / "b.asdf"))[0]["roman"] == 5


def test_times_are_objects(path):
    assert datamodels.open(path).roman.meta.exposure.start_time.isot == "2027-01-02T03:04:05.000"


def test_what_selects_references_is_told(path):
    model = datamodels.open(path)
    assert model.crds_observatory == "roman"
    assert model.get_crds_parameters()["roman.meta.exposure.type"] == "WFI_IMAGE"


def test_a_file_comes_back_as_it_was(path, tmp_path):
    model = datamodels.open(path)
    model.roman.data  # noqa: B018
    assert model.roman.meta.exposure.type
    model.save(tmp_path / "b.asdf")
    assert content(tmp_path / "b.asdf") == content(path)


def test_a_change_keeps_all_tags(path, tmp_path):
    model = datamodels.open(path)
    model.roman.meta.exposure.type = "WFI_DARK"
    model.roman.data[0, 0] = 7
    assert model.roman.meta.exposure.start_time.isot  # an object now: asdf itself writes
    model.save(tmp_path / "b.asdf")
    tree = load(tmp_path / "b.asdf")[0]["roman"]
    assert tree._tag == TAGS + "wfi_image-1.0.0"
    assert tree["meta"]["exposure"]._tag == TAGS + "exposure-1.0.0"
    assert tree["meta"]["exposure"]["type"] == "WFI_DARK"
    assert tree["meta"]["exposure"]["start_time"]._tag.startswith("tag:stsci.edu:asdf/time/time-1")
    assert tree["meta"]["telescope"]._tag == TAGS + "telescope-1.0.0"
    assert tree["meta"]["logs"]._tag == TAGS + "cal_logs-1.0.0"
    assert tree["data"].read()[0].tolist() == [7, 1, 2]


def test_a_copy_keeps_all_tags_and_is_independent(path, tmp_path):
    model = datamodels.open(path)
    copy = model.copy()
    copy.roman.meta.exposure.type = "WFI_DARK"
    assert model.roman.meta.exposure.type == "WFI_IMAGE"
    model.copy().save(tmp_path / "b.asdf")
    assert content(tmp_path / "b.asdf") == content(path)


# with older plug-ins than those the files were written by
@pytest.mark.filterwarnings("ignore:.*is newer than what is known")
@pytest.mark.skipif(not FILES, reason=NO_FILES or "-")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_archival_files_come_back_as_they_were(path, tmp_path):
    if b"lz4" in path.read_bytes():
        pytest.importorskip("lz4", reason="lz4 (extra compression) unpacks the blocks")
    model = datamodels.open(path)
    assert model.roman.meta.get("telescope") == "ROMAN"
    assert model.to_flat_dict()
    datamodels.open(path).save(tmp_path / "b.asdf")
    assert content(tmp_path / "b.asdf") == content(path)

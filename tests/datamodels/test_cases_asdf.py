"""What users of other software met with ASDF files; the number of the case is in the docstring."""

import datetime
import re
import sys
from decimal import Decimal
from pathlib import Path

import asdf
import numpy as np
import pytest
from astropy import units
from astropy.time import Time

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel
from jwstlike.datamodels.asdf_light import load
from jwstlike.errors import FileFormatError, ValidationWarning

FORMATS = ["asdf", "fits"]


def asdf_file(path, body, format_version="1.0.0", standard="1.6.0"):
    head = f"#ASDF {format_version}\n#ASDF_STANDARD {standard}\n%YAML 1.1\n"
    path.write_text(f"{head}%TAG ! tag:stsci.edu:asdf/\n--- {body}\n...\n")
    return path


MODEL = "meta: {model_type: ImageModel}"


@pytest.mark.parametrize(
    ("body", "versions", "newer"),
    [
        (f"!core/asdf-1.1.0\n{MODEL}\ndata: !core/ndarray-1.9.0 [[1.0]]", {}, "core/ndarray-1.9.0"),
        (f"!core/asdf-1.9.0\n{MODEL}", {}, "core/asdf-1.9.0"),
        (f"!core/asdf-1.1.0\n{MODEL}", {"format_version": "1.1.0"}, "ASDF 1.1.0"),
        (f"!core/asdf-1.1.0\n{MODEL}", {"standard": "1.9.0"}, "ASDF_STANDARD 1.9.0"),
    ],
    ids=["array", "tree", "format", "standard"],
)
def test_a_newer_minor_version_opens_with_one_warning(tmp_path, body, versions, newer):
    """Case 71."""
    path = asdf_file(tmp_path / "a.asdf", body, **versions)
    with pytest.warns(ValidationWarning) as caught:
        model = datamodels.open(path)
    assert [str(w.message) for w in caught] == [
        f"{path}: {newer} is newer than what is known here; read as its older form"
    ]
    assert type(model) is ImageModel


@pytest.mark.parametrize(
    ("body", "versions", "newer"),
    [
        (f"!core/asdf-1.1.0\n{MODEL}\ndata: !core/ndarray-2.0.0 [[1.0]]", {}, "core/ndarray-2.0.0"),
        (f"!core/asdf-2.0.0\n{MODEL}", {}, "core/asdf-2.0.0"),
        (f"!core/asdf-1.1.0\n{MODEL}", {"format_version": "2.0.0"}, "ASDF 2.0.0"),
        (f"!core/asdf-1.1.0\n{MODEL}", {"standard": "2.0.0"}, "ASDF_STANDARD 2.0.0"),
    ],
    ids=["array", "tree", "format", "standard"],
)
def test_a_newer_major_version_is_one_clear_error(tmp_path, body, versions, newer):
    """Case 71: and the way out of it."""
    path = asdf_file(tmp_path / "a.asdf", body, **versions)
    message = f"a.asdf: {newer} is a newer major version than 1, the last known; update the package"
    with pytest.raises(FileFormatError, match=re.escape(message) + "$"):
        datamodels.open(path)


@pytest.mark.filterwarnings("ignore::asdf.exceptions.AsdfConversionWarning")
@pytest.mark.parametrize("touched", [False, True])
def test_an_unknown_tag_inside_the_tree_survives_with_its_tag(tmp_path, touched):
    """Case 72."""
    things = "a: !<asdf://who.org/a-3.0.0> {x: 1}, b: !<tag:who.org:b-1.0.0> [1, !who/c-1.0.0 text]"
    path = asdf_file(tmp_path / "a.asdf", f"!core/asdf-1.1.0\n{MODEL}\nthing: {{{things}}}")
    model = datamodels.open(path)
    if touched:
        assert model.thing.a == {"x": 1}
        model.meta.date = "2030-01-01"
    tree = load(model.save(tmp_path / "b.asdf"))[0]["thing"]
    assert (tree["a"], tree["a"]._tag) == ({"x": 1}, "asdf://who.org/a-3.0.0")
    assert (tree["b"], tree["b"]._tag) == ([1, "text"], "tag:who.org:b-1.0.0")
    assert tree["b"][1]._tag == "tag:stsci.edu:asdf/who/c-1.0.0"


def test_a_small_part_of_a_large_array_is_saved_at_its_own_size(tmp_path):
    """Case 73."""
    large = np.zeros((1000, 1000))
    model = ImageModel()
    model.meta.part = large[:3, :3]
    model.data = large[2:5, 2:5]
    assert Path(model.save(tmp_path / "a.asdf")).stat().st_size < 1500
    assert Path(model.save(tmp_path / "a.fits")).stat().st_size < 20_000


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (np.bool_(True), True),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.datetime64("2020-01-01T00:00:00"), "2020-01-01T00:00:00"),
        (datetime.datetime(2020, 1, 2, 3, 4), "2020-01-02T03:04:00"),
        (Path("/a/b"), "/a/b"),
        ({2, 1}, [1, 2]),
        ((1, 2), [1, 2]),
        ({1: "a"}, {1: "a"}),
    ],
    ids=lambda v: type(v).__name__,
)
def test_values_of_other_types_are_stored_in_their_plain_form(tmp_path, value, stored, suffix):
    """Case 74."""
    model = ImageModel()
    model.meta.thing = value
    found = datamodels.open(model.save(tmp_path / f"a.{suffix}")).meta.thing
    found = getattr(found, "instance", found)
    found = found.isoformat() if isinstance(found, datetime.datetime) else found
    assert found == stored
    assert type(found) is type(stored)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_time_is_stored_as_a_time(tmp_path, suffix):
    model = ImageModel()
    model.meta.thing = Time("2020-01-01", scale="tdb")
    assert datamodels.open(model.save(tmp_path / f"a.{suffix}")).meta.thing == model.meta.thing


@pytest.mark.parametrize("suffix", FORMATS)
def test_sets_become_sorted_lists_wherever_they_stand(tmp_path, suffix):
    """Case 74."""
    model = ImageModel((2, 2))
    model.meta.one = {"b", 2, 1}
    model.meta.two = {"a": {2, 1}, "b": [frozenset({(2, 1), (1, 3)})], "c": set()}
    model.meta.other = {"of asdf": 3 * units.m}
    meta = datamodels.open(model.save(tmp_path / f"x.{suffix}")).meta
    assert meta.one.instance == [1, 2, "b"]
    assert meta.two.instance == {"a": [1, 2], "b": [[[1, 3], [2, 1]]], "c": []}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("value", [object(), Decimal("1.5"), len], ids=["object", "Decimal", "len"])
def test_a_value_that_no_file_can_hold_is_an_error_with_its_path(tmp_path, value, suffix):
    model = ImageModel()
    model.meta.when = Time("2020-01-01")
    model.meta.deep = {"things": [1, value]}
    name = type(value).__name__
    with pytest.raises(
        FileFormatError, match=rf"a\.{suffix}: .* \(meta\.deep\.things\.1 is a {name}"
    ):
        model.save(tmp_path / f"a.{suffix}")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def packed(tmp_path):
    def packed(kind):
        tree = {"meta": {"model_type": "ImageModel", "title": "t"}, "data": np.ones((40, 40), "f4")}
        asdf.AsdfFile(tree).write_to(tmp_path / "a.asdf", all_array_compression=kind)
        return tmp_path / "a.asdf"

    return packed


@pytest.mark.parametrize("kind", ["zlib", "bzp2", "lz4"])
def test_packed_blocks_are_read_and_copied_packed(packed, tmp_path, kind):
    """Case 75."""
    if kind == "lz4":
        pytest.importorskip("lz4.block")
    path = packed(kind)
    again = datamodels.open(path).save(tmp_path / "b.asdf")
    assert Path(again).stat().st_size < 2500
    assert datamodels.open(again).data.sum() == 1600


def test_without_the_package_for_a_packing_the_metadata_are_there(packed, tmp_path, monkeypatch):
    """The error of the array names the package; a copy needs it not."""
    pytest.importorskip("lz4.block")
    path = packed("lz4")
    monkeypatch.setitem(sys.modules, "lz4", None)
    monkeypatch.setitem(sys.modules, "lz4.block", None)
    model = datamodels.open(path)
    assert model.meta.title == "t"
    with pytest.raises(FileFormatError, match=r"a\.asdf: .*install the package 'lz4'"):
        model.data  # noqa: B018
    copy = datamodels.open(path).save(tmp_path / "b.asdf")
    monkeypatch.undo()
    assert datamodels.open(copy).data.sum() == 1600


@pytest.fixture
def cut(tmp_path):
    content = Path(ImageModel(np.ones((3, 3), "f4")).save(tmp_path / "whole.asdf")).read_bytes()

    def cut(where, more=0):
        at = content.index(where) + more
        (tmp_path / "a.asdf").write_bytes(content[:at])
        return tmp_path / "a.asdf"

    return cut


@pytest.mark.parametrize(("where", "more"), [(b"#ASDF", 5), (b"model_type", 5), (b"datatype", 3)])
def test_an_asdf_file_cut_in_its_tree_is_told_to_be_truncated(cut, where, more):
    """Case 76."""
    with pytest.raises(FileFormatError, match=r"a\.asdf: the file is truncated"):
        datamodels.open(cut(where, more))


@pytest.mark.filterwarnings("ignore::jwstlike.errors.NoTypeWarning")
def test_an_asdf_file_cut_between_lines_is_used_with_a_warning(cut):
    with pytest.warns(ValidationWarning, match=r"a\.asdf: the file is truncated"):
        model = datamodels.open(cut(b"\nmeta:", 1))
    assert model.meta.filename == "a.asdf"


def test_an_asdf_file_without_its_block_tells_so_when_the_array_is_asked_for(cut):
    model = datamodels.open(cut(b"\xd3BLK"))
    with pytest.raises(FileFormatError, match=r"block 0 of 0 is missing; .* truncated"):
        model.data  # noqa: B018


def test_an_asdf_file_cut_in_its_block_tells_so_when_the_array_is_asked_for(cut):
    model = datamodels.open(cut(b"\xd3BLK", 60))
    with pytest.raises(FileFormatError, match=r"the data are cut: 30 of 36 bytes are missing"):
        model.data  # noqa: B018

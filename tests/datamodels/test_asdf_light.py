import datetime
import io
import math
import os
import pickle
import subprocess
import sys
import tracemalloc
import warnings
from pathlib import Path

import asdf
import numpy as np
import pytest
import yaml
from asdf.util import load_yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jwstlike.datamodels import asdf_light
from jwstlike.datamodels.asdf_blocks import BlockRef
from jwstlike.datamodels.asdf_emit import quoted
from jwstlike.datamodels.asdf_light import (
    FitsSource,
    NeedsAsdf,
    TaggedDict,
    TaggedList,
    TaggedStr,
    dump,
    load,
)
from jwstlike.errors import FileFormatError

DATA = Path(__file__).parents[1] / "data" / "asdf"
ARCHIVE = Path(__file__).parents[2].parent / "shared" / "data" / "archival" / "asdf"
NOT_ASDF = ("crds__invalid.asdf", "romancal__empty.asdf", "roman_datamodels__fake.asdf")

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
AWKWARD = ["yes", "~", "1", "1.5", "1e5", "0x1F", "1_0", "1:30", "2020-01-01", "=", "<<", "- a",
           "a: b", "a #b", " x", "x ", "'", '"', "\\", "\n", "\t", "\x07", "\x85", "\u2028",
           "\ufeff", "\U0001f600", "null", "N", ".inf", "!a", "&a", "*a", "[a", "{a", "%a", "@a",
           "`a", "|", ">", "?", ":", "a:", "", "\ufffe", "a\r\nb", "...", "---", "#"]  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(2 - 2**63, 2**63 - 1),
    st.floats(allow_nan=False),
    TEXT,
    st.sampled_from(AWKWARD),
)
KEYS = st.one_of(TEXT, st.sampled_from(AWKWARD), st.integers(-5, 2**40)).filter(
    lambda k: k not in ("history", "asdf_library")
)
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda node: st.lists(node, max_size=4) | st.dictionaries(KEYS, node, max_size=4),
        max_leaves=15,
    ),
    max_size=5,
)


def dumped(tree, **kwargs):
    return b"".join(bytes(piece) for piece in dump(tree, **kwargs))


def again(tree, **kwargs):
    """Write and read a tree; without the entry about the software."""
    found, _ = load(dumped(tree, **kwargs), lazy=False)
    assert found.pop("asdf_library")["name"] == "jwstlike"
    return found


def by_asdf(content):
    """Let asdf read a file, checking checksums and schemas."""
    with asdf.open(io.BytesIO(content), lazy_load=False, validate_checksums=True) as file:
        tree = dict(file.tree)
    tree.pop("asdf_library")
    return tree


def written_by_asdf(tree, **kwargs):
    stream = io.BytesIO()
    asdf.AsdfFile(tree).write_to(stream, **kwargs)
    return stream.getvalue()


# ---------------------------------------------------------------- plain trees


@settings(deadline=None)
@given(TREES)
def test_any_plain_tree_comes_back_equal_and_asdf_reads_the_same(tree):
    content = dumped(tree)
    found = load(content)[0]
    found.pop("asdf_library")
    assert repr(found) == repr(tree)  # types and order too
    assert repr(load_yaml(io.BytesIO(content))) == repr(load(content)[0])


@settings(deadline=None)
@given(TREES)
def test_what_asdf_writes_of_plain_trees_is_read_equal(tree):
    content = written_by_asdf(tree)
    assert repr(load(content)[0]) == repr(load_yaml(io.BytesIO(content)))


@settings(deadline=None)
@given(TEXT)
@example("\r")
@example("a" * 5000)
def test_any_text_stays_that_text(text):
    assert yaml.safe_load(quoted(text)) == text
    assert again({text: [text, {text: text}]}) == {text: [text, {text: text}]}


@pytest.mark.parametrize("text", AWKWARD)
def test_a_text_that_looks_like_something_else_stays_a_text(text):
    found = by_asdf(dumped({"a": text, "b": [text]}))
    assert found == {"a": text, "b": [text]}
    assert type(found["a"]) is str


def test_special_numbers_are_kept():
    found = again(
        {"a": [math.inf, -math.inf, math.nan, 1e20, -0.0, 2**63, -(2**63) + 1], "c": 1 + 2j}
    )
    assert found["a"][:2] == [math.inf, -math.inf]
    assert math.isnan(found["a"][2])
    assert found["a"][3:] == [1e20, 0.0, 2**63, -(2**63) + 1]
    assert math.copysign(1, found["a"][4]) == -1
    assert found["c"] == 1 + 2j
    assert by_asdf(dumped({"a": [2**80, -(2**63) + 1], "c": 1 + 2j})) == {
        "a": [2**80, -(2**63) + 1],
        "c": 1 + 2j,
    }


def test_numpy_scalars_dates_and_paths_become_plain():
    tree = {
        "f": np.float32(0.5),
        "i": np.uint16(3),
        "b": np.bool_(True),
        "s": np.str_("a"),
        "d": np.datetime64("2020-01-02T03:04:05"),
        "p": Path("a") / "b.fits",
        "t": (1, (2, 3)),
        "l": np.longdouble(2.5),
        "o": b"\x00\xff",
        np.int64(7): 1,
        True: 2,
    }
    found = again(tree)
    assert found == {
        "f": 0.5, "i": 3, "b": True, "s": "a", "d": datetime.datetime(2020, 1, 2, 3, 4, 5),
        "p": str(Path("a") / "b.fits"), "t": [1, [2, 3]], "l": 2.5, "o": b"\x00\xff",
        7: 1, True: 2,
    }  # fmt: skip
    assert [type(found[k]) for k in "fibs"] == [float, int, bool, str]


@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2020, 1, 2, 3, 4, 5, 678),
        datetime.datetime(1999, 12, 31, tzinfo=datetime.UTC),
        datetime.date(2020, 1, 2),
    ],
)
def test_dates_are_kept(value):
    assert again({"a": value}) == {"a": value}


def test_shared_and_empty_containers_are_kept():
    shared, empty = {"x": [1, [2]]}, []
    found = again({"a": shared, "b": [shared, empty], "c": {}, "d": [[], {}, [[]]], "e": empty})
    assert found["a"] is found["b"][0]
    assert found == {"a": shared, "b": [shared, []], "c": {}, "d": [[], {}, [[]]], "e": []}


def test_the_head_is_that_of_the_standard():
    lines = dumped({"a": 1}).decode().splitlines()
    assert lines[:5] == [
        "#ASDF 1.0.0",
        "#ASDF_STANDARD 1.6.0",
        "%YAML 1.1",
        "%TAG ! tag:stsci.edu:asdf/",
        "--- !core/asdf-1.1.0",
    ]
    assert lines[5] == "asdf_library: !core/software-1.0.0"
    assert lines[-2:] == ["a: 1", "..."]


def test_history_is_written_as_asdf_expects_it():
    when = datetime.datetime(2020, 1, 1)
    entry = {"description": "did it", "time": when, "software": {"name": "a", "version": "1"}}
    tree = {"history": {"entries": [entry]}}
    assert again(tree) == tree
    with asdf.open(io.BytesIO(dumped(tree))) as file:
        found = file.get_history_entries()[0]
        assert type(found).__name__ == "HistoryEntry"
        assert found["description"] == "did it"
        assert type(found["software"]).__name__ == "Software"
    assert again({"history": [entry]}) == {"history": [entry]}


def test_history_written_by_asdf_is_read():
    file = asdf.AsdfFile({"a": 1})
    file.add_history_entry("did it", {"name": "x", "version": "2"})
    stream = io.BytesIO()
    file.write_to(stream)
    entry = load(stream.getvalue())[0]["history"]["entries"][0]
    assert entry["description"] == "did it"
    assert entry["software"] == {"name": "x", "version": "2"}
    assert type(entry) is dict


# ---------------------------------------------------------------- refusals


def test_an_object_asks_for_asdf_before_the_first_byte():
    class Thing:
        pass

    with pytest.raises(NeedsAsdf, match=r"meta\.thing\.0: Thing has no plain form"):
        dump({"meta": {"thing": [Thing()]}})


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"a": {(1, 2): 3}}, r"a: \(1, 2\) cannot be a key"),
        ({"a": np.array([None])}, "a: ASDF has no arrays of object"),
    ],
)
def test_what_has_no_form_is_refused_by_path(tree, message):
    with pytest.raises(TypeError, match=message):
        dump(tree)


def test_a_tree_that_holds_itself_is_refused():
    tree = {"a": [1]}
    tree["a"].append(tree["a"])
    with pytest.raises(ValueError, match="the tree holds itself"):
        dump(tree)


# ---------------------------------------------------------------- arrays

ARRAYS = [
    np.arange(6, dtype=t).reshape(2, 3)
    for t in ("u1", "i1", "<i2", ">i2", "u4", ">u8", "f2", "<f4", ">f8", "c8", ">c16")
] + [
    np.array([True, False]),
    np.array(5.5),
    np.zeros((0, 3)),
    np.array([b"ab", b"c"]),
    np.array(["ab", "\u00e9"]),
    np.array(["ab", "\u00e9"], ">U2"),
    np.asfortranarray(np.arange(12).reshape(3, 4)),
    np.arange(20)[::3],
    np.broadcast_to(np.arange(3), (4, 3)),
    np.array(
        [(5, (1.5, 2.5), b"abc", "d\u00e9", True), (-6, (0.1, 1e9), b"x", "", False)],
        [("a", "<i4"), ("b", ">f8", (2,)), ("c", "S3"), ("d", "U2"), ("e", "?")],
    ),
    np.ones(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    np.array([((1, 2.5),), ((3, 4.5),)], [("a", [("b", ">i2"), ("c", "<f4")])]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype.str}{a.shape}")
def test_arrays_come_back_equal_and_asdf_reads_the_same(array):
    content = dumped({"a": array})
    ref = load(content)[0]["a"]
    assert isinstance(ref, BlockRef)
    assert ref.shape == array.shape
    found = ref.read()
    assert found.dtype == ref.dtype
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, array)
    if array.dtype.names is None or not array.dtype["a"].names:
        np.testing.assert_array_equal(by_asdf(content)["a"], array)


@pytest.mark.parametrize("array", ARRAYS[:-2], ids=lambda a: f"{a.dtype.str}{a.shape}")
@pytest.mark.parametrize("storage", ["internal", "inline"])
def test_arrays_written_by_asdf_are_read(array, storage):
    array = array if array.shape or storage == "internal" else array.reshape(1)
    content = written_by_asdf({"a": array}, all_array_storage=storage)
    found = load(content, lazy=False)[0]["a"]
    assert found.shape == array.shape
    if array.dtype.names is None:
        np.testing.assert_array_equal(found, array)
    else:
        for name in array.dtype.names:
            np.testing.assert_array_equal(found[name], array[name])


@pytest.mark.parametrize("kind", ["zlib", "bzp2"])
def test_compressed_blocks_are_unpacked_when_read_and_copied_packed(kind):
    array = np.arange(1000).reshape(10, 100)
    content = written_by_asdf({"a": array, "b": array[2:4]}, all_array_compression=kind)
    tree, blocks = load(content)
    assert {b.compression for b in blocks} == {kind.encode()}
    np.testing.assert_array_equal(tree["a"].read(), array)
    np.testing.assert_array_equal(tree["a"].section(3), array[3])
    copy = dumped(tree)
    assert len(copy) < len(content) + 500
    np.testing.assert_array_equal(by_asdf(copy)["a"], array)
    np.testing.assert_array_equal(by_asdf(copy)["b"], array[2:4])


def test_a_small_view_writes_only_itself():
    big = np.zeros(100_000)
    assert len(dumped({"a": big[:10], "b": big.reshape(100, 1000)[:5, ::100]})) < 2000


def test_a_shared_array_is_written_once():
    array = np.arange(10_000)
    content = dumped({"a": array, "b": [array], "c": array[:]})
    assert len(load(content)[1]) == 1
    np.testing.assert_array_equal(again({"a": array, "b": [array]})["b"][0], array)


def test_references_are_copied_unread_into_another_file():
    tree, _ = load(dumped({"a": np.arange(6, dtype=">i2"), "b": np.array(5.0)}))
    copy = dumped({"x": tree["a"], "y": tree["b"]})
    found = by_asdf(copy)
    np.testing.assert_array_equal(found["x"], np.arange(6))
    assert found["x"].dtype == np.dtype(">i2")


def test_arrays_in_hdus_are_links():
    array = np.zeros((2, 3), "u2")
    content = dumped({"a": array}, external=lambda a: "fits:SCI,1" if a is array else None)
    node = load_yaml(io.BytesIO(content))["a"]
    assert dict(node) == {
        "source": "fits:SCI,1", "datatype": "uint16", "byteorder": "big", "shape": [2, 3]
    }  # fmt: skip
    link = load(content)[0]["a"]
    assert isinstance(link, FitsSource)
    assert (link.name, link.extver, link.number, link.shape) == ("SCI", 1, None, (2, 3))
    assert load_yaml(io.BytesIO(dumped({"a": link})))["a"] == node
    assert FitsSource("fits:3", np.dtype("f4"), ()).number == 3


def test_masked_arrays_keep_their_mask():
    array = np.ma.array([1, 2, 3], mask=[False, True, False])
    content = written_by_asdf({"a": array})
    found = load(content)[0]["a"].read()
    np.testing.assert_array_equal(found.mask, array.mask)
    for source in (array, load(content)[0]["a"]):
        np.testing.assert_array_equal(by_asdf(dumped({"a": source}))["a"].mask, array.mask)


@pytest.mark.parametrize(
    "array",
    [
        np.array([((1, 2.5),), ((3, 4.5),)], [("p", [("q", "i4"), ("r", "f8")])]),
        np.array([[(1, 2), (3, 4)]], [("a", "i2"), ("b", "f4")]),
        np.array([(1, [[1, 2], [3, 4]], "x")] * 2, [("a", "i2"), ("b", "f4", (2, 2)), ("c", "S3")]),
        np.array([(1, 2)], [("a", "i2"), ("b", "f4")])[0:0],
        np.array((1, 2), [("a", "i2"), ("b", "f4")]),
    ],
    ids=["nested", "two axes", "cells", "no rows", "no axis"],
)
def test_tables_in_the_text_are_read(array):
    content = written_by_asdf({"a": array}, all_array_storage="inline")
    found = load(content)[0]["a"]
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()


def test_undefined_cells_of_a_table_are_kept_and_asdf_reads_the_others():
    rows = [(1, 1.5, "a"), (2, 2.5, "b")]
    mask = [(True, False, False), (False, True, False)]
    array = np.ma.array(rows, [("n", "i4"), ("x", "f4"), ("t", "S2")], mask=mask)
    content = dumped({"a": array})
    assert by_asdf(content)["a"]["n"][1] == 2
    ref = load(content)[0]["a"]
    table = ref.read()
    assert [table[name].tolist() for name in "nxt"] == [[None, 2], [1.5, None], ["a", "b"]]
    assert dumped({"a": ref}) == dumped({"a": table}) == content


def test_an_array_subclass_asks_for_asdf():
    from astropy.units import Quantity

    with pytest.raises(NeedsAsdf, match=r"a\.b: Quantity"):
        dump({"a": {"b": Quantity([1, 2], "m")}})


def test_a_section_of_a_block_is_read_alone(tmp_path):
    path = tmp_path / "a.asdf"
    path.write_bytes(dumped({"a": np.arange(2_000_000.0).reshape(2000, 1000)}))
    ref = load(path)[0]["a"]
    ref.section(0)
    tracemalloc.start()
    found = ref.section(np.s_[5:8])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(found, np.arange(5000.0, 8000).reshape(3, 1000))
    assert peak < 1_000_000


def test_references_pickle_and_notice_a_changed_file(tmp_path):
    path = tmp_path / "a.asdf"
    path.write_bytes(dumped({"a": np.arange(5)}))
    ref = pickle.loads(pickle.dumps(load(path)[0]["a"]))
    np.testing.assert_array_equal(np.asarray(ref), np.arange(5))
    os.utime(path, ns=(1, 1))
    with pytest.raises(FileFormatError, match="changed after it was opened"):
        ref.read()


def test_an_exploded_file_finds_its_blocks():
    ref = load(DATA / "exploded_150" / "exploded.asdf")[0]["data"]
    np.testing.assert_array_equal(ref.read(), np.arange(8))
    with pytest.raises(FileFormatError, match="open it by its path"):
        load((DATA / "exploded_150" / "exploded.asdf").read_bytes(), name="x")[0]["data"].read()


@pytest.mark.parametrize("uri", ["http://host/a.asdf", "/etc/a.asdf", "../a.asdf", "none.asdf"])
def test_blocks_elsewhere_are_refused_when_touched(uri, tmp_path):
    path = tmp_path / "a.asdf"
    text = dumped({"a": FitsSource("fits:1", np.dtype("f4"), (2,))}).decode()
    path.write_text(text.replace("'fits:1'", f"'{uri}'"))
    with pytest.raises(FileFormatError, match=r"a\.asdf: "):
        load(path)[0]["a"].read()


# ---------------------------------------------------------------- tags


def test_unknown_tags_are_carried_through():
    tree = {
        "d": TaggedDict({"a": 1}, "tag:example.org:thing/d-1.0.0"),
        "l": [TaggedList([1, {"x": 2}], "tag:stsci.edu:asdf/transform/l-1.0.0")],
        "s": TaggedStr("1.5", "tag:stsci.edu:asdf/unit/unit-1.0.0"),
        "e": TaggedDict({}, "asdf://x/y z-1.0.0"),
    }
    found = again(tree)
    assert found == tree
    assert [found["d"]._tag, found["l"][0]._tag, found["s"]._tag, found["e"]._tag] == [
        "tag:example.org:thing/d-1.0.0",
        "tag:stsci.edu:asdf/transform/l-1.0.0",
        "tag:stsci.edu:asdf/unit/unit-1.0.0",
        "asdf://x/y z-1.0.0",
    ]
    assert pickle.loads(pickle.dumps(found)) == tree
    assert pickle.loads(pickle.dumps(found["s"]))._tag == tree["s"]._tag


def test_tags_of_asdf_itself_are_kept_outside_their_places():
    text = (
        "a: !core/constant-1.0.0 42\nb: !core/constant-1.0.0 {x: 1}\n"
        "c: !core/software-1.0.0 {name: n, version: '1'}\n"
        "histry:\n  entries:\n  - !core/history_entry-1.0.0 {description: d}"
    )
    found = again(load(with_tree(text))[0])
    kinds = [found[name]._tag.rpartition("/")[2] for name in "abc"]
    assert kinds == ["constant-1.0.0", "constant-1.0.0", "software-1.0.0"]
    assert (found["a"], found["b"]) == ("42", {"x": 1})
    assert found["histry"]["entries"][0]._tag == "tag:stsci.edu:asdf/core/history_entry-1.0.0"


OF_ASDF = ("software", "history_entry", "extension_metadata")  # what asdf writes itself


def compare(theirs, ours, plain=("asdf",)):
    """Compare asdf's tagged tree with ours."""
    tag = getattr(theirs, "_tag", None) or ""
    kind = tag.removeprefix("tag:stsci.edu:asdf/core/").partition("-")[0]
    if kind == "ndarray":
        assert isinstance(ours, (BlockRef, np.ndarray, FitsSource))
        return
    if kind == "complex":
        assert ours == complex(str(theirs).replace("i", "j"))
        return
    assert getattr(ours, "_tag", "") == ("" if kind in plain else tag)
    if isinstance(theirs, dict):
        assert list(theirs) == list(ours)
        for key in theirs:
            is_own = kind == "asdf" and key in ("history", "asdf_library")
            compare(theirs[key], ours[key], OF_ASDF if is_own else plain)
    elif isinstance(theirs, list):
        assert len(theirs) == len(ours)
        for a, b in zip(theirs, ours, strict=True):
            compare(a, b, plain)
    else:
        theirs, ours = (str(theirs), str(ours)) if tag else (theirs, ours)
        assert theirs == ours or (theirs != theirs and ours != ours)  # noqa: PLR0124
        assert type(theirs) is type(ours)


def compare_file(path):
    tree, _ = load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = load_yaml(path, tagged=True)
    compare(theirs, tree)
    copy = load(dumped(tree), name=path.name)[0]
    theirs.pop("asdf_library", None)
    copy.pop("asdf_library")
    compare(theirs, copy)
    compare_arrays(tree, copy)


def compare_arrays(a, b):
    if isinstance(a, BlockRef):
        try:
            expected = a.read()
        except FileFormatError as error:
            assert "install the package 'lz4'" in str(error)
        else:
            np.testing.assert_array_equal(b.read(), expected)
    elif isinstance(a, (dict, list)):
        for key in a if isinstance(a, dict) else range(len(a)):
            if key != "asdf_library":
                compare_arrays(a[key], b[key])


def asdf_files(folder):
    return sorted(p for p in folder.rglob("*.asdf") if p.name not in NOT_ASDF)


@pytest.mark.parametrize("path", asdf_files(DATA), ids=lambda p: p.name)
def test_real_files_are_read_as_asdf_reads_them_and_survive_a_copy(path):
    compare_file(path)


@pytest.mark.skipif(not ARCHIVE.exists(), reason="the archival files are not here")
def test_every_file_of_the_archive_is_read_as_asdf_reads_it_and_survives_a_copy():
    paths = asdf_files(ARCHIVE)
    for path in paths:
        compare_file(path)
    assert len(paths) > 60


# ---------------------------------------------------------------- damage


def with_tree(text):
    return f"{asdf_light.FIRST_LINES}--- !core/asdf-1.1.0\n{text}\n...\n".encode()


@pytest.mark.parametrize("name", NOT_ASDF)
def test_real_files_that_are_no_asdf_are_refused(name):
    with pytest.raises(FileFormatError, match=name):
        load(DATA / name)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match="there is no such file"):
        load(tmp_path / "no.asdf")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: !!python/object/apply:os.system ['exit 3']", "asks for Python objects"),
        ("a: !!python/name:os.system x", "asks for Python objects"),
        ("a: &x [*x]", "the node &x holds itself"),
        ("a: *x", "undefined alias|points nowhere"),
        ("a: {b: [}", r"the YAML tree is damaged \(line"),
        ("a: " + "[" * 5000, "nested deeper than 256 levels|exceeded maximum nesting depth"),
        ("a:" + "".join("\n" + " " * i + "-" for i in range(1, 300)), "nested deeper than 256"),
        ("? [1, 2]\n: 3", "a list as a key"),
        ("a: !core/ndarray-1.1.0 {source: 0}", "an ndarray cannot be understood"),
        (
            "a: !core/ndarray-1.1.0 {source: 0, datatype: float99, shape: [2]}",
            "an ndarray cannot be understood",
        ),
        ("a: !core/complex-1.0.0 abc", "'abc' is no complex number"),
        ("a: !!int abc", "'abc' is no int"),
        ("- 1", "the tree is no mapping"),
    ],
)
def test_a_damaged_or_hostile_tree_is_refused(text, message):
    with pytest.raises(FileFormatError, match=f"x.asdf: .*(?:{message})"):
        load(with_tree(text), name="x.asdf")


def test_a_flood_of_aliases_is_refused_at_once():
    lines = ["l0: &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 20)]
    with pytest.raises(FileFormatError, match="aliases stand for more than"):
        load(with_tree("\n".join(lines)))


def test_merge_keys_and_dates_that_are_none_are_read():
    tree = load(with_tree("base: &b {x: 1, y: 2}\nmore: {<<: *b, y: 3}\nday: 2020-13-45"))[0]
    assert tree == {"base": {"x": 1, "y": 2}, "more": {"x": 1, "y": 3}, "day": "2020-13-45"}


@pytest.mark.parametrize("shape", ["[100]", "[2, 1000000000000]", "[-1]"])
def test_an_array_larger_than_its_block_is_refused(shape):
    content = dumped({"a": np.arange(4)}).replace(b"shape: [4]", f"shape: {shape}".encode())
    with pytest.raises(FileFormatError):
        load(content)[0]["a"].read()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("shape: [1000000000000]\n  strides: [0]", "does not fit into its block"),
        ("shape: [4]\n  offset: -8", "does not fit into its block"),
        ("shape: [4]\n  strides: [-8]", r"with strides \(-8,\) does not fit into its block"),
        ("shape: [3]\n  strides: [8, 8]", r"with strides \(8, 8\) does not fit"),
        ("shape: [4]\n  strides: [9223372036854775807]", "does not fit"),  # numpy would crash
        ("shape: [2]\n  strides: [9223372036854775808]", "does not fit"),
        ("shape: [2, 2]\n  offset: 16\n  strides: [8, 16]", "does not fit"),
        ("shape: [2]\n  offset: 9223372036854775807\n  strides: [8]", "does not fit"),
        ("shape: [0]\n  offset: 9223372036854775807\n  strides: [8]", "does not fit"),
        ("shape: [4]\n  mask: [1, 2]", "the mask of an array"),
    ],
)
def test_an_array_node_that_contradicts_itself_is_refused(more, message):
    content = dumped({"a": np.arange(4)}).replace(b"shape: [4]", more.encode())
    with pytest.raises(FileFormatError, match=message):
        load(content)[0]["a"].read()


def test_the_stride_of_a_single_element_means_nothing():
    more = b"shape: [1]\n  offset: 8\n  strides: [9223372036854775808]"
    content = dumped({"a": np.arange(4)}).replace(b"shape: [4]", more)
    assert load(content)[0]["a"].read().tolist() == [1]


def test_strides_and_a_value_as_mask_are_obeyed():
    content = dumped({"a": np.arange(4)})
    back = content.replace(b"shape: [4]", b"shape: [4]\n  offset: 24\n  strides: [-8]")
    np.testing.assert_array_equal(load(back)[0]["a"].read(), [3, 2, 1, 0])
    masked = content.replace(b"shape: [4]", b"shape: [4]\n  mask: 2")
    found = load(masked)[0]["a"].read()
    np.testing.assert_array_equal(found.mask, [False, False, True, False])


def test_a_missing_block_is_told_when_touched():
    content = dumped({"a": np.arange(4), "b": 1}).split(b"\xd3BLK")[0]
    tree = load(content, name="x.asdf")[0]
    assert tree["b"] == 1
    with pytest.raises(FileFormatError, match="block 0 of 0 is missing"):
        tree["a"].read()


def test_a_cut_block_is_told_when_touched():
    content = dumped({"a": np.arange(100), "b": 1}).split(b"#ASDF BLOCK INDEX")[0]
    tree = load(content[:-10], name="x.asdf")[0]
    with pytest.raises(FileFormatError, match="the data are cut"):
        tree["a"].read()


@pytest.mark.parametrize("kind", ["zlib", "bzp2"])
def test_damaged_compressed_data_are_told(kind):
    content = bytearray(written_by_asdf({"a": np.arange(1000)}, all_array_compression=kind))
    block = load(bytes(content))[1][0]
    content[block.offset : block.offset + 20] = b"x" * 20
    with pytest.raises(FileFormatError, match="a compressed block is damaged"):
        load(bytes(content))[0]["a"].read()


def test_a_block_that_unpacks_to_more_than_it_says_is_stopped():
    import zlib

    content = bytearray(written_by_asdf({"a": np.zeros(10)}, all_array_compression="zlib"))
    block = load(bytes(content))[1][0]
    bomb = zlib.compress(bytes(10_000_000))
    packed = content[: block.offset] + bomb
    packed = packed.replace(block.used.to_bytes(8, "big") * 2, len(bomb).to_bytes(8, "big") * 2)
    found = load(bytes(packed))[0]["a"].read()
    np.testing.assert_array_equal(found, np.zeros(10))


@pytest.mark.filterwarnings("ignore:x.asdf. the file is truncated")
@settings(deadline=None)
@given(st.data())
def test_a_cut_or_spoilt_file_is_read_or_refused_clearly(data):
    name = data.draw(st.sampled_from(["asdf_standard__100_complex.asdf", "asdf_astropy__test.asdf",
                                      "jdaviz__miri_i2d_lonlat_gwcs.asdf"]))  # fmt: skip
    content = bytearray((DATA / name).read_bytes())
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        load(bytes(content[: data.draw(st.integers(0, len(content)))]), lazy=False, name="x.asdf")
    except FileFormatError as error:
        assert "x.asdf" in str(error)


def test_plain_trees_need_no_asdf_package():
    code = (
        "import sys, numpy as np\n"
        "from jwstlike.datamodels.asdf_light import dump, load\n"
        "content = b''.join(map(bytes, dump({'a': [1, 'x'], 'b': np.arange(3)})))\n"
        "assert load(content, lazy=False)[0]['a'] == [1, 'x']\n"
        "assert not {'asdf', 'astropy', 'jsonschema'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

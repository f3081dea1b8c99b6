"""Nodes: attribute access, defaults, lists."""

import copy
import pickle

import numpy as np
import pytest

from jwstlike.datamodels import DataModel, ImageModel, properties
from jwstlike.datamodels.exceptions import ValidationWarning
from jwstlike.errors import UnknownAttributeError

SCHEMA = {
    "type": "object",
    "properties": {
        "meta": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "count": {"type": "integer", "default": 7},
                "items": {"type": "string"},
                "inner": {"type": "object", "properties": {"x": {"type": "number"}}},
            },
        },
        "data": {"datatype": "float32", "ndim": 3, "default": 0},
        "flat": {"datatype": "uint8", "ndim": 2, "default": 3},
        "table": {"datatype": [{"name": "a", "datatype": "int16"},
                               {"name": "b", "datatype": "float32", "ndim": 2}]},
        "slits": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "data": {"datatype": "float32", "ndim": 2, "default": 0},
                    "err": {"datatype": "float32", "ndim": 2, "default": 0},
                },
            },
        },
        "words": {"type": "array", "items": {"type": "string"}},
    },
}  # fmt: skip


@pytest.fixture
def model():
    return DataModel((2, 3, 4), schema=SCHEMA)


def test_a_node_is_made_once(model):
    assert model.meta.inner is model.meta.inner


def test_what_is_absent_is_none_or_its_default(model):
    assert model.meta.name is None
    assert model.meta.count == 7
    assert not model.meta.hasattr("count")


def test_an_unknown_name_is_an_error_that_helps(model):
    with pytest.raises(UnknownAttributeError, match=r"DataModel\.meta has no attribute 'nam'; did"):
        model.meta.nam  # noqa: B018
    assert model.get("meta.nam") is None
    assert model.get("meta.deep.down", default=5) == 5
    assert not hasattr(model.meta, "_private")


def test_a_near_miss_on_assignment_warns_and_is_kept(model):
    with pytest.warns(ValidationWarning, match="did you mean 'count'") as caught:
        model.meta.coumt = 3
    assert caught[0].filename == __file__
    assert model.meta.coumt == 3
    model.meta.something_quite_else = 4
    assert model.meta.something_quite_else == 4


def test_other_arrays_take_the_last_axes_of_the_primary_one(model):
    assert (model.flat.shape, model.flat.dtype, model.flat.max()) == ((3, 4), np.uint8, 3)
    assert model.table.shape == (0,)
    assert model.table.dtype["b"].shape == (0, 0)


def test_a_default_waits_until_it_is_assigned(model):
    assert model.flat is model.flat
    assert not model.hasattr("flat")
    model.flat = model.flat
    assert model.hasattr("flat")


def test_a_changed_default_enters_the_tree(model):
    model.flat[0, 0] = 1
    assert "flat" in model.instance
    model.slits.append({"name": "a"})
    assert model.instance["slits"] == [{"name": "a"}]


def test_an_empty_object_enters_the_tree_with_its_first_value(model):
    inner = model.meta.inner
    assert "inner" not in model.instance.get("meta", {})
    inner.x = 2
    assert model.instance["meta"]["inner"] == {"x": 2}


def test_numpy_scalars_become_plain(model):
    model.meta.inner.x = np.float32(1.5)
    assert type(model.meta.inner.x) is float


def test_deleting_and_setting_to_none_are_the_same(model):
    model.meta.inner.x = 1
    del model.meta.inner.x
    assert model.meta.inner.x is None
    with pytest.raises(AttributeError):
        del model.meta.inner.x


def test_a_required_value_cannot_be_deleted(model):
    model.meta.name = "a"
    with pytest.warns(ValidationWarning, match=r"meta\.name: is required and cannot be deleted"):
        del model.meta.name
    assert model.meta.name == "a"


def test_names_hidden_by_methods_are_reached_by_item(model):
    model["meta.items"] = "text"
    assert model["meta.items"] == "text"
    assert callable(model.meta.items)
    assert model.get("meta.items") == "text"


def test_a_node_is_a_mapping_of_its_leaves(model):
    model.meta.name, model.meta.inner.x = "a", 2
    assert dict(model.meta.items()) == {"name": "a", "inner.x": 2}
    assert dict(model.meta) == {"name": "a", "inner.x": 2}
    assert list(model.meta.keys()) == list(model.meta) == ["name", "inner.x"]
    assert model.meta.values() == ["a", 2]
    assert "inner" in model.meta
    assert len(model.meta) == 2
    assert {"count", "name"} <= set(dir(model.meta))
    assert model.meta == {"name": "a", "inner": {"x": 2}}


def test_what_is_absent_is_none_as_an_item_and_what_is_unknown_a_key_error(model):
    assert model["meta.name"] is model.meta["name"] is model.meta.name is None
    model.data = None
    assert model["data"] is None
    for path in ("nothing", "meta.nothing", "meta.nothing.x", "slits.0.name", "slits.x"):
        with pytest.raises(KeyError, match=path):
            model[path]


def test_defaults_and_dtypes_can_be_asked_for(model):
    assert model.get_default("flat").shape == (3, 4)
    assert model.get_dtype("data") == np.float32
    assert not model.hasattr("flat")
    with pytest.raises(AttributeError, match="nothing"):
        model.get_default("nothing")
    with pytest.raises(ValueError, match="meta has no datatype"):
        model.get_dtype("meta")


def test_arrays_in_appended_items_are_cast(model):
    model.slits.append({"name": "a", "data": [[1, 2], [3, 4]]})
    assert model.slits[0].data.dtype == np.float32
    assert model.slits[0].err.shape == (2, 2)


def test_a_list_is_a_list(model):
    words = model.words
    words.extend(["b", "c"])
    words.insert(0, "a")
    assert (list(words), len(words), words[-1]) == (["a", "b", "c"], 3, "c")
    assert words[1:] == ["b", "c"]
    words[0] = "z"
    words.sort()
    words.reverse()
    assert model.words == ["z", "c", "b"]
    assert (words.index("c"), words.count("c"), "q" in words) == (1, 1, False)
    assert words.pop() == "b"
    words.remove("c")
    del words[0]
    assert list(model.words) == []
    with pytest.raises(ValueError, match="'q' is not in the list"):
        words.index("q")


def test_an_invalid_item_is_not_appended(model):
    with pytest.warns(ValidationWarning, match=r"words\.0: 5 is an integer"):
        model.words.append(5)
    assert list(model.words) == []


def test_an_item_can_be_made_before_it_is_appended(model):
    slit = model.slits.item(name="a", data=np.ones((2, 2)))
    model.slits.append(slit)
    assert model.slits[0].name == "a"
    with pytest.warns(ValidationWarning):
        assert model.slits.item(name=5) is None


def test_items_by_path(model):
    model.slits.append({"name": "a"})
    model["slits.0.name"] = "b"
    assert model["slits.0.name"] == "b"
    with pytest.raises(KeyError):
        model["slits.7.name"]


def test_nodes_pickle_and_copy(model):
    model.meta.name = "a"
    assert pickle.loads(pickle.dumps(model.meta)).name == "a"
    other = copy.deepcopy(model.meta)
    other.name = "b"
    assert model.meta.name == "a"


def test_put_value_makes_the_way():
    tree = {}
    properties.put_value(("a", "b"), 1, tree)
    properties.put_value(("c", 1, "d"), 2, tree)
    assert tree == {"a": {"b": 1}, "c": [{}, {"d": 2}]}


def test_merge_tree_lets_the_second_win():
    assert properties.merge_tree({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}, "d": 4}) == {
        "a": {"b": 3, "c": 2},
        "d": 4,
    }


def test_the_makers_of_defaults_take_plain_schemas():
    assert properties._make_default("x", {"type": "integer", "default": 3}, None) == 3
    array = properties._make_default_array("x", {"datatype": "int16", "ndim": 2}, None)
    assert (array.shape, array.dtype) == ((0, 0), np.int16)
    assert properties._cast([1, 2], {"datatype": "float32"}).dtype == np.float32


def test_assigned_dicts_are_not_filled_from_the_file(tmp_path):
    model = ImageModel((2, 2))
    model.meta.instrument.name, model.meta.instrument.detector = "NIRCAM", "NRCA1"
    model.meta.notes = {"a": 1, "b": 2}
    model = ImageModel(model.save(tmp_path / "a.fits"))
    model.meta.instrument = {"name": "MIRI"}
    model.meta.notes = {"c": 3}
    assert model.meta.instrument.detector is None
    again = ImageModel(model.save(tmp_path / "b.fits"))
    assert again.meta.instrument.instance == {"name": "MIRI"}
    assert again.meta.notes.instance == {"c": 3}

"""Copies of models share the arrays that nobody else holds; nobody ever notices."""

import io
import pickle
import tracemalloc

import asdf
import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike.datamodels import ImageModel, MaskModel, MultiSlitModel, RampModel, SlitModel
from jwstlike.datamodels.sharing import SharedArray

SIDE = 256  # 256 x 256 float32: large enough to be shared


def image(value=1.0):
    return ImageModel(np.full((SIDE, SIDE), value, "f4"))


def is_shared(model, name="data"):
    return isinstance(model._tree[name], SharedArray)


def test_an_array_that_nobody_holds_is_shared_without_memory():
    model = RampModel(np.zeros((1, 4, 512, 512), "f4"))
    tracemalloc.start()
    other = model.copy()
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert is_shared(model)
    assert is_shared(other)
    assert used < 100_000


def test_each_side_gets_an_array_of_its_own():
    model = image()
    other = model.copy()
    model.data[0, 0] = 5
    assert other.data[0, 0] == 1
    other.data[1, 1] = 7
    assert model.data[1, 1] == 1
    assert model.data[0, 0] == 5


def test_an_array_stays_the_same_object_after_its_first_access():
    model = image()
    model.copy()
    assert model.data is model.data


def test_a_reference_from_before_writes_to_the_model_alone():
    model = image()
    held = model.data
    other = model.copy()
    held[0, 0] = 9
    assert model.data is held
    assert other.data[0, 0] == 1


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[3:, 4:],
        lambda a: a.T,
        lambda a: a[0][1:],
        lambda a: memoryview(a),
        lambda a: a.view("u4"),
        lambda a: a.reshape(-1)[1:].reshape(-1, 1),
    ],
)
def test_a_view_from_before_writes_to_the_model_alone(view):
    model = image()
    held = view(model.data)
    other = model.copy()
    assert not is_shared(model)
    np.asarray(held)[...] = 0
    np.testing.assert_array_equal(other.data, 1)
    assert not model.data.all()


def test_the_array_that_a_view_in_the_model_looks_at_counts():
    whole = np.ones((2, SIDE, SIDE), "f4")
    model = ImageModel(whole[0])
    other = model.copy()
    whole[:] = 0
    np.testing.assert_array_equal(other.data, 1)
    del whole
    third = model.copy()
    assert is_shared(third)


def test_writing_through_the_copy_leaves_the_model():
    model = image()
    other = model.copy()
    other.data[:] = 4
    np.testing.assert_array_equal(model.data, 1)


def test_a_copy_of_a_copy_is_independent_too():
    first = image()
    second = first.copy()
    third = second.copy()
    second.data[:] = 2
    third.data[:] = 3
    assert (first.data[0, 0], second.data[0, 0], third.data[0, 0]) == (1, 2, 3)


def test_a_model_that_shares_the_content_sees_what_the_other_changed():
    model = image()
    same = ImageModel(model)
    other = model.copy()
    model.data[0, 0] = 6
    assert same.data[0, 0] == 6
    assert other.data[0, 0] == 1


def test_arrays_of_the_slits_of_a_file_are_shared(tmp_path):
    model = MultiSlitModel()
    model.slits.append(SlitModel(data=np.ones((SIDE, SIDE), "f4")))
    model = MultiSlitModel(model.save(tmp_path / "a.fits"))
    assert model.slits[0].data.all()
    other = model.copy()
    assert isinstance(other._tree["slits"][0]["data"], SharedArray)
    model.slits[0].data[:] = 2
    np.testing.assert_array_equal(other.slits[0].data, 1)


def test_a_slit_and_its_model_share_an_array_after_a_copy(tmp_path):
    model = MultiSlitModel()
    model.slits.append(SlitModel(data=np.ones((SIDE, SIDE), "f4")))
    model = MultiSlitModel(model.save(tmp_path / "a.fits"))
    assert model.slits[0].data.all()
    other = model.copy()
    slit = model[0]
    slit.data[:] = 5
    assert model.slits[0].data[0, 0] == 5
    assert other.slits[0].data[0, 0] == 1


@pytest.mark.parametrize("place", [lambda m: m.instance, lambda m: m.meta.instance])
def test_a_tree_that_was_handed_out_keeps_its_arrays(place):
    model = image()
    place(model)
    other = model.copy()
    assert not is_shared(model)
    assert not is_shared(other)
    same = ImageModel(model)
    assert not is_shared(same.copy())


def test_a_dict_of_the_user_keeps_its_arrays():
    tree = {"data": np.ones((SIDE, SIDE), "f4")}
    model = ImageModel(tree)
    other = model.copy()
    tree["data"][:] = 2
    assert model.data[0, 0] == 2
    assert other.data[0, 0] == 1
    model.meta.mine = mine = {"big": np.ones((SIDE, SIDE))}
    third = model.copy()
    mine["big"][:] = 3
    assert third.meta.mine.big[0, 0] == 1


def test_translated_flags_are_not_translated_again():
    flags = [(0, 1, "DEAD", ""), (1, 2, "DO_NOT_USE", "")]
    model = MaskModel((SIDE, SIDE))
    model.dq_def = np.array(flags, model.get_dtype("dq_def"))
    model.dq[:] = 1  # DO_NOT_USE, stored as 2; a 1 that is stored means DEAD
    file = io.BytesIO()
    model.to_fits(file)
    model = MaskModel(file.getvalue())
    assert model.dq[0, 0] == 1
    other = model.copy()
    assert is_shared(other, "dq")
    assert model.dq[0, 0] == other.dq[0, 0] == 1


def test_small_and_unusual_arrays_are_copied():
    model = ImageModel(np.ones((4, 4), "f4"))
    model.veiled = np.ma.masked_array(np.ones((SIDE, SIDE)), mask=True)
    model.table = np.zeros(10_000, [("a", "f8"), ("b", "i4")])
    other = model.copy()
    assert not any(is_shared(other, name) for name in ("data", "veiled", "table"))


def test_shape_section_and_equality_need_no_copy():
    model = image()
    other = model.copy()
    assert other.shape == (SIDE, SIDE)
    assert other.section["data"][2, 3] == 1
    assert other == model
    assert is_shared(other)
    assert is_shared(model)


def test_a_shared_array_is_saved(tmp_path):
    model = image(3)
    other = model.copy()
    other.save(tmp_path / "a.fits")
    other.save(tmp_path / "a.asdf")
    assert is_shared(other)
    np.testing.assert_array_equal(afits.getdata(tmp_path / "a.fits", "SCI"), np.float32(3))
    with asdf.open(tmp_path / "a.asdf") as file:
        np.testing.assert_array_equal(file["data"], np.float32(3))


def test_an_array_that_was_only_read_stays_untouched_in_a_copy(tmp_path):
    data = np.arange(SIDE * SIDE, dtype=">i2").reshape(SIDE, SIDE)
    science = afits.ImageHDU(data, name="SCI")
    science.header["BSCALE"] = 0.5
    afits.HDUList([afits.PrimaryHDU(), science]).writeto(tmp_path / "a.fits")
    model = ImageModel(tmp_path / "a.fits")
    assert model.data.dtype == np.float32
    model.copy().save(tmp_path / "b.fits")
    one, two = ((tmp_path / name).read_bytes() for name in ("a.fits", "b.fits"))
    assert one[-science.filebytes() :] in two


def test_a_shared_array_pickles():
    model = image(2)
    other = model.copy()
    again = pickle.loads(pickle.dumps(other))
    np.testing.assert_array_equal(again.data, 2)
    again.data[:] = 0
    np.testing.assert_array_equal(other.data, 2)

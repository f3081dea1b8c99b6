"""What was changed, by whatever route, is saved; items that nobody changed are copied."""

import copy
import pickle
import weakref

import numpy as np
import pytest
from astropy.io import fits

from jwstlike import datamodels
from jwstlike.datamodels import fits_support
from jwstlike.datamodels.fits_scan import scan
from jwstlike.datamodels.untouched import untouched_items
from jwstlike.datamodels.validate import ValidationError, ValidationWarning

COUNT = 4


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make a file with slits that have cards in two objects, two images, and no ASDF extension."""
    path = tmp_path_factory.mktemp("made") / "slits.fits"
    model = datamodels.MultiSlitModel()
    for number in range(1, COUNT + 1):
        slit = datamodels.SlitDataModel(name=f"S{number}", source_id=number)
        slit.data = np.full((3, 4), number, "f4")
        slit.dq = np.full((3, 4), number, "u4")
        slit.meta.wcsinfo.crval1 = float(number)
        model.slits.append(slit)
    model.save(path)
    with fits.open(path) as hdulist:
        del hdulist["ASDF"]
        hdulist["SCI", 2].header["MYKEY"] = 7
        hdulist.append(fits.ImageHDU(np.arange(6), name="FOREIGN"))
        hdulist.writeto(path, overwrite=True)
    return path


@pytest.fixture
def model(made):
    return datamodels.open(made)


def card(path, keyword, extver=2, extname="SCI"):
    with fits.open(path) as hdulist:
        return hdulist[extname, extver].header.get(keyword)


def pixel(path, extver=2, extname="SCI"):
    with fits.open(path) as hdulist:
        return hdulist[extname, extver].data[0, 0]


def untouched(model):
    is_untouched, spec = untouched_items(model), model._spec.children["slits"].item
    return [n for n, item in enumerate(model.slits._tree, 1) if is_untouched(item, spec)]


def held_node(model):
    node = model.slits[1]
    model.validate()
    node.name = "new"


def by_instance(model):
    model.instance["slits"][1]["name"] = "new"


def by_held_instance(model):
    tree = model.slits[1].instance
    model.check()
    tree["name"] = "new"


def by_search(model):
    model.search(key="^name$", value="S2").replace("new")


def in_a_deferred_block(model):
    with model.deferred():
        model.slits[1].name = "new"


def through_a_model_of_the_same_content(model):
    datamodels.MultiSlitModel(model).slits[1].name = "new"


def through_a_list_of_another_model(model):
    other = datamodels.MultiSlitModel()
    other.slits.append(model.slits[1])
    other.slits[0].name = "new"


def by_a_dict_that_the_user_keeps(model):
    mine = model.slits[1].instance.copy()
    model.slits[1] = mine
    model.check()
    mine["name"] = "new"


ROUTES = {
    "attribute": lambda m: setattr(m.slits[1], "name", "new"),
    "item path": lambda m: m.__setitem__("slits.1.name", "new"),
    "a node held from before": held_node,
    "instance": by_instance,
    "the dict of a node": by_held_instance,
    "search": by_search,
    "deferred": in_a_deferred_block,
    "another model of the content": through_a_model_of_the_same_content,
    "the list of another model": through_a_list_of_another_model,
    "a dict that the user keeps": by_a_dict_that_the_user_keeps,
    "a new item": lambda m: m.slits.__setitem__(1, {**m.slits[1].instance, "name": "new"}),
    "the whole list": lambda m: setattr(
        m, "slits", [{**s.instance, "name": "new"} for s in m.slits]
    ),
}


@pytest.mark.parametrize("is_loaded", [False, True])
@pytest.mark.parametrize("route", ROUTES)
def test_a_value_changed_by_any_route_is_saved(model, tmp_path, route, is_loaded):
    if is_loaded:
        assert not model.check()
    ROUTES[route](model)
    path = model.save(tmp_path / "out.fits")
    assert card(path, "SLTNAME") == "new"
    assert pixel(path) == 2
    assert card(path, "SLTNAME", 3) == ("new" if route == "the whole list" else "S3")


ARRAYS = {
    "assigned": lambda m: setattr(m.slits[1], "data", np.full((3, 4), 9, "f4")),
    "in place": lambda m: m.slits[1].data.__setitem__(0, 9),
    "by its node": lambda m: m["slits.1.data"].__setitem__(0, 9),
    "of items": lambda m: dict(m.items())["slits.1.data"].__setitem__(0, 9),
    "of a slit as a model": lambda m: m[1].data.__setitem__(0, 9),
    "of a shared model": lambda m: datamodels.MultiSlitModel(m).slits[1].data.fill(9),
}


@pytest.mark.parametrize("route", ARRAYS)
def test_pixels_changed_by_any_route_are_saved(model, tmp_path, route):
    ARRAYS[route](model)
    path = model.save(tmp_path / "out.fits")
    assert pixel(path) == 9
    assert [pixel(path, n) for n in (1, 3, 4)] == [1, 3, 4]
    assert pixel(path, 2, "DQ") == 2


def test_a_default_array_that_is_changed_in_place_is_saved(model, tmp_path):
    model.slits[1].err[0, 0] = 9
    path = model.save(tmp_path / "out.fits")
    assert pixel(path, 2, "ERR") == 9


def test_a_deleted_value_and_a_deleted_array_are_gone(model, tmp_path):
    del model.slits[1].name
    del model.slits[2].dq
    path = model.save(tmp_path / "out.fits")
    assert card(path, "SLTNAME") is None
    assert card(path, "SLTNAME", 1) == "S1"
    with fits.open(path) as hdulist:
        assert [hdu.ver for hdu in hdulist if hdu.name == "DQ"] == [1, 2, 4]


def test_what_was_taken_out_of_the_raw_tree_is_gone(model, tmp_path):
    del model.instance["slits"][1]["meta"]
    path = model.save(tmp_path / "out.fits")
    assert card(path, "CRVAL1") is None
    assert card(path, "CRVAL1", 3) == 3
    again = datamodels.open(path)
    assert again.slits[1].meta.wcsinfo.crval1 is None


def test_what_was_taken_out_of_the_raw_tree_is_gone_from_a_copy(model, tmp_path):
    del model.instance["slits"][1]["meta"]
    path = model.copy().save(tmp_path / "out.fits")
    assert card(path, "CRVAL1") is None


def test_an_object_of_one_slit_assigned_to_another_is_saved_in_both(model, tmp_path):
    model.slits[1].meta = model.slits[2].meta
    path = model.save(tmp_path / "out.fits")
    assert [card(path, "CRVAL1", n) for n in (1, 2, 3, 4)] == [1, 3, 3, 4]


def test_a_slit_that_stands_twice_in_the_list_is_written_twice(model, tmp_path):
    model.slits.append(model.slits[1])
    path = model.save(tmp_path / "out.fits")
    assert [card(path, "SLTNAME", n) for n in range(1, 6)] == ["S1", "S2", "S3", "S4", "S2"]
    assert pixel(path, 5) == 2


@pytest.mark.parametrize("change", ["pop", "reverse", "insert", "sort"])
def test_lists_in_another_order_are_saved_so(model, tmp_path, change):
    {
        "pop": lambda: model.slits.pop(0),
        "reverse": model.slits.reverse,
        "insert": lambda: model.slits.insert(0, {"name": "new", "data": np.ones((2, 2), "f4")}),
        "sort": lambda: model.slits.sort(key=lambda slit: -slit.source_id),
    }[change]()
    names = [slit.name for slit in model.slits]
    path = model.save(tmp_path / "out.fits")
    assert [card(path, "SLTNAME", n) for n in range(1, len(names) + 1)] == names
    assert [slit.name for slit in datamodels.open(path).slits] == names


COPIES = {
    "copy": lambda m: m.copy(),
    "deepcopy": copy.deepcopy,
    "pickle": lambda m: pickle.loads(pickle.dumps(m)),
    "a copy of a pickle": lambda m: pickle.loads(pickle.dumps(m)).copy(),
    "opened again": lambda m: datamodels.open(m),
}


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("way", COPIES)
def test_copies_save_what_was_changed_before_and_after(model, tmp_path, way, is_late):
    if not is_late:
        model.slits[1].name = "new"
        model.slits[2].data[0] = 9
    other = COPIES[way](model)
    if is_late:
        other.slits[1].name = "new"
        other.slits[2].data[0] = 9
    path = other.save(tmp_path / "out.fits")
    assert [card(path, "SLTNAME", n) for n in (1, 2, 3)] == ["S1", "new", "S3"]
    assert [pixel(path, n) for n in (1, 2, 3, 4)] == [1, 2, 9, 4]


def test_extra_cards_history_and_metadata_are_saved_beside_untouched_slits(model, tmp_path):
    model.extra_fits["SCI,2"].header[0][1] = 8
    model.extra_fits.FOREIGN.data[0] = 5
    model.history.append("a step")
    other = datamodels.ImageModel()
    other.meta.telescope = "JWST"
    model.update(other)
    model.update({"meta": {"observation": {"program_number": "00042"}}})
    path = model.save(tmp_path / "out.fits")
    assert card(path, "MYKEY") == 8
    with fits.open(path) as hdulist:
        assert hdulist["FOREIGN"].data[0] == 5
        assert list(hdulist[0].header["HISTORY"]) == ["a step"]
        assert hdulist[0].header["TELESCOP"] == "JWST"
        assert hdulist[0].header["PROGRAM"] == "00042"


def test_a_wcs_put_into_a_header_is_saved(tmp_path):
    image = datamodels.ImageModel((3, 4))
    image.meta.wcsinfo.ctype1, image.meta.wcsinfo.ctype2 = "RA---TAN", "DEC--TAN"
    image.meta.wcsinfo.crval1 = image.meta.wcsinfo.crval2 = 1.0
    image = datamodels.open(image.save(tmp_path / "image.fits"))
    wcs = image.get_fits_wcs()
    wcs.wcs.crval = (12.0, 1.0)
    image.set_fits_wcs(wcs)
    path = image.save(tmp_path / "out.fits")
    assert card(path, "CRVAL1", 1) == 12.0


def test_another_schema_moves_untouched_arrays(model, tmp_path):
    item = {"properties": {"data": {"fits_hdu": "OTHER"}}}
    model.extend_schema({"properties": {"slits": {"items": item}}})
    path = model.save(tmp_path / "out.fits")
    assert pixel(path, 2, "OTHER") == 2


def test_writers_of_a_user_see_every_slit(model, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setitem(
        fits_support.FITS_VALIDATORS, "title", lambda plan, spec, value, where: seen.append(value)
    )
    model.save(tmp_path / "out.fits")
    assert {"S1", "S2", "S3", "S4"} <= {value for value in seen if isinstance(value, str)}


def test_untouched_slits_are_not_read_and_their_bytes_are_copied(model, made, tmp_path):
    path = model.save(tmp_path / "out.fits")
    assert untouched(model) == [1, 2, 3, 4]
    assert not any("name" in item for item in model.slits._tree)
    before, after = scan(str(made)), scan(path)
    start, end = before[1].header_offset, before[-1].end
    first = after[1].header_offset
    assert made.read_bytes()[start:end] == (tmp_path / "out.fits").read_bytes()[first:]


def test_looking_at_slits_does_not_touch_them(model):
    assert model.slits[0].name == "S1"
    assert model.slits[1].meta.wcsinfo.crval1 == 2
    assert model.slits[1].meta.wcsinfo.crval2 is None
    assert model.slits[2].hasattr("err") is False
    model.check()
    model.search(key="name")
    assert untouched(model) == [1, 2, 3, 4]
    model.slits[0].name = "new"
    assert model.slits[1].data[0, 0] == 2
    assert untouched(model) == [3, 4]


def test_saving_to_the_same_file_leaves_slits_untouched(model, made, tmp_path):
    path = tmp_path / "same.fits"
    path.write_bytes(made.read_bytes())
    model = datamodels.open(path)
    model.slits[0].name = "new"
    model.save(path)
    assert untouched(model) == [2, 3, 4]
    model.slits[1].name = "newer"
    model.slits[2].data[0] = 9
    model.save(path)
    assert [card(path, "SLTNAME", n) for n in (1, 2, 3)] == ["new", "newer", "S3"]
    assert [pixel(path, n) for n in (1, 2, 3, 4)] == [1, 2, 9, 4]


@pytest.fixture
def wrong(made, tmp_path):
    """Make a file with a card that the schema refuses, in the third slit."""
    path = tmp_path / "wrong.fits"
    with fits.open(made) as hdulist:
        hdulist["SCI", 3].header["SOURCEID"] = "none"
        hdulist.writeto(path)
    return path


def test_a_wrong_card_of_an_untouched_slit_is_kept_and_told_of_by_check(wrong, tmp_path):
    path = datamodels.open(wrong).save(tmp_path / "out.fits")
    assert card(path, "SOURCEID", 3) == "none"
    assert [f.path for f in datamodels.open(wrong).check()] == ["slits.2.source_id"]


def test_a_changed_slit_is_checked_beside_untouched_ones(model, tmp_path):
    model.slits[1].instance["name"] = 5
    with pytest.warns(ValidationWarning, match=r"slits\.1\.name"):
        model.save(tmp_path / "out.fits")


def test_a_wrong_value_is_refused_beside_untouched_ones(made, tmp_path):
    model = datamodels.open(made, validate="strict")
    model.slits[1].instance["name"] = 5
    with pytest.raises(ValidationError, match=r"slits\.1\.name"):
        model.save(tmp_path / "out.fits")
    assert not (tmp_path / "out.fits").exists()


# ---------------------------------------------------------------- checks, one after the other


@pytest.fixture
def checked():
    """Make a model in memory that was found clean."""
    model = datamodels.MultiSlitModel()
    for number in range(3):
        slit = datamodels.SlitDataModel(name=f"S{number}", source_id=number)
        slit.data = np.zeros((3, 4), "f4")
        slit.meta.wcsinfo.crval1 = 1.0
        model.slits.append(slit)
    assert not model.check()
    assert not model.check()
    return model


def give_no_array(model):
    model.slits[1]._tree["data"] = [1.0, 2.0]


def give_other_names(model):
    model.slits[1]._tree["sourceid"] = 5


WRONG = {
    "slits.1.name": lambda m: m.instance["slits"][1].update(name=5),
    "slits.1.source_id": lambda m: m.slits[1]._tree.update(source_id=1.5),
    "slits.1.source_xpos": lambda m: m.slits[1]._tree.update(source_xpos="left"),
    "slits.1.meta.wcsinfo.crval1": lambda m: m.slits[1].meta.wcsinfo._tree.update(crval1=True),
    "slits.1.data": give_no_array,
    "slits.1.sourceid": give_other_names,
    "slits.1.meta": lambda m: m.slits[1]._tree.update(meta=7),
    "slits.1": lambda m: m.slits._tree.__setitem__(1, "a text"),
    "slits": lambda m: m._tree.update(slits=5),
}


@pytest.mark.parametrize("path", WRONG)
def test_a_later_check_finds_what_was_changed_since(checked, path):
    if path == "slits.1.sourceid":
        del checked.slits[1]._tree["source_id"]
    WRONG[path](checked)
    for _ in range(2):
        assert [finding.path for finding in checked.check()] == [path]


def test_a_fault_that_was_mended_is_no_longer_found(checked):
    checked.slits[1]._tree["name"] = 5
    assert len(checked.check()) == 1
    checked.slits[1].name = "S1"
    assert not checked.check()


def test_a_check_keeps_no_array_alive(checked):
    array = np.zeros((3, 4), "f4")
    checked.slits[0].data = array
    checked.check()
    gone = weakref.ref(array)
    del array
    del checked.slits[0]
    assert gone() is None


def test_values_at_a_place_in_memory_that_was_free_are_looked_at(checked):
    for number in range(200):
        checked.slits[1] = {"name": "S1", "source_id": number}
        assert not checked.check()
        checked.slits[1]._tree["source_id"] = number + 0.5
        assert len(checked.check()) == 1

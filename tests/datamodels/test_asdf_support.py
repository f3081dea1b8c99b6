"""Trees with objects (WCS, Time, Quantity), unknown tags and damaged blocks."""

import re
import subprocess
import sys
from pathlib import Path

import asdf
import numpy as np
import pytest
from asdf.exceptions import AsdfConversionWarning
from astropy.io import fits

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, asdf_light
from jwstlike.datamodels.asdf_nodes import TaggedDict
from jwstlike.datamodels.asdf_objects import decode
from jwstlike.datamodels.asdf_support import content
from jwstlike.datamodels.exceptions import ValidationWarning
from jwstlike.errors import CannotBeSavedError


@pytest.fixture(scope="module")
def wcs():
    """Make a gwcs object that turns pixels into degrees on the sky."""
    import gwcs
    from astropy import units as u
    from astropy.coordinates import ICRS
    from astropy.modeling import models
    from gwcs import coordinate_frames as frames

    transform = (
        (models.Shift(-5) & models.Shift(-5))
        | (models.Scale(0.1) & models.Scale(0.1))
        | models.Pix2Sky_TAN()
        | models.RotateNative2Celestial(10, 20, 180)
    )
    detector = frames.Frame2D(name="detector", axes_order=(0, 1), unit=(u.pix, u.pix))
    sky = frames.CelestialFrame(reference_frame=ICRS(), name="world")
    return gwcs.WCS([(detector, transform), (sky, None)])


def sky_of(wcs):
    return np.asarray(wcs(3.0, 4.0), float)


@pytest.mark.parametrize("suffix", ["fits", "asdf"])
def test_a_wcs_comes_back_as_an_object(tmp_path, wcs, suffix):
    model = ImageModel((10, 10))
    model.meta.wcs = wcs
    path = model.save(tmp_path / f"a.{suffix}")
    again = datamodels.open(path)
    assert type(again.meta.wcs) is type(wcs)
    assert again.meta.wcs is again.meta.wcs
    np.testing.assert_allclose(sky_of(again.meta.wcs), sky_of(wcs))
    third = datamodels.open(again.save(tmp_path / f"b.{suffix}"))  # after it was touched
    np.testing.assert_allclose(sky_of(third.meta.wcs), sky_of(wcs))
    fourth = third.copy().save(tmp_path / f"c.{suffix}")
    np.testing.assert_allclose(sky_of(datamodels.open(fourth).meta.wcs), sky_of(wcs))


def test_an_untouched_wcs_passes_without_asdf(tmp_path, wcs):
    model = ImageModel((10, 10))
    model.meta.wcs = wcs
    path = model.save(tmp_path / "a.fits")
    code = (
        "import sys\n"
        "from jwstlike import datamodels\n"
        "model = datamodels.open(sys.argv[1])\n"
        "model.meta.target.catalog_name = 'M31'\n"
        "model.meta.notes = 'something new for the ASDF extension'\n"
        "model.save(sys.argv[2])\n"
        "assert 'asdf' not in sys.modules and 'gwcs' not in sys.modules\n"
    )
    new = tmp_path / "b.fits"
    subprocess.run([sys.executable, "-c", code, path, str(new)], check=True)
    again = datamodels.open(new)
    assert again.meta.notes.startswith("something")
    np.testing.assert_allclose(sky_of(again.meta.wcs), sky_of(wcs))


def test_an_unknown_tag_is_kept_raw(tmp_path):
    """Case 72."""
    node = TaggedDict({"a": 1}, "tag:example.org:thing-1.0.0")
    model = ImageModel((2, 2))
    model.meta.thing = node
    for name in ("a.fits", "b.asdf"):
        model = datamodels.open(model.save(tmp_path / name))
        told = rf"{name} \(meta\.thing\): no installed package reads tag:example.org:thing-1.0.0;"
        with pytest.warns(AsdfConversionWarning, match=told):
            found = model.meta.thing
        assert (dict(found), found._tag) == ({"a": 1}, "tag:example.org:thing-1.0.0")
        assert model.meta.thing == found  # it is told once


def test_nothing_is_said_of_unknown_tags_on_request(tmp_path):
    model = ImageModel((2, 2))
    model.meta.thing = TaggedDict({"a": 1}, "tag:example.org:thing-1.0.0")
    path = model.save(tmp_path / "a.asdf")
    assert datamodels.open(path, ignore_unrecognized_tag=True).meta.thing["a"] == 1


@pytest.mark.filterwarnings("ignore::asdf.exceptions.AsdfConversionWarning")
def test_an_unknown_tag_is_kept_beside_objects_of_asdf(tmp_path, wcs):
    model = ImageModel((2, 2))
    model.meta.thing = TaggedDict({"a": [1, np.arange(3)]}, "tag:example.org:thing-1.0.0")
    model.meta.wcs = wcs
    again = datamodels.open(model.save(tmp_path / "a.asdf"))
    assert again.meta.thing._tag == "tag:example.org:thing-1.0.0"
    np.testing.assert_array_equal(np.asarray(again.meta.thing["a"][1]), [0, 1, 2])


def test_times_and_quantities_are_objects(tmp_path):
    from astropy import units as u
    from astropy.time import Time

    model = ImageModel((2, 2))
    model.meta.start, model.meta.width = Time("2020-01-01T00:00:00"), 3 * u.arcsec
    again = datamodels.open(model.save(tmp_path / "a.asdf"))
    assert again.meta.start == Time("2020-01-01T00:00:00")
    assert again.meta.width == 3 * u.arcsec


def test_beside_objects_tables_keep_units_and_undefined_cells(tmp_path):
    from astropy.table import MaskedColumn, Table
    from astropy.time import Time

    model = ImageModel((2, 2))
    column = MaskedColumn([1, 2], mask=[False, True], unit="mJy")
    model.extra_fits = {"T": {"data": Table({"n": column})}}
    model.meta.start = model.meta.end = Time("2020-01-01T00:00:00")
    again = datamodels.open(model.save(tmp_path / "a.asdf"))
    assert again.extra_fits.T.data["n"].tolist() == [1, None]
    assert again.extra_fits.T.data.columns["n"].unit == "mJy"
    with asdf.open(tmp_path / "a.asdf") as file:
        assert file["meta"]["end"] == Time("2020-01-01T00:00:00")
        names = [entry["extension_uri"] for entry in file["history"]["extensions"]]
    assert len(names) == len(set(names)) > 0


@pytest.mark.filterwarnings("ignore::asdf.exceptions.AsdfConversionWarning")
@pytest.mark.filterwarnings("ignore::jwstlike.errors.NoTypeWarning")
@pytest.mark.filterwarnings("ignore:.*must be an object; kept")
@pytest.mark.parametrize(
    "meta", ["a text", [1, 2], TaggedDict({"a": 1}, "tag:example.org:m-1.0.0")]
)
def test_a_meta_that_is_no_plain_mapping_stays_what_it_is(tmp_path, meta):
    (tmp_path / "a.asdf").write_bytes(content({"meta": meta, "b": 1}))
    model = datamodels.open(tmp_path / "a.asdf")
    assert model.b == 1
    model.save(tmp_path / "b.asdf")
    tree = asdf_light.load(tmp_path / "b.asdf")[0]
    assert tree["meta"] == meta
    assert getattr(tree["meta"], "_tag", None) == getattr(meta, "_tag", None)


def test_constants_and_software_are_nodes_and_keep_their_tags(tmp_path):
    software = TaggedDict({"name": "n"}, "tag:stsci.edu:asdf/core/software-1.0.0")
    tree = {"meta": {"model_type": "ImageModel", "made_by": software}}
    (tmp_path / "a.asdf").write_bytes(content(tree))
    model = datamodels.open(tmp_path / "a.asdf")
    assert model.meta.made_by.name == "n"
    model.meta.made_by.name = "m"
    node = asdf_light.load(model.save(tmp_path / "b.asdf"))[0]["meta"]["made_by"]
    assert (node, node._tag) == ({"name": "m"}, software._tag)


def test_slits_that_old_files_have_under_the_tag_of_trees_are_slits():
    slits = [TaggedDict({"name": "S1"}, "tag:stsci.edu:asdf/core/asdf-1.0.0")]
    tree = {"meta": {"model_type": "MultiSlitModel"}, "slits": slits}
    model = datamodels.open(content(tree))
    assert model.slits[0].name == "S1"
    model.slits[0].name = "S2"
    assert model.slits[0].name == "S2"


def test_decode_gives_back_what_nobody_knows():
    node = TaggedDict({"a": 1}, "tag:example.org:thing-1.0.0")
    assert decode(node) is node


def test_asdf_reads_what_we_write(tmp_path):
    model = ImageModel(np.arange(6, dtype="f4").reshape(2, 3))
    model.meta.instrument.name = "MIRI"
    model.history.append("an event")
    model.save(tmp_path / "a.asdf")
    with asdf.open(tmp_path / "a.asdf") as file:
        assert file["meta"]["instrument"]["name"] == "MIRI"
        np.testing.assert_array_equal(file["data"], [[0, 1, 2], [3, 4, 5]])
        assert file.get_history_entries()[0]["description"] == "an event"


def test_options_of_asdf_are_passed_on(tmp_path):
    model = ImageModel(np.zeros((200, 200)))
    model.to_asdf(tmp_path / "a.asdf", all_array_compression="zlib")
    assert (tmp_path / "a.asdf").stat().st_size < 20000
    assert datamodels.open(tmp_path / "a.asdf").data.sum() == 0


def test_an_open_asdf_file_is_read_and_left_open(tmp_path):
    ImageModel(np.ones((2, 2))).save(tmp_path / "a.asdf")
    with asdf.open(tmp_path / "a.asdf") as file:
        model = datamodels.open(file)
        assert model.data.sum() == 4
        assert file["meta"]["model_type"] == "ImageModel"


def test_an_array_of_a_cut_block_is_left_out_of_a_save(tmp_path):
    model = ImageModel((2, 2))
    model.meta.notes = {"good": np.ones(4), "text": "kept"}
    model.late = np.arange(100.0)
    model.save(tmp_path / "a.asdf")
    whole = (tmp_path / "a.asdf").read_bytes()
    cut = whole[: whole.index(np.arange(100.0).tobytes()) + 400]
    (tmp_path / "b.asdf").write_bytes(cut)
    model = datamodels.open(tmp_path / "b.asdf")
    with pytest.warns(ValidationWarning, match=r"late: .*left out of what is saved"):
        model.save(tmp_path / "c.asdf")
    again = datamodels.open(tmp_path / "c.asdf")
    assert not again.hasattr("late")
    assert again.meta.notes.good.sum() == 4


@pytest.fixture
def damaged(tmp_path):
    """Make a model of a file whose last block, that of `err`, is cut."""
    model = ImageModel(np.ones((20, 20), "f4"))
    model.dq, model.err = np.full((20, 20), 2, "u4"), np.ones((20, 20), "f4")
    content = Path(model.save(tmp_path / "a.asdf")).read_bytes()
    (tmp_path / "a.asdf").write_bytes(content[: content.rindex(b"\xd3BLK") + 100])
    return datamodels.open(tmp_path / "a.asdf")


CUT_ERR = r"^err: .*a\.asdf.*: the data are cut: .*; left out$"


@pytest.mark.parametrize("method", ["to_flat_dict", "items"])
def test_a_damaged_array_does_not_keep_the_others_back(damaged, method):
    with pytest.warns(ValidationWarning, match=CUT_ERR) as caught:
        found = dict(getattr(damaged, method)())
    assert len(caught) == 1
    assert (found["data"].sum(), found["dq"].sum()) == (400, 800)
    assert "err" not in found
    assert found["meta.model_type"] == "ImageModel"


def test_an_image_comes_without_its_damaged_errors(damaged):
    with pytest.warns(ValidationWarning, match=CUT_ERR):
        image = damaged.to_nddata()
    assert (image.data.sum(), image.flags.sum(), image.uncertainty) == (400, 800, None)


def test_an_invalid_value_is_told_at_the_first_save(tmp_path):
    tree = {"meta": {"model_type": "ImageModel", "exposure": {"nints": "many"}}}
    (tmp_path / "a.asdf").write_bytes(content(tree))
    model = datamodels.open(tmp_path / "a.asdf")
    with pytest.warns(ValidationWarning, match=r"NINTS .*'many' is a string") as caught:
        model.save(tmp_path / "b.asdf")
        model.save(tmp_path / "c.asdf")
    assert len(caught) == 1
    model.meta.exposure.instance["nints"] = "more"
    with pytest.warns(ValidationWarning, match=r"NINTS .*'more' is a string"):
        model.save(tmp_path / "b.asdf")


def test_content_is_a_whole_asdf_file():
    import io

    with asdf.open(io.BytesIO(content({"a": 1, "b": np.arange(3)}))) as file:
        assert (file["a"], list(file["b"])) == (1, [0, 1, 2])


OLD = b"""#ASDF 1.0.0
#ASDF_STANDARD 1.5.0
%YAML 1.1
%TAG ! tag:stsci.edu:asdf/
--- !core/asdf-1.1.0
meta: {title: old}
flux: !unit/quantity-1.1.0
  unit: !unit/unit-1.0.0 Jy
  value: !core/ndarray-1.0.0 {data: [1.0, 2.5], datatype: float64}
other: !<tag:nowhere.org:x/thing-1.0.0> {parts: !<tag:nowhere.org:x/list-1.0.0> [1, 2]}
...
"""


@pytest.mark.filterwarnings("ignore::jwstlike.errors.NoTypeWarning")
@pytest.mark.filterwarnings("ignore::asdf.exceptions.AsdfConversionWarning")
@pytest.mark.parametrize("touched", [False, True])
def test_nodes_of_an_older_standard_stay_readable(tmp_path, touched):
    model = datamodels.open(OLD)
    if touched:
        assert model.flux.value.tolist() == [1.0, 2.5]
        assert str(model.flux.unit) == "Jy"
    path = model.save(tmp_path / "a.asdf")
    with asdf.open(path) as file:
        assert str(file["flux"].unit) == "Jy"
        assert file["flux"].value.tolist() == [1.0, 2.5]


@pytest.mark.filterwarnings("ignore::jwstlike.errors.NoTypeWarning")
@pytest.mark.filterwarnings("ignore::asdf.exceptions.AsdfConversionWarning")
def test_unknown_tags_of_an_open_asdf_file_are_kept(tmp_path):
    (tmp_path / "a.asdf").write_bytes(OLD)
    with asdf.open(tmp_path / "a.asdf") as file:
        path = datamodels.open(file).save(tmp_path / "b.asdf")
    text = Path(path).read_bytes()
    assert b"other: !<tag:nowhere.org:x/thing-1.0.0>" in text
    assert b"parts: !<tag:nowhere.org:x/list-1.0.0> [1, 2]" in text


@pytest.mark.parametrize("name", ["a.asdf", "a.fits"])
def test_what_has_no_form_is_told_with_file_and_path(tmp_path, name):
    model = datamodels.ImageModel()
    model.meta.levels = {2.5: "half"}
    with pytest.raises(CannotBeSavedError, match=rf"{name}: meta\.levels: 2\.5 cannot be a key"):
        model.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_size_of_a_file_does_not_depend_on_the_digits_of_its_hash(tmp_path):
    sizes = set()
    for number in range(30):
        model = datamodels.ImageModel()
        model.meta.program.title = f"{number:02d}"
        with fits.open(model.save(tmp_path / "a.fits")) as hdus:
            tree = bytes(hdus["ASDF"].data["ASDF_METADATA"][0])
        assert re.search(rb"_fits_hash: '[0-9a-f]{64}'", tree)
        sizes.add(len(tree))
    assert len(sizes) == 1

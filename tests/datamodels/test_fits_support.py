"""Older functions around FITS files, and the table of writers."""

import astropy.io.fits as afits
import numpy as np
import pytest
from astropy.wcs import WCS

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, MultiSlitModel, asdf_in_fits, fits_support

SCHEMA = {
    "properties": {
        "meta": {
            "properties": {
                "gain": {"type": "number", "fits_keyword": "GAIN", "unit_keyword": "GAINUNIT"}
            }
        },
        "data": {"fits_hdu": "SCI", "datatype": "float32", "default": 0},
    }
}


@pytest.fixture
def path(tmp_path):
    model = ImageModel(np.arange(4, dtype="f4").reshape(2, 2))
    model.meta.instrument.name = "MIRI"
    model.meta.notes = {"a": [1, 2], "array": np.arange(5)}
    return model.save(tmp_path / "a.fits")


def test_a_writer_that_was_added_is_called_at_save(tmp_path, monkeypatch):
    def write_unit(plan, spec, value, where):
        plan.hdu("PRIMARY").header.set(spec.schema["unit_keyword"], "e/DN", "unit of the gain")

    monkeypatch.setitem(fits_support.FITS_VALIDATORS, "unit_keyword", write_unit)
    model = datamodels.DataModel(schema=SCHEMA)
    model.meta.gain = 1.5
    header = afits.getheader(model.save(tmp_path / "a.fits"))
    assert (header["GAIN"], header["GAINUNIT"]) == (1.5, "e/DN")


def test_a_writer_that_was_replaced_is_called_at_save(tmp_path, monkeypatch):
    written = fits_support.FITS_VALIDATORS["fits_keyword"]

    def write_twice(plan, spec, value, where):
        written(plan, spec, None if value is None else 2 * value, where)

    monkeypatch.setitem(fits_support.FITS_VALIDATORS, "fits_keyword", write_twice)
    model = datamodels.DataModel(schema=SCHEMA)
    model.meta.gain = 1.5
    assert afits.getheader(model.save(tmp_path / "a.fits"))["GAIN"] == 3.0


def test_trees_go_to_hdus_and_back():
    tree = {"meta": {"gain": 2.5}, "data": np.ones((2, 2), "f4")}
    with fits_support.to_fits(tree, SCHEMA) as hdus:
        assert hdus[0].header["GAIN"] == 2.5
        again = fits_support.from_fits(hdus, SCHEMA)
    assert again["meta"]["gain"] == 2.5
    np.testing.assert_array_equal(np.asarray(again["data"]), np.ones((2, 2)))


def test_the_asdf_extension_opens_as_an_asdf_file(path):
    with asdf_in_fits.open(path) as file:
        assert file["meta"]["notes"]["a"] == [1, 2]
        np.testing.assert_array_equal(file["data"], [[0, 1], [2, 3]])
    with afits.open(path) as hdus, fits_support.from_fits_asdf(hdus) as file:
        np.testing.assert_array_equal(file["meta"]["notes"]["array"], np.arange(5))


def test_a_file_without_asdf_extension_gives_an_empty_tree(tmp_path):
    afits.PrimaryHDU().writeto(tmp_path / "a.fits")
    assert dict(asdf_in_fits.open(tmp_path / "a.fits").tree) == {}


def test_a_tree_is_written_with_links_to_the_hdus_beside(tmp_path):
    data = np.arange(1000, dtype="f4")
    hdus = afits.HDUList([afits.PrimaryHDU(), afits.ImageHDU(data, name="SCI")])
    tree = {"text": "a", "data": hdus["SCI"].data}
    asdf_in_fits.write(tmp_path / "a.fits", tree, hdus)
    assert (tmp_path / "a.fits").stat().st_size < 4000 + 5 * 2880
    with asdf_in_fits.open(tmp_path / "a.fits") as file:
        np.testing.assert_array_equal(file["data"], data)


def test_hdus_are_found_by_name_and_position(path):
    with afits.open(path) as hdus:
        assert fits_support.get_hdu(hdus, "SCI", 0).name == "SCI"
        with pytest.raises(AttributeError, match="has no attribute 'SCI,2'"):
            fits_support.get_hdu(hdus, "SCI", 1)
        schema = {"datatype": "float64"}
        assert fits_support.from_fits_hdu(hdus["SCI"], schema).dtype == np.float64
        assert len(fits_support.fits_hash(hdus)) == 64


def test_a_file_that_says_more_than_its_tree_has_no_hash(path, tmp_path):
    """The reference implementation skips all cards where the hash is right."""

    def stored_hash(name):
        with asdf_in_fits.open(name) as file:
            return file.tree.get("_fits_hash")

    with afits.open(path, mode="update") as hdus:
        assert stored_hash(path) == fits_support.fits_hash(hdus)
        hdus[0].header["FOREIGN"] = 17
    model = datamodels.open(path)
    model.meta.target.ra = 1.5
    assert stored_hash(model.save(tmp_path / "b.fits")) is None
    model.extra_fits.PRIMARY.header = []
    with afits.open(model.save(tmp_path / "c.fits")) as hdus:
        assert "FOREIGN" not in hdus[0].header


@pytest.mark.parametrize(
    ("keyword", "expected"), [("NAXIS1", True), ("TTYPE12", True), ("TELESCOP", False)]
)
def test_structural_keywords_are_known(keyword, expected):
    assert fits_support.is_builtin_fits_keyword(keyword) is expected


def test_an_open_hdulist_is_read_and_left_open(path):
    with afits.open(path) as hdus:
        model = datamodels.open(hdus)
        assert model.meta.instrument.name == "MIRI"
        assert hdus["SCI"].data.sum() == 6
    assert model.data.sum() == 6


def test_the_header_to_be_written_gives_a_wcs(tmp_path):
    model = ImageModel((10, 10))
    wcsinfo = model.meta.wcsinfo
    wcsinfo.crpix1, wcsinfo.crpix2, wcsinfo.crval1, wcsinfo.crval2 = 5.0, 5.0, 10.0, 20.0
    wcsinfo.cdelt1 = wcsinfo.cdelt2 = 1e-4
    wcsinfo.ctype1, wcsinfo.ctype2 = "RA---TAN", "DEC--TAN"
    wcsinfo.cunit1 = wcsinfo.cunit2 = "deg"
    wcs = model.get_fits_wcs()
    np.testing.assert_allclose(wcs.wcs_pix2world([[5.0, 5.0]], 1), [[10.0, 20.0]])
    other = ImageModel((10, 10))
    other.set_fits_wcs(wcs)
    assert other.meta.wcsinfo.crval2 == 20.0
    with pytest.raises(AttributeError, match="NOWHERE,1"):
        model.get_fits_wcs("NOWHERE")


def test_a_wcs_goes_to_the_first_slit_if_there_is_one():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [5.0, 6.0]
    model = MultiSlitModel()
    model.set_fits_wcs(wcs)
    assert ["CRVAL1", 5.0] in [card[:2] for card in model.extra_fits.SCI.header]
    model = MultiSlitModel()
    model.slits.append(model.slits.item(data=np.zeros((3, 3))))
    model.set_fits_wcs(wcs)
    assert model.slits[0].meta.wcsinfo.crval2 == 6.0

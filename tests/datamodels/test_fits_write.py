"""Layout of new FITS files, literally, and what a save changes in old ones."""

import warnings

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import DataModel, ImageModel, SaturationModel
from jwstlike.datamodels.fits_scan import scan

SCHEMA = {
    "type": "object",
    "properties": {
        "meta": {
            "type": "object",
            "properties": {
                "filename": {"type": "string", "title": "Name", "fits_keyword": "FILENAME"},
                "model_type": {"type": "string", "title": "Kind", "fits_keyword": "DATAMODL"},
                "who": {
                    "type": "object",
                    "title": "Who and where",
                    "properties": {
                        "name": {"type": "string", "title": "Observer", "fits_keyword": "WHO"},
                        "good": {"type": "boolean", "title": "Good?", "fits_keyword": "GOOD"},
                        "gain": {
                            "type": "number", "title": "[e/DN] Gain", "fits_keyword": "GAIN",
                            "fits_hdu": "ERR",
                        },
                    },
                },
            },
        },
        "data": {"fits_hdu": "SCI", "datatype": "uint16", "ndim": 2, "default": 0},
        "err": {"fits_hdu": "ERR", "datatype": "float32", "ndim": 2},
        "table": {
            "fits_hdu": "TAB",
            "datatype": [
                {"name": "x", "datatype": "float64", "unit": "mm"},
                {"name": "cell", "datatype": "int16", "shape": [3]},
                {"name": "u", "datatype": "uint32"},
                {"name": "text", "datatype": ["ascii", 4]},
            ],
        },
        "slits": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "fits_keyword": "SLITNAME", "fits_hdu": "SLIT"},
                    "data": {"fits_hdu": "SLIT", "datatype": "float32"},
                    "dq": {"fits_hdu": "SLITDQ", "datatype": "uint8"},
                },
            },
        },
    },
}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    model = DataModel(np.array([[1, 2, 65535]]), schema=SCHEMA)
    model.meta.who.name, model.meta.who.good, model.meta.who.gain = "Leavitt", True, 1.5
    model.err = np.ones((1, 3))
    model.table = np.array(
        [(1.5, [1, 2, 3], 2**31, b"ab")],
        [("x", "f8"), ("cell", "i2", 3), ("u", "u4"), ("text", "S4")],
    )
    for name in ("S1", "S2"):
        model.slits.append({"name": name, "data": np.zeros((1, 1)), "dq": np.ones((1, 1))})
    return model.save(tmp_path / "a.fits")


def card_texts(path, number):
    return [card.rstrip() for card in scan(path)[number].cards]


def test_the_primary_header_is_this(path):
    assert card_texts(path, 0) == [
        "SIMPLE  =                    T / conforms to FITS standard",
        "BITPIX  =                    8 / array data type",
        "NAXIS   =                    0 / number of axes",
        "EXTEND  =                    T",
        "FILENAME= 'a.fits  '           / Name",
        "",
        "        Who and where",
        "",
        "WHO     = 'Leavitt '           / Observer",
        "GOOD    =                    T / Good?",
    ]


def test_hdus_come_in_the_order_of_first_touch(path):
    with afits.open(path) as hdus:
        assert [(h.name, h.ver) for h in hdus] == [
            ("PRIMARY", 1), ("ERR", 1), ("SCI", 1), ("TAB", 1),
            ("SLIT", 1), ("SLITDQ", 1), ("SLIT", 2), ("SLITDQ", 2), ("ASDF", 1),
        ]  # fmt: skip
        assert ["EXTVER" in h.header for h in hdus[1:]] == [True] * 7 + [False]
        assert hdus["SLIT", 2].header["SLITNAME"] == "S2"


def test_a_keyword_makes_its_hdu_before_the_array_is_there(path):
    assert card_texts(path, 1) == [
        "XTENSION= 'IMAGE   '           / Image extension",
        "BITPIX  =                  -32 / array data type",
        "NAXIS   =                    2 / number of axes",
        "NAXIS1  =                    3",
        "NAXIS2  =                    1",
        "PCOUNT  =                    0 / number of parameters",
        "GCOUNT  =                    1 / number of groups",
        "EXTNAME = 'ERR     '           / extension name",
        "",
        "        Who and where",
        "",
        "GAIN    =                  1.5 / [e/DN] Gain",
        "EXTVER  =                    1 / extension value",
    ]


def test_astropy_finds_the_values_and_nothing_to_mend(path):
    with afits.open(path) as hdus:
        hdus.verify("exception")
        assert hdus["SCI"].data.tolist() == [[1, 2, 65535]]
        assert hdus["SCI"].data.dtype.kind == "u"
        row = hdus["TAB"].data[0]
        assert (row["x"], row["cell"].tolist(), row["u"]) == (1.5, [1, 2, 3], 2**31)
        assert row["text"] == "ab"
        assert hdus["TAB"].columns["x"].unit == "mm"
        assert hdus["TAB"].header["TDIM2"] == "(3)"


def test_a_keyword_only_hdu_has_no_version(tmp_path):
    model = DataModel(schema=SCHEMA)
    model.meta.who.gain = 2.0
    with afits.open(model.save(tmp_path / "a.fits")) as hdus:
        assert "EXTVER" not in hdus["ERR"].header
        assert hdus["ERR"].data is None


def test_untouched_hdus_are_copied_byte_for_byte(path, tmp_path):
    model = datamodels.DataModel(path, schema=SCHEMA)
    model.meta.who.name = "Cannon"
    model.err[0, 0] = 5
    new = model.save(tmp_path / "b.fits")
    old_index, new_index = scan(path), scan(new)
    for one, two in zip(old_index, new_index, strict=True):
        if one.place not in ("PRIMARY,1", "ERR,1", "ASDF,1"):
            assert one.raw == two.raw
            assert data(old_index, one) == data(new_index, two)
    assert card_texts(new, 1) == card_texts(path, 1)
    assert [c for c in card_texts(new, 0) if "WHO" in c] == [
        "WHO     = 'Cannon  '           / Observer"
    ]


def data(index, hdu):
    return b"".join(map(bytes, index.source.blocks(hdu.data_offset, hdu.data_size)))


def test_a_card_is_changed_in_place_or_removed(path, tmp_path):
    model = DataModel(path, schema=SCHEMA)
    model.meta.who.good, model.meta.who.name = False, None
    before = card_texts(path, 0)
    after = card_texts(model.save(tmp_path / "b.fits"), 0)
    expected = [c for c in before if not c.startswith("WHO")]
    expected[expected.index(next(c for c in expected if c.startswith("GOOD")))] = (
        "GOOD    =                    F / Good?"
    )
    expected = [c.replace("'a.fits  '", "'b.fits  '") for c in expected]
    assert after == expected


def test_a_removed_array_and_a_removed_item_take_their_hdus_along(path, tmp_path):
    model = DataModel(path, schema=SCHEMA)
    model.err = None
    del model.slits[1]
    with afits.open(model.save(tmp_path / "b.fits")) as hdus:
        assert [(h.name, h.ver) for h in hdus] == [
            ("PRIMARY", 1), ("SCI", 1), ("TAB", 1), ("SLIT", 1), ("SLITDQ", 1), ("ASDF", 1),
        ]  # fmt: skip


def test_new_data_of_another_shape_change_only_the_layout(path, tmp_path):
    with afits.open(path, mode="update") as hdus:
        hdus["SCI"].header["MINE"] = (1, "kept")
    model = DataModel(path, schema=SCHEMA)
    model.data = np.zeros((2, 2))
    with afits.open(model.save(tmp_path / "b.fits")) as hdus:
        assert hdus["SCI"].shape == (2, 2)
        assert hdus["SCI"].header.cards["MINE"].comment == "kept"


def test_an_array_only_read_is_untouched(path, tmp_path):
    model = DataModel(path, schema=SCHEMA)
    for name in ("data", "err", "table"):
        getattr(model, name)
    old_index, new_index = scan(path), scan(model.save(tmp_path / "b.fits"))
    assert [h.raw for h in old_index][1:] == [h.raw for h in new_index][1:]


def test_checksums_can_be_asked_for(tmp_path):
    ImageModel(np.ones((3, 3))).to_fits(tmp_path / "a.fits", checksum=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with afits.open(tmp_path / "a.fits", checksum=True) as hdus:
            assert "CHECKSUM" in hdus["SCI"].header


def test_to_fits_does_not_overwrite_unasked(tmp_path):
    model = ImageModel((2, 2))
    model.to_fits(tmp_path / "a.fits")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.to_fits(tmp_path / "a.fits")
    model.to_fits(tmp_path / "a.fits", overwrite=True)


def test_a_file_object_takes_the_bytes():
    import io

    stream = io.BytesIO()
    ImageModel(np.ones((2, 2))).to_fits(stream)
    assert datamodels.open(stream.getvalue()).data.sum() == 4


def test_reference_files_have_no_asdf_extension(tmp_path):
    with afits.open(SaturationModel((4, 4)).save(tmp_path / "a.fits")) as hdus:
        assert "ASDF" not in hdus


def test_an_array_bound_to_the_primary_hdu_is_refused(tmp_path):
    schema = {"properties": {"data": {"fits_hdu": "PRIMARY", "datatype": "int16", "default": 0}}}
    model = DataModel(np.zeros(3), schema=schema)
    with pytest.raises(ValueError, match="does not specify a non-primary hdu name"):
        model.save(tmp_path / "a.fits")

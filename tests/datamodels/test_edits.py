"""An edit changes what it is about, and no other byte."""

import io
import pickle
import warnings
from pathlib import Path

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, MultiSlitModel
from jwstlike.datamodels.fits_scan import scan
from jwstlike.errors import ValidationWarning

pytestmark = pytest.mark.filterwarnings("ignore::jwstlike.errors.NoTypeWarning")

OWN = ("DATE", "FILENAME", "DATAMODL")  # what every save sets
ODD = (
    "FIRST   =                  1.50 / odd places",
    "HIERARCH ESO TEL NAME = 'abc' / comment",
    "COMMENT one",
    "UNDEF   =                      / nothing",
    "DUP     =                    1",
    "TELESCOP= 'JWST    '",
    "DUP     =                    2",
    "BADVAL  = 'unterminated",
    "COMMENT one",
    "BLANKS  = 'abc         '       / filled up",
    "HISTORY an event \x02 of old",
)


def header(cards):
    text = "".join(f"{card:80}" for card in (*cards, "END"))
    return text.ljust(-(-len(text) // 2880) * 2880).encode("latin-1")


def filled(data):
    return data + bytes(-len(data) % 2880)


def cards(path, number=0):
    """Texts of the cards of an HDU, without filling and what every save sets."""
    found = [card.rstrip() for card in scan(path)[number].cards]
    return [card for card in found if card[:8].rstrip() not in OWN]


def data(path, number):
    index = scan(path)
    return index.source.read(index[number].data_offset, index[number].data_size)


@pytest.fixture
def odd(tmp_path):
    """Write a header with all that is odd."""
    first = ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   = 0")
    (tmp_path / "odd.fits").write_bytes(header([*first, *ODD]))
    return tmp_path / "odd.fits"


@pytest.fixture
def table(tmp_path):
    """Write a table of scaled, undefined, bit, text and ragged cells, with a gap and old junk."""
    first = ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   = 0")
    columns = (
        ("scaled", "1I", "TSCAL1  = 0.1", "TZERO1  = 5"),
        ("null", "1J", "TNULL2  = -5", "TDISP2  = 'I5'"),
        ("bits", "11X"),
        ("text", "4A", "TUCD4   = 'meta.id' / ucd"),
        ("ragged", "PI(3)"),
        ("logical", "L"),
        ("vector", "2E", "TDIM7   = '(2)'"),
    )
    rest = [
        card
        for n, (name, form, *more) in enumerate(columns, 1)
        for card in (f"TTYPE{n}  = '{name}' / of {name}", f"TFORM{n}  = '{form}'", *more)
    ]
    rows = [
        b"\0\1\0\0\0\1\xff\xffa\0xy\0\0\0\2\0\0\0\0T" + b"?\x80\0\0" * 2,
        b"\0\2\xff\xff\xff\xfb\0\1b   \0\0\0\1\0\0\0\4\0" + b"@\0\0\0" * 2,
    ]  # fmt: skip
    heap = b"gap!" + np.array([7, 8, 9], ">i2").tobytes()
    extension = (
        "XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", f"NAXIS1  = {len(rows[0])}",
        "NAXIS2  = 2", f"PCOUNT  = {len(heap)}", "GCOUNT  = 1", f"TFIELDS = {len(columns)}",
        f"THEAP   = {2 * len(rows[0]) + 4}", *rest, "EXTNAME = 'T'",
    )  # fmt: skip
    content = header(first) + header(extension) + filled(b"".join(rows) + heap)
    (tmp_path / "table.fits").write_bytes(content)
    return tmp_path / "table.fits"


# ---------------------------------------------------------------- cards


def test_one_extra_card_is_changed_in_its_place(odd, tmp_path):
    model = datamodels.open(odd)
    card = next(c for c in model.extra_fits.PRIMARY.header if c[0] == "FIRST")
    card[1] = 2.5
    new = cards(model.save(tmp_path / "b.fits"))
    changed = "FIRST   =                  2.5 / odd places"
    assert new == [changed if c.startswith("FIRST") else c for c in cards(odd)]


def test_one_extra_card_is_removed_or_put_between_others(odd, tmp_path):
    model = datamodels.open(odd)
    old = cards(odd)
    listed = model.extra_fits.PRIMARY.header
    listed.remove(next(c for c in listed if c[:2] == ["DUP", 1]))
    listed.insert(1, ["NEW", "text", "mine"])
    listed.append(["LAST", True])
    new = cards(model.save(tmp_path / "b.fits"))
    old.remove("DUP     =                    1")
    old.insert(old.index("HIERARCH ESO TEL NAME = 'abc' / comment"),
               "NEW     = 'text    '           / mine")  # fmt: skip
    assert new == [*old, "LAST    =                    T"]


def test_history_is_added_and_that_of_old_stays_as_it_is(odd, tmp_path):
    model = datamodels.open(odd)
    model.history.append("a new event")
    assert cards(model.save(tmp_path / "b.fits")) == [*cards(odd), "HISTORY a new event"]


@pytest.mark.parametrize("text", ["abc  ", "é", "a\nb", "x" * 300, "it's", "abc&", "?"])
def test_short_and_long_texts_come_back_exactly(tmp_path, text):
    model = ImageModel((2, 2))
    model.meta.target.catalog_name = text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = model.save(tmp_path / "a.fits")
    assert datamodels.open(path).meta.target.catalog_name == text


# ---------------------------------------------------------------- arrays


@pytest.fixture
def image(tmp_path):
    """Write an image without EXTVER, with sums, trivial scaling and a WCS in the ASDF extension."""
    model = ImageModel(np.arange(6, dtype="f4").reshape(2, 3))
    model.meta.note = {"only": "in ASDF"}
    model.save(tmp_path / "a.fits")
    with afits.open(tmp_path / "a.fits") as hdus:
        del hdus["SCI"].header["EXTVER"]
        hdus["SCI"].header["BSCALE"] = (1.0, "says nothing")
        hdus["SCI"].header["NAXIS1"] = (3, "my own comment")
        hdus.append(afits.ImageHDU(np.arange(3), name="BEHIND"))
        hdus.writeto(tmp_path / "b.fits", checksum=True)
    return tmp_path / "b.fits"


def test_arrays_that_were_only_read_leave_the_file_as_it_is(image, tmp_path):
    model = datamodels.open(image)
    assert model.data.sum() == 15
    assert model.meta.note.only == "in ASDF"
    path = model.save(tmp_path / "c.fits")
    assert Path(path).stat().st_size == image.stat().st_size
    for number in range(1, 4):
        assert cards(path, number) == cards(image, number)
        assert data(path, number) == data(image, number)


def test_one_pixel_changes_one_value_and_the_sums(image, tmp_path):
    model = datamodels.open(image)
    model.data[0, 0] = 99
    path = model.save(tmp_path / "c.fits")
    sums = ("CHECKSUM", "DATASUM ")
    old, new = ([c for c in cards(p, 1) if c[:8] not in sums] for p in (image, path))
    assert new == old
    assert data(path, 1)[4:] == data(image, 1)[4:]
    assert data(path, 2) == data(image, 2)  # the ASDF tree does not tell of pixels
    with afits.open(path, checksum=True) as hdus:  # a bad sum would warn
        assert hdus["SCI"].data[0, 0] == 99


def test_another_shape_keeps_the_comments_of_cards_that_stay(image, tmp_path):
    model = datamodels.open(image)
    model.data = np.zeros((4, 5), "f8")
    found = afits.getheader(model.save(tmp_path / "c.fits"), "SCI")
    assert (found["NAXIS1"], found.comments["NAXIS1"]) == (5, "my own comment")
    assert found.comments["BSCALE"] == "says nothing"


def test_empty_sums_stay_empty(tmp_path):
    first = ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   = 0")
    more = ("DATAMODL= 'ImageModel'", "TELESCOP= 'JWST'", "CHECKSUM= ''", "DATASUM =")
    (tmp_path / "a.fits").write_bytes(header([*first, *more]))
    model = datamodels.open(tmp_path / "a.fits")
    model.meta.target.catalog_name = "M31"
    path = model.save(tmp_path / "b.fits")
    assert {"CHECKSUM= ''", "DATASUM ="} < set(cards(path))


def test_the_asdf_extension_keeps_its_place_and_gets_sums(image, tmp_path):
    model = datamodels.open(image)
    model.meta.note = {"only": "changed"}
    model.extra_fits.NEW = {"data": np.arange(2)}
    path = model.save(tmp_path / "c.fits", checksum=True)
    with afits.open(path, checksum=True) as hdus:
        assert [h.name for h in hdus] == ["PRIMARY", "SCI", "ASDF", "BEHIND", "NEW"]
        assert all("CHECKSUM" in h.header and "DATASUM" in h.header for h in hdus)
    assert datamodels.open(path).meta.note.only == "changed"


# ---------------------------------------------------------------- tables


def test_a_changed_cell_leaves_all_other_bytes_of_a_table(table, tmp_path):
    model = datamodels.open(table)
    model.extra_fits.T.data["null"][0] = 3
    path = model.save(tmp_path / "b.fits")
    old = bytearray(data(table, 1))
    old[2:6] = b"\0\0\0\3"
    assert data(path, 1) == old
    assert cards(path, 1) == cards(table, 1)


@pytest.mark.parametrize(
    ("name", "value", "place", "stored"),
    [
        ("scaled", 5.3, 0, b"\0\3"),
        ("text", "zz", 8, b"zz\0\0"),
        ("logical", False, 20, b"F"),
        ("vector", [1, 2], 21, b"?\x80\0\0@\0\0\0"),
        ("bits", [True] * 10 + [False], 6, b"\xff\xc0"),
    ],
)
def test_cells_of_every_kind_are_changed_in_place(table, tmp_path, name, value, place, stored):
    model = datamodels.open(table)
    model.extra_fits.T.data[name][0] = value
    path = model.save(tmp_path / "b.fits")
    old = bytearray(data(table, 1))
    old[place : place + len(stored)] = stored
    assert data(path, 1) == old
    assert cards(path, 1) == cards(table, 1)


def test_a_value_that_the_stored_type_cannot_hold_widens_its_column(table, tmp_path):
    table.write_bytes(table.read_bytes().replace(b"a\0xy", b"a\0\0\0"))
    model = datamodels.open(table)
    model.extra_fits.T.data["scaled"][0] = 5.25
    path = model.save(tmp_path / "b.fits")
    again = datamodels.open(path).extra_fits.T.data
    assert again["scaled"][0] == 5.25
    assert [list(c) for c in again["ragged"]] == [[7, 8], [9]]
    found = afits.getheader(path, 1)
    assert (found["TDISP2"], found["TNULL2"], found["TUCD4"]) == ("I5", -5, "meta.id")
    assert found.comments["TTYPE4"] == "of text"
    assert "TSCAL1" not in found


def test_cards_of_a_column_follow_it_when_another_is_removed(table, tmp_path):
    model = datamodels.open(table)
    old = model.extra_fits.T.data
    names = ["text", "null", "logical"]
    new = np.zeros(2, [(n, old.dtype[n]) for n in names])
    for name in names:
        new[name] = np.ma.getdata(old[name])
    model.extra_fits.T.data = new
    found = afits.getheader(model.save(tmp_path / "b.fits"), 1)
    assert [found[f"TTYPE{n}"] for n in (1, 2, 3)] == names
    assert found["TUCD1"] == "meta.id"
    assert found.comments["TTYPE3"] == "of logical"
    assert "TTYPE4" not in found
    assert "TUCD4" not in found


# ---------------------------------------------------------------- HDUs of lists


@pytest.mark.parametrize("count", [1, 3])
def test_empty_slits_at_the_end_are_kept(tmp_path, count):
    model = MultiSlitModel()
    for _ in range(count):
        model.slits.append(model.slits.item())
    again = datamodels.open(model.save(tmp_path / "a.fits"))
    assert len(again.slits) == count
    assert not again.slits[-1].hasattr("data")
    again.slits.pop()
    assert len(datamodels.open(again.save(tmp_path / "b.fits")).slits) == count - 1


def test_an_odd_version_is_no_slit_and_its_hdu_is_kept(tmp_path):
    primary = afits.PrimaryHDU()
    primary.header.update({"DATAMODL": "MultiSlitModel", "TELESCOP": "JWST"})
    odd = afits.ImageHDU(np.ones((2, 2), "f4"), name="SCI", ver=-1)
    afits.HDUList([primary, odd]).writeto(tmp_path / "a.fits")
    model = datamodels.open(tmp_path / "a.fits")
    assert len(model.slits) == 0
    with afits.open(model.save(tmp_path / "b.fits")) as hdus:
        assert [(h.name, h.ver) for h in hdus] == [("PRIMARY", 1), ("SCI", -1)]


# ---------------------------------------------------------------- damage and pickles


def test_what_cannot_be_read_is_copied_also_after_a_pickle(tmp_path):
    image = afits.ImageHDU(np.arange(3000.0), name="CUT")
    stream = io.BytesIO()
    afits.HDUList([afits.PrimaryHDU(), image]).writeto(stream)
    (tmp_path / "a.fits").write_bytes(stream.getvalue()[:-8000])
    model = datamodels.open(tmp_path / "a.fits")
    model.to_flat_dict(include_arrays=False)
    with pytest.warns(ValidationWarning, match="the data are cut: zeros"):
        path = pickle.loads(pickle.dumps(model)).save(tmp_path / "b.fits")
    assert data(path, 1)[:10000] == data(tmp_path / "a.fits", 1)[:10000]


def test_a_model_of_an_asdf_file_without_a_block_pickles(tmp_path):
    path = Path(ImageModel(np.ones((3, 3), "f4")).save(tmp_path / "a.asdf"))
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"\xd3BLK")])
    model = datamodels.open(path)
    model.to_flat_dict(include_arrays=False)
    again = pickle.loads(pickle.dumps(model))
    with pytest.raises(OSError, match="block 0 of 0 is missing"):
        again.data  # noqa: B018

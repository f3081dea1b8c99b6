import io
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from jwstlike.datamodels.fits_cards import Malformed, keyword_of, parse_value
from jwstlike.datamodels.fits_scan import scan
from jwstlike.errors import FileFormatError

DATA = Path(__file__).parents[1] / "data" / "fits"
ARCHIVE = Path(__file__).parents[2].parent / "shared" / "data" / "archival" / "fits"
NOT_FITS = (
    "sunpy__not_actually_fits.fits",  # HTML
    "astropy__lzw.fits.Z",  # compressed by a program of the past
    "crds__dbu1405fu.r1h",  # a header in lines, without END
)
ALTERED = ("astropy__group_invalid.fits",)  # astropy inserts a card


def files(folder):
    return sorted(p for p in folder.iterdir() if p.name not in NOT_FITS) if folder.exists() else []


def compare_with_astropy(path):
    """Compare every HDU and card; return how many cards were compared."""
    index, count = scan(path), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fits.open(path, disable_image_compression=True) as hdulist:
            assert len(index) == len(hdulist)
            for ours, theirs in zip(index, hdulist, strict=True):
                assert ours.extname == theirs.name.upper()
                assert ours.extver == theirs.ver
                assert (ours.data_offset, ours.data_size) == (theirs._data_offset, theirs.size)
                cards = list(theirs.header.cards)
                assert len(ours.cards) == len(cards)
                for card, parsed in zip(cards, ours.iter_parsed(), strict=True):
                    compare_card(card, parsed)
                    count += 1
    return count


def compare_card(card, parsed):
    try:
        value = card.value
    except fits.VerifyError:
        assert isinstance(parsed.value, Malformed)
        return
    if "." in card.keyword and isinstance(parsed.value, str):  # record-valued: a text here
        assert card.rawkeyword == parsed.keyword
        assert card.rawvalue == parsed.value
        return
    value = None if isinstance(value, fits.card.Undefined) else value
    assert (card.keyword, value, card.comment) == (parsed.keyword, parsed.value, parsed.comment)
    assert type(value) is type(parsed.value)


@pytest.mark.parametrize(
    "path", [p for p in files(DATA) if p.name not in ALTERED], ids=lambda p: p.name
)
def test_every_card_is_read_as_astropy_reads_it(path):
    assert compare_with_astropy(path) > 0


@pytest.mark.skipif(not ARCHIVE.exists(), reason="the archival files are not here")
def test_every_card_of_the_archive_is_read_as_astropy_reads_it():
    total = sum(compare_with_astropy(p) for p in files(ARCHIVE) if p.name not in ALTERED)
    assert total > 25_000


def hdulist_bytes(*hdus):
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(stream)
    return stream.getvalue()


@pytest.fixture
def content():
    sci = [fits.ImageHDU(np.arange(6.0).reshape(2, 3), name="Sci", ver=v) for v in (1, 2, 2)]
    made = hdulist_bytes(*sci, fits.ImageHDU(np.ones(3, "i2")))
    return made.replace(b"'SCI     '", b"'Sci     '")


def test_hdus_are_found_by_name_and_version_the_first_of_equals_first(content):
    index = scan(content)
    assert [h.number for h in index.find_all("SCI")] == [1, 2, 3]
    assert index.find("sci").number == 1
    assert index.find("SCI", 2).number == 2
    assert [h.number for h in index.find_all("SCI", 2)] == [2, 3]
    assert index.find("SCI", 3) is None
    assert index.find("PRIMARY").number == 0
    assert (index[1].extname, index[1].extname_raw, index[1].place) == ("SCI", "Sci", "SCI,1")
    assert (index[4].extname, index[4].extver, index[4].place) == ("", 1, "#4")
    assert (index[1].shape, index[1].bitpix, index[1].kind) == ((2, 3), -64, "IMAGE")


def test_a_named_first_hdu_answers_to_both_names():
    stream = io.BytesIO()
    fits.PrimaryHDU(np.zeros(2), fits.Header([("EXTNAME", "SCI")])).writeto(stream)
    index = scan(stream.getvalue())
    assert index.find("PRIMARY") is index.find("SCI") is index[0]


def test_path_bytes_and_file_object_give_the_same(content, tmp_path):
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    stream = io.BytesIO(content)
    stream.seek(17)
    for source in (path, str(path), bytearray(content), stream):
        assert [h.cards for h in scan(source)] == [h.cards for h in scan(content)]
    assert stream.tell() == 17
    assert scan(path).source.path == str(path)


def test_values_of_a_header_are_found_in_any_way():
    header = fits.Header(
        [("REP", 1), ("REP", 2), ("UNDEF", None), ("LONG", "x" * 100, "note"), ("TEXT", "it's")]
    )
    header["HIERARCH eso Det"] = 3
    header.add_history("one")
    header.add_history("two")
    hdu = scan(hdulist_bytes(fits.ImageHDU(header=header, name="A")))[1]
    assert hdu.get("rep") == 1
    assert [p.value for p in hdu.parsed("REP")] == [1, 2]
    assert hdu.get("UNDEF", 5) is None
    assert hdu.get("MISSING", 5) == 5
    assert hdu.get("LONG") == "x" * 100
    assert hdu.get("TEXT") == "it's"
    assert hdu.get("eso Det") == hdu.get("HIERARCH eso Det") == 3
    assert [p.value for p in hdu.parsed("HISTORY")] == ["one", "two"]
    assert "rep" in hdu
    assert "NONE" not in hdu
    assert hdu.card_text(hdu.keywords["REP"][1]).startswith("REP     =                    2")
    assert b"".join(c.encode() for c in hdu.cards) + b"END" in hdu.raw


def test_undefined_and_absent_name_and_version_get_their_defaults():
    raw = fits.ImageHDU(np.zeros(2)).header.tostring(padding=False).replace("END", "   ").rstrip()
    cards = [raw[i : i + 80] for i in range(0, len(raw), 80)]
    cards += ["EXTNAME = '        '".ljust(80), "EXTVER  = 'x'".ljust(80), "END".ljust(80)]
    header = "".join(c.ljust(80) for c in cards).ljust(2880).encode()
    hdu = scan(hdulist_bytes() + header + bytes(2880))[1]
    assert (hdu.extname, hdu.extver) == ("", 1)


@pytest.mark.parametrize("filling", [b"\0" * 77, b"\r\n" + b" " * 75, b"\n" + b" " * 76])
def test_an_end_card_with_odd_filling_ends_the_header(content, filling):
    at = content.index(b"END" + b" " * 77)
    index = scan(content[: at + 3] + filling + content[at + 80 :])
    assert len(index) == 5
    assert len(index[0].raw) == 2880


def test_a_header_longer_than_a_read_is_found_whole():
    header = fits.Header([(f"KEY{i}", i) for i in range(3000)])
    hdu = scan(hdulist_bytes(fits.ImageHDU(np.zeros(3), header), fits.ImageHDU(name="LAST")))[1]
    assert hdu.get("KEY2999") == 2999
    assert len(hdu.raw) % 2880 == 0


def test_the_word_end_inside_a_card_is_no_end():
    header = fits.Header()
    for width in range(30, 72):
        header.add_comment(" " * width + "END     ")
    header["AFTER"] = 1
    assert scan(hdulist_bytes(fits.ImageHDU(header=header)))[1].get("AFTER") == 1


# ---------------------------------------------------------------- damage


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"<html>", "is no FITS file: it begins with '<html>'"),
        (b"XTENSION= 'IMAGE   '".ljust(2880), "is no FITS file"),
        (b"SIMPLE  =                    T".ljust(5760), "the header of HDU 0 has no END card"),
    ],
)
def test_what_is_no_fits_is_refused_by_name(content, message, tmp_path):
    path = tmp_path / "bad.fits"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=f"bad.fits: {message}"):
        scan(path)


@pytest.mark.parametrize("name", [n for n in NOT_FITS if (DATA / n).exists()])
def test_real_files_that_are_no_fits_are_refused(name):
    with pytest.raises(FileFormatError, match=name):
        scan(DATA / name)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(FileFormatError, match=r"no\.fits: there is no such file"):
        scan(tmp_path / "no.fits")


def test_cut_data_are_flagged_and_the_rest_is_usable(content):
    index = scan(content[: index_of_data(content, 3) + 10])
    assert [h.truncated for h in index] == [False, False, False, True]
    assert index.find("SCI", 1).get("NAXIS1") == 3


def index_of_data(content, number):
    return scan(content)[number].data_offset


def test_a_cut_header_ends_the_list_and_is_told(content):
    index = scan(content[: scan(content)[3].header_offset + 400])
    assert len(index) == 3
    assert index.problem == "the header of HDU 3 has no END card"


def test_bytes_behind_the_last_hdu_are_kept_apart(content):
    index = scan(content + b"junk")
    assert len(index) == 5
    assert index.tail == (len(content), 4)
    assert not index.problem


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("NAXIS   =                    2", "NAXIS   =           2000000000", "NAXIS = 2000000000"),
        ("NAXIS1  =                    3", "NAXIS1  =                   -3", "negative axis"),
        ("NAXIS1  =                    3", "NAXIS1  =                  3.5", "NAXIS1 = 3.5"),
        ("NAXIS1  =                    3", "NAXISX  =                    3", "NAXIS1 is missing"),
        ("BITPIX  =                  -64", "BITPIX  =                   12", "BITPIX = 12"),
        ("PCOUNT  =                    0", "PCOUNT  =               -99999", "PCOUNT = -99999"),
    ],
)
def test_a_layout_that_makes_no_sense_ends_the_list_there(content, old, new, problem):
    index = scan(content.replace(old.encode(), new.encode(), 1))
    assert len(index) == 2
    assert problem in index.problem
    assert problem in index[1].problem


def test_an_axis_beyond_all_files_is_only_flagged(content):
    old, new = b"NAXIS1  =                    3", b"NAXIS1  =  9999999999999999999"
    index = scan(content.replace(old, new, 1))
    assert index[1].truncated
    assert len(index) == 2


@settings(deadline=None)
@given(st.data())
def test_a_cut_or_spoilt_file_is_indexed_or_refused_clearly(data):
    content = bytearray((DATA / "astropy__logical_null.fits").read_bytes())
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        index = scan(bytes(content[: data.draw(st.integers(0, len(content)))]), name="x.fits")
    except FileFormatError as error:
        assert "x.fits" in str(error)
    else:
        for hdu in index:
            assert all(p.keyword is not None for p in hdu.iter_parsed())


def test_an_index_pickles(content):
    index = pickle.loads(pickle.dumps(scan(content)))
    assert index.find("SCI", 2).get("NAXIS2") == 2


@pytest.mark.parametrize("path", files(DATA), ids=lambda p: p.name)
def test_the_index_of_keywords_names_every_card(path):
    for hdu in scan(path):
        cards = [hdu.raw[i : i + 80].decode("latin-1") for i in range(0, len(hdu.raw), 80)]
        expected = {}
        for number, card in enumerate(cards[: cards.index("END".ljust(80))]):
            if not card.startswith("CONTINUE"):
                expected.setdefault(keyword_of(card), []).append(number)
        assert hdu.keywords == expected
        assert all(hdu.get(k) == parse_value(hdu.card_text(n[0])) for k, n in expected.items())


@pytest.mark.parametrize("number", [0, 1])
def test_the_order_and_the_format_of_mandatory_cards_do_not_matter(number):
    data = np.arange(24.0, dtype="f4").reshape(2, 3, 4)
    hdus = [fits.PrimaryHDU(data), fits.ImageHDU(data, name="SCI", ver=3)]
    stream = io.BytesIO()
    fits.HDUList(hdus).writeto(stream)
    content = stream.getvalue()
    at = scan(content)[number].header_offset
    cards = [content[i : i + 80] for i in range(at, at + 2880, 80)]
    last = 6 if number == 0 else 8
    moved = [cards[0], *reversed(cards[1:last]), *cards[last:]]
    free = [c[:10] + c[10:30].strip().ljust(20) + c[30:] if b"NAXIS" in c else c for c in cards]
    for changed in (moved, free):
        index = scan(content[:at] + b"".join(changed) + content[at + 2880 :])
        assert not index.problem
        assert [(h.bitpix, h.shape, h.data_size) for h in index] == [(-32, (2, 3, 4), 96)] * 2
        assert (index[1].kind, index[1].extver, index[1].gcount) == ("IMAGE", 3, 1)


def test_ten_axes_and_more_are_read():
    data = np.zeros((1,) * 11 + (2,), "u1")
    assert scan(hdulist_bytes(fits.ImageHDU(data)))[1].shape == (1,) * 11 + (2,)

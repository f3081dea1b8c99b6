"""What users of other software met with FITS files; the number of the case is in the docstring."""

import gzip
import math
import warnings
from pathlib import Path

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, LinearityModel, MultiSlitModel, SlitModel
from jwstlike.datamodels.exceptions import NoTypeWarning, ValidationWarning


@pytest.fixture
def path(tmp_path):
    """Save an image with a few values."""
    model = ImageModel(np.arange(12, dtype="f4").reshape(3, 4))
    model.meta.instrument.name = "NIRCAM"
    model.meta.exposure.nints = 3
    model.meta.target.catalog_name = "M31"
    model.meta.visit.tsovisit = False
    model.meta.program.pi_name = "Leavitt"
    return model.save(tmp_path / "a.fits")


@pytest.fixture
def edit(path):
    """Change the primary header (or another) with astropy."""

    def edit(change, hdu=0):
        with afits.open(path, mode="update") as hdus:
            change(hdus[hdu].header)

    return edit


def header(path, hdu=0):
    return afits.getheader(path, hdu)


def raw_cards(path, hdu=0):
    """Card images of a header as they are, after those of the layout."""
    with afits.open(path) as hdus:
        return [c.image for c in hdus[hdu].header.cards]


@pytest.mark.parametrize("value", [math.nan, np.float32("inf")])
def test_a_value_that_is_not_finite_is_saved(tmp_path, value):
    """Case 1."""
    model = ImageModel((2, 2))
    model.meta.exposure.exposure_time = value
    with pytest.warns(ValidationWarning, match=r"meta\.exposure\.exposure_time"):
        path = model.save(tmp_path / "a.fits")
    assert header(path)["EFFEXPTM"] is None
    found = datamodels.open(path).meta.exposure.exposure_time
    assert np.array_equal(found, float(value), equal_nan=True)


def test_text_that_is_not_ascii_comes_back_exactly(tmp_path):
    """Case 2."""
    model = ImageModel((2, 2))
    model.meta.program.pi_name = "Große λ-Durchmusterung"
    with pytest.warns(ValidationWarning, match=r"meta\.program\.pi_name"):
        path = model.save(tmp_path / "a.fits")
    assert header(path)["PI_NAME"].isascii()
    assert datamodels.open(path).meta.program.pi_name == "Große λ-Durchmusterung"


def test_text_with_a_newline_comes_back_exactly(tmp_path):
    """Case 3."""
    model = ImageModel((2, 2))
    model.meta.program.pi_name = "one\ntwo"
    with pytest.warns(ValidationWarning, match=r"meta\.program\.pi_name"):
        path = model.save(tmp_path / "a.fits")
    assert datamodels.open(path).meta.program.pi_name == "one\ntwo"


def test_a_long_text_is_continued(tmp_path):
    """Case 4."""
    text = "".join(chr(65 + n % 26) for n in range(300))
    model = ImageModel((2, 2))
    model.meta.program.pi_name = text
    path = model.save(tmp_path / "a.fits")
    assert header(path)["PI_NAME"] == text
    assert datamodels.open(path).meta.program.pi_name == text


@pytest.mark.parametrize("with_asdf", [True, False])
def test_blanks_around_a_text_are_kept(tmp_path, with_asdf):
    """Case 5: leading ones also without the ASDF extension; FITS cannot hold trailing ones."""
    model = ImageModel((2, 2))
    model.meta.target.catalog_name = "  Barnard's  "
    with pytest.warns(ValidationWarning, match=r"meta\.target\.catalog_name"):
        path = model.save(tmp_path / "a.fits")
    if not with_asdf:
        with afits.open(path, mode="update") as hdus:
            del hdus["ASDF"]
    expected = "  Barnard's  " if with_asdf else "  Barnard's"
    assert datamodels.open(path).meta.target.catalog_name == expected


def test_an_unknown_hierarch_card_of_150_characters_survives_without_a_warning(path, tmp_path):
    """Case 6."""
    text = "0123456789" * 15
    cards = (
        f"HIERARCH ESO TEL NAME = '{text[:50]}&'",
        f"CONTINUE  '{text[50:110]}&'",
        f"CONTINUE  '{text[110:]}' / a comment",
    )
    content, wanted = Path(path).read_bytes(), "".join(f"{c:80}" for c in cards).encode()
    assert content[2880 - 240 : 2880] == b" " * 240  # the filling of the primary header
    end = content.index(b"END     ")
    (tmp_path / "b.fits").write_bytes(
        (content[:end] + wanted + b"END").ljust(2880) + content[2880:]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = datamodels.open(tmp_path / "b.fits")
        assert ["ESO TEL NAME", text, "a comment"] in model.extra_fits.PRIMARY.header
        model.meta.exposure.nints = 5
        model.save(tmp_path / "c.fits")
    assert wanted in (tmp_path / "c.fits").read_bytes()
    assert header(tmp_path / "c.fits")["ESO TEL NAME"] == text


def test_an_unknown_undefined_card_stays_undefined(path, edit, tmp_path):
    """Case 7."""
    edit(lambda h: h.append(("MYKEY", afits.card.Undefined(), "nothing")))
    again = datamodels.open(path).save(tmp_path / "b.fits")
    assert header(again)["MYKEY"] is None
    assert header(again).comments["MYKEY"] == "nothing"


def test_a_known_undefined_card_reads_as_none_and_stays(path, edit, tmp_path):
    """Case 8."""
    edit(lambda h: h.set("NINTS", afits.card.Undefined()))
    model = datamodels.open(path)
    assert model.meta.exposure.nints is None
    again = model.save(tmp_path / "b.fits")
    assert header(again)["NINTS"] is None


def test_a_repeated_unknown_card_is_kept_twice(path, edit, tmp_path):
    """Case 9."""
    edit(lambda h: (h.append(("MYKEY", 1)), h.append(("MYKEY", 2))))
    again = datamodels.open(path).save(tmp_path / "b.fits")
    assert [c.value for c in header(again).cards if c.keyword == "MYKEY"] == [1, 2]


def test_a_repeated_known_card_warns_and_the_first_is_used(path, edit):
    """Case 10."""
    edit(lambda h: h.append(("TARGNAME", "M33")))
    model = datamodels.open(path)
    with pytest.warns(ValidationWarning, match=r"TARGNAME.*'M31' and 'M33'"):
        assert model.meta.target.catalog_name == "M31"


def test_an_edited_card_wins(path, edit):
    """Case 11."""
    edit(lambda h: h.set("TARGNAME", "M101"))
    assert datamodels.open(path).meta.target.catalog_name == "M101"


def test_a_deleted_card_does_not_come_back(path, edit, tmp_path):
    """Case 12."""
    edit(lambda h: h.remove("TARGNAME"))
    model = datamodels.open(path)
    assert model.meta.target.catalog_name is None
    assert not model.meta.target.hasattr("catalog_name")
    model.meta.exposure.nints = 4  # so that the ASDF extension is written anew
    again = datamodels.open(model.save(tmp_path / "b.fits"))
    assert "TARGNAME" not in header(tmp_path / "b.fits")
    assert again.meta.target.instance == {}


def test_an_invalid_edit_is_flagged_and_kept(path, edit, tmp_path):
    """Case 13."""
    edit(lambda h: h.set("INSTRUME", "NIRCAMM"))
    model = datamodels.open(path)
    with pytest.warns(ValidationWarning, match=r"a\.fits\[PRIMARY\] INSTRUME .*'NIRCAMM'.*kept"):
        assert model.meta.instrument.name == "NIRCAMM"
    assert [f.path for f in model.check()] == ["meta.instrument.name"]
    assert header(model.save(tmp_path / "b.fits"))["INSTRUME"] == "NIRCAMM"


def test_a_blanked_card_is_blank_in_the_model(path, edit, tmp_path):
    """Case 14."""
    edit(lambda h: (h.set("TARGNAME", ""), h.set("NINTS", "")))
    model = datamodels.open(path)
    assert model.meta.target.catalog_name == ""
    assert model.meta.exposure.nints is None
    again = header(model.save(tmp_path / "b.fits"))
    assert (again["TARGNAME"], again["NINTS"]) == ("", "")


def test_a_whole_float_is_an_integer_and_another_is_flagged(path, edit):
    """Case 15."""
    edit(lambda h: h.set("NINTS", 3.0))
    found = datamodels.open(path).meta.exposure.nints
    assert (found, type(found)) == (3, int)
    edit(lambda h: h.set("NINTS", 3.5))
    model = datamodels.open(path)
    with pytest.warns(ValidationWarning, match=r"NINTS .*3\.5 is a number, must be an integer"):
        assert model.meta.exposure.nints == 3.5


@pytest.mark.parametrize("value", [1, "T"])
def test_one_and_t_are_true(path, edit, value):
    """Case 16."""
    edit(lambda h: h.set("TSOVISIT", value))
    assert datamodels.open(path).meta.visit.tsovisit is True


def test_a_number_where_a_text_is_wanted_is_its_text(path, edit):
    """Case 17."""
    edit(lambda h: h.set("TARGNAME", 123))
    assert datamodels.open(path).meta.target.catalog_name == "123"


def test_comment_and_history_are_not_multiplied(path, edit, tmp_path):
    """Case 18."""
    edit(lambda h: (h.add_comment("a comment"), h.add_history("an event")))
    for number in range(3):
        path = datamodels.open(path).save(tmp_path / f"{number}.fits")
    assert list(header(path)["COMMENT"]) == ["a comment"]
    assert list(header(path)["HISTORY"]) == ["an event"]


@pytest.mark.parametrize("suffix", ["fits", "asdf"])
def test_history_takes_texts_in_both_formats(tmp_path, suffix):
    """Case 19."""
    model = ImageModel((2, 2))
    model.history.append("first")
    model = datamodels.open(model.save(tmp_path / f"a.{suffix}"))
    model.history.append("second")
    again = datamodels.open(model.save(tmp_path / f"b.{suffix}"))
    assert again.history == ["first", "second"]


@pytest.mark.parametrize("value", ["'unterminated", "12.5.3"])
def test_a_file_with_a_malformed_card_opens_and_the_card_is_reported(path, value, tmp_path):
    """Case 20."""
    with afits.open(path) as hdus:
        hdus[0].header.append(("GOODKEY", "TO BE REPLACED"))
        hdus.writeto(tmp_path / "b.fits")
    content = (tmp_path / "b.fits").read_bytes()
    bad = f"GOODKEY = {value}".encode().ljust(80)
    place = content.index(b"GOODKEY")
    (tmp_path / "b.fits").write_bytes(content[:place] + bad + content[place + 80 :])
    model = datamodels.open(tmp_path / "b.fits")
    assert model.meta.instrument.name == "NIRCAM"
    (told,) = model.check()
    assert f"b.fits[PRIMARY,1] GOODKEY: {value!r} is no value that FITS has" in str(told)
    model.save(tmp_path / "c.fits")
    assert bad in (tmp_path / "c.fits").read_bytes()


def test_checksums_are_renewed(path, tmp_path):
    """Case 21: astropy verifies them."""
    with afits.open(path) as hdus:
        hdus.writeto(tmp_path / "b.fits", checksum=True)
    model = datamodels.open(tmp_path / "b.fits")
    model.data[0, 0] = 99
    model.meta.target.catalog_name = "M33"
    model.save(tmp_path / "c.fits")
    with afits.open(tmp_path / "c.fits", checksum=True) as hdus:  # a bad sum would warn
        assert hdus["SCI"].data[0, 0] == 99
        assert all("CHECKSUM" in hdu.header for hdu in hdus[:-1])


def test_order_and_comments_of_cards_are_kept(path, edit, tmp_path):
    """Case 22."""
    edit(lambda h: (h.insert(6, ("FOREIGN", 1, "mine")), h.comments.__setitem__("NINTS", "own")))
    model = datamodels.open(path)
    model.meta.exposure.nints = 7
    again = model.save(tmp_path / "b.fits")
    assert list(header(again)) == list(header(path))
    assert header(again).cards["NINTS"].comment == "own"
    assert header(again)["NINTS"] == 7


def test_a_long_comment_or_value_is_written_without_a_warning_and_the_value_is_whole(tmp_path):
    """Case 23: astropy would warn of a card that is cut."""
    model = ImageModel((2, 2))
    model.meta.ref_file.flat.name = "crds://" + "x" * 55
    model.extra_fits = {"PRIMARY": {"header": [["LONGCOM", 12345, "a word " * 12]]}}
    path = model.save(tmp_path / "a.fits")
    with afits.open(path) as hdus:
        hdus.verify("exception")
        assert hdus[0].header["R_FLAT"] == "crds://" + "x" * 55
        assert hdus[0].header["LONGCOM"] == 12345
        assert hdus[0].header.comments["LONGCOM"] == "a word " * 6 + "a"


@pytest.mark.parametrize("how", ["delete", "none"])
def test_what_was_deleted_has_no_card(path, tmp_path, how):
    """Case 24."""
    model = datamodels.open(path)
    if how == "delete":
        del model.meta.target.catalog_name
    else:
        model.meta.target.catalog_name = None
    again = model.save(tmp_path / "b.fits")
    assert "TARGNAME" not in header(again)
    assert datamodels.open(again).meta.target.catalog_name is None


# ---------------------------------------------------------------- HDUs


def test_extra_hdus_of_one_name_are_kept_in_order(path, tmp_path):
    """Case 25."""
    with afits.open(path, mode="append") as hdus:
        for number in (1, 2, 3):
            hdus.append(afits.ImageHDU(np.full(3, number), name="DUP", ver=number))
    again = datamodels.open(path).save(tmp_path / "b.fits")
    with afits.open(again) as hdus:
        assert [hdus["DUP", n].data[0] for n in (1, 2, 3)] == [1, 2, 3]
        assert [h.name for h in hdus].count("DUP") == 3


def test_an_untouched_compressed_hdu_stays_as_it_is(path, tmp_path):
    """Case 26."""
    with afits.open(path, mode="append") as hdus:
        hdus.append(afits.CompImageHDU(np.arange(100, dtype="i2").reshape(10, 10), name="ZIP"))
    again = datamodels.open(path).save(tmp_path / "b.fits")
    assert stored(path, "ZIP") == stored(again, "ZIP")


def stored(path, name):
    """Header and data of an HDU, byte for byte."""
    with afits.open(path, disable_image_compression=True) as hdus:
        info = hdus[name].fileinfo()
        content = Path(path).read_bytes()
        return content[info["hdrLoc"] : info["datLoc"] + info["datSpan"]]


def test_a_compressed_science_image_is_read_and_kept_or_made(path, tmp_path):
    """Case 27."""
    pixels = np.arange(600, dtype="i4").reshape(20, 30)
    primary = afits.PrimaryHDU()
    primary.header.update({"DATAMODL": "ImageModel", "TELESCOP": "JWST"})
    packed = afits.CompImageHDU(pixels, name="SCI", compression_type="RICE_1")
    afits.HDUList([primary, packed]).writeto(tmp_path / "b.fits")
    model = datamodels.open(tmp_path / "b.fits")
    assert np.array_equal(model.data, pixels)
    again = model.save(tmp_path / "c.fits")
    assert stored(again, "SCI") == stored(tmp_path / "b.fits", "SCI")
    made = datamodels.open(path).save(tmp_path / "d.fits", compress="GZIP_2")
    with afits.open(made) as hdus:
        assert hdus["SCI"].compression_type == "GZIP_2"
        assert hdus["SCI"].data.tolist() == np.arange(12.0).reshape(3, 4).tolist()


def test_scaled_integers_stay_as_they_are_stored(path, tmp_path):
    """Case 28."""
    hdu = afits.ImageHDU(np.arange(4, dtype="i2"), name="SCALED")
    hdu.header["BSCALE"], hdu.header["BZERO"] = 0.5, 10.0
    with afits.open(path, mode="append") as hdus:
        hdus.append(hdu)
    model = datamodels.open(path)
    assert stored(model.save(tmp_path / "b.fits"), "SCALED") == stored(path, "SCALED")
    np.testing.assert_array_equal(model.extra_fits.SCALED.data, [10, 10.5, 11, 11.5])


def test_slits_follow_their_extver_and_a_missing_one_is_absent(tmp_path):
    """Case 45."""
    model = MultiSlitModel()
    for number in (1, 2, 3):
        model.slits.append(SlitModel(np.full((2, 2), number, "f4")))
        model.slits[-1].name = f"S{number}"
        model.slits[-1].dq = np.full((2, 2), number)
    model.save(tmp_path / "a.fits")
    with afits.open(tmp_path / "a.fits") as hdus:
        first, *middle, last = list(hdus)
        afits.HDUList([first, *middle[::-1], last]).writeto(tmp_path / "b.fits")
        del hdus["SCI", 2]
        hdus.writeto(tmp_path / "c.fits")
    turned = datamodels.open(tmp_path / "b.fits")
    assert [(s.name, s.data[0, 0]) for s in turned.slits] == [("S1", 1), ("S2", 2), ("S3", 3)]
    lacking = datamodels.open(tmp_path / "c.fits")
    with pytest.warns(ValidationWarning, match="lacks the HDU of fits:SCI,2"):
        lacking.to_flat_dict(include_arrays=False)
    assert [s.hasattr("data") for s in lacking.slits] == [True, False, True]
    assert lacking.slits[1].dq[0, 0] == 2


def test_a_deleted_science_hdu_leaves_absent_data_and_a_warning(path):
    """Case 47."""
    with afits.open(path, mode="update") as hdus:
        del hdus["SCI"]
    model = datamodels.open(path)
    assert not model.hasattr("data")
    assert model.shape is None
    assert model.meta.target.catalog_name == "M31"
    with pytest.warns(ValidationWarning, match="lacks the HDU of fits:SCI,1; the array is absent"):
        model.to_flat_dict()


def test_a_user_who_only_asks_for_the_deleted_data_is_warned_as_well(path):
    """Case 47."""
    with afits.open(path, mode="update") as hdus:
        del hdus["SCI"]
    model = datamodels.open(path)
    with pytest.warns(ValidationWarning, match="lacks the HDU of fits:SCI,1; the array is absent"):
        assert model.data.shape == (0, 0)
    assert not model.hasattr("data")
    assert model.err is not None  # warned once


def test_a_file_without_its_asdf_extension_opens(path):
    """Case 48."""
    with afits.open(path, mode="update") as hdus:
        del hdus["ASDF"]
    model = datamodels.open(path)
    assert model.meta.target.catalog_name == "M31"
    assert model.data.sum() == 66


def test_data_of_a_primary_hdu_are_kept(tmp_path):
    """Case 49."""
    afits.PrimaryHDU(np.arange(6, dtype="i2").reshape(2, 3)).writeto(tmp_path / "a.fits")
    with pytest.warns(NoTypeWarning, match=r"model_type not found\. Opening .*a\.fits as a "):
        model = datamodels.open(tmp_path / "a.fits")
    np.testing.assert_array_equal(model.extra_fits.PRIMARY.data, [[0, 1, 2], [3, 4, 5]])
    model.save(tmp_path / "b.fits")
    assert (tmp_path / "b.fits").read_bytes() == (tmp_path / "a.fits").read_bytes()


def test_an_unknown_class_is_guessed_and_its_name_kept(path, edit, tmp_path):
    """Case 50."""
    edit(lambda h: h.set("DATAMODL", "FutureModel"))
    with pytest.warns(NoTypeWarning, match="'FutureModel' is not known.* as a ImageModel"):
        model = datamodels.open(path)
    assert type(model) is ImageModel
    assert header(model.save(tmp_path / "b.fits"))["DATAMODL"] == "FutureModel"


def test_a_name_in_lower_case_is_found(path, tmp_path):
    """Case 51."""
    content = Path(path).read_bytes()
    (tmp_path / "b.fits").write_bytes(content.replace(b"'SCI     '", b"'sci     '", 1))
    assert datamodels.open(tmp_path / "b.fits").data.sum() == 66


def test_arrays_have_the_byte_order_of_the_machine(path):
    """Case 52."""
    assert datamodels.open(path).data.dtype.isnative


def test_of_a_cut_file_the_whole_parts_are_read(tmp_path):
    """Case 53."""
    model = ImageModel((100, 100))
    model.err = np.ones((100, 100), "f4")
    model.meta.instrument.name = "MIRI"
    model.save(tmp_path / "a.fits")
    with afits.open(tmp_path / "a.fits") as hdus:
        end = hdus["ERR"].fileinfo()["datLoc"] + 1000
    content = (tmp_path / "a.fits").read_bytes()[:end]
    (tmp_path / "b.fits").write_bytes(content)
    model = datamodels.open(tmp_path / "b.fits")
    assert model.meta.instrument.name == "MIRI"
    assert model.data.shape == (100, 100)
    with pytest.raises(OSError, match=r"b\.fits\[ERR,1\].*cut"):
        model.err  # noqa: B018


@pytest.mark.parametrize("content", [b"", b"just a text"])
def test_what_is_no_fits_file_is_named_with_the_reason_and_closed(tmp_path, content):
    """Case 54."""
    (tmp_path / "a.fits").write_bytes(content)
    before = open_files()
    with pytest.raises(OSError, match=r"a\.fits: .*(empty|neither FITS nor ASDF)"):
        datamodels.open(tmp_path / "a.fits")
    assert open_files() == before


def open_files():
    """Count the files that this process has open; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_a_file_is_saved_packed_and_read_again(path, tmp_path):
    """Case 55."""
    again = datamodels.open(path).save(tmp_path / "b.fits.gz")
    with gzip.open(again) as stream:
        assert afits.open(stream)["SCI"].data.sum() == 66
    assert datamodels.open(again).data.sum() == 66


def test_a_file_does_not_grow_by_saving(tmp_path):
    """Case 56."""
    model = ImageModel(np.arange(64, dtype="f4").reshape(8, 8)[:, ::2])
    model.unmapped = np.arange(1000.0)[::2]
    path, sizes = model.save(tmp_path / "0.fits"), set()
    for number in range(1, 4):
        model = datamodels.open(path)
        model.unmapped  # noqa: B018
        path = model.save(tmp_path / f"{number}.fits")
        sizes.add((tmp_path / f"{number}.fits").stat().st_size)
    assert sizes == {(tmp_path / "0.fits").stat().st_size}
    np.testing.assert_array_equal(datamodels.open(path).unmapped, np.arange(0, 1000, 2.0))


def test_a_list_of_objects_makes_no_hdu(tmp_path):
    """Case 57."""
    model = ImageModel((2, 2))
    model.meta.background.notes = [{"a": 1}, {"a": 2}]
    path = model.save(tmp_path / "a.fits")
    with afits.open(path) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "SCI", "ASDF"]
    assert datamodels.open(path).meta.background.notes[1].a == 2


def test_hdus_are_in_the_order_of_the_schema(tmp_path):
    """Case 58."""
    orders = set()
    for names in (("err", "dq"), ("dq", "err")):
        model = ImageModel((2, 2))
        for name in names:
            setattr(model, name, getattr(model, name))
        with afits.open(model.save(tmp_path / "a.fits")) as hdus:
            orders.add(tuple(hdu.name for hdu in hdus))
    assert orders == {("PRIMARY", "SCI", "DQ", "ERR", "ASDF")}


def test_no_warning_without_reason(path, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        datamodels.open(path).save(tmp_path / "b.fits")
        LinearityModel((2, 2, 2)).save(tmp_path / "c.fits")

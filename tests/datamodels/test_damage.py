"""Single kinds of damage that once did harm; see `tests/damage` for thousands of them."""

import gzip
import struct
import time
import warnings
import zlib

import astropy.io.fits as afits
import numpy as np
import pytest
from astropy.time import Time

from jwstlike import datamodels
from jwstlike.datamodels import asdf_blocks, asdf_light, compression, validate
from jwstlike.errors import FileFormatError, ValidationWarning

pytestmark = pytest.mark.filterwarnings("ignore::jwstlike.errors.NoTypeWarning")


def fits_bytes(*cards, data=b""):
    """Make a FITS file by hand."""
    lines = ["SIMPLE  =                    T", "BITPIX  =                    8", *cards, "END"]
    if not any(c.startswith("NAXIS ") for c in cards):
        lines.insert(2, "NAXIS   =                    0")
    head = b"".join(line.encode("latin-1").ljust(80) for line in lines)
    return head.ljust(-(-len(head) // 2880) * 2880) + data


@pytest.fixture
def path(tmp_path):
    return tmp_path / "odd.fits"


def asdf_bytes(tree, blocks=b""):
    return b"#ASDF 1.0.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n" + (
        tree.encode() + b"\n...\n" + blocks
    )


# ---------------------------------------------------------------- FITS


def test_an_absurd_number_of_axes_is_told_at_once_and_nothing_is_tried(path):
    path.write_bytes(fits_bytes("NAXIS   =           2147483647"))
    model, start = datamodels.open(path), time.process_time()
    with pytest.raises(FileFormatError, match=r"odd\.fits.*NAXIS = 2147483647"):
        model.extra_fits.PRIMARY.data  # noqa: B018
    assert time.process_time() - start < 1


def test_an_absurd_number_of_axes_of_a_compressed_image_costs_no_time(path):
    image = afits.CompImageHDU(np.zeros((8, 8), "i2"))
    afits.HDUList([afits.PrimaryHDU(), image]).writeto(path)
    content = path.read_bytes()
    at = content.index(b"ZNAXIS  =")
    card = b"ZNAXIS  =           2147483647".ljust(80)
    path.write_bytes(content[:at] + card + content[at + 80 :])
    model, start = datamodels.open(path), time.process_time()
    with pytest.raises(FileFormatError, match=r"odd\.fits\[COMPRESSED_IMAGE,1\]: the data cannot"):
        model.extra_fits.COMPRESSED_IMAGE.data  # noqa: B018
    assert time.process_time() - start < 2


@pytest.mark.parametrize("keyword", ["TFIELDS", "ZNAXIS"])
def test_an_absurd_count_in_an_earlier_hdu_costs_no_time(path, keyword):
    images = [afits.CompImageHDU(np.zeros((8, 8), "i2"), name=n) for n in "AB"]
    afits.HDUList([afits.PrimaryHDU(), *images]).writeto(path)
    content = path.read_bytes()
    at = content.index(f"{keyword:8}=".encode())
    card = f"{keyword:8}= 18446744073709551616".encode().ljust(80)
    path.write_bytes(content[:at] + card + content[at + 80 :])
    model, start = datamodels.open(path), time.process_time()
    with pytest.raises(FileFormatError, match=rf"odd\.fits\[B,1\].*{keyword} = 1.* in A,1"):
        model.extra_fits.B.data  # noqa: B018
    assert time.process_time() - start < 2


def test_a_header_that_tells_of_a_terabyte_is_not_filled_up_with_zeros(path):
    path.write_bytes(
        fits_bytes("NAXIS   =                    1", "NAXIS1  =        1000000000000", data=b"123")
    )
    model = datamodels.open(path)
    with pytest.raises(FileFormatError, match=r"odd\.fits\[PRIMARY,1\].* 1000000000000 bytes"):
        model.save(path.with_name("new.fits"))
    assert [p.name for p in path.parent.iterdir()] == ["odd.fits"]


def test_a_first_hdu_named_asdf_is_no_asdf_extension(path):
    path.write_bytes(fits_bytes("EXTNAME = 'ASDF    '", "TELESCOP= 'JWST    '"))
    model = datamodels.open(path)
    assert model.meta.telescope == "JWST"
    model.save(path.with_name("new.fits"))
    assert afits.getheader(path.with_name("new.fits"))["EXTNAME"] == "ASDF"


@pytest.mark.parametrize("value", ["1.5", "text", "{entries: 3}", "[]"])
def test_a_history_that_is_no_list_has_no_entries_and_is_saved(value, tmp_path):
    model = datamodels.open(asdf_bytes(f"history: {value}"))
    assert list(model.history) == []
    model.save(tmp_path / "a.asdf")
    model.save(tmp_path / "a.fits")


def test_zeros_for_data_that_are_cut_are_told(path):
    image = afits.ImageHDU(np.ones((100, 100), "f4"), name="SCI")
    afits.HDUList([afits.PrimaryHDU(), image]).writeto(path)
    path.write_bytes(path.read_bytes()[: 2880 * 2 + 4000])
    with pytest.warns(
        ValidationWarning, match=r"SCI,1\].*: zeros are saved for 36000 of 40000 byt"
    ):
        datamodels.open(path).save(path.with_name("new.fits"))
    assert afits.getdata(path.with_name("new.fits"), 1).sum() == 1000


def test_a_version_that_is_no_number_counts_as_one(path):
    path.write_bytes(fits_bytes("EXTVER  =                1E400", "EXTNAME = 'ODD'"))
    assert datamodels.open(path).meta.filename == "odd.fits"


def test_a_table_of_too_many_rows_is_refused_before_memory_is_taken(path):
    table = afits.BinTableHDU(np.zeros(3, [("a", ">i4")]), name="TAB")
    afits.HDUList([afits.PrimaryHDU(), table]).writeto(path)
    content = path.read_bytes()
    rows = b"NAXIS2  =                    3"
    path.write_bytes(content.replace(rows, b"NAXIS2  =        1000000000000"))
    model = datamodels.open(path)
    with pytest.raises(FileFormatError, match=r"odd\.fits\[TAB,1\]: the data are cut"):
        model.extra_fits.TAB.data  # noqa: B018


def test_a_keyword_whose_capital_letter_has_no_latin_form_is_read(path):
    path.write_bytes(fits_bytes("\xb5m      =                    1", "TELESCOP= 'JWST'"))
    assert datamodels.open(path).meta.telescope == "JWST"


def test_names_of_hdus_may_hold_dots(path):
    image = afits.ImageHDU(np.arange(3, dtype="i2"), name="A.B.C")
    afits.HDUList([afits.PrimaryHDU(), image]).writeto(path)
    model = datamodels.open(path)
    assert list(model["extra_fits.A.B.C.data"]) == [0, 1, 2]
    assert list(model.to_flat_dict()["extra_fits.A.B.C.data"]) == [0, 1, 2]
    assert "extra_fits.A.B.C.data" in dict(model)


def test_a_table_with_cells_of_variable_length_is_saved_after_it_was_looked_at(path):
    cells = np.array([np.arange(2), np.arange(3)], object)
    column = afits.Column("v", "PJ()", array=cells)
    table = afits.BinTableHDU.from_columns([column], name="TAB")
    afits.HDUList([afits.PrimaryHDU(), table]).writeto(path)
    model = datamodels.open(path)
    assert [list(c) for c in model.extra_fits.TAB.data["v"]] == [[0, 1], [0, 1, 2]]
    model.save(path.with_name("new.fits"))
    with afits.open(path.with_name("new.fits")) as new:
        assert [list(c) for c in new["TAB"].data["v"]] == [[0, 1], [0, 1, 2]]


def test_cells_of_variable_length_are_compared_one_by_one():
    a, b = (np.array([np.arange(2), np.arange(n)], object) for n in (3, 4))
    assert validate.equal(a, a.copy())
    assert not validate.equal(a, b)


# ---------------------------------------------------------------- ASDF


def test_all_blocks_that_are_missing_give_one_warning(tmp_path):
    path = tmp_path / "odd.asdf"
    node = "!core/ndarray-1.1.0 {source: %d, datatype: int8, byteorder: big, shape: [3]}"
    path.write_bytes(asdf_bytes("\n".join(f"a{n}: {node % n}" for n in range(50))))
    model = datamodels.open(path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.save(tmp_path / "new.asdf")
    (warning,) = caught
    assert "block 0 of 0 is missing" in str(warning.message)
    assert "(50 lines)" in str(warning.message)


@pytest.mark.parametrize("used", [1 << 40, (1 << 64) - 1])
def test_a_packed_block_longer_than_its_file_is_cut(tmp_path, used):
    path = tmp_path / "odd.asdf"
    node = "a: !core/ndarray-1.1.0 {source: 0, datatype: int8, byteorder: big, shape: [3]}"
    block = b"\xd3BLK\0\x30" + struct.pack(">I4sQQQ16s", 0, b"zlib", used, used, 3, bytes(16))
    path.write_bytes(asdf_bytes(node, block + zlib.compress(bytes(3))))
    model = datamodels.open(path)
    with pytest.raises(FileFormatError, match=r"odd\.asdf: a compressed block is cut"):
        model.a  # noqa: B018


def test_a_chunk_of_lz4_cannot_claim_more_than_it_can_hold():
    pytest.importorskip("lz4.block")
    chunk = struct.pack("<I", 1 << 31) + b"\x10a"
    with pytest.raises(FileFormatError, match="cannot unpack to 2147483648"):
        asdf_blocks.unpack(struct.pack(">I", len(chunk)) + chunk, b"lz4", 9, "a.asdf")


def test_a_damaged_chunk_of_lz4_is_told():
    pytest.importorskip("lz4.block")
    chunk = struct.pack("<I", 9) + b"\x10a"
    with pytest.raises(FileFormatError, match="a compressed block is damaged"):
        asdf_blocks.unpack(struct.pack(">I", len(chunk)) + chunk, b"lz4", 9, "a.asdf")


def test_a_transform_of_two_billion_inputs_stays_a_node():
    content = asdf_bytes("m: !transform/remap_axes-1.3.0 {mapping: [0, 2147483647]}")
    assert datamodels.open(content).m == {"mapping": [0, 2147483647]}


def test_a_node_that_nobody_could_read_is_not_written(tmp_path):
    model = datamodels.JwstDataModel()
    model.meta.odd = asdf_light.TaggedDict({}, "tag:stsci.edu:asdf/core/ndarray-1.1.0")
    model.when = Time("2020-01-01")
    with pytest.raises(TypeError, match=r"meta\.odd: what has the tag of arrays is none"):
        model.save(tmp_path / "new.asdf")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("tag", ["set", "omap", "pairs", "seq", "map"])
def test_a_text_under_the_tag_of_a_container_is_carried(tag, tmp_path):
    model = datamodels.open(asdf_bytes(f"a: !!{tag} x"))
    model.save(tmp_path / "a.asdf")
    assert f"tag:yaml.org,2002:{tag}> x\n".encode() in (tmp_path / "a.asdf").read_bytes()


def test_a_set_is_carried_and_saved_after_it_was_looked_at(tmp_path):
    model = datamodels.open(asdf_bytes("a: !!set {x, y}"))
    assert model.a == {"x": None, "y": None}
    model.save(tmp_path / "a.asdf")
    assert b"tag:yaml.org,2002:set>" in (tmp_path / "a.asdf").read_bytes()


def test_a_text_under_the_tag_of_booleans_is_damage():
    with pytest.raises(FileFormatError, match="'x' is no bool"):
        datamodels.open(asdf_bytes("a: !!bool x"))


def test_aliases_cannot_stand_for_millions_of_nodes():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 7)]
    with pytest.raises(FileFormatError, match="aliases stand for more than"):
        datamodels.open(asdf_bytes("\n".join(lines)))


def test_packed_zeros_are_refused():
    zeros = gzip.compress(bytes(300 << 20), 1, mtime=0)
    with pytest.raises(FileFormatError, match="unpack to more than"):
        compression.open_bytes(zeros)


@pytest.mark.parametrize("dtype", ["i2", "f4"])
def test_numbers_that_another_type_cannot_hold_give_no_warning_of_numpy(path, dtype):
    image = afits.ImageHDU(np.array([[np.nan, 1e30, 5]]).astype("f4"), name="DQ")
    afits.HDUList([afits.PrimaryHDU(), image]).writeto(path)
    (ref,) = datamodels.open(path)._reader.extra["DQ"].values()
    assert ref.read("u1").shape == ref.section(..., dtype).shape == (1, 3)


def test_a_node_in_the_place_of_an_array_is_left_out_of_fits(tmp_path):
    model = datamodels.open(
        asdf_bytes("meta: {model_type: ImageModel}\nerr: !<tag:example.org:odd-1.0.0> {a: 1}")
    )
    with pytest.warns(ValidationWarning, match="err: is a TaggedDict, no array; left out of FITS"):
        model.save(tmp_path / "a.fits")
    with afits.open(tmp_path / "a.fits") as hdus:
        assert "ERR" not in hdus


def test_a_table_that_astropy_takes_for_an_image_is_read(path):
    image = afits.CompImageHDU(np.zeros((8, 8), "i2"), name="ODD")
    afits.HDUList([afits.PrimaryHDU(), image]).writeto(path)
    content = path.read_bytes()
    at = content.index(b"ZIMAGE  =")
    path.write_bytes(content[:at] + b"ZIMAGE  = 999".ljust(80) + content[at + 80 :])
    assert len(datamodels.open(path).extra_fits.ODD.data) == 8


def test_an_array_in_the_place_of_a_name_is_no_missing_name(tmp_path):
    """A damaged ASDF file of a reference has one."""
    model = datamodels.FlatModel(np.zeros((2, 2), "f4"))
    path = model.save(tmp_path / "a.asdf")
    again = datamodels.open(path, validate="off")
    again.instance["meta"]["author"] = np.zeros(0)
    told = str(again.check())
    assert "meta is missing values for" in told
    assert "author" not in told.split("missing values for")[1].split("]")[0]

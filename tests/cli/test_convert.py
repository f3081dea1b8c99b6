"""``jwstlike convert``."""

import io

import asdf
import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.cli import convert, diff
from jwstlike.datamodels import ImageModel, MaskModel, asdf_in_fits


@pytest.fixture
def image(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = ImageModel(np.arange(6, dtype="f4").reshape(2, 3))
    model.meta.instrument.name = "NIRCAM"
    return model.save("a.fits")


def test_fits_becomes_asdf_and_fits_again(image, tmp_path, capsys):
    assert convert.main([image, "b.asdf"]) == 0
    assert convert.main(["b.asdf", "c.fits"]) == 0
    assert capsys.readouterr().out == "a.fits -> b.asdf\nb.asdf -> c.fits\n"
    with asdf.open(tmp_path / "b.asdf") as file:
        assert file["meta"]["instrument"]["name"] == "NIRCAM"
        assert np.asarray(file["data"]).tolist() == [[0, 1, 2], [3, 4, 5]]
    with afits.open(tmp_path / "c.fits") as hdus:
        assert hdus["SCI"].data.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert diff.main([image, "c.fits"]) == 0


def test_many_files_go_to_a_folder(image, tmp_path, capsys):
    ImageModel((2, 2)).save("b.fits")
    assert convert.main(["--to", "asdf", "--output-dir", "out", image, "b.fits"]) == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.asdf", "b.asdf"]


def test_an_unreadable_file_does_not_stop_the_others(image, tmp_path, capsys):
    assert convert.main(["--to", "asdf", "absent.fits", image]) == 3
    out, err = capsys.readouterr()
    assert out == "a.fits -> a.asdf\n"
    assert err == "jwstlike convert: absent.fits: there is no such file; check the path\n"


def test_an_existing_file_is_replaced_only_when_asked_for(image, tmp_path, capsys):
    (tmp_path / "b.asdf").write_text("mine")
    assert convert.main([image, "b.asdf"]) == 2
    assert capsys.readouterr().err == (
        "jwstlike convert: b.asdf: exists already; use --overwrite\n"
    )
    assert (tmp_path / "b.asdf").read_text() == "mine"
    assert convert.main([image, "b.asdf", "--overwrite", "-q"]) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "b.asdf").read_bytes().startswith(b"#ASDF")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.fits"], "give IN and OUT, or --to asdf with any number of files"),
        (["a.fits", "b.txt"], "b.txt: the suffix must be .fits or .asdf, or one packed (.fits.gz)"),
        (["--to", "asdf", "x/a.fits", "y/a.fits", "--output-dir", "o"],
         "o/a.asdf: two files would get this name"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_told_before_anything_is_read(arguments, message, capsys):
    assert convert.main(arguments) == 2
    assert capsys.readouterr().err == f"jwstlike convert: {message}\n"


def test_a_packed_file_loses_both_suffixes(image, tmp_path, capsys):
    import gzip

    (tmp_path / "z.fits.gz").write_bytes(gzip.compress((tmp_path / image).read_bytes()))
    assert convert.main(["--to", "asdf", "z.fits.gz"]) == 0
    assert capsys.readouterr().out == "z.fits.gz -> z.asdf\n"


def test_a_file_that_cannot_be_written_is_told(image, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert convert.main([image, "file/b.asdf"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("jwstlike convert: file/b.asdf: ")
    assert err.count("\n") == 1


def test_what_a_reference_file_in_fits_cannot_hold_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    model = MaskModel(np.zeros((2, 2), "u4"), validate="off")
    model.mine = "no card has a place for it"
    model.save("mask.asdf")
    assert convert.main(["mask.asdf", "mask.fits"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "jwstlike convert: mask.fits: FITS files of MaskModel cannot hold mine; keep mask.asdf as "
        "well"
    )


# ---------------------------------------------------------------- there and back


@pytest.fixture
def there_and_back(tmp_path, monkeypatch, capsys):
    """Convert HDUs to ASDF and back; return the result as astropy reads it."""
    monkeypatch.chdir(tmp_path)

    def run(*hdus, codes=(0, 0)):
        primary = () if isinstance(hdus[0], (afits.PrimaryHDU, afits.GroupsHDU)) else (
            afits.PrimaryHDU(),)  # fmt: skip
        afits.HDUList([*primary, *hdus]).writeto("a.fits")
        assert convert.main(["-q", "a.fits", "b.asdf"]) == codes[0]
        assert convert.main(["-q", "b.asdf", "c.fits"]) == codes[1]
        capsys.readouterr()
        return afits.open(io.BytesIO((tmp_path / "c.fits").read_bytes()))

    return run


def test_nameless_hdus_stay_apart(there_and_back, capsys):
    hdus = [afits.ImageHDU(np.full((2, 2), n, "i2")) for n in range(3)]
    hdus[1].header["MINE"] = 5
    found = there_and_back(*hdus)
    assert [hdu.data[0, 0] for hdu in found[1:4]] == [0, 1, 2]
    assert [hdu.header.get("MINE") for hdu in found[1:4]] == [None, 5, None]
    assert diff.main(["a.fits", "c.fits"]) == 0


def test_hdus_of_the_same_name_and_version_keep_both(there_and_back):
    found = there_and_back(*(afits.ImageHDU(np.full((2, 2), n, "i2"), name="DUP") for n in "12"))
    assert [(hdu.name, hdu.data[0, 0]) for hdu in found[1:3]] == [("DUP", 1), ("DUP", 2)]


def test_units_of_columns_survive(there_and_back, tmp_path):
    column = afits.Column("wave", "E", unit="um", array=np.array([1.5]))
    found = there_and_back(afits.BinTableHDU.from_columns([column], name="T"))
    assert found["T"].columns["wave"].unit == "um"
    with asdf.open(tmp_path / "b.asdf") as file:  # a word that asdf does not know
        assert file["extra_fits"]["T"]["data"]["wave"].tolist() == [1.5]


def test_undefined_cells_survive(there_and_back, capsys):
    columns = [
        afits.Column("n", "J", null=-1, array=np.array([7, -1])),
        afits.Column("x", "D", array=np.array([0.5, 1.5])),
    ]
    found = there_and_back(afits.BinTableHDU.from_columns(columns, name="T"))
    header = found["T"].header
    assert found["T"].data["n"][1] == header["TNULL1"]
    assert found["T"].data["n"][0] == 7
    assert diff.main(["a.fits", "b.asdf"]) == 0
    assert diff.main(["a.fits", "c.fits"]) == 0


def primary(model_type):
    hdu = afits.PrimaryHDU()
    hdu.header.update(DATAMODL=model_type, TELESCOP="JWST")
    return hdu


@pytest.mark.filterwarnings("ignore::jwstlike.errors.ValidationWarning")
def test_undefined_cells_of_tables_that_the_schema_knows_survive(there_and_back, capsys):
    columns = [
        afits.Column("integration_number", "J", null=-1, array=np.array([7, -1])),
        afits.Column("end_day", "I", null=5, array=np.array([5, 8])),
    ]
    group = afits.BinTableHDU.from_columns(columns, name="GROUP")
    science = afits.ImageHDU(np.ones((1, 1, 2, 2), "f4"), name="SCI")
    found = there_and_back(primary("RampModel"), science, group)
    assert [hdu.name for hdu in found] == ["PRIMARY", "SCI", "GROUP", "ASDF"]
    table = datamodels.open("c.fits").group
    assert table["integration_number"].tolist() == [7, None]
    assert table["end_day"].tolist() == [None, 8]
    with asdf.open("b.asdf") as file:  # a word that asdf does not know
        assert file["group"]["end_day"][1] == 8
    assert diff.main(["a.fits", "b.asdf"]) == 0
    assert diff.main(["a.fits", "c.fits"]) == 0


def test_cells_of_variable_length_in_a_table_that_the_schema_knows_survive(there_and_back, capsys):
    cells = np.empty(2, object)
    cells[:] = [np.array([1.5, 2.5]), np.array([])]
    columns = [afits.Column("wavelength", "PD()", unit="um", array=cells)]
    table = afits.BinTableHDU.from_columns(columns, name="EXTRACT1D")
    found = there_and_back(primary("SpecModel"), table)
    assert [list(cell) for cell in found["EXTRACT1D"].data["wavelength"]] == [[1.5, 2.5], []]
    assert found["EXTRACT1D"].columns["wavelength"].unit == "um"
    assert diff.main(["a.fits", "c.fits"]) == 0
    found = asdf_in_fits.open("c.fits")["spec_table"]["columns"]["wavelength"]
    assert found["lengths"].tolist() == [2, 0]


def test_units_of_ascii_tables_survive(there_and_back):
    column = afits.Column("x", "F8.3", unit="pix", array=np.array([1.5]), ascii=True)
    found = there_and_back(afits.TableHDU.from_columns([column], name="T"))
    assert found["T"].columns["x"].unit == "pix"


def test_cells_of_variable_length_survive(there_and_back, capsys):
    cells = np.empty(3, object)
    cells[:] = [np.array([1, 2, 3], "i2"), np.array([], "i2"), np.array([4], "i2")]
    columns = [
        afits.Column("n", "J", array=np.array([7, 8, 9])),
        afits.Column("cells", "PI()", unit="adu", array=cells),
    ]
    found = there_and_back(afits.BinTableHDU.from_columns(columns, name="T"))
    assert [list(c) for c in found["T"].data["cells"]] == [[1, 2, 3], [], [4]]
    assert found["T"].data["n"].tolist() == [7, 8, 9]
    assert found["T"].columns["cells"].unit == "adu"
    assert diff.main(["a.fits", "b.asdf"]) == 0
    assert diff.main(["a.fits", "c.fits"]) == 0


def test_random_groups_become_a_table(there_and_back):
    groups = afits.GroupData(
        np.arange(4.0).reshape(2, 1, 1, 2), bitpix=-32, parnames=["UU"], pardata=[np.ones(2)]
    )
    found = there_and_back(afits.GroupsHDU(groups))
    assert found[0].data is None
    assert found["GROUPS"].data["UU"].tolist() == [1, 1]


def test_a_class_that_was_guessed_comes_back(there_and_back, capsys):
    science = afits.ImageHDU(np.ones((2, 3), "f4"), name="SCI")
    science.header["BUNIT"] = "adu"
    found = there_and_back(science, afits.ImageHDU(np.ones((2, 3), "f4"), name="ERR"))
    assert found["SCI"].header["BUNIT"] == "adu"
    assert found["ERR"].data.shape == (2, 3)
    assert diff.main(["a.fits", "c.fits"]) == 0


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_files_are_packed_and_unpacked(image, packing, tmp_path, capsys):
    assert convert.main([image, f"b.fits.{packing}"]) == 0
    assert convert.main(["--to", "fits", "--output-dir", "out", f"b.fits.{packing}"]) == 0
    assert capsys.readouterr().out.endswith(f"b.fits.{packing} -> out/b.fits\n")
    with afits.open(image) as old, afits.open("out/b.fits") as new:
        assert (old["SCI"].data == new["SCI"].data).all()
        assert diff.main([image, "out/b.fits"]) == 0


def test_the_format_may_be_a_packed_one(image, capsys):
    assert convert.main(["--to", "fits.gz", image]) == 0
    assert capsys.readouterr().out == "a.fits -> a.fits.gz\n"


def test_the_exit_code_tells_that_something_was_left_out(image, tmp_path, capsys):
    hdu = afits.ImageHDU(np.ones((99, 99), "f4"), name="MINE")
    afits.HDUList([afits.PrimaryHDU(), hdu]).writeto("cut.fits")
    cut = (tmp_path / "cut.fits").read_bytes()[:6000]
    (tmp_path / "cut.fits").write_bytes(cut)
    assert convert.main(["cut.fits", "cut.asdf"]) == 1
    assert "left out" in capsys.readouterr().err

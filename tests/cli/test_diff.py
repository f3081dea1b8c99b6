"""``jwstlike diff``."""

import json
from pathlib import Path

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike.cli import diff
from jwstlike.datamodels import ImageModel, MultiSlitModel


def write(name, change=None):
    """Write a small image; `change` is given the model."""
    model = ImageModel(np.zeros((4, 5), "f4"))
    model.err = np.ones((4, 5), "f4")
    model.meta.instrument.name = "NIRCAM"
    model.meta.exposure.exposure_time = 10.5
    model.history.append("made")
    if change is not None:
        change(model)
    model.save(name)
    return name


@pytest.fixture
def same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write("a.fits")


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def change_all(model):
    model.data[1, 2] = 0.25
    model.data[3, 4] = -0.5
    model.data[0, 0] = np.nan
    model.meta.instrument.name = "MIRI"
    model.meta.exposure.exposure_time = None
    model.meta.target.ra = 3.5
    model.mine = {"x": [1, 2]}
    model.history.append("changed")


CHANGES = [
    "PRIMARY INSTRUME (meta.instrument.name): 'NIRCAM' | 'MIRI'",
    "PRIMARY EFFEXPTM (meta.exposure.exposure_time): only in the first: 10.5",
    "PRIMARY TARG_RA (meta.target.ra): only in the second: 3.5",
    "mine.x: only in the second: [1, 2]",
    "HISTORY (history.1): only in the second: 'changed'",
]
PIXELS = (
    "3 of 20 pixels differ, 1 of them NaN in only one; largest difference 0.5 at [3, 4]: 0.0 | -0.5"
)


def test_two_files_of_the_same_content_are_the_same(same, capsys):
    write("b.fits")
    assert diff.main([same, "b.fits"]) == 0
    assert lines(capsys) == ["no differences in 3 cards, 1 value, 2 arrays compared"]


def test_a_file_is_the_same_in_fits_and_asdf(same, capsys):
    write("b.asdf")
    assert diff.main([same, "b.asdf"]) == 0
    assert diff.main(["b.asdf", same]) == 0
    assert all(line.startswith("no differences in") for line in lines(capsys))


def test_each_difference_is_one_line_with_hdu_keyword_and_path(same, capsys):
    write("b.fits", change_all)
    assert diff.main([same, "b.fits"]) == 1
    found = lines(capsys)
    assert sorted(found[:-1]) == sorted([*CHANGES, f"SCI,1 (data): {PIXELS}"])
    assert found[-1].startswith("6 differences in ")


def test_fits_and_asdf_files_differ_in_the_same_words(same, capsys):
    write("b.asdf", change_all)
    assert diff.main([same, "b.asdf"]) == 1
    assert sorted(lines(capsys)[:-1]) == sorted([*CHANGES, f"data: {PIXELS}"])


def test_paths_and_keywords_can_be_left_out(same, capsys):
    write("b.fits", change_all)
    ignored = ["--ignore", "data", "--ignore", "meta.exposure", "--ignore", "mi*",
               "--ignore", "history", "--ignore-keyword", "TARG*"]  # fmt: skip
    assert diff.main([same, "b.fits", *ignored]) == 1
    assert lines(capsys)[:-1] == [CHANGES[0]]
    assert diff.main([same, "b.fits", *ignored, "--ignore-keyword", "instrume"]) == 0


def test_tolerances_hold_for_pixels_and_cards(same, capsys):
    def nearly(model):
        model.err[0, 0] = 1.001
        model.meta.exposure.exposure_time = 10.5001

    write("b.fits", nearly)
    assert diff.main([same, "b.fits"]) == 1
    assert diff.main([same, "b.fits", "--rtol", "1e-4"]) == 1
    assert "at [0, 0]: 1.0 | 1.001" in lines(capsys)[-2]
    assert diff.main([same, "b.fits", "--rtol", "0.01"]) == 0
    assert diff.main([same, "b.fits", "--atol", "0.01"]) == 0


def test_nan_equals_nan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def blank(model):
        model.data[:] = np.nan
        model.mine = float("nan")

    write("a.fits", blank)
    write("b.asdf", blank)
    write("b.fits", blank)
    assert diff.main(["a.fits", "b.fits", "-q"]) == 0
    assert diff.main(["a.fits", "b.asdf", "-q"]) == 0


def test_the_name_and_date_of_the_file_count_only_when_asked_for(same, capsys):
    write("b.fits")
    assert diff.main([same, "b.fits", "--everything"]) == 1
    assert any("FILENAME (meta.filename): 'a.fits' | 'b.fits'" in x for x in lines(capsys))


def test_hdus_shapes_and_types_are_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    hdus = [afits.PrimaryHDU(), afits.ImageHDU(np.zeros((2, 2), "f4"), name="SCI")]
    extra = afits.ImageHDU(np.zeros((2, 2), "i2"), name="EXTRA")
    afits.HDUList([*hdus, extra]).writeto("a.fits")
    hdus[1].data = np.zeros((2, 3), "f4")
    extra.data = np.zeros((2, 2), "i4")
    afits.HDUList([*hdus, extra, afits.ImageHDU(name="MORE")]).writeto("b.fits")
    assert diff.main(["a.fits", "b.fits"]) == 1
    assert lines(capsys)[:-1] == [
        "SCI,1 (data): shape (2, 2) | (2, 3)",
        "EXTRA,1: type int16 | int32",
        "MORE,1 (extra_fits.MORE): HDU only in the second",
    ]


def test_tables_are_compared_column_by_column(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def table(name, **columns):
        made = afits.BinTableHDU.from_columns(
            [afits.Column(k, "D" if v[0] else "3A", array=v[1]) for k, v in columns.items()],
            name="T",
        )
        afits.HDUList([afits.PrimaryHDU(), made]).writeto(name)

    table("a.fits", X=(1, [1.0, np.nan, 3.0]), NAME=(0, ["a", "b", "c"]), OLD=(1, [0, 0, 0]))
    table("b.fits", X=(1, [1.0, np.nan, 5.0]), NAME=(0, ["a", "B", "c"]), NEW=(1, [0, 0, 0]))
    assert diff.main(["a.fits", "b.fits"]) == 1
    assert lines(capsys)[:-1] == [
        "T,1 column X: 1 of 3 cells differ; largest difference 2 at [2]: 3.0 | 5.0",
        "T,1 column NAME: 1 of 3 cells differ at [1]: 'b' | 'B'",
        "T,1 column OLD: only in the first",
        "T,1 column NEW: only in the second",
    ]


def test_items_of_lists_have_their_number_in_the_path(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, value in (("a.fits", 0), ("b.fits", 7)):
        model = MultiSlitModel()
        for number in range(2):
            model.slits.append(model.slits.item(name=f"S{number}"))
            model.slits[number].data = np.full((2, 2), number * value, "f4")
        model.save(name)
    assert diff.main(["a.fits", "b.fits"]) == 1
    assert lines(capsys)[0] == (
        "SCI,2 (slits.1.data): 4 of 4 pixels differ; largest difference 7 at [0, 0]: 0.0 | 7.0"
    )


def test_json_has_numbers_and_places(same, capsys):
    write("b.fits", lambda m: m.data.__setitem__((1, 2), 2))
    assert diff.main([same, "b.fits", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["a"], found["b"], found["same"]) == ("a.fits", "b.fits", False)
    assert found["compared"] == {"cards": 3, "values": 1, "arrays": 2}
    (difference,) = found["differences"]
    assert difference["numbers"] == {
        "size": 20, "differing": 1, "largest": 2.0, "where": [1, 2], "one_nan": 0,
    }  # fmt: skip
    assert (difference["kind"], difference["place"], difference["path"]) == (
        "array", "SCI,1", "data",
    )  # fmt: skip


def test_a_file_that_cannot_be_read_is_named(same, capsys):
    assert diff.main([same, "absent.fits"]) == 3
    assert diff.main(["absent.fits", same]) == 3
    line = "jwstlike diff: absent.fits: there is no such file; check the path\n"
    assert capsys.readouterr().err == line * 2


def test_data_that_are_cut_are_told_and_the_rest_is_compared(same, capsys):
    index = afits.open(same)
    start = index["ERR"].fileinfo()["datLoc"]
    index.close()
    write("b.fits", lambda m: m.data.__setitem__((1, 2), 2))
    Path("cut.fits").write_bytes(Path("b.fits").read_bytes()[: start + 30])
    assert diff.main([same, "cut.fits", "--ignore", "mine"]) == 3
    found = lines(capsys)
    assert any(x.startswith("SCI,1 (data): 1 of 20 pixels differ") for x in found)
    assert any(x.startswith("ERR,1 (err): cannot be compared: ") for x in found)


def test_a_wrong_tolerance_is_a_wrong_command(same, capsys):
    with pytest.raises(SystemExit) as end:
        diff.main([same, same, "--rtol", "-1"])
    assert end.value.code == 2
    assert "must be a number from 0 on" in capsys.readouterr().err


def test_a_tolerance_that_is_no_number_is_told(same, capsys):
    with pytest.raises(SystemExit) as stopped:
        diff.main([same, same, "--rtol", "abc"])
    assert stopped.value.code == 2
    assert "--rtol: abc: must be a number from 0 on" in capsys.readouterr().err

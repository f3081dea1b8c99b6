"""Lists of slits in FITS files: items keep their HDUs through every change of the list."""

import pickle
import time

import numpy as np
import pytest
from astropy.io import fits

from jwstlike import datamodels
from jwstlike.datamodels.fits_scan import scan
from jwstlike.errors import ValidationWarning

NAMES = ("A", "B", "C", "D")


def slit(name, value, **kwargs):
    return datamodels.SlitDataModel(
        name=name,
        source_id=int(value),
        data=np.full((3, 4), value, "f4"),
        dq=np.full((3, 4), value, "u4"),
        **kwargs,
    )


@pytest.fixture
def path(tmp_path):
    """Make a file with four slits and, in each SCI header, a card that no schema knows."""
    model = datamodels.MultiSlitModel()
    for number, name in enumerate(NAMES, 1):
        model.slits.append(slit(name, number))
        model.slits[-1].meta.wcs_free = {"of": name}  # only the ASDF extension can hold it
    model.meta.exposure.start_time_mjd = 59000.5
    path = model.save(tmp_path / "slits.fits")
    with fits.open(path) as hdulist:
        for name, hdu in zip(NAMES, hdulist[1::2], strict=False):
            hdu.header["MYKEY"] = (f"of {name}", "no schema knows it")
        hdulist.insert(4, fits.ImageHDU(np.arange(6), name="FOREIGN"))
        hdulist.writeto(path, overwrite=True)
    return path


def layout(path):
    with fits.open(path) as hdulist:
        hdulist.verify("exception")
        return [(hdu.name, hdu.ver) for hdu in hdulist[1:-1]]


def content(path):
    """Of each slit, by astropy: name, MYKEY, first value of SCI and of DQ."""
    with fits.open(path) as hdulist:
        found = []
        for hdu in hdulist:
            if hdu.name == "SCI":
                dq = hdulist["DQ", hdu.ver].data
                header = hdu.header
                found.append((header["SLTNAME"], header.get("MYKEY"), hdu.data[0, 0], dq[0, 0]))
        return found


def data_bytes(path, extname, extver):
    index = scan(path)
    hdu = index.find(extname, extver)
    return b"".join(map(bytes, index.source.blocks(hdu.data_offset, hdu.data_size)))


def test_new_slits_come_item_by_item_with_their_number_as_extver(tmp_path):
    model = datamodels.MultiSlitModel()
    model.slits.append(slit("A", 1))
    model.slits.append(slit("B", 2))
    path = model.save(tmp_path / "new.fits")
    assert layout(path) == [("SCI", 1), ("DQ", 1), ("SCI", 2), ("DQ", 2)]


def test_a_slit_without_arrays_has_an_extver(tmp_path):
    model = datamodels.MultiSlitModel()
    for name in "AB":
        model.slits.append({"name": name})
    path = model.save(tmp_path / "new.fits")
    assert layout(path) == [("SCI", 1), ("SCI", 2)]
    assert [s.name for s in datamodels.open(path).slits] == ["A", "B"]


def test_slits_are_read_by_extver_when_they_are_reordered_on_disk(path):
    with fits.open(path) as hdulist:
        first, *middle, last = list(hdulist)
        fits.HDUList([first, *middle[::-1], last]).writeto(path, overwrite=True)
    assert layout(path)[0] == ("DQ", 4)
    with datamodels.open(path) as model:
        assert [s.name for s in model.slits] == list(NAMES)
        assert [s.data[0, 0] for s in model.slits] == [1, 2, 3, 4]


def test_a_file_without_one_sci_opens_and_that_slit_has_no_data(path, tmp_path):
    with fits.open(path) as hdulist:
        del hdulist["SCI", 2]
        hdulist.writeto(path, overwrite=True)
    model = datamodels.open(path)
    with pytest.warns(ValidationWarning, match="lacks the HDU of fits:SCI,2; the array is absent"):
        assert len(model.slits) == 4
    assert not model.slits[1].hasattr("data")
    assert model.slits[1].dq[0, 0] == 2
    assert model.slits[2].data[0, 0] == 3
    again = datamodels.open(model.save(tmp_path / "again.fits"))
    assert not again.slits[1].hasattr("data")
    assert [s.dq[0, 0] for s in again.slits] == [1, 2, 3, 4]


def test_an_untouched_list_is_saved_with_the_foreign_hdu_between_its_items(path, tmp_path):
    before = layout(path)
    model = datamodels.open(path)
    assert [s.data.sum() for s in model.slits] == [12, 24, 36, 48]
    assert layout(model.save(tmp_path / "again.fits")) == before
    assert before[3] == ("FOREIGN", 1)


EDITS = {
    "remove first": lambda s: s.pop(0),
    "remove middle": lambda s: s.__delitem__(1),
    "remove last": lambda s: s.pop(),
    "reverse": lambda s: s.reverse(),
    "rotate": lambda s: s.append(s.pop(0)),
    "sort": lambda s: s.sort(key=lambda item: -item.source_id),
    "slice": lambda s: s.__delitem__(slice(1, 3)),
}


@pytest.mark.parametrize("edit", EDITS)
def test_hdus_follow_their_slits(path, tmp_path, edit):
    model = datamodels.open(path)
    EDITS[edit](model.slits)
    expected = Names(NAMES)
    EDITS[edit](expected)
    out = model.save(tmp_path / "edited.fits")
    numbers = [NAMES.index(name) + 1 for name in expected]
    assert content(out) == [(n, f"of {n}", i, i) for n, i in zip(expected, numbers, strict=True)]
    assert [e for e in layout(out) if e[0] != "FOREIGN"] == [
        (name, n) for n in range(1, len(expected) + 1) for name in ("SCI", "DQ")
    ]
    assert ("FOREIGN", 1) in layout(out)
    for new, old in enumerate(numbers, 1):
        assert data_bytes(out, "SCI", new) == data_bytes(path, "SCI", old)
    again = datamodels.open(out)
    assert [s.meta.wcs_free.of for s in again.slits] == expected
    assert again.meta.exposure.start_time_mjd == 59000.5
    with fits.open(out) as hdulist:
        owners = [hdu.ver for hdu in hdulist if "MJD-BEG" in hdu.header]
    assert owners == [1]


class Names(list):
    """The same edits on plain names."""

    def sort(self, key):
        super().sort(reverse=True)


def test_a_slit_can_be_put_before_those_of_the_file(path, tmp_path):
    model = datamodels.open(path)
    model.slits.insert(0, slit("NEW", 9))
    out = model.save(tmp_path / "more.fits")
    assert content(out) == [
        ("NEW", None, 9, 9), *((n, f"of {n}", i, i) for i, n in enumerate(NAMES, 1))
    ]  # fmt: skip
    assert layout(out) == [
        (name, n) for n in range(1, 6) for name in ("SCI", "DQ")
    ] + [("FOREIGN", 1)]  # fmt: skip


def test_a_slit_twice_in_the_list_is_written_twice(path, tmp_path):
    model = datamodels.open(path)
    model.slits.append(model.slits[1])
    again = datamodels.open(model.save(tmp_path / "twice.fits"))
    assert [s.name for s in again.slits] == [*NAMES, "B"]
    assert [s.data[0, 0] for s in again.slits] == [1, 2, 3, 4, 2]


def test_a_new_list_leaves_nothing_of_the_old_one(path, tmp_path):
    model = datamodels.open(path)
    model.slits = [slit("NEW", 9)]
    out = model.save(tmp_path / "new.fits")
    assert content(out) == [("NEW", None, 9, 9)]
    assert datamodels.open(out).meta.exposure.start_time_mjd == 59000.5


def test_an_emptied_list_is_empty_after_reading(path, tmp_path):
    model = datamodels.open(path)
    del model.slits[:]
    again = datamodels.open(model.save(tmp_path / "empty.fits"))
    assert len(again.slits) == 0
    assert again.extra_fits.FOREIGN.data.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_slit_of_another_file_brings_its_arrays(path, tmp_path):
    other = datamodels.MultiSlitModel()
    other.slits.append(slit("OTHER", 7))
    other = datamodels.open(other.save(tmp_path / "other.fits"))
    model = datamodels.open(path)
    model.slits.append(other.slits.pop())
    out = model.save(tmp_path / "joined.fits")
    assert content(out)[-1] == ("OTHER", None, 7, 7)
    assert len(content(out)) == 5


def test_saving_onto_the_own_file_after_a_removal_can_be_repeated(path):
    model = datamodels.open(path)
    removed = model.slits.pop(0)
    model.save(path)
    assert removed.name == "A"
    assert [s.data[0, 0] for s in model.slits] == [2, 3, 4]
    model.slits.reverse()
    model.save(path)
    assert content(path) == [(n, f"of {n}", i, i) for i, n in ((4, "D"), (3, "C"), (2, "B"))]
    assert [s.name for s in model.slits] == ["D", "C", "B"]
    assert [s.meta.wcs_free.of for s in model.slits] == ["D", "C", "B"]


def test_a_copy_has_its_own_list(path, tmp_path):
    model = datamodels.open(path)
    copy = model.copy()
    copy.slits.pop(0)
    assert len(model.slits) == 4
    assert content(copy.save(tmp_path / "copy.fits"))[0] == ("B", "of B", 2, 2)
    assert content(model.save(tmp_path / "model.fits")) == content(path)


def test_looking_at_slits_changes_nothing(path, tmp_path):
    model = datamodels.open(path)
    for item in model.slits:
        assert item.wavelength.shape == (3, 4)  # a default
        assert not item.hasattr("wavelength")
    out = model.save(tmp_path / "same.fits")
    assert layout(out) == layout(path)
    for extver in (1, 2, 3, 4):
        assert data_bytes(out, "DQ", extver) == data_bytes(path, "DQ", extver)


def test_only_the_changed_slit_is_written_anew(path, tmp_path):
    model = datamodels.open(path)
    model.slits[2].data[0, 0] = -1
    model.slits[3].name = "E"
    out = model.save(tmp_path / "changed.fits")
    assert [c[0] for c in content(out)] == ["A", "B", "C", "E"]
    assert [c[2] for c in content(out)] == [1, 2, -1, 4]
    old, new = scan(path), scan(out)
    for name, extver in (("SCI", 1), ("DQ", 3), ("SCI", 2)):
        assert new.find(name, extver).raw == old.find(name, extver).raw


def test_the_asdf_file_of_an_edited_list_names_foreign_cards_by_the_new_places(path, tmp_path):
    model = datamodels.open(path)
    model.slits.pop(1)
    model.slits.reverse()
    again = datamodels.open(model.save(tmp_path / "edited.asdf"))
    assert [(s.name, s.data[0, 0]) for s in again.slits] == [("D", 4), ("C", 3), ("A", 1)]
    expected = [("D", "of D", 4, 4), ("C", "of C", 3, 3), ("A", "of A", 1, 1)]
    assert content(again.save(tmp_path / "edited.fits")) == expected


def test_an_edited_list_pickles(path, tmp_path):
    model = datamodels.open(path)
    model.slits.pop(1)
    model.slits.reverse()
    other = pickle.loads(pickle.dumps(model))
    expected = [("D", "of D", 4, 4), ("C", "of C", 3, 3), ("A", "of A", 1, 1)]
    assert content(other.save(tmp_path / "edited.fits")) == expected


def test_time_grows_with_the_number_of_slits_not_faster(tmp_path):
    """Case 46: a quadratic way would take 16 times as long for four times the slits."""
    taken = {}
    for count in (100, 400):
        model = datamodels.MultiSlitModel()
        for number in range(count):
            model.slits.append(slit(f"S{number}", number % 100))
        path = model.save(tmp_path / f"{count}.fits")
        times = []
        for _ in range(3):
            start = time.perf_counter()
            opened = datamodels.open(path)
            assert sum(int(s.data[0, 0]) for s in opened.slits) == sum(range(100)) * count // 100
            opened.slits.reverse()
            opened.save(tmp_path / "reversed.fits")
            times.append(time.perf_counter() - start)
        taken[count] = min(times)
    assert taken[400] < 9 * taken[100]

"""Real files: open, save and compare with the source, byte by byte where nothing changed."""

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import asdf_light
from jwstlike.datamodels.casting import is_array, is_lazy
from jwstlike.datamodels.fits_scan import scan
from jwstlike.errors import JwstlikeError

SMALL = Path(__file__).parents[1] / "data"
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "archival"
MAY_CHANGE = {"DATE", "FILENAME", "DATAMODL", "CHECKSUM"}
ERRORS = (JwstlikeError, OSError, ValueError)
ASDF_NAMES = ("ASDF", "METADATA")


def expectations():
    index = SHARED / "INDEX.csv"
    if not index.exists():
        return {}
    return {
        row["file"].split("/")[-1]: row["expect"]
        for row in csv.DictReader(index.read_text().splitlines())
    }


EXPECT = expectations()
FILES = {p.name: p for p in (*SMALL.glob("fits/*"), *SMALL.rglob("asdf/**/*.asdf"))} | {
    p.name: p for p in (*SHARED.glob("fits/*"), *SHARED.rglob("asdf/**/*.asdf"))
}
every_file = pytest.mark.parametrize("path", [pytest.param(p, id=n) for n, p in FILES.items()])


def opened(path):
    """Open a file, or skip if it is one that need not open: its error must name it."""
    try:
        return datamodels.open(path)
    except ERRORS as error:
        assert EXPECT.get(path.name, "error") != "open", error
        assert path.name in str(error)
        return None


@pytest.fixture(autouse=True)
def few_warnings():
    """Odd files may warn, but not flood."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert len(caught) < 40


@every_file
def test_a_file_opens_or_says_what_is_wrong(path):
    before = path.stat()
    model = opened(path)
    if model is not None:
        model.get("meta.instrument")
        model.check()
        model.close()
    assert path.stat().st_mtime_ns == before.st_mtime_ns


@every_file
def test_opening_and_saving_loses_nothing(path, tmp_path):
    model = opened(path)
    if model is None:
        return
    is_fits = model._reader is not None
    first = tmp_path / ("a.fits" if is_fits else "a.asdf")
    second = tmp_path / f"b{first.suffix}"
    model.save(first)
    (assert_same_fits if is_fits else assert_same_asdf)(path, first)
    datamodels.open(first).save(second)
    assert first.stat().st_size == second.stat().st_size
    if path.suffix == ".fits" and path.stat().st_size % 2880 == 0:
        assert first.stat().st_size <= path.stat().st_size


def assert_same_fits(old, new):
    before, after = scan(old), scan(new)
    assert [h.place for h in before] == [h.place for h in after]
    for one, two in zip(before, after, strict=True):
        if one.extname not in ASDF_NAMES:
            assert cards(one) == cards(two)
        data = content(before, one)
        assert content(after, two)[: len(data)] == data


def cards(hdu):
    return [c for c in hdu.cards if c[:8].strip() not in MAY_CHANGE]


def content(index, hdu):
    return b"".join(map(bytes, index.source.blocks(hdu.data_offset, hdu.data_size)))


def assert_same_asdf(old, new):
    before, after = (asdf_light.load(p)[0] for p in (old, new))
    before.pop("asdf_library", None)
    after.pop("asdf_library", None)
    assert_same_tree(before, after, ())


def same_values(one, two):
    if one.dtype.names:
        return all(same_values(one[n], two[n]) for n in one.dtype.names)
    if one.dtype.kind in "fc":
        return np.ma.allclose(one, two, rtol=0, atol=0) or np.array_equal(one, two, equal_nan=True)
    return bool(np.ma.allequal(one, two))


SET_BY_SAVE = {("meta", "filename"), ("meta", "date"), ("meta", "model_type")}


def assert_same_tree(one, two, path):
    if path in SET_BY_SAVE:
        return
    if isinstance(one, dict):
        assert getattr(one, "_tag", None) == getattr(two, "_tag", None), path
        for key, value in one.items():
            if value is not None:
                assert_same_tree(value, two[key], (*path, key))
    elif isinstance(one, list):
        assert len(one) == len(two), path
        for number, (a, b) in enumerate(zip(one, two, strict=True)):
            assert_same_tree(a, b, (*path, number))
    elif is_array(one):
        try:
            one = one.read() if is_lazy(one) else one
        except OSError:  # damaged, or in a coding that is not installed
            return
        two = two.read() if is_lazy(two) else two
        assert one.dtype.newbyteorder("=") == two.dtype.newbyteorder("="), path
        assert same_values(one, two), path
    else:
        assert one == two or (one != one and two != two), path  # noqa: PLR0124

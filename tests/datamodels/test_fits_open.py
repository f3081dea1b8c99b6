"""What is read of a FITS file, and when."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from jwstlike import datamodels
from jwstlike.errors import FileFormatError

PACK = {
    "": bytes,
    ".gz": partial(gzip.compress, compresslevel=1),
    ".bz2": bz2.compress,
    ".xz": partial(lzma.compress, preset=0),
}
COUNTED = Path("/proc/self/io")
counted = pytest.mark.skipif(not COUNTED.exists(), reason="only Linux counts what is read")


def image(extensions=1, side=20):
    """Bytes of an image of noise with a card of the WCS; further extensions are X1, X2 ..."""
    data = np.random.default_rng(3).normal(size=(side, side)).astype("f4")
    made = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(data, name="SCI")])
    made[0].header.update(DATAMODL="ImageModel", TELESCOP="JWST", INSTRUME="NIRCAM")
    made[1].header["CRVAL1"] = 5.5
    stream = io.BytesIO()
    made.writeto(stream)
    science = stream.getvalue()[-(len(stream.getvalue()) - len(made[0].header.tostring())) :]
    others = (science.replace(b"'SCI     '", b"'X%-7d'" % n) for n in range(1, extensions))
    return b"".join((stream.getvalue(), *others))


def saved(folder, suffix="", **kwargs):
    path = folder / f"a.fits{suffix}"
    path.write_bytes(PACK[suffix](image(**kwargs)))
    return path


def bytes_read(action):
    """Return what an action gives, and how many bytes it read from files."""
    before = COUNTED.read_bytes()
    result = action()
    return result, _count_in(COUNTED.read_bytes()) - _count_in(before) - len(before)


def _count_in(text):
    return int(text.split()[1])  # without the reading of the text itself


@counted
@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])  # bzip2 has blocks of 900 kB
def test_a_primary_keyword_reads_less_than_a_twentieth_of_the_file(suffix, tmp_path):
    path = saved(tmp_path, suffix, side=700)
    datamodels.open(path)  # reads schemas
    name, count = bytes_read(lambda: datamodels.open(path).meta.instrument.name)
    assert name == "NIRCAM"
    assert 0 < count < path.stat().st_size / 20


@counted
def test_a_primary_keyword_of_a_file_with_1000_hdus_reads_only_its_start(tmp_path):
    path = saved(tmp_path, extensions=999)
    datamodels.open(path)
    model, count = bytes_read(lambda: datamodels.open(path))
    name, more = bytes_read(lambda: (model.meta.instrument.name, model["meta.instrument.name"]))
    assert name == ("NIRCAM", "NIRCAM")
    assert more == 0
    assert count < 40_000


@counted
def test_the_keyword_of_an_extension_reads_the_headers_up_to_it(tmp_path):
    path = saved(tmp_path, extensions=999)
    value, count = bytes_read(lambda: datamodels.open(path).meta.wcsinfo.crval1)
    assert value == 5.5
    assert count < 50_000


def test_an_extension_that_is_absent_is_looked_for_once(tmp_path, monkeypatch):
    model = datamodels.open(saved(tmp_path, extensions=5))
    assert model.meta.instrument.name == "NIRCAM"
    assert not model.hasattr("dq")
    monkeypatch.setattr(type(model._reader.index), "_look", None)
    assert not model.hasattr("err")
    assert model.meta.wcsinfo.crval1 == 5.5


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("name", ["data", "meta.wcsinfo.crval1", "extra_fits"])
def test_a_file_that_changed_after_it_was_opened_gives_no_other_value(name, suffix, tmp_path):
    path = saved(tmp_path, suffix, side=200)  # unpacked only in part
    model = datamodels.open(path)
    path.write_bytes(PACK[suffix](image(extensions=3)))
    os.utime(path, ns=(1, 1))
    for _ in range(2):
        with pytest.raises(FileFormatError, match="changed after it was opened"):
            model[name]
    assert model.meta.instrument.name == "NIRCAM"
    assert repr(model) == f"<ImageModel from {path.name}>"


def test_a_file_that_is_gone_still_has_the_primary_keywords(tmp_path):
    path = saved(tmp_path)
    model = datamodels.open(path)
    path.unlink()
    assert model.meta.instrument.name == "NIRCAM"
    with pytest.raises(FileFormatError, match="gone"):
        model.data  # noqa: B018


@pytest.mark.parametrize(("suffix", "side"), [(".gz", 150), (".bz2", 500), (".xz", 150)])
def test_a_packed_file_that_is_cut_has_its_keywords_and_no_wrong_data(suffix, side, tmp_path):
    path = saved(tmp_path, suffix, side=side)  # more than a block of bzip2
    path.write_bytes(path.read_bytes()[:-5000])
    model = datamodels.open(path)
    assert model.meta.instrument.name == "NIRCAM"
    (line,) = model.source_problems()
    assert line.startswith(f"{path}: the ")
    assert "data are damaged" in line
    with pytest.raises(FileFormatError, match="data are damaged"):
        model.data  # noqa: B018
    with pytest.raises(FileFormatError, match="data are damaged"):
        model.save(tmp_path / "b.fits")


@pytest.mark.parametrize("suffix", PACK)
def test_a_file_object_may_be_closed_when_the_headers_are_known(suffix, tmp_path):
    with saved(tmp_path, suffix).open("rb") as stream:
        model = datamodels.open(stream)
    assert model.meta.wcsinfo.crval1 == 5.5


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("way", [datamodels.ImageModel, pickle.dumps, lambda m: m.copy()])
def test_a_model_that_was_only_opened_is_shared_copied_and_pickled_whole(way, suffix, tmp_path):
    path = saved(tmp_path, suffix)
    made = way(datamodels.open(path))
    model = pickle.loads(made) if isinstance(made, bytes) else made
    np.testing.assert_array_equal(model.data, fits.getdata(path, "SCI"))
    assert model.meta.wcsinfo.crval1 == 5.5


def test_arrays_come_before_meta_in_the_tree_as_ever(tmp_path):
    model = datamodels.open(saved(tmp_path))
    assert list(model.instance)[:2] == ["data", "meta"]


def test_what_is_changed_in_meta_before_the_rest_is_looked_at_is_kept(tmp_path):
    model = datamodels.open(saved(tmp_path))
    meta = model.meta
    meta.target.catalog_name = "M31"
    model.close()
    assert model.meta.target.catalog_name == "M31"
    meta.target.proposer_name = "a"
    assert model.instance["meta"]["target"]["proposer_name"] == "a"
    assert model.data.shape == (20, 20)


def test_threads_that_ask_for_the_rest_at_once_get_the_same_array(tmp_path):
    path = saved(tmp_path, extensions=300)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            for _ in range(10):
                model = datamodels.open(path)
                found = list(pool.map(lambda _, m=model: m.data, range(8)))
                assert len(set(map(id, found))) == 1
                assert len(model._reader.index) == 301
    finally:
        sys.setswitchinterval(interval)

import io
import os
import pickle
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from jwstlike.datamodels import arrays
from jwstlike.datamodels.arrays import ArrayRef, array_ref, encode_image, native
from jwstlike.datamodels.fits_scan import scan
from jwstlike.datamodels.foreign import AstropyRef
from jwstlike.datamodels.sources import Source
from jwstlike.errors import FileFormatError

DATA = Path(__file__).parents[1] / "data" / "fits"
ARCHIVE = Path(__file__).parents[2].parent / "shared" / "data" / "archival" / "fits"
DTYPES = ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]


def write(path, array, **cards):
    hdu = fits.ImageHDU(array, name="SCI")
    hdu.header.update(cards)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
    return path


def ref_of(path, number=1):
    index = scan(path)
    return array_ref(index, index[number])


def sample(dtype, shape=(3, 4, 5)):
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(5)
    if dtype.kind == "f":
        return rng.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    out = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    out.flat[:2] = limits.min, limits.max
    return out


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_come_back_with_their_dtype_native_and_writable(dtype, tmp_path):
    expected = sample(dtype)
    ref = ref_of(write(tmp_path / "a.fits", expected))
    assert (ref.dtype, ref.shape, ref.ndim, len(ref)) == (np.dtype(dtype), (3, 4, 5), 3, 3)
    found = ref.read()
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.dtype(dtype)
    assert found.flags.c_contiguous
    assert found.flags.writeable


@pytest.mark.parametrize("stored", DTYPES)
@pytest.mark.parametrize("wanted", ["f4", "f8", "i4", "u2"])
def test_reading_casts_as_astype_does(stored, wanted, tmp_path):
    array = np.abs(sample(stored)) if wanted == "u2" and stored in ("f4", "f8") else sample(stored)
    found = ref_of(write(tmp_path / "a.fits", array)).read(wanted)
    assert found.dtype == np.dtype(wanted)
    np.testing.assert_array_equal(found, array.astype(wanted))


@pytest.mark.parametrize(
    ("stored", "cards", "dtype", "expected"),
    [
        ("i2", {"BSCALE": 2.0, "BZERO": 10.0}, "f4", [10.0, 12.0, 8.0]),
        ("u1", {"BSCALE": 0.5}, "f4", [0.0, 0.5, 127.5]),
        ("i4", {"BZERO": 1.5}, "f8", [1.5, 2.5, 0.5]),
        ("i8", {"BSCALE": 3}, "f8", [0.0, 3.0, -3.0]),
        ("i2", {"BLANK": -1}, "f4", [0.0, 1.0, np.nan]),
        ("i4", {"BLANK": 1, "BSCALE": 2.0}, "f8", [0.0, np.nan, -2.0]),
        ("f4", {"BSCALE": 2.0, "BZERO": 1.0}, "f4", [1.0, 3.0, -1.0]),
        ("f8", {"BSCALE": 2.0}, "f8", [0.0, 2.0, -2.0]),
        ("f4", {"BLANK": 1}, "f4", [0.0, 1.0, -1.0]),
    ],
)
def test_scaling_and_blanks_are_applied(stored, cards, dtype, expected):
    values = np.array([0, 1, -1]).astype(stored)
    header = fits.Header(list(cards.items()))
    raw = fits.PrimaryHDU(values).header
    raw.update(header)
    content = raw.tostring().encode() + values.astype(values.dtype.newbyteorder(">")).tobytes()
    index = scan(content.ljust(5760, b"\0"))
    ref = array_ref(index, index[0])
    assert ref.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(ref.read(), np.array(expected, dtype))


def test_an_hdu_without_data_has_no_array(tmp_path):
    index = scan(write(tmp_path / "a.fits", None))
    assert array_ref(index, index[0]) is None
    assert array_ref(index, index[1]) is None


def test_an_axis_of_length_zero_gives_an_empty_array():
    content = fits.ImageHDU(np.zeros(3)).header.tostring().replace("NAXIS1  =                    3",
        "NAXIS1  =                    0")  # fmt: skip
    primary = fits.PrimaryHDU().header.tostring()
    index = scan((primary + content).encode())
    assert array_ref(index, index[1]).read().shape == (0,)


@pytest.mark.parametrize("make", [str, Path, Path.read_bytes, lambda p: io.BytesIO(p.read_bytes())])
def test_every_source_gives_the_same_array(make, tmp_path):
    path = write(tmp_path / "a.fits", sample("i2"))
    np.testing.assert_array_equal(ref_of(make(path)).read(), sample("i2"))


def test_reading_needs_no_copy_of_the_whole(tmp_path):
    array = np.zeros((40, 256, 256), "u2")  # 5 MB, 10 MB as float32
    ref = ref_of(write(tmp_path / "a.fits", array))
    ref.read("f4")
    tracemalloc.start()
    found = ref.read("f4")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - found.nbytes < 1_500_000


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files cannot be listed")
def test_no_file_stays_open(tmp_path):
    path = write(tmp_path / "a.fits", sample("f4"))
    ref = ref_of(path)
    ref.read()
    ref.section(0)
    open_files = [os.path.realpath(f) for f in Path("/proc/self/fd").iterdir()]
    assert str(path.resolve()) not in open_files


def test_a_file_changed_since_is_refused(tmp_path):
    path = write(tmp_path / "a.fits", sample("f4"))
    ref = ref_of(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(FileFormatError, match="changed after it was opened; open it again"):
        ref.read()
    path.unlink()
    with pytest.raises(FileFormatError, match="the file is gone"):
        ref.section(0)


def test_cut_data_are_refused_with_place_and_size(tmp_path):
    path = write(tmp_path / "a.fits", sample("f4"))
    cut = path.read_bytes()[: scan(path)[1].data_offset + 100]
    with pytest.raises(FileFormatError, match=r"x.fits\[SCI,1\]: the data are cut: 140 of 240"):
        array_ref(*with_hdu(scan(cut, "x.fits"), 1)).read()


def with_hdu(index, number):
    return index, index[number]


def test_references_pickle_and_become_arrays(tmp_path):
    ref = pickle.loads(pickle.dumps(ref_of(write(tmp_path / "a.fits", sample("u2")))))
    np.testing.assert_array_equal(np.asarray(ref), sample("u2"))
    assert ref.hdu == 1
    assert np.asarray(ref, "f8").dtype == np.dtype("f8")
    with pytest.raises(ValueError, match="without copying"):
        np.array(ref, copy=False)


def test_stored_bytes_are_given_as_they_are(tmp_path):
    path = write(tmp_path / "a.fits", sample("u2"))
    hdu = scan(path)[1]
    expected = path.read_bytes()[hdu.data_offset : hdu.data_offset + hdu.data_size]
    assert b"".join(ref_of(path).raw_blocks()) == expected


def test_native_swaps_only_what_is_foreign():
    array = np.arange(3)
    assert native(array) is array
    assert native(array.astype(">i4")).dtype == np.dtype("i4")


# ---------------------------------------------------------------- sections


SLICES = st.slices(7) | st.integers(-3, 2) | st.just(Ellipsis)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.integers(1, 6), max_size=4),
    st.lists(SLICES, max_size=4),
    st.sampled_from([1, 16, 100, 1 << 20]),
)
def test_a_section_is_what_numpy_would_give(shape, key, run):
    array = np.arange(int(np.prod(shape)), dtype="u2").reshape(shape)
    content = b"".join(encode_image(array)[2])
    ref = ArrayRef(Source(b"xyz" + content), 3, ">i2", shape, "SCI", (1, 32768, None))
    key = tuple(key)
    try:
        expected = array[key]
    except IndexError:
        with pytest.raises(IndexError):
            ref.section(key)
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "RUN", run)
        found = ref.section(key)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == array.dtype


@pytest.mark.parametrize("key", [[0, 2], np.array([True, False, True]), (None, 1)])
def test_other_keys_go_through_numpy(key, tmp_path):
    found = ref_of(write(tmp_path / "a.fits", sample("i2"))).section(key)
    np.testing.assert_array_equal(found, sample("i2")[key])


def test_a_section_reads_little_more_than_it_gives(tmp_path, monkeypatch):
    ref = ref_of(write(tmp_path / "a.fits", np.zeros((50, 300, 300), "f4")))
    read = []
    monkeypatch.setattr(ArrayRef, "_read_run", lambda self, stream, out: read.append(out.nbytes))
    ref.section(7)
    assert sum(read) == 300 * 300 * 4
    read.clear()
    ref.section(np.s_[..., 10:12, :5])
    assert sum(read) == 50 * 2 * 300 * 4


# ---------------------------------------------------------------- unusual HDUs


def test_a_compressed_image_tells_its_shape_without_being_read(tmp_path):
    array = sample("i2", (20, 30))
    hdu = fits.CompImageHDU(array, name="SCI", compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "a.fits")
    ref = ref_of(tmp_path / "a.fits")
    assert isinstance(ref, AstropyRef)
    assert (ref.dtype, ref.shape) == (np.dtype("i2"), (20, 30))
    np.testing.assert_array_equal(ref.read(), array)
    np.testing.assert_array_equal(ref.section(np.s_[2:4, 0]), array[2:4, 0])
    assert ref.read("f4").dtype == np.dtype("f4")


def test_random_groups_are_read_by_astropy():
    index = scan(DATA / "astropy__random_groups.fits")
    ref = array_ref(index, index[0])
    assert isinstance(ref, AstropyRef)
    assert ref.read().dtype.names[-1] == "DATA"
    assert len(ref) == ref.read().shape[0]


def test_data_that_nothing_can_read_give_the_clear_error():
    index = scan(DATA / "blackbox_images__vtab.p.fits")
    with pytest.raises(FileFormatError, match=r"vtab.p.fits\[.*the data cannot be read"):
        array_ref(index, index[1]).read()


def compare_images(path):
    index, count = scan(path), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fits.open(path) as hdulist:
            for number, hdu in enumerate(hdulist):
                ref = array_ref(index, index[number])
                if isinstance(ref, ArrayRef) and not index[number].truncated:
                    expected = hdu.data
                    assert ref.dtype == expected.dtype.newbyteorder("=")
                    np.testing.assert_array_equal(ref.read(), expected)
                    count += 1
    return count


@pytest.mark.skipif(not ARCHIVE.exists(), reason="the archival files are not here")
def test_every_image_of_the_archive_is_read_as_astropy_reads_it():
    skipped = ("sunpy__not_actually_fits.fits", "astropy__lzw.fits.Z", "crds__dbu1405fu.r1h")
    assert sum(compare_images(p) for p in ARCHIVE.iterdir() if p.name not in skipped) > 200


@pytest.mark.parametrize(
    "name",
    ["jwst__7eb34b_fgs_track_guider1.fits", "stsci.tools__waivered.fits",
     "nom_tam_fits__test.fits.bz2", "grizli__jwst_nircam_newhot_NRCA1_extra20231129.fits.gz"],
)  # fmt: skip
def test_real_images_are_read_as_astropy_reads_them(name):
    assert compare_images(DATA / name) > 0


# ---------------------------------------------------------------- writing


def hdu_of(array):
    """Let astropy read what we encode."""
    bitpix, cards, blocks = encode_image(array)
    header = fits.Header([("SIMPLE", True), ("BITPIX", bitpix), ("NAXIS", array.ndim)])
    for number, length in enumerate(reversed(array.shape), 1):
        header[f"NAXIS{number}"] = length
    header.extend(cards, strip=False)
    data = b"".join(blocks)
    content = header.tostring().encode() + data.ljust(-(-len(data) // 2880) * 2880, b"\0")
    return fits.open(io.BytesIO(content))[0]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_astropy_reads_what_is_encoded(dtype, order):
    array = sample(dtype).astype(np.dtype(dtype).newbyteorder(order))
    hdu = hdu_of(array)
    np.testing.assert_array_equal(hdu.data, array)
    if dtype != "i1":
        assert hdu.data.dtype == np.dtype(dtype).newbyteorder(">") or hdu.data.dtype.kind == "u"


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a.T,
        lambda a: a[::2, ::-1],
        lambda a: a[:, 1:3],
        lambda a: a[..., 0],
        lambda a: a[1, 1],
    ],
)
def test_views_are_encoded_in_their_own_order(view, monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK", 64)
    array = view(sample("u2"))
    np.testing.assert_array_equal(hdu_of(array).data, array)


def test_booleans_become_bytes_and_half_floats_become_float32():
    np.testing.assert_array_equal(hdu_of(np.array([True, False])).data, np.array([1, 0], "u1"))
    assert encode_image(np.zeros(2, "f2"))[0] == -32
    assert encode_image(np.zeros(2, np.longdouble))[0] == -64


@pytest.mark.parametrize("array", [np.zeros(2, "c8"), np.array(["a"]), np.zeros(2, "i4,f4")])
def test_what_no_image_can_hold_is_refused(array):
    with pytest.raises(TypeError, match="cannot be written as a FITS image"):
        encode_image(array)


def test_blocks_stay_small_and_leave_the_array_alone():
    array = np.zeros((300, 1000), "u2")
    assert max(len(b) for b in encode_image(array)[2]) <= 1 << 20
    assert not array.any()

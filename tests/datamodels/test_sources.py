import bz2
import gzip
import io
import lzma
import pickle

import pytest
from astropy.io import fits

from jwstlike.datamodels.compression import compression_of, open_bytes
from jwstlike.datamodels.fits_scan import scan
from jwstlike.datamodels.sources import Source
from jwstlike.errors import FileFormatError

CONTENT = bytes(range(256)) * 10


class Pipe:
    """A stream that cannot seek."""

    def read(self, count=-1):
        return CONTENT

    def seekable(self):
        return False


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize(
    "make",
    [
        str,
        lambda p: p,
        lambda p: CONTENT,
        lambda p: Pipe(),
        lambda p: memoryview(CONTENT),
        lambda p: io.BytesIO(CONTENT),
    ],
)
def test_every_kind_of_source_gives_the_same_bytes(make, path):
    source = Source(make(path))
    assert source.size == len(CONTENT)
    assert source.read(250, 10) == CONTENT[250:260]
    assert b"".join(source.blocks(5, 2000, block=700)) == CONTENT[5:2005]
    assert Source.of(source) is source


def test_names_for_messages(path):
    assert Source(path).name == str(path)
    assert Source(b"").name == "<bytes>"
    assert Source(b"", "x.fits").name == "x.fits"
    with path.open("rb") as stream:
        assert Source(stream).name == str(path)


def test_a_file_object_keeps_its_position():
    stream = io.BytesIO(CONTENT)
    stream.seek(33)
    source = Source(stream)
    source.read(0, 10)
    list(source.blocks(0, 100))
    assert stream.tell() == 33


def test_a_folder_and_other_objects_are_refused(tmp_path):
    with pytest.raises(FileFormatError, match="is a folder"):
        Source(tmp_path)
    with pytest.raises(TypeError, match="no path, bytes or binary file object: int"):
        Source(5)


def test_a_source_pickles_by_its_path(path):
    assert pickle.loads(pickle.dumps(Source(path))).read(0, 3) == CONTENT[:3]


@pytest.mark.parametrize(
    ("kind", "compress"),
    [("gzip", gzip.compress), ("bzip2", bz2.compress), ("xz", lzma.compress)],
)
def test_compressed_files_are_opened_in_memory(kind, compress, tmp_path):
    content = fits.PrimaryHDU(header=fits.Header([("A", 5)])).header.tostring().encode()
    path = tmp_path / "a.fits.x"
    path.write_bytes(compress(content))
    assert compression_of(compress(content)) == kind
    index = scan(path)
    assert index[0].get("A") == 5
    assert (index.source.name, index.source.compression) == (str(path), kind)
    path.write_bytes(compress(content)[:-9])
    with pytest.raises(FileFormatError, match=f"the {kind} data are damaged"):
        len(scan(path))


def test_what_is_not_compressed_is_left_as_it_is(path):
    source = open_bytes(path)
    assert source.read(0, len(CONTENT)) == CONTENT
    assert source.compression is None


def test_zstd_without_its_package_is_told(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("jwstlike.datamodels.compression.importlib.import_module", missing)
    with pytest.raises(FileFormatError, match="install the package 'zstandard'"):
        open_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))

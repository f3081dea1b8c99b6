"""Files on web servers and in object stores are opened in place; packed files are read and written.

The web server and the store of these tests run on this machine.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import (
    DataModel,
    ImageModel,
    ModelLibrary,
    RampModel,
    compression,
    remote,
)
from jwstlike.datamodels.compression import MAX_UNPACKED
from jwstlike.errors import FileFormatError, PreflightError
from jwstlike.stpipe import Step

MB = 1 << 20


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body):
        path = self.server.folder / self.path.partition("?")[0].lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        size, asked = path.stat().st_size, self.headers.get("Range")
        start, stop, code = 0, size, 200
        if asked and self.server.ranges:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, stop, code = int(first), min(size, int(last) + 1 if last else size), 206
        self.send_response(code)
        self.send_header("Content-Length", str(stop - start))
        self.send_header("Last-Modified", formatdate(path.stat().st_mtime, usegmt=True))
        if code == 206:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.end_headers()
        self.server.requests.append((self.command, stop - start if with_body else 0))
        if with_body:
            with path.open("rb") as stream:
                stream.seek(start)
                self.wfile.write(stream.read(stop - start))

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder, ranges):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.ranges, self.requests = Path(folder), ranges, []
        self.url = f"http://127.0.0.1:{self.server_port}"

    @property
    def given(self):
        return sum(size for _, size in self.requests)


@contextmanager
def serving(folder, ranges=True):
    with Server(folder, ranges) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server(tmp_path):
    pytest.importorskip("fsspec", reason="fsspec (extra remote) reaches addresses")
    pytest.importorskip("aiohttp", reason="aiohttp (extra remote) reaches web servers")
    with serving(tmp_path) as server:
        yield server


def make(path, shape=(300, 400)):
    model = ImageModel(np.arange(np.prod(shape), dtype="f4").reshape(shape))
    model.meta.instrument.name = "NIRCAM"
    return model.save(path)


# ---------------------------------------------------------------- web servers


def make_large(path):
    """Write a ramp of 436 MB that takes no room on the disk."""
    primary = afits.PrimaryHDU()
    primary.header["DATAMODL"] = "RampModel"
    primary.header["INSTRUME"] = "NIRCAM"
    header = afits.ImageHDU(np.zeros((1, 1, 1, 1), "f4"), name="SCI").header
    header["NAXIS1"], header["NAXIS2"], header["NAXIS3"] = 2048, 2048, 26
    second = afits.ImageHDU(np.ones((4, 4), "u1"), name="PIXELDQ")
    second.header["BUNIT"] = "bits"
    with path.open("wb") as stream:
        afits.HDUList([primary]).writeto(stream)
        stream.write(header.tostring().encode())
        stream.seek(-(-26 * 2048 * 2048 * 4 // 2880) * 2880, os.SEEK_CUR)
        stream.write(second.header.tostring().encode())
        stream.write(second.data.tobytes().ljust(2880, b"\0"))
    return path.stat().st_size


def test_metadata_of_a_large_file_cost_a_few_requests(server, tmp_path):
    size = make_large(tmp_path / "large.fits")
    model = datamodels.open(server.url + "/large.fits")
    assert model.meta.instrument.name == "NIRCAM"
    assert model.meta.filename == "large.fits"
    assert model.shape == (1, 26, 2048, 2048)
    assert size > 436_000_000
    assert len(server.requests) <= 4
    assert server.given < 200_000


def test_a_part_of_a_large_array_costs_little_more(server, tmp_path):
    make_large(tmp_path / "large.fits")
    model = datamodels.open(server.url + "/large.fits")
    assert model.section["data"][0, 20, 1000:1010].sum() == 0
    assert model.pixeldq.sum() == 16
    assert server.given < MB


def test_a_whole_array_comes_in_growing_pieces(server, tmp_path):
    make(tmp_path / "a.fits", (2000, 2000))
    model = datamodels.open(server.url + "/a.fits")
    server.requests.clear()
    assert np.array_equal(model.data, np.arange(4e6, dtype="f4").reshape(2000, 2000))
    assert server.given < 17 * MB
    assert len(server.requests) < 12


def test_a_server_that_gives_no_parts_gives_the_whole_file_once(tmp_path):
    pytest.importorskip("aiohttp", reason="aiohttp (extra remote) reaches web servers")
    make(tmp_path / "a.fits")
    with serving(tmp_path, ranges=False) as server:
        model = datamodels.open(server.url + "/a.fits")
        assert model.data[1, 1] == 401
        assert [command for command, _ in server.requests] == ["HEAD", "GET"]


def test_what_an_address_carries_behind_the_name_is_no_part_of_it(server, tmp_path):
    make(tmp_path / "a.fits")
    model = datamodels.open(server.url + "/a.fits?token=5")
    assert model.meta.filename == "a.fits"
    assert repr(model) == "<ImageModel(300, 400) from a.fits>"


def test_a_class_is_made_from_an_address_too(server, tmp_path):
    make(tmp_path / "a.fits")
    assert ImageModel(server.url + "/a.fits").data[0, 2] == 2
    assert DataModel(server.url + "/a.fits").meta.filename == "a.fits"
    assert datamodels.read_metadata(server.url + "/a.fits")["meta.instrument.name"] == "NIRCAM"


def test_an_asdf_file_at_an_address(server, tmp_path):
    ImageModel(np.ones((500, 500), "f4")).save(tmp_path / "a.asdf")
    model = datamodels.open(server.url + "/a.asdf")
    assert model.shape == (500, 500)
    assert server.given < 4 * 65536
    assert model.data.sum() == 250_000


def test_a_packed_file_at_an_address(server, tmp_path):
    make(tmp_path / "a.fits.gz")
    model = datamodels.open(server.url + "/a.fits.gz")
    assert (model.meta.filename, model.data[1, 1]) == ("a.fits.gz", 401)


def test_a_tile_compressed_image_at_an_address_is_read_in_parts(server, tmp_path):
    rng = np.random.default_rng(5)
    images = [afits.CompImageHDU(rng.integers(0, 9999, (500, 500), "i4"), name=n) for n in "ABCDEF"]
    afits.HDUList([afits.PrimaryHDU(), *images]).writeto(tmp_path / "a.fits")
    schema = {"properties": {"b": {"fits_hdu": "B", "datatype": "int32"}}}
    model = DataModel(server.url + "/a.fits", schema=schema)
    assert np.array_equal(model.b, images[1].data)
    assert server.given < (tmp_path / "a.fits").stat().st_size


def make_association(folder):
    make(folder / "a.fits")
    members = [{"expname": "a.fits", "exptype": "science"}]
    content = {"asn_id": "a", "asn_pool": "p", "products": [{"name": "x", "members": members}]}
    path = folder / "all.json"
    path.write_text(json.dumps(content))
    return path


def test_an_association_at_an_address(server, tmp_path):
    make_association(tmp_path)
    container = datamodels.open(server.url + "/all.json")
    assert container[0].data[1, 1] == 401
    assert container[0].meta.asn.table_name == "all.json"


def test_a_library_at_an_address(server, tmp_path):
    make_association(tmp_path)
    library = ModelLibrary(server.url + "/all.json")
    assert library.asn_dir == server.url
    assert library.get_crds_parameters()["meta.instrument.name"] == "NIRCAM"
    with library:
        model = library.borrow(0)
        assert model.data[1, 1] == 401
        library.shelve(model)


def test_a_file_that_changed_at_its_address_gives_an_error(server, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "FRESH", 0.0)
    path = tmp_path / "a.fits"
    make(path)
    model = datamodels.open(server.url + "/a.fits")
    os.utime(path, (1e9, 1e9))
    with pytest.raises(FileFormatError, match="was changed after it was opened; open it again"):
        model.data  # noqa: B018


def test_a_remote_model_pickles_by_its_address(server, tmp_path):
    make(tmp_path / "a.fits", (2000, 2000))
    text = pickle.dumps(datamodels.open(server.url + "/a.fits"))
    assert len(text) < 50_000
    assert pickle.loads(text).data[0, 5] == 5


def test_a_remote_model_is_saved_to_a_file(server, tmp_path):
    make(tmp_path / "a.fits")
    datamodels.open(server.url + "/a.fits").save(tmp_path / "b.fits")
    assert datamodels.open(tmp_path / "b.fits").data[1, 1] == 401


def test_a_missing_file_and_a_missing_server_are_told(server):
    with pytest.raises(FileFormatError, match=r"/none\.fits: .*404.*check address, network"):
        datamodels.open(server.url + "/none.fits")
    with pytest.raises(FileFormatError, match="Cannot connect"):
        datamodels.open("http://127.0.0.1:9/a.fits")


# ---------------------------------------------------------------- other systems


@pytest.fixture
def fsspec():
    return pytest.importorskip("fsspec", reason="fsspec (extra remote) reaches addresses")


def test_files_in_a_memory_system(fsspec, tmp_path):
    content = Path(make(tmp_path / "a.fits")).read_bytes()
    with fsspec.open("memory://d/a.fits", "wb") as stream:
        stream.write(content)
    assert datamodels.open("memory://d/a.fits").data[1, 1] == 401
    assert datamodels.open(fsspec.open("memory://d/a.fits")).data[1, 1] == 401
    with fsspec.open("memory://d/a.fits") as stream:
        assert datamodels.open(stream).data[1, 1] == 401
    with pytest.raises(FileFormatError, match="there is no such file"):
        datamodels.open("memory://d/b.fits")
    with pytest.raises(FileFormatError, match="is a folder"):
        datamodels.open("memory://d")


def test_a_file_address_is_a_path_and_needs_no_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    path = make(tmp_path / "a b.fits")
    model = datamodels.open(Path(path).as_uri())
    assert model.data[1, 1] == 401
    assert model.meta.filename == "a b.fits"
    with pytest.raises(FileFormatError, match=r"install the packages of jwstlike\[remote\]"):
        datamodels.open("https://example.org/a.fits")


def test_an_unknown_kind_of_address_is_told(fsspec):
    with pytest.raises(FileFormatError, match="Protocol not known"):
        datamodels.open("nothing://a/b.fits")


@pytest.fixture
def store(tmp_path_factory):
    """Options for an S3 store on this machine, with a file in it."""
    s3fs = pytest.importorskip("s3fs", reason="s3fs (extra remote) reaches S3")
    pytest.importorskip("moto", reason="moto (extra test) is the S3 store of the tests")
    pytest.importorskip("flask_cors", reason="flask-cors (extra test) serves the S3 store")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys; from moto.server import main; main(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    options = {
        "key": "a", "secret": "b", "client_kwargs": {"endpoint_url": f"http://127.0.0.1:{port}"}
    }  # fmt: skip
    try:
        wait_for(port)
        system = s3fs.S3FileSystem(**options)
        system.mkdir("bucket")
        path = make(tmp_path_factory.mktemp("store") / "a.fits", (1000, 1000))
        system.put(path, "bucket/night/a.fits")
        yield options
    finally:
        process.terminate()
        process.wait()


def wait_for(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the S3 store did not start")


def test_files_in_an_object_store(store, tmp_path):
    import s3fs

    model = datamodels.open("s3://bucket/night/a.fits", storage_options=store)
    assert model.meta.instrument.name == "NIRCAM"
    assert model.meta.filename == "a.fits"
    assert model.data[1, 1] == 1001
    again = pickle.loads(pickle.dumps(model))
    assert again.dq.shape == (1000, 1000)
    path = make_association(tmp_path)
    s3fs.S3FileSystem(**store).put([str(path), str(path.with_name("a.fits"))], "bucket/asn/")
    container = datamodels.open("s3://bucket/asn/all.json", storage_options=store)
    assert container[0].data[1, 1] == 401
    with pytest.raises(FileFormatError, match=r"s3://bucket/b\.fits: there is no such file"):
        datamodels.open("s3://bucket/b.fits", storage_options=store)


class Double(Step):
    input_types = ("ImageModel",)

    def process(self, image):
        image.data *= 2
        return image


def test_a_step_takes_an_address(server, tmp_path, monkeypatch):
    make(tmp_path / "a_rate.fits")
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    result = Double(save_results=True).run(server.url + "/a_rate.fits")
    assert result.data[1, 1] == 802
    assert [p.name for p in Path().glob("*.fits")] == ["a_double.fits"]
    with pytest.raises(PreflightError, match=r"none\.fits: .*404"):
        Double().run(server.url + "/none.fits")


# ---------------------------------------------------------------- packed files

PACKED = ["gz", "bz2", "xz", "zst"]


def needs(suffix):
    if suffix == "zst" and sys.version_info < (3, 14):
        pytest.importorskip("zstandard", reason="zstandard (extra compression) packs .zst")


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("kind", ["fits", "asdf"])
def test_packed_files_are_written_and_read(tmp_path, kind, suffix):
    needs(suffix)
    path = make(tmp_path / f"a.{kind}.{suffix}")
    model = datamodels.open(path)
    assert model.meta.filename == f"a.{kind}.{suffix}"
    assert model.data[1, 1] == 401
    model.data[1, 1] = 5
    model.save(path)  # onto itself
    assert datamodels.open(path).data[1].tolist()[:3] == [400, 5, 402]
    assert [p.name for p in tmp_path.iterdir()] == [f"a.{kind}.{suffix}"]


@pytest.mark.parametrize(("suffix", "unpack"), [
    ("gz", gzip.decompress), ("bz2", bz2.decompress), ("xz", lzma.decompress),
])  # fmt: skip
def test_a_packed_file_holds_the_file_that_is_saved_unpacked(tmp_path, suffix, unpack):
    model = datamodels.open(make(tmp_path / "a.fits"))
    model.save(tmp_path / f"a.fits.{suffix}")
    data = unpack((tmp_path / f"a.fits.{suffix}").read_bytes())
    assert len(data) == (tmp_path / "a.fits").stat().st_size
    with afits.open(io.BytesIO(data)) as hdulist:
        assert hdulist["SCI"].data[1, 1] == 401


def test_packing_is_reproducible(tmp_path):
    model = datamodels.open(make(tmp_path / "a.fits"))
    model.save(tmp_path / "a.fits.gz")
    first = gzip.decompress((tmp_path / "a.fits.gz").read_bytes())
    header = (tmp_path / "a.fits.gz").read_bytes()[:10]
    assert header[4:8] == bytes(4)  # no time
    assert first.startswith(b"SIMPLE")


def test_an_existing_packed_file_is_kept_without_overwrite(tmp_path):
    model = ImageModel((2, 2))
    model.to_fits(tmp_path / "a.fits.gz")
    with pytest.raises(FileExistsError, match="exists already"):
        model.to_fits(tmp_path / "a.fits.gz")


def test_an_unknown_suffix_under_a_packed_one_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"unknown filetype '\.fit'.*\.gz"):
        ImageModel((2, 2)).save(tmp_path / "a.fit.gz")


def bomb(kind):
    """Pack zeros that no header tells of behind a small FITS file."""
    card = "{:8}= {:>20}".format
    header = "".join(f"{card(*c):80}" for c in (("SIMPLE", "T"), ("BITPIX", 8), ("NAXIS", 0)))
    content = f"{header}END".ljust(2880).encode() + bytes(MAX_UNPACKED // 4)
    if kind == "zst":
        import zstandard

        return zstandard.compress(content) * 5
    return {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[kind](content) * 5


@pytest.mark.parametrize("suffix", PACKED)
def test_a_small_file_that_unpacks_to_far_too_much_is_refused(suffix):
    needs(suffix)
    with pytest.raises(FileFormatError, match="bytes unpack to more than 134217728; unpack it"):
        datamodels.open(bomb(suffix))


@pytest.mark.parametrize("suffix", PACKED)
def test_a_constant_cube_is_unpacked_as_far_as_its_header_tells(tmp_path, monkeypatch, suffix):
    needs(suffix)
    monkeypatch.setattr(compression, "MAX_UNPACKED", 1 << 20)
    model = RampModel(np.zeros((1, 4, 1024, 256), "f4"))
    model.pixeldq = np.ones((1024, 256))
    path = Path(model.save(tmp_path / f"a.fits.{suffix}"))
    assert path.stat().st_size * compression.MAX_RATIO < 5 << 20
    model = datamodels.open(path)
    assert model.pixeldq.sum() == 1024 * 256
    assert pickle.loads(pickle.dumps(model)).data.shape == (1, 4, 1024, 256)


@pytest.mark.parametrize("suffix", PACKED)
def test_cut_packed_files_are_told(tmp_path, suffix):
    needs(suffix)
    path = Path(make(tmp_path / f"a.fits.{suffix}"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FileFormatError, match=r"are damaged|ends|missing|the data are cut"):
        datamodels.open(path).data  # noqa: B018


def test_a_model_of_a_packed_file_pickles_by_its_path(tmp_path):
    path = make(tmp_path / "a.fits.gz")
    text = pickle.dumps(datamodels.open(path))
    assert len(text) < 20_000
    assert pickle.loads(text).data[1, 1] == 401


# ---------------------------------------------------------------- saving at addresses


def test_models_are_saved_at_addresses(fsspec):
    model = ImageModel(np.full((2, 2), 5.0))
    assert model.save("memory://out/a.fits") == "memory://out/a.fits"
    assert model.meta.filename == "a.fits"
    assert model.save("b.asdf.gz", dir_path="memory://out/") == "memory://out/b.asdf.gz"
    assert datamodels.open("memory://out/a.fits").data.sum() == 20
    assert datamodels.open("memory://out/b.asdf.gz").data.sum() == 20
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.save("memory://out/a.fits", overwrite=False)
    with pytest.raises(ValueError, match="unknown filetype"):
        model.save("memory://out/a.txt")


def test_an_error_while_saving_leaves_what_is_at_the_address(fsspec, monkeypatch):
    ImageModel(np.full((2, 2), 5.0)).save("memory://keep/a.fits")
    monkeypatch.setattr(
        "jwstlike.datamodels.fits_write.OutHdu.blocks", lambda self: iter([b"x", 1 / 0])
    )
    with pytest.raises(ZeroDivisionError):
        ImageModel((3, 3)).save("memory://keep/a.fits")
    assert datamodels.open("memory://keep/a.fits").data.sum() == 20


def test_models_are_saved_in_an_object_store(store):
    model = datamodels.open("s3://bucket/night/a.fits", storage_options=store)
    model.data[0, 0] = 5
    model.save("s3://bucket/night/b.fits", storage_options=store)
    again = datamodels.open("s3://bucket/night/b.fits", storage_options=store)
    assert again.data[0, :2].tolist() == [5, 1]
    with pytest.raises(FileFormatError, match=r"s3://none/b\.fits: cannot be written"):
        model.save("s3://none/b.fits", storage_options=store)


def test_a_web_server_takes_no_files(server):
    with pytest.raises(FileFormatError, match=r"/a\.fits: cannot be written"):
        ImageModel((2, 2)).save(server.url + "/a.fits")

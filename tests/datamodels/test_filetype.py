"""What a file is, from its first bytes."""

import bz2
import gzip
import io
import lzma

import pytest

from jwstlike.datamodels.filetype import check
from jwstlike.errors import FileFormatError

FITS = b"SIMPLE  =                    T".ljust(2880)
ASDF = b"#ASDF 1.0.0\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize(
    ("content", "expected"), [(FITS, "fits"), (ASDF, "asdf"), (b' {"asn_id": 1}', "asn")]
)
def test_the_first_bytes_decide(tmp_path, content, expected, pack):
    path = tmp_path / "misleading.txt"
    path.write_bytes(pack(content))
    assert check(path) == expected
    assert check(path.read_bytes()) == expected
    stream = io.BytesIO(path.read_bytes())
    assert check(stream) == expected
    assert stream.tell() == 0


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"", "empty"), (b"hello", "neither FITS nor ASDF"), (b"\0" * 99, "neither")],
)
def test_anything_else_is_refused_with_its_name(tmp_path, content, text):
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=rf"a\.fits: .*{text}"):
        check(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"no\.fits: there is no such file"):
        check(tmp_path / "no.fits")
    with pytest.raises(FileFormatError, match="is a folder"):
        check(tmp_path)

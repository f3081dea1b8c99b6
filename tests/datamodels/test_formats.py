"""Tables from kinds of files to readers and writers."""

from pathlib import Path

import pytest

from jwstlike.datamodels import formats
from jwstlike.datamodels.formats import file_name, is_same_file, writer_for


@pytest.mark.parametrize(
    "name",
    [*formats.READERS.values(), *formats.WRITERS.values(), *formats.FOREIGN.values(),
     formats.FITS_HEADER, formats.DECODER],
)  # fmt: skip
def test_every_named_function_exists(name):
    assert callable(formats.function(name))


def test_writers_are_chosen_by_suffix():
    assert writer_for("a.FITS") is formats.function(formats.WRITERS["fits"])
    with pytest.raises(ValueError, match=r"unknown filetype '\.txt', known are \.fits, \.asdf"):
        writer_for("a.txt")


@pytest.mark.parametrize(
    ("source", "expected"),
    [("x/a.fits", "a.fits"), (Path("x/b"), "b"), (None, None), ((2, 2), None)],
)
def test_a_file_has_a_name(source, expected):
    assert file_name(source) == expected


def test_the_same_file_is_recognised_by_its_real_path(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "link").symlink_to("a")
    assert is_same_file(str(tmp_path / "a"), tmp_path / "link")
    assert not is_same_file(None, tmp_path / "a")

"""Files of older and newer schemas: they open, lose nothing, and warn a little."""

import warnings

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.errors import FileFormatError, NoTypeWarning, ValidationWarning


def caught(action):
    """Texts of the warnings of an action."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        action()
    return [str(w.message) for w in found]


def hdu(name, data=None, **cards):
    made = afits.ImageHDU(data, name=name)
    made.header.update(cards)
    return made


def written(path, *hdus, **cards):
    """Write a file with cards in its primary header."""
    primary = afits.PrimaryHDU()
    primary.header.update({"DATAMODL": "ImageModel", "TELESCOP": "JWST", **cards})
    afits.HDUList([primary, *hdus]).writeto(path)
    return str(path)


OTHER_VALUES = {
    "INSTRUME": "OLDCAM", "DETECTOR": "NRCA9", "EXP_TYPE": "NRC_OLD", "READPATT": "ODD",
    "BAND": "XLONG", "NINTS": 2.5, "FILTER": "F999W", "NEWKEY": "of a later schema",
}  # fmt: skip


@pytest.fixture
def old(tmp_path):
    image = np.ones((3, 3), "f4")
    extra = hdu("LATER", np.arange(3, dtype="i2"))
    return written(tmp_path / "old.fits", hdu("SCI", image), extra, **OTHER_VALUES)


def test_opening_checks_nothing(old):
    assert caught(lambda: datamodels.open(old)) == []


def test_values_of_another_schema_give_one_summary_with_a_line_each(old):
    (text,) = caught(lambda: datamodels.open(old).to_flat_dict())
    assert text.splitlines()[0].startswith(f"{old}[PRIMARY,1] ")
    for keyword in ("INSTRUME", "DETECTOR", "EXP_TYPE", "READPATT", "BAND", "NINTS", "FILTER"):
        assert f"[PRIMARY,1] {keyword} (meta." in text


def test_values_that_are_asked_for_one_by_one_are_told_three_times_at_most(old):
    model = datamodels.open(old)
    first = caught(lambda: model.meta.instrument.name)
    assert first[0].startswith(f"{old}[PRIMARY,1] INSTRUME (meta.instrument.name): 'OLDCAM' is not")
    others = caught(
        lambda: [
            model.meta.instrument[n] for n in ("detector", "filter", "band")
        ] + [model.meta.exposure[n] for n in ("type", "readpatt", "nints")]
    )  # fmt: skip
    assert len(others) == 2
    assert others[-1].endswith("m.check() tells of all further values of this file")
    assert model.meta.exposure.readpatt == "ODD"
    assert len(model.check()) == 7


def test_a_refused_value_in_every_slit_is_told_three_times_at_most(tmp_path):
    slits = [afits.ImageHDU(np.ones((2, 2), "f4"), name="SCI", ver=n + 1) for n in range(9)]
    for slit in slits:
        slit.header["SRCTYPE"] = "ODD"
    model = datamodels.open(written(tmp_path / "a.fits", *slits, DATAMODL="MultiSlitModel"))
    assert len(caught(lambda: [slit.source_type for slit in model.slits])) == 3


def test_values_and_parts_of_another_schema_are_saved_as_they_were(old, tmp_path):
    model = datamodels.open(old)
    with pytest.warns(ValidationWarning) as told:
        model.meta.target.catalog_name = "M31"
        model.save(tmp_path / "new.fits")
    assert len(told) == 1
    with afits.open(tmp_path / "new.fits") as hdus:
        assert {k: hdus[0].header[k] for k in OTHER_VALUES} == OTHER_VALUES
        assert hdus["LATER"].data.tolist() == [0, 1, 2]
        assert hdus[0].header["TARGCAT" if "TARGCAT" in hdus[0].header else "TARGNAME"] == "M31"


def test_a_second_save_is_silent_about_what_was_told(old, tmp_path):
    model = datamodels.open(old)
    assert len(caught(lambda: model.save(tmp_path / "a.fits"))) == 1
    assert caught(lambda: model.save(tmp_path / "b.fits")) == []


def test_an_unknown_class_gets_the_best_guess_and_keeps_its_name(tmp_path):
    """Case 50."""
    path = written(tmp_path / "a.fits", hdu("SCI", np.ones((3, 3), "f4")), DATAMODL="LaterModel")
    with pytest.warns(NoTypeWarning, match="'LaterModel' is not known. Opening .* as a ImageModel"):
        model = datamodels.open(path)
    model.data += 1
    assert afits.getheader(model.save(tmp_path / "b.fits"))["DATAMODL"] == "LaterModel"


def test_an_array_of_other_dimensions_is_given_as_it_is_with_one_warning(tmp_path):
    path = written(tmp_path / "a.fits", hdu("SCI", np.ones((2, 3, 4), "f4")))
    model = datamodels.open(path)
    (text,) = caught(lambda: model.data)
    assert text.endswith("Expected 2, got 3; kept as it is")
    assert model.data.shape == (2, 3, 4)


def table(**columns):
    found = [afits.Column(n, "D", array=np.asarray(v, float)) for n, v in columns.items()]
    return afits.BinTableHDU.from_columns(found, name="EXTRACT1D")


def test_columns_that_are_missing_everywhere_are_told_once(tmp_path):
    """Cases 37 and 38."""
    spectra = [table(wavelength=[1, 2], LATER=[n, n]) for n in range(5)]
    for number, spectrum in enumerate(spectra, 1):
        spectrum.ver = number
    path = written(tmp_path / "a.fits", *spectra, DATAMODL="MultiSpecModel")
    model = datamodels.open(path)
    (text,) = caught(lambda: [s.spec_table for s in model.spec])
    assert "the table has no column FLUX," in text
    assert [s.spec_table["LATER"].tolist() for s in model.spec] == [[n, n] for n in range(5)]
    assert [s.spec_table["WAVELENGTH"].tolist() for s in model.spec] == [[1, 2]] * 5


def test_a_missing_array_is_absent_and_told_when_the_asdf_extension_is_read(tmp_path):
    """Cases 45 and 47."""
    model = datamodels.ImageModel(np.ones((3, 3), "f4"))
    model.err = np.ones((3, 3), "f4")
    model.meta.notes = "only in ASDF"
    path = model.save(tmp_path / "a.fits")
    with afits.open(path) as hdus:
        del hdus["SCI"]
        hdus.writeto(tmp_path / "b.fits")
    model = datamodels.open(tmp_path / "b.fits")
    assert not model.hasattr("data")
    (text,) = caught(lambda: model.meta.notes)
    assert text.endswith(
        "b.fits[ASDF,1]: the file lacks the HDU of fits:SCI,1; the array is absent"
    )
    assert model.err.sum() == 9


# ---------------------------------------------------------------- ASDF


def asdf_file(path, *lines):
    head = "#ASDF 1.0.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n"
    path.write_text(head + "\n".join(lines) + "\n...\n")
    return path


META = "meta: {model_type: ImageModel, instrument: {name: OLDCAM}, exposure: {type: NRC_OLD}}"


def test_values_of_another_schema_in_asdf_give_one_summary_at_save(tmp_path):
    model = datamodels.open(asdf_file(tmp_path / "a.asdf", META))
    assert model.meta.instrument.name == "OLDCAM"
    (text,) = caught(lambda: model.save(tmp_path / "b.asdf"))
    assert len(text.splitlines()) == 2
    assert datamodels.open(tmp_path / "b.asdf").meta.exposure.type == "NRC_OLD"


@pytest.mark.parametrize(("version", "count"), [("1.0.0", 0), ("1.1.0", 0), ("1.99.0", 1)])
def test_arrays_under_a_newer_minor_version_are_read_with_one_warning(tmp_path, version, count):
    """Case 71."""
    node = f"!core/ndarray-{version} {{data: [1, 2], datatype: int16, shape: [2]}}"
    path = asdf_file(tmp_path / "a.asdf", META, f"a: {node}", f"b: {node}")
    texts = caught(lambda: datamodels.open(path))
    told = "a.asdf: core/ndarray-1.99.0 is newer than what is known here; read as its older form"
    assert [t[t.index("a.asdf") :] for t in texts] == [told] * count
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ValidationWarning)
        assert datamodels.open(path).a.tolist() == [1, 2]


@pytest.mark.parametrize("version", ["1.3.0", "1.99.0", "9.0.0"])
def test_an_object_under_a_version_that_nobody_knows_is_carried(tmp_path, version):
    """Cases 71 and 72: it opens, and is saved under its own tag."""
    line = f"t: !transform/odd_one-{version} {{a: 1}}"
    model = datamodels.open(asdf_file(tmp_path / "a.asdf", META, line))
    assert model.t == {"a": 1}
    with pytest.warns(ValidationWarning):
        model.save(tmp_path / "b.asdf")
    assert f"!transform/odd_one-{version}" in (tmp_path / "b.asdf").read_text(errors="replace")


def test_an_array_of_a_newer_major_version_is_one_clear_error(tmp_path):
    """Case 71."""
    line = "a: !core/ndarray-2.0.0 {data: [1, 2], datatype: int16, shape: [2]}"
    path = asdf_file(tmp_path / "a.asdf", META, line)
    with pytest.raises(FileFormatError, match=r"a\.asdf: .*core/ndarray-2\.0\.0"):
        datamodels.open(path)

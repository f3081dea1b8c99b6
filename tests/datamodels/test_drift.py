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
    assert text.splitlines()[0].startswith(f"{old}[PRIMARY] ")
    for keyword in ("INSTRUME", "DETECTOR", "EXP_TYPE", "READPATT", "BAND", "NINTS", "FILTER"):
        assert f"[PRIMARY] {keyword} (meta." in text


def test_the_summary_points_at_the_callers_line(old):
    model = datamodels.open(old)
    with pytest.warns(ValidationWarning) as told:
        model.to_flat_dict()
    assert told[0].filename == __file__


def test_values_that_are_asked_for_one_by_one_are_told_three_times_at_most(old):
    model = datamodels.open(old)
    first = caught(lambda: model.meta.instrument.name)
    assert first[0].startswith(f"{old}[PRIMARY] INSTRUME (meta.instrument.name): 'OLDCAM' is not")
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
    texts = caught(lambda: [slit.source_type for slit in model.slits])
    assert len(texts) == 3
    assert texts[1].startswith(f"{tmp_path}/a.fits[SCI,2] SRCTYPE (slits.1.source_type): 'ODD' ")
    lines = [str(finding) for finding in model.check()]
    assert texts[1] == lines[1]


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


FOREIGN = {"INSTRUME": "WFC3", "DETECTOR": "IR", "FILTER": "F126N", "NINTS": "two"}


def test_values_of_another_telescope_are_no_errors_and_nobody_is_warned(tmp_path):
    path = tmp_path / "hst.fits"
    primary = afits.PrimaryHDU()
    primary.header.update({"TELESCOP": "HST", **FOREIGN})
    afits.HDUList([primary, hdu("SCI", np.ones((3, 3), "f4"))]).writeto(path)
    with pytest.warns(NoTypeWarning):
        model = datamodels.open(path)
    assert caught(lambda: model.meta.instrument.name) == []
    assert caught(lambda: (model.to_flat_dict(), model.save(tmp_path / "b.fits"))) == []
    report = model.check()
    assert (report.errors, len(report.warnings)) == ([], 4)
    assert len(datamodels.ImageModel(path).check().errors) == 4  # who names a class means it
    assert {k: afits.getheader(tmp_path / "b.fits")[k] for k in FOREIGN} == FOREIGN


def test_an_unknown_class_gets_the_best_guess_and_keeps_its_name(tmp_path):
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


# ---------------------------------------------------------------- many ways to differ


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """Write an image, slits and a spectrum as this release does."""
    image = datamodels.ImageModel((4, 5))
    image.err, image.dq = np.ones((4, 5), "f4"), np.ones((4, 5), "u4")
    image.meta.instrument.name, image.meta.exposure.nints = "NIRCAM", 1
    image.meta.notes = {"a": 1}
    slits = datamodels.MultiSlitModel()
    for name in "abc":
        slits.slits.append(datamodels.SlitModel((3, 4)))
        slits.slits[-1].name, slits.slits[-1].dq = name, np.ones((3, 4), "u4")
    spectrum = datamodels.SpecModel()
    spectrum.spec_table = np.ones(3, spectrum.get_dtype("spec_table"))
    models = {"image": image, "slits": slits, "spectrum": spectrum}
    folder = tmp_path_factory.mktemp("healthy")
    return {name: model.save(folder / f"{name}.fits") for name, model in models.items()}


def set_card(name, value):
    return lambda hdus: hdus[0].header.set(name, value)


def replace(name, new):
    def edit(hdus):
        hdus[name] = new

    return edit


def drop(*keys):
    def edit(hdus):
        for key in keys:
            del hdus[key]

    return edit


def renumber(old, new):
    def edit(hdus):
        for found in hdus[1:]:
            if found.ver == old:
                found.header["EXTVER"] = new

    return edit


def change_columns(change):
    def edit(hdus):
        columns = change(list(hdus["EXTRACT1D"].columns))
        hdus["EXTRACT1D"] = afits.BinTableHDU.from_columns(columns, name="EXTRACT1D")

    return edit


def renamed(columns):
    return [afits.Column("LAMBDA", "D", array=columns[0].array), *columns[1:]]


def of_text(columns):
    return [afits.Column(columns[0].name, "4A", array=["a", "b", "c"]), *columns[1:]]


def of_vectors(columns):
    return [afits.Column(columns[0].name, "4D", array=np.ones((3, 4))), *columns[1:]]


CELLS = np.array([(1, 2)], [("a", "i4"), ("b", "i4")])
DRIFTS = {
    # what differs: file, how, the one warning (None: there is none), a path, what is there
    "nothing": ("image", list, None, "meta.exposure.nints", 1),
    "a keyword of another name": (
        "image", lambda h: h[0].header.rename_keyword("NINTS", "NUMINTS"), None,
        "meta.exposure.nints", None),
    "a value retired": (
        "image", set_card("INSTRUME", "TFII"), "did you mean 'TFI'?; kept", "meta.instrument.name",
        "TFII"),
    "text for a number": (
        "image", set_card("NINTS", "one"), "is a string, must be an integer; kept",
        "meta.exposure.nints", "one"),
    "a number for text": (
        "image", set_card("TARGNAME", 12), None, "meta.target.catalog_name", "12"),
    "a logical for a number": (
        "image", set_card("EFFEXPTM", True), "is a boolean, must be a number; kept",
        "meta.exposure.exposure_time", True),
    "an HDU of another name": (
        "image", lambda h: h["ERR"].header.set("EXTNAME", "ERROR"),
        "lacks the HDU of fits:ERR,1; the array is absent", "err.sum", 0),
    "an axis more": (
        "image", replace("SCI", afits.ImageHDU(np.ones((2, 4, 5), "f4"), name="SCI")),
        "Expected 2, got 3; kept as it is", "data.sum", 40),
    "an HDU without data": ("image", replace("SCI", afits.ImageHDU(name="SCI")), None,
                            "data.sum", 0),
    "a table for an image": (
        "image", replace("DQ", afits.BinTableHDU(CELLS, name="DQ")),
        "a table cannot become a plain array of uint32; kept as it is", "dq.sum", None),
    "flags of another type": (
        "image", replace("DQ", afits.ImageHDU(np.full((4, 5), 3, "i2"), name="DQ")), None,
        "dq.sum", 60),
    "flags with the last bit set": (
        "image", replace("DQ", afits.ImageHDU(np.full((1, 1), -(2**31), "i4"), name="DQ")), None,
        "dq.sum", 2**31),
    "flags with fractions": (
        "image", replace("DQ", afits.ImageHDU(np.full((4, 5), 1.5, "f4"), name="DQ")),
        "20 of 20 values do not fit uint32, the first is 1.5 at (0, 0); kept as it is",
        "dq.sum", 30),
    "another class": (
        "image", set_card("DATAMODL", "CubeModel"), "Expected 3, got 2; kept as it is", "err.sum",
        20),
    "a class without arrays": ("image", set_card("DATAMODL", "MultiSpecModel"), None,
                               "meta.exposure.nints", 1),
    "a legacy class": ("image", set_card("DATAMODL", "DrizProductModel"), None, "err.sum", 20),
    "a slit without data": (
        "slits", drop(("SCI", 2)), "lacks the HDU of fits:SCI,2; the array is absent",
        "slits.1.dq.sum", 12),
    "no second slit": (
        "slits", drop(("SCI", 2), ("DQ", 2)),
        "lacks the HDU of fits:SCI,2, fits:DQ,2; the array is absent", "slits.2.name", "c"),
    "a slit number far away": ("slits", renumber(3, 30000),
                               "lacks the HDU of fits:SCI,3, fits:DQ,3;", "slits.1.name", "b"),
    "a slit number of nothing": ("slits", renumber(3, -1),
                                 "lacks the HDU of fits:SCI,3, fits:DQ,3;", "slits.1.name", "b"),
    "a slit number in words": ("slits", renumber(3, "last"),
                               "lacks the HDU of fits:SCI,3, fits:DQ,3;", "slits.1.name", "b"),
    "one slit more": (
        "slits", lambda h: h.append(afits.ImageHDU(np.ones((2, 2), "f4"), name="SCI", ver=4)), None,
        "slits.3.data.sum", 4),
    "an HDU nobody knows": (
        "slits", lambda h: h.append(afits.ImageHDU(np.ones((2, 2), "f4"), name="NEWMASK")), None,
        "extra_fits.NEWMASK.data.sum", 4),
    "a column of another name": (
        "spectrum", change_columns(renamed), "the table has no column WAVELENGTH",
        "spec_table.size", 3),
    "fewer columns": (
        "spectrum", change_columns(lambda c: c[:5]), "the table has no column FLUX_VAR_FLAT, ",
        "spec_table.size", 3),
    "a column of text": (
        "spectrum", change_columns(of_text), "could not convert string to float",
        "spec_table.size", 3),
    "a column of vectors": ("spectrum", change_columns(of_vectors), None, "spec_table.size", 3),
    "no columns": ("spectrum", change_columns(lambda c: []), "the table has no column WAVELENGTH, ",
                   "spec_table.size", None),
    "an image for a table": (
        "spectrum", replace("EXTRACT1D", afits.ImageHDU(np.ones((3, 3), "f4"), name="EXTRACT1D")),
        "kept as it is", "spec_table.sum", 9),
}  # fmt: skip


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_file_that_differs_opens_whole_warns_once_and_is_saved(drift, healthy, tmp_path):
    name, edit, warning, path, expected = DRIFTS[drift]
    with afits.open(healthy[name], lazy_load_hdus=False) as hdus:
        edit(hdus)
        hdus.writeto(tmp_path / "drifted.fits")
    model = datamodels.open(tmp_path / "drifted.fits")
    texts = caught(model.to_flat_dict)
    assert len(texts) == (warning is not None), texts
    if warning:
        assert warning in texts[0]
        assert texts[0].count("\n") == 0
    assert read(model, path) == expected
    assert caught(lambda: model.save(tmp_path / "again.fits")) == []  # told already
    assert read(datamodels.open(tmp_path / "again.fits", validate="off"), path) == expected


def read(model, path):
    """Return the value at a path, or of a sum or size of an array there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ValidationWarning)
        above, _, last = path.rpartition(".")
        if last not in ("sum", "size"):
            return model.get(path)
        array = np.asarray(model.get(above))
        if array.dtype.names is not None and (last == "sum" or not array.dtype.names):
            return None
        return array.sum() if last == "sum" else array.size


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


@pytest.mark.filterwarnings("ignore::asdf.exceptions.AsdfConversionWarning")
@pytest.mark.parametrize("version", ["1.3.0", "1.99.0", "9.0.0"])
def test_an_object_under_a_version_that_nobody_knows_is_carried(tmp_path, version):
    """Cases 71 and 72: it opens, and is saved under its own tag."""
    line = f"t: !transform/odd_one-{version} {{a: 1}}"
    model = datamodels.open(asdf_file(tmp_path / "a.asdf", META, line))
    assert model.t == {"a": 1}
    with pytest.warns(ValidationWarning):
        model.save(tmp_path / "b.asdf")
    assert f"!transform/odd_one-{version}" in (tmp_path / "b.asdf").read_text(errors="replace")


def test_an_object_under_a_newer_minor_version_is_read_as_the_last_one_known(tmp_path):
    """Case 71: with a warning, and saved under its own tag."""
    line = "t: !time/time-1.99.0 2025-01-02T03:04:05.000"
    model = datamodels.open(asdf_file(tmp_path / "a.asdf", META, line))
    with pytest.warns(
        ValidationWarning, match=r"time-1\.99\.0: is newer than .*; read as .*time-1\.\d"
    ):
        assert model.t.isot == "2025-01-02T03:04:05.000"
    with pytest.warns(ValidationWarning, match="OLDCAM"):
        model.save(tmp_path / "b.asdf")
    assert "!time/time-1.99.0" in (tmp_path / "b.asdf").read_text(errors="replace")


def test_an_array_of_a_newer_major_version_is_one_clear_error(tmp_path):
    line = "a: !core/ndarray-2.0.0 {data: [1, 2], datatype: int16, shape: [2]}"
    path = asdf_file(tmp_path / "a.asdf", META, line)
    with pytest.raises(FileFormatError, match=r"a\.asdf: .*core/ndarray-2\.0\.0"):
        datamodels.open(path)

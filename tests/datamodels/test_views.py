"""How models show themselves: `info`, `search`, HTML, NDData, pictures, sections."""

import html.parser
import subprocess
import sys

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, MultiSlitModel, SpecModel
from jwstlike.errors import JwstlikeWarning


@pytest.fixture
def saved(tmp_path):
    """Save an image and return its path."""
    model = ImageModel(np.arange(12, dtype="f4").reshape(3, 4))
    model.err = np.full((3, 4), 2, "f4")
    model.dq = np.zeros((3, 4), "u4")
    model.dq[0, 1] = 1
    model.dq[0, 2] = 4
    model.meta.instrument.name = "NIRCAM"
    model.meta.instrument.detector = "NRCA1"
    model.meta.exposure.exposure_time = 10.5
    model.meta.bunit_data = "MJy/sr"
    model.mine = {"numbers": [1, 2, 3], "name": "x"}
    return model.save(tmp_path / "a.fits")


@pytest.fixture
def unread(saved, monkeypatch):
    """Open it so that reading an array fails the test."""
    from jwstlike.datamodels.arrays import ArrayRef

    model = datamodels.open(saved)
    monkeypatch.setattr(ArrayRef, "read", lambda *_: pytest.fail("an array was read"))
    return model


def printed(capsys, model, **limits):
    model.info(**limits)
    return capsys.readouterr().out.splitlines()


# ---------------------------------------------------------------- info


def test_info_prints_names_types_values_and_shapes(unread, capsys):
    lines = printed(capsys, unread, max_rows=None)
    assert lines[0] == "ImageModel (dict)"
    assert "├─data (float32) (3, 4)" in lines
    assert "├─dq (uint32) (3, 4)" in lines
    assert "│ ├─instrument (dict)" in lines
    assert "│ │ ├─name (str): NIRCAM" in lines or "│ │ └─name (str): NIRCAM" in lines
    assert "  ├─numbers (list): [1, 2, 3]" in lines
    assert lines[-1] == "  └─name (str): x"


def test_info_keeps_to_the_number_of_rows(unread, capsys):
    whole = len(printed(capsys, unread, max_rows=None))
    for rows in (5, 8, 12):
        lines = printed(capsys, unread, max_rows=rows)
        assert len(lines) <= rows < whole
        assert lines[0] == "ImageModel (dict)"
    lines = printed(capsys, unread, max_rows=8)
    assert any(" inside" in line or " more" in line for line in lines)
    lines = printed(capsys, unread, max_rows=(2,))
    assert [line[:2] for line in lines] == ["Im", "├─", "└─"]
    assert lines[-1].endswith(" more")


def test_info_cuts_long_lines_and_hides_values(unread, capsys):
    lines = printed(capsys, unread, max_rows=None, max_cols=20)
    assert max(map(len, lines)) == 20
    lines = printed(capsys, unread, max_rows=None, show_values=False)
    assert "  └─name (str)" in lines


def test_a_list_that_holds_itself_is_shown_once(capsys):
    model = ImageModel()
    loop = {"name": "x"}
    loop["again"] = loop
    model._instance["loop"] = loop
    assert "  └─again (dict): (again)" in printed(capsys, model, max_rows=None)


def test_looking_changes_nothing(saved, tmp_path):
    model = datamodels.open(saved)
    model.info()
    model.search("name")
    model._repr_html_()
    repr(model)
    assert "wavelength" not in model
    assert model._tree["data"].__class__.__name__ == "ArrayRef"
    with afits.open(saved) as before, afits.open(model.save(tmp_path / "b.fits")) as after:
        assert [h.name for h in before] == [h.name for h in after]


def test_looking_imports_no_asdf(saved):
    code = (
        "import sys; from jwstlike import datamodels; m = datamodels.open(sys.argv[1]);"
        "m.info(); m.search('name'); m._repr_html_();"
        "print({'asdf', 'astropy', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, saved], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "set()"


# ---------------------------------------------------------------- search


def test_names_types_and_values_are_searched_for(unread):
    assert unread.search("^name$").paths == ["meta.instrument.name", "mine.name"]
    assert unread.search(value="NRC").paths == ["meta.instrument.detector"]
    assert unread.search(value=10.5).paths == ["meta.exposure.exposure_time"]
    assert unread.search(type="float32").paths == ["data", "err"]
    assert unread.search(type=np.ndarray).paths == ["data", "dq", "err"]
    assert unread.search(filter=lambda v: v == [1, 2, 3]).paths == ["mine.numbers"]
    assert unread.search("name", value="x").path == "mine.name"


def test_a_search_can_be_narrowed(unread):
    found = unread.search("name").search(value="NIRCAM")
    assert (found.path, found.node) == ("meta.instrument.name", "NIRCAM")
    assert len(found) == 1
    assert unread.search("nope").path is None


def test_one_result_is_asked_of_several(unread):
    with pytest.raises(RuntimeError, match="2 results; use the plural, or search again"):
        unread.search("^name$").node  # noqa: B018


def test_a_result_shows_the_tree_down_to_what_was_found(unread):
    lines = repr(unread.search("detector")).splitlines()
    assert lines == [
        "ImageModel (dict)", "└─meta (dict)", "  └─instrument (dict)",
        "    └─detector (str): NRCA1",
    ]  # fmt: skip
    assert repr(unread.search("nope")) == "nothing found"
    assert len(repr(unread.search("a").format(max_rows=5)).splitlines()) <= 5


def test_what_was_found_can_be_replaced(saved):
    model = datamodels.open(saved)
    model.search("detector").replace("NRCB1")
    assert model.meta.instrument.detector == "NRCB1"


def test_nodes_are_what_the_model_gives(saved):
    model = datamodels.open(saved)
    assert model.search("^data$").node is model.data


def test_a_type_to_search_for_is_a_class_or_a_text(unread):
    with pytest.raises(TypeError, match="type: 3 is no class and no text"):
        unread.search(type=3)


# ---------------------------------------------------------------- HTML


class Checker(html.parser.HTMLParser):
    """Collect text and tags; every tag must be closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.used, self.outside = [], [], set(), []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.used.add(tag)
        self.outside += [v for k, v in attrs if k in ("src", "href", "onclick")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def checked(page):
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert checker.outside == []
    assert "script" not in checker.used
    assert "url(" not in page
    return " ".join(checker.text)


def test_the_html_holds_arrays_and_metadata_and_nothing_from_outside(unread):
    text = checked(unread._repr_html_())
    for part in ("<ImageModel(3, 4) from a.fits>", "data float32 (3, 4)", "NRCA1", "[1, 2, 3]"):
        assert part in text


def test_text_of_a_file_is_no_html(saved):
    model = datamodels.open(saved)
    model.meta.target.catalog_name = "<script>alert(1)</script>&"
    assert "<script>" not in model._repr_html_()
    assert "<script>alert(1)</script>&" in checked(model._repr_html_())


def test_a_node_has_html_too(unread):
    text = checked(unread.meta.instrument._repr_html_())
    assert "ImageModel.meta.instrument" in text
    assert "NRCA1" in text


def test_a_page_has_an_end():
    model = ImageModel()
    model.mine = {f"group{n}": {f"k{i}": i for i in range(20)} for n in range(500)}
    page = model._repr_html_()
    assert len(page) < 600_000
    assert "... and more" in checked(page)


# ---------------------------------------------------------------- sections


def test_a_section_reads_what_is_asked_for(saved, monkeypatch):
    from jwstlike.datamodels.arrays import ArrayRef

    model = datamodels.open(saved)
    monkeypatch.setattr(ArrayRef, "read", lambda *_: pytest.fail("the whole array was read"))
    section = model.section["data"]
    assert (section.shape, section.ndim, section.dtype) == ((3, 4), 2, np.dtype("f4"))
    assert section[1:, 2].tolist() == [6, 10]
    assert section[..., ::2].tolist() == [[0, 2], [4, 6], [8, 10]]
    assert type(model._tree["data"]) is ArrayRef


def test_a_section_of_an_array_in_memory_is_a_slice_of_it():
    model = ImageModel(np.arange(12, dtype="f4").reshape(3, 4))
    part = model.section["data"][1]
    part[0] = 99
    assert model.data[1, 0] == 99


def test_a_section_of_what_is_no_array_is_refused(saved):
    with pytest.raises(TypeError, match="'meta' is no array, so it has no sections"):
        datamodels.open(saved).section["meta"]


def test_a_section_goes_into_lists(tmp_path):
    model = MultiSlitModel()
    model.slits.append(model.slits.item(name="S"))
    model.slits[0].data = np.arange(6, dtype="f4").reshape(2, 3)
    found = datamodels.open(model.save(tmp_path / "a.fits"))
    assert found.section["slits.0.data"][1].tolist() == [3, 4, 5]


# ---------------------------------------------------------------- NDData


def test_an_image_becomes_ccddata_with_unit_errors_and_mask(saved):
    from astropy import units

    ccd = datamodels.open(saved).to_nddata()
    assert ccd.unit == units.MJy / units.sr
    assert ccd.data.tolist() == np.arange(12).reshape(3, 4).tolist()
    assert ccd.uncertainty.array.tolist() == [[2] * 4] * 3
    assert ccd.mask.tolist() == [[False, True, False, False], [False] * 4, [False] * 4]
    assert ccd.flags[0].tolist() == [0, 1, 4, 0]
    assert ccd.meta["meta.instrument.name"] == "NIRCAM"


def test_an_image_without_unit_is_a_plain_number():
    from astropy import units

    ccd = ImageModel(np.ones((2, 2), "f4")).to_nddata()
    assert ccd.unit == units.dimensionless_unscaled
    assert ccd.uncertainty is None
    assert ccd.wcs is None


def test_the_wcs_of_the_header_goes_with_the_image(tmp_path):
    primary = afits.PrimaryHDU()
    primary.header["DATAMODL"] = "ImageModel"
    science = afits.ImageHDU(np.zeros((5, 6), "f4"), name="SCI")
    science.header.update(
        CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=10.0, CRVAL2=20.0, CRPIX1=3.0, CRPIX2=2.0,
        CDELT1=-0.1, CDELT2=0.1, CUNIT1="deg", CUNIT2="deg", WCSAXES=2,
    )  # fmt: skip
    path = tmp_path / "a.fits"
    afits.HDUList([primary, science]).writeto(path)
    ccd = datamodels.open(path).to_nddata()
    assert ccd.wcs.pixel_to_world_values(2, 1)[0] == pytest.approx(10)


def spectrum():
    model = SpecModel()
    table = np.zeros(2, model.get_dtype("spec_table"))
    table["WAVELENGTH"], table["FLUX"], table["FLUX_ERROR"] = [1, 2], [10, 20], [0.5, 0.25]
    model.spec_table = table
    return model


def test_a_table_becomes_a_table_with_units(tmp_path):
    path = tmp_path / "t.fits"
    columns = [
        afits.Column("A", "D", unit="um", array=[1.0, 2.0]),
        afits.Column("N", "3A", array=["x", "y"]),
    ]  # fmt: skip
    afits.HDUList([afits.PrimaryHDU(), afits.BinTableHDU.from_columns(columns, name="T")]).writeto(
        path
    )
    schema = {"properties": {"t": {"fits_hdu": "T", "datatype": [
        {"name": "a", "datatype": "float64"}, {"name": "n", "datatype": ["ascii", 3]},
    ]}}}  # fmt: skip
    table = datamodels.DataModel(path, schema=schema).to_nddata()
    assert table.colnames == ["a", "n"]
    assert str(table["a"].unit) == "um"
    assert table["n"].tolist() == ["x", "y"]


def test_cells_of_their_own_length_stay_arrays(tmp_path):
    cells = np.empty(2, object)
    cells[:] = [np.array([1, 2]), np.array([3])]
    hdu = afits.BinTableHDU.from_columns([afits.Column("V", "PJ()", array=cells)], name="T")
    afits.HDUList([afits.PrimaryHDU(), hdu]).writeto(tmp_path / "t.fits")
    schema = {"properties": {"t": {"fits_hdu": "T"}}}
    table = datamodels.DataModel(tmp_path / "t.fits", schema=schema).to_nddata()
    assert [cell.tolist() for cell in table["V"]] == [[1, 2], [3]]


def test_a_spectrum_without_specutils_names_the_way_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "specutils", None)
    with pytest.raises(ImportError, match=r"needs the package specutils.*kind='table'"):
        spectrum().to_nddata()
    assert spectrum().to_nddata(kind="table")["FLUX"].tolist() == [10, 20]


@pytest.fixture
def specutils(monkeypatch):
    """Put a stand-in in the place of the package: what it gets it has."""

    class Spectrum:
        def __init__(self, **content):
            self.__dict__.update(content)

    stand_in = type(sys)("specutils")
    stand_in.Spectrum = Spectrum
    monkeypatch.setitem(sys.modules, "specutils", stand_in)


def test_rows_without_a_wavelength_are_no_part_of_a_spectrum(specutils):
    model = spectrum()
    model.spec_table["WAVELENGTH"][1] = np.nan
    made = model.to_nddata()
    assert (made.spectral_axis.value.tolist(), made.flux.value.tolist()) == ([1], [10])


def test_many_spectra_in_one_table_are_told(specutils):
    model = datamodels.DataModel()
    model.t = np.ones(2, [("WAVELENGTH", "f8", (3,)), ("FLUX", "f8", (3,))])
    with pytest.raises(ValueError, match=r"t: a spectrum in each of 2 rows; use .*kind='table'"):
        model.to_nddata()


def test_a_spectrum_goes_to_specutils_where_it_is_installed(specutils):
    made = spectrum().to_nddata()
    assert made.flux.value.tolist() == [10, 20]
    assert made.spectral_axis.value.tolist() == [1, 2]
    assert str(made.spectral_axis.unit) == "um"
    assert made.uncertainty.array.tolist() == [0.5, 0.25]


def test_one_of_several_must_be_named():
    model = MultiSlitModel()
    for number in range(2):
        model.slits.append(model.slits.item(name=f"S{number}"))
        model.slits[number].data = np.full((2, 2), number, "f4")
    with pytest.raises(
        ValueError, match=r"holds 2 arrays of equal right; name one.*slits\.0\.data"
    ):
        model.to_nddata()
    assert model.to_nddata("slits.1.data").data.tolist() == [[1, 1], [1, 1]]


def test_what_cannot_be_passed_on_is_told(saved):
    with pytest.raises(ValueError, match="ImageModel holds no array"):
        ImageModel().to_nddata()
    model = datamodels.open(saved)
    with pytest.raises(ValueError, match="ImageModel has no array 'nope'"):
        model.to_nddata("nope")
    with pytest.raises(ValueError, match=r"'data' is no table; it has float32 \(3, 4\)"):
        model.to_nddata(kind="table")
    with pytest.raises(ValueError, match="kind='cube' is not one of 'image', 'table', 'spectrum'"):
        model.to_nddata(kind="cube")


# ---------------------------------------------------------------- repr of nodes


def test_the_repr_of_a_node_tells_what_it_holds(unread):
    assert repr(unread.meta.instrument) == (
        "<ImageModel.meta.instrument: name='NIRCAM', detector='NRCA1'>"
    )
    assert repr(unread.meta.target) == "<ImageModel.meta.target: no values>"
    assert repr(unread.mine) == "<ImageModel.mine: numbers=[3], name='x'>"


def test_the_repr_of_a_large_node_is_one_short_line():
    model = ImageModel()
    model.mine = {f"k{n}": "x" * 100 for n in range(30)}
    assert repr(model.mine).endswith(", ... and 20 more>")
    assert len(repr(model.mine)) < 600


# ---------------------------------------------------------------- what strangers' files bring


def test_an_image_that_no_schema_knows_is_passed_on_with_unit_and_wcs(foreign):
    ccd = foreign.to_nddata()
    assert ccd.data.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert str(ccd.unit) == "adu"
    assert ccd.wcs.wcs.crval.tolist() == [10, 20]


def test_arrays_of_the_schema_come_before_others(saved):
    model = datamodels.open(saved)
    model.extra_fits = {"MINE": {"data": np.zeros((5, 5))}}
    model.save(saved)
    assert datamodels.open(saved).to_nddata().shape == (3, 4)


def test_a_wcs_that_cannot_be_read_is_left_out_with_a_warning(tmp_path):
    hdus = afits.HDUList([afits.PrimaryHDU(), afits.ImageHDU(np.ones((2, 2), "f4"), name="SCI")])
    header = hdus[1].header
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CPDIS1"], header["DP1.EXTVER"] = "Lookup", 1.0
    hdus[0].header["TELESCOP"], hdus[0].header["DATAMODL"] = "JWST", "ImageModel"
    hdus.writeto(tmp_path / "a.fits")
    with pytest.warns(JwstlikeWarning, match="data: the WCS of its header is left out"):
        assert datamodels.open(tmp_path / "a.fits").to_nddata().wcs is None


@pytest.fixture
def with_object(tmp_path):
    """Save a model whose tree holds an object of another package."""
    from astropy.modeling.models import Shift

    model = datamodels.DataModel()
    model.mine = {"shift": Shift(2.5), "offset": 1}
    return datamodels.DataModel(model.save(tmp_path / "a.asdf"))


def test_a_search_looks_into_objects_and_gives_what_the_file_holds(with_object):
    found = with_object.search("offset")
    assert found.paths == ["mine.shift.offset", "mine.offset"]
    assert found.nodes == [2.5, 1]


def test_nothing_is_replaced_inside_an_object(with_object):
    with pytest.raises(ValueError, match=r"mine\.shift\.offset: is inside an object"):
        with_object.search("offset").replace(3)
    assert with_object.mine.offset == 1


def test_a_path_and_one_below_it_can_both_be_replaced():
    model = ImageModel()
    model.mine = {"ab": {"abc": 1}}
    model.search("^ab").replace(3)
    assert model.mine.ab == 3


def test_a_search_compares_as_values_are_compared():
    model = ImageModel()
    model.mine = {"nan": float("nan"), "one": 1, "yes": True}
    assert model.search(value=float("nan")).paths == ["mine.nan"]
    assert model.search(value=1).paths == ["mine.one"]
    assert model.search(value=np.zeros(3)).paths == []


def test_a_filter_may_want_the_name_too():
    model = ImageModel()
    model.mine = {"a": 1, "b": 1}
    found = model.search(filter=lambda value, name: value == 1 and name == "b")
    assert found.paths == ["mine.b"]
    assert model.search(filter_=lambda v: v == 1, type_=int)["mine"]["a"].paths == ["mine.a"]


def test_a_plot_without_matplotlib_names_the_package(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"needs the package matplotlib; .*jwstlike\[plot\]"):
        datamodels.open(saved).plot()

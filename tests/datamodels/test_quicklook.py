"""Pictures: what is drawn of which array, and how."""

import subprocess
import sys

import astropy.io.fits as afits
import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels import ImageModel, MultiSlitModel, RampModel, SpecModel

pytest.importorskip("matplotlib", reason="matplotlib (extra plot) draws")


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


def spectrum():
    model = SpecModel()
    table = np.zeros(2, model.get_dtype("spec_table"))
    table["WAVELENGTH"], table["FLUX"], table["FLUX_ERROR"] = [1, 2], [10, 20], [0.5, 0.25]
    model.spec_table = table
    return model


def test_an_image_that_no_schema_knows_is_drawn(foreign):
    axes, bar = foreign.plot().axes
    assert axes.images[0].get_array().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert bar.get_ylabel() == "adu"


def test_an_image_is_drawn_with_its_unit(saved):
    figure = datamodels.open(saved).plot()
    image, bar = figure.axes
    assert image.images[0].get_array().shape == (3, 4)
    assert bar.get_ylabel() == "MJy/sr"
    assert figure.get_suptitle() == "ImageModel(3, 4) from a.fits: data"


def test_a_ramp_is_drawn_as_its_rise_and_a_curve_per_integration(tmp_path):
    model = RampModel((2, 3, 4, 4))
    model.data[:] = (np.arange(3) * 10)[None, :, None, None]
    model.data[1] += 1
    figure = datamodels.open(model.save(tmp_path / "r.fits")).plot()
    image, curves = figure.axes[:2]
    assert image.images[0].get_array().tolist() == [[20] * 4] * 4
    assert [line.get_ydata().tolist() for line in curves.lines] == [[0, 10, 20], [1, 11, 21]]


def test_a_spectrum_is_drawn_against_its_wavelength():
    (axes,) = spectrum().plot().axes
    assert axes.lines[0].get_xydata().tolist() == [[1, 10], [2, 20]]
    assert axes.get_xlabel().startswith("WAVELENGTH")


def test_a_large_image_is_thinned_out():
    image = ImageModel(np.zeros((4096, 2050), "f4")).plot().axes[0].images[0]
    assert image.get_array().shape == (1024, 1025)


def test_a_plot_leaves_pyplot_alone(saved):
    code = (
        "import sys; from jwstlike import datamodels; datamodels.open(sys.argv[1]).plot();"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, saved], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(ValueError, match="ImageModel holds no array"):
        ImageModel().plot()
    model = ImageModel((2, 2))
    model.five = np.zeros((1, 1, 1, 1, 1))
    with pytest.raises(ValueError, match="five has 5 axes; 1 to 4 can be drawn"):
        model.plot("five")


def test_a_thinned_image_keeps_its_pixel_coordinates():
    image = ImageModel(np.zeros((4096, 2050), "f4")).plot().axes[0].images[0]
    assert list(image.get_extent()) == [-0.5, 2049.5, -0.5, 4095.5]


def test_bad_pixels_and_outliers_do_not_rule_the_stretch():
    model = ImageModel(np.linspace(0, 1, 10000).reshape(100, 100))
    model.data[:5] = -1e10
    model.data[5:30] = 1e10
    model.dq[5:30] = 1
    low, high = model.plot().axes[0].images[0].get_clim()
    assert low > -30
    assert high < 30


def test_flags_are_drawn_as_good_flagged_and_unusable():
    model = ImageModel((2, 2))
    model.dq = [[0, 1], [4, 5]]
    axes, bar = model.plot("dq").axes
    assert axes.images[0].get_array().tolist() == [[0, 2], [1, 2]]
    assert [t.get_text() for t in bar.get_yticklabels()] == ["good", "flagged", "DO_NOT_USE"]


def test_slits_are_drawn_side_by_side():
    model = MultiSlitModel()
    for number in range(15):
        model.slits.append({"name": f"S{number}", "data": np.full((2, 3), number, "f4")})
    figure = model.plot()
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    assert titles == [f"slits.{n}  S{n}" for n in range(12)]
    assert figure.get_suptitle().endswith("slits.0.data, the first 12 of 15")


def test_spectra_of_a_list_are_curves_of_one_picture():
    model = datamodels.MultiSpecModel()
    for name in ("a", "b"):
        model.spec.append(spectrum())
        model.spec[-1].name = name
    (axes,) = model.plot().axes
    assert [line.get_label() for line in axes.lines] == ["spec.0  a", "spec.1  b"]


def test_a_picture_is_drawn_on_given_axes(saved):
    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert datamodels.open(saved).plot(ax=left) is figure
    RampModel((1, 3, 4, 4)).plot(ax=right)
    assert len(left.images) == len(right.images) == 1
    assert figure.get_suptitle() == ""


def test_notebooks_show_a_picture_without_pyplot(saved):
    assert datamodels.open(saved).plot()._repr_png_().startswith(b"\x89PNG")


def test_complex_numbers_are_drawn_as_their_absolute_value():
    model = ImageModel()
    model.mine = np.array([3 + 4j, 0, np.nan])
    line = model.plot("mine").axes[0].lines[0]
    assert line.get_ydata()[:2].tolist() == [5, 0]


def test_an_image_without_pixels_and_texts_are_not_drawn():
    model = ImageModel()
    model.mine, model.words = np.zeros((0, 3)), np.array([["a"]])
    with pytest.raises(ValueError, match=r"mine has no pixels to draw; its shape is \(0, 3\)"):
        model.plot("mine")
    with pytest.raises(ValueError, match="words holds no numbers to draw"):
        model.plot("words")


def test_a_table_that_astropy_decodes_is_drawn(tmp_path):
    cells = np.empty(2, object)
    cells[:] = [np.arange(3.0), np.arange(2.0)]
    columns = [afits.Column("n", "J", array=[5, 7]), afits.Column("c", "PD()", array=cells)]
    hdus = [afits.PrimaryHDU(), afits.BinTableHDU.from_columns(columns, name="T")]
    afits.HDUList(hdus).writeto(tmp_path / "a.fits")
    (axes,) = datamodels.JwstDataModel(tmp_path / "a.fits").plot().axes
    assert axes.lines[0].get_ydata().tolist() == [5, 7]

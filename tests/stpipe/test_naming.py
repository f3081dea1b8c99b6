"""Names of products: the table, and what a step chooses to put into it."""

from pathlib import Path

import fakesteps
import pytest

from jwstlike.stpipe import naming, product_name

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.mark.parametrize(
    ("root", "components", "suffix", "ext", "expected"),
    [
        ("d/x_uncal.fits", (), "jump", ".fits", "x_jump.fits"),
        ("d/x_uncal.fits", (), "cal", "fits", "x_cal.fits"),
        ("d/x_uncal.fits", (), False, ".fits", "x_uncal.fits"),
        ("x_uncal.fits", (3,), "jump", ".fits", "x_3_jump.fits"),
        ("x_uncal.fits", ("a3001", 1), "jump", ".fits", "x_a3001_1_jump.fits"),
        ("x_uncal.fits", (None,), "cat", "ecsv", "x_cat.ecsv"),
        ("x_dq_init.fits", (), "rate", ".fits", "x_rate.fits"),
        ("x_myrate.fits", (), "rate", ".fits", "x_myrate_rate.fits"),
        ("x-uncal.fits", (), "cal", ".fits", "x-cal.fits"),
        ("x_uncal.fits.gz", (), "cal", ".fits", "x_cal.fits"),
        ("in/a.asdf", (2,), "rate", ".asdf", "a_2_rate.asdf"),
        ("uncal.fits", (), "rate", ".fits", "uncal_rate.fits"),
    ],
)
def test_output_name(root, components, suffix, ext, expected):
    assert naming.output_name(root, components, suffix, ext) == expected


@pytest.mark.parametrize(
    ("stem", "expected"),
    [("a_rate", ("a", "_")), ("a-cal", ("a", "-")), ("a_b", ("a_b", "_")), ("a", ("a", "_"))],
)
def test_remove_suffix(stem, expected):
    assert naming.remove_suffix(stem) == expected


def test_record_name_follows_the_product():
    assert naming.record_name("d/a_rate.fits") == "a_rate.run.json"


def step(**pars):
    made = fakesteps.AddStep(name="jump", **pars)
    made.set_primary_input("d/x_uncal.fits")
    return made


@pytest.mark.parametrize(
    ("pars", "arguments", "expected"),
    [
        ({}, {}, "x_jump.fits"),
        ({}, {"suffix": "cal"}, "x_cal.fits"),
        ({}, {"suffix": False}, "x_uncal.fits"),
        ({}, {"idx": 3}, "x_3_jump.fits"),
        ({}, {"asn_id": "a3001", "idx": 1}, "x_a3001_1_jump.fits"),
        ({}, {"ext": "ecsv", "suffix": "cat"}, "x_cat.ecsv"),
        ({}, {"basepath": "q/y_rate.fits"}, "y_jump.fits"),
        ({"suffix": "mine"}, {}, "x_mine.fits"),
        ({"output_file": "junk.fits"}, {}, "junk_jump.fits"),
        ({"output_file": "junk_rate.fits"}, {}, "junk_jump.fits"),
        ({"output_file": "junk_jump.fits"}, {}, "junk_jump.fits"),
        ({"output_file": "q.asdf"}, {}, "q_jump.asdf"),
        ({"output_file": "sub/q.fits"}, {}, "sub/q_jump.fits"),
        ({"output_file": "sub/q.fits", "output_dir": "o"}, {}, "o/q_jump.fits"),
        ({"output_dir": "o", "output_ext": "asdf"}, {}, "o/x_jump.asdf"),
    ],
)
def test_make_output_path(pars, arguments, expected):
    assert step(**pars).make_output_path(**arguments) == expected


def test_without_input_the_step_names_the_product():
    assert fakesteps.AddStep(name="jump").make_output_path() == "step_jump_jump.fits"


def test_product_name_of_the_paper():
    assert product_name(step(), "cal") == "x_cal.fits"


def test_environment_variables_in_output_dir_are_expanded(monkeypatch):
    monkeypatch.setenv("PLACE", "there")
    assert step(output_dir="$PLACE/o").make_output_path() == "there/o/x_jump.fits"


def test_a_sub_step_saves_in_the_folder_of_its_pipeline():
    pipe = fakesteps.Pipe(output_dir="o", output_file="q.fits")
    assert pipe.fit.make_output_path(suffix="ints") == "o/q_ints.fits"


def test_a_sub_step_that_does_not_search_keeps_the_name_of_the_input():
    pipe = fakesteps.Pipe(output_file="q.fits", steps={"fit": {"search_output_file": False}})
    pipe.set_primary_input("x_uncal.fits")
    assert pipe.fit.make_output_path() == "x_fit.fits"


def test_output_exact_is_for_the_main_product_only(make_input):
    pipe = fakesteps.Pipe(output_file="myimage.fits", save_ramp=True)
    pipe.run(make_input())
    assert {p.name for p in Path().iterdir()} == {
        "x_uncal.json",
        "myimage.fits",
        "myimage_ramp.fits",
        "myimage.run.json",
    }


def test_a_list_is_saved_with_indices_and_returned_as_it_is(make_input):
    made = fakesteps.PairStep(name="pair", save_results=True)
    result = made.run(make_input())
    assert [type(m).__name__ for m in result] == ["RampModel", "RampModel"]
    assert Path("x_0_pair.fits").exists()
    assert Path("x_1_pair.fits").exists()


def test_output_use_model_names_after_the_model(make_input):
    fakesteps.PairStep(save_results=True, output_use_model=True, suffix="pair").run(make_input())
    assert Path("first_pair.fits").exists()
    assert Path("second_pair.fits").exists()

"""The documentation pages of the steps: their examples run, and they name every parameter."""

import doctest
from pathlib import Path

import pytest

from jwstlike import steps

PAGES = sorted((Path(__file__).parents[2] / "docs" / "steps").glob("*.rst"))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_the_examples_of_the_page_run(page):
    result = doctest.testfile(str(page), module_relative=False)
    assert result.failed == 0
    assert result.attempted > 0 or page.stem == "sloper"


@pytest.mark.parametrize(("class_name", "alias"), [(c, a) for c, a, _ in steps.get_steps()])
def test_every_step_has_a_page_that_names_its_parameters_and_references(class_name, alias):
    cls = getattr(steps, class_name.rpartition(".")[2])
    text = (PAGES[0].parent / f"{alias}.rst").read_text()
    own = [line.split("=")[0].strip() for line in cls.spec.splitlines() if "=" in line]
    if "spec" in vars(cls):
        for name in own:
            assert f"``{name}``" in text, name
    if alias != "sloper":
        assert cls.__name__ in text
        for kind in cls.reference_file_types:
            assert f"``{kind}``" in text

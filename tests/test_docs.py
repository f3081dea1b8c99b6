"""The examples of the documentation run as they stand there."""

import doctest
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.rglob("*.rst"))
BLOCK = re.compile(
    r"^\.\. code-block:: (?P<kind>\w+)\n(?:   :caption: (?P<file>\S+)\n)?\n"
    r"(?P<text>(?:   .*\n|\n)+)",
    re.MULTILINE,
)
RUN = ["writing_steps.rst", "getting_started.rst"]  # pages whose files and commands are tried


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Run a list of commands in one shell, in a folder of their own."""
    scripts = Path(sys.executable).parent
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CRDS_", "STPIPE_"))}
    env["PATH"] = f"{scripts}{os.pathsep}{env['PATH']}"

    def run(commands):
        return subprocess.run(
            ["bash", "-euc", "\n".join(commands)],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(DOCS)))
def test_interactive_examples_give_what_the_page_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testfile(
        str(page),
        module_relative=False,
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert failed == 0


@pytest.mark.parametrize("name", RUN)
def test_files_and_commands_of_a_page_work(name, tmp_path, shell):
    commands = []
    for block in BLOCK.finditer((DOCS / name).read_text()):
        text = textwrap.dedent(block["text"])
        if block["file"]:
            commands.append(
                f"cat > {tmp_path / block['file']} <<'END OF FILE'\n{text}\nEND OF FILE"
            )
        elif block["kind"] == "console":
            commands += [line[2:] for line in text.splitlines() if line.startswith("$ ")]
    assert commands
    done = shell(commands)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_step_of_the_page_scales_the_data_and_is_recorded(tmp_path, shell):
    text = (DOCS / "writing_steps.rst").read_text()
    blocks = {b["file"]: textwrap.dedent(b["text"]) for b in BLOCK.finditer(text) if b["file"]}
    code = [line for line in blocks["mystep.py"].splitlines() if line.strip()]
    assert len(code) <= 15
    for name in ("mystep.py", "mystep.cfg"):
        (tmp_path / name).write_text(blocks[name])
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    primary.header["DATAMODL"] = "ImageModel"
    science = fits.ImageHDU([[1.0, 2.0], [3.0, 4.0]], name="SCI")
    fits.HDUList([primary, science]).writeto(tmp_path / "input.fits")
    done = shell(["strun mystep.cfg input.fits --disable-crds-steppars"])
    assert done.returncode == 0, done.stderr
    with fits.open(tmp_path / "input_scale.fits") as product:
        assert product["SCI"].data.tolist() == [[2.0, 4.0], [6.0, 8.0]]
        assert "scaled by 2.0" in str(product[0].header["HISTORY"])
    assert (tmp_path / "input_scale.run.json").is_file()


def test_the_documentation_builds_without_warnings(tmp_path):
    pytest.importorskip("sphinx", reason="Sphinx (extra docs) builds the documentation")
    pytest.importorskip("furo", reason="furo (extra docs) is the theme of the documentation")
    pytest.importorskip("latex2mathml", reason="latex2mathml (extra docs) writes the formulas")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html",
         "-d", tmp_path / "doctrees", DOCS, tmp_path / "html"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "html" / "index.html").is_file()
    shutil.rmtree(tmp_path / "html")

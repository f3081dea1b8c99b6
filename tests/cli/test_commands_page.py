"""The page of the commands shows what they really print."""

import doctest
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "commands.rst"
BLOCK = re.compile(
    r"^\.\. code-block:: (?P<kind>\w+)\n(?:   :caption: (?P<file>\S+)\n)?\n"
    r"(?P<text>(?:   .*\n|\n)+)",
    re.MULTILINE,
)
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def steps(text):
    """Yield (file or None, command or content, expected output) in the order of the page."""
    for block in BLOCK.finditer(text):
        content = textwrap.dedent(block["text"]).strip("\n") + "\n"
        if block["file"]:
            yield block["file"], content, ""
            continue
        for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield None, command, output


def test_every_command_prints_what_the_page_shows(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib (extra plot) draws")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CRDS_", "STPIPE_"))}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    tried = 0
    for name, content, expected in steps(PAGE.read_text(encoding="utf-8")):
        if name:
            (tmp_path / name).write_text(content, encoding="utf-8")
            continue
        done = subprocess.run(
            ["bash", "-c", content], cwd=tmp_path, env=env, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        same = doctest.OutputChecker().check_output(expected, done.stdout, OPTIONS)
        assert same, f"$ {content}\n{done.stdout}{done.stderr}"
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        tried += 1
    assert tried >= 10


def test_every_command_of_the_page_is_in_the_help():
    from jwstlike.cli.main import COMMANDS

    text = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^``jwstlike (\w+)``", text, re.MULTILINE)
    assert listed == ["info", "header", "diff", "convert", "validate"]
    assert set(listed) <= COMMANDS.keys()

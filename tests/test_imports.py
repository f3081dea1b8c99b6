"""Imports point downwards, have no cycles, are light and change nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "jwstlike"
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}
HEAVY = "astropy asdf gwcs crds scipy numba matplotlib rich jsonschema yaml".split()
PUBLIC = (
    "jwstlike.datamodels", "jwstlike.stpipe", "jwstlike.steps", "jwstlike.cli.main",
)  # fmt: skip


def imports_of(name, everywhere=False):
    """Modules of the package that a module imports, at module level or anywhere in it."""
    path = MODULES[name]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if everywhere else top_level(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, name, path)
            found.update(
                f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base
                for alias in node.names
            )
    return {f for f in found if f == "jwstlike" or f.startswith("jwstlike.")} - {name}


def top_level(tree):
    """Nodes that run when the module is imported."""
    stack = list(tree.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))


def absolute(node, name, path):
    if not node.level:
        return node.module
    parts = name.split(".") + (["__init__"] if path.name == "__init__.py" else [])
    return ".".join([*parts[: -node.level], *([node.module] if node.module else [])])


def part(name):
    """Name of the part of the package: datamodels, stpipe, steps, cli, ..."""
    return name.split(".")[1] if "." in name else ""


BELOW = {  # what a part may import at module level, besides itself
    "errors": set(),
    "settings": {"errors"},
    "atomic": {"errors"},
    "datamodels": {"errors", "settings", "atomic"},
    "stpipe": {"errors", "settings", "atomic"},
    "steps": {"errors", "settings", "stpipe", "datamodels"},
    "cli": {"errors", "settings", "atomic", "stpipe"},
}


EXCEPTIONS = {  # the abstract base of libraries is a name of the engine's contract
    "jwstlike.datamodels.library": {"stpipe"},
}


@pytest.mark.parametrize("name", sorted(MODULES), ids=lambda name: f"{name}:")
def test_imports_point_downwards(name):
    allowed = BELOW.get(part(name), set()) | {part(name), ""} | EXCEPTIONS.get(name, set())
    assert {part(other) for other in imports_of(name)} <= allowed


def test_the_engine_knows_no_model_and_no_step():
    above = {"datamodels", "steps", "cli"}
    for name in MODULES:
        if part(name) == "stpipe" and "demo" not in name:
            assert not above & {part(other) for other in imports_of(name)}, name


def test_own_modules_are_imported_at_the_top_but_by_commands():
    for name in MODULES:
        if part(name) != "cli":
            late = imports_of(name, everywhere=True) - imports_of(name)
            assert not late - {"jwstlike.datamodels.exceptions"}, name  # made at first use


def test_schemas_hold_no_code():
    assert not list((ROOT / "schemas").rglob("*.py"))


def test_no_module_imports_itself_by_a_detour():
    graph = {name: imports_of(name) & MODULES.keys() for name in MODULES}
    done = set()

    def visit(name, above):
        assert name not in above, " -> ".join((*above, name))
        if name not in done:
            for other in graph[name]:
                visit(other, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


LOOK = """
import importlib, logging, os, sys, warnings
from pathlib import Path

def state():
    root = logging.getLogger()
    loggers = {n: (l.level, list(l.handlers)) for n, l in root.manager.loggerDict.items()
               if isinstance(l, logging.Logger) and (l.level or l.handlers)}
    return (root.level, list(root.handlers), loggers, list(warnings.filters), dict(os.environ),
            Path.cwd())

before = state()
importlib.import_module(sys.argv[1])
assert state() == before, (before, state())
print(*sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[2:])))
"""


@pytest.mark.parametrize("name", PUBLIC)
def test_an_import_is_light_and_changes_nothing(name):
    done = subprocess.run(
        [sys.executable, "-c", LOOK, name, *HEAVY], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []

"""Every value that a class can hold, tables and lists too, goes to the field's package and back.

The interpreter of an environment that holds that package is named by ``JWSTLIKE_PEER_PYTHON``.
"""

import importlib.util
import json
import os
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest

from jwstlike import datamodels
from jwstlike.datamodels.bindings import ARRAY, LIST, OBJECT, SCALAR
from jwstlike.datamodels.models import CLASSES

PYTHON = os.environ.get("JWSTLIKE_PEER_PYTHON")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not PYTHON, reason="JWSTLIKE_PEER_PYTHON names no interpreter"),
]
SCRIPT = Path(__file__).parents[1] / "peer" / "exchange.py"
SIZES = {0: (), 1: (5,), 2: (4, 5), 3: (3, 4, 5), 4: (2, 3, 4, 5), 5: (1, 2, 3, 4, 5)}
CANDIDATES = (
    "made for a test", "2020-01-01T00:00:00", "2020-01-01", "01:02:03", 3, 1.5, True, "N/A"
)  # fmt: skip
SET_BY_THE_MODEL = ("model_type", "filename", "telescope")
# what the peer holds beside the content of the file
MORE = {
    "AsnModel": ("input_rootnames.", "num_inputs"),  # properties of our class
    # the cards of the primary header once more, in every item of the list
    **dict.fromkeys(
        ("SpecProfileModel", "SpecTraceModel", "WaveMapModel"),
        tuple(
            f"{name}.{number}.meta." for name in ("profile", "trace", "map") for number in range(2)
        ),
    ),
}
GUESSED = {"SlitDataModel": "CubeModel"}  # the package does not open these by their name
NAMES = ("JwstDataModel", *CLASSES)
every_class = pytest.mark.parametrize("name", NAMES)


def exchange_module():
    spec = importlib.util.spec_from_file_location("exchange", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


digest = exchange_module().digest


def scalar(spec):
    """Return a value that the schema allows, None if no candidate is."""
    own = [v for v in spec.schema.get("enum", ()) if v is not None]
    return next((v for v in (*own, *CANDIDATES) if spec.check(v) is None), None)


def array(spec):
    shape = SIZES[spec.schema.get("ndim", spec.schema.get("max_ndim", 2))]
    if spec.is_table:
        cells = [SIZES[c.get("ndim", 0)] or c.get("shape", ()) for c in spec.schema["datatype"]]
        names = spec.dtype.names
        out = np.zeros(2, [(n, spec.dtype[n].base, c) for n, c in zip(names, cells, strict=True)])
        for number, name in enumerate(out.dtype.names):
            column = out[name]
            values = np.arange(column.size).reshape(column.shape) + number
            if column.dtype.kind == "S":
                column[...] = b"ab"
            else:
                column[...] = values % 2 if column.dtype == np.int8 else values
        return out
    return (np.arange(np.prod(shape, dtype=int)) % 100).reshape(shape).astype(spec.dtype)


def fill(spec, tree):
    """Put a value for everything that FITS can hold of `spec` into a dict."""
    for name, child in spec.children.items():
        value = None
        if child.kind == OBJECT:
            value = fill(child, tree.get(name, {})) or None
        elif child.kind == LIST and child.item is not None and child.item.kind == OBJECT:
            items = [fill(child.item, {}) for _ in range(2)]
            value = items if items[0] else None
        elif child.kind == ARRAY and child.hdu and child.dtype is not None:
            value = array(child)
        elif child.kind == SCALAR and child.keyword:
            value = scalar(child)
        if value is not None and name not in SET_BY_THE_MODEL:
            tree[name] = value
    return tree


@pytest.fixture(scope="module")
def exchanged(tmp_path_factory):
    """Let the peer open and save one file of each class; {class: (model, what the peer found)}."""
    folder, models, paths = tmp_path_factory.mktemp("peer"), {}, {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in NAMES:
            model = getattr(datamodels, name)(validate="off")
            fill(model._spec, model._tree)
            if name != "SlitDataModel":  # has no telescope
                model.meta.telescope = "JWST"
            try:
                paths[name] = model.save(folder / f"ours_{name}.fits")
            except NotImplementedError:  # these are never FITS files
                paths[name] = model.save(folder / f"ours_{name}.asdf")
            models[name] = model
    done = subprocess.run(
        [PYTHON, SCRIPT], input=json.dumps(paths), capture_output=True, text=True, check=True
    )
    return folder, paths, json.loads(done.stdout)


def content_of(found, name):
    """Leave out what the peer holds beside the content of the file."""
    return {k: v for k, v in found["content"].items() if not k.startswith(MORE.get(name, "?"))}


def opened(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return datamodels.open(path)


@every_class
def test_the_peer_finds_every_value_that_we_wrote(exchanged, name):
    _, paths, found = exchanged
    assert "error" not in found[name], found[name]
    assert found[name]["class"] == GUESSED.get(name, name)
    assert content_of(found[name], name) == digest(opened(paths[name]).items())


@every_class
def test_we_find_every_value_that_the_peer_wrote(exchanged, name):
    folder, paths, found = exchanged
    assert "error" not in found[name], found[name]
    model = opened(folder / Path(paths[name]).name.replace("ours_", "theirs_"))
    assert type(model).__name__ == GUESSED.get(name, name)
    ours = digest(model.items())
    ours = {k: v for k, v in ours.items() if not k.startswith(MORE.get(name, "?"))}
    assert ours == content_of(found[name], name)

"""Small data models on JSON files that follow the engine's protocol, and an `open` for them."""

import copy
import json
from pathlib import Path


class Node:
    def __init__(self, tree):
        object.__setattr__(self, "_tree", tree)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = self._tree.get(name)
        return Node(value) if isinstance(value, dict) else value

    def __setattr__(self, name, value):
        self._tree[name] = value


class FakeModel:
    crds_observatory = "jwst"

    def __init__(self, init=None):
        self._source_path = None
        if isinstance(init, FakeModel):
            self._tree, self.data = init._tree, init.data
        elif init is None:
            self._tree = {"meta": {"filename": None, "cal_step": {}, "ref_file": {}}}
            self.data = [0]
        else:
            read = json.loads(Path(init).read_text())
            self._tree, self.data = read["tree"], read["data"]
            self._tree["meta"]["filename"] = Path(init).name
            self._source_path = str(init)
        self._tree["model_type"] = type(self).__name__

    @property
    def meta(self):
        return Node(self._tree["meta"])

    @property
    def shape(self):
        return (len(self.data),)

    @property
    def override_handle(self):
        return f"override://{type(self).__name__}"

    def get_crds_parameters(self):
        return {"meta.instrument.name": "NIRCAM"}

    def copy(self):
        new = copy.copy(self)
        new._tree, new.data = copy.deepcopy(self._tree), list(self.data)
        return new

    def save(self, path, dir_path=None, **kwargs):
        path = Path(dir_path or "", path)
        self._tree["meta"]["filename"] = path.name
        path.write_text(json.dumps({"tree": self._tree, "data": self.data}))
        return str(path)

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass


class RampModel(FakeModel):
    pass


class Level1bModel(FakeModel):
    pass


class ImageModel(FakeModel):
    pass


class MaskModel(FakeModel):
    pass


def open(init, **kwargs):
    if isinstance(init, FakeModel):
        return init
    text = Path(init).read_text()
    if not text:
        raise OSError(f"{init}: the file is empty; get it again")
    kind = json.loads(text)["tree"]["model_type"]
    return globals()[kind](init)

"""`LinearPipeline`: steps in a row, which may start and stop anywhere."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from ..errors import ParameterError, PreflightError, did_you_mean
from . import datamodel, record, saving
from .pipeline import Pipeline

STATE = "state.json"


class LinearPipeline(Pipeline):
    """A pipeline in which the result of each step is the input of the next.

    A subclass has `pipeline_steps`, a list of (name, Step class). With ``end_step`` the run stops
    after that step and every result so far is kept in ``<root>_<name>.stpipe`` in the output
    folder; a later run with ``start_step`` goes on from there. The folder is removed when the
    last step's product has been saved.
    """

    spec = """
    start_step = string(default=None)   # First step to run; goes on from a saved result
    end_step   = string(default=None)   # Last step to run
    """

    pipeline_steps = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.pipeline_steps:
            cls.step_defs = dict(cls.pipeline_steps)

    def __init__(self, *args, **kws):
        if not self.pipeline_steps:
            raise ValueError(
                f"{type(self).__name__} has no pipeline_steps; list its steps as (name, Step class)"
            )
        super().__init__(*args, **kws)

    def run(self, *args, pars=None):
        """Run from ``start_step`` to ``end_step``, see `Step.run`."""
        first, last = self._position("start_step", 0), self._position("end_step", None)
        last = len(self.pipeline_steps) - 1 if last is None else last
        if first > last:
            raise ParameterError(
                f"start_step {self.start_step!r} comes after end_step {self.end_step!r}"
            )
        result = super().run(*args, pars=pars)
        state = self.__dict__.pop("_state_folder", None)
        complete = self.run_record is not None and self.run_record["status"] != "FAILED"
        if state is not None and complete and last == len(self.pipeline_steps) - 1:
            shutil.rmtree(state, ignore_errors=True)
        return result

    def process(self, input):
        """Run the steps in their order."""
        first = self._position("start_step", 0)
        last = self._position("end_step", len(self.pipeline_steps) - 1)
        keeps = bool(self.start_step or self.end_step)
        folder = self._folder(input)
        if keeps:
            self._state_folder = folder
        if first:
            input = self._load(folder, first)
        for number in range(first, last + 1):
            name = self.pipeline_steps[number][0]
            input = getattr(self, name)(input)
            if keeps:
                self._keep(folder, number, input)
        return input

    def _position(self, parameter, default):
        name = getattr(self, parameter)
        names = [step for step, _ in self.pipeline_steps]
        if name is None:
            return default
        if name not in names:
            raise ParameterError(
                f"{parameter} {name!r} is none of the steps {', '.join(names)}"
                + did_you_mean(name, names)
            )
        return names.index(name)

    def _folder(self, input):
        """Folder of the results between the steps."""
        root = saving.naming.stem_of(saving.root_name(self, input))
        root, _ = self.remove_suffix(root)
        return saving.output_folder(self) / f"{root}_{self.name.lower()}.stpipe"

    def _keep(self, folder, number, result):
        """Save the result of a step and its checksum, one after the other whole."""
        name = self.pipeline_steps[number][0]
        if not datamodel.is_model(result) or datamodel.is_several(result):
            raise ParameterError(f"step {name!r} returned no single model; its state is not kept")
        folder.mkdir(parents=True, exist_ok=True)
        file = f"{number + 1:02d}_{name}{saving.naming.extension(self.output_ext)}"
        filename = datamodel.get_filename(result)
        result.save(file, dir_path=str(folder))
        result.meta.filename = filename
        state = _read_state(folder)
        status = datamodel.get_status(result, getattr(self, name).class_alias or "")
        state[name] = {"status": status, "file": file, **record.digest(folder / file)}
        _write_state(folder, state)

    def _load(self, folder, first):
        """Open the saved result of the step before the first one."""
        name, start = self.pipeline_steps[first - 1][0], self.pipeline_steps[first][0]
        row = _read_state(folder).get(name)
        way_out = f"run with --end_step={name} first"
        if row is None:
            raise PreflightError(
                f"start_step {start!r}: {folder} has no result of {name!r}; {way_out}"
            )
        path = folder / row["file"]
        if record.digest(path).get("sha256") != row["sha256"]:
            raise PreflightError(f"start_step {start!r}: {path} was changed or is gone; {way_out}")
        return self.open_model(str(path))


def _read_state(folder):
    try:
        return json.loads((folder / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _write_state(folder, state):
    handle, temporary = tempfile.mkstemp(prefix=".state-", dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(state, stream, indent=1)
    Path(temporary).replace(folder / STATE)

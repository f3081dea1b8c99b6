"""Pre- and post-hooks: functions, steps, dotted names and shell commands, before and after."""

import inspect
import re
import shutil
import subprocess
import tempfile
import time
from ast import literal_eval, parse
from pathlib import Path

from ..errors import HookError, ModelTypeError, NotApplicable
from . import datamodel, saving
from .function_wrapper import FunctionWrapper
from .utilities import _import_beside

DOTTED = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")
DOTTED_CALL = re.compile(r"^([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)\((.*)\)$", re.DOTALL)


class ShellHook:
    """A shell command with ``{0}``, ``{1}`` for the arguments and ``{out}`` for a result.

    Models are given as scratch files in the output folder, which are removed afterwards.
    """

    def __init__(self, step, name, command):
        self.step, self.name, self.command = step, name, command

    def __call__(self, *args):
        """Run the command; return the model in ``{out}``, if the command names it."""
        folder = saving.output_folder(self.step)
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"{self.name}_", dir=folder))
        try:
            names = [self._as_file(n, arg, scratch) for n, arg in enumerate(args)]
            out = scratch / f"out{self.step.output_ext}"
            command = self._fill(names, str(out))
            done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
            log = self.step.log
            for line in done.stdout.splitlines():
                log.info("%s: %s", self.name, line)
            for line in done.stderr.splitlines():
                log.warning("%s: %s", self.name, line)
            if done.returncode:
                raise HookError(f"command {command!r} ended with exit status {done.returncode}")
            if "{out}" in self.command:
                return self._read(out, command)
            return None
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _fill(self, names, out):
        text = self.command.replace("{out}", out)
        for number, name in enumerate(names):
            text = text.replace(f"{{{number}}}", name)
        return text

    def _as_file(self, number, arg, scratch):
        if not datamodel.is_model(arg):
            return str(arg)
        name = Path(datamodel.get_filename(arg) or f"input{self.step.output_ext}").name
        copy = arg.copy()  # so that saving leaves no trace in the model
        return str(copy.save(f"{number}_{name}", dir_path=str(scratch)))

    def _read(self, out, command):
        if not out.exists():
            raise HookError(f"command {command!r} wrote no {{out}} file")
        with self.step.open_model(str(out)) as model:
            return model.copy()


def hook_from_string(step, hooktype, num, command):
    """Return the hook of a string: dotted function or Step class, with arguments, or command.

    Raises
    ------
    HookError
        When a dotted name cannot be imported.
    """
    name = f"{hooktype}_hook{num}"
    call = DOTTED_CALL.match(command)
    dotted = command if DOTTED.match(command) else call.group(1) if call else None
    if dotted is None:
        return ShellHook(step, name, command)
    target = _import(dotted, step.config_file)
    if target is None:
        if call is None and shutil.which(command):
            return ShellHook(step, name, command)
        raise HookError(
            f"{name} {command!r} is neither an importable function or Step class nor a command; "
            "give module.name, or a command with {0} for the input"
        )
    try:
        kwargs = _arguments(call.group(2)) if call else {}
    except (ValueError, SyntaxError) as error:
        raise HookError(f"{name} {command!r}: arguments must be name=value ({error})") from None
    return _wrap(step, name, target, kwargs)


def _import(dotted, config_file):
    module, _, last = dotted.rpartition(".")
    try:
        return getattr(_import_beside(module, config_file), last, None)
    except ImportError:
        return None


def _arguments(text):
    """Parse ``a=1, b='x'`` without evaluating code."""
    call = parse(f"f({text})", mode="eval").body
    if call.args:
        raise ValueError("an argument has no name")
    return {keyword.arg: literal_eval(keyword.value) for keyword in call.keywords}


def _is_step(obj):
    return hasattr(obj, "process") and hasattr(obj, "run")


def _wrap(step, name, hook, kwargs=None):
    if isinstance(hook, type) and _is_step(hook):
        alias = hook.class_alias or name
        return hook(name=alias, parent=step, **(kwargs or {}))
    if _is_step(hook):
        if hook.parent is None:
            hook.parent = step
        return hook
    if inspect.isclass(hook) or not callable(hook):
        raise HookError(f"{name} {hook!r} is no function, Step class, Step or string")
    return FunctionWrapper(hook, name=name, parent=step, **(kwargs or {}))


def get_hook_objects(step, hooktype, hooks):
    """Return the callables of a list of hooks, in order.

    Raises
    ------
    HookError
        For the first that cannot be used.
    """
    return [
        hook_from_string(step, hooktype, n, hook)
        if isinstance(hook, str)
        else _wrap(step, f"{hooktype}_hook{n}", hook)
        for n, hook in enumerate(hooks)
    ]


def findings(step):
    """Return one line for each hook of a step that cannot be used."""
    lines = []
    for kind in ("pre", "post"):
        for n, hook in enumerate(getattr(step, f"{kind}_hooks") or ()):
            try:
                get_hook_objects(step, kind, [hook])
            except Exception as error:
                text = str(error).replace(f"{kind}_hook0", f"{kind}_hook{n}")
                lines.append(f"step {step.name!r}: {text}")
    return lines


def run_hooks(step, kind, args, entries):
    """Run the ``pre`` or ``post`` hooks of a step over a list of arguments.

    A result of None keeps the arguments, a tuple of a pre-hook replaces them all, anything else
    replaces the first.

    Parameters
    ----------
    args : list
        Changed in place.
    entries : list
        Gets a dict per hook for the run record.

    Raises
    ------
    HookError
        Naming step, hook, position and cause.
    """
    hooks = getattr(step, f"{kind}_hooks")
    for n, hook in enumerate(get_hook_objects(step, kind, hooks) if hooks else ()):
        name = getattr(hook, "name", None) or f"{kind}_hook{n}"
        started = time.perf_counter()
        try:
            result = hook(*args)
        except (NotApplicable, ModelTypeError, KeyboardInterrupt):
            raise
        except Exception as error:
            raise HookError(
                f"{kind}-hook {n} ({name}) of step {step.name!r}: {type(error).__name__}: {error}"
            ) from error
        wall = time.perf_counter() - started
        entries.append({"kind": kind, "name": name, "position": n, "wall_s": round(wall, 6)})
        if isinstance(result, tuple) and kind == "pre":
            args[:] = result
        elif result is not None:
            args[:1] = [result]

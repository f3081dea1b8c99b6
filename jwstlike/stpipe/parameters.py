"""Parameters: a spec compiled into a table of `Param`, and their one resolution with sources.

A class's spec is text in configobj's "configspec" language. It is merged over the bases of the
class, compiled once per class and kept; the values of a step are resolved from layers (parameter
reference, parameter file, explicit) of which the later wins, each value with its source.
"""

import os
import textwrap
from copy import copy
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from weakref import WeakKeyDictionary

from configobj import ConfigObj, ConfigObjError
from configobj.validate import ValidateError, Validator, VdtTypeError, VdtValueError

from ..errors import ParameterError
from .datamodel import is_model
from .utilities import find_spec_file

RESERVED = frozenset({"class", "name", "config_file", "steps"})
LOG_KEYS = frozenset({"log_level", "log_file", "log_stream", "logcfg"})
HOOK_KEYS = ("pre_hooks", "post_hooks")
PATH_KINDS = ("string", "input_file", "output_file", "is_string_or_datamodel")
LIST_KINDS = ("list", "int_list", "float_list", "bool_list", "string_list", "mixed_list", "tuple")
OVERRIDE = "override_"

_TABLES = WeakKeyDictionary()  # class -> {name: Param}


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a spec."""

    name: str
    check: str
    default: object
    help: str = ""
    kind: str = "string"
    args: tuple = ()
    required: bool = False

    @property
    def is_override(self):
        """Whether it replaces a reference file; such parameters are not in `get_pars`."""
        return self.name.startswith(OVERRIDE) and self.kind == "is_string_or_datamodel"

    def allowed(self):
        """Type and limits in words: ``integer 1..100``."""
        if self.kind == "option":
            return "one of " + ", ".join(repr(a) for a in self.args)
        if not self.args or self.kind not in ("integer", "float"):
            return self.kind.removeprefix("is_").replace("_", " ")
        low, high = (*self.args, None)[:2]
        if high in (None, "None"):
            return f"{self.kind} >= {low}"
        return f"{self.kind} <= {high}" if low in (None, "None") else f"{self.kind} {low}..{high}"

    def describe(self):
        """Type and default in words: ``float, default 1.0``."""
        kind = self.allowed()
        return kind if self.required else f"{kind}, default {self.default!r}"


# ---------------------------------------------------------------- checks


def _file_check(must_exist):
    def check(value):
        if not isinstance(value, str | os.PathLike):
            raise VdtTypeError(value)
        if must_exist and not Path(value).exists():
            raise VdtValueError(value)
        return str(value)

    return check


def _is_datamodel(value):
    if not is_model(value):
        raise VdtTypeError(value)
    return value


def _is_string_or_datamodel(value):
    return value if is_model(value) else _file_check(False)(value)


def make_validator():
    """Return configobj's validator with the types of the engine added."""
    return Validator(
        {
            "input_file": _file_check(True),
            "output_file": _file_check(False),
            "is_datamodel": _is_datamodel,
            "is_string_or_datamodel": _is_string_or_datamodel,
        }
    )


VALIDATOR = make_validator()


def split_list(text):
    """Split the text of a list as a parameter file would: ``a, "b, c"`` -> two items."""
    try:
        value = ConfigObj([f"x = {text}"], interpolation=False)["x"]
    except ConfigObjError:
        value = text
    return value if isinstance(value, list) else [value] if value not in ("", None) else []


def convert(param, value, root_dir=None):
    """Return `value` as the parameter's type.

    Raises
    ------
    ParameterError
        One line: parameter, value, what is allowed.
    """
    if param.name in HOOK_KEYS:
        return hook_list(value)
    if isinstance(value, str):
        if value == "None" and param.default is None and not param.required:
            return None
        if param.kind in LIST_KINDS:
            value = split_list(value)
    elif isinstance(value, os.PathLike) and param.kind in PATH_KINDS:
        value = str(value)
    elif getattr(value, "shape", None) == () and hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if param.kind == "input_file" and root_dir and isinstance(value, str):
        value = str(Path(root_dir, value))
    try:
        return VALIDATOR.check(param.check, value)
    except ValidateError as error:
        text = str(error).rstrip(".")
        if param.kind == "input_file":
            text = f'the file "{value}" does not exist'
        raise ParameterError(f"{text} ({param.allowed()}).") from None


def hook_list(value):
    """Return hooks as a list, whether one or many were given."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [value]
    return list(value) if isinstance(value, list | tuple) else [value]


# ---------------------------------------------------------------- spec -> table


def parse_spec(spec):
    """Return the `ConfigObj` of a spec given as text, lines or path; comments are kept."""
    lines = textwrap.dedent(spec).splitlines() if isinstance(spec, str) else spec
    if isinstance(spec, Path):
        lines = str(spec)
    return ConfigObj(lines, list_values=False, interpolation=False, _inspec=True, raise_errors=True)


def own_spec(cls):
    """Return the spec that this very class brings, as a `ConfigObj`, or None."""
    text = vars(cls).get("spec")
    if text is None:
        path = find_spec_file(cls)
        return None if path is None else parse_spec(path)
    return parse_spec(text)


def split_comment(line):
    """Split ``float(default=1.0)  # help`` at the first hash outside quotes."""
    quote = None
    for position, char in enumerate(line):
        if quote:
            quote = None if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "#":
            return line[:position].strip(), line[position:].strip("# ")
    return line.strip(), ""


def make_param(name, check, comment=""):
    """Compile one line of a spec."""
    try:
        kind, args, kwargs, _ = VALIDATOR._parse_with_caching(check)
        limits = tuple(args) or tuple(kwargs.get(k) for k in ("min", "max") if k in kwargs)
        if "max" in kwargs and "min" not in kwargs and not args:
            limits = (None, kwargs["max"])
        default, required = VALIDATOR.get_default_value(check), False
    except KeyError:
        default, required = None, True
    except ValidateError as error:
        raise ParameterError(f"spec: {name} = {check}: {error}; mend the spec") from None
    return Param(name, check, default, comment, kind, limits, required)


def table_of(section):
    """Return name -> `Param` of one section of a spec."""
    return {k: make_param(k, *split_comment(section[k])) for k in section.scalars}


def param_table(cls):
    """Return name -> `Param` of a step class, base first, overrides of references last."""
    table = _TABLES.get(cls)
    if table is None:
        table = {}
        for base in reversed(cls.__mro__):
            if hasattr(base, "reference_file_types") and (spec := own_spec(base)) is not None:
                table.update(table_of(spec))
        types = cls.reference_file_types
        for name in types if isinstance(types, list | tuple) else ():
            key = OVERRIDE + name
            table[key] = make_param(
                key, "is_string_or_datamodel(default=None)", f"Override the {name} reference file"
            )
        _TABLES[cls] = table
    return table


def own_names(cls):
    """Names of the parameters in the class's own spec only."""
    spec = own_spec(cls)
    return [] if spec is None else list(spec.scalars)


# ---------------------------------------------------------------- resolution


@dataclass(slots=True)
class Layer:
    """Values from one source; ``values["steps"]`` nests those of sub-steps."""

    source: str
    values: dict
    detail: str = ""
    root_dir: str | None = None

    def of_step(self, name):
        """Yield the layers for one sub-step: its ``config_file`` first, then inline values."""
        values = (self.values.get("steps") or {}).get(name)
        if not values:
            return
        if file := values.get("config_file"):
            path = Path(self.root_dir or "", file)
            yield Layer(self.source, load_values(path), str(path), str(path.parent))
        yield Layer(self.source, values, self.detail, self.root_dir)


@dataclass(slots=True)
class Resolved:
    """Values of one step with their sources, and those of its sub-steps."""

    values: dict = field(default_factory=dict)
    sources: dict = field(default_factory=dict)
    steps: dict = field(default_factory=dict)


def load_values(path):
    """Read a parameter file; filled in by `config_parser`, which knows the formats."""
    raise NotImplementedError(path)


def resolve(cls, layers):
    """Resolve all parameters of a step or pipeline class.

    Parameters
    ----------
    layers : list of Layer
        The later wins, key by key.

    Raises
    ------
    ParameterError
        With every finding of every section.
    """
    findings = []
    resolved = _resolve(cls, list(layers), (), findings)
    if findings:
        raise ParameterError(findings)
    return resolved


def unchecked(cls, values):
    """Return `values` over the defaults, taken as they are."""
    params = param_table(cls)
    steps = values.get("steps") or {}
    own = {k: v for k, v in values.items() if k != "steps"}
    out = Resolved({k: copy(p.default) for k, p in params.items()} | own)
    out.sources = {k: ("explicit", "argument") for k in own if k in params}
    for name, step_class in (getattr(cls, "step_defs", None) or {}).items():
        default = _step_defaults(cls, name)
        out.steps[name] = unchecked(step_class, default | (steps.get(name) or {}))
        for key in default.keys() - (steps.get(name) or {}).keys():
            out.steps[name].sources.pop(key, None)
    return out


def _step_defaults(cls, name):
    """Defaults that a pipeline has for one of its steps, in place of the step's own."""
    return (getattr(cls, "step_defaults", None) or {}).get(name) or {}


def _resolve(cls, layers, path, findings):
    params = param_table(cls)
    out = Resolved({k: copy(p.default) for k, p in params.items()})
    for layer in layers:
        _apply(cls, layer, out, path, findings)
    for name, param in params.items():
        if param.required and name not in out.sources:
            findings.append(
                f"Config parameter {_dotted(path, name)!r}: missing ({param.allowed()})"
            )
    _resolve_steps(cls, layers, out, path, findings)
    return out


def _resolve_steps(cls, layers, out, path, findings):
    steps = getattr(cls, "step_defs", None) or {}
    aliases = getattr(cls, "step_aliases", None) or {}  # other name -> name
    for name in (name for layer in layers for name in layer.values.get("steps") or ()):
        if aliases.get(name, name) not in steps:
            place = "/".join((*path, "steps"))
            findings.append(f"Extra value {name!r} in {place}{_near_step(name, steps)}")
    for name, step_class in steps.items():
        names = [*(other for other in aliases if aliases[other] == name), name]
        inner = [Layer("spec", _step_defaults(cls, name), f"default of {cls.__name__}")]
        inner += [part for layer in layers for n in names for part in layer.of_step(n)]
        out.steps[name] = _resolve(step_class, inner, (*path, "steps", name), findings)


def _apply(cls, layer, out, path, findings):
    params = param_table(cls)
    for key, value in layer.values.items():
        if key in RESERVED or (key in LOG_KEYS and not path and key not in params):
            continue
        param = params.get(key)
        if param is None:
            text = extra_value(key, params, path)
            findings.append(text + ("" if "; " in text else _in_steps(key, cls)))
            continue
        try:
            out.values[key] = convert(param, value, layer.root_dir)
        except ParameterError as error:
            findings.append(f"Config parameter {_dotted(path, key)!r}: {error}")
        out.sources[key] = (layer.source, layer.detail)


def _dotted(path, name):
    return "/".join((*path, name))


def extra_value(key, params, path=()):
    """Text about an unknown parameter, with the nearest known one."""
    near = get_close_matches(key, params, n=1)
    hint = f"; did you mean {near[0]!r} ({params[near[0]].describe()})?" if near else ""
    return f"Extra value {key!r} in {'/'.join(path) or 'root'}{hint}"


def _in_steps(key, cls):
    """Name the sub-step that has a parameter which the pipeline lacks."""
    for name, sub in (getattr(cls, "step_defs", None) or {}).items():
        if key in param_table(sub):
            return f"; step {name!r} has it: steps.{name}.{key}"
    return ""


def _near_step(name, steps):
    near = get_close_matches(name, steps, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; the steps are {', '.join(steps)}" if steps else "; this is no pipeline"

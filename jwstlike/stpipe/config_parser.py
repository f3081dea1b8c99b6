"""Parameter files and specs as `ConfigObj`: load, merge, validate."""

import tomllib
from pathlib import Path

from configobj import ConfigObj, ConfigObjError, Section

from ..errors import ParameterError
from . import parameters
from .parameters import LOG_KEYS, RESERVED, convert, extra_value, own_spec, parse_spec, table_of

__all__ = [
    "ConfigObj",
    "Section",
    "config_from_dict",
    "get_merged_spec_file",
    "load_config_file",
    "load_spec_file",
    "merge_config",
    "string_to_python_type",
    "validate",
]


def load_config_file(config_file):
    """Read a parameter file: ASDF, TOML, YAML or, else, cfg.

    Returns
    -------
    config : ConfigObj
        Not validated; ``config.filename`` is the file.

    Raises
    ------
    ValueError
        No such file, or one that cannot be parsed; the text says where.
    """
    path = Path(config_file)
    if not path.is_file():
        raise ParameterError(f"Config file {config_file} not found.")
    with path.open("rb") as stream:
        start = stream.read(5)
    suffix = path.suffix.lower()
    if start == b"#ASDF" or suffix in (".yaml", ".yml"):
        config = as_config(_load_yaml(path))
    elif suffix == ".toml":
        config = as_config(_load_toml(path))
    else:
        config = _load_cfg(path)
    config.filename = str(config_file)
    return config


def _load_cfg(path):
    try:
        text = path.read_text(encoding="utf-8-sig")
        return ConfigObj(text.splitlines(), interpolation=False, raise_errors=True)
    except UnicodeDecodeError:
        raise ParameterError(
            f"{path}: no text file; a parameter file is cfg, ASDF, TOML or YAML"
        ) from None
    except ConfigObjError as error:
        line = f", line {error.line_number}: {error.line.strip()!r}" if error.line_number else ""
        what = str(error).partition(" at line")[0].rstrip(".").lower()
        raise ParameterError(
            f"{path}{line}: syntax error ({what}); write `parameter = value`, "
            "sections as [steps] and [[step]]"
        ) from None


def _load_toml(path):
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path}: syntax error ({error}); mend the TOML") from None


def _load_yaml(path):
    """Read YAML, or the tree of an ASDF parameter file, whose values are all plain."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        """Takes the plain value of any tag."""

    def plain(loader, _suffix, node):
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    Loader.add_multi_constructor("tag:stsci.edu", plain)
    Loader.add_multi_constructor("!", plain)
    text = path.read_bytes().partition(b"\n...")[0].decode("utf-8", "replace")
    try:
        tree = yaml.load(text, Loader)
    except yaml.YAMLError as error:
        raise ParameterError(f"{path}: syntax error ({error}); mend the YAML") from None
    if not isinstance(tree, dict):
        raise ParameterError(f"{path}: holds no parameters; expected name, class, parameters")
    return step_tree(tree) if "parameters" in tree else tree


def step_tree(tree):
    """Turn ``{class, name, parameters, steps: [...]}`` into nested values.

    In version 0.1.0 of the layout the steps stand among the parameters.
    """
    values = {key: tree[key] for key in ("class", "name") if tree.get(key) is not None}
    values.update(tree.get("parameters") or {})
    steps = tree.get("steps") or values.pop("steps", None) or []
    if steps:
        values["steps"] = {step["name"]: step_tree(step) for step in steps}
    return values


def as_config(values):
    """Return a `ConfigObj` of nested dicts."""
    config = ConfigObj(interpolation=False)
    merge_config(config, values)
    return config


def load_values(path):
    """Read a parameter file as nested plain dicts."""
    return load_config_file(path).dict()


parameters.load_values = load_values


def load_spec_file(cls):
    """Return the spec of this very class, or None."""
    return own_spec(cls)


def get_merged_spec_file(cls):
    """Return the spec of a class merged over its bases, base first."""
    spec = parse_spec("")
    for base in reversed(cls.__mro__):
        if hasattr(base, "reference_file_types") and (own := own_spec(base)) is not None:
            merge_config(spec, own)
    return spec


def merge_config(into, new):
    """Merge `new` into `into`, section by section; comments come along."""
    for key, value in new.items():
        if isinstance(value, dict):
            if not isinstance(into.get(key), dict):
                into[key] = {}
            merge_config(into[key], value)
        else:
            into[key] = value
        if hasattr(new, "inline_comments"):
            into.comments[key] = new.comments.get(key, [])
            into.inline_comments[key] = new.inline_comments.get(key, "")


def config_from_dict(d, spec=None, root_dir=None, allow_missing=False):
    """Return the validated `ConfigObj` of a dict of values."""
    config = as_config(d)
    if spec is not None:
        validate(config, spec, root_dir=root_dir, allow_missing=allow_missing)
    return config


def validate(config, spec, section=None, validator=None, root_dir=None, allow_missing=False):
    """Fill defaults into `config` and convert its values in place.

    Raises
    ------
    ParameterError
        With all findings.
    """
    del validator  # of old; the table of checks is one
    findings = []
    _validate(config if section is None else section, spec, root_dir, allow_missing, (), findings)
    if findings:
        raise ParameterError(findings)
    return config


def _validate(config, spec, root_dir, allow_missing, path, findings):
    params = table_of(spec)
    for name, param in params.items():
        place = "/".join((*path, name))
        if name not in config:
            if not param.required:
                config[name] = param.default
            elif not allow_missing:
                findings.append(f"Config parameter {place!r}: missing ({param.allowed()})")
            continue
        try:
            config[name] = convert(param, config[name], root_dir)
        except ParameterError as error:
            findings.append(f"Config parameter {place!r}: {error}")
    for key in list(config):
        if key in spec.sections:
            continue
        if key not in params and key not in RESERVED | LOG_KEYS:
            findings.append(extra_value(key, params, path))
    for name in spec.sections:
        if name not in config:
            config[name] = {}
        _validate(config[name], spec[name], root_dir, allow_missing, (*path, name), findings)


def string_to_python_type(section, key):
    """Turn the text at ``section[key]`` into int, float or bool where it reads as one."""
    value = section[key]
    if not isinstance(value, str):
        return
    for kind in (int, float):
        try:
            section[key] = kind(value)
        except ValueError:
            continue
        return
    if value.lower() in ("true", "false"):
        section[key] = value.lower() == "true"

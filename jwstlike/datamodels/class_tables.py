"""The compiled table of a class, or of a schema that a user gives; each is made once."""

import json
import sys
from pathlib import Path

from . import schema as schema_tools
from .bindings import Table
from .schema_words import check_schema

_tables = {}  # class, or content of a custom schema -> Table


def table_of(cls, schema, extensions):
    """Compiled table of a class, or of a custom schema (kept by content)."""
    if schema is None and not extensions:
        table = _tables.get(cls)
        if table is None:
            table = _tables[cls] = Table(_class_schema(cls))
        return table
    several = isinstance(extensions, (list, tuple))
    more = [e for e in (extensions if several else [extensions]) if e]
    folder = _folder_of(cls)
    parts = [schema_tools.given(part, folder) for part in (schema, *more) if part is not None]
    merged = _merged([_class_schema(cls)] if schema is None else [], parts)
    key = json.dumps(merged, sort_keys=True, default=str)
    if key not in _tables:
        for part in parts:
            check_schema(part)
        _tables[key] = Table(merged)
    return _tables[key]


def _merged(known, parts):
    all_parts = [*known, *parts]
    whole = all_parts[0] if len(all_parts) == 1 else {"allOf": all_parts}
    try:
        return schema_tools.merge_property_trees(whole)
    except (AttributeError, TypeError):  # something that is no schema
        for part in parts:
            check_schema(part)
        raise


def extended(schema, new):
    """Lay a schema that a user gives over a merged one, by allOf."""
    part = schema_tools.given(new)
    merged = _merged([schema], [part])
    check_schema(part)
    return merged


BASE_SCHEMA = {
    "type": "object",
    "properties": {
        "meta": {
            "type": "object",
            "properties": {
                "filename": {
                    "type": "string", "title": "Name of the file", "fits_keyword": "FILENAME"
                },
                "model_type": {
                    "type": "string", "title": "Type of data model", "fits_keyword": "DATAMODL"
                },
            },
        }
    },
}  # fmt: skip


def _class_schema(cls):
    if cls.schema_url is None:
        return BASE_SCHEMA
    schema = schema_tools.load_merged(cls.schema_url, _folder_of(cls))
    if not cls.__module__.startswith(f"{__package__}."):
        check_schema(schema)
    return cls.complete_schema(schema) if hasattr(cls, "complete_schema") else schema


def _folder_of(cls):
    """Folder of the module that gives the class its `schema_url`, of a notebook the present one."""
    owner = next(owner for owner in cls.__mro__ if "schema_url" in vars(owner))
    file = getattr(sys.modules.get(owner.__module__), "__file__", None)
    return Path(file).parent if file else Path.cwd()


def is_own(table, cls):
    """Whether a table is that of the class, not of a custom schema."""
    return _tables.get(cls) is table

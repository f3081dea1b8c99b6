"""The compiled table of a class, or of a schema that a user gives; each is made once."""

import json
import sys
from pathlib import Path

from . import schema as schema_tools
from .bindings import Table

_tables = {}  # class, or content of a custom schema -> Table


def table_of(cls, schema, extensions):
    """Compiled table of a class, or of a custom schema (kept by content)."""
    if schema is None and not extensions:
        table = _tables.get(cls)
        if table is None:
            table = _tables[cls] = Table(_class_schema(cls))
        return table
    parts = [_class_schema(cls) if schema is None else _loaded(schema, cls)]
    extra = extensions if isinstance(extensions, (list, tuple)) else [extensions]
    parts += [_loaded(e, cls) for e in extra if e]
    merged = schema_tools.merge_property_trees(parts[0] if len(parts) == 1 else {"allOf": parts})
    key = json.dumps(merged, sort_keys=True, default=str)
    if key not in _tables:
        _tables[key] = Table(merged)
    return _tables[key]


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
    return cls.complete_schema(schema) if hasattr(cls, "complete_schema") else schema


def _folder_of(cls):
    """Folder of the module that gives the class its `schema_url`."""
    for owner in cls.__mro__:
        if "schema_url" in vars(owner):
            file = getattr(sys.modules.get(owner.__module__), "__file__", None)
            return Path(file).parent if file else None
    return None


def _loaded(schema, cls):
    if isinstance(schema, dict):
        return schema_tools.resolve(schema, _folder_of(cls))
    return schema_tools.load(schema, _folder_of(cls))


def is_own(table, cls):
    """Whether a table is that of the class, not of a custom schema."""
    return _tables.get(cls) is table

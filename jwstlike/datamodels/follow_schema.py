"""The schema that one model follows: its class's, or its own where a user changed it."""

from . import schema as schema_tools
from .bindings import Table
from .class_tables import extended
from .trees import copied


class FollowsSchema:
    """The part of `DataModel` that shows, searches and extends its schema."""

    @property
    def schema(self):
        """The merged schema, a copy of this model's own.

        What a caller changes in it holds for this model from the next assignment on.
        """
        if "_own_schema" not in self.__dict__:
            self._own_schema = copied(self._table.schema)
        return self._own_schema

    @property
    def _schema(self):
        return self.schema

    def _heed_own_schema(self):
        own = self.__dict__.get("_own_schema")
        if own is not None and own != self._table.schema:
            self._follow(copied(own))

    def _follow(self, schema):
        """Take another schema."""
        table = Table(schema)
        self.__dict__.update(_table=table, _spec=table.root)
        self.__dict__.pop("_own_schema", None)
        self._forget_nodes()

    def find_fits_keyword(self, keyword, return_result=True):
        """Return the dotted paths that are bound to a FITS keyword."""
        return schema_tools.find_fits_keyword(self._table.schema, keyword)

    def search_schema(self, substring):
        """Return (path, text) of all schema nodes whose name or title holds a text."""
        return schema_tools.search_schema(self._table.schema, substring)

    def extend_schema(self, new_schema):
        """Merge a schema into this model's (by allOf) and check the content; returns self."""
        merged = extended(self._table.schema, new_schema)
        self._load_all()
        self._follow(merged)
        self.validate()
        return self

    def add_schema_entry(self, position, new_schema):
        """Merge a schema for one dotted path; returns self."""
        for name in reversed(position.split(".")):
            new_schema = {"type": "object", "properties": {name: new_schema}}
        return self.extend_schema(new_schema)

"""Associations as tables."""

import warnings
from pathlib import Path

from .. import validate
from ..model_base import JwstDataModel

FORMATS = ("yaml", "json", "fits")


class AsnModel(JwstDataModel):
    """An association as a table of names and types; deprecated."""

    schema_url = "asn.schema"
    primary_array_name = "asn_table"

    def __init__(self, init=None, **kwargs):
        warnings.warn(
            "AsnModel is deprecated, use ModelContainer with an association",
            DeprecationWarning,
            stacklevel=validate.outside(),
        )
        super().__init__(init, **kwargs)

    def _rows(self, is_product):
        table = self.asn_table if self.hasattr("asn_table") else ()
        names = [(_text(row["expname"]), "prod" in _text(row["exptype"]).lower()) for row in table]
        return [name for name, product in names if product == is_product]

    @property
    def output_rootname(self):
        """Name of the product, without suffix, or None."""
        products = self._rows(is_product=True)
        return products[-1] if products else None

    @property
    def output(self):
        """Name of the file of the product in the working folder, or None."""
        return _file(self.output_rootname)

    @property
    def input_rootnames(self):
        """Names of the members without suffix, a list."""
        return self._rows(is_product=False)

    @property
    def inputs(self):
        """Names of the files of the members that are in the working folder, a list."""
        return [name for name in map(_file, self.input_rootnames) if name is not None]

    @property
    def num_inputs(self):
        """Number of members."""
        return len(self.input_rootnames)


def _text(value):
    return value.decode("ascii") if isinstance(value, bytes) else str(value)


def _file(rootname):
    names = [f"{rootname}.{suffix}" for suffix in FORMATS if rootname]
    return next((name for name in names if Path(name).exists()), None)

"""Flat field references of NIRSpec."""

from typing import ClassVar

import numpy as np

from ..mixins import DefaultDQMixin, DefaultErrMixin
from .columns import AddedColumns
from .lists import FromSingle
from .reference import ReferenceFileModel


class NirspecFlatModel(AddedColumns, DefaultDQMixin, DefaultErrMixin, ReferenceFileModel):
    """NIRSpec flat field reference."""

    schema_url = "nirspec_flat.schema"
    added_columns: ClassVar = {("flat_table",): {"error": np.nan}}


class NirspecQuadFlatModel(FromSingle, AddedColumns, ReferenceFileModel):
    """NIRSpec flat field reference by quadrant of the microshutters.

    Parameters
    ----------
    init : NirspecFlatModel, ...
        A flat becomes the only quadrant; everything else as for `DataModel`.
    **kwargs
        As for `DataModel`.
    """

    schema_url = "nirspec_quad_flat.schema"
    added_columns: ClassVar = {("quadrants", "*", "flat_table"): {"error": np.nan}}
    list_name = "quadrants"
    single_class = NirspecFlatModel

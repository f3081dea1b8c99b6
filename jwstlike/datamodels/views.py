"""How a model shows itself and passes its content on to other packages."""

import importlib
import sys

from . import outline as outlines
from . import searching

EXPORT = f"{__package__}.export"
QUICKLOOK = f"{__package__}.quicklook"


class Views:
    """The part of `DataModel` that is for looking; it reads no array and changes nothing."""

    def info(self, max_rows=24, max_cols=120, show_values=True):
        """Print the tree: names, types, values, shapes of arrays.

        Parameters
        ----------
        max_rows : int, tuple or None
            With more lines the deepest levels are left out first; a tuple limits the lines below
            one name, level by level.
        max_cols : int or None
            Longer lines are cut.
        show_values : bool
        """
        lines = outlines.lines(outlines.outline(self), max_rows, max_cols, show_values)
        print(outlines.printable_by(sys.stdout, "\n".join(lines)))

    def search(
        self, key=searching.NOT_GIVEN, type=searching.NOT_GIVEN,
        value=searching.NOT_GIVEN, filter=None, **names_of_asdf,
    ):  # fmt: skip
        """Search the tree for names, types and values.

        Parameters
        ----------
        key, value : str, re.Pattern or object
            Text is a regular expression that is searched for in names or values; anything else
            must be equal.
        type : str, re.Pattern or type
            Pattern of the type's name ("float", "ndarray", "table"), or a class.
        filter : callable, optional
            Given the value as it stands in the tree (arrays that were not read are references),
            and the name as well if it takes two arguments.
        **names_of_asdf
            `type` and `filter` as newer versions of asdf call them: ``type_``, ``filter_``.

        Returns
        -------
        SearchResult
            With `paths`, `nodes`, `path`, `node`, `replace` and, to narrow it, `search`.
        """
        return searching.search(
            self, key=key, type=type, value=value, filter=filter, **names_of_asdf
        )

    def to_nddata(self, name=None, kind=None):
        """Pass an array on to astropy: with unit, errors, mask and WCS where there are any.

        Parameters
        ----------
        name : str, optional
            Dotted path of an array; default: the primary array, or the only table, or, of a file
            that the schema does not know, its only image.
        kind : {"image", "table", "spectrum"}, optional
            Default: what the content suggests.

        Returns
        -------
        astropy.nddata.CCDData, astropy.table.Table or specutils.Spectrum

        Raises
        ------
        ValueError
            When there is nothing to pass on, or more than one candidate.
        ImportError
            For a spectrum without the package specutils; ``kind="table"`` needs none.
        """
        return importlib.import_module(EXPORT).to_nddata(self, name, kind)

    def plot(self, name=None, ax=None):
        """Draw a quick look: image, flags, cube, ramp or spectrum, by what the array is.

        Parameters
        ----------
        name : str, optional
            Dotted path of an array; default: the primary array, or the first table. Of slits and
            spectra in a list, the first ones are drawn side by side or as curves in one picture.
        ax : matplotlib.axes.Axes, optional
            To draw on: one picture alone, of a ramp or cube without its curves.

        Returns
        -------
        matplotlib.figure.Figure
            A new one is not known to pyplot; notebooks show it, ``figure.savefig`` writes it.

        Raises
        ------
        ImportError
            Without the package matplotlib (extra ``plot``).
        ValueError
            When there is nothing to draw.
        """
        return importlib.import_module(QUICKLOOK).plot(self, name, ax)

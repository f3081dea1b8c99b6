"""What differs between two files or models: cards, values, HDUs, arrays and columns."""

from . import compare_fits, util
from .compare_values import Difference, Differences, Rules, compare_history, compare_trees
from .quiet import quiet

__all__ = ["Difference", "Differences", "differences"]

# when and under what name a file was written says nothing about its content
OF_WRITING = ("meta.date", "meta.filename")


def differences(a, b, rtol=0.0, atol=0.0, ignore=(), ignore_keywords=(), everything=False):  # noqa: PLR0913, PLR0917
    """Compare two files or models.

    Two FITS files are compared HDU by HDU and card by card, anything else path by path.

    Parameters
    ----------
    a, b : path, or what `open` takes
    rtol, atol : float
        Numbers differ if ``|a - b| > atol + rtol * |b|``.
    ignore : sequence of str
        Dotted paths (with all below), or patterns of them: ``"meta.ref_file"``, ``"*.wcs"``.
    ignore_keywords : sequence of str
        Keywords or patterns of them.
    everything : bool
        Whether the file's own name and the time it was written count as well.

    Returns
    -------
    Differences

    Raises
    ------
    OSError
        For a file that cannot be read.
    """
    left_out = (*ignore, *(() if everything else OF_WRITING))
    rules = Rules(rtol, atol, left_out, tuple(ignore_keywords))
    with quiet():
        first, second = (util.open(x, validate="off") for x in (a, b))
        for model in (first, second):
            model._load_all()
        found = Differences()
        indexes = [getattr(m._reader, "index", None) for m in (first, second)]
        if None not in indexes:
            compare_fits.compare(first, second, rules, found)
        else:
            compare_trees(first._tree, second._tree, rules, found, first._table)
        compare_history(first, second, rules, found)
    if type(first) is type(second) and not everything:  # one may name it otherwise, or not at all
        found[:] = [d for d in found if d.path != "meta.model_type"]
    return found

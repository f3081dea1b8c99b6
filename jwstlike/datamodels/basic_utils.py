"""A text function of older releases that programs still call."""

import re
import warnings

__all__ = ["multiple_replace"]


def multiple_replace(string, rep_dict):
    """Replace several substrings in one pass; deprecated.

    Parameters
    ----------
    string : str
    rep_dict : dict of str to str
        What is found -> what stands there afterwards; the longest that fits wins, and what was
        put in is not looked at again.

    Returns
    -------
    str
    """
    warnings.warn(
        "multiple_replace is deprecated, use re.sub with a function",
        DeprecationWarning,
        stacklevel=2,
    )
    if not rep_dict:
        return string
    longest_first = sorted(rep_dict, key=len, reverse=True)
    pattern = "|".join(map(re.escape, longest_first))
    return re.sub(pattern, lambda found: rep_dict[found[0]], string)

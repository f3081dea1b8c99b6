"""Keep warnings of other packages from the user, also when several threads do so at once."""

import contextlib
import warnings


@contextlib.contextmanager
def quiet(category=Warning):
    """Let no warning of a category pass in the ``with`` block.

    `warnings.catch_warnings` puts back the filters that were there before: where blocks of two
    threads overlap, those of one of them may stay for good. This takes away what it has added.
    Until then warnings of other threads do not pass either.

    Parameters
    ----------
    category : type
        Class of the warnings.
    """
    rule, rules = ("ignore", None, category, None, 0), warnings.filters
    rules.insert(0, rule)
    try:
        yield
    finally:
        # Somebody else may have put a copy of the filters in their place meanwhile.
        for found in (rules, *((warnings.filters,) if warnings.filters is not rules else ())):
            with contextlib.suppress(ValueError):
                found.remove(rule)

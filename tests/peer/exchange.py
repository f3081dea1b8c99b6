"""Open files with the field's package, tell what they hold, and save them again.

Run by an interpreter that has the package; reads ``{name: path}`` as JSON from stdin and prints
``{name: {"class", "content"} or {"error"}}``. What was read from ``ours_X`` is saved as
``theirs_X`` beside it. The tests use `digest` for what they read themselves.
"""

import hashlib
import json
import sys
import warnings

import numpy as np

SKIPPED = (
    "meta.date",
    "meta.filename",
    "meta.model_type",
    "extra_fits",
    "history",
    "asdf_library",
    "_fits_hash",
)


def digest(items):
    """Return {dotted name: text} of pairs of name and value; arrays by shape, type and sums."""
    return {
        name: describe(value)
        for name, value in items
        if not name.startswith(SKIPPED) and not name.endswith((".date", ".model_type"))
    }


def describe(value):
    """Say in one text what a value is: equal texts mean equal values."""
    names = getattr(getattr(value, "dtype", None), "names", None)
    if names:
        columns = [f"{name.lower()}: {describe_array(np.asarray(value[name]))}" for name in names]
        return f"{len(value)} rows of {'; '.join(columns)}"
    if hasattr(value, "dtype") and getattr(value, "shape", ()) != ():
        return describe_array(np.asarray(value))
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    return repr(value.item()) if isinstance(value, np.generic) else repr(value)


def describe_array(array):
    """Shape, type and a hash of all bits of an array."""
    if array.dtype.kind in "SU":
        texts = [t.decode() if isinstance(t, bytes) else str(t) for t in array.ravel().tolist()]
        return f"{array.shape} of texts {[t.rstrip() for t in texts]}"
    array = array.astype("i1") if array.dtype.kind == "b" else array  # flags of OIFITS
    little = array.astype(array.dtype.newbyteorder("<"))
    return f"{array.shape} of {little.dtype} {hashlib.sha256(little.tobytes()).hexdigest()}"


def main():
    """Do what the module says."""
    from stdatamodels.jwst import datamodels

    warnings.simplefilter("ignore")
    found = {}
    for name, path in json.load(sys.stdin).items():
        try:
            with datamodels.open(path) as model:
                content = digest(model.items())
                model.save(path.replace("ours_", "theirs_"))
                found[name] = {"class": type(model).__name__, "content": content}
        except Exception as error:  # the test tells it
            found[name] = {"error": f"{type(error).__name__}: {error}"}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

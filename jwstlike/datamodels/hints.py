"""What the schema allows, but looks like a mistake: names that are nearly right, odd shapes."""

import inspect

from ..errors import did_you_mean
from .bindings import ARRAY, LIST
from .casting import is_array
from .validate import Finding, dotted, place_of
from .walk import not_known

PIXEL_ARRAYS = ("dq", "err", "groupdq", "pixeldq")  # and ``var_...``: one value for each pixel
IMAGE_AXES = 2


def of(model, walk):
    """Yield the hints for a model after a `Walk` through its tree; nothing is read."""
    unknown = () if model._guessed else walk.unknown  # a foreign file has names of its own
    for path, meant in unknown:
        yield _hint(model, path, None, not_known(meant))
    yield from _odd_shapes(model, model._spec, model._tree)


def arrays_of(model):
    """Return the names of the arrays that a model has at its top, a set."""
    return {name for name, spec in model._spec.children.items() if spec.kind == ARRAY}


def no_array(model, name):
    """Say that a model has no array of the name of a keyword argument."""
    hint = of_argument(model, name)
    return f"{type(model).__name__} has no array {name!r}{hint}; it is ignored"


def of_argument(model, name):
    """Return the hint for a keyword argument that is no array of the model."""
    models = [c for c in type(model).__mro__ if hasattr(c, "schema_url")]
    makers = [vars(c)["__init__"] for c in models if "__init__" in vars(c)]
    known = {p.name for make in makers for p in inspect.signature(make).parameters.values()
             if p.kind is p.POSITIONAL_OR_KEYWORD} - {"self", "init"}  # fmt: skip
    known |= arrays_of(model)
    longer = sorted(n for n in known if n.startswith(f"{name}_"))
    return f"; did you mean {longer[0]!r}?" if longer else did_you_mean(name, sorted(known))


def _odd_shapes(model, spec, tree, path=()):
    """Find arrays of pixels that have other image axes than the data beside them."""
    shape = _image_shape(tree.get("data"))
    for name, child in spec.inner:
        value = tree.get(name)
        if child.kind == LIST:
            for number, item in enumerate(value if isinstance(value, list) else ()):
                if type(item) is dict and child.item is not None:
                    yield from _odd_shapes(model, child.item, item, (*path, name, number))
        elif shape and value is not None and _is_of_pixels(name):
            other = _image_shape(value)
            if other not in (None, shape):
                phrase = f"does not fit the data: its image axes are {other}, those of data {shape}"
                yield _hint(model, (*path, name), None, phrase)


def _is_of_pixels(name):
    return name in PIXEL_ARRAYS or name.startswith("var_")


def _image_shape(array):
    """Return the last two axes of an array with at least two, else None; a table has none."""
    if not is_array(array) or array.dtype.names or len(array.shape) < IMAGE_AXES:
        return None
    return tuple(array.shape[-IMAGE_AXES:])


def _hint(model, path, value, phrase):
    place = place_of(model, path)
    return Finding(dotted(path), value, phrase, place, "kept", severity="warning", hint=True)

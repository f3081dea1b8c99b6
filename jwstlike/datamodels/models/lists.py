"""Models with a list of slits, spectra or apertures."""

from ..bindings import OBJECT, PRIMARY


class FromSingle:
    """A model with a list, which can be made from one model of the list's kind as well.

    The metadata are then taken over, and the only item of the list shares the arrays.
    """

    list_name = None
    single_class = ()  # class, or tuple of classes

    def __init__(self, init=None, **kwargs):
        single = isinstance(init, self.single_class)
        super().__init__(None if single else init, **kwargs)
        if single:
            self.update(init)
            getattr(self, self.list_name).append(self._item_of(init))

    def _item_of(self, model):
        return parts_of(model, self._spec.children[self.list_name].item)


def parts_of(model, item):
    """Return what an item of a list can hold of a model.

    Parameters
    ----------
    model : DataModel
    item : Spec

    Returns
    -------
    dict
        New dicts; arrays are shared, and what was not read yet stays unread.
    """
    model._load_all()
    return _known(model._tree, item)


def _known(tree, spec):
    found = {}
    for name, child in spec.children.items():
        value = tree.get(name)
        if child.kind == OBJECT and type(value) is dict:
            value = _known(value, child) or None
        if value is not None and child.hdu != PRIMARY:  # that is the business of the whole model
            found[name] = value
    return found

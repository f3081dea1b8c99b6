"""Tell which items of a model's lists nobody changed since they were read from FITS.

An item is untouched while its dicts hold the very objects that the reader put there, whoever may
have had them in hand. So no change has to be noted where it is made, and what is not known for
certain counts as changed. Such an item needs no check and no walk when it is saved, and its cards
need not be read.
"""


class Group:
    """A dict of the tree that mirrors one object of the schema at one EXTVER.

    Attributes
    ----------
    stored : dict
        What was put into the dict from cards and HDUs: while it holds these very objects and
        nothing else, nobody changed it.
    """

    __slots__ = ("extver", "filled", "spec", "stored", "tree")

    def __init__(self, tree, spec, extver, filled=False, stored=()):
        self.tree, self.spec, self.extver, self.filled = tree, spec, extver, filled
        self.stored = dict(stored)

    def put(self, name, value):
        """Put what the source has into the dict."""
        self.tree[name] = self.stored[name] = value


def never(item, spec):
    """Take every item for changed."""
    return False


def untouched_items(model):
    """Return a function of an item and its `Spec`: whether it is as it was read for that place."""
    reader = model._reader
    if reader is None or not hasattr(reader, "groups"):
        return never
    if model._given_out or model._spec is not reader.table.root:
        return never  # a dict may lack what was taken out of it; another schema binds other cards

    def is_untouched(item, spec):
        group = reader.groups.get(id(item))
        return group is not None and group.spec is spec and _is_untouched(group, reader.groups)

    return is_untouched


def _is_untouched(group, groups):
    left = len(group.stored)
    for name, value in group.tree.items():
        if type(value) is dict:
            inner = groups.get(id(value))
            if inner is None or inner.extver != group.extver:
                return False
            if inner.spec is not group.spec.children.get(name) or not _is_untouched(inner, groups):
                return False
        elif name in group.stored and group.stored[name] is value:
            left -= 1
        else:
            return False
    return not left

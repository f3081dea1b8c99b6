"""Lists of a model: slits, spectra, groups, or plain values."""

from . import validate
from .node import Node, exclusive
from .trees import cast_assigned

REFUSED = object()  # in place of a value that was not stored


class ListNode(Node):
    """List view of one list of a model's tree."""

    def _item_spec(self):
        return None if self._spec is None else self._spec.item

    def _spec_of(self, key):
        return self._item_spec()

    def _pairs(self):
        return enumerate(self._tree)

    @exclusive
    def _user_value(self, key, value):
        return self._model._realise(self, key, self._item_spec(), self._tree[key])

    @exclusive
    def _node(self, index):
        value = self._tree[index]
        if index < 0:
            index += len(self._tree)
        found = self._wrap(index, value, self._item_spec())
        return found if found is not value else self._user_value(index, value)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self._node(i) for i in range(*index.indices(len(self._tree)))]
        return self._node(index)

    def __iter__(self):
        return (self._node(i) for i in range(len(self._tree)))

    def _cast(self, value, index):
        """Return the value as the tree holds it, or REFUSED if it is invalid and not kept."""
        spec, model, path = self._item_spec(), self._model, (*self._path, index)
        value = cast_assigned(value, spec, model, path)
        if not validate.value_change(path, value, spec, model):
            return REFUSED
        model._disown(value)
        return value

    def _accepted(self, values, index):
        cast = [self._cast(value, index + n) for n, value in enumerate(values)]
        return [value for value in cast if value is not REFUSED]

    def _changed(self):
        parent = self._parent
        if parent is not None and parent._pending and parent._pending.get(self._key) is self:
            del parent._pending[self._key]
        self._attach()

    def __setitem__(self, index, value):
        if isinstance(index, slice):
            self._tree[index] = self._accepted(value, index.start or 0)
        else:
            value = self._cast(value, index)
            if value is not REFUSED:
                self._tree[index] = value
        self._changed()

    def __delitem__(self, index):
        del self._tree[index]
        self._changed()

    def append(self, value):
        """Append a model, node, dict or value."""
        self.insert(len(self._tree), value)

    def insert(self, index, value):
        """Insert before `index`."""
        value = self._cast(value, index)
        if value is not REFUSED:
            self._tree.insert(index, value)
            self._changed()

    def extend(self, values):
        """Append several."""
        self._tree.extend(self._accepted(values, len(self._tree)))
        self._changed()

    def pop(self, index=-1):
        """Remove an item and return it."""
        self._model._load_all()  # the source knows it only while it is here
        node = self._node(index)
        del self[index]
        return node

    def remove(self, value):
        """Remove the first equal item."""
        del self[self.index(value)]

    def index(self, value):
        """Position of the first equal item; ValueError if there is none."""
        raw = value._tree if isinstance(value, Node) else value
        for number, item in enumerate(self._tree):
            if validate.equal(item, raw):
                return number
        raise ValueError(f"{value!r} is not in the list")

    def count(self, value):
        """Count equal items."""
        raw = value._tree if isinstance(value, Node) else value
        return sum(validate.equal(item, raw) for item in self._tree)

    def __contains__(self, value):
        return self.count(value) > 0

    def reverse(self):
        """Reverse in place."""
        self._tree.reverse()
        self._changed()

    def sort(self, key=None, reverse=False):
        """Sort in place; `key` is given the items as the list gives them."""
        items = list(self)
        places = sorted(
            range(len(items)), key=lambda n: key(items[n]) if key else items[n], reverse=reverse
        )
        self._tree[:] = [self._tree[n] for n in places]
        self._changed()

    def item(self, **values):
        """Make an unattached node of this list's kind; None if a value is invalid."""
        node = self.kinds[dict](self._model, self._item_spec(), {}, None, None)
        for name, value in values.items():
            setattr(node, name, value)
            if value is not None and node._tree.get(name) is None:
                return None
        return node

    def __repr__(self):
        if not any(isinstance(item, dict) for item in self._tree):
            return repr(self._tree)
        return f"<list of {len(self._tree)}: {'.'.join(map(str, self._path))}>"

"""History entries of a model; plain dicts in the tree, HISTORY cards in FITS."""

import copy
import datetime


class HistoryEntry(dict):
    """One entry: ``description``, ``time`` and perhaps ``software``."""

    def __eq__(self, other):
        if isinstance(other, str):
            return self.get("description") == other
        return dict.__eq__(self, other)

    __hash__ = None

    def __str__(self):
        return str(self.get("description", ""))


def create_history_entry(description, software=None):
    """Make a history entry of the present time (UTC).

    Parameters
    ----------
    description : str
    software : dict or list of dict, optional
        Keys name, version, author, homepage.
    """
    time = datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
    entry = HistoryEntry(description=str(description), time=time)
    if software is not None:
        entry["software"] = software
    return entry


def as_entry(value):
    """Turn a text or a mapping into a `HistoryEntry`."""
    if isinstance(value, HistoryEntry):
        return value
    if isinstance(value, dict):
        return HistoryEntry(value)
    return create_history_entry(value)


class HistoryList(list):
    """List of entries that takes texts as well.

    Parameters
    ----------
    entries : str, dict or list of them
    before : list, optional
        Entries that the source holds; default: the same.
    """

    def __init__(self, entries=(), before=()):
        entries = [entries] if isinstance(entries, (str, dict)) else entries or ()
        super().__init__(map(as_entry, entries))
        self._before = copy.deepcopy(list(self)) if before == () else before

    @property
    def changed(self):
        """Whether it differs from what the source holds."""
        return self._before is None or list(map(dict, self)) != list(map(dict, self._before))

    @classmethod
    def of(cls, model):
        """Read the history of a model: from its cards, else from its tree."""
        reader = model._reader
        stored = model._tree.get("history")
        saved = entries_of(stored if stored is not None else reader and reader.asdf.get("history"))
        if reader is None:
            return cls(saved)
        texts = [p.value for p in reader.index[0].parsed("HISTORY")]
        if texts == [line for entry in saved for line in as_lines(entry)]:
            return cls(saved)  # with their times
        return cls([{"description": text} for text in texts])

    def append(self, value):
        """Append a text or an entry."""
        super().append(as_entry(value))

    def insert(self, index, value):
        """Insert a text or an entry."""
        super().insert(index, as_entry(value))

    def extend(self, values):
        """Append several."""
        super().extend(map(as_entry, [values] if isinstance(values, str) else values))

    def __iadd__(self, values):
        self.extend(values)
        return self

    def __setitem__(self, index, value):
        many = isinstance(index, slice)
        super().__setitem__(index, map(as_entry, value) if many else as_entry(value))

    def __eq__(self, other):
        if isinstance(other, str):
            other = [other]
        return len(self) == len(other) and all(
            str(a) == str(as_entry(b)) for a, b in zip(self, other, strict=True)
        )

    __hash__ = None


def entries_of(stored):
    """Entries of what a tree holds under ``history``: a list, or asdf's dict of lists."""
    if isinstance(stored, dict):
        stored = stored.get("entries")
    return list(stored) if isinstance(stored, (list, tuple)) else []  # anything else is damage


def as_lines(entry):
    """Texts of the HISTORY cards that hold an entry."""
    return [line.rstrip() for line in str(as_entry(entry)).split("\n")] or [""]

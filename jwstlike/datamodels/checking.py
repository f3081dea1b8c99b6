"""Check a whole model against its schema, on demand and before each save."""

import contextlib
import re
from functools import cache

from . import formats, hints, validate
from .bindings import ITEM, iter_leaves
from .untouched import never, untouched_items
from .walk import Walk

ODD_CARDS = "jwstlike.datamodels.odd_cards:lines_about"


class Checking:
    """The part of `DataModel` that reports what does not follow the schema."""

    def check(self):
        """Check everything against the schema; never raises, changes nothing.

        Returns
        -------
        Report
            List of `Finding`, empty when all is well.
        """
        with validate.collected() as lines:
            self._load_asdf()  # the cards that no schema knows are nothing to check
            self._commit()
            lines += formats.function(ODD_CARDS)(self._reader) if self._reader is not None else ()
        walk = self._walk()
        told = (*self._told(walk.found), *self._missing_cards())
        return validate.Report([*told, *hints.of(self, walk), *self._advice(), *_of_source(lines)])

    def _walk(self, but=never):
        walk = Walk(but=but, known=self.__dict__.get("_clean", {}), exact=self._validate_arrays)
        walk.look(self._spec, self._tree)
        if but is never:
            self.__dict__["_clean"] = walk.clean
        return walk

    def _told(self, found, done="kept"):
        """Make findings of the (path, value, phrase) that a walk found."""
        foreign = self._is_foreign()
        severity = "warning" if foreign else "error"
        for path, value, phrase in found:
            place = validate.place_of(self, path)
            acted = "" if value is None else done
            path = validate.dotted(path)
            yield validate.Finding(path, value, phrase, place, acted, severity, hint=foreign)

    def _is_foreign(self):
        """Whether the class was guessed for a file of another telescope, as names for its parts."""
        if not self._guessed:
            return False
        found = getattr(self._reader, "is_foreign", None)
        return self.get("meta.telescope") != "JWST" if found is None else found

    def _act_on_tree(self):
        """Act on what is wrong with the tree as it is, whatever was not read yet."""
        validate.act(validate.Report(self._told(self._walk().found)), self)

    def _act_on_source(self):
        """Act, with `strict_validation`, on what a file holds that was opened; not on advice."""
        if self._strict_validation:
            found = (f for f in self.check() if f.hint or f.severity == "error")
            validate.act(validate.Report(found), self)

    def _missing_cards(self):
        """Find the cards without which a FITS file would be incomplete."""
        for spec in required_cards(self._table):
            path = validate.dotted(spec.path)
            if self.get(path) is None:
                place = validate.place_of(self, spec.path, spec)
                yield validate.Finding(path, None, "is missing, but required in FITS files", place)

    def _advice(self):
        """Find what is amiss although the schema allows it; no reason not to save."""
        return ()

    def validate(self):
        """Check everything; warn, or raise with `strict_validation`.

        Raises
        ------
        ValidationError
        """
        validate.act(self.check(), self)

    @contextlib.contextmanager
    def deferred(self):
        """Check what is assigned in a ``with`` block once, at its end.

        Values are stored as they come; if the block ends well, `validate` acts on them all.

        Raises
        ------
        ValidationError
            At the end of the block, with `strict_validation`.
        """
        before = self._validate_on_assignment
        self._validate_on_assignment = False
        try:
            yield self
        finally:
            self._validate_on_assignment = before
        if before:
            self.validate()

    def validate_required_fields(self):
        """Check that everything the schema requires is there; warn or raise by mode.

        Raises
        ------
        ValidationError
        """
        report = validate.Report(f for f in self.check() if "required" in f.expected)
        validate.act(report, self)

    validate_required = validate_required_fields

    def _check_for_save(self):
        """Act on what is wrong with the tree, but for what the source was blamed for already."""
        if self._mode == "off":
            return
        but = never if self._strict_validation else untouched_items(self)
        self._load_cards(but)
        blamed = () if self._reader is None else self._reader.flagged
        found = [f for f in self._walk(but).found if _in_schema(f[0]) not in blamed]
        done = "nothing was saved" if self._strict_validation else "kept"
        report = validate.Report([*self._told(found, done), *self._missing_cards()])
        told = self.__dict__.setdefault("_warned", set())  # by an earlier save
        if not self._strict_validation:
            report = validate.Report(f for f in report if str(f) not in told)
        validate.act(report, self)
        told.update(map(str, report))


@cache
def required_cards(table):
    """List the leaves of a compiled schema that are ``fits_required``."""
    found = (spec for spec in iter_leaves(table.root) if spec.schema.get("fits_required"))
    return [spec for spec in found if ITEM not in spec.path]


def _in_schema(path):
    """Return the path that a schema has for a path of names and indices."""
    return tuple(ITEM if isinstance(name, int) else name for name in path)


SOURCE_LINE = re.compile(r"(?:(?P<place>.*?) \((?P<path>[\w.]+)\)|(?P<name>.*?)): (?P<text>.*)")


def _of_source(lines):
    """Yield what loading would have warned of, but for the values, which are found anyway."""
    for line in lines:
        if not line.endswith("; kept"):
            parts = SOURCE_LINE.match(line) or {"text": line, "place": None, "name": "", "path": ""}
            path, place = parts["path"] or parts["name"], parts["place"] or ""
            yield validate.Finding(path, None, parts["text"], place, "", "warning", hint=True)

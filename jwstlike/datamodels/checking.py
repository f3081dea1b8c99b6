"""Check a whole model against its schema, on demand and before each save."""

import contextlib

from . import validate
from .bindings import iter_leaves


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
            self._load_all()
        return validate.Report([*self._findings(), *self._advice(), *_of_source(lines)])

    def _findings(self):
        for path, value, phrase in validate.findings(self._spec, self._tree):
            spec = self._table.find(path)
            place = self._place(spec) + (f" {spec.keyword}" if spec and spec.keyword else "")
            yield validate.Finding(validate.dotted(path), value, phrase, place)

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
        for spec in iter_leaves(self._spec):
            path = validate.dotted(spec.path)
            if spec.schema.get("fits_required") and self.get(path) is None:
                report.append(validate.Finding(path, None, "is missing, but required"))
        validate.act(report, self)

    validate_required = validate_required_fields

    def _check_for_save(self):
        """Act on what is wrong with the tree, but for what the source was blamed for already."""
        if self._mode == "off":
            return
        self._load_cards()
        flagged = () if self._reader is None else self._reader.flagged
        known = {validate.dotted(path) for path in flagged}
        found = (f for f in self._findings() if f.path not in known and f.severity == "error")
        report = validate.Report(found)
        if report:
            validate.act(report, self)


def _of_source(lines):
    """Yield what loading would have warned of, but for the values, which are found anyway."""
    for line in lines:
        if not line.endswith("; kept"):
            place, _, text = line.partition(": ")
            yield validate.Finding(place, None, text, severity="warning")

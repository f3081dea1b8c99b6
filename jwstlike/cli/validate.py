"""``jwstlike validate FILE...``: whether files follow their schema; one line per finding."""

import argparse
import re
import sys
import warnings

from .files import (
    DIFFERS,
    SAME,
    UNREADABLE,
    USAGE,
    complain,
    describe,
    one_line,
    open_file,
    quiet_pipe,
    write_json,
)

PATH = re.compile(r" \(([\w.]+)\): ")


@quiet_pipe
def main(argv=None):
    """Run the command; 0 valid, 1 invalid, 2 the schema is none, 3 a file cannot be read."""
    options = _parser().parse_args(argv)
    try:
        schema = _schema(options.schema)
    except (OSError, ValueError) as error:
        complain("validate", describe(error, options.schema))
        return USAGE
    code, results = SAME, []
    for path in options.files:
        try:
            found = check_file(path, schema)
        except Exception as error:  # whatever a damaged file does, the next one has its turn
            problem = one_line(describe(error, path))
            complain("validate", problem)
            results.append({"file": path, "error": problem})
            code = UNREADABLE
            continue
        bad = [f for f in found["findings"] if options.strict or f["severity"] == "error"]
        found["valid"] = not bad
        results.append(found)
        code = code or (DIFFERS if bad else SAME)
        if not options.json:
            sys.stdout.writelines(_lines(found, options.quiet))
    if options.json:
        write_json(results)
    return code


def _parser():
    parser = argparse.ArgumentParser(
        prog="jwstlike validate",
        description="Check files against the schema of their data model; one line per finding.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="FITS or ASDF file")
    parser.add_argument("--schema", metavar="FILE", help="JSON or YAML schema to check against")
    parser.add_argument("--strict", action="store_true", help="warnings make a file invalid, too")
    parser.add_argument("--json", action="store_true", help="a JSON list, one object per file")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not list valid files")
    return parser


def _schema(name):
    """Load the schema of a path, relative to the working folder, or of a name; None for none."""
    if name is None:
        return None
    from ..datamodels.schema import given
    from ..datamodels.schema_words import check_schema

    schema = given(name)
    check_schema(schema)
    return schema


def check_file(path, schema=None):
    """Return the class of a file and its findings, as a dict for JSON."""
    options = {} if schema is None else {"schema": schema}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = open_file(path, **options)
        report = model.check()
    findings = report.as_dicts()
    for line in model.source_problems():
        findings.append(_finding(line, "error"))
    told = {f["path"] for f in findings}
    for warning in caught:
        for line in str(warning.message).splitlines():
            place = PATH.search(line)
            if place is None or place[1] not in told:
                findings.append(_finding(line, "warning"))
    return {"file": path, "class": type(model).__name__, "findings": findings}


def _finding(text, severity):
    """Return a line as the dict of a finding."""
    from ..datamodels.validate import Finding

    place = PATH.search(text)
    finding = Finding(place[1] if place else "", None, "", severity=severity)
    return {**finding.as_dict(), "text": text}


def _lines(found, quiet):
    for finding in found["findings"]:
        text = one_line(finding["text"])
        text = text if found["file"] in text else f"{found['file']}: {text}"
        yield f"warning: {text}\n" if finding["severity"] != "error" else f"{text}\n"
    if not found["findings"] and not quiet:
        yield f"{found['file']}: valid {found['class']}\n"

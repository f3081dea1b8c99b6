"""``jwstlike report RECORD``: a run on one page, from its run record."""

import argparse
import base64
import json
import shlex
import sys
from datetime import datetime
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from .picture import PictureError, quick_look

RECORD = ".run.json"
TRUTH = "truth.fits"
SHORT = 40  # letters of a value that is not broken into lines


def main(argv=None):
    """Run the command.

    Returns
    -------
    int
        0; 1 if no picture can be made or no file written; 3 if the record cannot be read.
    """
    options = _parser().parse_args(argv)
    path = Path(options.record)
    try:
        record = read_record(path)
    except (OSError, ValueError) as error:
        print(f"jwstlike report: {error}", file=sys.stderr)
        return 3
    folder = Path(options.output or path.parent)
    stem = path.name.removesuffix(RECORD).removesuffix(".json")
    picture = folder / f"{stem}.quicklook.png"
    page = folder / f"{stem}.report.html"
    try:
        png = None if options.no_picture else quick_look(*find_files(record, path))
        folder.mkdir(parents=True, exist_ok=True)
        if png:
            picture.write_bytes(png)
        page.write_text(make_page(record, png), encoding="utf-8")
    except PictureError as error:
        print(f"jwstlike report: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"jwstlike report: {error.filename or folder}: {error.strerror}", file=sys.stderr)
        return 1
    if png:
        print(f"picture: {picture.absolute()}")
    print(f"report:  {page.absolute()}")
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="jwstlike report",
        description="Write a quick-look picture and a one-page HTML report of a run.",
    )
    parser.add_argument("record", metavar="RECORD", help="the run record, PRODUCT.run.json")
    parser.add_argument("-o", "--output", metavar="DIR", help="default: the record's folder")
    parser.add_argument("--no-picture", action="store_true", help="the page alone")
    return parser


def read_record(path):
    """Return a run record as a dict.

    Raises
    ------
    OSError, ValueError
        The file cannot be read or is no run record; the text names it.
    """
    path = Path(path)
    if path.is_dir():
        found = sorted(p.name for p in path.glob(f"*{RECORD}"))
        hint = f"it holds {', '.join(found)}" if found else f"no *{RECORD} in it"
        raise ValueError(f"{path}: is a folder; {hint}")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(
            f"{path}: no such file; strun writes PRODUCT{RECORD} beside PRODUCT"
        ) from (None)
    except ValueError as error:
        raise ValueError(f"{path}: no run record: not JSON ({error})") from None
    if not isinstance(record, dict) or not {"class", "status", "steps"} <= record.keys():
        raise ValueError(f"{path}: no run record: it lacks class, status or steps")
    return record


def find_files(record, path):
    """Return (input, product, truth) of a run; None for what is not there.

    A file is looked for where the record says, then beside the record.
    """
    raw = next((_existing(f, path) for f in record.get("inputs", ())), None)
    stem = Path(path).name.removesuffix(RECORD)
    outputs = record.get("outputs", ())
    main_one = [f for f in outputs if Path(f["path"]).stem == stem] or outputs[-1:]
    product = next((_existing(f, path) for f in main_one), None)
    near = [Path(p).parent / TRUTH for p in (raw, product, path) if p]
    return raw, product, next((t for t in near if t.is_file()), None)


def _existing(entry, record):
    named = Path(entry["path"])
    places = (named, Path(record).parent / named, Path(record).parent / named.name)
    return next((p for p in places if p.is_file()), None)


# ---------------------------------------------------------------- the page


def make_page(record, png=None):
    """Return the HTML page of a run record.

    Parameters
    ----------
    record : dict
        As of `read_record`.
    png : bytes, optional
        The quick look, embedded in the page.
    """
    status = str(record["status"])
    reason = record.get("reason")
    template = resources.files(__package__).joinpath("report.html").read_text(encoding="utf-8")
    sections = [
        _picture(png),
        _section("Steps", _steps(_steps_of(record))),
        _section("Files", _files(record)),
        _section("Reference files", _references(record)),
        _section("Parameters", _parameters(record.get("parameters", {}))),
        _section("Warnings", _warnings(record.get("warnings", []))),
        _section("How it was run", _environment(record)),
    ]
    return Template(template).substitute(
        title=escape(f"{record.get('name', 'run')}: {status}"),
        name=escape(str(record.get("name") or record["class"])),
        class_name=escape(str(record["class"])),
        status=escape(status),
        status_class=escape(status, quote=True),
        reason=f'<p class="reason">{escape(str(reason))}</p>' if reason else "",
        facts="".join(
            f'<div class="fact"><b>{b}</b><span>{s}</span></div>' for b, s in _facts(record)
        ),
        body="\n".join(s for s in sections if s),
    )


def _facts(record):
    yield escape(_when(record.get("started"))), "started (UTC)"
    yield _seconds(record.get("wall_s")), "wall time"
    yield _seconds(record.get("cpu_s")), "processor time"
    yield _number(record.get("peak_rss_mb"), "MB"), "peak memory"
    steps = _steps_of(record)
    done = [s for s in steps if s.get("status") == "COMPLETE"]
    yield f"{len(done)} of {len(steps)}", "steps complete"


def _steps_of(record):
    """Leave out the row of the pipeline itself."""
    own = (record.get("name"), record["class"])
    return [s for s in record["steps"] if (s.get("name"), s.get("class")) != own] or record["steps"]


def _section(title, content):
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def _picture(png):
    if not png:
        return ""
    data = base64.b64encode(png).decode("ascii")
    return (
        '<section><h2>Quick look</h2><img alt="Quick look: input, slope, data quality, residuals" '
        f'src="data:image/png;base64,{data}"></section>'
    )


def _table(heads, rows):
    """Make a table; a head that starts with # is of a column of numbers."""
    if not rows:
        return ""
    kinds = [' class="num"' if h.startswith("#") else "" for h in heads]
    head = "".join(f"<th{k}>{h.lstrip('#')}</th>" for h, k in zip(heads, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{k}>{c}</td>" for c, k in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _steps(steps):
    longest = max((s.get("wall_s") or 0 for s in steps), default=0) or 1
    rows = []
    for step in steps:
        seconds = step.get("wall_s")
        status = str(step.get("status"))
        share = 100 * (seconds or 0) / longest
        bar = f'<div class="track"><i style="width:{share:.1f}%"></i></div>' if seconds else ""
        name = escape(str(step.get("name")))
        short = escape(str(step.get("class", "")).rpartition(".")[2])
        rows.append(
            (
                f'<b>{name}</b> <span class="faint">{short}</span>',
                f'<span class="pill {escape(status, quote=True)}">{escape(status)}</span>',
                _seconds(seconds),
                bar,
                _number(step.get("peak_rss_mb"), "MB"),
                f'<span class="faint">{escape(str(step.get("reason") or ""))}</span>',
            )
        )
    return _table(("Step", "Status", "#Time", "", "#Memory", "Note"), rows)


def _files(record):
    rows = [
        (kind, _path(f.get("path")), _size(f.get("size")), _digest(f.get("sha256")))
        for kind, key in (("input", "inputs"), ("product", "outputs"))
        for f in record.get(key, ())
    ]
    return _table(("", "File", "#Size", "sha256"), rows)


def _references(record):
    crds = record.get("crds") or {}
    rows = [
        (
            escape(kind),
            _path(Path(str(ref.get("file"))).name) if ref.get("file") else "",
            escape(str(ref.get("source"))),
            _size(ref.get("size")),
            _digest(ref.get("sha1")),
        )
        for kind, ref in sorted((record.get("references") or {}).items())
    ]
    if not rows:
        return ""
    note = (
        f"Context {crds['context']}, from {crds['context_source']}." if crds.get("context") else ""
    )
    return f'<p class="faint">{escape(note)}</p>' * bool(note) + _table(
        ("Type", "File", "Source", "#Size", "sha1"), rows
    )


def _parameters(parameters):
    """Show what was set first; defaults are folded away."""
    heads = ("Parameter", "Value", "Source", "Where")
    rows = {True: [], False: []}
    for name, entry in parameters.items():
        detail = str(entry.get("detail") or "")
        short = Path(detail).name if detail.startswith("/") else detail
        value = json.dumps(entry.get("value"))
        row = (
            f'<span class="mono">{escape(name)}</span>',
            f"<code{' class=short' if len(value) < SHORT else ''}>{escape(value)}</code>",
            f'<span class="short">{escape(str(entry.get("source")))}</span>',
            f'<span class="faint mono" title="{escape(detail, quote=True)}">{escape(short)}</span>',
        )
        rows[entry.get("source") == "spec"].append(row)
    shown = _table(heads, rows[False]) or '<p class="faint">All have their defaults.</p>'
    if not rows[True]:
        return shown if parameters else ""
    return (
        f"{shown}<details><summary>{len(rows[True])} parameters with their defaults</summary>"
        f"{_table(heads, rows[True])}</details>"
    )


def _warnings(warnings):
    items = "".join(f"<li>{escape(str(w))}</li>" for w in warnings)
    return f"<ul>{items}</ul>" if items else ""


def _environment(record):
    packages = ", ".join(f"{k} {v}" for k, v in (record.get("packages") or {}).items())
    argv = record.get("argv")
    crds = record.get("crds") or {}
    facts = {
        "Command": shlex.join(["strun", *map(str, argv)]) if argv else None,
        "Packages": packages,
        "Platform": record.get("platform"),
        "Reference server": crds.get("server"),
        "Resumed from": record.get("resumed_from"),
        "Exit code": record.get("exit_code"),
    }
    rows = "".join(
        f'<dt>{k}</dt><dd class="mono">{escape(str(v))}</dd>'
        for k, v in facts.items()
        if v not in (None, "")
    )
    return f"<dl>{rows}</dl>"


# ---------------------------------------------------------------- values


def _when(started):
    try:
        return datetime.fromisoformat(started).strftime("%Y-%m-%d %H:%M")
    except (TypeError, ValueError):
        return str(started or "?")


def _seconds(value):
    if value is None:
        return ""
    return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.1f} s"


def _number(value, unit):
    return "" if value is None else f"{value:,.0f} {unit}"


def _size(value):
    if value is None:
        return ""
    return f"{value / 1e6:,.1f} MB" if value >= 1e5 else f"{value / 1e3:,.1f} kB"


def _digest(value):
    return (
        f'<code title="{escape(str(value), quote=True)}">{escape(str(value)[:12])}</code>'
        if (value)
        else ""
    )


def _path(value):
    return f'<span class="mono">{escape(str(value))}</span>'

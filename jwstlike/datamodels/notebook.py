"""A model as HTML for notebooks: a tree to fold and unfold, without scripts or outside files."""

from html import escape

from . import outline as outlines

MOST = 3000  # entries on one page
LONGEST = 300  # characters of a value
STYLE = """
<style>
.jwstlike {font: 13px/1.5 system-ui, sans-serif; max-width: 70em}
.jwstlike details {margin-left: 1.1em}
.jwstlike summary {cursor: pointer; margin-left: -1.1em}
.jwstlike table {border-collapse: collapse; margin: .1em 0 .3em; width: auto;
  font: inherit}
.jwstlike td {border: 0; padding: 0 1.2em 0 0; text-align: left; vertical-align: top;
  background: none}
.jwstlike td.jl-value {font-family: ui-monospace, monospace; font-size: 12px;
  overflow-wrap: anywhere}
.jwstlike .jl-dim {opacity: .6}
.jwstlike .jl-array {font-family: ui-monospace, monospace; font-size: 12px}
</style>
"""


def page(node):
    """Return the HTML of a node or model; no array is read."""
    root = outlines.outline(node)
    budget = [MOST]
    arrays = [e for e in root.children if e.is_array]
    groups = [e for e in root.children if not e.is_array]
    name = repr(node) if node._parent is None else f"{type(node._model).__name__}.{root.name}"
    parts = [STYLE, f'<div class="jwstlike"><div><b>{escape(name)}</b></div>']
    if node._parent is None and arrays:
        parts += ["<details open><summary>arrays</summary>", _table(arrays, budget), "</details>"]
    else:
        groups = root.children
    parts += _children(groups, budget, 0)
    parts.append("</div>")
    return "".join(parts)


def _children(entries, budget, depth):
    """Yield the leaves as one table, then each group as something to unfold."""
    leaves = [e for e in entries if not e.children]
    if leaves:
        yield _table(leaves, budget)
    for entry in entries:
        if not entry.children:
            continue
        if budget[0] <= 0:
            yield '<div class="jl-dim">... and more</div>'
            return
        budget[0] -= 1
        count = len(entry.children)
        note = entry.text or f"{count} entr{'y' if count == 1 else 'ies'}"
        state = " open" if depth == 0 and count <= 20 else ""
        yield (
            f"<details{state}><summary{_tip(entry)}>{escape(entry.name)} "
            f'<span class="jl-dim">{escape(note)}</span></summary>'
        )
        yield from _children(entry.children, budget, depth + 1)
        yield "</details>"


def _table(entries, budget):
    rows = []
    for entry in entries:
        if budget[0] <= 0:
            rows.append('<tr><td class="jl-dim">... and more</td></tr>')
            break
        budget[0] -= 1
        rows.append(_row(entry))
    return f"<table>{''.join(rows)}</table>"


def _row(entry):
    text = entry.text if len(entry.text) <= LONGEST else entry.text[:LONGEST] + "..."
    kind = f'<td class="jl-dim">{escape(entry.kind)}</td>'
    return (
        f"<tr{_tip(entry)}><td>{escape(entry.name)}</td>{kind}"
        f'<td class="jl-value">{escape(text)}</td></tr>'
    )


def _tip(entry):
    return f' title="{escape(entry.title)}"' if entry.title else ""

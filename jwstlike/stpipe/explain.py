"""What a run would do, as text: parameters with their sources, references, outputs."""

from pathlib import Path

from . import datamodel, saving


def rows_of_parameters(step):
    """Rows (parameter, value, source, where); overrides that are not set are left out."""
    rows = []
    for name, (value, source, detail) in step.parameter_sources().items():
        if source == "spec" and ".override_" in f".{name}":
            continue
        rows.append((name, _text(value), source, _where(name, source, detail)))
    return rows


def _where(name, source, detail):
    """Place of a value: file name, and the line in a cfg."""
    if source != "file":
        return Path(detail).name
    lines = lines_of(detail)
    found = [key for key in lines if f".{name}".endswith(f".{key}")]  # a sub-step's own file
    line = f":{lines[max(found, key=len)]}" if found else ""
    return Path(detail).name + line


def lines_of(path):
    """Return dotted name -> line number of each value in a cfg."""
    lines, sections = {}, []
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return lines
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        depth = len(line) - len(line.lstrip("["))
        if depth:
            sections[depth - 1 :] = [line.partition("]")[0].strip("[ ")]
        elif "=" in line and not line.startswith("#"):
            lines[".".join((*sections, line.partition("=")[0].strip()))] = number
    return lines


def _text(value):
    return datamodel.describe(value) if datamodel.is_model(value) else repr(value)


def rows_of_references(step, answers):
    """Rows (type, file, size, context) of all references that unskipped steps ask for."""
    rows = []
    for name in step.step_defs or ():
        sub = getattr(step, name)
        if not sub.skip:
            rows += rows_of_references(sub, answers)
    for kind in step.reference_file_types if step.step_defs is None else ():
        override = step.get_ref_override(kind)
        found = answers.found(kind)
        if override is not None:
            rows.append((kind, str(_text(override)).strip("'"), "", "override"))
        elif found is not None:
            size = "" if found.size is None else f"{found.size / 1e6:.1f} MB"
            rows.append((kind, found.name, size, answers.context_name()))
        else:
            rows.append((kind, "not looked up", "", ""))
    return rows


def rows_of_outputs(step, is_main=True):
    """Rows (step, path) of the products that a run saves by itself."""
    rows = []
    for name in step.step_defs or ():
        sub = getattr(step, name)
        if not sub.skip:
            rows += rows_of_outputs(sub, False)
    if step.save_results or step.output_file:
        rows.append((step.name, saving.product_path(step)))
        if is_main:
            folder = saving.output_folder(step)
            rows.append(("run record", str(folder / saving.naming.record_name(rows[-1][1]))))
    return rows


def table(title, heads, rows):
    """Return a table with aligned columns."""
    lines = [heads, *rows] if rows else [("none",)]
    widths = [max(len(str(line[n])) for line in lines) for n in range(len(lines[0]))]
    body = [
        "  " + "  ".join(str(cell).ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    ]
    return "\n".join([title, *(line.rstrip() for line in body)])


def explain(step, answers):
    """Return the whole text for a step whose parameters are resolved."""
    return "\n\n".join(
        [
            table(
                f"Parameters of {step.name}",
                ("parameter", "value", "source", "where"),
                rows_of_parameters(step),
            ),
            table(
                "References",
                ("type", "file", "size", "context"),
                rows_of_references(step, answers),
            ),
            table("Outputs", ("step", "file"), rows_of_outputs(step)),
        ]
    )

"""Write the figures of the benchmarks into the table of the README.

python benchmarks/table.py RESULTS_FOLDER
"""

import json
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
ORDER = ("datamodels", "startup", "steps", "pipeline")


def main():
    folder = Path(sys.argv[1])
    lines = ["| what | ours | floor or peer | ratio | wanted |", "|---|---|---|---|---|"]
    for name in ORDER:
        path = folder / f"{name}.json"
        if path.exists():
            lines += [
                _line(row) for row in json.loads(path.read_text()) if row["wanted"] != "passes"
            ]
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")


def _line(row):
    ours, floor = (_figure(row[key], row["unit"]) for key in ("ours", "floor"))
    return f"| {row['what']} | {ours} | {floor} | {_ratio(row['ratio'])} | {row['wanted']} x |"


def _ratio(value):
    """Show a ratio with two digits, never in powers of ten."""
    return f"{value:.2g} x" if value >= 0.001 or not value else "< 0.001 x"


def _figure(value, unit):
    """Show a figure with two or three digits, seconds in the unit that fits."""
    if unit == "B":
        return f"{value / 1e6:.3g} MB"
    if unit != "s":
        return f"{value:.3g} {unit}"
    for factor, name in ((1, "s"), (1e-3, "ms"), (1e-6, "us")):
        if value >= factor:
            return f"{value / factor:.3g} {name}"
    return f"{value / 1e-9:.3g} ns"


if __name__ == "__main__":
    main()

"""``jwstlike header FILE... [HDU]``: the cards of FITS files as they stand there."""

import argparse
import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from .files import (
    DIFFERS,
    SAME,
    UNREADABLE,
    USAGE,
    attempt,
    complain,
    content,
    open_file,
    printable,
    quiet_pipe,
    write_json,
)

HDU_NAME = re.compile(r"\d+|[A-Za-z][\w -]*(,\d+)?")
CARD = 80


@quiet_pipe
def main(argv=None):
    """Run the command; 0, 1 if an HDU or keyword is not there, 3 if a file cannot be read."""
    options = _parser().parse_args(argv)
    files, hdu = _split(options.files, options.hdu)
    if not files:
        complain("header", f"{hdu}: there is no such file")
        return USAGE
    code, all_found = SAME, []
    for path in files:
        found, problem = attempt("header", read_headers, path, hdu, options.keyword)
        if problem:
            code = UNREADABLE
            continue
        if not found:
            complain("header", f"{path}: no {_wanted(hdu, options.keyword)}")
            code = code or DIFFERS
        if not options.json:
            many = len(files) > 1 or len(found) > 1
            sys.stdout.writelines(line + "\n" for line in lines_of(found, options.keyword, many))
        all_found += found
    if options.json:
        write_json([{k: v for k, v in f.items() if k not in ("place", "text")} for f in all_found])
    return code


def _parser():
    parser = argparse.ArgumentParser(
        prog="jwstlike header",
        usage="%(prog)s [--keyword K] [--json] FILE... [HDU]",
        description="Print the cards of FITS files as they stand there (of ASDF files: the tree).",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="FITS or ASDF file")
    parser.add_argument(
        "--hdu", help="number or name, SCI or SCI,2; also as last word of the command"
    )
    parser.add_argument(
        "-k", "--keyword", action="append", metavar="K",
        help="only this keyword (or pattern, 'CRVAL*'); may be repeated",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="a JSON list, one object per HDU")
    return parser


def _split(words, hdu):
    """Tell files from the HDU, which may be the last word if no file has that name."""
    last = words[-1]
    if hdu is None and HDU_NAME.fullmatch(last) and not Path(last).exists():
        return words[:-1], last
    return words, hdu


def _wanted(hdu, keywords):
    words = [] if hdu is None else [f"HDU {hdu}"]
    words += [f"keyword {', '.join(keywords)}"] if keywords else []
    return " with ".join(words) or "tree"


def read_headers(path, hdu=None, keywords=None):
    """Return one dict per HDU that has what is wanted; of an ASDF file one with its tree."""
    from ..datamodels import filetype

    source = content(path)
    if filetype.check(source) != "fits":
        return _read_tree(path, keywords)
    from ..datamodels.fits_cards import parse_card
    from ..datamodels.fits_scan import scan

    found = []
    for entry in _chosen(scan(source), hdu):
        cards = entry.cards
        parsed = [parse_card(card) for card in cards]
        if keywords:
            kept = [i for i, p in enumerate(parsed) if _matches(p.keyword, keywords)]
            if not kept:
                continue
            cards, parsed = [cards[i] for i in kept], [parsed[i] for i in kept]
        found.append(
            {
                "file": path, "hdu": entry.number, "extname": entry.extname, "extver": entry.extver,
                "cards": [
                    {"keyword": p.keyword, "value": p.value, "comment": p.comment} for p in parsed
                ],
                "text": cards, "place": f"{path}[{entry.place if entry.number else entry.extname}]",
            }
        )  # fmt: skip
    return found


def _chosen(index, hdu):
    if hdu is None:
        return list(index)
    if hdu.isdecimal():
        return [index[int(hdu)]] if int(hdu) < len(index) else []
    name, _, version = hdu.partition(",")
    return index.find_all(name.strip(), int(version) if version else None)


def _matches(name, patterns):
    return any(fnmatchcase(name.upper(), pattern.upper()) for pattern in patterns)


def _read_tree(path, keywords):
    """Lines of the tree of an ASDF file; with keywords the leaves whose dotted path matches."""
    from ..datamodels import asdf_light
    from ..datamodels.sources import Source

    text, *_ = asdf_light._read_tree_text(Source.of(content(path)))
    lines = text.decode("utf-8", "replace").splitlines()
    if keywords:
        flat = open_file(path, validate="off").to_flat_dict(include_arrays=False)
        lines = [f"{k}: {v}" for k, v in flat.items() if _matches(k, keywords)]
    if not lines:
        return []
    return [{"file": path, "tree": lines, "place": path, "text": lines}]


def lines_of(found, keywords, many):
    """Yield lines for people: cards under the name of their HDU, or each behind it."""
    for number, header in enumerate(found):
        place = header["place"]
        if many and not keywords:
            yield from ([""] if number else [])
            yield f"# {place}"
        for text in header["text"]:
            step = CARD if "cards" in header else max(1, len(text))
            for at in range(0, max(1, len(text)), step):
                line = printable(text[at : at + step].rstrip())
                yield f"{place}: {line}" if keywords else line

"""``jwstlike info FILE...``: what a file is and what it holds, from its headers alone."""

import argparse
import sys

from .files import (
    SAME,
    UNREADABLE,
    aligned,
    attempt,
    content,
    open_file,
    printable,
    quiet_pipe,
    size_text,
    write_json,
)

# label, card, path in a tree
FACTS = (
    ("telescope", "TELESCOP", "meta.telescope"),
    ("instrument", "INSTRUME", "meta.instrument.name"),
    ("detector", "DETECTOR", "meta.instrument.detector"),
    ("channel", "CHANNEL", "meta.instrument.channel"),
    ("band", "BAND", "meta.instrument.band"),
    ("filter", "FILTER", "meta.instrument.filter"),
    ("element", "OPT_ELEM", "meta.instrument.optical_element"),
    ("pupil", "PUPIL", "meta.instrument.pupil"),
    ("grating", "GRATING", "meta.instrument.grating"),
    ("exposure type", "EXP_TYPE", "meta.exposure.type"),
    ("reference type", "REFTYPE", "meta.reftype"),
    ("use after", "USEAFTER", "meta.useafter"),
    ("readout", "READPATT", "meta.exposure.readpatt"),
    ("subarray", "SUBARRAY", "meta.subarray.name"),
    ("integrations", "NINTS", "meta.exposure.nints"),
    ("groups", "NGROUPS", "meta.exposure.ngroups"),
    ("exposure time", "EFFEXPTM", "meta.exposure.exposure_time"),
    ("observed", "DATE-OBS", "meta.observation.date"),
    ("start time", "TIME-OBS", "meta.observation.time"),
    ("object", "OBJECT", "meta.target.object"),
    ("target", "TARGNAME", "meta.target.catalog_name"),
    ("program", "PROGRAM", "meta.observation.program_number"),
    ("written", "DATE", "meta.date"),
    ("software", "CAL_VER", "meta.calibration_software_version"),
    ("references", "CRDS_CTX", "meta.ref_file.crds.context_used"),
)
ROOTS = ("", "roman.")  # where ``meta`` may stand in a tree
DTYPES = {8: "uint8", 16: "int16", 32: "int32", 64: "int64", -32: "float32", -64: "float64"}
OFFSETS = {(8, -128): "int8", (16, 2**15): "uint16", (32, 2**31): "uint32", (64, 2**63): "uint64"}
ASDF_NAMES = ("ASDF", "METADATA")


@quiet_pipe
def main(argv=None):
    """Run the command; 0, or 3 if a file cannot be read."""
    options = _parser().parse_args(argv)
    described, failed = [], False
    for number, path in enumerate(options.files):
        found, problem = attempt("info", describe_file, path)
        if problem:
            failed = True
            described.append({"file": path, "error": problem})
            continue
        described.append(found)
        if not options.json:
            sys.stdout.write("\n" * (number > 0) + "\n".join(text_of(found)) + "\n")
            if options.tree:
                attempt("info", _print_tree, path, None if options.all else 40)
    if options.json:
        write_json(described)
    return UNREADABLE if failed else SAME


def _parser():
    parser = argparse.ArgumentParser(
        prog="jwstlike info",
        description="Tell the class, shape, HDUs (or arrays) and main metadata of files; "
        "only headers are read.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="FITS or ASDF file, - for stdin")
    parser.add_argument("--json", action="store_true", help="a JSON list, one object per file")
    parser.add_argument("--tree", action="store_true", help="the tree of the data model as well")
    parser.add_argument("--all", action="store_true", help="no limit to the lines of the tree")
    return parser


def _print_tree(path, max_rows):
    open_file(path, validate="off").info(max_rows=max_rows)


def describe_file(path):
    """Return what is known of a file, as a dict for JSON."""
    from ..datamodels import filetype

    kind = filetype.check(content(path))
    if kind == "asn":
        return _describe_association(path)
    return (_describe_fits if kind == "fits" else _describe_asdf)(path)


# ---------------------------------------------------------------- FITS


def _describe_fits(path):
    from ..datamodels.fits_scan import scan

    index = scan(content(path))
    primary = index[0]
    hdus = [_describe_hdu(hdu) for hdu in index]
    name, guessed = primary.get("DATAMODL"), False
    if not isinstance(name, str):
        name, guessed = _guess(index), True
    facts = {}
    for label, keyword, _ in FACTS:
        value = primary.get(keyword)
        if value not in (None, ""):
            facts[label] = value
    return {
        "file": path,
        "format": "FITS",
        "class": name,
        "guessed": guessed,
        "shape": _main_shape(index, hdus),
        "size": index.source.size,
        "metadata": facts,
        "hdus": hdus,
        "problems": _problems(index),
    }


def _guess(index):
    """Name of the class that `datamodels.open` would take, None if it would refuse."""
    from ..datamodels import util

    try:
        return util._guess(index).__name__
    except TypeError:
        return None


def _problems(index):
    lines = [index.problem] if index.problem else []
    for hdu in index:
        if hdu.truncated:
            missing = min(hdu.data_size, hdu.data_offset + hdu.data_size - index.source.size)
            lines.append(f"{hdu.place}: {missing} of {hdu.data_size} bytes are missing")
    return lines


def _main_shape(index, hdus):
    """Shape of the SCI HDU, else of the first image."""
    science = index.find("SCI")
    if science is not None:
        return hdus[science.number]["shape"]
    images = (h for h in hdus if h["type"] in ("image", "compressed image") and h["shape"])
    return next((h["shape"] for h in images), None)


def _describe_hdu(hdu):
    name = hdu.extname_raw or ("PRIMARY" if hdu.number == 0 else "")
    made = {
        "number": hdu.number, "name": name, "version": hdu.extver, "type": "image",
        "cards": len(hdu.cards), "shape": list(hdu.shape), "dtype": None, "size": hdu.data_size,
    }  # fmt: skip
    if hdu.problem:
        return made | {"type": "damaged", "shape": [], "dtype": hdu.problem}
    if hdu.kind == "BINTABLE" and hdu.get("ZIMAGE") is True:
        axes = range(_integer(hdu.get("ZNAXIS")), 0, -1)
        made["shape"] = [_integer(hdu.get(f"ZNAXIS{i}")) for i in axes]
        dtype = DTYPES.get(hdu.get("ZBITPIX"))
        return made | {"type": "compressed image", "dtype": f"{dtype} {hdu.get('ZCMPTYPE')}"}
    if hdu.kind in ("BINTABLE", "TABLE"):
        if hdu.extname in ASDF_NAMES and _integer(hdu.get("TFIELDS")) == 1:
            return made | {"type": "asdf", "shape": []}
        rows = hdu.shape[0] if hdu.shape else 0
        columns = _integer(hdu.get("TFIELDS"))
        names = [str(hdu.get(f"TTYPE{i}") or "") for i in range(1, min(columns, 999) + 1)]
        return made | {"type": "table", "shape": [rows], "columns": names}
    if hdu.is_groups:
        return made | {"type": "random groups"}
    return made | ({"dtype": _dtype(hdu)} if hdu.shape else {"type": "header only"})


def _integer(value):
    return value if isinstance(value, int) else 0


def _dtype(hdu):
    scale, zero = hdu.get("BSCALE", 1), hdu.get("BZERO", 0)
    plain = DTYPES[hdu.bitpix]
    if scale == 1 and zero in (0, None):
        return plain
    return (OFFSETS.get((hdu.bitpix, zero)) if scale == 1 else None) or f"{plain} scaled"


# ---------------------------------------------------------------- ASDF


def _describe_asdf(path):
    from ..datamodels import asdf_support

    found = asdf_support.loaded(content(path))
    tree, arrays = found.tree, []
    _collect(tree, "", arrays, set())
    root = next((r for r in ROOTS if _at(tree, f"{r}meta") is not None), "")
    model_type = _at(tree, f"{root}meta.model_type")
    facts = {}
    for label, _, where in FACTS:
        value = _at(tree, root + where)
        if value not in (None, "") and not isinstance(value, (dict, list)):
            facts[label] = value
    main = _at(tree, f"{root}data")
    main = main.get("value") if isinstance(main, dict) else main  # of a quantity
    return {
        "file": path,
        "format": "ASDF",
        "class": model_type or getattr(tree.get("roman"), "_tag", "").rpartition("/")[2] or None,
        "guessed": False,
        "shape": list(main.shape) if hasattr(main, "shape") else None,
        "size": found.source.size,
        "metadata": facts,
        "arrays": arrays,
        "problems": [],
    }


def _at(tree, path):
    for name in path.split("."):
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _collect(value, path, arrays, seen):
    """Append a description of each array below `value`; anchors are walked once."""
    if isinstance(value, (dict, list)):
        if id(value) in seen:
            return
        seen.add(id(value))
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, child in pairs:
            _collect(child, f"{path}.{name}" if path else str(name), arrays, seen)
    elif hasattr(value, "dtype") and hasattr(value, "shape"):
        names = value.dtype.names
        packed = getattr(getattr(value, "block", None), "compression", b"") or b""
        made = {
            "path": path, "shape": list(value.shape),
            "dtype": "table" if names else str(value.dtype), "size": int(value.nbytes),
            "compression": packed.decode("latin-1"),
        }  # fmt: skip
        arrays.append(made | ({"columns": list(names)} if names else {}))


def _describe_association(path):
    import json
    from pathlib import Path

    text = content(path) if path == "-" else Path(path).read_bytes()
    table = json.loads(text)
    products = table.get("products", []) if isinstance(table, dict) else []
    facts = {k: v for k, v in table.items() if isinstance(v, str)} if products else {}
    members = sum(len(p.get("members", ())) for p in products)
    facts |= {"products": len(products), "members": members}
    return {
        "file": path, "format": "association", "class": "ModelContainer", "guessed": False,
        "shape": None, "size": len(text), "metadata": facts, "problems": [],
    }  # fmt: skip


# ---------------------------------------------------------------- plain text


def text_of(found):
    """Return the lines for people."""
    name = f"{found['class']}{' (guessed)' if found['guessed'] else ''}" if found["class"] else ""
    shape = _shape(found["shape"]) if found["shape"] else ""
    head = [found["file"], found["format"], name, shape, size_text(found["size"])]
    lines = ["  ".join(filter(None, head))]
    facts = [(label, one_value(value)) for label, value in found["metadata"].items()]
    lines += ["  " + line for line in aligned(facts)]
    if found.get("hdus"):
        lines += ["", *("  " + line for line in aligned(_hdu_rows(found["hdus"]), {0, 2, 4, 7}))]
    if found.get("arrays"):
        lines += ["", *("  " + line for line in aligned(_array_rows(found["arrays"]), {3}))]
    lines += [f"  problem: {problem}" for problem in found["problems"]]
    return lines


def one_value(value):
    """Return a value of a card or a tree as one printable line."""
    return printable(" ".join(str(value).split()))


def _shape(shape):
    return "(" + ", ".join(map(str, shape)) + "," * (len(shape) == 1) + ")"


def _hdu_rows(hdus):
    rows = [("No", "Name", "Ver", "Type", "Cards", "Shape", "Content", "Size")]
    for hdu in hdus:
        shape, content = _shape(hdu["shape"]) if hdu["shape"] else "", hdu["dtype"] or ""
        if hdu["type"] == "table":
            columns = len(hdu["columns"])
            shape = f"{hdu['shape'][0]} rows"
            content = f"{columns} column{'s' * (columns != 1)}"
        rows.append(
            (
                str(hdu["number"]), printable(hdu["name"]), str(hdu["version"]), hdu["type"],
                str(hdu["cards"]), shape, printable(content),
                size_text(hdu["size"]) if hdu["size"] else "",
            )
        )  # fmt: skip
    return rows


def _array_rows(arrays):
    rows = [("Path", "Shape", "Content", "Size", "Compression")]
    for a in arrays:
        content = f"{len(a['columns'])} columns" if "columns" in a else a["dtype"]
        rows.append(
            (a["path"], _shape(a["shape"]), content, size_text(a["size"]), a["compression"])
        )
    return rows

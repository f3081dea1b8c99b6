"""Damaged FITS and ASDF files, the same ones for the same number.

``damaged(sources, number)`` takes one of the sound files and spoils it in one to three ways: bytes
flipped, pieces cut, inserted or repeated, lengths and types made absurd, trees that try to run code
or to fill the memory, packed files that unpack to far more than they are.
"""

import bz2
import gzip
import random
import re
import zlib

CARD, RECORD = 80, 2880
MARKER = "code-was-run"  # the name of the file that a tree that runs code would make

NUMBERS = (
    "-1", "0", "1", "2", "3", "7", "8", "16", "-32", "-64", "64", "99", "255", "999", "1000",
    "32768", "65536", "2147483647", "2147483648", "4294967296", "9223372036854775807",
    "9223372036854775808", "18446744073709551616", "-9223372036854775809", "9" * 60, "1E30",
    "1E400", "-1.5", "NaN", "inf", "T", "F", "''", "'SCI'", "'text'", "(1, 2)", "", "1D5", "0x10",
)  # fmt: skip
FORMS = (
    "1J", "0J", "-1J", "J", "999999999J", "9223372036854775807D", "1PJ(3)", "1QD(9)", "PB()", "2PE",
    "0PJ", "16A", "0A", "A", "99999999A", "1X", "0X", "9999999999X", "1L", "0L", "3M", "1C", "1Z",
    "Q", "", "é", "1E ", "1K", "10A5", "1PA(9)", "1QX(8)",
)  # fmt: skip
DIMS = ("(1)", "(2,3)", "()", "(0)", "(-1,2)", "(99999999,99999999)", "(1,1,1,1,1,1,1,1)", "3", "(")
TEXTS = (
    "'SCI'", "'DQ'", "'ASDF'", "'ERR'", "''", "'PRIMARY'", "'RampModel'", "'ImageModel'",
    "'MultiSlitModel'", "'CubeModel'", "'SlitModel'", "'SpecModel'", "'Level1bModel'",
    "'MultiSpecModel'", "'NirspecFlatModel'", "'FlatModel'", "'AmiOIModel'", "'DataModel'",
    "'JWST'", "'ROMAN'", "'BINTABLE'", "'IMAGE'", "'TABLE'", "'FOREIGN'", "'A3DTABLE'",
    "'GZIP_1'", "'GZIP_2'", "'RICE_1'", "'PLIO_1'", "'HCOMPRESS_1'", "'NOCOMPRESS'", "'NAN'",
    "'" + "x" * 60 + "'", "'it''s'", "'\xe4\xf6\x80'", "'\0\0'", "'../../x'", "T", "F", "",
)  # fmt: skip
FIELDS = {  # beginnings of keywords -> values that spoil them
    "TFORM": FORMS, "TDIM": DIMS, "XTENSION": TEXTS, "EXTNAME": TEXTS, "DATAMODL": TEXTS,
    "ZCMPTYPE": TEXTS, "TTYPE": TEXTS, "ZQUANTIZ": TEXTS, "TELESCOP": TEXTS,
}  # fmt: skip
STRUCTURE = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS|PCOUNT|GCOUNT|GROUPS|EXTEND|TFIELDS|TFORM|TDIM|TTYPE|TNULL|TSCAL"
    r"|TZERO|TBCOL|THEAP|BSCALE|BZERO|BLANK|EXTNAME|EXTVER|Z[A-Z]|DATAMODL|TELESCOP|PTYPE|PZERO|END"
)
VALUES = (
    "0", "-1", "1", "99999999999999999999999", "9" * 4000, "1.5", ".nan", ".inf", "1e999", "~", "",
    "true", "'text'", "[1, 2]", "{a: 1}", "[]", "{}", "[[1, 2], [3]]", "2020-13-45", "0x7f", "1:30",
    "2001-12-14t21:59:43.10-05:00", "*nowhere", "&a [*a]", "!!binary aGVsbG8=", "!!set {a, b}",
    "!!omap [a: 1]", "!!float x", "!!int x", "!!timestamp x", "!<tag:example.org:odd-1.0.0> {a: 1}",
    f"!!python/object/apply:os.system ['touch {MARKER}']", "!!python/name:os.system ''",
    f"!!python/object/new:os.system ['touch {MARKER}']", "!!python/tuple [1]",
    "!core/ndarray-1.1.0 x",
    "!core/ndarray-9.9.9 {source: 0, datatype: int8, byteorder: big, shape: [4]}",
    "!core/ndarray-1.1.0 {source: 0, datatype: int8, byteorder: big, shape: [99999999, 99999999]}",
    "!core/ndarray-1.1.0 {source: -1, datatype: int8, byteorder: big, shape: ['*', 0]}",
    "!core/ndarray-1.1.0 {source: 0, datatype: int8, byteorder: big, shape: [9], strides: [-1]}",
    "!core/ndarray-1.1.0 {source: 0, datatype: int8, byteorder: big, shape: [99999], strides: [0]}",
    "!core/ndarray-1.1.0 {source: ../../x.asdf, datatype: int8, byteorder: big, shape: [1]}",
    "!core/ndarray-1.1.0 {source: 'fits:SCI,1', datatype: int8, byteorder: big, shape: [1]}",
    "!core/ndarray-1.1.0 {source: 0, datatype: [ascii, 999999999], byteorder: big, shape: [1]}",
    "!core/ndarray-1.1.0 {data: [1, [2, 3]], datatype: int8}", "!core/integer-1.0.0 {words: 1}",
    "!core/ndarray-1.1.0 {data: [1, 2], datatype: int8, shape: [99]}", "!core/complex-1.0.0 1+",
    "!time/time-1.1.0 {value: x, format: y}", "!unit/unit-1.0.0 'furlong^^3'",
    "!transform/affine-1.3.0 {}",
    "<<: 1", "? [a]\n: 1", "\t", "@", "\x07", "é", "\U0001f600", "---", "...", "%YAML 9.9", "\0",
)  # fmt: skip
WORDS = (b"\0" * 8, b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\0\0\0\1\0\0\0\0", b"\0" * 7 + b"\1")


# ---------------------------------------------------------------- of any file


def flip(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def flip_start(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((1, 3, 10))):
        data[rng.randrange(min(len(data), RECORD))] = rng.randrange(256)
    return bytes(data)


def cut(rng, data):
    return data[: rng.randrange(len(data))]


def cut_at_record(rng, data):
    return data[: RECORD * rng.randrange(len(data) // RECORD + 1)]


def delete(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice((1, 3, 8, CARD, 1000, RECORD)) :]


def insert(rng, data):
    at, count = rng.randrange(len(data) + 1), rng.choice((1, 4, CARD, RECORD))
    filling = rng.choice((b" " * count, b"\0" * count, b"\xff" * count, rng.randbytes(count)))
    return data[:at] + filling + data[at:]


def repeat(rng, data):
    at = RECORD * rng.randrange(len(data) // RECORD + 1)
    return data[: at + RECORD] * 2 + data[at + RECORD :] if rng.random() < 0.2 else (
        data[: at + RECORD] + data[at : at + RECORD] + data[at + RECORD :]
    )  # fmt: skip


def overwrite(rng, data):
    at, count = rng.randrange(len(data)), rng.choice((8, 100, RECORD))
    return data[:at] + rng.randbytes(count) + data[at + count :]


def pack(rng, data):
    return rng.choice((gzip.compress, bz2.compress))(data)


def pack_damaged(rng, data):
    return rng.choice((flip, cut, overwrite))(rng, gzip.compress(data, mtime=0))


def overwrite_many(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((10, 100, 1000))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def absurd_integer(rng, data):
    """Put a number that is as small or large as can be, or any, where some bytes are."""
    width = rng.choice((1, 2, 4, 8))
    top = 1 << (8 * width)
    number = rng.choice((0, 1, top - 1, top // 2, top // 2 - 1, rng.randrange(top)))
    at = rng.randrange(len(data))
    return data[:at] + number.to_bytes(width, rng.choice(("big", "little"))) + data[at + width :]


def change_text(rng, data):
    """Change digits and letters of the first header or tree."""
    data, end = bytearray(data), min(len(data), 40_000)
    for _ in range(rng.choice((1, 2, 5))):
        data[rng.randrange(end)] = rng.choice(b"\0\x80 '/=\n\t{}[]:*&!|>%@#\"-+.,0123456789ETZaz")
    return bytes(data)


# ---------------------------------------------------------------- of FITS


def _cards(data):
    """Places of all cards that look like those of a layout."""
    return [
        at
        for at in range(0, len(data) - CARD, CARD)
        if STRUCTURE.match(data[at : at + 8].decode("latin-1"))
    ]


def absurd_card(rng, data):
    places = _cards(data)
    if not places:
        return flip(rng, data)
    at = rng.choice(places)
    keyword = data[at : at + 8]
    name = keyword.decode("latin-1")
    choices = next((v for k, v in FIELDS.items() if name.startswith(k)), NUMBERS)
    if rng.random() < 0.1:
        choices = NUMBERS + TEXTS
    card = keyword + b"= " + rng.choice(choices).encode("latin-1")
    return data[:at] + card.ljust(CARD)[:CARD] + data[at + CARD :]


def absurd_cards(rng, data):
    """Give all cards of one keyword the same odd value."""
    places = _cards(data)
    if not places:
        return flip(rng, data)
    at = rng.choice(places)
    start = data[at : at + 8] + b"= "
    first, *others = data.split(start)
    value = rng.choice(NUMBERS).encode("latin-1").rjust(20)[:70].ljust(70)
    return start.join([first, *(value + part[70:] for part in others)])


def remove_card(rng, data):
    at = rng.choice(_cards(data) or [0])
    return data[:at] + b" " * CARD + data[at + CARD :]


def swap_cards(rng, data):
    places = _cards(data) or [0]
    one, two = sorted((rng.choice(places), rng.choice(places)))
    if one == two:
        return flip(rng, data)
    return (
        data[:one] + data[two : two + CARD] + data[one + CARD : two]
        + data[one : one + CARD] + data[two + CARD :]
    )  # fmt: skip


def any_card(rng, data):
    at = CARD * rng.randrange(max(1, len(data) // CARD))
    keyword = rng.choice((b"CONTINUE", b"HIERARCH", b"END     ", data[at : at + 8], b"NAXIS9  "))
    value = rng.choice(NUMBERS + TEXTS).encode("latin-1")
    card = (keyword + rng.choice((b"= ", b"  ", b"=")) + value).ljust(CARD)[:CARD]
    return data[:at] + card + data[at + CARD :]


def absurd_heap(rng, data):
    """Spoil the descriptors of variable-length cells or whatever else the data hold."""
    at = rng.randrange(len(data) // 4 + 1) * 4
    return data[:at] + rng.choice(WORDS) * rng.choice((1, 4)) + data[at + 8 :]


# ---------------------------------------------------------------- of ASDF


def _tree_end(data):
    found = data.find(b"\n...")
    return found if found > 0 else len(data)


def absurd_value(rng, data):
    end = _tree_end(data)
    start = max(0, data.find(b"#ASDF"))
    lines = data[start:end].split(b"\n")
    n = rng.randrange(len(lines))
    value = rng.choice(VALUES).encode()
    head, colon, _ = lines[n].partition(b": ")
    lines[n] = head + b": " + value if colon else value
    return data[:start] + b"\n".join(lines) + data[end:]


def absurd_part(rng, data):
    """Change a number or a word inside a line of the tree."""
    end = _tree_end(data)
    found = list(re.finditer(rb"(?<=[\[, ])(-?\d+|[a-z]+\d*)(?=[\],}])", data[:end]))
    if not found:
        return absurd_value(rng, data)
    hit = rng.choice(found)
    new = rng.choice((*NUMBERS[:30], "~", "float128", "bool8", "'*'", "little")).encode()
    return data[: hit.start()] + new + data[hit.end() :]


def shuffle_lines(rng, data):
    end = _tree_end(data)
    lines = data[:end].split(b"\n")
    one, two = rng.randrange(len(lines)), rng.randrange(len(lines))
    what = rng.randrange(4)
    if what == 0:
        del lines[one]
    elif what == 1:
        lines.insert(one, lines[two])
    elif what == 2:
        lines[one], lines[two] = lines[two], lines[one]
    else:
        lines[one] = b" " * rng.randrange(9) + lines[one]
    return b"\n".join(lines) + data[end:]


def nest(rng, data):
    end, depth = _tree_end(data), rng.choice((50, 300, 5000))
    opening, closing = rng.choice(((b"[", b"]"), (b"{a: ", b"}")))
    return data[:end] + b"\ndeep: " + opening * depth + closing * depth + data[end:]


def alias_bomb(rng, data):
    end = _tree_end(data)
    lines = [b"\na0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for n in range(1, rng.choice((3, 6, 7, 9, 30))):
        lines.append(b"\na%d: &a%d [" % (n, n) + b", ".join([b"*a%d" % (n - 1)] * 9) + b"]")
    return data[:end] + b"".join(lines) + data[end:]


def absurd_version(rng, data):
    found = list(re.finditer(rb"-(\d+)\.(\d+)\.(\d+)", data[: _tree_end(data)]))
    if not found:
        return flip(rng, data)
    hit = rng.choice(found)
    new = rng.choice((b"-9.0.0", b"-1.99.0", b"-0.0.1", b"-1.x.0", b"", b"-" + b"9" * 99))
    return data[: hit.start()] + new + data[hit.end() :]


def absurd_block(rng, data):
    places = [m.start() for m in re.finditer(rb"\xd3BLK", data)]
    if not places:
        return absurd_value(rng, data)
    at = rng.choice(places) + rng.choice((4, 6, 10, 14, 22, 30, 38))
    new = rng.choice((*WORDS, b"zlib", b"bzp2", b"lz4\0", b"odd!"))
    return data[:at] + new + data[at + len(new) :]


def packed_block(rng, data):
    """Make a block that says it is packed and unpacks to far more than it is."""
    at = data.find(b"\xd3BLK")
    if at < 0:
        return absurd_value(rng, data)
    content = zlib.compress(bytes(rng.choice((100, 50_000_000))))
    sizes = [len(content), len(content), rng.choice((100, 50_000_000, 1 << 40))]
    head = b"\xd3BLK\0\x30\0\0\0\0zlib" + b"".join(s.to_bytes(8, "big") for s in sizes) + bytes(16)
    return data[:at] + head + content


# ---------------------------------------------------------------- choice

ANY = (
    flip, flip, flip_start, cut, cut_at_record, delete, insert, repeat, overwrite, pack_damaged,
    overwrite_many, absurd_integer, change_text, change_text,
)  # fmt: skip
FITS = (
    absurd_card, absurd_card, absurd_card, absurd_card, absurd_card, remove_card, swap_cards,
    any_card, absurd_heap, absurd_cards, absurd_cards,
)  # fmt: skip
ASDF = (
    absurd_value, absurd_value, absurd_value, absurd_part, absurd_part, absurd_part, shuffle_lines,
    nest, alias_bomb, absurd_version, absurd_block, absurd_block, packed_block,
)  # fmt: skip


def bomb(rng):
    """Packed zeros: a few kilobytes that unpack to very many."""
    zeros = bytes(rng.choice((10, 150, 400)) << 20)
    head = rng.choice((b"", b"SIMPLE  =                    T".ljust(80), b"#ASDF 1.0.0\n"))
    return gzip.compress(head + zeros, 1, mtime=0)


def ways_for(data):
    """Ways of damage that suit a file."""
    if data.startswith(b"#ASDF"):
        return ANY + ASDF + ASDF
    if b"#ASDF" in data:
        return ANY + FITS + FITS + ASDF
    return ANY + FITS + FITS


def damaged(sources, number):
    """Return the damaged file of a number, and how it was made.

    Parameters
    ----------
    sources : list of (str, bytes)
        Names and contents of sound files, in a fixed order.
    number : int

    Returns
    -------
    bytes, str
    """
    rng = random.Random(number)  # not for secrets
    if rng.random() < 0.002:
        return bomb(rng), "packed zeros"
    name, data = sources[rng.randrange(len(sources))]
    steps = [name]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        way = rng.choice(ways_for(data))
        steps.append(way.__name__)
        data = way(rng, data) or b"\0"
    if rng.random() < 0.03:
        steps.append("pack")
        data = pack(rng, data)
    return data, " ".join(steps)

"""Columns of texts: bytes in a file, `str` for those who use them.

References
----------
FITS standard 4.0, section 7.3.3.1 (texts end at the first NUL; only ASCII is allowed).
"""

from functools import partial

import numpy as np

from ..errors import did_you_mean

ASCII = 128  # letters beyond are no matter of FITS
METHODS = frozenset(
    "capitalize center count endswith find index isalnum isalpha isdecimal isdigit islower "
    "isnumeric isspace istitle isupper join ljust lower lstrip partition replace rfind rindex "
    "rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title translate "
    "upper zfill".split()
)


class Texts(np.ndarray):
    """An array of `str` that refuses longer texts than it can hold, instead of cutting them.

    It has the methods of `str`, which work cell by cell, as in the columns of a ``FITS_rec``.

    Attributes
    ----------
    known : dict of str to bytes
        Texts with letters outside ASCII, and how a file holds them.
    """

    def __array_finalize__(self, parent):
        self.known = getattr(parent, "known", {})

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array[()] if return_scalar else np.asarray(array)

    def __getitem__(self, key):
        found = super().__getitem__(key)
        return str(found) if type(found) is np.str_ else found

    def __setitem__(self, key, value):
        value = value if isinstance(value, Texts) else trimmed(as_letters(value))
        width, longest = letters_of(self), letters_of(value)
        if longest > width and np.strings.str_len(value).max(initial=0) > width:
            text = max(value.flat, key=len)
            raise ValueError(
                f"the text {str(text)!r} is longer than the {width} letters of its column; "
                "assign a whole column of longer texts to widen it"
            )
        super().__setitem__(key, value)

    def __eq__(self, other):
        return np.asarray(self) == _comparable(other)

    def __ne__(self, other):
        return np.asarray(self) != _comparable(other)

    __hash__ = None

    def __getattr__(self, name):
        if name in METHODS:
            return partial(getattr(np.char, name), np.asarray(self))
        hint = "" if name.startswith("_") else did_you_mean(name, METHODS)
        raise AttributeError(f"a column of texts has no attribute {name!r}{hint}")

    def __reduce__(self):
        return as_texts, (np.asarray(self), self.known)

    def tolist(self):
        """Nested lists of `str`."""
        return np.asarray(self).tolist()


def _comparable(other):
    """Return what texts are compared with: blanks at the end do not count."""
    other = np.asarray(other)
    return trimmed(as_letters(other)) if other.dtype.kind in "SU" else other


def as_texts(array, known=None):
    """Return an array of `str` as `Texts`."""
    texts = array.view(Texts)
    texts.known = texts.known | (known or {})
    return texts


def letters_of(array):
    """Longest text that an array of texts can hold."""
    return array.dtype.itemsize // (4 if array.dtype.kind == "U" else 1)


def trimmed(texts):
    """Return texts without blanks at their end."""
    return np.strings.rstrip(texts, " ")


def as_letters(value):
    """Return texts or bytes, numbers too, as an array of `str`."""
    array = np.asarray(value)
    if array.dtype.kind == "S":
        return np.asarray(decoded(array))
    return array if array.dtype.kind == "U" else array.astype(str)


def stripped(cells):
    """Return bytes that end at the first NUL and without blanks at their end."""
    width = cells.dtype.itemsize
    if not width or not cells.size:
        return cells
    octets = np.ascontiguousarray(cells).view("u1").reshape(*cells.shape, width)
    if np.count_nonzero(octets) != np.strings.str_len(cells).sum():  # NUL before other bytes
        after_nul = np.logical_or.accumulate(octets == 0, axis=-1)
        cells = np.where(after_nul, np.uint8(0), octets).view(cells.dtype)[..., 0]
    return np.strings.rstrip(cells, b" ")


def decoded(cells):
    """Return bytes as `Texts`; blanks at the end are left out.

    Bytes that are not ASCII are taken for UTF-8, else for Latin-1.
    """
    cells = stripped(np.asarray(cells))
    count = letters_of(cells)
    if not count or not cells.size:
        return as_texts(np.zeros(cells.shape, f"U{max(count, 1)}"))
    letters = np.ascontiguousarray(cells).view("u1").astype("u4")
    texts = letters.view(f"U{count}").reshape(cells.shape)
    if letters.max() < ASCII:
        return as_texts(texts)
    known = {_letters(octets): octets for octets in np.unique(cells).tolist()
             if not octets.isascii()}  # fmt: skip
    for text, octets in known.items():
        texts[cells == octets] = text
    return as_texts(texts, known)


def _letters(octets):
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def encoded(texts):
    """Return texts as bytes of the same width; letters outside ASCII become ``?``.

    Texts that a file holds keep the bytes that they have there.
    """
    width, plain = max(1, letters_of(texts)), np.asarray(texts)
    letters = _code_points(plain)
    if letters.max(initial=0) < ASCII:
        return letters.astype("u1").view(f"S{width}").reshape(plain.shape)
    made = np.strings.encode(plain, "ascii", "replace").astype(f"S{width}")
    for text, octets in getattr(texts, "known", {}).items():
        made[plain == text] = octets
    return made


def _code_points(texts):
    return np.ascontiguousarray(texts).view("u4") if texts.size else np.zeros(0, "u4")


def are_ascii(texts):
    """Whether there are no other letters."""
    return bool(_code_points(np.asarray(texts)).max(initial=0) < ASCII)


def are_encodable(texts):
    """Whether `encoded` loses no letter."""
    return np.array_equal(np.asarray(decoded(encoded(texts))), trimmed(np.asarray(texts)))

"""Data-quality flags of the JWST interface, and bits to names and back.

`pixel` holds the flags of DQ and PIXELDQ (32 bits), `group` those of GROUPDQ (8 bits).
"""

import re

from .basic_utils import multiple_replace

__all__ = [
    "ap_interpret_bit_flags",
    "dqflags_to_mnemonics",
    "group",
    "interpret_bit_flags",
    "multiple_replace",
    "pixel",
]

GOOD = "GOOD"

_PIXEL_BITS = (
    "DO_NOT_USE SATURATED JUMP_DET DROPOUT OUTLIER PERSISTENCE AD_FLOOR CHARGELOSS RESERVED "
    "NON_SCIENCE DEAD HOT WARM LOW_QE RC TELEGRAPH NONLINEAR BAD_REF_PIXEL NO_FLAT_FIELD "
    "NO_GAIN_VALUE NO_LIN_CORR NO_SAT_CHECK UNRELIABLE_BIAS UNRELIABLE_DARK UNRELIABLE_SLOPE "
    "UNRELIABLE_FLAT OPEN ADJ_OPEN FLUX_ESTIMATED MSA_FAILED_OPEN OTHER_BAD_PIXEL REFERENCE_PIXEL"
).split()
_GROUP_NAMES = ("DO_NOT_USE SATURATED JUMP_DET DROPOUT PERSISTENCE AD_FLOOR CHARGELOSS").split()

pixel = {GOOD: 0} | {name: 1 << bit for bit, name in enumerate(_PIXEL_BITS)}
group = {GOOD: 0} | {name: pixel[name] for name in _GROUP_NAMES}


def dqflags_to_mnemonics(dqflags, mnemonic_map):
    """Return the set of names of the bits that are set.

    Parameters
    ----------
    dqflags : int
    mnemonic_map : dict of str to int
        `pixel`, `group` or another.

    Examples
    --------
    >>> sorted(dqflags_to_mnemonics(5, pixel))
    ['DO_NOT_USE', 'JUMP_DET']
    """
    return {name for name, bit in mnemonic_map.items() if bit and int(dqflags) & bit == bit}


def interpret_bit_flags(bit_flags, flip_bits=None, mnemonic_map=None):
    """Turn a description of flags into one integer.

    Parameters
    ----------
    bit_flags : int, str, list or None
        ``5``, ``"5"``, ``"1,4"``, ``"DO_NOT_USE + JUMP_DET"``, ``"~SATURATED"``, a list of such,
        None or ``"None"``.
    flip_bits : bool, optional
        Whether the bits are inverted; not together with ``~``.
    mnemonic_map : dict of str to int, optional

    Returns
    -------
    int or None

    Raises
    ------
    ValueError
        For an unknown name.
    """
    if bit_flags is None or (isinstance(bit_flags, str) and bit_flags.strip().lower() == "none"):
        return None
    invert = bool(flip_bits)
    if isinstance(bit_flags, str):
        text = bit_flags.strip()
        if text.startswith("~"):
            if flip_bits is not None:
                raise ValueError(f"bit flags {bit_flags!r}: use '~' or flip_bits, not both")
            invert, text = True, text[1:].strip().removeprefix("(").removesuffix(")")
        parts = [p for p in re.split(r"[,+|]", text) if p.strip()]
    elif isinstance(bit_flags, (list, tuple, set)):
        parts = list(bit_flags)
    else:
        parts = [bit_flags]
    total = 0
    for part in parts:
        total |= _bits(part, mnemonic_map or {})
    return ~total if invert else total


def _bits(part, mnemonic_map):
    if not isinstance(part, str):
        return int(part)
    name = part.strip()
    if name in mnemonic_map:
        return mnemonic_map[name]
    try:
        return int(name)
    except ValueError:
        raise ValueError(
            f"flag {name!r} is neither a number nor a known name; known: {', '.join(mnemonic_map)}"
        ) from None


def ap_interpret_bit_flags(bit_flags, flip_bits=None, flag_name_map=None):
    """Call astropy's function of this purpose."""
    from astropy.nddata.bitmask import interpret_bit_flags as of_astropy

    return of_astropy(bit_flags, flip_bits=flip_bits, flag_name_map=flag_name_map)

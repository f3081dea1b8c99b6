"""Why the rules of a context give no reference file: the sentence for the user.

`crds` answers ``NOT FOUND No match found.``. This module walks the same rules, one key after the
other, until no candidate is left, and names that key, its value and the values that would do.
"""

from ..errors import did_you_mean
from .crds_cache import short_list

FITS_KEYWORDS = {
    "meta.instrument.name": "INSTRUME",
    "meta.instrument.detector": "DETECTOR",
    "meta.instrument.module": "MODULE",
    "meta.instrument.channel": "CHANNEL",
    "meta.instrument.filter": "FILTER",
    "meta.instrument.pupil": "PUPIL",
    "meta.instrument.grating": "GRATING",
    "meta.instrument.band": "BAND",
    "meta.instrument.lamp_state": "LAMP",
    "meta.exposure.type": "EXP_TYPE",
    "meta.exposure.readpatt": "READPATT",
    "meta.exposure.noutputs": "NOUTPUTS",
    "meta.subarray.name": "SUBARRAY",
    "meta.subarray.xstart": "SUBSTRT1",
    "meta.subarray.ystart": "SUBSTRT2",
    "meta.subarray.xsize": "SUBSIZE1",
    "meta.subarray.ysize": "SUBSIZE2",
    "meta.visit.tsovisit": "TSOVISIT",
    "meta.observation.date": "DATE-OBS",
    "meta.observation.time": "TIME-OBS",
}

UNDEFINED = ("UNDEFINED", "")


def label(key):
    """Name a rule's key as the user knows it: ``meta.exposure.type (EXP_TYPE)``."""
    path = key.lower()
    keyword = FITS_KEYWORDS.get(path)
    return f"{path} ({keyword})" if keyword else path


def no_instrument(parameters, origin):
    """Say that an exposure does not name its instrument."""
    key = "meta.instrument.name"
    given = parameters.get(key)
    was = "is missing" if given is None else f"is {given!r}"
    return f"{origin or 'input'}: {label(key)} {was}; it decides which references apply"


def unknown_instrument(name, known, context):
    """Say that a context has no rules for an instrument."""
    known = sorted(str(k).upper() for k in known)
    return f"context {context}: no instrument {name!r}; it knows {', '.join(known)}" + did_you_mean(
        str(name).upper(), known
    )


def unknown_type(name, known, instrument, context):
    """Say that an instrument has no reference type of this name."""
    known = sorted(str(k).lower() for k in known)
    return f"context {context}: no reference type {name!r} for {instrument}" + (
        did_you_mean(name, known) or f"; it knows {short_list(known)}"
    )


def no_match(rmap, header, origin="", answer=""):
    """Say why a loaded rmap chooses nothing for a conditioned header.

    Parameters
    ----------
    rmap : crds ReferenceMapping
        The rules of one type.
    header : dict
        Upper-case key -> conditioned value, as crds makes it.
    origin : str
        The input file, for the message.
    answer : str
        What crds said; it stands where the rules give no better reason.
    """
    where = f"no {rmap.filekind} reference matches (rmap {rmap.basename}): "
    header = rmap.map_irrelevant_parkeys_to_na(header)
    selector, matched = rmap.selector, []
    remaining = list(selector.keys()) if hasattr(selector, "_match_selections") else []
    if not remaining:
        return where + (_no_date(selector, header, origin) or answer)
    for index, key in enumerate(selector._parameters):
        value = header.get(key, "UNDEFINED")
        left = [k for k in remaining if _matches(selector, k, index, value)]
        if not left:
            return where + _failing_key(key, value, [k[index] for k in remaining], matched, origin)
        matched.append(f"{label(key)} = {value}")
        remaining = left
    dates = [c for c in selector.choices() if hasattr(c, "_parameters")]
    reason = _no_date(dates[0], header, origin, selector, remaining) if dates else ""
    return where + (reason or answer)


def _matches(selector, key, index, value):
    matchers = selector._match_selections[key][0]
    return matchers[index].match(value) != -1


def _failing_key(key, value, known, matched, origin):
    known = sorted({part for k in known for part in str(k).split("|")})
    if value in UNDEFINED:
        text = f"{origin or 'the input'} does not define {label(key)}, which the rules need"
    else:
        text = f"{label(key)} is {value!r}" + (f" in {origin}" if origin else "")
    text += f"; known values: {short_list(known)}"
    return text + (f"; matched before: {', '.join(matched)}" if matched else "")


def _no_date(useafter, header, origin, selector=None, keys=()):
    """Explain a failed choice by date: absent date, or nothing that old; empty if neither."""
    names = useafter._parameters
    absent = [n for n in names if header.get(n, "UNDEFINED") in UNDEFINED]
    if absent:
        return (
            f"{origin or 'the input'} does not define {', '.join(map(label, absent))}, "
            "which the rules need"
        )
    if selector is None:
        starts = useafter.keys()
    else:
        starts = [d for k in keys for d in selector._match_selections[k][1].keys()]
    date = " ".join(str(header[n]) for n in names)
    if not starts or date >= min(starts):
        return ""
    return f"{' + '.join(map(label, names))} is {date}; the earliest reference is for {min(starts)}"

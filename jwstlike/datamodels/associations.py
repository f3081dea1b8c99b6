"""Associations: JSON files that list what belongs together, and the groups of exposures."""

import json
import os
from pathlib import Path
from urllib.parse import urljoin

from ..errors import FileFormatError, MissingFileError
from .sources import Source, is_address

REMEDY = "an association is JSON with products, each with a list of members"
OBSERVATION = (  # parts of a group's name: program, observation and visit; sequence; exposure
    ("program_number", "observation_number", "visit_number"),
    ("visit_group", "sequence_id", "activity_id"),
    ("exposure_number",),
)


def read(where):
    """Read an association file.

    Parameters
    ----------
    where : path, address or Source

    Returns
    -------
    dict

    Raises
    ------
    FileFormatError
        If it is missing, no JSON or no association.
    """
    try:
        source = Source.of(where)
        asn = json.loads(source.read(0, source.size).decode("utf-8"))
    except FileNotFoundError:
        raise MissingFileError(str(where)) from None
    except (ValueError, RecursionError) as error:
        raise FileFormatError(source.name, f"is no JSON ({error})", REMEDY) from None
    members(asn, source.name)
    return asn


def beside(asn_path, name):
    """Return the path or address of a member; relative ones begin at the association's folder."""
    if is_address(name) or asn_path is None:
        return name
    if is_address(asn_path):
        return (
            urljoin(asn_path, name)
            if asn_path.startswith("http")
            else (f"{asn_path.rpartition('/')[0]}/{name}")
        )
    return str(Path(asn_path).parent / name)


def members(asn, name="association"):
    """Return the members of the first product: dicts with ``expname`` and ``exptype``.

    Raises
    ------
    FileFormatError
        If it is no association.
    """
    try:
        found = asn["products"][0]["members"]
        for member in found:
            os.fspath(member["expname"])
    except (KeyError, IndexError, TypeError) as error:
        raise FileFormatError(name, f"is no association ({error!r})", REMEDY) from None
    return found


def selected(found, exptypes=None, n_members=None):
    """Return the members of some kinds (case does not matter), at most `n_members`."""
    if exptypes:
        kinds = [exptypes] if isinstance(exptypes, str) else exptypes
        kinds = {kind.lower() for kind in kinds}
        found = [m for m in found if str(m.get("exptype", "")).lower() in kinds]
    return list(found[:n_members] if n_members else found)


def group_id(get):
    """Return the group of an exposure, ``jw00001001001_02101_00001``, or None.

    Parameters
    ----------
    get : callable
        Dotted name -> value or None: a model's ``get``, or that of flat metadata.

    Examples
    --------
    >>> group_id({"meta.group_id": "a"}.get), group_id({}.get)
    ('a', None)
    """
    given = get("meta.group_id")
    if given is not None:
        return str(given)
    parts = [[get(f"meta.observation.{name}") for name in names] for names in OBSERVATION]
    if any(value is None for names in parts for value in names):
        return None
    return "jw" + "_".join("".join(map(str, names)) for names in parts)


def numbered(position):
    """Return the group of a member whose metadata name none."""
    return f"exposure{position + 1:04d}"


def assign(model, member, asn, table_name=None):
    """Enter into a model what the association says about it."""
    for name in ("tweakreg_catalog", "group_id"):
        if name in member:
            model.meta._store(name, member[name])
    entries = {
        "exptype": member.get("exptype"),
        "table_name": table_name,
        "pool_name": asn.get("asn_pool"),
    }
    entries = {name: value for name, value in entries.items() if value is not None}
    place = model.get("meta.asn")
    if place is None:
        model.meta._store("asn", entries)
    else:
        for name, value in entries.items():
            setattr(place, name, value)

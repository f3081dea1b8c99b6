"""Reference files through the `crds` package: offline first, never a bad path.

A look-up resolves the context once, asks the rules of the cache on this machine for all types in
one go, and checks that each file chosen exists and is the catalogue's. A server is asked only if
the cache lacks something and one is named. `crds` (0.8 s) is imported at the first look-up; with
every reference overridden a run does without it.
"""

import importlib
import logging
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import CrdsError, NoReferenceError
from . import crds_explain as explain
from .crds_cache import (
    Context,
    Memo,
    absent_context,
    catalogue,
    check_file,
    is_set_up,
    locate_reference,
    not_set_up,
    offline_context,
    read_settings,
    server_config,
    unresolved_context,
)
from .crds_session import client, fetch_files

__all__ = [
    "Context",
    "CrdsError",
    "NoReferenceError",
    "Plan",
    "Reference",
    "check_reference_open",
    "get_context_used",
    "get_multiple_reference_paths",
    "get_override_name",
    "get_reference_file",
    "get_svn_version",
    "is_set_up",
    "plan",
    "reference_uri_to_cache_path",
    "resolve_context",
]

log = logging.getLogger("stpipe.crds")

NOT_APPLICABLE = "N/A"
PARAMETERS = "pars-"  # reference types that hold a step's parameters; none need exist


@dataclass(frozen=True)
class Reference:
    """What the rules chose for one reference type.

    Parameters
    ----------
    type : str
        ``"dark"``.
    path : str
        The file, ``"N/A"``, or empty if there is a `problem`.
    size, sha1
        As found or, where nothing was computed, as the catalogue says; None if unknown.
    problem : str
        Why the run cannot have this reference.
    missing : str
        A file or mapping that the cache lacks and a server might have.
    """

    type: str
    path: str = ""
    size: int | None = None
    sha1: str | None = None
    problem: str = ""
    missing: str = ""

    @property
    def name(self):
        """File name without folder; ``"N/A"`` as it is."""
        return self.path if self.path == NOT_APPLICABLE else Path(self.path).name


@dataclass(frozen=True)
class Plan:
    """The references of one run: one context, one entry per type asked for."""

    context: Context
    references: dict = field(default_factory=dict)

    @property
    def problems(self):
        """All findings against the run, one line each, equal ones once."""
        return list(dict.fromkeys(r.problem for r in self.references.values() if r.problem))

    def paths(self):
        """Return ``{type: path or "N/A"}``.

        Raises
        ------
        NoReferenceError
            Any reference cannot be had; the text holds all problems.
        """
        if self.problems:
            raise NoReferenceError("\n".join(self.problems))
        return {name: r.path for name, r in self.references.items()}


# ---------------------------------------------------------------- look-ups


def resolve_context(observatory, context=None):
    """Resolve the context of a run, with the cache alone if it can tell.

    Parameters
    ----------
    observatory : str
        ``"jwst"`` or ``"roman"``.
    context : str, optional
        A ``.pmap`` or ``"latest"``; default: CRDS_CONTEXT, else the cache's server_config.

    Raises
    ------
    CrdsError
        Nothing is set up, or the context is unknown.
    """
    settings = read_settings()
    if not is_set_up(observatory, settings):
        raise not_set_up(observatory, settings)
    found = offline_context(observatory, settings, context)
    if found is None and settings.is_serverless:
        raise unresolved_context(observatory, settings, context)
    if found is None:
        with client(settings, settings.server) as crds:
            wanted = context or settings.context or "latest"
            name = crds.get_context_name(observatory, wanted)
        found = Context(name, "server", observatory, settings.server, str(settings.root))
    mapping = settings.folder("mappings", observatory) / found.name
    if settings.is_serverless and not mapping.is_file():
        raise absent_context(found, settings)
    log.debug("context %s", found)
    return found


def plan(parameters, types, observatory, context=None, origin=None):
    """Find the reference of each type, fetch what the cache lacks, check the files.

    Parameters
    ----------
    parameters : dict
        Flat, ``{"meta.instrument.name": "NIRCAM", ...}``; only ``meta.*`` is used.
    types : iterable of str
        Reference types, parameter references (``pars-jumpstep``) among them.
    observatory : str
        ``"jwst"`` or ``"roman"``.
    context : Context or str, optional
        The run's context; default: `resolve_context`.
    origin : str, optional
        Name of the input file, for messages; default: ``meta.filename`` of `parameters`.

    Returns
    -------
    Plan
        Problems are in it, not raised.

    Raises
    ------
    CrdsError
        No type can be looked up: nothing set up, context or mappings not to be had.
    TypeError
        `parameters` is no dict.
    """
    if not isinstance(parameters, dict):
        raise TypeError(f"parameters: a {type(parameters).__name__}, must be a dict")
    if not isinstance(context, Context):
        context = resolve_context(observatory, context)
    settings = read_settings()
    origin = origin or parameters.get("meta.filename") or ""
    query = _Query(_selectors(parameters), tuple(types), observatory, context, origin)
    found, failure = query.run(settings), ""
    while not settings.is_serverless and (missing := {r.missing for r in found.values()} - {""}):
        failure = query.fetch(settings, missing)
        found = query.run(settings)
        if missing == {r.missing for r in found.values()} - {""}:
            break
    return Plan(context, _name_missing(found, context, settings, failure))


def get_multiple_reference_paths(parameters, reference_file_types, observatory, context=None):
    """Return the path of the best reference of each type.

    Parameters
    ----------
    parameters : dict
        As of `plan`.
    reference_file_types : iterable of str
        No types: an empty answer.
    observatory : str
        ``"jwst"`` or ``"roman"``.
    context : Context or str, optional
        The run's context.

    Returns
    -------
    dict
        ``{type: path or "N/A"}``.

    Raises
    ------
    NoReferenceError
        A type is unknown, has no match, or its file is absent or damaged.
    CrdsError
        Nothing can be looked up.
    TypeError
        `parameters` is no dict.
    """
    if not isinstance(parameters, dict):
        raise TypeError(f"parameters: a {type(parameters).__name__}, must be a dict")
    types = tuple(reference_file_types)
    return plan(parameters, types, observatory, context).paths() if types else {}


def get_reference_file(parameters, reference_file_type, observatory, context=None):
    """Return the path of the best reference of one type, or ``"N/A"``."""
    types = [reference_file_type]
    return get_multiple_reference_paths(parameters, types, observatory, context)[
        reference_file_type
    ]


def get_context_used(observatory):
    """Return the name of the context that a look-up would use now."""
    return resolve_context(observatory).name


def reference_uri_to_cache_path(reference_uri, observatory):
    """Return the path in the cache of ``crds://name``."""
    if not reference_uri.startswith("crds://"):
        raise CrdsError(f"{reference_uri!r} is no reference URI; it must start with 'crds://'")
    name = reference_uri.removeprefix("crds://")
    return locate_reference(name, observatory, read_settings())


def check_reference_open(refpath):
    """Return `refpath` if it can be read or is ``"N/A"`` or empty.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    if refpath.strip() not in ("", NOT_APPLICABLE):
        with Path(refpath).open("rb"):
            pass
    return refpath


def get_override_name(reference_file_type):
    """Return the parameter that overrides a reference type: ``override_dark``.

    Raises
    ------
    ValueError
        The type is no identifier.
    """
    if not re.fullmatch(r"[_A-Za-z][_A-Za-z0-9]*", reference_file_type):
        raise ValueError(
            f"reference type {reference_file_type!r}: must be an identifier to be overridden"
        )
    return f"override_{reference_file_type}"


def get_svn_version():
    """Return the version of the `crds` package, without importing it."""
    metadata = importlib.import_module("importlib.metadata")  # 40 ms, so not at import time
    return metadata.version("crds")


# ---------------------------------------------------------------- one question


def _selectors(parameters):
    """Keep what rules may ask for: plain values below ``meta``."""
    return {
        key: value
        for key, value in parameters.items()
        if key.lower().startswith(("meta.", "roman.meta."))
        and isinstance(value, str | int | float | bool)
    }


@dataclass(frozen=True)
class _Query:
    """The question of one run."""

    parameters: dict
    types: tuple
    observatory: str
    context: Context
    origin: str = ""

    def run(self, settings):
        """Answer with the cache alone: ``{type: Reference}``."""
        with client(settings) as crds:
            header = crds.core.utils.condition_header(self._parameters(crds))
            try:
                imap = self._imap(crds, header)
            except OSError as error:
                return {name: _missing_rules(name, error) for name in self.types}
            bad_allowed = bool(crds.core.config.ALLOW_BAD_REFERENCES)
            files = _Files(self.observatory, imap.instrument, settings, bad_allowed)
            return {name: self._one(imap, name, header, files) for name in self.types}

    def fetch(self, settings, missing):
        """Let crds fetch mappings and files from its server; return what went wrong, as text."""
        try:
            with client(settings, settings.server) as crds:
                crds.core.heavy_client.update_config_info(self.observatory)
                if any(name.endswith("map") for name in missing):
                    crds.client.api.dump_mappings(self.context.name)
                fetch_files(
                    crds,
                    self.context.name,
                    {Path(m).name: m for m in missing if "map" not in m[-4:]},
                )
        except (CrdsError, LookupError) as error:
            return str(error)
        return ""

    def _parameters(self, crds):
        if self.observatory == "jwst":
            return self.parameters
        locator = crds.core.utils.get_locator_module(self.observatory)
        return locator.dataset_to_ref_header(self.parameters)

    def _imap(self, crds, header):
        """Return the rules of the exposure's instrument."""
        pmap = crds.get_cached_mapping(self.context.name)
        names = [n for k, n in header.items() if k.endswith("META.INSTRUMENT.NAME")]
        if not names or names[0] in explain.UNDEFINED:
            raise NoReferenceError(explain.no_instrument(self.parameters, self.origin))
        if pmap.mapping == "pipeline" and names[0].lower() not in pmap.selections.keys():
            raise NoReferenceError(
                explain.unknown_instrument(names[0], pmap.selections.keys(), self.context.name)
            )
        return pmap.get_imap(names[0])

    def _one(self, imap, name, header, files):
        """Choose by the rules of one type."""
        kind = name.lower()
        optional = kind.startswith(PARAMETERS)
        if kind not in imap.selections.keys():
            log.debug("no rules for %s in %s", name, imap.basename)
            text = explain.unknown_type(
                name, imap.selections.keys(), imap.instrument.upper(), self.context.name
            )
            return Reference(name, NOT_APPLICABLE) if optional else Reference(name, problem=text)
        try:
            rmap = imap.selections[kind]
        except OSError as error:
            return _missing_rules(name, error)
        if isinstance(rmap, str):  # N/A or OMIT for the whole instrument
            return Reference(name, NOT_APPLICABLE)
        header = dict.fromkeys(rmap.get_required_parkeys(), "UNDEFINED") | header
        chosen = rmap.get_best_ref(header)
        if chosen is None or chosen == "NOT FOUND n/a":
            return Reference(name, NOT_APPLICABLE)
        if not isinstance(chosen, str):
            text = f"reference {name}: the rules name several files, {chosen}; use override_{name}"
            return Reference(name, problem=text)
        if not chosen.startswith("NOT FOUND"):
            return files.reference(name, chosen)
        if optional:
            log.debug("%s: %s", name, chosen)
            return Reference(name, NOT_APPLICABLE)
        return Reference(name, problem=explain.no_match(rmap, header, self.origin, chosen))


@dataclass(frozen=True)
class _Files:
    """The files of a cache, each looked at before its path is given away."""

    observatory: str
    instrument: str
    settings: object
    bad_allowed: bool

    def reference(self, kind, name):
        """Return the `Reference` of a file, with a problem if it must not be used."""
        settings = self.settings
        bad = server_config(self.observatory, settings).get("bad_files_list") or ()
        if name in bad and not self.bad_allowed:
            text = (
                f"reference {kind}: {name} is marked scientifically invalid by the server; "
                f"use override_{kind}, or set CRDS_ALLOW_BAD_REFERENCES=1"
            )
            return Reference(kind, problem=text)
        path = locate_reference(name, self.observatory, settings, self.instrument)
        expected = catalogue(self.observatory, settings).get(name)
        state = check_file(path, expected, Memo(settings.root, settings.readonly))
        if state.size is None:
            return Reference(kind, problem=path, missing=path)
        text = f"reference {kind}: {state.problem}" if state.problem else ""
        return Reference(kind, "" if text else path, state.size, state.sha1, text)


def _missing_rules(kind, error):
    name = Path(error.filename or str(error)).name
    return Reference(kind, problem=f"rules for {kind}: {name}", missing=name)


def _name_missing(found, context, settings, failure):
    """Give all missing files one common problem that names them and the way out."""
    missing = [r.missing for r in found.values() if r.missing]
    if not missing:
        return found
    files = ", ".join(dict.fromkeys(missing))
    if settings.readonly:
        mend = "the cache is read-only (CRDS_READONLY_CACHE): unset it, or complete the cache"
    elif settings.is_serverless:
        mend = (
            f"no server may be asked (CRDS_SERVER_URL is {settings.server or 'not set'}): "
            "name one, or complete the cache"
        )
    else:
        mend = f"and {settings.server} did not give them" + (f": {failure}" if failure else "")
    text = f"not in the cache {settings.root}, context {context.name}: {files}; {mend}"
    return {k: replace(r, problem=text) if r.missing else r for k, r in found.items()}

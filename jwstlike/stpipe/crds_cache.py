"""The reference cache on disk, read without the `crds` package.

What an offline run must know comes from three places: the environment, the cache's folders and
``config/<observatory>/server_config``, the server's last word. Reading them here keeps errors
about the setting-up fast and lets a run know its context before `crds` is imported.
"""

import ast
import base64
import functools
import gzip
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import CrdsError, did_you_mean

DEFAULT_CACHE = "/grp/crds/cache"  # of crds, when CRDS_PATH is not set
SERVERLESS = ("serverless", "server-less")  # in a URL: crds sends nothing to it
SHOWN = 8  # longest list of files or contexts in a message
CHUNK = 1 << 20


@dataclass(frozen=True)
class CacheSettings:
    """Where the cache is and whom to ask, as the environment says."""

    path: str | None
    server: str | None
    context: str | None
    readonly: bool = False
    folders: tuple = ()  # (variable, folder) of the cache's parts that lie elsewhere

    @property
    def root(self):
        """Folder of the cache, as a `Path`."""
        return Path(self.path or DEFAULT_CACHE)

    @property
    def is_serverless(self):
        """No server may be asked: none is named, or the name says so."""
        return not self.server or any(word in self.server for word in SERVERLESS)

    def folder(self, part, observatory):
        """Folder of one part of the cache: config, mappings or references."""
        variable = {"config": "CRDS_CFGPATH", "mappings": "CRDS_MAPPATH"}.get(part, "CRDS_REFPATH")
        moved = dict(self.folders)
        for name, below in (
            (f"{variable}_SINGLE", ()),
            (variable, (observatory,)),
            ("CRDS_PATH_SINGLE", (part,)),
        ):
            if name in moved:
                return Path(moved[name], *below)
        return self.root / part / observatory


def read_settings(environ=None):
    """Return the `CacheSettings` of the present environment."""
    environ = os.environ if environ is None else environ
    moved = ("CRDS_CFGPATH", "CRDS_MAPPATH", "CRDS_REFPATH", "CRDS_PATH")
    names = [name for v in moved for name in (f"{v}_SINGLE", v) if name != "CRDS_PATH"]
    return CacheSettings(
        path=environ.get("CRDS_PATH", "").strip() or None,
        server=environ.get("CRDS_SERVER_URL", "").strip() or None,
        context=environ.get("CRDS_CONTEXT", "").strip() or None,
        readonly=environ.get("CRDS_READONLY_CACHE", "").strip().lower()
        in {"1", "true", "t", "yes", "y", "on"},
        folders=tuple((name, environ[name]) for name in names if environ.get(name)),
    )


def is_set_up(observatory, settings=None):
    """Tell whether there is a cache or a server to ask at all."""
    settings = settings or read_settings()
    return (
        settings.folder("mappings", observatory).is_dir()
        or settings.folder("config", observatory).is_dir()
        or bool(settings.path and not settings.is_serverless)
    )


def not_set_up(observatory, settings):
    """Return the error for a machine on which nothing says where references are."""
    unset = [
        name
        for name, value in (("CRDS_PATH", settings.path), ("CRDS_SERVER_URL", settings.server))
        if not value
    ]
    missing = f"{' and '.join(unset)} not set, and " if unset else ""
    return CrdsError(
        f"no reference files: {missing}{settings.root} holds no cache for {observatory!r}; set\n"
        "    export CRDS_PATH=$HOME/crds_cache\n"
        f"    export CRDS_SERVER_URL=https://{observatory}-crds.stsci.edu\n"
        "or make a small cache to try things with: `jwstlike demo DIR`, then `. DIR/env.sh`"
    )


# ---------------------------------------------------------------- server_config


def server_config(observatory, settings):
    """Return the server's last word as a dict; empty if the cache has none.

    Raises
    ------
    CrdsError
        The file is there and cannot be read.
    """
    path = settings.folder("config", observatory) / "server_config"
    try:
        stamp = path.stat()
    except OSError:
        return {}
    return _read_server_config(str(path), stamp.st_mtime_ns, stamp.st_size)


@functools.lru_cache(maxsize=8)
def _read_server_config(path, _mtime, _size):
    try:
        found = ast.literal_eval(Path(path).read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise TypeError(type(found).__name__)  # noqa: TRY301 - one message for all
    except (OSError, ValueError, SyntaxError, TypeError) as error:
        raise CrdsError(
            f"{path}: no Python dict ({error}); delete it and let `crds sync` write it anew"
        ) from None
    return found


def catalogue(observatory, settings):
    """Return ``{file name: {"size": ..., "sha1sum": ...}}`` as the server last told it."""
    metadata = server_config(observatory, settings).get("download_metadata", {})
    if "crds_payload" not in metadata:
        return metadata
    return _decode_catalogue(metadata["crds_payload"])


@functools.lru_cache(maxsize=8)
def _decode_catalogue(payload):
    try:
        return json.loads(gzip.decompress(base64.b64decode(payload)))
    except (OSError, ValueError, EOFError) as error:
        raise CrdsError(
            f"server_config: unreadable download_metadata ({error}); let `crds sync` write it anew"
        ) from None


# ---------------------------------------------------------------- context


@dataclass(frozen=True)
class Context:
    """The rules of a run: resolved once, passed to each look-up, recorded.

    Parameters
    ----------
    name : str
        ``jwst_0001.pmap``.
    source : str
        Who said so: an argument, ``CRDS_CONTEXT``, ``server_config``, a server.
    """

    name: str
    source: str
    observatory: str
    server: str | None = None
    cache: str = ""
    last_synced: str | None = None

    def __str__(self):
        synced = f", last synced {self.last_synced}" if self.last_synced else ""
        return f"{self.name} (from {self.source}; cache {self.cache}{synced})"


def offline_context(observatory, settings, wanted=None):
    """Resolve the context with the cache alone.

    Returns
    -------
    Context or None
        None if only a server can tell.
    """
    config = server_config(observatory, settings)
    latest = config.get("latest_context") or config.get("operational_context")
    candidates = (("argument", wanted), ("CRDS_CONTEXT", settings.context))
    source, name = next(((s, n) for s, n in candidates if n), ("server_config", latest))
    symbols = {
        "latest": latest,
        f"{observatory}-latest": latest,
        f"{observatory}-operational": latest,
        f"{observatory}-edit": config.get("edit_context"),
    }
    if name in symbols:
        source, name = f"{source} {name!r}, server_config", symbols[name]
    if name and source.startswith("CRDS_CONTEXT") and name.endswith((".imap", ".rmap")):
        raise CrdsError(
            f"CRDS_CONTEXT: {name!r} is no context; set it to a .pmap, "
            + (f"e.g. export CRDS_CONTEXT={latest}" if latest else "or unset it")
        )
    if not name or not name.endswith((".pmap", ".imap", ".rmap")):
        return None
    return Context(
        name, source, observatory, settings.server, str(settings.root), config.get("last_synced")
    )


def unresolved_context(observatory, settings, wanted=None):
    """Return the error for a context that only a server could resolve."""
    name = wanted or settings.context
    if not name:
        where = settings.folder("config", observatory) / "server_config"
        return CrdsError(
            f"no CRDS context: CRDS_CONTEXT is not set and {where} names none; "
            f"contexts in the cache: {present_contexts(observatory, settings)}; "
            "set export CRDS_CONTEXT=... to one of them"
        )
    return CrdsError(
        f"CRDS context {name!r}: only a server can tell which .pmap that is, and "
        f"CRDS_SERVER_URL is {settings.server or 'not set'}; contexts in the cache: "
        f"{present_contexts(observatory, settings)}"
    )


def absent_context(context, settings):
    """Return the error for a context whose mapping is not in the cache."""
    folder = settings.folder("mappings", context.observatory)
    names = [p.name for p in folder.glob("*.pmap")]
    return CrdsError(
        f"CRDS context {context.name!r} (from {context.source}) is not in the cache {folder}; "
        f"contexts present: {present_contexts(context.observatory, settings)}"
        + did_you_mean(context.name, names)
    )


def present_contexts(observatory, settings):
    """Name the newest contexts of the cache, for a message."""
    names = sorted(
        (p.name for p in settings.folder("mappings", observatory).glob("*.pmap")), reverse=True
    )
    return short_list(names) or "none"


def short_list(names):
    """Join at most `SHOWN` names and say how many more there are."""
    names = [str(n) for n in names]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


# ---------------------------------------------------------------- files


def locate_reference(name, observatory, settings, instrument=None):
    """Return the path of a reference file in the cache, whether it is there or not.

    The layout is the one that ``ref_cache_subdir_mode`` names: a folder per instrument, or flat.
    `crds` needs other packages to tell; this does not.
    """
    folder = settings.folder("references", observatory)
    mode = settings.folder("config", observatory) / "ref_cache_subdir_mode"
    try:
        flat = mode.read_text(encoding="utf-8").strip() == "flat"
    except OSError:
        flat = (folder / name).is_file()
    if flat:
        return str(folder / name)
    below = [folder / instrument.lower() / name] if instrument else []
    below += [path for path in sorted(folder.glob(f"*/{name}")) if path not in below]
    named = next((p for p in name.split("_")[1:2]), "")
    return str(next((p for p in below if p.is_file()), (below or [folder / named / name])[0]))


@dataclass(frozen=True)
class FileState:
    """What was found of one reference file; `problem` is empty if it can be used."""

    path: str
    size: int | None = None
    sha1: str | None = None
    problem: str = ""
    expected: dict = field(default_factory=dict)


def check_file(path, expected=None, memo=None):
    """Compare a file of the cache with the server's catalogue.

    Parameters
    ----------
    path : str
        The file.
    expected : dict, optional
        ``{"size": ..., "sha1sum": ...}``; what is not known is not checked.
    memo : `Memo`, optional
        Checksums found earlier; without it only the size is compared.

    Returns
    -------
    FileState
        With a `problem` if the file is absent or not the catalogue's.
    """
    expected = expected if isinstance(expected, dict) else {}
    try:
        stamp = Path(path).stat()
    except OSError:
        return FileState(path, problem=f"{path}: not in the cache", expected=expected)
    size, sha1 = expected.get("size"), expected.get("sha1sum")
    mend = "delete the file so that it is fetched again"
    if size not in (None, "") and int(size) != stamp.st_size:
        problem = f"{path}: damaged: {stamp.st_size} bytes, the catalogue says {size}; {mend}"
        return FileState(path, stamp.st_size, problem=problem, expected=expected)
    if not stamp.st_size:
        problem = f"{path}: damaged: empty; {mend}"
        return FileState(path, 0, problem=problem, expected=expected)
    if memo is None or sha1 in (None, "", "none"):
        return FileState(path, stamp.st_size, sha1, expected=expected)
    found = memo.sha1(path, stamp)
    problem = "" if found == sha1 else f"{path}: damaged: sha1 {found}, the catalogue says {sha1}"
    problem += f"; {mend}" if problem else ""
    return FileState(path, stamp.st_size, found, problem, expected)


class Memo:
    """Checksums of files of the cache, computed once per (path, size, time of change).

    Parameters
    ----------
    root : path
        Folder of the cache; the memo is ``.jwstlike/sha1.json`` below it.
    readonly : bool
        Never write; checksums then live as long as this object.
    """

    def __init__(self, root, readonly=False):
        self.file = Path(root) / ".jwstlike" / "sha1.json"
        self.readonly = readonly
        self.known = self._read()

    def _read(self):
        try:
            known = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def sha1(self, path, stamp):
        """Return the sha1 of a file whose `os.stat_result` is `stamp`."""
        key = str(path)
        state = [stamp.st_size, stamp.st_mtime_ns]
        entry = self.known.get(key)
        if isinstance(entry, list) and entry[:2] == state:
            return entry[2]
        found = file_sha1(path)
        self.known[key] = [*state, found]
        self._write(key)
        return found

    def _write(self, key):
        if self.readonly:
            return
        entry, self.known = self.known[key], self._read()  # others write it too
        self.known[key] = entry
        temporary = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        try:
            self.file.parent.mkdir(exist_ok=True)
            temporary.write_text(json.dumps(self.known, indent=0), encoding="utf-8")
            temporary.replace(self.file)
        except OSError:
            self.readonly = True  # a cache that cannot be written works all the same


def file_sha1(path):
    """Return the sha1 of a file's bytes, as hexadecimal digits."""
    digest = hashlib.sha1(usedforsecurity=False)
    with Path(path).open("rb") as stream:
        while block := stream.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()

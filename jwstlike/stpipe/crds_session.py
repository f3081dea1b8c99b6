"""Calls of the `crds` package that leave the process as it was.

`crds` keeps its server, its cache layout and what it has read in module variables, prints to
standard error through a handler of its own, and ends the interpreter when it has no settings.
`client` holds all that still for the length of a ``with`` block.
"""

import contextlib
import logging
import threading
import warnings

from ..errors import CrdsError, JwstlikeError

log = logging.getLogger("stpipe.crds")

OFFLINE = "https://serverless"  # crds sends nothing to a server of such a name
_LOCK = threading.RLock()
_SEEN = {"cache": None}  # the cache that crds' own memory belongs to


@contextlib.contextmanager
def client(settings, server=OFFLINE):
    """Give the `crds` module, its server set to `server`, its messages in ``stpipe.crds``.

    Parameters
    ----------
    settings : CacheSettings
        The cache to use; crds forgets what it knew of another one.
    server : str
        A URL; by default one that crds never calls.

    Raises
    ------
    CrdsError
        In place of any error of crds, its SystemExit among them.
    """
    with _LOCK, _redirected_log():
        crds = _import()
        try:
            _forget_other_cache(crds, settings)
            with _server(crds, server):
                yield crds
        except JwstlikeError:
            raise
        except (crds.CrdsError, AssertionError, OSError, ImportError) as error:
            raise CrdsError(f"CRDS: {error}") from error
        except SystemExit as error:
            raise CrdsError(
                f"CRDS gave up without an answer; cache {settings.root}, server {server}"
            ) from error


def _import():
    with warnings.catch_warnings():  # crds sets a filter when it is imported
        warnings.simplefilter("ignore")
        try:
            import crds
            import crds.client.api
            import crds.core.heavy_client
        except ImportError as error:
            raise CrdsError(
                f"the package crds cannot be imported ({error}); pip install crds"
            ) from (error)
    return crds


class _Redirect(logging.Filter):
    """Send each record of the logger to ``stpipe.crds`` and to no handler of its own."""

    def filter(self, record):
        log.log(record.levelno, "%s", record.getMessage())
        return False


@contextlib.contextmanager
def _redirected_log():
    logger, redirect = logging.getLogger("CRDS"), _Redirect()
    logger.addFilter(redirect)
    try:
        yield
    finally:
        logger.removeFilter(redirect)


def _forget_other_cache(crds, settings):
    """Clear what crds read from another cache, or from this one before it was made anew."""
    stamps = tuple(
        (str(path), path.stat().st_mtime_ns)
        for pattern in ("config/*/server_config", "mappings/*")
        for path in sorted(settings.root.glob(pattern))
    )
    cache = (settings.root, settings.folders, stamps)
    if _SEEN["cache"] != cache:
        crds.core.utils.clear_function_caches()
        crds.core.config.CRDS_REF_SUBDIR_MODE = "None"
        _SEEN["cache"] = cache


@contextlib.contextmanager
def _server(crds, url):
    api = crds.client.api
    saved = {name: vars(api)[name] for name in ("URL", "S") if name in vars(api)}
    api.set_crds_server(url)
    _forget_server(crds)
    try:
        yield
    finally:
        vars(api).update(saved)
        _forget_server(crds)


def _forget_server(crds):
    """Clear the functions that remember a server's answers; mappings stay loaded."""
    for module in (crds.client.api, crds.core.heavy_client):
        for value in vars(module).values():
            if isinstance(getattr(value, "cache", None), dict):
                value.cache.clear()


def fetch_files(crds, context, paths):
    """Let crds fetch reference files to given places.

    Parameters
    ----------
    crds : module
        As given by `client` with a server.
    context : str
        The run's context.
    paths : dict
        File name -> path in the cache.
    """

    class Fetcher(crds.client.api.FileCacher):
        def locate(self, name):
            return paths[name]

    if paths:
        Fetcher(context, raise_exceptions=False).get_local_files(list(paths))

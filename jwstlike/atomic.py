"""Write a file so that at every moment the old one or the new one is there, whole."""

import contextlib
import os
import stat
from pathlib import Path


@contextlib.contextmanager
def replacing(path):
    """Give a binary file that takes the place of `path` when the block ends well.

    It is written beside `path`, flushed to the disk and renamed. An error, a full disk or a kill
    leaves the old file; only a kill can leave the temporary one (``.NAME.XXXX.tmp``).

    Parameters
    ----------
    path : str or Path
        Of a link, the file it points to is replaced.

    Raises
    ------
    OSError
        Naming `path`.
    """
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        stream = temporary.open("xb")
    except OSError as error:
        raise _cannot_be_written(error, path) from None
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno and not _names_a_file(error, temporary):
            raise _cannot_be_written(error, path) from error
        raise
    _sync_folder(path.parent)


def _names_a_file(error, temporary):
    """Whether an error tells of a file that a user knows."""
    return error.filename is not None and str(error.filename) != str(temporary)


def _cannot_be_written(error, path):
    return OSError(error.errno, f"cannot be written ({error.strerror})", str(path))


def _sync_folder(folder):
    """Make the rename itself last, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

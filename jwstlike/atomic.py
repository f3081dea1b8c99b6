"""Write a file so that at every moment the old one or the new one is there, whole."""

import contextlib
import itertools
import os
import stat

try:
    import fcntl
except ImportError:  # Windows: what a killed writer left cannot be told from what another writes
    fcntl = None

SHOWN = 60  # characters of the target's name in the name of a temporary file
ATTRIBUTES = ("user.", "system.posix_acl_access")


@contextlib.contextmanager
def replacing(path):
    """Give a binary file that takes the place of `path` when the block ends well.

    While it is written it has no name, where the system allows that (Linux, all of its own file
    systems): however the process ends, nothing of it is left. Elsewhere it lies beside the target
    as ``.NAME.jwstlike0.tmp``. It is flushed to the disk and put in place. Linux as well needs
    that name to replace an old file, for the moment between two system calls; what a process that
    was killed just then has left is removed by the next one that writes the same target.

    Permissions, owner and access list of the old file are kept, as far as the user may set them.

    Parameters
    ----------
    path : str or Path
        Of a link, the file it points to is replaced. A device or pipe is written as it is.

    Raises
    ------
    OSError
        Naming `path`.
    """
    path = os.fspath(path)
    with _naming(path):
        draft = _Draft(path) if _is_replaceable(path) else _Direct(path)
    with draft:
        with _naming(path, always=False):
            yield draft.stream
        with _naming(path):
            draft.stream.flush()
            draft.put_in_place()


@contextlib.contextmanager
def _naming(path, always=True):
    """Let errors of the system name `path`; those that name another file only if `always`."""
    try:
        yield
    except OSError as error:
        if error.errno and (always or error.filename is None):
            text = f"cannot be written ({error.strerror})"
            raise OSError(error.errno, text, path) from error
        raise


def _is_replaceable(path):
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - also of ``/dev/fd/5``
    except FileNotFoundError:
        return True


class _Direct:
    """A device or pipe that is written."""

    def __init__(self, path):
        self.stream = open(path, "wb")  # noqa: PTH123 - a folder is told as an error

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        with contextlib.suppress(OSError):  # what could not be written was told
            self.stream.close()

    def put_in_place(self):
        """Do nothing."""


class _Draft(_Direct):
    """A file that is written to become another one."""

    def __init__(self, path):
        self.target, self.name = os.path.realpath(path), None
        self.stream = _without_name(os.path.dirname(self.target))  # noqa: PTH120 - of a text
        if self.stream is None:
            self._take_name(self._create)

    def __exit__(self, *exc_info):
        if self.name is not None:
            with contextlib.suppress(OSError):
                os.unlink(self.name)  # noqa: PTH108
        super().__exit__()

    def put_in_place(self):
        """Flush the file to the disk and let it become the target."""
        _keep_attributes(self.target, self.stream.fileno())
        os.fsync(self.stream.fileno())
        if self.name is None:
            try:
                self._link(self.target)
            except FileExistsError:
                _lock(self.stream)
                self._take_name(self._link)
        if self.name is not None:
            if fcntl is None:
                self.stream.close()  # Windows renames no open file
            os.replace(self.name, self.target)  # noqa: PTH105
            self.name = None
        _sync_folder(os.path.dirname(self.target))  # noqa: PTH120

    def _take_name(self, make):
        """Make the file at the first temporary name where no other writer has one."""
        folder, name = os.path.split(self.target)
        for number in itertools.count():
            temporary = os.path.join(folder, f".{name[:SHOWN]}.jwstlike{number}.tmp")  # noqa: PTH118
            _remove_dead(temporary)
            with contextlib.suppress(FileExistsError):
                make(temporary)
                self.name = temporary
                return

    def _create(self, temporary):
        self.stream = open(temporary, "xb")  # noqa: PTH123
        _lock(self.stream)
        if fcntl is not None and not os.fstat(self.stream.fileno()).st_nlink:
            self.stream.close()
            raise FileExistsError  # taken for a dead one before it was locked

    def _link(self, name):
        descriptor = self.stream.fileno()
        # Only with a folder does Python ask for the file behind the link; it is not used.
        os.link(f"/proc/self/fd/{descriptor}", name, src_dir_fd=descriptor)


def _without_name(folder):
    """Open a new file without a name in a folder; None where that is not possible."""
    descriptor = None
    if hasattr(os, "O_TMPFILE"):
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o666)
            os.stat(f"/proc/self/fd/{descriptor}")  # noqa: PTH116 - needed to give it a name
            return open(descriptor, "wb")  # noqa: PTH123
        if descriptor is not None:
            os.close(descriptor)
    return None


def _lock(stream):
    """Show other processes, for as long as the file is open, that its writer lives."""
    if fcntl is not None:
        with contextlib.suppress(OSError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_dead(temporary):
    """Remove a temporary file if there is one whose writer lives no more."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError), open(temporary, "r+b", buffering=0) as left:  # noqa: PTH123
        fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(left.fileno()), os.stat(temporary)):  # noqa: PTH116
            os.unlink(temporary)  # noqa: PTH108


def _keep_attributes(old, descriptor):
    """Give a new file what the old one has, as far as the user may."""
    try:
        status = os.stat(old)  # noqa: PTH116
    except FileNotFoundError:
        return
    if not hasattr(os, "fchown"):
        return
    for owner in (status.st_uid, -1):  # the group alone, if no more is allowed
        with contextlib.suppress(OSError):
            os.fchown(descriptor, owner, status.st_gid)
            break
    if os.fstat(descriptor).st_mode != status.st_mode:  # some file systems know one mode only
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    for name in os.listxattr(old) if hasattr(os, "listxattr") else ():
        if name.startswith(ATTRIBUTES):
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(old, name))


def _sync_folder(folder):
    """Make the new name itself last, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

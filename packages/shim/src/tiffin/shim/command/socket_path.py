"""The socket of a shim: where it lies, and how one of several that start at once gets it.

/run/containerd/s/<sha256 of containerd's address, namespace and group>, as the real shim has it: a shim that is started
again gets the same address, which containerd remembers.

Whoever binds, probes or removes a socket there holds a lock on the folder, so that nobody takes one that is about to
listen for one that a dead shim has left.
"""

from __future__ import annotations

import errno
import fcntl
import posix
import stat
from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, socket
from contextlib import contextmanager

from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.state.files import make_parents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    from _sha2 import sha256  # type: ignore[import-not-found]  # hashlib would load OpenSSL
except ImportError:  # before Python 3.12
    from _sha256 import sha256  # type: ignore[import-not-found]

DIRECTORY = "/run/containerd/s"
BACKLOG = 4096
LONGEST = 107  # bytes of a path in struct sockaddr_un, less its end


def socket_path(directory: str, address: str, namespace: str, group: str) -> str:
    """Where the shim of a group listens. directory: "" for the usual one. Raises InvalidArgument if it is too long."""
    name = sha256(_joined(address, namespace, group).encode()).hexdigest()
    path = f"{directory or DIRECTORY}/{name}"
    if len(path.encode()) > LONGEST:
        raise InvalidArgument(f"the path of a socket has at most {LONGEST} bytes: {path}")
    return path


def _joined(*parts: str) -> str:
    """As Go's filepath.Join: "" counts for nothing, `.` and `..` are resolved."""
    resolved: list[str] = []
    path = "/".join(part for part in parts if part)
    for part in path.split("/"):
        if part == "..":
            if resolved and resolved[-1] != "..":
                resolved.pop()
            elif not path.startswith("/"):
                resolved.append(part)
        elif part not in {"", "."}:
            resolved.append(part)
    return ("/" if path.startswith("/") else "") + "/".join(resolved) or "."


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Nobody else binds, probes or removes a socket in this one's folder, which is made if need be."""
    directory = path.rpartition("/")[0]
    make_parents(directory, mode=0o700)
    descriptor = posix.open(directory, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        posix.close(descriptor)


def listen(path: str) -> socket | None:
    """Listens there, or tells by None that another does; a dead one's socket is removed. The folder is `locked`."""
    try:
        return _bound(path)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
    if is_answered(path):
        return None
    posix.unlink(path)
    return _bound(path)


def remove_dead(path: str) -> None:
    """Removes a socket on which nobody listens. The folder is `locked`."""
    if stat.S_ISSOCK(posix.lstat(path).st_mode) and not is_answered(path):
        posix.unlink(path)


class SocketFile:
    """The file of a socket that listens now; "" for none. It is removed only as long as it is the same one."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._made = _identity(path) if path else None

    def remove(self) -> None:
        """Removes it, unless another shim's is there by now, or nothing."""
        if self._made is not None:
            with locked(self._path):
                if _identity(self._path) == self._made:
                    posix.unlink(self._path)


def is_answered(path: str) -> bool:
    """Whether somebody listens; one who has too many to accept is there as well."""
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
    try:
        return probe.connect_ex(path) in {0, errno.EAGAIN}
    finally:
        probe.close()


def _bound(path: str) -> socket:
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)
    try:
        posix.fchmod(listening.fileno(), 0o600)  # bind(2) makes the file with the mode of the socket
        listening.bind(path)
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = posix.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino

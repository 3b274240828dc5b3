"""Addresses of unix sockets, and listening sockets of all three sorts: by path, abstract, inherited."""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import ExitStack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

BACKLOG = 4096


def parse(address: str | Path) -> str:
    """What connect(2) and bind(2) are given for "unix:///path", "/path", "@abstract" or "unix://@abstract".

    An abstract name may begin with a NUL instead, as containerd has it. Source: unix(7).
    """
    text = str(address).removeprefix("unix://")
    return f"\0{text[1:]}" if text.startswith("@") else text


class Listener:
    """A listening socket; if it made a file, that goes when it is closed."""

    def __init__(self, listening: socket.socket, path: str = "") -> None:
        self.socket = listening
        self._path = path
        self._made = _identity(path) if path else None

    def close(self) -> None:
        """Stops listening, and removes the socket's file, unless another has taken its place."""
        self.socket.close()
        if self._made is not None and _identity(self._path) == self._made:
            os.unlink(self._path)
        self._made = None


def bind(address: str | Path, *, mode: int = 0o600, replace_stale: bool = False) -> Listener:
    """Listens on a unix socket.

    Args:
        mode: of the socket's file, whatever the umask is; an abstract one has none, see `Server`'s `authorize`.
        replace_stale: a socket's file on which nobody listens is removed first. Only for who holds a lock, or knows
            by other means that nobody else is about to listen there.

    Raises:
        OSError: EADDRINUSE: somebody listens there, or there is a file.
    """
    where = parse(address)
    with ExitStack() as undo:
        listening = undo.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        listening.setblocking(False)
        if where.startswith("\0"):
            listening.bind(where)
        else:
            os.fchmod(listening.fileno(), mode & 0o777)  # bind(2) makes the file with the mode of the socket,
            if replace_stale and _is_stale(where):
                os.unlink(where)
            listening.bind(where)
            undo.callback(os.unlink, where)
            os.chmod(where, mode)  # less the umask
        listening.listen(BACKLOG)
        undo.pop_all()
    return Listener(listening, "" if where.startswith("\0") else where)


def inherit(descriptor: int) -> Listener:
    """Takes over a descriptor that listens, as systemd and containerd hand it down. Raises OSError if it does not."""
    listening = socket.socket(fileno=descriptor)
    if not listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listening.detach()
        raise OSError(errno.EINVAL, f"descriptor {descriptor} does not listen")
    listening.setblocking(False)
    listening.set_inheritable(False)
    return Listener(listening)


def _is_stale(path: str) -> bool:
    """There is a socket that refuses connections. (So does a file that is none.)"""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return False
    except FileNotFoundError:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == errno.ECONNREFUSED


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino

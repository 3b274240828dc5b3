"""`SocketFile`: the file of a unix socket. It appears when somebody listens, with its mode and owner.

bind(2) makes a file that anybody may connect to (less the umask), before its mode can be set. So it is bound under a
provisional name, with a umask that lets nobody in, and renamed when all is set.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress

from tiffin.image.durable import make_folder
from tiffin.runtime.errors import FailedPrecondition, Unavailable

MODE = 0o660
BACKLOG = 4096


class SocketFile:
    """One that is to be published. Close it when the socket is closed: that removes the file.

    Args:
        path: absolute.
        uid, gid: of the file. mode: likewise.

    Raises:
        Unavailable: somebody answers there. FailedPrecondition: there is something else. OSError: as the disk says.
    """

    def __init__(self, path: str, uid: int, gid: int, mode: int = MODE) -> None:
        folder, self._name = os.path.split(path)
        make_folder(folder)
        require_free(path)
        self.path = path
        self._owner = (uid, gid)
        self._mode = mode
        self._made: os.stat_result | None = None
        self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._provisional = f".{self._name}.new"
        self._remove(self._provisional)

    @property
    def provisional(self) -> str:
        """Where to bind: short, however long the path is."""
        return f"/proc/self/fd/{self._folder}/{self._provisional}"

    def listen(self) -> socket.socket:
        """Binds, listens and publishes."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            with closed_umask():
                listening.bind(self.provisional)
            listening.listen(BACKLOG)
            self.publish()
        except BaseException:
            listening.close()
            raise
        return listening

    def publish(self) -> None:
        """Gives the file its owner, mode and name; somebody listens by now. Raises as the constructor."""
        uid, gid = self._owner
        if self._owner != (os.geteuid(), os.getegid()):
            os.chown(self._provisional, uid, gid, dir_fd=self._folder, follow_symlinks=False)
        os.chmod(self.provisional, self._mode)
        require_free(self.path)
        os.rename(self._provisional, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._made = os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)

    def hide(self) -> None:
        """Removes the file, unless another has taken its place: nobody finds us any more."""
        with suppress(FileNotFoundError):
            found = os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
            if self._made is not None and os.path.samestat(found, self._made):
                os.unlink(self._name, dir_fd=self._folder)
        self._made = None

    def close(self) -> None:
        """Removes what is left of it."""
        self.hide()
        self._remove(self._provisional)
        os.close(self._folder)

    def _remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._folder)


class closed_umask:  # noqa: N801  # used as a function
    """What is made in the block is for its owner only. The umask is the process's: for the start alone."""

    def __enter__(self) -> None:
        self._before = os.umask(0o177)

    def __exit__(self, *_: object) -> None:
        os.umask(self._before)


def require_free(path: str) -> None:
    """Nothing is there, or a socket that a daemon has left behind. Raises as `SocketFile`."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FailedPrecondition(f"{path!r} is there, and is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        if probe.connect_ex(path) not in (errno.ECONNREFUSED, errno.ENOENT):
            raise Unavailable(f"somebody listens on {path!r} already: stop it, or use another address")

"""NOTIFY_SOCKET: what a container tells systemd by sd_notify(3) is passed on to the host's socket.

The container finds a socket of ours at /run/notify/notify.sock (a bind of <state>/notify); READY=1 from it goes to
the host's socket, followed by MAINPID.
"""

from __future__ import annotations

import _socket
import posix
import select

from ..launch.process_end import open_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from tiffin.spec.runtime.tree import ConfigTree

FOLDER = "notify"
NAME = "notify.sock"
INSIDE = "/run/notify"
SOCKET_MODE = 0o777
READ_SIZE = 4096
OPTIONS = ("bind", "nosuid", "noexec", "nodev", "ro")


def add_notify_mount(config: ConfigTree, directory: str) -> ConfigTree:
    """The config with the socket's folder mounted, and NOTIFY_SOCKET in the environment."""
    mount: Any = {"destination": INSIDE, "source": f"{directory}/{FOLDER}", "options": list(OPTIONS)}
    changed: Any = dict(config)
    changed["mounts"] = [*config.get("mounts", ()), mount]
    process: Any = dict(config.get("process", {}))
    process["env"] = [*process.get("env", ()), f"NOTIFY_SOCKET={INSIDE}/{NAME}"]
    changed["process"] = process
    return changed  # type: ignore[no-any-return]


def make_notify_folder(directory: str) -> None:
    """Makes the folder that is mounted."""
    posix.mkdir(f"{directory}/{FOLDER}", 0o755)


class NotifySocket:
    """Listens for the container, and tells the host."""

    def __init__(self, directory: str, host: str) -> None:
        self._host = "\0" + host[1:] if host.startswith("@") else host
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC)
        folder = posix.open(f"{directory}/{FOLDER}", posix.O_PATH | posix.O_DIRECTORY | posix.O_CLOEXEC)
        try:
            # by its descriptor: a socket's name has 107 bytes at the most (unix(7)), a state directory may have more
            self._socket.bind(f"/proc/self/fd/{folder}/{NAME}")
            posix.chmod(NAME, SOCKET_MODE, dir_fd=folder)
        finally:
            posix.close(folder)

    @classmethod
    def of_container(cls, directory: str, host: str) -> NotifySocket | None:
        """The socket of a container that waits for its start; None if it was created without one."""
        try:
            return cls(directory, host)
        except FileNotFoundError:
            return None

    def forward(self, pid: int, *, main_pid: int = 0) -> None:
        """Returns when the container was reported ready, or its process has ended.

        Args:
            pid: of the container's process.
            main_pid: what systemd shall watch, if it is not that.
        """
        watched = open_end(pid)
        try:
            poll = select.poll()
            poll.register(self._socket.fileno(), select.POLLIN)
            poll.register(watched, select.POLLIN)
            while True:
                ready = dict(poll.poll())
                if self._socket.fileno() in ready:
                    for line in self._socket.recv(READ_SIZE).split(b"\n"):
                        if line.startswith(b"READY="):
                            self._tell(line, main_pid or pid)
                            return
                elif watched in ready:
                    return
        finally:
            posix.close(watched)

    def _tell(self, line: bytes, pid: int) -> None:
        client = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC)
        try:
            client.connect(self._host)
            client.send(line + b"\n")
            client.send(f"MAINPID={pid}\n".encode())
        finally:
            client.close()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

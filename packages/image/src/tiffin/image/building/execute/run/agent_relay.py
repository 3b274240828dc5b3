"""`relay`: a socket in front of the host's SSH agent, with another owner and mode: RUN --mount=type=ssh,uid=1000."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .request import AgentMount

BLOCK = 65536


def relay(mount: AgentMount, path: str) -> None:
    """Makes the socket, and a process that serves it until the pid namespace ends. Raises OSError."""
    listening = socket.socket(socket.AF_UNIX)
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_CLOEXEC)
    try:
        # by the descriptor: the address of a socket has no more than 107 bytes (unix(7))
        listening.bind(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
        os.chown(path, mount.uid, mount.gid)
        os.chmod(path, mount.mode)
        listening.listen()
        if os.fork() == 0:
            _serve(listening, mount.source)
    finally:
        os.close(folder)
        listening.close()


def _serve(listening: socket.socket, source: str) -> None:
    """Never returns."""
    try:
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_connect, args=[connection, source], daemon=True).start()
    finally:
        os._exit(1)


def _connect(connection: socket.socket, source: str) -> None:
    # an agent that is gone: so is this connection, then
    with connection, socket.socket(socket.AF_UNIX) as agent, suppress(OSError):
        agent.connect(source)
        answers = threading.Thread(target=_pump, args=[agent, connection], daemon=True)
        answers.start()
        _pump(connection, agent)
        answers.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Hands everything over, and then the end of it."""
    with suppress(OSError):  # the other side went away
        while data := source.recv(BLOCK):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

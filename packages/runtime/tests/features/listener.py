"""A seccomp agent: receives the notify descriptor and the state of a process, and answers its system calls.

seccomp_unotify(2); runtime-spec, config-linux.md, "The Container Process State".
"""

from __future__ import annotations

import array
import fcntl
import json
import os
import select
import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SECONDS = 20.0
RECEIVE, SEND = 0xC0502100, 0xC0182101  # linux/seccomp.h: SECCOMP_IOCTL_NOTIF_RECV and _SEND
NOTIFICATION, ANSWER = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
STATE_SIZE = 65536


class Notified:
    """One process whose calls are notified: its state, and the descriptor to answer them; a context manager."""

    def __init__(self, state: dict[str, Any], descriptor: int) -> None:
        self.state = state
        self._descriptor = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def answer(self, errno: int) -> int:
        """Waits for one call and refuses it with this errno; returns the pid of its process."""
        if not select.select([self._descriptor], [], [], SECONDS)[0]:
            raise TimeoutError("no system call was notified")
        buffer = bytearray(NOTIFICATION.size)
        fcntl.ioctl(self._descriptor, RECEIVE, buffer)
        identifier, pid, *_ = NOTIFICATION.unpack(buffer)
        fcntl.ioctl(self._descriptor, SEND, ANSWER.pack(identifier, 0, -errno, 0))
        return int(pid)


class Agent:
    """Listens at a path; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "seccomp.sock"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen(4)
        self._listener.settimeout(SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def accept(self) -> Notified:
        """The next process."""
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(SECONDS)
            text, ancillary, _, _ = connection.recvmsg(STATE_SIZE, socket.CMSG_SPACE(4))
            while piece := connection.recv(STATE_SIZE):
                text += piece
        (_, kind, data), *_ = ancillary
        assert kind == socket.SCM_RIGHTS
        return Notified(json.loads(text), array.array("i", data)[0])

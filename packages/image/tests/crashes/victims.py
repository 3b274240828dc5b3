"""Processes that work on a store and are killed. They are forked by a server that has imported everything already.

This module is the server too: `python -m packages.image.tests.crashes.victims DESCRIPTOR`.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from packages.image.tests.crashes.failpoints import run_to_step, stop_at_steps
from packages.image.tests.crashes.images import pull_image
from packages.image.tests.crashes.stores import later

from tiffin.image.store.store import Store

ROOT = Path(__file__).resolve().parents[4]
SECONDS = 60.0
MOST = 65536
FAILED = 3


@dataclass(frozen=True)
class Work:
    """What a victim does: a pull of `source` as `name`, or without a source a collection, by its time a day later."""

    root: str
    source: str = ""
    name: str = ""
    now: bool = False

    def run(self) -> None:
        """All of it."""
        if self.source:
            pull_image(self.source, Store(self.root), self.name)
        else:
            (Store(self.root) if self.now else later(self.root)).collect()


class Victim:
    """One process, as its server started it. process: its pidfd. listener: -1, or what tells of its steps."""

    def __init__(self, server: Victims, process: int, listener: int) -> None:
        self._server = server
        self._process = process
        self._listener = listener

    def kill_after(self, seconds: float) -> bool:
        """Kills it after a time, unless it has ended; whether it was killed."""
        select.select([self._process], [], [], seconds)
        signal.pidfd_send_signal(self._process, signal.SIGKILL)
        return self.wait() == -signal.SIGKILL

    def kill_before(self, step: int) -> bool:
        """Kills it before a step; whether it got that far."""
        run_to_step(self._listener, self._process, step, SECONDS)
        return self.wait() == -signal.SIGKILL

    def count_steps(self) -> int:
        """Lets it end, undisturbed."""
        steps = run_to_step(self._listener, self._process, 0, SECONDS)
        assert self.wait() == 0
        return steps

    def wait(self) -> int:
        """Its exit code when it has ended, the negative signal if one ended it."""
        assert select.select([self._process], [], [], SECONDS)[0], "it does not end"
        os.close(self._process)
        if self._listener >= 0:
            os.close(self._listener)
        return self._server.status()


class Victims:
    """The server; a context manager."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(SECONDS)
        paths = os.pathsep.join([str(ROOT), str(ROOT / "tests/support")])
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": paths},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._server.wait(SECONDS)

    def start(self, work: Work, *, stepwise: bool = False) -> Victim:
        """A process that does the work; one at a time."""
        self._socket.send(json.dumps({"work": asdict(work), "stepwise": stepwise}).encode())
        message, descriptors, _, _ = socket.recv_fds(self._socket, MOST, 2)
        assert message, "the server of victims has ended"
        return Victim(self, descriptors[0], descriptors[1] if stepwise else -1)

    def status(self) -> int:
        """Of the one that ended."""
        self._socket.send(b"{}")
        return int(json.loads(self._socket.recv(MOST))["status"])


def serve(connection: socket.socket) -> None:
    """Until the other end is closed."""
    pid = 0
    while text := connection.recv(MOST):
        request = json.loads(text)
        if request:
            pid = _started(connection, request)
        else:
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            connection.send(json.dumps({"status": status}).encode())


def _started(connection: socket.socket, request: dict[str, Any]) -> int:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        code = FAILED
        try:
            _be_victim(theirs, request)
            code = 0
        except Exception:  # noqa: BLE001  # the end of a process
            traceback.print_exc()
        finally:
            os._exit(code)
    theirs.close()
    with ours:
        _, descriptors, _, _ = socket.recv_fds(ours, MOST, 1)
        process = os.pidfd_open(pid)
        ours.send(b"go")  # before anybody can kill it
        socket.send_fds(connection, [b"started"], [process, *descriptors])
        for descriptor in (process, *descriptors):
            os.close(descriptor)
    return pid


def _be_victim(connection: socket.socket, request: dict[str, Any]) -> None:
    work = Work(**request["work"])
    descriptors = [stop_at_steps()] if request["stepwise"] else []
    socket.send_fds(connection, [b"ready"], descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    connection.recv(MOST)
    work.run()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))

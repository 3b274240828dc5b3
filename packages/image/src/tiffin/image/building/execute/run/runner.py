"""`Runner`: has commands run by the server process, which is started for the first of them."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

from tiffin.image.errors import FailedPrecondition, ImageFailure
from tiffin.spec.json_tree import decode

from .request import receive, send, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    import subprocess
    from collections.abc import Callable, Iterator
    from typing import Self

    from .request import RunRequest

SERVER = "tiffin.image.building.execute.run.server"
SHUT_WR = 1  # of `socket`, which is only imported when something runs
BLOCK = 65536
MOST_LINE = 64 * 1024  # bytes; a longer one is told in pieces


class Cancelled(ImageFailure):
    """The command was killed, because the build was given up."""


class Runner:
    """Use it in a `with` statement; several threads may run commands at once.

    Args:
        point: an empty folder. In namespaces of their own, all commands have their files mounted there.
    """

    def __init__(self, point: str) -> None:
        self._point = point
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._running: set[socket.socket] = set()
        self._cancelled = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Kills what still runs; the server ends with its socket."""
        self.cancel()
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            self._server.wait()

    def cancel(self) -> None:
        """Kills all commands, and runs no more. May be called from any thread."""
        with self._lock:
            self._cancelled = True
            for connection in self._running:
                _give_up(connection)

    def start(self) -> None:
        """Starts the server, so that the first command need not wait for it."""
        import socket
        import subprocess

        with self._lock:
            if self._server is None:
                ours, theirs = socket.socketpair()
                with theirs:
                    # -P: nothing is imported from the current directory; a session of its own hears no Ctrl-C
                    self._server = subprocess.Popen(
                        [sys.executable, "-P", "-m", SERVER, self._point],
                        stdin=theirs.fileno(),
                        stdout=subprocess.DEVNULL,
                        cwd="/",
                        start_new_session=True,
                    )
                self._control = ours

    def run(self, request: RunRequest, tell: Callable[[str], None]) -> int:
        """Runs a command to its end; its exit code.

        Args:
            tell: takes each line that it writes, without the newline.

        Raises:
            FailedPrecondition: it could not be started. Cancelled: `cancel` was called.
        """
        import socket

        self.start()
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            self._begin(ours, theirs, writing)
            with suppress(BrokenPipeError, ConnectionResetError):  # it is gone: that shows below
                send(ours, to_text(request))
            try:
                for line in _lines(reading):
                    tell(line)
            except BaseException:
                _give_up(ours)
                with suppress(OSError):
                    receive(ours)  # until nothing of the command is left
                raise
            return self._result(ours)
        finally:
            os.close(reading)
            with self._lock:
                self._running.discard(ours)
            ours.close()

    def _begin(self, ours: socket.socket, theirs: socket.socket, writing: int) -> None:
        """Hands our descriptors over; they are closed here."""
        from socket import send_fds

        try:
            with self._lock:
                if self._cancelled or self._control is None:
                    raise Cancelled("the build was given up")
                self._running.add(ours)
                try:
                    send_fds(self._control, [b"r"], [theirs.fileno(), writing])
                except (BrokenPipeError, ConnectionResetError):
                    raise FailedPrecondition("the process that starts commands was killed") from None
        finally:
            theirs.close()
            os.close(writing)

    def _result(self, connection: socket.socket) -> int:
        try:
            data = receive(connection)
        except OSError:
            data = b""
        if not data:
            if self._cancelled:
                raise Cancelled("the build was given up")
            raise FailedPrecondition("the process that ran the command was killed")
        answer = decode(data)
        if not isinstance(answer, dict):
            raise AssertionError("an answer is an object")
        if "error" in answer:
            raise FailedPrecondition(str(answer["error"]))
        return int(answer["code"])


def _give_up(connection: socket.socket) -> None:
    """Has a command killed. The watcher closes its end when all of it is gone: until then nothing is to be read."""
    with suppress(OSError):
        connection.shutdown(SHUT_WR)


def _lines(descriptor: int) -> Iterator[str]:
    rest = b""
    while data := os.read(descriptor, BLOCK):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
        if len(rest) > MOST_LINE:
            yield rest.decode("utf-8", "replace")
            rest = b""
    if rest:
        yield rest.decode("utf-8", "replace")

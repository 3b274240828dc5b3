"""How a monitor is started and found: by posix_spawn of the program with a connected socket, and by its directory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from tiffin.runtime.errors import Unavailable, Unsupported

from .values import LOG, SOCKET

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).resolve().parent.parent / "bin/tiffin-monitor"
FIRST_CLIENT = 3  # monitor/main.c


def start_program(directory: str, log: str) -> tuple[socket.socket, int]:
    """Starts the program; returns our end of its first connection, and a pid to reap: it forks, and ends.

    Raises:
        Unsupported: the program is not there, or not for this machine.
    """
    Path(directory).mkdir(mode=0o700, parents=True, exist_ok=True)
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        try:
            pid = os.posix_spawn(
                PROGRAM,
                [PROGRAM.name, directory, log or f"{directory}/{LOG}"],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, its.fileno(), FIRST_CLIENT),  # first: it may be 0, 1 or 2
                    *((os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0) for number in range(3)),
                ],
                setsigmask=(),
            )
        except OSError as error:
            ours.close()
            raise Unsupported(f"{PROGRAM} cannot be started: {error.strerror}; build tiffin-shim") from error
        return ours, pid


def reap(pid: int) -> None:
    """Waits for what ends right after it has forked; somebody else may have done that."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


@contextlib.contextmanager
def end_of(pid: int) -> Iterator[asyncio.Future[None]]:
    """A future that is done when a process has ended, whosever child it is (Linux 5.3); at once if there is none."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        ended.set_result(None)
        yield ended
        return
    try:
        loop.add_reader(descriptor, _resolve, ended)
        yield ended
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def connect_to(directory: str) -> socket.socket:
    """A connection to the socket in a directory, however long its path is.

    Raises:
        Unavailable: there is no directory, no socket, or nobody listens.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.setblocking(False)
    try:
        folder = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            sock.connect(f"/proc/self/fd/{folder}/{SOCKET}")
        finally:
            os.close(folder)
    except OSError as error:
        sock.close()
        raise Unavailable(f"no monitor answers in {directory}: {error.strerror}") from error
    return sock

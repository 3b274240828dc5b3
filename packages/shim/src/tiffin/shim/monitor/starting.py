"""How a monitor is started and found: by posix_spawn of the program with a connected socket, and by its directory."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from tiffin.runtime.errors import OperationFailed, Unavailable, Unsupported

from .values import LOG, SOCKET

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).resolve().parent.parent / "bin/tiffin-monitor"
FIRST_CLIENT = 3  # monitor/main.c
CREDENTIALS = struct.Struct("iII")  # pid, uid, gid: ucred of unix(7)
NO_PROGRAM = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENOEXEC})
NOBODY = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ECONNREFUSED})
"""What connect(2) and open(2) say where no monitor lives. All else must not be taken for that: its container would be
killed."""


def start_program(directory: str, log: str) -> tuple[socket.socket, int]:
    """Starts the program; returns our end of its first connection, and a pid to reap: it forks, and ends.

    Raises:
        Unsupported: the program is not there, or not for this machine.
        OperationFailed: there are too many processes or descriptors, or no memory is left.
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
            message = f"{PROGRAM} cannot be started: {error.strerror}"
            if error.errno in NO_PROGRAM:
                raise Unsupported(f"{message}; build tiffin-shim") from error
            raise OperationFailed(message, errno=error.errno or 0) from error
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


def pid_of(directory: str) -> int:
    """Of the monitor in a directory, also of one that does not answer; 0 if none lives there. Raises OperationFailed.

    The kernel tells who listens (SO_PEERCRED of unix(7)).
    """
    try:
        with connect_to(directory) as sock:
            found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    except Unavailable:
        return 0
    pid: int = CREDENTIALS.unpack(found)[0]
    return pid


def connect_to(directory: str) -> socket.socket:
    """A connection to the socket in a directory, however long its path is.

    Raises:
        Unavailable: there is no directory, no socket, or nobody listens.
        OperationFailed: that is not known, since there are no descriptors, or too many wait for it.
    """
    try:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError as error:
        raise OperationFailed(
            f"no socket for {directory}: {error.strerror}", errno=error.errno or 0
        ) from error
    sock.setblocking(False)
    try:
        folder = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            sock.connect(f"/proc/self/fd/{folder}/{SOCKET}")
        finally:
            os.close(folder)
    except OSError as error:
        sock.close()
        message = f"no monitor answers in {directory}: {error.strerror}"
        if error.errno in NOBODY:
            raise Unavailable(message) from error
        raise OperationFailed(message, errno=error.errno or 0) from error
    return sock

"""The watcher of one RUN: it makes the namespaces, waits for the command, and tidies up when the builder goes away."""

from __future__ import annotations

import ctypes
import os
import select
import signal
from contextlib import suppress

from tiffin.image.building.execute.mounting import own_mount_namespace
from tiffin.image.errors import ImageFailure
from tiffin.image.kernel import mount, unshare
from tiffin.runtime.errors import RuntimeFailure
from tiffin.spec.json_tree import encode

from .container import run_container
from .request import from_text, receive, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from tiffin.runtime import Runtime

CLONE_NEWPID = 0x20000000
PR_SET_PDEATHSIG = 1


def watch(connection: socket.socket, output: int, point: str, runtime: Runtime) -> None:
    """Runs what is asked for, and tells how it ended.

    Args:
        connection: to the builder. output: where the command's output goes. point: a folder, to mount at.
    """
    data = receive(connection)
    if not data:
        return
    own_mount_namespace()
    mount("tmpfs", point, "tmpfs", 0, "mode=755")
    unshare(CLONE_NEWPID)
    reading, writing = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        _init(data, writing, output, point, runtime)
    os.close(writing)
    os.close(output)
    answer = _wait(connection, reading, child)
    _remove_cgroups(runtime)
    if answer:
        with suppress(BrokenPipeError):  # the builder went away
            send(connection, answer)


def _init(data: bytes, writing: int, output: int, point: str, runtime: Runtime) -> None:
    """The init of the pid namespace; never returns."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.write(writing, _outcome(data, output, point, runtime).encode())
        code = 0
    finally:
        os._exit(code)


def _outcome(data: bytes, output: int, point: str, runtime: Runtime) -> str:
    try:
        code = run_container(from_text(data), output, point, runtime)
    except (RuntimeFailure, ImageFailure, OSError, LookupError, ValueError) as error:
        return encode({"error": str(error) or type(error).__name__})
    return encode({"code": code})


def _wait(connection: socket.socket, reading: int, child: int) -> str:
    """What init has told; "" if the builder went away, and init was killed."""
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    poll.register(connection, select.POLLIN)  # readable only at its end: the builder says nothing more
    ready = [descriptor for descriptor, _ in poll.poll()]
    if connection.fileno() in ready:
        os.kill(child, signal.SIGKILL)
    answer = b""
    while piece := os.read(reading, 65536):
        answer += piece
    os.waitpid(child, 0)
    return answer.decode()


def _remove_cgroups(runtime: Runtime) -> None:
    """Those of a container that was killed with its runtime, and what it has made in them; else they are gone.

    All containers here are ours.
    """
    for container in runtime.containers():
        for _, folder in container.state.cgroups:
            for below, _, _ in os.walk(folder, topdown=False):
                with suppress(FileNotFoundError):
                    os.rmdir(below)

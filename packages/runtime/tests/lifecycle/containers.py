"""What the tests of the lifecycle share: containers that are deleted at the end, and ways to wait for them."""

from __future__ import annotations

import array
import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tiffin_testing.bundle import Bundle
from tiffin_testing.leaks import reap
from tiffin_testing.oci_runtime import OCIRuntime

Make = Callable[..., Bundle]
SECONDS = 20.0
FOREVER = ["sleep", "1000"]


@contextmanager
def created(
    runtime: OCIRuntime, bundle: Bundle, container: str, *flags: str | Path, **more: Any
) -> Iterator[int]:
    """A container that waits for its start; gives the pid of its init."""
    runtime.create(container, bundle, *flags, **more).must_succeed()
    try:
        yield int(runtime.state(container)["pid"])
    finally:
        runtime.delete(container, force=True).must_succeed()


@contextmanager
def running(
    runtime: OCIRuntime, bundle: Bundle, container: str, *flags: str | Path, **more: Any
) -> Iterator[int]:
    """A container that runs; gives the pid of its init."""
    with created(runtime, bundle, container, *flags, **more) as pid:
        runtime.start(container).must_succeed()
        yield pid


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


class Fifo:
    """A FIFO in the root file system, by which a container tells how far it is.

    The container writes to `/NAME`; `read` returns what it wrote, once it has closed it.
    """

    def __init__(self, bundle: Bundle, name: str = "ready") -> None:
        self._name = name
        path = bundle.rootfs / name
        os.mkfifo(path, 0o666)
        path.chmod(0o666)  # whatever the umask is
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read(self) -> str:
        """Waits for the writer, and for the end of what it writes; raises TimeoutError."""
        data = b""
        while True:
            if not select.select([self._descriptor], [], [], SECONDS)[0]:
                raise TimeoutError(f"nothing came through /{self._name}; so far: {data!r}")
            piece = os.read(self._descriptor, 65536)
            data += piece
            if not piece:
                os.close(self._descriptor)
                return data.decode()


class ConsoleSocket:
    """The other side of --console-socket; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "console.sock"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen(1)
        self._listener.settimeout(SECONDS)

    def __enter__(self) -> ConsoleSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def descriptor(self) -> int:
        """The descriptor that was sent; the caller closes it."""
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(SECONDS)
            _, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
        (_, kind, data), *_ = ancillary
        assert kind == socket.SCM_RIGHTS
        return array.array("i", data)[0]


def read_terminal(master: int, until: str = "") -> str:
    """What a terminal shows, until a text comes or its last user has closed it."""
    shown = b""
    while not until or until.encode() not in shown:
        if not select.select([master], [], [], SECONDS)[0]:
            raise TimeoutError(f"the terminal shows {shown!r}, not {until!r}")
        try:
            piece = os.read(master, 65536)
        except OSError:  # EIO: nobody has the other side open any more
            break
        if not piece:
            break
        shown += piece
    return shown.decode()


def has_ended(pid: int) -> bool:
    """Waits for the end of a process, and reaps it if a runtime has left it to us: else its namespace lives on."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ended = bool(select.select([descriptor], [], [], SECONDS)[0])
    finally:
        os.close(descriptor)
    if ended:
        reap([pid])
    return ended

"""The shim itself: serves one socket until it is told to end; everything that it knows of its containers is on disk.

`serve` is called in the process that `start` has forked, `serve_in_foreground` where somebody starts it by hand.
"""

from __future__ import annotations

import posix
import sys

from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .flags import Invocation

INHERITED = 3
"""The descriptor of a listening socket that was handed down, as the real shim has it."""


class ShimSettings(Record):
    """What a shim knows that serves.

    namespace, id, bundle: of the container it was started for. containerd: address of its gRPC socket.
    events: of its ttrpc socket, "" if there is none. socket: path of our own, "" if that is not ours to remove.
    """

    namespace: str
    id: str
    bundle: str
    containerd: str
    events: str
    socket: str
    debug: bool = False


def serve(settings: ShimSettings, descriptor: int) -> int:
    """Serves a listening socket; returns the exit code. SIGTERM and SIGINT end it in order; the containers live on."""
    without_ssl()
    import asyncio
    import os

    from .shim import Shim

    os.environ.pop(
        "NOTIFY_SOCKET", None
    )  # of whoever started containerd: an OCI runtime would tell it of containers

    return asyncio.run(Shim(settings).run(descriptor))


def without_ssl() -> None:
    """asyncio does without TLS, which a shim has no use for: 4.4 MB less."""
    sys.modules.setdefault("ssl", None)  # type: ignore[arg-type]  # None: the import fails, as where there is no OpenSSL


def serve_in_foreground(invocation: Invocation, environment: Mapping[str, str]) -> int:
    """Serves `-socket PATH`, or an inherited socket. Raises InvalidArgument if there is neither, OSError."""
    from .socket_path import listen, locked

    bundle = invocation.bundle or posix.getcwd()
    descriptor = INHERITED
    if invocation.socket:
        with locked(invocation.socket):
            listening = listen(invocation.socket)
        if listening is None:
            raise InvalidArgument(f"-socket {invocation.socket}: somebody listens there")
        descriptor = listening.detach()
    settings = ShimSettings(
        invocation.namespace,
        invocation.id,
        bundle,
        invocation.address,
        environment.get("TTRPC_ADDRESS", ""),
        invocation.socket,
        invocation.debug,
    )
    return serve(settings, descriptor)

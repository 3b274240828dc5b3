"""The shim itself: serves one socket until it is told to end; everything that it knows of its containers is on disk.

`serve` is called in the process that `start` has forked, `serve_in_foreground` where somebody starts it by hand.
"""

from __future__ import annotations

import posix
import sys

from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.record import Record

from .placement import set_oom_score

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .flags import Invocation

NAME = "containerd-shim-tiffin-v2"
INHERITED = 3
"""The descriptor of a listening socket that was handed down, as the real shim has it."""


class ShimSettings(Record):
    """What a shim knows that serves.

    namespace, id, bundle: of the container it was started for. containerd: address of its gRPC socket.
    events: of its ttrpc socket, "" if there is none. socket: path of our own, "" if that is not ours to remove.
    recovers: there was a shim before, whose containers are to be taken back.
    oom_score: oom_score_adj, None to leave it. template: path of the socket of a template to leave behind, "" for none.
    """

    namespace: str
    id: str
    bundle: str
    containerd: str
    events: str
    socket: str
    debug: bool = False
    recovers: bool = True
    oom_score: int | None = None
    template: str = ""


def serve(settings: ShimSettings, descriptor: int) -> int:
    """Serves a listening socket; returns the exit code. SIGTERM and SIGINT end it in order; the containers live on."""
    without_ssl()
    import asyncio
    import os

    from .shim import Shim
    from .title import set_title

    if settings.template and settings.events:
        from .template.loading import load
        from .template.serving import fork_template

        load()
        fork_template(settings.template, settings.events, descriptor)
    set_title((NAME, "-namespace", settings.namespace, "-id", settings.id, "-address", settings.containerd))
    if settings.oom_score is not None:
        set_oom_score(settings.oom_score)
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
        namespace=invocation.namespace,
        id=invocation.id,
        bundle=bundle,
        containerd=invocation.address,
        events=environment.get("TTRPC_ADDRESS", ""),
        socket=invocation.socket,
        debug=invocation.debug,
    )
    return serve(settings, descriptor)

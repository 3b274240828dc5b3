"""The server for shims: they send events by ttrpc to <address>.ttrpc."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tiffin.manager.daemon.socket_file import SocketFile
from tiffin.manager.grpc_edge.statuses import INTERNAL, status_of, text_of
from tiffin.ttrpc import Code, Server, Status

if TYPE_CHECKING:
    from tiffin.manager.config.settings import Ttrpc
    from tiffin.ttrpc import Method

GRACE = 2.0  # seconds for what is asked when the daemon stops


@asynccontextmanager
async def serving_ttrpc(
    services: Mapping[str, Mapping[str, Method]],
    address: str,
    settings: Ttrpc,
    sockets: dict[str, socket.socket],
) -> AsyncIterator[None]:
    """Serves until the block ends.

    Args:
        services: by their names on the wire.
        address: path of the socket.
        settings: who owns it.
        sockets: those that the process was started with; `ttrpc` is taken, if it is there.

    Raises:
        Unavailable: somebody else listens there. OSError: it cannot listen.
    """
    file = None
    listening = sockets.pop("ttrpc", None)
    if listening is None:
        file = SocketFile(address, settings.uid, settings.gid)
        listening = file.listen()
    server = Server(services, error_status=_status)
    try:
        await server.listen_on_descriptor(listening.detach())
        yield
    finally:
        if file is not None:
            file.hide()
        await server.shutdown(GRACE)
        if file is not None:
            file.close()


def _status(error: Exception) -> Status | None:
    """What a shim is told of an error: as clients of gRPC are. None: a mistake of ours, which ttrpc logs."""
    found = status_of(error)
    if found is INTERNAL:
        return None
    return Status(Code(found.code.value[0]), text_of(error, found))

"""`Server`: listens, admits clients, and ends: in order (`shutdown`) or at once (`close`)."""

from __future__ import annotations

import asyncio
import logging

from tiffin.ttrpc.address import BACKLOG, Listener, bind, inherit
from tiffin.ttrpc.connection import RECEIVED_AT_ONCE
from tiffin.ttrpc.limits import DEFAULT
from tiffin.ttrpc.server.connection import ServerConnection
from tiffin.ttrpc.status import Code, RpcError, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

    from tiffin.ttrpc.limits import Limits
    from tiffin.ttrpc.peer import Peer
    from tiffin.ttrpc.server.context import Context
    from tiffin.ttrpc.server.method import Method, Services

logger = logging.getLogger("tiffin.ttrpc")


class Server:
    """Serves a table of services, on any number of sockets; made within a running event loop.

    Args:
        services: service, then method, to `Method`. May be changed while the server runs.
        limits: what a client may use.
        authorize: whether a process may connect; everybody who can reach the socket may, if it is not given.
        error_status: what a client is told of an exception of a handler that is no `RpcError`. None, or no such
            function: it is UNKNOWN with the exception's text, and logged with its traceback.
    """

    def __init__(
        self,
        services: Services,
        *,
        limits: Limits = DEFAULT,
        authorize: Callable[[Peer | None], bool] | None = None,
        error_status: Callable[[Exception], Status | None] | None = None,
    ) -> None:
        self.services = services
        self.limits = limits
        self.buffer = bytearray(RECEIVED_AT_ONCE)
        self._authorize = authorize
        self._error_status = error_status
        self._listeners: list[tuple[Listener, asyncio.Server]] = []
        self._connections: set[ServerConnection] = set()
        self._ending = False
        self._closed = asyncio.Event()

    async def listen(self, address: str | Path, *, mode: int = 0o600, replace_stale: bool = False) -> None:
        """Listens on a unix socket; see `tiffin.ttrpc.address.bind` for the arguments, and what it raises."""
        await self.listen_on(bind(address, mode=mode, replace_stale=replace_stale))

    async def listen_on_descriptor(self, descriptor: int) -> None:
        """Listens on an inherited socket; raises OSError if it does not listen."""
        await self.listen_on(inherit(descriptor))

    async def listen_on(self, listener: Listener) -> None:
        """Listens on a socket, which is closed with the server."""
        if self._ending:
            listener.close()
            raise RuntimeError("the server has been closed")
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                lambda: ServerConnection(self), sock=listener.socket, backlog=BACKLOG
            )
        except BaseException:
            listener.close()
            raise
        self._listeners.append((listener, server))

    async def serve(self, connection: socket.socket) -> None:
        """Serves a socket that is connected already; returns when it is being served."""
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: ServerConnection(self), connection)

    def method(self, service: str, name: str) -> Method:
        """A row of the table. Raises RpcError, UNIMPLEMENTED."""
        methods = self.services.get(service)
        if methods is None:
            raise RpcError(Code.UNIMPLEMENTED, f"there is no service {service!r}")
        if name not in methods:
            raise RpcError(Code.UNIMPLEMENTED, f"service {service!r} has no method {name!r}")
        return methods[name]

    def admit(self, connection: ServerConnection, peer: Peer | None) -> bool:
        """Whether a new connection is served."""
        if self._ending:
            return False
        if len(self._connections) >= self.limits.connections:
            logger.warning("%s was turned away: there are %d connections", peer, len(self._connections))
            return False
        if self._authorize is not None and not self._authorize(peer):
            logger.warning("%s was turned away: it is not authorized", peer)
            return False
        self._connections.add(connection)
        return True

    def forget(self, connection: ServerConnection) -> None:
        """A connection has ended, and all its handlers."""
        self._connections.discard(connection)

    def status_of(self, error: Exception, context: Context) -> Status:
        """What a client is told of an exception; see `error_status`."""
        found = None
        if self._error_status is not None:
            try:
                found = self._error_status(error)
            except Exception:  # else the client would wait for ever
                logger.exception("`error_status` failed, for %s/%s", context.service, context.method)
        if found is None:
            logger.error("%s/%s failed", context.service, context.method, exc_info=error)
            found = Status(Code.UNKNOWN, f"{type(error).__name__}: {error}")
        return found

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # it ends in order even then
        """Takes no more connections and requests, waits until all requests have been answered, then closes.

        Args:
            timeout: seconds after which it does not wait any longer; None: as long as it takes.

        Raises:
            RuntimeError: it was called by a handler, which would wait for itself.
        """
        self._stop()
        closing = [connection.closed for connection in self._connections]
        for connection in list(self._connections):
            connection.start_draining()
        if closing:
            await asyncio.wait(closing, timeout=timeout)
        await self.close()

    async def close(self) -> None:
        """Closes all connections at once, cancels all handlers, and returns when the last of these has ended.

        Raises:
            RuntimeError: it was called by a handler, which would wait for itself.
        """
        self._stop()
        connections = list(self._connections)
        waiting: list[asyncio.Future[None]] = []
        for connection in connections:
            connection.abort()
            connection.abandon_calls()
            waiting += [connection.closed, *connection.tasks]
        if waiting:
            await asyncio.wait(waiting)
        self._closed.set()

    def _stop(self) -> None:
        """Listens no more."""
        current = asyncio.current_task()
        if any(current in connection.tasks for connection in self._connections):
            raise RuntimeError("a handler cannot wait for the end of its server: let another task do that")
        self._ending = True
        for listener, server in self._listeners:
            server.close()
            listener.close()
        self._listeners.clear()

    async def wait_closed(self) -> None:
        """Returns when the server has been closed."""
        await self._closed.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

"""`GrpcServer`: the services on a unix socket, and on TCP with TLS where the config says so."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from grpc import aio

from tiffin.manager.daemon.forwarding import forward
from tiffin.manager.daemon.health import Health
from tiffin.manager.daemon.socket_file import SocketFile, closed_umask
from tiffin.manager.daemon.tls import Certificates
from tiffin.manager.grpc_edge.handlers import handler_of
from tiffin.manager.observability.requests import Requests
from tiffin.runtime.errors import OperationFailed

if TYPE_CHECKING:
    from tiffin.manager.config.settings import Config
    from tiffin.manager.grpc_edge.offer import Offer
    from tiffin.manager.grpc_edge.workers import Workers

GRACE = 5.0  # seconds for calls that run when the daemon stops


class GrpcServer:
    """Made in the event loop that it serves in.

    Args:
        config: the whole.
        requests: sees every call.
        sockets: those that the process was started with, by what they are for.
    """

    def __init__(self, config: Config, requests: Requests, sockets: dict[str, socket.socket]) -> None:
        self._config = config
        self._requests = requests
        self._sockets = sockets
        self._exit = AsyncExitStack()
        self._files: list[SocketFile] = []
        self.certificates = Certificates(config.grpc) if self._has_tcp else None
        options = (
            ("grpc.max_receive_message_length", config.grpc.max_recv_message_size),
            ("grpc.max_send_message_length", config.grpc.max_send_message_size),
            ("grpc.so_reuseport", 0),
        )
        self._server = aio.server(interceptors=(requests,), options=options)
        self._health = Health()

    @property
    def _has_tcp(self) -> bool:
        return bool(self._config.grpc.tcp_address)

    async def start(self, offers: Iterable[Offer], workers: Workers) -> None:
        """Serves; the sockets appear when it does.

        Raises:
            Unavailable: somebody else listens. OSError, OperationFailed: it cannot listen.
        """
        served = list(offers)
        self._server.add_generic_rpc_handlers(tuple(handler_of(offer, workers) for offer in served))
        self._health.add_to(self._server, [offer.service.name for offer in served])
        pairs = [self._bind("grpc", self._config.grpc.address, None)]
        if self.certificates is not None:
            pairs.append(self._bind("tcp", self._config.grpc.tcp_address, self.certificates))
        await self._server.start()
        for file in self._files:
            file.publish()
        for inherited, path in pairs:
            if inherited is not None:
                accepting = await forward(inherited, path)
                self._exit.callback(accepting.close)
        await self._health.ready()

    def _bind(
        self, name: str, address: str, certificates: Certificates | None
    ) -> tuple[socket.socket | None, str]:
        """Adds a port; returns the inherited socket whose connections it is to get, if there is one, and its path."""
        inherited = self._sockets.pop(name, None)
        if inherited is not None:
            address = os.path.join(self._config.state, f"{name}.sock")
        elif certificates is not None:
            self._add_port(address, address, certificates)
            return None, ""
        own = inherited is not None
        uid, gid = (os.geteuid(), os.getegid()) if own else (self._config.grpc.uid, self._config.grpc.gid)
        file = SocketFile(address, uid, gid, 0o600 if own else 0o660)
        self._exit.callback(file.close)
        self._files.append(file)
        with closed_umask():
            self._add_port(f"unix:{file.provisional}", address, certificates)
        return inherited, address

    def _add_port(self, where: str, address: str, certificates: Certificates | None) -> None:
        try:
            if certificates is None:
                self._server.add_insecure_port(where)
            else:
                self._server.add_secure_port(where, certificates.credentials())
        except RuntimeError as error:  # all that gRPC says; the reason is in its own log
            raise OperationFailed(f"cannot listen on {address}: {error}") from error

    async def stop(self, grace: float = GRACE) -> None:
        """Ends in order: nobody finds it any more, calls that wait are told so, others have `grace` seconds."""
        await self._health.stopping()
        for file in self._files:
            file.hide()
        self._requests.stop()
        await self._server.stop(grace)
        await self._exit.aclose()

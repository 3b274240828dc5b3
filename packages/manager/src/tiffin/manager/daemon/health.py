"""gRPC's health checks."""

from __future__ import annotations

from collections.abc import Sequence

from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tiffin.manager.daemon.reflection import SERVICE, Reflection

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """Not serving until `ready`; of the server as a whole ("") and of each service."""

    def __init__(self) -> None:
        self._servicer = health.aio.HealthServicer()
        self._names: tuple[str, ...] = ("",)

    def add_to(self, server: aio.Server, names: Sequence[str]) -> None:
        """Registers it, and reflection. names: of the other services."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)
        server.add_generic_rpc_handlers((Reflection((*names, health.SERVICE_NAME, SERVICE)),))
        self._names = ("", *names, health.SERVICE_NAME)

    async def ready(self) -> None:
        """From now on all of them serve."""
        for name in self._names:
            await self._servicer.set(name, SERVING)

    async def stopping(self) -> None:
        """None does any more, for good."""
        await self._servicer.enter_graceful_shutdown()

"""gRPC's reflection: which services there are, and what their messages look like. Made at the first call of it: hardly
anybody asks, and descriptors of descriptors take a megabyte.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVICE = "grpc.reflection.v1alpha.ServerReflection"


class Reflection(grpc.GenericRpcHandler):
    """For `Server.add_generic_rpc_handlers`.

    Args:
        names: of all services.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The handler of a method; None if it is not one of reflection's."""
        if not handler_call_details.method.startswith(f"/{SERVICE}/"):
            return None
        return self._made.service(handler_call_details)

    @cached_property
    def _made(self) -> grpc.GenericRpcHandler:
        from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

        found = _Handlers()
        servicer = reflection.aio.ReflectionServicer(self._names)
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(servicer, found)
        return found.handlers[0]


class _Handlers:
    """What generated code takes for a server; keeps what it registers."""

    def __init__(self) -> None:
        self.handlers: list[grpc.GenericRpcHandler] = []

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self.handlers += handlers

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        """The same once more, for servers that look methods up by their name."""

"""`GrpcTransport`: a manager in another process, by its socket."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from grpc import aio

from tiffin.manager.client.transport.failures import failure_of
from tiffin.manager.grpc_edge.limits import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from typing import Any

    from google.protobuf.message import Message

    from tiffin.api.service import Service
    from tiffin.manager.client.transport.protocol import Headers

OPTIONS = (
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.max_send_message_length", MOST_BYTES),
    ("grpc.use_local_subchannel_pool", 1),  # else a new client waits for what an earlier one could not reach
)


class GrpcTransport:
    """A channel. Made within a running event loop.

    Args:
        address: path of a unix socket, or what gRPC takes: `unix:///run/x.sock`, `dns:///host:port`.
        credentials: for TCP.
    """

    def __init__(self, address: str, credentials: Any = None) -> None:
        target = f"unix://{address}" if address.startswith("/") else address
        if credentials is None:
            self._channel = aio.insecure_channel(target, options=OPTIONS)
        else:
            self._channel = aio.secure_channel(target, credentials, options=OPTIONS)

    async def ask(self, service: Service, method: str, request: Message, headers: Headers) -> Any:
        """One answer."""
        types = service.methods[method]
        call = self._channel.unary_unary(
            f"/{service.name}/{method}", types.request.SerializeToString, types.response.FromString
        )
        try:
            return await call(request, metadata=tuple(headers))
        except aio.AioRpcError as error:
            raise failure_of(error.code(), error.details() or "") from error

    async def tell(
        self, service: Service, method: str, request: Message, headers: Headers
    ) -> AsyncGenerator[Any, None]:
        """Every answer to one request."""
        types = service.methods[method]
        call = self._channel.unary_stream(
            f"/{service.name}/{method}", types.request.SerializeToString, types.response.FromString
        )
        async with aclosing(_answers(call(request, metadata=tuple(headers)))) as answers:
            async for answer in answers:
                yield answer

    async def talk(
        self, service: Service, method: str, requests: AsyncIterator[Message], headers: Headers
    ) -> AsyncGenerator[Any, None]:
        """Every answer to some requests."""
        types = service.methods[method]
        call = self._channel.stream_stream(
            f"/{service.name}/{method}", types.request.SerializeToString, types.response.FromString
        )
        async with aclosing(_answers(call(requests, metadata=tuple(headers)))) as answers:
            async for answer in answers:
                yield answer

    async def close(self) -> None:
        """Ends the connection, and all calls."""
        await self._channel.close()


async def _answers(call: Any) -> AsyncGenerator[Any, None]:
    try:
        async for answer in call:
            yield answer
    except aio.AioRpcError as error:
        raise failure_of(error.code(), error.details() or "") from error
    finally:
        call.cancel()

"""`GrpcConnection`: a shim whose Task service is one of gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from grpc import ChannelConnectivity, aio

from tiffin.manager.runtimes.external.failures import failure_of

if TYPE_CHECKING:
    from google.protobuf.message import Message

R = TypeVar("R", bound="Message")
GONE = (
    ChannelConnectivity.IDLE,
    ChannelConnectivity.TRANSIENT_FAILURE,
    ChannelConnectivity.SHUTDOWN,
)


class GrpcConnection:
    """`Connection` over gRPC. It does not connect anew: a shim that has gone is dead."""

    def __init__(self, path: str, service: str) -> None:
        self._channel = aio.insecure_channel(f"unix:{path}")
        self._service = service
        self._closed = False

    @property
    def connected(self) -> bool:
        """As the protocol says."""
        return not self._closed

    async def call(self, method: str, request: Message, response: type[R]) -> R:
        """As the protocol says."""
        call: Any = self._channel.unary_unary(
            f"/{self._service}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString,
        )
        try:
            answer: R = await call(request)
        except aio.AioRpcError as error:
            code: int = error.code().value[0]
            raise failure_of(code, error.details() or "") from error
        return answer

    async def wait_closed(self) -> None:
        """As the protocol says."""
        state = self._channel.get_state(try_to_connect=True)
        if state is ChannelConnectivity.IDLE:  # as it is at first
            state = await self._after(state)
        while state not in GONE:
            state = await self._after(state)
        self._closed = True

    async def _after(self, state: ChannelConnectivity) -> ChannelConnectivity:
        await self._channel.wait_for_state_change(state)
        return self._channel.get_state()

    async def close(self) -> None:
        """As the protocol says."""
        self._closed = True
        await self._channel.close()

"""Calls of a containerd, or of ours, by the generated stubs, as plain functions: each runs in the client's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from grpc import StatusCode, aio

if TYPE_CHECKING:
    from typing import Self

    Q = TypeVar("Q")
    R = TypeVar("R")
    S = TypeVar("S")

SECONDS = 60.0
MOST_BYTES = 16 << 20  # what containerd's own clients take
OPTIONS = (
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.max_send_message_length", MOST_BYTES),
    ("grpc.use_local_subchannel_pool", 1),  # else a new client waits for what an earlier one could not reach
)


class Refusal(NamedTuple):
    """The error that a call ended with."""

    code: StatusCode
    text: str


class Client:
    """A channel, and in whose name it speaks. Use it in a `with` statement.

    Args:
        path: of the socket.
    """

    def __init__(self, path: str, namespace: str = "", lease: str = "") -> None:
        self._runner = asyncio.Runner()
        self.channel = self.run(_connected(path))
        self.metadata = _headers(namespace, lease)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.channel.close())
        self._runner.close()

    def within(self, namespace: str, lease: str = "") -> Client:
        """The same channel in another name; nobody closes it by this."""
        other = object.__new__(type(self))
        other._runner, other.channel, other.metadata = self._runner, self.channel, _headers(namespace, lease)
        return other

    def stub(self, kind: type[S]) -> S:
        """Of a service."""
        return kind(self.channel)  # type: ignore[call-arg]  # they all take a channel

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Runs something in the loop of the channel."""
        return self._runner.run(work)

    def call(self, method: aio.UnaryUnaryMultiCallable[Q, R], request: Q) -> R:
        """One answer. Raises AioRpcError."""

        async def ask() -> R:
            return await method(request, metadata=self.metadata, timeout=SECONDS)

        return self.run(ask())

    def all(self, method: aio.UnaryStreamMultiCallable[Q, R], request: Q) -> list[R]:
        """Every answer to one request. Raises AioRpcError."""

        async def ask() -> list[R]:
            return [answer async for answer in method(request, metadata=self.metadata, timeout=SECONDS)]

        return self.run(ask())

    def talk(self, method: aio.StreamStreamMultiCallable[Q, R], requests: Iterable[Q]) -> list[R]:
        """Every answer to some requests, all of which are sent. Raises AioRpcError."""

        async def ask() -> list[R]:
            answers = method(iter(requests), metadata=self.metadata, timeout=SECONDS)
            return [answer async for answer in answers]

        return self.run(ask())


def refusal(call: Any, *arguments: object, **named: object) -> Refusal:
    """The error that a call must end with: `refusal(client.call, stub.Get, request)`."""
    try:
        answer = call(*arguments, **named)
    except aio.AioRpcError as error:
        return Refusal(error.code(), error.details() or "")
    raise AssertionError(f"it was not refused: {answer}")


async def _connected(path: str) -> aio.Channel:
    return aio.insecure_channel(f"unix://{path}", options=OPTIONS)


def _headers(namespace: str, lease: str) -> tuple[tuple[str, str], ...]:
    headers = (("containerd-namespace", namespace), ("containerd-lease", lease))
    return tuple(header for header in headers if header[1])

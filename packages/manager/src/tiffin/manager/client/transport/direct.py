"""`DirectTransport`: a manager in this process. Its functions get the messages themselves; nothing is encoded."""

from __future__ import annotations

import inspect
from contextlib import aclosing
from typing import TYPE_CHECKING

from tiffin.manager.client.transport.failures import failure_of
from tiffin.manager.grpc_edge.call import Call
from tiffin.manager.grpc_edge.statuses import status_of, text_of
from tiffin.runtime.errors import RuntimeFailure, Unsupported

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable
    from typing import Any

    from google.protobuf.message import Message

    from tiffin.api.service import Method, Service
    from tiffin.manager.client.transport.protocol import Headers
    from tiffin.manager.grpc_edge.offer import Function, Offer
    from tiffin.manager.grpc_edge.workers import Workers

PEER = "direct"


class DirectTransport:
    """Calls offers. Belongs to the event loop of the manager.

    Args:
        offers: the services.
        workers: run the plain functions.
    """

    def __init__(self, offers: Iterable[Offer], workers: Workers) -> None:
        self._offers = {offer.service.name: offer for offer in offers}
        self._workers = workers

    def _function(self, service: Service, method: str) -> Function:
        offer = self._offers.get(service.name)
        if offer is None or method not in offer.methods:
            raise Unsupported(f"{service.name} has no method {method} here")
        return offer.methods[method]

    def _call(self, headers: Headers) -> Call:
        return Call(headers, PEER, self._workers)

    async def ask(self, service: Service, method: str, request: Message, headers: Headers) -> Any:
        """One answer."""
        function, call = self._function(service, method), self._call(headers)
        try:
            if inspect.iscoroutinefunction(function):
                answer = await function(request, call)
            else:
                slow = method in self._offers[service.name].slow
                run = self._workers.run_slowly if slow else self._workers.run
                answer = await run(function, request, call)
        except Exception as error:
            raise _failure(error) from error
        return _message(service.methods[method], answer)

    async def tell(
        self, service: Service, method: str, request: Message, headers: Headers
    ) -> AsyncGenerator[Any, None]:
        """Every answer to one request."""
        function, call = self._function(service, method), self._call(headers)
        if inspect.isasyncgenfunction(function):
            answers: AsyncGenerator[Any, None] = function(request, call)
        else:
            answers = self._workers.step(iter(function(request, call)))
        async with aclosing(_told(service.methods[method], answers)) as told:
            async for answer in told:
                yield answer

    async def talk(
        self, service: Service, method: str, requests: AsyncIterator[Message], headers: Headers
    ) -> AsyncGenerator[Any, None]:
        """Every answer to some requests."""
        answers = self._function(service, method)(requests, self._call(headers))
        async with aclosing(_told(service.methods[method], answers)) as told:
            async for answer in told:
                yield answer

    async def close(self) -> None:
        """Nothing: the manager goes on."""


async def _told(types: Method, answers: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    """The messages of answers, which may come as lists (see `Offer`)."""
    try:
        async for answer in answers:
            for one in answer if isinstance(answer, list) else [answer]:
                yield _message(types, one)
    except Exception as error:
        raise _failure(error) from error
    finally:
        await answers.aclose()


def _message(types: Method, answer: Any) -> Any:
    """A service may have its answer encoded already."""
    return types.response.FromString(answer) if isinstance(answer, bytes) else answer


def _failure(error: Exception) -> Exception:
    """What a client over gRPC would get."""
    status = status_of(error)
    return error if isinstance(error, RuntimeFailure) else failure_of(status.code, text_of(error, status))

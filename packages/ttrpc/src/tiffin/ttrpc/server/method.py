"""`Method`: a row of the table of services, and the ways to make one.

services = {"example.Greeter": {"Greet": unary(Name, Greeting, greet)}}
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from tiffin.ttrpc.server.context import Context

if TYPE_CHECKING:
    from tiffin.ttrpc.protocols import Message, ServiceTypes

    Q = TypeVar("Q", bound=Message)
    R = TypeVar("R", bound=Message)

    Unary = Callable[[Q, Context], Awaitable[R]]
    UnaryStream = Callable[[Q, Context], AsyncIterator[R]]
    StreamUnary = Callable[[AsyncIterator[Q], Context], Awaitable[R]]
    StreamStream = Callable[[AsyncIterator[Q], Context], AsyncIterator[R]]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a service.

    Args:
        request, response: classes of the messages.
        client_streaming: the handler gets an async iterator of requests, else one request.
        server_streaming: the handler is an async generator of responses, else a coroutine that returns one.
        handler: called with that and a `Context`. It raises `RpcError` to say how it failed. It is cancelled when the
            client has gone, the deadline has passed, or the server is closed.
    """

    request: type[Any]
    response: type[Any]
    client_streaming: bool
    server_streaming: bool
    handler: Callable[[Any, Context], Any]


Services = Mapping[str, Mapping[str, Method]]


def implement(
    service: ServiceTypes, handlers: Mapping[str, Callable[[Any, Context], Any]]
) -> dict[str, Method]:
    """The rows of a service that is described elsewhere; what has no handler is unimplemented.

    Raises:
        ValueError: a handler's name is not that of a method.
    """
    if unknown := handlers.keys() - service.methods.keys():
        raise ValueError(f"{service.name} has no method {', '.join(sorted(unknown))}")
    rows = ((name, service.methods[name], handler) for name, handler in handlers.items())
    return {
        name: Method(types.request, types.response, types.client_streaming, types.server_streaming, handler)
        for name, types, handler in rows
    }


def unary(request: type[Q], response: type[R], handler: Unary[Q, R]) -> Method:
    """One request, one response."""
    return Method(request, response, False, False, handler)


def unary_stream(request: type[Q], response: type[R], handler: UnaryStream[Q, R]) -> Method:
    """One request, any number of responses."""
    return Method(request, response, False, True, handler)


def stream_unary(request: type[Q], response: type[R], handler: StreamUnary[Q, R]) -> Method:
    """Any number of requests, one response."""
    return Method(request, response, True, False, handler)


def stream_stream(request: type[Q], response: type[R], handler: StreamStream[Q, R]) -> Method:
    """Any number of both, in any order."""
    return Method(request, response, True, True, handler)

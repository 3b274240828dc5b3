"""`handler_of`: an `Offer` as a server of grpc.aio registers it; the one place where errors become statuses.

Requests are decoded, and answers encoded, where the function runs: not in the event loop if that is a thread.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message import DecodeError, Message
from grpc import aio

from tiffin.image.errors import InvalidArgument
from tiffin.manager.grpc_edge.call import Call
from tiffin.manager.grpc_edge.statuses import INTERNAL, status_of, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from tiffin.api.service import Method
    from tiffin.manager.grpc_edge.offer import Function, Offer
    from tiffin.manager.grpc_edge.workers import Workers

    Context = aio.ServicerContext[bytes, bytes]
    Unary = Callable[[bytes, Call], Awaitable[bytes]]
    Streaming = Callable[[Any, Call], AsyncIterator[list[bytes]]]

LOG = logging.getLogger("tiffin.manager.grpc")


def handler_of(offer: Offer, workers: Workers) -> grpc.GenericRpcHandler:
    """What `server.add_generic_rpc_handlers` takes. workers: run the plain functions."""
    service = offer.service
    made = {
        name: _method(
            f"/{service.name}/{name}", service.methods[name], function, workers, slow=name in offer.slow
        )
        for name, function in offer.methods.items()
    }
    return grpc.method_handlers_generic_handler(service.name, made)


def _method(
    path: str, method: Method, function: Function, workers: Workers, *, slow: bool
) -> grpc.RpcMethodHandler[bytes, bytes]:
    if method.client_streaming:
        return grpc.stream_stream_rpc_method_handler(_streaming(path, _talk(method, function), workers))
    if method.server_streaming:
        return grpc.unary_stream_rpc_method_handler(_streaming(path, _tell(method, function), workers))
    return grpc.unary_unary_rpc_method_handler(_unary(path, _answer(method, function, slow=slow), workers))


def _answer(method: Method, function: Function, *, slow: bool) -> Unary:
    if inspect.iscoroutinefunction(function):

        async def run(data: bytes, call: Call) -> bytes:
            return encoded(await function(decoded(method, data), call))

        return run

    def work(data: bytes, call: Call) -> bytes:
        return encoded(function(decoded(method, data), call))

    async def run_in_thread(data: bytes, call: Call) -> bytes:
        run_one = call.workers.run_slowly if slow else call.workers.run
        return await run_one(work, data, call)

    return run_in_thread


def _tell(method: Method, function: Function) -> Streaming:
    if inspect.isasyncgenfunction(function):

        async def run(data: bytes, call: Call) -> AsyncIterator[list[bytes]]:
            async with aclosing(function(decoded(method, data), call)) as answers:
                async for answer in answers:
                    yield _batch(answer)

        return run

    def work(data: bytes, call: Call) -> Iterator[list[bytes]]:
        for answer in function(decoded(method, data), call):
            yield _batch(answer)

    return lambda data, call: call.workers.step(work(data, call))


def _talk(method: Method, function: Function) -> Streaming:
    async def requests(items: AsyncIterator[bytes]) -> AsyncIterator[Message]:
        async for data in items:
            yield decoded(method, data)

    async def run(items: AsyncIterator[bytes], call: Call) -> AsyncIterator[list[bytes]]:
        async with aclosing(function(requests(items), call)) as answers:
            async for answer in answers:
                yield _batch(answer)

    return run


def _batch(answer: Any) -> list[bytes]:
    return [encoded(one) for one in answer] if isinstance(answer, list) else [encoded(answer)]


def decoded(method: Method, data: bytes) -> Message:
    """The request. Raises InvalidArgument."""
    try:
        return method.request.FromString(data)
    except DecodeError as error:
        raise InvalidArgument(f"the request is no {method.request.DESCRIPTOR.full_name}: {error}") from error


def encoded(answer: Message | bytes) -> bytes:
    """The answer's bytes."""
    return answer if isinstance(answer, bytes) else answer.SerializeToString()


def _unary(path: str, run: Unary, workers: Workers) -> Callable[[bytes, Context], Awaitable[bytes]]:
    async def handle(data: bytes, context: Context) -> bytes:
        try:
            return await run(data, _call(context, workers))
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets a status, and the server goes on
            await _refuse(path, context, error)
        raise AssertionError("abort raises")

    return handle


def _streaming(path: str, run: Streaming, workers: Workers) -> Callable[[Any, Context], AsyncIterator[bytes]]:
    async def handle(data: Any, context: Context) -> AsyncIterator[bytes]:
        batches = run(data, _call(context, workers))
        try:
            async for answers in batches:
                for answer in answers:
                    yield answer
        except Exception as error:  # noqa: BLE001  # as above
            await _refuse(path, context, error)
        finally:
            await _close(batches)

    return handle


async def _close(batches: AsyncIterator[list[bytes]]) -> None:
    """Ends a generator whose reader is gone now, not when it is collected."""
    close = getattr(batches, "aclose", None)
    if close is not None:
        await asyncio.shield(close())


def _call(context: Context, workers: Workers) -> Call:
    return Call(context.invocation_metadata() or (), context.peer(), workers)


async def _refuse(path: str, context: Context, error: Exception) -> None:
    """Ends the call with the status of an error. Raises AbortError; the caller's `except` lets it pass.

    Raises CancelledError where its client has just gone: grpc.aio would log that as a failure of its own.
    """
    if isinstance(error, aio.AbortError):
        raise error  # a handler has ended it by itself
    status = status_of(error)
    if status is INTERNAL:
        LOG.error("%s failed", path, exc_info=error)
    else:
        LOG.debug("%s: %s: %s", path, status.code.name, error)
    try:
        await context.abort(status.code, text_of(error, status))
    except aio.InternalError as gone:
        raise asyncio.CancelledError from gone

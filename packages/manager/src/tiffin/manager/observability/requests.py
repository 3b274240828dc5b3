"""`Requests`: sees every call of gRPC from beginning to end: for the log, for figures, for an orderly stop.

What is asked of a call's context is asked when the call begins: grpc.aio reads freed memory for one whose client has
gone (`context.peer()`, grpcio 1.85).
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import grpc
from grpc import StatusCode, aio

LOG = logging.getLogger("tiffin.manager.requests")
NAMESPACE = "containerd-namespace"
STOPPING = "tiffind is stopping"
Handler = Any  # a grpc.RpcMethodHandler; at run time that takes no types
Context = Any  # an aio.ServicerContext, likewise
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler]]

# calls that end only when something happens: at a stop they are ended after so many seconds, all others have more time
PATIENT = {
    "/containerd.services.events.v1.Events/Subscribe": 0.0,
    "/containerd.services.tasks.v1.Tasks/Wait": 0.0,
    "/containerd.services.sandbox.v1.Controller/Wait": 0.0,
    "/containerd.services.streaming.v1.Streaming/Stream": 0.0,
    "/grpc.health.v1.Health/Watch": 0.2,  # it is being told that we serve no more
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": 0.0,
}
KINDS = (
    ("unary_unary", "unary", grpc.unary_unary_rpc_method_handler),
    ("unary_stream", "server_stream", grpc.unary_stream_rpc_method_handler),
    ("stream_unary", "client_stream", grpc.stream_unary_rpc_method_handler),
    ("stream_stream", "bidi_stream", grpc.stream_stream_rpc_method_handler),
)
_BY_NUMBER = {each.value[0]: each for each in StatusCode}


class Method(NamedTuple):
    """A method that we have. kind: as go-grpc-prometheus calls it, `unary` or `server_stream`."""

    path: str
    kind: str


class Observer(Protocol):
    """Who counts calls. It does not wait, and does not raise."""

    def started(self, method: Method) -> None:
        """A call."""

    def ended(self, method: Method, code: StatusCode, seconds: float) -> None:
        """It is over."""


@dataclass(slots=True, eq=False)
class _Call:
    """One that runs. about: for the log; None if it is not logged."""

    method: Method
    task: asyncio.Task[Any]
    began: float
    about: dict[str, str] | None


class Requests(aio.ServerInterceptor):
    """An interceptor of grpc.aio. observers: may be added and removed while it is in use."""

    def __init__(self) -> None:
        self.observers: list[Observer] = []
        self._watched: dict[str, Handler] = {}
        self._running: set[_Call] = set()
        self._stopping = False

    @property
    def running(self) -> int:
        """How many calls there are at this moment."""
        return len(self._running)

    def stop(self) -> None:
        """Ends the calls that wait for something to happen, with UNAVAILABLE; also those that come from now on."""
        self._stopping = True
        loop = asyncio.get_running_loop()
        for call in tuple(self._running):
            if call.method.path in PATIENT:
                loop.call_later(PATIENT[call.method.path], call.task.cancel)

    async def intercept_service(self, continuation: Continuation, details: grpc.HandlerCallDetails) -> Any:
        """As grpc.aio wants it."""
        path = details.method
        found = self._watched.get(path)
        if found is None:
            handler = await continuation(details)
            if handler is None:  # no such method: the server says so
                return handler
            found = self._watched[path] = self._wrapped(handler, path)
        return found

    def _wrapped(self, handler: Handler, path: str) -> Handler:
        codec = (handler.request_deserializer, handler.response_serializer)
        for attribute, kind, make in KINDS:
            inner = getattr(handler, attribute)
            if inner is not None:
                wrap = self._streaming if inspect.isasyncgenfunction(inner) else self._answering
                return make(wrap(inner, Method(path, kind)), *codec)
        raise AssertionError(f"{path} has no handler")

    def _answering(self, inner: Any, method: Method) -> Any:
        async def answer(request: Any, context: Context) -> Any:
            call = await self._begin(method, context)
            try:
                answered = await inner(request, context)
            except BaseException as error:
                await self._fail(call, context, error)
                raise
            self._end(call, StatusCode.OK)
            return answered

        return answer

    def _streaming(self, inner: Any, method: Method) -> Any:
        async def answer(request: Any, context: Context) -> AsyncIterator[Any]:
            call = await self._begin(method, context)
            try:
                async with aclosing(inner(request, context)) as answers:
                    async for each in answers:
                        yield each
            except BaseException as error:
                await self._fail(call, context, error)
                raise
            self._end(call, StatusCode.OK)

        return answer

    async def _begin(self, method: Method, context: Context) -> _Call:
        if self._stopping and method.path in PATIENT:
            await context.abort(StatusCode.UNAVAILABLE, STOPPING)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # for mypy: grpc.aio runs each call in a task
        about = _about(context) if LOG.isEnabledFor(logging.DEBUG) else None
        call = _Call(method, task, time.perf_counter(), about)
        self._running.add(call)
        for observer in self.observers:
            observer.started(method)
        return call

    async def _fail(self, call: _Call, context: Context, error: BaseException) -> None:
        if not isinstance(error, asyncio.CancelledError | GeneratorExit):
            self._end(call, _code(context.code()))
        elif self._stopping and isinstance(error, asyncio.CancelledError):
            self._end(call, StatusCode.UNAVAILABLE)
            call.task.uncancel()
            await context.abort(StatusCode.UNAVAILABLE, STOPPING)
        else:  # its client has gone
            self._end(call, StatusCode.CANCELLED)

    def _end(self, call: _Call, code: StatusCode) -> None:
        self._running.discard(call)
        seconds = time.perf_counter() - call.began
        for observer in self.observers:
            observer.ended(call.method, code, seconds)
        if call.about is not None:
            fields = {"method": call.method.path, "code": code.name, "seconds": seconds, **call.about}
            LOG.debug("call", extra={"fields": fields})


def _about(context: Context) -> dict[str, str]:
    headers = dict(context.invocation_metadata() or ())
    return {"namespace": headers.get(NAMESPACE, ""), "peer": context.peer()}


def _code(told: Any) -> StatusCode:
    """A failed call's code, which grpc.aio tells as a member of StatusCode, as its number, or not at all."""
    if isinstance(told, StatusCode):
        return told
    return _BY_NUMBER.get(told or StatusCode.UNKNOWN.value[0], StatusCode.UNKNOWN)

"""`Requests`: sees every call of gRPC from beginning to end: for the log, for figures, for an orderly stop."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, NamedTuple, Protocol

import grpc
from grpc import StatusCode, aio

LOG = logging.getLogger("tiffin.manager.requests")
NAMESPACE = "containerd-namespace"
STOPPING = "tiffind is stopping"
Handler = Any  # a grpc.RpcMethodHandler; at run time that takes no types
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Any]]
Context = Any  # an aio.ServicerContext, likewise

# calls that end only when something happens: at a stop they are ended at once, all others have some time
PATIENT = frozenset({
    "/containerd.services.events.v1.Events/Subscribe",
    "/containerd.services.tasks.v1.Tasks/Wait",
    "/containerd.services.sandbox.v1.Controller/Wait",
    "/containerd.services.streaming.v1.Streaming/Stream",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
})  # fmt: skip

KINDS = (
    ("unary_unary", "unary", grpc.unary_unary_rpc_method_handler),
    ("unary_stream", "server_stream", grpc.unary_stream_rpc_method_handler),
    ("stream_unary", "client_stream", grpc.stream_unary_rpc_method_handler),
    ("stream_stream", "bidi_stream", grpc.stream_stream_rpc_method_handler),
)


class Observer(Protocol):
    """Who counts calls. kind: as go-grpc-prometheus calls it, `unary` or `server_stream`."""

    def started(self, kind: str, method: str) -> None:
        """A call of a method that we have."""

    def ended(self, kind: str, method: str, code: StatusCode, seconds: float) -> None:
        """It is over."""


class Requests(aio.ServerInterceptor):
    """An interceptor of grpc.aio. observer: None if nobody counts."""

    def __init__(self, observer: Observer | None = None) -> None:
        self.observer = observer
        self._watched: dict[str, Handler] = {}
        self._running: dict[asyncio.Task[Any], str] = {}
        self._stopping = False

    @property
    def running(self) -> int:
        """How many calls there are at this moment."""
        return len(self._running)

    def stop(self) -> None:
        """Ends the calls that wait for something to happen, with UNAVAILABLE; also those that come from now on."""
        self._stopping = True
        for task, method in list(self._running.items()):
            if method in PATIENT:
                task.cancel()

    async def intercept_service(self, continuation: Continuation, details: grpc.HandlerCallDetails) -> Any:
        """As grpc.aio wants it."""
        method = details.method
        found = self._watched.get(method)
        if found is None:
            handler = await continuation(details)
            if handler is None:  # no such method: the server says so
                return handler
            found = self._watched[method] = self._wrapped(handler, method)
        return found

    def _wrapped(self, handler: Handler, method: str) -> Handler:
        codec = (handler.request_deserializer, handler.response_serializer)
        for attribute, kind, make in KINDS:
            inner = getattr(handler, attribute)
            if inner is not None:
                streams = inspect.isasyncgenfunction(inner)
                call = _Calls(self, kind, method)
                return make(_streaming(inner, call) if streams else _answering(inner, call), *codec)
        raise AssertionError(f"{method} has no handler")

    def begin(self, calls: _Calls) -> asyncio.Task[Any]:
        """Notes a call."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # for mypy: grpc.aio runs each call in a task
        self._running[task] = calls.method
        if self.observer is not None:
            self.observer.started(calls.kind, calls.method)
        if self._stopping and calls.method in PATIENT:
            task.cancel()
        return task

    def end(self, calls: _Calls, task: asyncio.Task[Any], code: StatusCode, began: float) -> None:
        """Its end."""
        self._running.pop(task, None)
        if self.observer is not None:
            self.observer.ended(calls.kind, calls.method, code, time.perf_counter() - began)

    async def give_up(self, task: asyncio.Task[Any], context: Context) -> None:
        """A call was cancelled: by its client, who hears no answer any more, or by `stop`, which is told to it."""
        if self._stopping:
            task.uncancel()
            await context.abort(StatusCode.UNAVAILABLE, STOPPING)


class _Calls(NamedTuple):
    """All calls of one method."""

    requests: Requests
    kind: str
    method: str

    @asynccontextmanager
    async def one(self, context: Context) -> AsyncIterator[None]:
        """Surrounds one of them."""
        began = time.perf_counter()
        task = self.requests.begin(self)
        code = StatusCode.OK
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):  # the latter: the client of a stream has gone
            code = StatusCode.CANCELLED
            await self.requests.give_up(task, context)
            raise
        except Exception:
            code = _code(context.code(), StatusCode.UNKNOWN)
            raise
        finally:
            self.requests.end(self, task, code, began)
            if LOG.isEnabledFor(logging.DEBUG):
                _log(self.method, context, code, time.perf_counter() - began)


def _answering(inner: Any, calls: _Calls) -> Any:
    async def answer(request: Any, context: Context) -> Any:
        async with calls.one(context):
            return await inner(request, context)

    return answer


def _streaming(inner: Any, calls: _Calls) -> Any:
    async def answer(request: Any, context: Context) -> AsyncIterator[Any]:
        async with calls.one(context), aclosing(inner(request, context)) as answers:
            async for each in answers:
                yield each

    return answer


def _code(told: Any, otherwise: StatusCode) -> StatusCode:
    """A call's code, which grpc.aio tells as a member of StatusCode, as its number, or not at all."""
    if isinstance(told, StatusCode):
        return told
    return _BY_NUMBER.get(told, otherwise) if told else otherwise


_BY_NUMBER = {each.value[0]: each for each in StatusCode}


def _log(method: str, context: Context, code: StatusCode, seconds: float) -> None:
    headers = dict(context.invocation_metadata() or ())
    fields = {
        "method": method,
        "code": code.name,
        "seconds": seconds,
        "namespace": headers.get(NAMESPACE, ""),
        "peer": context.peer(),
    }
    LOG.debug("call", extra={"fields": fields})

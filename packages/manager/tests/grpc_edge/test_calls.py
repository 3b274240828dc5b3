"""What a service hears of a call, and what its client hears of the service: through a real server and client."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from grpc import StatusCode, aio
from packages.manager.tests.client import SECONDS, Client, refusal
from packages.ttrpc.tests.conftest import guarded

import tiffin.image.errors
import tiffin.runtime.errors
from tiffin.api.containerd.services.content.v1 import content_pb2 as content
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.api.containerd.services.content.v1.content_services import CONTENT
from tiffin.api.containerd.services.version.v1 import version_pb2 as version
from tiffin.api.containerd.services.version.v1.version_pb2_grpc import VersionStub
from tiffin.api.containerd.services.version.v1.version_services import VERSION
from tiffin.image.errors import InvalidArgument, NotFound
from tiffin.manager.grpc_edge.call import Call
from tiffin.manager.grpc_edge.handlers import handler_of
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.grpc_edge.statuses import CLASSES
from tiffin.manager.grpc_edge.workers import Workers

Serve = Callable[..., Client]


def ask(
    serve: Serve, function: Callable[..., object], namespace: str = "", lease: str = ""
) -> version.VersionResponse:
    """Asks a service of one function for its version."""
    client = serve(Offer(VERSION, {"Version": function})).within(namespace, lease)
    return client.call(client.stub(VersionStub).Version, Empty())


def said(_request: Empty, call: Call) -> version.VersionResponse:
    return version.VersionResponse(version=call.namespace, revision=f"{call.lease} {call.peer}")


def test_headers_tell_the_namespace_and_the_lease(serve: Serve) -> None:
    answer = ask(serve, said, "k8s.io", "a lease")
    assert (answer.version, answer.revision) == ("k8s.io", "a lease unix:")


@pytest.mark.parametrize(
    ("namespace", "code", "text"),
    [
        ("", StatusCode.FAILED_PRECONDITION, "namespace is required: failed precondition"),
        ("../x", StatusCode.INVALID_ARGUMENT, "namespace validation"),
        ("x" * 77, StatusCode.INVALID_ARGUMENT, "namespace validation"),
    ],
)
def test_a_namespace_must_be_one(serve: Serve, namespace: str, code: StatusCode, text: str) -> None:
    refused = refusal(ask, serve, said, namespace)
    assert refused.code is code
    assert text in refused.text


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (NotFound("there is no such thing"), "NOT_FOUND", "there is no such thing: not found"),
        (NotFound("not found"), "NOT_FOUND", "not found"),
        (NotFound("\udcff"), "NOT_FOUND", "\\udcff: not found"),
        (NotFound("x" * 100_000), "NOT_FOUND", "x" * 4000 + ": not found"),
        (NotFound("ä" * 100_000), "NOT_FOUND", "ä" * 666 + ": not found"),
        (OSError(errno.ENOSPC, "No space left"), "RESOURCE_EXHAUSTED", "[Errno 28] No space left"),
        (KeyError("a mistake"), "INTERNAL", "internal error: KeyError: 'a mistake'"),
    ],
)
def test_errors_become_statuses(serve: Serve, error: Exception, code: str, text: str) -> None:
    def fail(_request: Empty, _call: Call) -> version.VersionResponse:
        raise error

    refused = refusal(ask, serve, fail)
    assert (refused.code.name, refused.text) == (code, text)


def test_every_class_of_errors_has_a_status() -> None:
    modules = (tiffin.image.errors, tiffin.runtime.errors)
    bases = (tiffin.image.errors.ImageFailure, tiffin.runtime.errors.RuntimeFailure)
    classes = [
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, bases) and kind not in bases
    ]
    assert len(classes) > 15
    assert [kind for kind in classes if not any(issubclass(kind, known) for known in CLASSES)] == []


def test_plain_functions_run_in_threads_and_coroutines_in_the_loop(serve: Serve) -> None:
    def plain(_request: Empty, _call: Call) -> version.VersionResponse:
        return version.VersionResponse(version=threading.current_thread().name)

    async def coroutine(_request: Empty, call: Call) -> bytes:
        inner = await call.workers.run(lambda: threading.current_thread().name)
        name = threading.current_thread().name
        return version.VersionResponse(version=name, revision=inner).SerializeToString()

    assert ask(serve, plain).version.startswith("tiffin-call")
    answer = ask(serve, coroutine)
    assert not answer.version.startswith("tiffin-call")
    assert answer.revision.startswith("tiffin-call")


def test_what_is_no_message_is_refused(serve: Serve) -> None:
    def never(_request: content.InfoRequest, _call: Call) -> content.InfoResponse:
        raise AssertionError("it was called")

    client = serve(Offer(CONTENT, {"Info": never}))
    for method, data, code in (
        ("Info", b"\x0a\xff", StatusCode.INVALID_ARGUMENT),
        ("Delete", b"", StatusCode.UNIMPLEMENTED),
        ("Unheard", b"", StatusCode.UNIMPLEMENTED),
    ):
        raw: aio.UnaryUnaryMultiCallable[bytes, bytes] = client.channel.unary_unary(
            f"/containerd.services.content.v1.Content/{method}"
        )
        assert refusal(client.call, raw, data).code is code


def test_an_iterator_is_closed_when_its_reader_goes(serve: Serve) -> None:
    closed = threading.Event()

    def endless(_request: content.ReadContentRequest, _call: Call) -> Iterator[content.ReadContentResponse]:
        try:
            while True:
                yield content.ReadContentResponse(data=b"x" * 1000)
        finally:
            closed.set()

    client = serve(Offer(CONTENT, {"Read": endless}))

    async def read_once() -> bytes:
        answers = ContentStub(client.channel).Read(content.ReadContentRequest(), timeout=SECONDS)
        async for answer in answers:
            answers.cancel()
            return answer.data
        raise AssertionError("nothing came")

    assert client.run(read_once()) == b"x" * 1000
    assert closed.wait(SECONDS)


@pytest.mark.parametrize("talks", [False, True])
def test_a_generator_has_ended_when_its_call_has(*, talks: bool) -> None:
    unhandled: list[dict[str, Any]] = []
    asyncio.run(guarded(left_by_its_reader(talks=talks), unhandled))
    assert not unhandled


async def left_by_its_reader(*, talks: bool) -> None:
    ended: list[str] = []

    async def answers(*_: object) -> AsyncIterator[content.WriteContentResponse]:
        try:
            while True:
                yield content.WriteContentResponse()
        finally:
            await asyncio.sleep(0)
            ended.append("here")

    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    with Workers() as workers:
        name, asked = ("Write", nothing()) if talks else ("List", b"")
        handler = handler_of(Offer(CONTENT, {name: answers}), workers)
        details: Any = SimpleNamespace(method=f"/{CONTENT.name}/{name}", invocation_metadata=())
        found: Any = handler.service(details)
        context = SimpleNamespace(invocation_metadata=tuple, peer=lambda: "unix:")
        call = (found.stream_stream or found.unary_stream)(asked, context)
        await anext(call)
        await call.aclose()
        assert ended == ["here"]


def test_an_error_in_the_middle_of_a_stream_comes_after_what_was_before(serve: Serve) -> None:
    def breaking(_request: content.ReadContentRequest, _call: Call) -> Iterator[content.ReadContentResponse]:
        yield content.ReadContentResponse(data=b"x")
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    client = serve(Offer(CONTENT, {"Read": breaking}))
    found = []

    async def read() -> None:
        async for answer in ContentStub(client.channel).Read(content.ReadContentRequest(), timeout=SECONDS):
            found.append(answer.data)  # noqa: PERF401  # what came before the error counts

    assert refusal(client.run, read()).code is StatusCode.UNKNOWN
    assert found == [b"x"]


def test_requests_may_stream(serve: Serve) -> None:
    async def echo(
        requests: AsyncIterator[content.WriteContentRequest], _call: Call
    ) -> AsyncIterator[content.WriteContentResponse]:
        async for request in requests:
            if request.ref == "bad":
                raise InvalidArgument("a bad one")
            yield content.WriteContentResponse(offset=len(request.data))

    sent = [content.WriteContentRequest(data=b"x" * count) for count in range(3)]
    client = serve(Offer(CONTENT, {"Write": echo}))
    write = client.stub(ContentStub).Write
    assert [answer.offset for answer in client.talk(write, sent)] == [0, 1, 2]
    bad = [sent[1], content.WriteContentRequest(ref="bad")]
    assert refusal(client.talk, write, bad).code is StatusCode.INVALID_ARGUMENT


def test_a_service_cannot_have_methods_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match="has no method Foo"):
        Offer(VERSION, {"Foo": lambda request, call: request})

"""How calls fail: what handlers raise, what does not fit, what makes no sense; nothing of it ends the connection."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from packages.ttrpc.tests.bare import bare_client, bare_server, frame, request
from packages.ttrpc.tests.echo import NAME, echoing

from tiffin.ttrpc import Client, Code, Context, Detail, Limits, Method, Raw, RpcError, Server, Status, unary
from tiffin.ttrpc.wire.envelope import Request
from tiffin.ttrpc.wire.frames import DATA, LONGEST, REMOTE_OPEN, RESPONSE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@asynccontextmanager
async def failing(error: BaseException, **options: Any) -> AsyncIterator[Client]:
    """A client of a server whose only handler raises this."""

    async def fail(_: Raw, __: Context) -> Raw:
        raise error

    async with Server({NAME: {"Fail": unary(Raw, Raw, fail)}}, **options) as server:
        ours, theirs = socket.socketpair()
        await server.serve(theirs)
        async with await Client.on(ours) as client:
            yield client


async def error_of(call: Any) -> RpcError:
    with pytest.raises(RpcError) as caught:
        await call
    return caught.value


async def test_details_arrive() -> None:
    sent = RpcError(Code.ABORTED, "no", (Detail("type.example/Reason", b"\x08\x01"), Detail("", b"")))
    async with failing(sent) as client:
        assert (await error_of(client.call(NAME, "Fail", Raw(), Raw))).status == sent.status


@pytest.mark.parametrize("code", [77, -1, 2**31 - 1])
async def test_a_code_that_nobody_knows_arrives(code: int) -> None:
    async with failing(RpcError(code, "no")) as client:
        assert (await error_of(client.call(NAME, "Fail", Raw(), Raw))).code == code


async def test_an_error_that_says_ok_is_one_all_the_same() -> None:
    async with failing(RpcError(Code.OK, "odd")) as client:
        assert (await error_of(client.call(NAME, "Fail", Raw(), Raw))).status == Status(Code.UNKNOWN, "odd")


async def test_any_other_exception_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with failing(ZeroDivisionError("by nothing")) as client:
        error = await error_of(client.call(NAME, "Fail", Raw(), Raw))
    assert error.status == Status(Code.UNKNOWN, "ZeroDivisionError: by nothing")
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "test.Echo/Fail failed")
    assert record.exc_info is not None


async def test_a_server_maps_the_errors_that_it_knows(caplog: pytest.LogCaptureFixture) -> None:
    def status_of(error: Exception) -> Status | None:
        return Status(Code.NOT_FOUND, "mapped") if isinstance(error, FileNotFoundError) else None

    async with failing(FileNotFoundError(2, "no"), error_status=status_of) as client:
        error = await error_of(client.call(NAME, "Fail", Raw(), Raw))
    assert error.status == Status(Code.NOT_FOUND, "mapped")
    assert not caplog.records


async def test_a_map_of_errors_that_fails_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    def status_of(error: Exception) -> Status | None:
        raise LookupError(error)

    async with failing(ZeroDivisionError("by nothing"), error_status=status_of) as client:
        error = await error_of(client.call(NAME, "Fail", Raw(), Raw))
    assert error.code == Code.UNKNOWN
    assert len(caplog.records) == 2


async def test_a_handler_that_cancels_itself_has_cancelled_the_call() -> None:
    async with failing(asyncio.CancelledError()) as client:
        assert (await error_of(client.call(NAME, "Fail", Raw(), Raw))).code == Code.CANCELLED


class Picky(bytes):
    """A message that cannot always be decoded."""

    def SerializeToString(self) -> bytes:  # noqa: N802
        if self == b"bad":
            raise ValueError("it is bad")
        return bytes(self)

    @classmethod
    def FromString(cls, data: bytes, /) -> Picky:  # noqa: N802
        if data == b"worse":
            raise ValueError("it is worse")
        return cls(data)


@pytest.mark.parametrize(
    ("request_", "response", "code"),
    [
        (b"worse", b"", Code.INVALID_ARGUMENT),  # the server cannot decode it
        (b"bad", b"", Code.INTERNAL),  # the client cannot encode it
        (b"", b"bad", Code.INTERNAL),  # the server cannot encode it
        (b"", b"worse", Code.INTERNAL),  # the client cannot decode it
        (b"", None, Code.INTERNAL),  # it is no message at all
    ],
)
async def test_what_is_no_message(request_: bytes, response: bytes | None, code: Code) -> None:
    async def answer(_: Picky, __: Context) -> Any:
        return None if response is None else Picky(response)

    async with Server({NAME: {"Call": Method(Picky, Picky, False, False, answer)}}) as server:
        ours, theirs = socket.socketpair()
        await server.serve(theirs)
        async with await Client.on(ours) as client:
            error = await error_of(client.call(NAME, "Call", Picky(request_), Picky))
    assert error.code == code


OVERHEAD = len(Request(NAME, "Echo", bytes(LONGEST)).encode()) - LONGEST


async def test_the_longest_message_arrives() -> None:
    async with echoing() as (client, _):
        payload = Raw(b"tiffin!" * LONGEST)[: LONGEST - OVERHEAD]
        assert await client.call(NAME, "Echo", Raw(payload), Raw) == payload


async def test_a_request_that_is_too_long_is_not_sent() -> None:
    async with echoing() as (client, echo):
        error = await error_of(client.call(NAME, "Echo", Raw(bytes(LONGEST - OVERHEAD + 1)), Raw))
        assert error.code == Code.RESOURCE_EXHAUSTED
        assert echo.contexts == []
        assert await client.call(NAME, "Echo", Raw(b"on"), Raw) == b"on"


@pytest.mark.parametrize("limits", [(Limits(message=1000), Limits()), (Limits(), Limits(message=1000))])
async def test_a_response_that_is_too_long_is_an_error(limits: tuple[Limits, Limits]) -> None:
    async with echoing(*limits) as (client, _):
        stream = await client.stream_unary(NAME, "Join", Raw)
        await stream.send(Raw(bytes(600)))
        await stream.send(Raw(bytes(600)))
        assert (await error_of(stream.response())).code == Code.RESOURCE_EXHAUSTED
        assert await client.call(NAME, "Echo", Raw(b"on"), Raw) == b"on"


async def test_a_message_of_a_stream_that_is_too_long() -> None:
    async with bare_client(Limits(message=1000)) as (bare, _):
        bare.send(request(1, "Join", flags=REMOTE_OPEN), frame(1, DATA, 0, bytes(1001)))
        assert await bare.code(1) == Code.RESOURCE_EXHAUSTED
        bare.send(frame(1, DATA, 0, b"late"), request(3, "Echo"))
        assert await bare.code(3) == Code.OK


async def test_a_handler_s_message_that_is_too_long_ends_the_stream() -> None:
    async with echoing(Limits(message=1000), Limits()) as (client, _):
        stream = await client.stream_stream(NAME, "Each", Raw)
        await stream.send(Raw(bytes(1001)))
        assert (await error_of(anext(stream))).code == Code.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (frame(1, RESPONSE, 0, b"\xff"), Code.INTERNAL),
        (frame(1, DATA, 0, b""), Code.INTERNAL),
        (frame(1, 9, 0, b""), Code.INTERNAL),
        (frame(1, RESPONSE, 0, bytes(LONGEST + 1)), Code.RESOURCE_EXHAUSTED),
    ],
    ids=["no response", "data", "unknown kind", "too long"],
)
@pytest.mark.parametrize("kind", ["unary", "stream_unary"])
async def test_an_answer_that_makes_no_sense_fails_its_call(kind: str, answer: bytes, code: Code) -> None:
    async with bare_server() as (client, bare):
        if kind == "unary":
            call: Any = asyncio.create_task(client.call(NAME, "Echo", Raw(), Raw))
        else:
            call = (await client.stream_unary(NAME, "Join", Raw)).response()
        other = asyncio.create_task(client.call(NAME, "Echo", Raw(), Raw))
        await bare.frame()
        bare.send(answer, frame(3, RESPONSE, 0))
        assert (await error_of(call)).code == code
        assert await other == b""


async def test_requests_beyond_the_limit_are_refused() -> None:
    async with echoing(Limits(requests=3)) as (client, echo):
        waiting = [asyncio.create_task(client.call(NAME, "Wait", Raw(), Raw)) for _ in range(3)]
        await echo.began.wait()
        assert (await error_of(client.call(NAME, "Echo", Raw(), Raw))).code == Code.RESOURCE_EXHAUSTED
        echo.go.set()
        await asyncio.gather(*waiting)
        assert await client.call(NAME, "Echo", Raw(b"again"), Raw) == b"again"


async def test_bytes_of_requests_beyond_the_limit_are_refused() -> None:
    async with echoing(Limits(request_bytes=1000)) as (client, echo):
        waiting = asyncio.create_task(client.call(NAME, "Wait", Raw(bytes(1000)), Raw))
        await echo.began.wait()
        assert (await error_of(client.call(NAME, "Echo", Raw(), Raw))).code == Code.RESOURCE_EXHAUSTED
        echo.go.set()
        await waiting
        assert await client.call(NAME, "Echo", Raw(b"again"), Raw) == b"again"


async def test_an_unused_handler_name_is_an_error() -> None:
    from tiffin.api.containerd.runtime.task.v2.shim_services import TASK
    from tiffin.ttrpc import implement

    handler: Callable[..., Any] = error_of
    with pytest.raises(ValueError, match="Nothing"):
        implement(TASK, {"Nothing": handler})

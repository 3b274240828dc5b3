"""Frame for frame what PROTOCOL.md describes, against bytes that are written down here."""

from __future__ import annotations

import asyncio

import pytest
from packages.ttrpc.tests.bare import bare_client, bare_server, frame

from tiffin.ttrpc import Raw


def request(method: bytes, payload: bytes = b"") -> bytes:
    """ttrpc.Request, for strings of less than 128 bytes."""
    fields = b"\x0a\x09test.Echo\x12%c%b" % (len(method), method)
    return fields + (b"\x1a%c%b" % (len(payload), payload) if payload else b"")


def response(payload: bytes) -> bytes:
    """ttrpc.Response without a status, which is success."""
    return b"\x12%c%b" % (len(payload), payload)


REQUEST, RESPONSE, DATA = 1, 2, 3
CLOSED, OPEN, NO_DATA = 1, 2, 4
EXCHANGES = {  # what a client sends, and what the server answers
    "unary": (
        frame(1, REQUEST, 0, request(b"Echo", b"x")),
        frame(1, RESPONSE, 0, response(b"x")),
    ),
    "unary, empty": (frame(1, REQUEST, 0, request(b"Echo")), frame(1, RESPONSE, 0)),
    "many responses": (
        frame(1, REQUEST, CLOSED, request(b"Count", b"2")),
        frame(1, DATA, 0, b"0") + frame(1, DATA, 0, b"1") + frame(1, DATA, CLOSED | NO_DATA),
    ),
    "no responses": (
        frame(1, REQUEST, CLOSED, request(b"Count", b"0")),
        frame(1, DATA, CLOSED | NO_DATA),
    ),
    "many requests": (
        frame(1, REQUEST, OPEN, request(b"Join"))
        + frame(1, DATA, 0, b"a")
        + frame(1, DATA, 0, b"b")
        + frame(1, DATA, CLOSED | NO_DATA),
        frame(1, RESPONSE, 0, response(b"a,b")),
    ),
    "an empty message is one": (
        frame(1, REQUEST, OPEN, request(b"Join")) + frame(1, DATA, 0) + frame(1, DATA, CLOSED),
        frame(1, RESPONSE, 0, response(b",")),
    ),
    "the first message in the request": (
        frame(1, REQUEST, OPEN, request(b"Join", b"a")) + frame(1, DATA, CLOSED, b"b"),
        frame(1, RESPONSE, 0, response(b"a,b")),
    ),
    "no more than the request": (
        frame(1, REQUEST, CLOSED, request(b"Join", b"a")),
        frame(1, RESPONSE, 0, response(b"a")),
    ),
    "a unary request for a stream": (
        frame(1, REQUEST, 0, request(b"Join")),
        frame(1, RESPONSE, 0),
    ),
    "both": (
        frame(1, REQUEST, OPEN, request(b"Each"))
        + frame(1, DATA, 0, b"a")
        + frame(1, DATA, 0, b"b")
        + frame(1, DATA, CLOSED | NO_DATA),
        frame(1, DATA, 0, b"A") + frame(1, DATA, 0, b"B") + frame(1, DATA, CLOSED | NO_DATA),
    ),
    "a stream that fails": (
        frame(1, REQUEST, OPEN, request(b"Each")) + frame(1, DATA, 0, b"a") + frame(1, DATA, 0, b"fail"),
        frame(1, DATA, 0, b"A") + frame(1, RESPONSE, 0, b"\x0a\x0f\x08\x0a\x12\x0bas you wish"),
    ),
    "data on a unary stream": (
        frame(1, REQUEST, 0, request(b"Wait")) + frame(1, DATA, 0, b"a"),
        frame(1, RESPONSE, 0, b"\x0a\x29\x08\x03\x12\x25data came on a stream that takes none"),
    ),
    "a stream of a later number": (
        frame(4_000_000_001, REQUEST, 0, request(b"Echo", b"x")),
        frame(4_000_000_001, RESPONSE, 0, response(b"x")),
    ),
}


@pytest.mark.parametrize("whole", [True, False], ids=["at once", "byte by byte"])
@pytest.mark.parametrize("name", EXCHANGES)
async def test_the_server_answers(name: str, *, whole: bool) -> None:
    sent, expected = EXCHANGES[name]
    async with bare_client() as (bare, _):
        for piece in [sent] if whole else [sent[place : place + 1] for place in range(len(sent))]:
            bare.send(piece)
            await bare.writer.drain()
        await bare.expect(expected)


async def test_the_client_calls() -> None:
    async with bare_server() as (client, bare):
        for stream in (1, 3, 5):
            call = asyncio.create_task(client.call("test.Echo", "Echo", Raw(b"x"), Raw))
            await bare.expect(frame(stream, REQUEST, 0, request(b"Echo", b"x")))
            bare.send(frame(stream, RESPONSE, 0, response(b"y")))
            assert await call == b"y"


async def test_the_client_sends_metadata_and_timeout() -> None:
    async with bare_server() as (client, bare):
        call = asyncio.create_task(
            client.call("test.Echo", "Echo", Raw(), Raw, timeout=1e12, metadata={"Key": ["a", ""]})
        )
        await bare.expect(
            frame(
                1,
                REQUEST,
                0,
                request(b"Echo")
                + b"\x20\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
                + b"\x2a\x08\x0a\x03key\x12\x01a\x2a\x07\x0a\x03key\x12\x00",
            )
        )
        bare.send(frame(1, RESPONSE, 0))
        assert await call == b""


async def test_the_client_reads_many_responses() -> None:
    async with bare_server() as (client, bare):
        stream = await client.unary_stream("test.Echo", "Count", Raw(b"2"), Raw)
        await bare.expect(frame(1, REQUEST, CLOSED, request(b"Count", b"2")))
        bare.send(frame(1, DATA, 0, b"0"), frame(1, DATA, 0), frame(1, DATA, CLOSED | NO_DATA))
        assert [each async for each in stream] == [b"0", b""]


@pytest.mark.parametrize(
    ("last", "read"),
    [
        (frame(1, DATA, CLOSED, b"1"), [b"0", b"1"]),
        (frame(1, RESPONSE, 0), [b"0"]),
        (frame(1, RESPONSE, 0, response(b"1")), [b"0", b"1"]),
    ],
    ids=["data", "empty response", "response"],
)
async def test_many_responses_may_end_otherwise(last: bytes, read: list[bytes]) -> None:
    async with bare_server() as (client, bare):
        stream = await client.unary_stream("test.Echo", "Count", Raw(), Raw)
        bare.send(frame(1, DATA, 0, b"0"), last)
        assert [each async for each in stream] == read


async def test_the_client_sends_many_requests() -> None:
    async with bare_server() as (client, bare):
        stream = await client.stream_unary("test.Echo", "Join", Raw)
        await stream.send(Raw(b"a"))
        await stream.send(Raw(b""))
        answer = asyncio.create_task(stream.response())
        await bare.expect(
            frame(1, REQUEST, OPEN, request(b"Join")),
            frame(1, DATA, 0, b"a"),
            frame(1, DATA, 0),
            frame(1, DATA, CLOSED | NO_DATA),
        )
        bare.send(frame(1, RESPONSE, 0, response(b"a,")))
        assert await answer == b"a,"


async def test_what_nobody_waits_for_is_dropped() -> None:
    async with bare_server() as (client, bare):
        call = asyncio.create_task(client.call("test.Echo", "Echo", Raw(), Raw))
        await bare.expect(frame(1, REQUEST, 0, request(b"Echo")))
        bare.send(
            frame(99, RESPONSE, 0, response(b"no")),
            frame(2, DATA, 0, b"no"),
            frame(1, RESPONSE, 0, response(b"yes")),
            frame(1, RESPONSE, 0, response(b"no")),
        )
        assert await call == b"yes"

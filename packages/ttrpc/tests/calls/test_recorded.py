"""What a Go client and a Go server (containerd/ttrpc 1.2.7, which Debian does not have) said to each other.

It was recorded between them, with the service of that project's integration tests. Each end of ours says the same to
the recorded other end.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
from packages.ttrpc.tests.bare import Bare, bare_server, frame, open_bare

from tiffin.ttrpc import (
    Client,
    Code,
    Context,
    Raw,
    RpcError,
    Server,
    stream_stream,
    stream_unary,
    unary,
    unary_stream,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAME = "ttrpc.integration.streaming.Streaming"
CLIENT, SERVER = "client", "server"


def request(method: bytes, payload: bytes = b"") -> bytes:
    return b"\n%" + NAME.encode() + b"\x12" + bytes([len(method)]) + method + payload


ECHO = [
    (CLIENT, frame(1, 1, 0, request(b"Echo", b"\x1a\x05\x08\x07\x12\x01x"))),
    (SERVER, frame(1, 2, 0, b"\x12\x05\x08\x07\x12\x01x")),
    (CLIENT, frame(3, 1, 0, request(b"Echo", b"\x1a\x08\x08\x07\x12\x04fail"))),
    (SERVER, frame(3, 2, 0, b"\n\x08\x08\x05\x12\x04no 7")),
]
ECHO_STREAM = [
    (CLIENT, frame(5, 1, 2, request(b"EchoStream"))),
    (CLIENT, frame(5, 3, 0, b"\x12\x02ab")),
    (SERVER, frame(5, 3, 0, b"\x12\x02AB")),
    (CLIENT, frame(5, 3, 0, b"\x08\x01\x12\x02ab")),
    (SERVER, frame(5, 3, 0, b"\x08\x01\x12\x02AB")),
    (CLIENT, frame(5, 3, 0, b"\x08\x02\x12\x02ab")),
    (SERVER, frame(5, 3, 0, b"\x08\x02\x12\x02AB")),
    (CLIENT, frame(5, 3, 5)),
    (SERVER, frame(5, 3, 5)),
    (CLIENT, frame(7, 1, 2, request(b"EchoStream"))),
    (CLIENT, frame(7, 3, 0, b"\x12\x04fail")),
    (SERVER, frame(7, 2, 0, b"\n\x0f\x08\n\x12\x0bas you wish")),
]
SUM_STREAM = [
    (CLIENT, frame(9, 1, 2, request(b"SumStream"))),
    (CLIENT, frame(9, 3, 0)),
    (CLIENT, frame(9, 3, 0, b"\x08\x01")),
    (CLIENT, frame(9, 3, 0, b"\x08\x02")),
    (CLIENT, frame(9, 3, 0, b"\x08\x03")),
    (CLIENT, frame(9, 3, 0, b"\x08\x04")),
    (CLIENT, frame(9, 3, 5)),
    (SERVER, frame(9, 2, 0, b"\x12\x04\x08\n\x10\x05")),
]
DIVIDE_STREAM = [
    (CLIENT, frame(11, 1, 1, request(b"DivideStream", b"\x1a\x04\x08d\x10\x05"))),
    *[(SERVER, frame(11, 3, 0, b"\x08\x14"))] * 5,
    (SERVER, frame(11, 3, 5)),
]
EMPTY = [
    (CLIENT, frame(13, 1, 2, request(b"EchoNull"))),
    (CLIENT, frame(13, 3, 0)),
    (CLIENT, frame(13, 3, 5)),
    (SERVER, frame(13, 2, 0)),
    (CLIENT, frame(15, 1, 1, request(b"EmptyPayloadStream"))),
    (SERVER, frame(15, 3, 0)),
    (SERVER, frame(15, 3, 0, b"\x08\x01")),
    (SERVER, frame(15, 3, 0, b"\x08\x02")),
    (SERVER, frame(15, 3, 5)),
]
RECORDED = [*ECHO, *ECHO_STREAM, *SUM_STREAM, *DIVIDE_STREAM, *EMPTY]


async def echo(message: Raw, _: Context) -> Raw:
    if message.endswith(b"fail"):
        raise RpcError(Code.NOT_FOUND, "no 7")
    return message


async def echo_stream(messages: AsyncIterator[Raw], _: Context) -> AsyncIterator[Raw]:
    async for message in messages:
        if message.endswith(b"fail"):
            raise RpcError(Code.ABORTED, "as you wish")
        yield Raw(message.upper())


async def sum_stream(messages: AsyncIterator[Raw], _: Context) -> Raw:
    parts = [message[-1] if message else 0 async for message in messages]
    return Raw(b"\x08%c\x10%c" % (sum(parts), len(parts)))


async def divide_stream(_: Raw, __: Context) -> AsyncIterator[Raw]:
    for _number in range(5):
        yield Raw(b"\x08\x14")


async def echo_null(messages: AsyncIterator[Raw], _: Context) -> Raw:
    async for _message in messages:
        pass
    return Raw()


async def empty_payload_stream(_: Raw, __: Context) -> AsyncIterator[Raw]:
    for message in (b"", b"\x08\x01", b"\x08\x02"):
        yield Raw(message)


SERVICES = {
    NAME: {
        "Echo": unary(Raw, Raw, echo),
        "EchoStream": stream_stream(Raw, Raw, echo_stream),
        "SumStream": stream_unary(Raw, Raw, sum_stream),
        "DivideStream": unary_stream(Raw, Raw, divide_stream),
        "EchoNull": stream_unary(Raw, Raw, echo_null),
        "EmptyPayloadStream": unary_stream(Raw, Raw, empty_payload_stream),
    }
}


async def replay(bare: Bare, end: str) -> None:
    """Says what this end said, and expects what the other one said."""
    for side, data in RECORDED:
        if side == end:
            bare.send(data)
        else:
            await bare.expect(data)


async def test_our_server_answers_as_theirs_did() -> None:
    async with Server(SERVICES) as server:
        ours, theirs = socket.socketpair()
        await server.serve(theirs)
        bare = await open_bare(ours)
        try:
            await replay(bare, CLIENT)
        finally:
            await bare.close()


async def calls(client: Client) -> None:
    """What their client did."""
    assert await client.call(NAME, "Echo", Raw(b"\x08\x07\x12\x01x"), Raw) == b"\x08\x07\x12\x01x"
    with pytest.raises(RpcError) as caught:
        await client.call(NAME, "Echo", Raw(b"\x08\x07\x12\x04fail"), Raw)
    assert (caught.value.code, caught.value.message) == (Code.NOT_FOUND, "no 7")
    stream = await client.stream_stream(NAME, "EchoStream", Raw)
    for message in (b"\x12\x02ab", b"\x08\x01\x12\x02ab", b"\x08\x02\x12\x02ab"):
        await stream.send(Raw(message))
        assert await anext(stream) == message.upper()
    await stream.close_send()
    assert [each async for each in stream] == []
    stream = await client.stream_stream(NAME, "EchoStream", Raw)
    await stream.send(Raw(b"\x12\x04fail"))
    with pytest.raises(RpcError) as caught:
        await anext(stream)
    assert caught.value.code == Code.ABORTED
    stream = await client.stream_unary(NAME, "SumStream", Raw)
    for message in (b"", b"\x08\x01", b"\x08\x02", b"\x08\x03", b"\x08\x04"):
        await stream.send(Raw(message))
    assert await stream.response() == b"\x08\n\x10\x05"
    stream = await client.unary_stream(NAME, "DivideStream", Raw(b"\x08d\x10\x05"), Raw)
    assert [each async for each in stream] == [b"\x08\x14"] * 5
    stream = await client.stream_unary(NAME, "EchoNull", Raw)
    await stream.send(Raw())
    assert await stream.response() == b""
    stream = await client.unary_stream(NAME, "EmptyPayloadStream", Raw(), Raw)
    assert [each async for each in stream] == [b"", b"\x08\x01", b"\x08\x02"]


async def test_our_client_asks_as_theirs_did() -> None:
    async with bare_server() as (client, bare):
        await asyncio.gather(calls(client), replay(bare, SERVER))

"""The same bytes to the Go server of containerd's shim, and to ours: both answer them alike, and go on."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING

import pytest
from packages.ttrpc.tests.interop.runc_shim import TASK, runc_shim

from tiffin.ttrpc import Code, Context, Raw, RpcError, Server, unary
from tiffin.ttrpc.wire.envelope import Request, Response
from tiffin.ttrpc.wire.frames import DATA, REQUEST, FrameParser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tiffin_testing.bundle import Bundle

pytestmark = [pytest.mark.requires("root", "containerd", "runc"), pytest.mark.usefixtures("nothing_left")]

Answer = tuple[int, int, int]  # stream, kind of the frame, code
LONGEST = 4 << 20


def frame(stream: int, kind: int, flags: int, data: bytes) -> bytes:
    """As `encode_frame`, but of any length."""
    return struct.pack(">IIBB", len(data), stream, kind, flags) + data


def call(stream: int, method: str, payload: bytes = b"", service: str = TASK, timeout: int = 0) -> bytes:
    return frame(stream, REQUEST, 0, Request(service, method, payload, timeout).encode())


KNOWN = call(1, "Connect")
LAST = 99  # the stream of the call that ends every case
CASES = {  # what is sent, and how many answers it gets
    "a call": (KNOWN, 1),
    "two calls in one piece": (call(1, "Connect") + call(3, "Connect"), 2),
    "an unknown method": (call(1, "Nothing"), 1),
    "an unknown service": (call(1, "Connect", service="Nothing"), 1),
    "an error of a handler": (call(1, "State"), 1),
    "an even stream": (call(2, "Connect"), 1),
    "stream 0": (call(0, "Connect"), 1),
    "no request": (frame(1, REQUEST, 0, b"\xff\xff\xff"), 1),
    "an empty request": (frame(1, REQUEST, 0, b""), 1),
    "a request whose text is no UTF-8": (frame(1, REQUEST, 0, b"\x0a\x02\xff\xfe"), 1),
    "a field that nobody knows": (
        frame(1, REQUEST, 0, b"\xa2\x06\x01x" + Request(TASK, "State").encode()),
        1,
    ),
    "a frame that is too long": (frame(1, REQUEST, 0, bytes(LONGEST + 1)), 1),
    "a frame that is far too long": (frame(1, REQUEST, 0, bytes(17 << 20)), 1),
    "the longest frame": (frame(1, REQUEST, 0, bytes(LONGEST)), 1),
    "a response": (frame(1, 2, 0, b""), 0),
    "an unknown kind": (frame(1, 77, 0xFF, b"what?"), 0),
}


async def answers(address: str, sent: bytes, count: int) -> list[Answer]:
    """What a server says to these bytes, and to a last call; in any order, since it works at all of them at once."""
    reader, writer = await asyncio.open_unix_connection(address.removeprefix("unix://"))
    parser, found = FrameParser(), list[Answer]()
    writer.write(sent + call(LAST, "Connect"))
    try:
        while len(found) <= count:
            data = await reader.read(65536)
            assert data, f"the server closed the connection after {found}"
            found += [
                (each.stream, each.kind, Response.decode(each.data).status.code) for each in parser.feed(data)
            ]
    finally:
        writer.close()
        await writer.wait_closed()
    return sorted(found)


async def connect(_: Raw, __: Context) -> Raw:
    return Raw()


async def state(_: Raw, __: Context) -> Raw:
    raise RpcError(Code.NOT_FOUND, "container not created")


async def test_both_answer_alike(
    bundle_factory: Callable[..., Bundle], folder: Path, container_id: str
) -> None:
    services = {TASK: {"Connect": unary(Raw, Raw, connect), "State": unary(Raw, Raw, state)}}
    async with (
        runc_shim(container_id, bundle_factory().path, folder / "none") as shim,
        Server(services) as server,
    ):
        await server.listen(folder / "ours")
        for name, (sent, count) in CASES.items():
            theirs = await answers(shim.address, sent, count)
            assert await answers(str(folder / "ours"), sent, count) == theirs, name
            assert theirs[-1] == (LAST, 2, Code.OK)


@pytest.mark.parametrize(
    ("sent", "count", "refused"),
    [
        (call(1, "Nothing") + call(1, "Connect"), 2, 1),
        (call(5, "Nothing") + call(3, "Connect"), 2, 3),
        (frame(1, DATA, 0, b""), 1, 1),
        (frame(2, DATA, 0, b""), 1, 2),
    ],
    ids=["used stream", "stream before the last one", "data without a request", "data on an even stream"],
)
async def test_ours_refuses_what_the_go_implementation_refuses_since_1_2(
    folder: Path, sent: bytes, count: int, refused: int
) -> None:
    async with Server({TASK: {"Connect": unary(Raw, Raw, connect)}}) as server:
        await server.listen(folder / "ours")
        assert (refused, 2, Code.INVALID_ARGUMENT) in await answers(str(folder / "ours"), sent, count)

"""Streams by name: a client opens one, and another call finds it."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.empty_pb2 import Empty
from grpc import StatusCode
from packages.manager.tests.client import Client, refusal
from packages.manager.tests.transfer.client_streams import ClientStream

from tiffin.api.containerd.services.streaming.v1.streaming_pb2 import StreamInit
from tiffin.api.containerd.services.streaming.v1.streaming_pb2_grpc import StreamingStub
from tiffin.api.typeurl import pack
from tiffin.manager.services.streaming import service
from tiffin.manager.streaming.blocking import ByteReader, ByteWriter
from tiffin.manager.streaming.streams import Streams
from tiffin.runtime.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from packages.manager.tests.conftest import Serve


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def client(serve: Serve, streams: Streams) -> Client:
    return serve(service(streams)).within("one")


def test_bytes_go_there_and_back_whole(client: Client, streams: Streams) -> None:
    data = os.urandom(1_000_000)

    async def talk() -> bytes:
        inward, outward = await ClientStream.open(client), await ClientStream.open(client)
        reader, writer = (
            ByteReader(streams.get("one", inward.name)),
            ByteWriter(streams.get("one", outward.name)),
        )

        def copy() -> None:
            while piece := reader.read(10_000):
                writer.write(piece)
            stream = streams.get("one", outward.name)
            stream.loop.call_soon_threadsafe(stream.close)

        _, _, found = await asyncio.gather(
            asyncio.to_thread(copy), inward.send_bytes(data), outward.receive_bytes(1, 100_000, 7, 1 << 30)
        )
        return found

    assert client.run(talk()) == data


def test_a_stream_is_found_in_its_namespace_alone_and_until_its_end(client: Client, streams: Streams) -> None:
    async def open_and_close() -> str:
        stream = await ClientStream.open(client, "mine")
        streams.get("one", "mine")
        with pytest.raises(NotFound):
            streams.get("two", "mine")
        streams.get("one", "mine").loop.call_soon_threadsafe(streams.get("one", "mine").close)
        assert await stream.receive() is None
        return stream.name

    client.run(open_and_close())
    with pytest.raises(NotFound):
        streams.get("one", "mine")


def test_a_name_is_taken_once(client: Client) -> None:
    async def twice() -> None:
        await ClientStream.open(client, "mine")
        await ClientStream.open(client, "mine")

    assert refusal(client.run, twice()).code is StatusCode.ALREADY_EXISTS


@pytest.mark.parametrize("first", [pack(Empty()), pack(StreamInit()), Any()])
def test_a_stream_begins_with_its_name(client: Client, first: Any) -> None:
    stub = client.stub(StreamingStub)
    assert refusal(client.talk, stub.Stream, [first]).code is StatusCode.INVALID_ARGUMENT


def test_a_writer_learns_that_its_client_has_gone(client: Client, streams: Streams) -> None:
    async def leave() -> None:
        stream = await ClientStream.open(client)
        writer = ByteWriter(streams.get("one", stream.name))
        writing = asyncio.create_task(asyncio.to_thread(writer.write, b"x" * 1_000_000))
        stream.call.cancel()
        with pytest.raises(Unavailable):
            await writing

    client.run(leave())

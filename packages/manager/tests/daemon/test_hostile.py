"""Bytes that are no HTTP/2, frames that break its rules, messages that are too large: the daemon goes on."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from packages.manager.tests.tiffind import Tiffind, stub, tiffind

from tiffin.api.containerd.services.containers.v1 import containers_pb2 as containers
from tiffin.api.containerd.services.containers.v1.containers_pb2_grpc import ContainersStub
from tiffin.api.containerd.services.version.v1.version_pb2_grpc import VersionStub

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
DATA, HEADERS, PRIORITY, RST, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 2, 3, 5, 6, 7, 8, 9


@pytest.fixture(scope="module")
def daemon() -> Iterator[Tiffind]:
    """One for all: it must get over everything."""
    with tiffind() as made:
        yield made.start()


def frame(kind: int, flags: int, stream: int, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return struct.pack(">I", size)[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + body


BROKEN = {
    "nothing": b"",
    "http/1": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "half a preface": PREFACE[:10],
    "preface alone": PREFACE,
    "zeros": bytes(100_000),
    "a longest frame": PREFACE + SETTINGS + frame(DATA, 0, 1, b"", 0xFFFFFF),
    "data on an idle stream": PREFACE + SETTINGS + frame(DATA, 1, 1, b"x"),
    "headers on stream 0": PREFACE + SETTINGS + frame(HEADERS, 4, 0, b"\x82"),
    "headers on an even stream": PREFACE + SETTINGS + frame(HEADERS, 4, 2, b"\x82"),
    "headers that cannot be decoded": PREFACE + SETTINGS + frame(HEADERS, 5, 1, b"\xff" * 100),
    "headers that never end": PREFACE
    + SETTINGS
    + frame(HEADERS, 0, 1, b"\x82")
    + frame(CONTINUATION, 0, 1, b"\x82") * 9000,
    "a continuation of nothing": PREFACE + SETTINGS + frame(CONTINUATION, 4, 1, b"\x82"),
    "settings of a wrong size": PREFACE + frame(4, 0, 0, b"12345"),
    "a window of zero": PREFACE + SETTINGS + frame(WINDOW, 0, 0, bytes(4)),
    "a window that overflows": PREFACE + SETTINGS + frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff") * 4,
    "a promise of a client": PREFACE + SETTINGS + frame(PUSH, 4, 1, bytes(4)),
    "pings": PREFACE + SETTINGS + frame(PING, 0, 0, bytes(8)) * 5000,
    "resets": PREFACE + SETTINGS + b"".join(frame(RST, 0, number, bytes(4)) for number in range(1, 4000, 2)),
    "an unknown kind of frame": PREFACE + SETTINGS + frame(200, 255, 99, b"x" * 1000),
    "goaway": PREFACE + SETTINGS + frame(GOAWAY, 0, 0, bytes(8)),
    "settings without end": PREFACE + SETTINGS * 20_000,
}


def serves(daemon: Tiffind) -> bool:
    with grpc.insecure_channel(f"unix:{daemon.address}") as channel:
        return bool(stub(VersionStub, channel).Version(Empty(), timeout=20).version)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_frames(daemon: Tiffind, name: str) -> None:
    for address in (daemon.address, f"{daemon.address}.ttrpc"):
        throw(address, BROKEN[name])
    assert serves(daemon)


def throw(address: str, data: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(address)
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
        except (BrokenPipeError, ConnectionResetError):  # it has had enough
            return


def test_random_bytes_after_a_sound_beginning(daemon: Tiffind) -> None:
    chance = random.Random(7)  # noqa: S311  # the same bytes each time
    for _ in range(100):
        frames = b"".join(
            frame(
                chance.randrange(12),
                chance.randrange(256),
                chance.randrange(8),
                chance.randbytes(chance.randrange(64)),
            )
            for _ in range(20)
        )
        throw(daemon.address, PREFACE + SETTINGS + frames)
    assert serves(daemon)


def test_a_message_that_is_too_large(daemon: Tiffind) -> None:
    request = containers.CreateContainerRequest(
        container=containers.Container(id="x", image="i" * (17 << 20))
    )
    with grpc.insecure_channel(f"unix:{daemon.address}") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            stub(ContainersStub, channel).Create(
                request, metadata=(("containerd-namespace", "default"),), timeout=20
            )
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert stub(VersionStub, channel).Version(Empty(), timeout=20).version


def test_requests_that_are_no_messages_and_services_that_are_not_there(daemon: Tiffind) -> None:
    with grpc.insecure_channel(f"unix:{daemon.address}") as channel:

        def code(method: str, data: bytes) -> grpc.StatusCode:
            call: Any = channel.unary_unary(method, request_serializer=None, response_deserializer=None)
            try:
                call(data, metadata=(("containerd-namespace", "default"),), timeout=20)
            except grpc.RpcError as error:
                found: grpc.StatusCode = error.code()
                return found
            return grpc.StatusCode.OK

        services = "/containerd.services"
        assert (
            code(f"{services}.containers.v1.Containers/Get", b"\xff\xff\xff")
            is grpc.StatusCode.INVALID_ARGUMENT
        )
        assert code(f"{services}.containers.v1.Containers/None", b"") is grpc.StatusCode.UNIMPLEMENTED
        assert code(f"{services}.none.v1.None/Get", b"") is grpc.StatusCode.UNIMPLEMENTED
        assert code("/", b"") is grpc.StatusCode.UNIMPLEMENTED
        assert code("/grpc.health.v1.Health/Check", b"\xff") is not grpc.StatusCode.OK
    assert serves(daemon)


def test_clients_that_go_away_in_the_middle_of_everything(daemon: Tiffind) -> None:
    for size in range(1, 400, 7):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(daemon.address)
            client.sendall((PREFACE + SETTINGS + request())[:size])
    assert serves(daemon)


def request() -> bytes:
    """A call of Version, whole: headers as HPACK without its tables, and an empty message."""
    pairs = (
        (b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"x"), (b"te", b"trailers"),
        (b":path", b"/containerd.services.version.v1.Version/Version"), (b"content-type", b"application/grpc"),
    )  # fmt: skip
    block = b"".join(
        b"\x00" + bytes((len(key),)) + key + bytes((len(value),)) + value for key, value in pairs
    )
    return frame(HEADERS, 4, 1, block) + frame(DATA, 1, 1, bytes(5))

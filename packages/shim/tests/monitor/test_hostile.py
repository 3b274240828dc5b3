"""Garbage on the control socket: the monitor answers or hangs up, forgets nothing, and keeps no descriptor.

It is built with AddressSanitizer and UndefinedBehaviorSanitizer here; what these find fails the test.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packages.shim.tests.monitor.sanitized import build_sanitized, findings, reports_to
from packages.shim.tests.monitor.scene import FOREVER, Scene, Scenes

from tiffin.shim.monitor import starting
from tiffin.shim.monitor.messages import LONGEST_MESSAGE, MESSAGES, Message, Start
from tiffin.shim.monitor.wire import encode

pytestmark = [pytest.mark.tier("fuzz"), pytest.mark.requires("clang")]

MANY = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
HEADER = struct.Struct("=HHI")
NUMBERS = st.sampled_from([*MESSAGES, 0, 11, 65535])


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sanitized(tmp_path_factory.mktemp("sanitized"))


class Victim:
    """A monitor with one process, and a client that behaves."""

    def __init__(self, scene: Scene, runner: asyncio.Runner) -> None:
        self.scene = scene
        self.runner = runner
        self.descriptors = scene.descriptors()

    def connect(self) -> socket.socket:
        client = starting.connect_to(self.scene.directory)
        client.setblocking(True)
        client.settimeout(20)
        client.recv(LONGEST_MESSAGE)  # hello
        return client

    def is_well(self) -> None:
        """Its process is there, and no other; it has no descriptor more."""
        processes = self.runner.run(self.scene.monitor.processes())
        assert [process.name for process in processes] == ["init"]
        self.runner.run(self.scene.monitor.processes())
        assert self.scene.descriptors() <= self.descriptors


@pytest.fixture
def victim(
    scene_of: Scenes, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Victim]:
    monkeypatch.setattr(starting, "PROGRAM", program)
    reports = tmp_path / "reports"
    for name, value in reports_to(reports).items():
        monkeypatch.setenv(name, value)
    with asyncio.Runner() as runner:
        scene = runner.run(scene_of().__aenter__())
        runner.run(scene.run("init", FOREVER))
        victim = Victim(scene, runner)
        try:
            yield victim
            victim.is_well()
        finally:
            runner.run(scene.__aexit__(None, None, None))
            assert findings(reports) == ""


@contextlib.contextmanager
def garbage(victim: Victim) -> Iterator[socket.socket]:
    """A client for one example, after which all must be as before."""
    with victim.connect() as client:
        yield client
    victim.is_well()


def texts() -> st.SearchStrategy[str]:
    return st.text(max_size=20).map(lambda text: text.replace("\0", "").encode(errors="replace").decode())


FIELDS: dict[str, st.SearchStrategy[object]] = {
    "int": st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 8),
    "text": texts() | st.sampled_from(["init", "/dev/null", "/", "init/pid"]),
    "bytes": st.binary(max_size=50),
    "texts": st.lists(texts(), max_size=5).map(tuple),
    "ints": st.lists(st.integers(-5, 70), max_size=5).map(tuple),
    "records": st.lists(st.binary(max_size=80), max_size=5).map(tuple),
}


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Any message with any fields; but none that ends what the test needs."""
    kind = MESSAGES[
        draw(st.sampled_from([n for n in MESSAGES if MESSAGES[n].__name__ not in {"Quit", "Forget"}]))
    ]
    values = [draw(FIELDS[field]) for field in kind._kinds]
    if kind.__name__ in {"Signal", "Start"} and values[0] == "init":
        values[0] = "other"
    return kind(*values)


@MANY
@given(st.binary(min_size=1, max_size=300))
def test_random_bytes(victim: Victim, data: bytes) -> None:
    with garbage(victim) as client:
        client.send(data)


@MANY
@given(
    NUMBERS.filter(lambda number: number not in {9, 10}), st.integers(0, 2**32 - 1), st.binary(max_size=300)
)
def test_random_fields_behind_a_header(victim: Victim, number: int, serial: int, data: bytes) -> None:
    with garbage(victim) as client:
        client.send(HEADER.pack(number, 0, serial) + data)
        assert HEADER.unpack_from(client.recv(LONGEST_MESSAGE))[2] == serial


@MANY
@given(messages())
def test_well_formed_nonsense(victim: Victim, message: Message) -> None:
    with garbage(victim) as client:
        client.send(encode(message, 7))
        assert HEADER.unpack_from(client.recv(LONGEST_MESSAGE))[2] == 7


@MANY
@given(messages(), st.data())
def test_messages_that_are_cut_off_or_changed(victim: Victim, message: Message, data: st.DataObject) -> None:
    packet = bytearray(encode(message, 7))
    at = data.draw(st.integers(HEADER.size, len(packet)))
    if data.draw(st.booleans()):
        packet = packet[:at]
    elif at < len(packet):
        packet[at] ^= data.draw(st.integers(1, 255))
    with garbage(victim) as client:
        client.send(packet)
        client.recv(LONGEST_MESSAGE)


@MANY
@given(messages(), st.integers(1, 253))
def test_too_many_descriptors(victim: Victim, message: Message, count: int) -> None:
    null = os.open("/dev/null", os.O_RDWR)
    try:
        with garbage(victim) as client:
            rights = array.array("i", [null] * count)
            client.sendmsg([encode(message, 7)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            client.recv(LONGEST_MESSAGE)
    finally:
        os.close(null)


def test_lengths_that_lie(victim: Victim) -> None:
    for length in (2**32 - 1, 2**31, 65_536, 100):
        with garbage(victim) as client:
            client.send(HEADER.pack(1, 0, 7) + struct.pack("=I", length))
            assert HEADER.unpack_from(client.recv(LONGEST_MESSAGE)) == (31, 0, 7)
        with garbage(victim) as client:  # a list of so many texts
            client.send(HEADER.pack(1, 0, 7) + struct.pack("=IcI", 0, b"\0", length))
            assert HEADER.unpack_from(client.recv(LONGEST_MESSAGE)) == (31, 0, 7)


def test_a_packet_that_is_too_long(victim: Victim) -> None:
    with garbage(victim) as client:
        client.send(HEADER.pack(1, 0, 7) + bytes(LONGEST_MESSAGE))
        assert HEADER.unpack_from(client.recv(LONGEST_MESSAGE)) == (31, 0, 7)


def test_the_most_texts_that_fit(victim: Victim) -> None:
    with garbage(victim) as client:
        argv = ("relative", *[""] * 13_000)
        client.send(encode(Start("x", argv), 7))
        assert HEADER.unpack_from(client.recv(LONGEST_MESSAGE)) == (31, 0, 7)


def test_a_client_that_never_reads_is_cut_off(victim: Victim) -> None:
    with garbage(victim) as client:
        request = HEADER.pack(8, 0, 7)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(200_000):
                client.send(request)
            raise AssertionError("it may ask for ever")
    assert "a client is cut off" in victim.scene.log()


def test_many_clients_that_come_and_go_at_once(victim: Victim) -> None:
    for _ in range(20):
        clients = [victim.connect() for _ in range(50)]
        for client in clients:
            client.send(encode(Start(f"x{os.urandom(4).hex()}", ("/bin/true",)), 7))
        for client in clients:
            client.close()
    while len(victim.runner.run(victim.scene.monitor.processes())) > 1:
        pass

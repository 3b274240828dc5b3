"""Many clients that are connected and idle."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from packages.manager.tests.daemon.test_hostile import PREFACE, SETTINGS, serves
from packages.manager.tests.tiffind import PROGRAM, Tiffind

COUNT = 2000


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """For the test; what it starts is to raise its own limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < COUNT + 500:
        pytest.skip("the hard limit of descriptors is too low")
    resource.setrlimit(resource.RLIMIT_NOFILE, (COUNT + 500, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def descriptors(daemon: Tiffind) -> int:
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def test_two_thousand_idle_connections(daemon: Tiffind, many_descriptors: None) -> None:
    command = ("bash", "-c", 'ulimit -Sn 256; exec "$@"', "bash", PROGRAM)
    daemon.spawn(command=command)
    daemon.told("READY=1")
    with ExitStack() as stack:
        for _ in range(COUNT):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.settimeout(20)
            client.connect(daemon.address)
            client.sendall(PREFACE + SETTINGS)
            assert client.recv(9)  # its settings: it is served
        assert descriptors(daemon) > COUNT
        assert serves(daemon)
    assert serves(daemon)
    assert daemon.stop() == 0

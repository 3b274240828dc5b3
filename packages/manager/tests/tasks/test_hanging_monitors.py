"""A monitor that does not answer when the manager starts: its container is not forgotten, and taken back later."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.tasks.test_hanging import seconds, stopped

if TYPE_CHECKING:
    from packages.manager.tests.tasks.containers import Containers

pytestmark = [
    pytest.mark.requires("root", "busybox"),
    pytest.mark.parametrize("peer", ["tiffin"], indirect=True),
]


def monitor_of(name: str) -> int:
    """Its pid."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # others come and go
            words = path.read_bytes().split(b"\0")
            if words[0] == b"tiffin-monitor" and name.encode() in words[1]:
                return int(path.parent.name)
    raise AssertionError(f"{name} has no monitor")


def test_a_container_whose_monitor_hangs_at_a_start_is_taken_back_later(containers: Containers) -> None:
    hangs, lives = containers.run("sleep", "1000"), containers.run("sleep", "1000")
    pid = containers.get(hangs).pid
    with stopped(monitor_of(hangs)):
        containers.disconnect()
        containers.peer.end(signal.SIGKILL)
        assert seconds(containers.peer.start) < 25
        containers.connect()
        assert containers.status(lives) == "RUNNING"
        assert refusal(containers.get, hangs).code is StatusCode.UNAVAILABLE
        assert refusal(containers.create, hangs).code is StatusCode.UNAVAILABLE
        assert os.path.exists(f"/proc/{pid}")
    deadline = time.monotonic() + 60
    while hangs not in [each.id for each in containers.all()]:
        assert time.monotonic() < deadline
        time.sleep(0.1)  # nobody tells of it
    assert (containers.get(hangs).pid, containers.status(hangs)) == (pid, "RUNNING")

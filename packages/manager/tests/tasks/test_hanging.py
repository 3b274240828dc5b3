"""A shim that does not answer stalls nobody: what was known last is told until it answers again."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.tasks.shims import shim_of

from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packages.manager.tests.tasks.containers import Containers

pytestmark = [
    pytest.mark.requires("root", "containerd", "runc"),
    pytest.mark.parametrize("peer", ["tiffin-runc"], indirect=True),  # containerd tells UNKNOWN and pid 0
]


WAITS = 1.9  # seconds: who waits for the answer waits two, each time
TRIES = 5  # others may have the processors at one time


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process does not run until the block ends."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def seconds(call: object, *arguments: object) -> float:
    """How long it takes."""
    began = time.monotonic()
    call(*arguments)  # type: ignore[operator]
    return time.monotonic() - began


def test_a_hanging_shim_is_told_as_it_was_and_others_are_told_at_once(containers: Containers) -> None:
    hangs, lives = containers.run("sleep", "1000"), containers.run("sleep", "1000")
    pid = containers.get(hangs).pid
    with stopped(shim_of(containers, hangs)):
        assert seconds(containers.get, hangs) < 15
        state = containers.get(hangs)
        assert (state.pid, containers.status(hangs)) == (pid, "RUNNING")
        # the question is open already: nobody waits for it again
        assert any(seconds(containers.all) < WAITS for _ in range(TRIES))
        assert {each.id for each in containers.all()} == {hangs, lives}
        assert any(seconds(containers.get, lives) < WAITS for _ in range(TRIES))
        containers.kill(lives)
        assert containers.wait(lives).exit_status == 137
        other = containers.run("true")
        assert containers.wait(other).exit_status == 0
    assert containers.status(hangs) == "RUNNING"
    containers.kill(hangs)
    assert containers.wait(hangs).exit_status == 137
    assert containers.status(hangs) == "STOPPED"


def test_who_gives_up_gets_deadline_exceeded_and_the_task_goes_on(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    request = tasks.KillRequest(container_id=name, signal=9)

    async def kill() -> None:
        await containers.tasks.Kill(request, metadata=containers.client.metadata, timeout=0.5)

    with stopped(shim_of(containers, name)):
        assert refusal(containers.client.run, kill()).code is StatusCode.DEADLINE_EXCEEDED
        assert containers.status(name) == "RUNNING"
    assert containers.wait(name).exit_status == 137  # the shim had got it


def test_a_task_ends_while_its_shim_hangs(containers: Containers) -> None:
    name, told = containers.run_and_listen("sleep", "1000")
    with stopped(shim_of(containers, name)):
        os.kill(containers.get(name).pid, signal.SIGKILL)
        assert containers.status(name) == "RUNNING"  # nobody can know better
    assert containers.wait(name).exit_status == 137
    assert told.topics("/tasks/exit") == ["/tasks/exit"]
    told.close()


def test_a_manager_starts_and_ends_while_a_shim_hangs(containers: Containers) -> None:
    hangs, lives = containers.run("sleep", "1000"), containers.run("sleep", "1000")
    with stopped(shim_of(containers, hangs)):
        containers.disconnect()
        containers.peer.end(signal.SIGKILL)
        assert seconds(containers.peer.start) < 25
        containers.connect()
        assert {each.id for each in containers.all()} == {hangs, lives}
        assert (containers.status(hangs), containers.status(lives)) == ("UNKNOWN", "RUNNING")
        containers.disconnect()
        assert seconds(containers.peer.end) < 10
    containers.peer.start()
    containers.connect()
    assert (containers.status(hangs), containers.status(lives)) == ("RUNNING", "RUNNING")

"""Requests are answered, whatever stands in them, and done, whatever becomes of who has sent them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.shim.tests.monitor.records import until
from packages.shim.tests.monitor.scene import FOREVER, Scene, Scenes, ended

from tiffin.runtime.errors import FailedPrecondition, NotFound
from tiffin.shim.monitor import CommandFailed, Spawn
from tiffin.shim.monitor.messages import Forget, Message, Signal
from tiffin.shim.monitor.starting import connect_to
from tiffin.shim.monitor.wire import encode

LONGEST_NAME = 65_510  # bytes: its request is a packet, and an answer with all of it would be none


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A monitor that does nothing meanwhile, and finds all that has happened at once, in its order.

    It waits for events when it is stopped: else SIGSTOP itself would be first among them, and a SIGCHLD with it.
    """
    wait_for_state(pid, "S")
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_for_state(pid, "T")
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def wait_for_state(pid: int, state: str) -> None:
    while Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != state:
        os.sched_yield()


def client_of(scene: Scene) -> socket.socket:
    """A connection whose greeting has come, and is not read."""
    client = connect_to(scene.directory)
    assert select.select([client], [], [], 20)[0]
    return client


def send_and_go(client: socket.socket, message: Message) -> None:
    """As who is killed right after it has asked: what it has not read makes of the end an ECONNRESET."""
    client.send(encode(message, 1))
    client.close()


async def test_a_request_with_a_name_that_fills_it_is_answered(scene_of: Scenes) -> None:
    async with scene_of() as scene, asyncio.timeout(20):
        with pytest.raises(NotFound):
            await scene.monitor.signal("n" * LONGEST_NAME, 9)


async def test_what_a_client_had_asked_for_is_done_although_it_had_read_nothing(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", FOREVER)
        client = client_of(scene)
        with stopped(scene.monitor.pid):
            send_and_go(client, Signal("init", signal.SIGKILL))
        assert (await scene.heard.exit_of("init")).signal == signal.SIGKILL


async def test_what_a_client_had_asked_for_is_done_although_an_event_could_not_be_told_to_it(
    scene_of: Scenes,
) -> None:
    async with scene_of() as scene:
        await scene.run("init", FOREVER)
        other = await scene.run("other", FOREVER)
        client = client_of(scene)
        with stopped(scene.monitor.pid):
            os.kill(other, signal.SIGKILL)  # first, so that it is told first
            await ended(other)
            send_and_go(client, Signal("init", signal.SIGKILL))
        assert (await scene.heard.exit_of("init")).signal == signal.SIGKILL


async def test_a_start_that_is_forgotten_while_its_command_ends_well_is_forgotten(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        go, told = scene.file("go"), scene.file("told")
        os.mkfifo(go)
        spawn = scene.spawn_of("init", FOREVER)
        waiting = ("/bin/sh", "-c", f'echo $$ > {told}; read x < {go}; exec "$@"', "sh", *spawn.argv)
        running = asyncio.create_task(scene.monitor.run(spawn.replace(argv=waiting)))
        await until(lambda: told.exists() and told.read_text().endswith("\n"))
        client = client_of(scene)
        with stopped(scene.monitor.pid):
            client.send(encode(Forget("init"), 1))  # first, so that it is handled first
            await asyncio.to_thread(go.write_text, "\n")
            await ended(int(told.read_text()))
        with pytest.raises(CommandFailed):
            await running
        assert await scene.monitor.processes() == ()
        pid = int(
            await asyncio.to_thread(Path(spawn.pid_file).read_text)
        )  # it lives, as any that is forgotten
        os.kill(pid, signal.SIGKILL)
        await ended(pid)
        client.close()


async def test_a_pid_file_that_nobody_writes_to_holds_up_nobody(scene_of: Scenes) -> None:
    async with scene_of() as scene, asyncio.timeout(20):
        os.mkfifo(scene.file("pid"))
        with pytest.raises(FailedPrecondition):
            await scene.monitor.run(Spawn("x", ("/bin/true",), pid_file=str(scene.file("pid"))))

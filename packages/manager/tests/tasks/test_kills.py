"""Managers and shims are killed with -9 while tasks run: no container dies with the manager, and every exit is told."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.tasks.peers import FOREIGN
from packages.manager.tests.tasks.shims import shim_of

from tiffin.api.containerd.events import task_pb2 as events
from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.api.typeurl import unpack

if TYPE_CHECKING:
    from packages.manager.tests.tasks.containers import Containers

pytestmark = pytest.mark.requires("root", "containerd", "runc")
ours = pytest.mark.parametrize("peer", ["tiffin-runc"], indirect=True)
foreign = pytest.mark.parametrize("peer", FOREIGN, indirect=True)


def restarted(containers: Containers, between: object = None) -> None:
    """Kills the manager and starts it again."""
    containers.disconnect()
    containers.peer.end(signal.SIGKILL)
    if callable(between):
        between()
    containers.peer.start()
    containers.connect()


def test_tasks_outlive_their_manager(containers: Containers) -> None:
    runs, created = containers.run("sleep", "1000"), containers.make("sleep", "1000")
    containers.create(created)
    containers.execute(runs, "e1", "sh", "-c", "sleep 1000")
    added = containers.start(runs, "e1")
    before = {name: containers.get(name).pid for name in (runs, created)}
    restarted(containers)
    assert {each.id: each.pid for each in containers.all()} == before
    assert (containers.status(runs), containers.status(created)) == ("RUNNING", "CREATED")
    assert (containers.status(runs, "e1"), containers.get(runs, "e1").pid) == ("RUNNING", added)
    assert containers.start(created) == before[created]
    for name in (runs, created):
        containers.kill(name)
        assert containers.wait(name).exit_status == 137
        containers.delete(name)


def test_exits_that_happened_meanwhile_are_known_afterwards(containers: Containers, tmp_path: Path) -> None:
    script = "trap 'exit 6' TERM; echo ready; while :; do sleep 0.02; done"
    name = containers.run_script(script, tmp_path)
    stays = containers.run("sleep", "1000")
    pid = containers.get(name).pid

    def between() -> None:
        os.kill(pid, signal.SIGTERM)
        gone(pid)

    restarted(containers, between)
    assert containers.status(name) == "STOPPED"
    assert containers.wait(name).exit_status == 6
    assert containers.delete(name).exit_status == 6
    assert containers.status(stays) == "RUNNING"


def gone(pid: int) -> None:
    """Waits until a process is no more, or a zombie that its parent has not looked at yet."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with open(descriptor, "rb", closefd=True):
        select.select([descriptor], [], [], 30)


@foreign
def test_a_killed_shim_ends_its_task_and_leaves_nothing(containers: Containers) -> None:
    lives = containers.run("sleep", "1000")
    name, told = containers.run_and_listen("sleep", "1000")
    pid = containers.get(name).pid
    os.kill(shim_of(containers, name), signal.SIGKILL)
    exit_, delete = told.until("/tasks/exit", "/tasks/delete")
    ended = unpack(exit_.event, events.TaskExit)
    assert (ended.container_id, ended.id, ended.pid, ended.exit_status) == (name, name, pid, 137)
    assert unpack(delete.event, events.TaskDelete).container_id == name
    assert refusal(containers.get, name).code is StatusCode.NOT_FOUND
    assert [each.id for each in containers.all()] == [lives]
    gone(pid)
    assert containers.left() == [lives]
    told.close()
    containers.create(name)  # and again
    containers.kill(name)
    containers.wait(name)


@ours
def test_who_waits_is_told_when_the_shim_is_killed(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    shim, metadata = shim_of(containers, name), containers.client.metadata

    async def wait() -> int:
        call = containers.tasks.Wait(tasks.WaitRequest(container_id=name), metadata=metadata, timeout=30)
        await containers.tasks.List(tasks.ListTasksRequest(), metadata=metadata)  # comes after it
        os.kill(shim, signal.SIGKILL)
        return (await call).exit_status

    assert containers.client.run(wait()) == 137


@foreign
def test_a_shim_that_died_with_the_manager_is_cleaned_up(containers: Containers) -> None:
    name, lives = containers.run("sleep", "1000"), containers.run("sleep", "1000")
    pid, shim = containers.get(name).pid, shim_of(containers, name)
    restarted(containers, lambda: os.kill(shim, signal.SIGKILL))
    assert [each.id for each in containers.all()] == [lives]
    gone(pid)
    assert containers.left() == [lives]
    containers.create(name)
    containers.start(name)
    assert containers.status(name) == "RUNNING"


def test_a_manager_that_ends_leaves_its_tasks_alone(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    pid = containers.get(name).pid
    containers.disconnect()
    containers.peer.end()
    assert Path(f"/proc/{pid}").exists()
    containers.peer.start()
    containers.connect()
    assert (containers.get(name).pid, containers.status(name)) == (pid, "RUNNING")


@ours
def test_half_made_and_half_removed_bundles_are_removed(containers: Containers) -> None:
    lives = containers.run("sleep", "1000")
    folder = containers.peer.bundles / containers.namespace

    def between() -> None:
        (folder / ".c1-0a1b").mkdir()
        (folder / "c2" / "rootfs").mkdir(parents=True)
        (folder / "c2" / "config.json").write_text("{}")

    restarted(containers, between)
    assert sorted(os.listdir(folder)) == [lives]

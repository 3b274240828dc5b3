"""Shims of ours are killed with -9 under tiffind: they are started again, and no container dies of it.

One that dies again and again is given up, with its container, as any other shim is at once.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode, aio
from packages.manager.tests.client import Client, refusal
from packages.manager.tests.tasks.shims import shim_of

from tiffin.api.containerd.events import task_pb2 as events
from tiffin.api.containerd.services.tasks.v1.tasks_pb2 import ListPidsRequest, WaitRequest
from tiffin.api.containerd.services.tasks.v1.tasks_pb2_grpc import TasksStub
from tiffin.api.typeurl import unpack
from tiffin.manager.runtimes.external.taking_back import MOST

if TYPE_CHECKING:
    from packages.manager.tests.tasks.containers import Containers

pytestmark = [
    pytest.mark.requires("root", "busybox"),
    pytest.mark.parametrize("peer", ["tiffin-shim"], indirect=True),
]
GROUP = {"io.containerd.runc.v2.group": "group"}
TRAP = "trap 'exit 6' TERM; echo ready; while :; do sleep 0.02; done"


def kill_shim(containers: Containers, name: str) -> int:
    """Kills it, and waits until it is gone; the pid that it had."""
    pid = shim_of(containers, name)
    descriptor = os.pidfd_open(pid)
    with open(descriptor, "rb", closefd=True):
        os.kill(pid, signal.SIGKILL)
        assert select.select([descriptor], [], [], 30)[0]
    return pid


def pids_in(containers: Containers, name: str) -> list[int]:
    """Asks the shim: a question that it answers when it is back."""
    answer = containers.client.call(containers.tasks.ListPids, ListPidsRequest(container_id=name))
    return [each.pid for each in answer.processes]


def test_a_container_and_its_processes_outlive_their_shim(containers: Containers, tmp_path: Path) -> None:
    name = containers.run_script(TRAP, tmp_path)
    containers.execute(name, "e1", "sh", "-c", "exec sleep 1000")
    added, first = containers.start(name, "e1"), containers.get(name).pid
    before = kill_shim(containers, name)
    assert {first, added} <= set(pids_in(containers, name))
    assert shim_of(containers, name) != before
    assert (containers.status(name), containers.status(name, "e1")) == ("RUNNING", "RUNNING")
    containers.kill(name, exec_id="e1")
    assert containers.wait(name, "e1").exit_status == 137
    containers.kill(name, signal.SIGTERM)
    assert containers.wait(name).exit_status == 6
    assert containers.delete(name).exit_status == 6
    assert containers.left() == []


def test_who_waits_goes_on_waiting_for_the_true_end(containers: Containers, tmp_path: Path) -> None:
    name = containers.run_script(TRAP, tmp_path)
    ended: list[int] = []

    def wait() -> None:
        with Client(containers.peer.address, containers.namespace) as client:
            ended.append(client.call(client.stub(TasksStub).Wait, WaitRequest(container_id=name)).exit_status)

    waiting = threading.Thread(target=wait)
    waiting.start()
    for _ in range(2):
        kill_shim(containers, name)
        pids_in(containers, name)
    containers.kill(name, signal.SIGTERM)
    waiting.join(30)
    assert ended == [6]


def test_an_exit_while_there_is_no_shim_is_told_once(containers: Containers, tmp_path: Path) -> None:
    told = containers.events()
    name, marker = containers.run_script(TRAP, tmp_path), containers.run("sleep", "1000")
    told.until("/tasks/start", "/tasks/start")  # which a shim may tell of later than it answers
    pid = containers.get(name).pid
    shim = shim_of(containers, name)
    os.kill(shim, signal.SIGSTOP)  # it sees nothing of what comes
    os.kill(pid, signal.SIGTERM)
    os.kill(shim, signal.SIGKILL)
    exit_ = unpack(told.until("/tasks/exit")[0].event, events.TaskExit)
    assert (exit_.container_id, exit_.pid, exit_.exit_status) == (name, pid, 6)
    assert containers.wait(name).exit_status == 6
    containers.delete(name)
    containers.kill(marker)
    further = [each.topic for each in told.until("/tasks/delete", "/tasks/exit")]
    assert further == ["/tasks/delete", "/tasks/exit"]  # of the marker: there is no second one of the first
    told.close()


def test_containers_of_a_group_come_back_with_their_one_shim(containers: Containers) -> None:
    names = [containers.run("sleep", "1000", annotations=GROUP) for _ in range(3)]
    before = {name: containers.get(name).pid for name in names}
    was = kill_shim(containers, names[1])
    assert {name: pids_in(containers, name) for name in names} == {
        name: [pid] for name, pid in before.items()
    }
    shims = {shim_of(containers, name) for name in names}
    assert len(shims) == 1
    assert shims != {was}
    added = containers.run("sleep", "1000", annotations=GROUP)
    assert {shim_of(containers, added)} == shims


def test_a_shim_that_died_with_the_manager_is_started_again(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    pid, shim = containers.get(name).pid, shim_of(containers, name)
    containers.disconnect()
    containers.peer.end(signal.SIGKILL)
    os.kill(shim, signal.SIGKILL)
    containers.peer.start()
    containers.connect()
    assert (containers.get(name).pid, containers.status(name)) == (pid, "RUNNING")
    assert shim_of(containers, name) != shim


def test_a_shim_that_dies_again_and_again_is_given_up(containers: Containers) -> None:
    told = containers.events()
    name, lives = containers.run("sleep", "1000"), containers.run("sleep", "1000")
    told.until("/tasks/start", "/tasks/start")
    pid = containers.get(name).pid
    kills = 1
    kill_shim(containers, name)
    while came_back(containers, name, pid):
        kill_shim(containers, name)
        kills += 1
        assert kills < 10 * MOST
    assert kills > MOST  # more where the machine is so slow that it has lived for a while between two
    exit_, delete = told.until("/tasks/exit", "/tasks/delete")
    ended = unpack(exit_.event, events.TaskExit)
    assert (ended.container_id, ended.pid, ended.exit_status) == (name, pid, 137)
    assert unpack(delete.event, events.TaskDelete).container_id == name
    assert refusal(containers.get, name).code is StatusCode.NOT_FOUND
    assert containers.left() == [lives]
    assert not Path(f"/proc/{pid}").exists()
    told.close()


def came_back(containers: Containers, name: str, pid: int) -> bool:
    """Waits until the shim has its container again, or is given up."""
    try:
        assert pids_in(containers, name) == [pid]
    except aio.AioRpcError as error:
        if error.code() in (StatusCode.NOT_FOUND, StatusCode.UNAVAILABLE):
            return False
        raise
    return True

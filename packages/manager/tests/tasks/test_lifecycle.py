"""Tasks come, run and go, with containerd's answers: each test runs against Debian's containerd, then against ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.tasks.peers import OURS

from tiffin.api.containerd.events import task_pb2 as events
from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.api.typeurl import unpack

if TYPE_CHECKING:
    from pathlib import Path

    from packages.manager.tests.tasks.containers import Containers

NOT_YET = (StatusCode.FAILED_PRECONDITION, StatusCode.UNKNOWN)  # the latter from shims of containerd 1.6
pytestmark = pytest.mark.requires("root", "containerd", "runc")


def test_a_task_is_created_started_waited_for_and_deleted(containers: Containers) -> None:
    name = containers.make("sh", "-c", "exit 7")
    told = containers.events()
    pid = containers.create(name)
    created = containers.get(name)
    assert (created.id, created.pid) == (name, pid)
    assert created.exited_at.ToJsonString() == "0001-01-01T00:00:00Z"
    assert containers.status(name) == "CREATED"
    assert containers.start(name) == pid
    ended = containers.wait(name)
    assert ended.exit_status == 7
    assert containers.status(name) == "STOPPED"
    assert containers.get(name).exit_status == 7
    assert containers.get(name).exited_at == ended.exited_at
    deleted = containers.delete(name)
    assert (deleted.exit_status, deleted.pid, deleted.exited_at) == (7, pid, ended.exited_at)
    assert refusal(containers.get, name).code is StatusCode.NOT_FOUND
    found = told.until("/tasks/delete")
    assert [event.topic for event in found if event.topic.startswith("/tasks/")] == [
        "/tasks/create",
        "/tasks/start",
        "/tasks/exit",
        "/tasks/delete",
    ]
    exit_ = unpack(next(each for each in found if each.topic == "/tasks/exit").event, events.TaskExit)
    assert (exit_.container_id, exit_.id, exit_.pid, exit_.exit_status) == (name, name, pid, 7)
    told.close()


def test_a_running_task_is_listed_in_its_namespace_alone(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    assert [(each.id, each.pid > 0) for each in containers.all()] == [(name, True)]
    other = containers.client.within("another")
    assert not list(other.call(containers.tasks.List, tasks.ListTasksRequest()).tasks)
    request = tasks.GetRequest(container_id=name)
    assert refusal(other.call, containers.tasks.Get, request).code is StatusCode.NOT_FOUND


def test_a_killed_task_tells_the_signal(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    containers.kill(name, 9)
    assert containers.wait(name).exit_status == 137


def test_many_wait_and_all_are_told(containers: Containers, tmp_path: Path) -> None:
    script = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.02; done"
    name = containers.run_script(script, tmp_path)
    request = tasks.WaitRequest(container_id=name)
    client = containers.client

    async def many() -> list[int]:
        import asyncio

        waiting = [containers.tasks.Wait(request, metadata=client.metadata) for _ in range(5)]
        kill = tasks.KillRequest(container_id=name, signal=15)
        await asyncio.sleep(0.2)  # not needed: who asks later is told the same
        await containers.tasks.Kill(kill, metadata=client.metadata)
        return [(await call).exit_status for call in waiting]

    assert client.run(many()) == [3] * 5
    assert containers.wait(name).exit_status == 3


def test_what_is_not_there_is_not_found(containers: Containers) -> None:
    name = containers.make("true")
    for call in (containers.get, containers.start, containers.kill, containers.wait, containers.delete):
        assert refusal(call, name).code is StatusCode.NOT_FOUND, call
        assert refusal(call, "nobody").code is StatusCode.NOT_FOUND, call
    assert refusal(containers.create, "nobody").code is StatusCode.NOT_FOUND
    containers.create(name)
    assert refusal(containers.start, name, "nobody").code is StatusCode.NOT_FOUND
    assert refusal(containers.get, name, "nobody").code is StatusCode.NOT_FOUND


def test_a_task_is_made_once(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    assert refusal(containers.create, name).code is StatusCode.ALREADY_EXISTS
    assert containers.status(name) == "RUNNING"


def test_what_a_state_does_not_allow_is_refused(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    assert refusal(containers.delete, name).code in NOT_YET
    assert containers.status(name) == "RUNNING"
    containers.kill(name)
    containers.wait(name)
    assert refusal(containers.kill, name).code is StatusCode.NOT_FOUND


def test_a_program_that_is_not_there_leaves_a_task_that_can_be_deleted(containers: Containers) -> None:
    name = containers.make("/no/such/program")
    refused = refusal(lambda: (containers.create(name), containers.start(name)))
    assert "no such file or directory" in refused.text
    assert refused.code is StatusCode.UNKNOWN


@pytest.mark.parametrize("peer", OURS, indirect=True)  # containerd 1.6 leaves the bundle
@pytest.mark.parametrize("spec", [b"{", b"[]", b'{"ociVersion": "1.0.2", "process": {"args": []}}'])
def test_a_spec_that_cannot_be_run_leaves_nothing(containers: Containers, spec: bytes) -> None:
    name = containers.make("true", spec=spec)
    refusal(containers.create, name)
    assert containers.left() == []
    assert not list(containers.all())


@pytest.mark.parametrize(
    ("runtime", "text"),
    [
        ("io.containerd.none.v9", "containerd-shim-none-v9"),
        ("none", "none"),
        ("/no/such/shim", "/no/such/shim"),
    ],
)
def test_a_runtime_that_is_not_there_is_named(containers: Containers, runtime: str, text: str) -> None:
    name = containers.make("true", runtime=runtime)
    assert text in refusal(containers.create, name).text
    assert containers.left() == []


@pytest.mark.parametrize("peer", OURS, indirect=True)  # containerd 1.6 executes the folder
def test_a_relative_path_is_no_runtime(containers: Containers) -> None:
    name = containers.make("true", runtime="./shim")
    assert refusal(containers.create, name).code is StatusCode.INVALID_ARGUMENT


def test_a_name_is_free_again_after_its_task(containers: Containers) -> None:
    name = containers.make("sh", "-c", "exit 4")
    for _ in range(3):
        containers.create(name)
        containers.start(name)
        assert containers.wait(name).exit_status == 4
        containers.delete(name)

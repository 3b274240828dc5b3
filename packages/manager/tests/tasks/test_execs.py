"""Further processes in a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode
from packages.manager.tests.client import refusal

from tiffin.api.containerd.events import task_pb2 as events
from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.api.typeurl import unpack

if TYPE_CHECKING:
    from packages.manager.tests.tasks.containers import Containers

pytestmark = pytest.mark.requires("root", "containerd", "runc")
NOT_YET = (StatusCode.FAILED_PRECONDITION, StatusCode.UNKNOWN)  # the latter from shims of containerd 1.6


def delete(containers: Containers, name: str, exec_id: str) -> tasks.DeleteResponse:
    request = tasks.DeleteProcessRequest(container_id=name, exec_id=exec_id)
    return containers.client.call(containers.tasks.DeleteProcess, request)


def test_a_process_is_added_started_waited_for_and_deleted(containers: Containers) -> None:
    name, told = containers.run_and_listen("sleep", "1000")
    containers.execute(name, "e1", "sh", "-c", "exit 5")
    assert containers.status(name, "e1") == "CREATED"
    pid = containers.start(name, "e1")
    assert containers.wait(name, "e1").exit_status == 5
    assert containers.status(name, "e1") == "STOPPED"
    deleted = delete(containers, name, "e1")
    assert (deleted.id, deleted.exit_status, deleted.pid) == ("e1", 5, pid)
    assert refusal(containers.get, name, "e1").code is StatusCode.NOT_FOUND
    found = told.until("/tasks/exit")
    assert [event.topic for event in found] == ["/tasks/exec-added", "/tasks/exec-started", "/tasks/exit"]
    exit_ = unpack(found[-1].event, events.TaskExit)
    assert (exit_.container_id, exit_.id, exit_.pid, exit_.exit_status) == (name, "e1", pid, 5)
    told.close()
    assert containers.status(name) == "RUNNING"


def test_many_processes_in_one_container(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    for number in range(20):
        containers.execute(name, f"e{number}", "sh", "-c", f"exit {number}")
    for number in range(20):
        containers.start(name, f"e{number}")
    for number in range(20):
        assert containers.wait(name, f"e{number}").exit_status == number
        delete(containers, name, f"e{number}")


def test_a_name_is_used_once_and_is_free_after_deletion(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    containers.execute(name, "e1", "true")
    assert refusal(containers.execute, name, "e1", "true").code is StatusCode.ALREADY_EXISTS
    containers.start(name, "e1")
    containers.wait(name, "e1")
    delete(containers, name, "e1")
    containers.execute(name, "e1", "sh", "-c", "exit 9")
    containers.start(name, "e1")
    assert containers.wait(name, "e1").exit_status == 9
    delete(containers, name, "e1")


def test_a_process_that_was_never_started_is_deleted(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    containers.execute(name, "e1", "true")
    delete(containers, name, "e1")
    assert refusal(containers.get, name, "e1").code is StatusCode.NOT_FOUND


def test_a_running_process_is_killed_and_not_deleted(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    containers.execute(name, "e1", "sleep", "1000")
    containers.start(name, "e1")
    assert refusal(delete, containers, name, "e1").code in NOT_YET
    containers.kill(name, 9, "e1")
    assert containers.wait(name, "e1").exit_status == 137
    assert refusal(containers.kill, name, 9, "e1").code is StatusCode.NOT_FOUND
    delete(containers, name, "e1")


@pytest.mark.parametrize("exec_id", ["", "a b", "-a", "x" * 77, "../e"])
def test_a_name_that_is_none_is_refused(containers: Containers, exec_id: str) -> None:
    name = containers.run("sleep", "1000")
    assert refusal(containers.execute, name, exec_id, "true").code is StatusCode.INVALID_ARGUMENT


def test_a_program_that_is_not_there_is_told(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    containers.execute(name, "e1", "/no/such/program")
    assert "no such file or directory" in refusal(containers.start, name, "e1").text
    assert containers.status(name) == "RUNNING"
    delete(containers, name, "e1")


def test_processes_end_with_the_first_one(containers: Containers) -> None:
    name, told = containers.run_and_listen("sleep", "1000")
    containers.execute(name, "e1", "sleep", "1000")
    containers.start(name, "e1")
    told.until("/tasks/exec-started")
    containers.kill(name)
    assert containers.wait(name, "e1").exit_status == 137
    assert containers.wait(name).exit_status == 137
    order = [unpack(each.event, events.TaskExit).id for each in told.until("/tasks/exit", "/tasks/exit")]
    assert order == ["e1", name]  # the first process's exit comes last
    told.close()

"""What containerd's task service asks of a shim and `ctr` does not: the real shim, then ours."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from packages.shim.tests.interop.conftest import IMAGE

if TYPE_CHECKING:
    from packages.shim.tests.interop.api import Api
    from packages.shim.tests.interop.daemon import Daemon

pytestmark = pytest.mark.requires("root", "containerd", "ctr", "runc", "crun", "busybox")

MANY = 20
CREATED, RUNNING, STOPPED = 1, 2, 3  # containerd.v1.types.Status
NO_PROCESS = "0001-01-01"


@pytest.mark.requires("cgroup_v1", "cgroup_memory")
def test_limits_are_changed(api: Api, run: tuple[str, ...], task: str) -> None:
    api.update(task, {"memory": {"limit": 64 << 20}, "cpu": {"shares": 512}})
    cgroups = Path("/sys/fs/cgroup")
    assert (cgroups / f"memory{run[-1]}/memory.limit_in_bytes").read_text() == f"{64 << 20}\n"
    assert (cgroups / f"cpu{run[-1]}/cpu.shares").read_text() == "512\n"


def test_the_state_of_a_process_through_its_life(api: Api, task: str) -> None:
    first = api.get(task)
    assert (first.id, first.status, first.pid > 0, first.terminal) == (task, RUNNING, True, False)
    assert first.exited_at.ToJsonString().startswith(NO_PROCESS)
    api.add(task, "two", "sleep", "1000")
    added = api.get(task, "two")
    assert (added.id, added.status, added.pid) == ("two", CREATED, 0)
    pid = api.start(task, "two")
    started = api.get(task, "two")
    assert (started.status, started.pid) == (RUNNING, pid)
    api.kill(task, signal.SIGTERM, "two")
    ended = api.wait(task, "two")
    assert ended.exit_status == 128 + signal.SIGTERM
    stopped = api.get(task, "two")
    assert (stopped.status, stopped.exit_status) == (STOPPED, ended.exit_status)
    deleted = api.delete(task, "two")
    assert (deleted.pid, deleted.exit_status) == (pid, ended.exit_status)
    with pytest.raises(grpc.RpcError, match="does not exist"):
        api.get(task, "two")


def test_pids_tell_which_process_is_an_exec(api: Api, task: str) -> None:
    api.add(task, "two", "sleep", "1000")
    pid = api.start(task, "two")
    assert api.pids(task) == {api.get(task).pid: "", pid: "two"}
    api.kill(task, signal.SIGKILL, "two")
    api.wait(task, "two")
    api.delete(task, "two")


def test_all_processes_are_signalled(api: Api, task: str) -> None:
    api.add(task, "two", "sleep", "1000")
    api.start(task, "two")
    api.kill(task, signal.SIGKILL, everything=True)
    assert api.wait(task).exit_status == 137
    assert api.wait(task, "two").exit_status == 137


def test_what_has_ended_cannot_be_signalled(api: Api, task: str) -> None:
    api.kill(task, signal.SIGKILL)
    api.wait(task)
    assert refusal(api.kill, task, signal.SIGKILL) == grpc.StatusCode.NOT_FOUND


def test_what_there_is_not_is_not_found(api: Api, task: str) -> None:
    for call in (api.get, api.start, api.wait, api.delete):
        assert refusal(call, task, "nobody") == grpc.StatusCode.NOT_FOUND
    assert refusal(api.kill, task, signal.SIGKILL, "nobody") == grpc.StatusCode.NOT_FOUND


def test_an_exec_s_id_is_used_once(api: Api, task: str) -> None:
    api.add(task, "two", "true")
    assert refusal(api.add, task, "two", "true") == grpc.StatusCode.ALREADY_EXISTS
    api.delete(task, "two")
    api.add(task, "two", "true")
    api.delete(task, "two")


def test_many_execs_at_once(api: Api, task: str) -> None:
    def one(number: int) -> int:
        name = f"p{number}"
        api.add(task, name, "sh", "-c", f"exit {number}")
        api.start(task, name)
        status = api.wait(task, name).exit_status
        assert api.delete(task, name).exit_status == status
        return int(status)

    with ThreadPoolExecutor(MANY) as pool:
        assert list(pool.map(one, range(MANY))) == list(range(MANY))


def test_exec_after_the_end_is_refused(api: Api, task: str) -> None:
    api.add(task, "two", "true")
    api.kill(task, signal.SIGKILL)
    api.wait(task)
    with pytest.raises(grpc.RpcError):
        api.start(task, "two")


def test_a_created_task_is_seen_and_started_once(daemon: Daemon, api: Api, task: str) -> None:
    assert daemon.status(task) == "RUNNING"
    with pytest.raises(grpc.RpcError):
        api.start(task)
    assert daemon.status(task) == "RUNNING"


def test_a_paused_task_is_killed(daemon: Daemon, api: Api, task: str) -> None:
    daemon.ctr("task", "pause", task)
    assert daemon.status(task) == "PAUSED"
    api.kill(task, signal.SIGKILL)
    assert api.wait(task).exit_status == 137


def test_a_thousand_processes_leave_nothing(daemon: Daemon, run: tuple[str, ...], name: str) -> None:
    script = "i=0; while [ $i -lt 200 ]; do (sleep 0 &); i=$((i+1)); done; exit 5"
    daemon.ctr(*run, "--rm", IMAGE, name, "sh", "-c", script, status=5)


def refusal(call: object, *arguments: object) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments)  # type: ignore[operator]
    code: grpc.StatusCode = caught.value.code()
    return code

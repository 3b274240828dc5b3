"""The order of events of each thing that can happen to a task is what containerd demands: the real shim, then ours.

The table is in docs/shim.md.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from packages.shim.tests.interop.conftest import IMAGE, REAL, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packages.shim.tests.interop.api import Api
    from packages.shim.tests.interop.daemon import Daemon

pytestmark = pytest.mark.requires("root", "containerd", "ctr", "runc", "crun", "busybox")

CREATE, START, EXIT, DELETE = ((f"/tasks/{topic}", "") for topic in ("create", "start", "exit", "delete"))
OOM = ("/tasks/oom", "")
FOREVER = ("sleep", "1000")


def added(process: str) -> tuple[str, str]:
    return "/tasks/exec-added", process


def started(process: str) -> tuple[str, str]:
    return "/tasks/exec-started", process


def exited(process: str) -> tuple[str, str]:
    return "/tasks/exit", process


@pytest.fixture
def container(daemon: Daemon, subject: Subject, name: str) -> Iterator[str]:
    """That sleeps, once it is started."""
    with made(daemon, subject, name, *FOREVER):
        yield name


@contextmanager
def made(daemon: Daemon, subject: Subject, name: str, *command: str) -> Iterator[None]:
    """A container without a task."""
    usual = ("--snapshotter", "native", "--runtime", subject.runtime)
    daemon.ctr("container", "create", *usual, IMAGE, name, *command)
    try:
        yield
    finally:
        daemon.forget(name)


def test_a_task_that_runs_and_ends(daemon: Daemon, run: tuple[str, ...], name: str) -> None:
    with daemon.watched() as watcher:
        daemon.ctr(*run, "--rm", IMAGE, name, "sh", "-c", "exit 7", status=7)
        deleted = watcher.until_topic("/tasks/delete", name)
    assert watcher.of(name) == [CREATE, START, EXIT, DELETE]
    exit_ = next(seen.message for seen in watcher.seen if seen[:2] == ("/tasks/exit", name))
    assert (exit_.exit_status, deleted.message.exit_status) == (7, 7)
    assert exit_.pid == deleted.message.pid > 0
    assert exit_.exited_at == deleted.message.exited_at


def test_what_a_created_task_is_made_of(daemon: Daemon, api: Api, container: str) -> None:
    with daemon.watched() as watcher:
        pid = api.create(container, stdout="/dev/null")
        create = watcher.until_topic("/tasks/create", container).message
        api.delete(container)
    assert (create.pid, create.bundle) == (pid, str(daemon.bundle(container)))
    assert (create.io.stdin, create.io.stdout, create.io.stderr) == ("", "/dev/null", "/dev/null")
    assert not create.io.terminal
    assert [mount.type for mount in create.rootfs] == ["bind"]


def test_a_task_that_is_never_started(daemon: Daemon, api: Api, container: str) -> None:
    with daemon.watched() as watcher:
        api.create(container)
        api.delete(container)
        watcher.until_topic("/tasks/delete", container)
    assert watcher.of(container) == [CREATE, EXIT, DELETE]


def test_a_task_that_cannot_be_created_has_no_events(
    daemon: Daemon, api: Api, subject: Subject, run: tuple[str, ...], name: str
) -> None:
    with made(daemon, subject, name, "/nope"), daemon.watched() as watcher:
        with pytest.raises(grpc.RpcError):
            api.create(name)
        daemon.ctr(*run, "--rm", IMAGE, f"{name}-after", "true")
        watcher.until_topic("/tasks/delete", f"{name}-after")
    assert watcher.of(name) == []


def test_a_further_process(daemon: Daemon, api: Api, container: str) -> None:
    with daemon.watched() as watcher:
        api.create(container)
        api.start(container)
        api.add(container, "two", "sh", "-c", "exit 3")
        api.start(container, "two")
        watcher.until(lambda seen: seen[:3] == ("/tasks/exit", container, "two"))
        assert api.delete(container, "two").exit_status == 3
        end(api, container)
        watcher.until_topic("/tasks/delete", container)
    assert watcher.of(container) == [CREATE, START, added("two"), started("two"), exited("two"), EXIT, DELETE]


def test_a_further_process_that_is_never_started(daemon: Daemon, api: Api, container: str) -> None:
    with daemon.watched() as watcher:
        api.create(container)
        api.start(container)
        api.add(container, "two", "true")
        api.delete(container, "two")
        end(api, container)
        watcher.until_topic("/tasks/delete", container)
    assert watcher.of(container) == [CREATE, START, added("two"), EXIT, DELETE]


def test_a_further_process_that_cannot_be_started(daemon: Daemon, api: Api, container: str) -> None:
    with daemon.watched() as watcher:
        api.create(container)
        api.start(container)
        api.add(container, "two", "/nope")
        with pytest.raises(grpc.RpcError, match="OCI runtime exec failed"):
            api.start(container, "two")
        api.delete(container, "two")
        end(api, container)
        watcher.until_topic("/tasks/delete", container)
    assert watcher.of(container) == [CREATE, START, added("two"), EXIT, DELETE]


def test_further_processes_end_before_the_first_one(daemon: Daemon, api: Api, container: str) -> None:
    """Those in its pid namespace die with it; the exit of the first one is told last."""
    with daemon.watched() as watcher:
        api.create(container)
        api.start(container)
        for process in ("two", "three"):
            api.add(container, process, *FOREVER)
            api.start(container, process)
        end(api, container)
        watcher.until_topic("/tasks/delete", container)
    told = watcher.of(container)
    assert sorted(told[-4:-2]) == [exited("three"), exited("two")]
    assert told[-2:] == [EXIT, DELETE]


def test_in_the_host_s_pid_namespace_too(daemon: Daemon, api: Api, subject: Subject, name: str) -> None:
    with made(daemon, subject, name, *FOREVER), daemon.watched() as watcher:
        api.change(name, in_the_host_s_pid_namespace)
        api.create(name)
        api.start(name)
        api.add(name, "two", *FOREVER)
        api.start(name, "two")
        end(api, name)
        watcher.until_topic("/tasks/delete", name)
    told = [CREATE, START, added("two"), started("two"), exited("two"), EXIT, DELETE]
    if (
        subject == REAL
    ):  # of containerd 1.6.20; the exit of the first process is the last one since 1.6.36 and 1.7.20
        assert sorted(watcher.of(name)) == sorted(told)
    else:
        assert watcher.of(name) == told


def test_pause_and_resume(daemon: Daemon, api: Api, container: str) -> None:
    with daemon.watched() as watcher:
        api.create(container)
        api.start(container)
        daemon.ctr("task", "pause", container)
        daemon.ctr("task", "resume", container)
        end(api, container)
        watcher.until_topic("/tasks/delete", container)
    paused, resumed = ("/tasks/paused", ""), ("/tasks/resumed", "")
    assert watcher.of(container) == [CREATE, START, paused, resumed, EXIT, DELETE]


@pytest.mark.requires("cgroup_v1", "cgroup_memory")
def test_out_of_memory(daemon: Daemon, api: Api, subject: Subject, name: str) -> None:
    with made(daemon, subject, name, *FOREVER), daemon.watched() as watcher:
        api.change(name, out_of_memory)
        api.create(name)
        api.start(name)
        watcher.until_topic("/tasks/oom", name)
        end(api, name)
        watcher.until_topic("/tasks/delete", name)
    told = watcher.of(name)
    assert [seen for seen in told if seen != OOM] == [CREATE, START, EXIT, DELETE]
    assert CREATE in told[: told.index(OOM)]  # it may come before the start is told: the process runs by then
    assert EXIT in told[told.index(OOM) :]


def test_an_exit_never_comes_before_its_start(daemon: Daemon, api: Api, container: str) -> None:
    processes = [f"p{number}" for number in range(20)]
    with daemon.watched() as watcher:
        api.create(container)
        api.start(container)
        for process in processes:
            api.add(container, process, "true")
            api.start(container, process)
        for process in processes:
            watcher_of_exit = exited(process)
            while watcher_of_exit not in watcher.of(container):
                watcher.until(lambda seen: seen.topic == "/tasks/exit")
        for process in processes:
            api.delete(container, process)
        end(api, container)
        watcher.until_topic("/tasks/delete", container)
    told = watcher.of(container)
    for process in processes:
        assert [seen for seen in told if seen[1] == process] == [
            added(process),
            started(process),
            exited(process),
        ]


def in_the_host_s_pid_namespace(config: dict[str, Any]) -> None:
    config["linux"]["namespaces"].remove({"type": "pid"})


def out_of_memory(config: dict[str, Any]) -> None:
    config["linux"]["resources"]["memory"] = {"limit": 64 << 20}
    # again and again: the real shim begins to watch after the start, and may miss the first time
    again = "while :; do dd if=/dev/zero of=/dev/null bs=256M; sleep 0.1; done"
    config["process"]["args"] = ["sh", "-c", again]


def end(api: Api, container: str) -> None:
    """Kills a task, waits for its end, and deletes it."""
    api.kill(container, signal.SIGKILL)
    assert api.wait(container).exit_status == 128 + signal.SIGKILL
    api.delete(container)

"""Daemons are killed with -9: what containerd expects then, and what our shim can do beyond it."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.shim.tests.interop.conftest import IMAGE, OURS, REAL, SHIMS, SUBJECTS, Subject
from packages.shim.tests.interop.shim_process import ShimProcess, wait_until_gone

from tiffin.api.containerd.runtime.task.v3.shim_pb2 import DeleteResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packages.shim.tests.interop.api import Api
    from packages.shim.tests.interop.daemon import Daemon

pytestmark = pytest.mark.requires("root", "containerd", "ctr", "runc", "crun", "busybox")

POD = ("--annotation", "io.kubernetes.cri.sandbox-id=pod")
ours_alone = pytest.mark.parametrize(
    "subject",
    [subject for subject in SUBJECTS if subject.shim == "tiffin"],
    indirect=True,
    ids=lambda one: one.name,
)
both_shims = pytest.mark.parametrize("subject", SHIMS, indirect=True, ids=lambda one: one.name)


@pytest.fixture(autouse=True)
def restored(daemon: Daemon) -> Iterator[None]:
    """There is a containerd, and no container, also after a test that failed half-way."""
    yield
    daemon.restore()


@pytest.fixture
def fifo(daemon: Daemon, name: str) -> Iterator[Path]:
    """What a container's command waits for."""
    path = daemon.folder / f"{name}.fifo"
    os.mkfifo(path)
    yield path
    path.unlink()


def waiting_for(fifo: Path, status: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Flags and command of a container that ends with a status once somebody has written to a FIFO of ours."""
    mount = f"type=bind,src={fifo},dst=/fifo,options=bind"
    return ("--mount", mount), ("sh", "-c", f"read line < /fifo; exit {status}")


def let_go(fifo: Path) -> None:
    fifo.write_text("go\n")


def test_when_a_shim_is_killed_containerd_has_all_removed(
    daemon: Daemon, subject: Subject, run: tuple[str, ...], name: str
) -> None:
    daemon.ctr(*run, "--detach", IMAGE, name, "sleep", "1000")
    shim = ShimProcess.of(daemon, name)
    init = daemon.pid(name)
    with daemon.watched() as watcher:
        os.kill(shim.pid, signal.SIGKILL)
        deleted = watcher.until_topic("/tasks/delete", name)
    assert watcher.of(name) == [("/tasks/exit", ""), ("/tasks/delete", "")]
    assert deleted.message.exit_status == 137
    wait_until_gone(init)
    assert not daemon.bundle(name).exists()
    gone(subject, shim)
    daemon.ctr("container", "rm", name)


@both_shims
def test_the_shim_of_a_pod_takes_both_of_its_containers_along(
    daemon: Daemon, subject: Subject, run: tuple[str, ...], name: str
) -> None:
    names = (name, f"{name}-beside")
    for each in names:
        daemon.ctr(*run[:-1], f"{run[-1]}-{each}", *POD, "--detach", IMAGE, each, "sleep", "1000")
    shim = ShimProcess.of(daemon, name)
    assert ShimProcess.of(daemon, names[1]) == shim
    inits = [daemon.pid(each) for each in names]
    with daemon.watched() as watcher:
        os.kill(shim.pid, signal.SIGKILL)
        told = {watcher.until(lambda seen: seen.topic == "/tasks/delete").container for _ in names}
    assert told == set(names)
    for pid in inits:
        wait_until_gone(pid)
    gone(subject, shim)
    for each in names:
        daemon.ctr("container", "rm", each)


@both_shims
def test_a_pod_lives_in_one_shim_as_long_as_it_has_a_container(
    daemon: Daemon, run: tuple[str, ...], name: str
) -> None:
    names = (name, f"{name}-beside")
    for each in names:
        daemon.ctr(*run[:-1], f"{run[-1]}-{each}", *POD, "--detach", IMAGE, each, "sleep", "1000")
    shim = ShimProcess.of(daemon, name)
    daemon.forget(names[0])
    assert ShimProcess.of(daemon, names[1]) == shim
    daemon.ctr("task", "exec", "--exec-id", "more", names[1], "true")
    daemon.forget(names[1])
    wait_until_gone(shim.pid)


def test_a_killed_containerd_finds_its_tasks_again(
    daemon: Daemon, run: tuple[str, ...], name: str, fifo: Path
) -> None:
    flags, command = waiting_for(fifo, 7)
    daemon.ctr(*run, *flags, "--detach", IMAGE, name, *command)
    shim, init = ShimProcess.of(daemon, name), daemon.pid(name)
    daemon.stop(signal.SIGKILL)
    daemon.start()
    assert (daemon.pid(name), ShimProcess.of(daemon, name)) == (init, shim)
    waiter = daemon.background("task", "attach", name)
    let_go(fifo)
    assert waiter.wait(60) == 7
    daemon.forget(name)


def test_what_ends_while_there_is_no_containerd_has_its_exit_status(
    daemon: Daemon, api: Api, run: tuple[str, ...], name: str, fifo: Path
) -> None:
    flags, command = waiting_for(fifo, 7)
    daemon.ctr(*run, *flags, "--detach", IMAGE, name, *command)
    init = daemon.pid(name)
    daemon.stop(signal.SIGKILL)
    let_go(fifo)
    wait_until_gone(init)
    daemon.start()
    assert api.wait(name).exit_status == 7
    assert api.delete(name).exit_status == 7
    daemon.ctr("container", "rm", name)


@ours_alone
def test_a_shim_that_is_started_again_takes_its_container_back(
    daemon: Daemon, run: tuple[str, ...], name: str, fifo: Path
) -> None:
    flags, command = waiting_for(fifo, 7)
    daemon.ctr(*run, *flags, "--detach", IMAGE, name, *command)
    shim, init = ShimProcess.of(daemon, name), daemon.pid(name)
    daemon.stop(signal.SIGKILL)
    shim.kill()
    again = shim.start_again()
    daemon.start()
    assert (again.address, daemon.pid(name)) == (shim.address, init)
    assert again.pid != shim.pid
    daemon.ctr("task", "exec", "--exec-id", "more", name, "sh", "-c", "exit 3", status=3)
    with daemon.watched() as watcher:
        waiter = daemon.background("task", "attach", name)
        let_go(fifo)
        assert waiter.wait(60) == 7
        assert watcher.until_topic("/tasks/exit", name).message.exit_status == 7
        daemon.forget(name)
    wait_until_gone(again.pid)


@ours_alone
def test_what_ends_while_there_is_neither_has_its_exit_status(
    daemon: Daemon, api: Api, run: tuple[str, ...], name: str, fifo: Path
) -> None:
    flags, command = waiting_for(fifo, 7)
    daemon.ctr(*run, *flags, "--detach", IMAGE, name, *command)
    shim, init = ShimProcess.of(daemon, name), daemon.pid(name)
    daemon.stop(signal.SIGKILL)
    shim.kill()
    let_go(fifo)
    wait_until_gone(init)
    shim.start_again()
    daemon.start()
    assert api.wait(name).exit_status == 7
    assert api.delete(name).exit_status == 7
    daemon.ctr("container", "rm", name)


@pytest.mark.parametrize("subject", [OURS], indirect=True, ids=lambda one: one.name)
def test_one_start_takes_a_whole_pod_back(daemon: Daemon, run: tuple[str, ...], name: str) -> None:
    names = (name, f"{name}-beside")
    for each in names:
        daemon.ctr(*run[:-1], f"{run[-1]}-{each}", *POD, "--detach", IMAGE, each, "sleep", "1000")
    shim, inits = ShimProcess.of(daemon, name), [daemon.pid(each) for each in names]
    daemon.stop(signal.SIGKILL)
    shim.kill()
    shim.start_again()
    daemon.start()
    assert [daemon.pid(each) for each in names] == inits
    for each in names:
        daemon.ctr("task", "exec", "--exec-id", "more", each, "true")
        daemon.forget(each)


@ours_alone
def test_without_a_start_containerd_removes_what_a_killed_shim_has_left(
    daemon: Daemon, run: tuple[str, ...], name: str
) -> None:
    daemon.ctr(*run, "--detach", IMAGE, name, "sleep", "1000")
    shim, init = ShimProcess.of(daemon, name), daemon.pid(name)
    daemon.stop(signal.SIGKILL)
    shim.kill()
    daemon.start()
    wait_until_gone(init)
    assert name not in daemon.ctr("task", "ls")
    daemon.ctr("container", "rm", name)


@ours_alone
def test_delete_tells_the_exit_status_of_what_ended_without_a_shim(
    daemon: Daemon, run: tuple[str, ...], name: str, fifo: Path
) -> None:
    """The real one answers 137, whatever has happened."""
    flags, command = waiting_for(fifo, 7)
    daemon.ctr(*run, *flags, "--detach", IMAGE, name, *command)
    shim, init = ShimProcess.of(daemon, name), daemon.pid(name)
    daemon.stop(signal.SIGKILL)
    shim.kill()
    let_go(fifo)
    wait_until_gone(init)
    done = subprocess.run(
        shim.command("delete"), cwd=shim.bundle, capture_output=True, check=True, timeout=60
    )
    answer = DeleteResponse.FromString(done.stdout)
    assert (answer.pid, answer.exit_status) == (init, 7)
    assert not shim.socket.exists()
    daemon.start()
    daemon.ctr("container", "rm", name)


def gone(subject: Subject, shim: ShimProcess) -> None:
    """Its socket too, but for the real one's."""
    assert shim.socket.exists() == (subject == REAL)
    shim.socket.unlink(missing_ok=True)

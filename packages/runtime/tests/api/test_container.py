"""`Container`: every verb as a method."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.runtime.tests.api.conftest import Make, shell

from tiffin.runtime import DEVNULL, PIPE, Container, FailedPrecondition, NotFound, Runtime, TimedOut

pytestmark = pytest.mark.requires("root")


@pytest.fixture
def container(runtime: Runtime, bundle_factory: Make) -> Iterator[Container]:
    """One that waits for its start, and then for a line on its stdin, whose words are its exit code."""
    bundle = bundle_factory(args=shell("echo ready; read code; exit $code"))
    made = runtime.create("one", bundle.config, bundle=bundle.path, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    yield made
    made.delete(force=True)


def status_of(container: Container) -> str:
    """What it does now: another time it may be something else, which the type of a property does not tell."""
    return container.status


def wait_until_ready(container: Container) -> None:
    with open(container.process.streams.stdout, "rb", buffering=0, closefd=False) as stream:
        assert stream.read(6) == b"ready\n"


def test_its_life(runtime: Runtime, container: Container) -> None:
    assert status_of(container) == "created"
    assert [found.id for found in runtime.containers()] == ["one"]
    container.start()
    wait_until_ready(container)
    assert status_of(container) == "running"
    assert container.pids() == (container.process.pid,)
    with pytest.raises(TimedOut):
        container.wait(timeout=0.01)
    with pytest.raises(FailedPrecondition):
        container.start()
    with pytest.raises(FailedPrecondition):
        container.delete()
    with open(container.process.streams.stdin, "wb", buffering=0, closefd=False) as stream:
        stream.write(b"9\n")
    assert container.wait(timeout=20) == 9
    assert status_of(container) == "stopped"
    container.delete()
    with pytest.raises(NotFound):
        _ = container.state


def test_it_is_killed(container: Container) -> None:
    container.start()
    container.kill(signal.SIGKILL)
    assert container.wait(timeout=20) == 128 + signal.SIGKILL
    with pytest.raises(FailedPrecondition):
        container.kill()
    container.kill(every=True)


def test_it_pauses(container: Container) -> None:
    container.start()
    wait_until_ready(container)
    container.pause()
    assert status_of(container) == "paused"
    with pytest.raises(FailedPrecondition):
        container.exec(["true"])
    container.resume()
    assert status_of(container) == "running"
    assert container.exec(["true"]).exit_code == 0


@pytest.mark.requires("cgroup_v1")
def test_its_limits_change(container: Container) -> None:
    container.start()
    container.update({"pids": {"limit": 17}})
    directory = dict(container.state.cgroups)["pids"]
    assert Path(directory, "pids.max").read_text() == "17\n"
    assert container.stats()["pids"]["limit"] == 17


def test_another_object_of_it_waits_but_has_no_exit_code(runtime: Runtime, container: Container) -> None:
    container.start()
    other = runtime.container("one")
    with pytest.raises(LookupError):
        _ = other.process
    with pytest.raises(TimedOut):
        other.wait(timeout=0.01)
    other.kill(signal.SIGKILL)
    assert other.wait(timeout=20) is None
    assert container.wait(timeout=20) == 137


def test_there_is_no_such_container(runtime: Runtime) -> None:
    with pytest.raises(NotFound):
        runtime.container("nobody")
    assert runtime.containers() == []


def test_two_runtimes_of_a_root_see_the_same(runtime: Runtime, container: Container) -> None:
    with Runtime(runtime.root) as other:
        assert other.container("one").state == container.state


def test_a_created_container_is_deleted_without_force(container: Container) -> None:
    container.delete()
    with pytest.raises(NotFound):
        container.start()
    container.delete(force=True)

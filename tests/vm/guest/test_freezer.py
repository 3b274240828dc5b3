"""pause and resume, by cgroup.freeze."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.vm.guest.container import Container

    from tiffin_testing.oci_runtime import OCIRuntime


def test_pause_and_resume(container_factory: Callable[..., Container], subject: OCIRuntime) -> None:
    container = container_factory().start()
    subject.call("pause", container.id).must_succeed()
    assert container.value("cgroup.freeze") == "1"
    assert container.pairs("cgroup.events")["frozen"] == 1
    assert subject.status(container.id) == "paused"
    assert container.exec("true").exit_code == 255
    assert subject.call("delete", container.id).exit_code == 1
    subject.call("resume", container.id).must_succeed()
    assert container.pairs("cgroup.events")["frozen"] == 0
    assert subject.status(container.id) == "running"
    container.exec("true").must_succeed()
    container.end()


def test_cgroups_inside_are_frozen_too(
    container_factory: Callable[..., Container], subject: OCIRuntime
) -> None:
    container = container_factory().start()
    inner = container.cgroup / "inner"
    inner.mkdir()
    container.exec("sleep", "1000", flags=("--detach", "--cgroup", "inner")).must_succeed()
    subject.call("pause", container.id).must_succeed()
    assert "frozen 1" in (inner / "cgroup.events").read_text()
    subject.call("resume", container.id).must_succeed()
    container.end()


def test_a_frozen_container_can_be_killed(
    container_factory: Callable[..., Container], subject: OCIRuntime
) -> None:
    container = container_factory().start()
    subject.call("pause", container.id).must_succeed()
    subject.kill(container.id).must_succeed()
    subject.wait_stopped(container.id)
    subject.delete(container.id).must_succeed()
    assert not container.cgroup.exists()


def test_a_frozen_container_can_be_deleted_by_force(
    container_factory: Callable[..., Container], subject: OCIRuntime
) -> None:
    container = container_factory().start()
    subject.call("pause", container.id).must_succeed()
    container.end()


def test_a_frozen_cgroup_is_not_used_for_a_new_container(container_factory: Callable[..., Container]) -> None:
    container = container_factory()
    container.cgroup.mkdir(parents=True)
    (container.cgroup / "cgroup.freeze").write_text("1")
    assert container.runtime.create(container.id, container.bundle).exit_code == 1
    if container.cgroup.exists():
        container.cgroup.rmdir()

"""update: each flag, a document, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.vm.guest.container import disk_number
from tests.vm.guest.subjects import only_ours

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.vm.guest.container import Container

    from tiffin_testing.oci_runtime import OCIRuntime

MB = 1 << 20
# Flags, and the files after them, one after the other in the same container.
STEPS: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (
        ("--memory", "80M", "--memory-swap", "100M"),
        {"memory.max": str(80 * MB), "memory.swap.max": str(20 * MB)},
    ),
    (("--memory-reservation", "40M"), {"memory.low": str(40 * MB), "memory.max": str(80 * MB)}),
    (("--memory", "-1"), {"memory.max": "max", "memory.swap.max": "max"}),
    (("--cpu-quota", "30000"), {"cpu.max": "30000 100000"}),
    (("--cpu-period", "50000"), {"cpu.max": "30000 50000"}),
    (("--cpu-quota", "-1"), {"cpu.max": "max 50000"}),
    (("--cpuset-cpus", "1", "--cpuset-mems", "0"), {"cpuset.cpus": "1", "cpuset.mems": "0"}),
    (("--pids-limit", "20"), {"pids.max": "20"}),
    (("--pids-limit", "-1"), {"pids.max": "max"}),
    (("--blkio-weight", "300"), {"io.bfq.weight": "default 300"}),
)
NEWER: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (("--cpu-share", "1024"), {"cpu.weight": "100"}),
    (("--cpu-quota", "50000", "--cpu-burst", "10000"), {"cpu.max.burst": "10000", "cpu.max": "50000 100000"}),
    (("--cpu-idle", "1"), {"cpu.idle": "1"}),
    (("--cpu-idle", "0", "--cpu-share", "2"), {"cpu.idle": "0", "cpu.weight": "1"}),
)


def walk(container: Container, steps: tuple[tuple[tuple[str, ...], dict[str, str]], ...]) -> None:
    container.create()
    for flags, expected in steps:
        container.update(*flags).must_succeed()
        assert container.values(*expected) == expected, flags
    container.end()


def test_flags(container_factory: Callable[..., Container]) -> None:
    walk(container_factory(), STEPS)


@only_ours  # runc 1.1 converts shares in another way; idle and burst came in 1.2
def test_newer_flags(container_factory: Callable[..., Container]) -> None:
    walk(container_factory(), NEWER)


def test_a_document(container_factory: Callable[..., Container]) -> None:
    container = container_factory({"memory": {"limit": 64 * MB}}).create()
    changes: dict[str, Any] = {
        "cpu": {"quota": 20000, "period": 50000},
        "pids": {"limit": 30},
        "unified": {"memory.high": str(50 * MB)},
    }
    container.update(resources=changes).must_succeed()
    expected = {
        "memory.max": str(64 * MB),
        "memory.high": str(50 * MB),
        "cpu.max": "20000 50000",
        "pids.max": "30",
    }
    assert container.values(*expected) == expected
    container.end()


@only_ours  # runc 1.1 takes no more than the weight of blockIO
def test_a_document_with_rates(container_factory: Callable[..., Container]) -> None:
    major, minor = disk_number()
    container = container_factory().create()
    rates = [{"major": major, "minor": minor, "rate": MB}]
    container.update(resources={"blockIO": {"throttleReadBpsDevice": rates}}).must_succeed()
    container.update(resources={"blockIO": {"throttleWriteIOPSDevice": rates}}).must_succeed()
    assert container.value("io.max") == f"{major}:{minor} rbps={MB} wbps=max riops=max wiops={MB}"
    container.end()


def test_a_running_container_is_still_there_after_it(
    container_factory: Callable[..., Container], subject: OCIRuntime
) -> None:
    container = container_factory().start()
    container.update("--memory", "100M").must_succeed()
    container.exec("true").must_succeed()
    assert subject.status(container.id) == "running"
    container.end()


@only_ours  # runc 1.1 leaves what it wrote before the one that the kernel refused
@pytest.mark.parametrize(
    "flags",
    [("--pids-limit", "9", "--cpuset-cpus", "7"), ("--memory", "nonsense")],
    ids=["the kernel refuses one", "no number"],
)
def test_a_failed_update_changes_nothing(
    container_factory: Callable[..., Container], flags: tuple[str, ...]
) -> None:
    container = container_factory({"pids": {"limit": 77}, "memory": {"limit": 64 * MB}}).create()
    before = container.values("pids.max", "memory.max", "cpuset.cpus")
    assert container.update(*flags).exit_code == 1
    assert container.values("pids.max", "memory.max", "cpuset.cpus") == before
    container.end()


@only_ours  # since runc 1.2
def test_usage_above_the_new_limit_is_refused_if_asked_for(
    container_factory: Callable[..., Container],
) -> None:
    container = container_factory({"memory": {"limit": 64 * MB}}).start()
    done = container.update(resources={"memory": {"limit": 4096, "checkBeforeUpdate": True}})
    assert done.exit_code == 1
    assert container.value("memory.max") == str(64 * MB)
    container.end()

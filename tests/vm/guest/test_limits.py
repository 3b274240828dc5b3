"""linux.resources in the files of cgroup v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.vm.guest.container import disk_number
from tests.vm.guest.subjects import only_ours

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.vm.guest.container import Container

MB = 1 << 20


def every_limit() -> dict[str, Any]:
    """All that runc 1.1 knows, in one container."""
    major, minor = disk_number()
    device = {"major": major, "minor": minor}
    return {
        "memory": {"limit": 64 * MB, "swap": 96 * MB, "reservation": 32 * MB},
        "cpu": {"quota": 50000, "period": 200000, "cpus": "0-1", "mems": "0"},
        "pids": {"limit": 100},
        "hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MB}],
        "blockIO": {
            "weight": 500,
            "throttleReadBpsDevice": [{**device, "rate": MB}],
            "throttleWriteIOPSDevice": [{**device, "rate": 200}],
        },
        "unified": {"memory.high": str(48 * MB), "memory.oom.group": "1", "cgroup.max.depth": "7"},
    }


def test_every_limit(container_factory: Callable[..., Container]) -> None:
    container = container_factory(every_limit()).create()
    major, minor = disk_number()
    expected = {
        "memory.max": str(64 * MB),
        "memory.swap.max": str(32 * MB),
        "memory.low": str(32 * MB),
        "memory.high": str(48 * MB),
        "memory.oom.group": "1",
        "cpu.max": "50000 200000",
        "cpuset.cpus": "0-1",
        "cpuset.mems": "0",
        "pids.max": "100",
        "hugetlb.2MB.max": str(4 * MB),
        "io.bfq.weight": "default 500",
        "io.max": f"{major}:{minor} rbps={MB} wbps=max riops=max wiops=200",
        "cgroup.max.depth": "7",
    }
    found = container.values(*expected)
    container.end()
    assert found == expected


def test_without_limits(container_factory: Callable[..., Container]) -> None:
    container = container_factory(
        {"cpu": {"quota": -1}, "memory": {"limit": -1}, "pids": {"limit": -1}}
    ).create()
    found = container.values("memory.max", "memory.swap.max", "cpu.max", "pids.max", "cpu.weight")
    container.end()
    assert found == {
        "memory.max": "max", "memory.swap.max": "max", "cpu.max": "max 100000", "pids.max": "max", "cpu.weight": "100"
    }  # fmt: skip


@only_ours  # runc 1.1 converts shares linearly, which its later releases gave up; the rest it does not know yet
@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({"cpu": {"shares": 1024}}, {"cpu.weight": "100"}),
        ({"cpu": {"shares": 2}}, {"cpu.weight": "1"}),
        ({"cpu": {"shares": 262144}}, {"cpu.weight": "10000"}),
        ({"cpu": {"quota": 50000, "burst": 20000}}, {"cpu.max": "50000 100000", "cpu.max.burst": "20000"}),
        ({"cpu": {"idle": 1}}, {"cpu.idle": "1", "cpu.weight": "0"}),
        ({"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MB}]}, {"hugetlb.2MB.rsvd.max": str(4 * MB)}),
    ],
    ids=["default shares", "least shares", "most shares", "burst", "idle", "reserved huge pages"],
)
def test_newer_limits(
    container_factory: Callable[..., Container], resources: dict[str, Any], expected: dict[str, str]
) -> None:
    container = container_factory(resources).create()
    found = container.values(*expected)
    container.end()
    assert found == expected


def test_pids_limit_stops_a_fork(container_factory: Callable[..., Container]) -> None:
    container = container_factory({"pids": {"limit": 1}}, args=("sh", "-c", "sleep 0 & true"))
    assert container.run().exit_code != 0


@pytest.mark.parametrize(
    ("resources", "name"),
    [
        ({"cpu": {"cpus": "7"}}, "cpus"),
        ({"memory": {"limit": 64 * MB, "swap": 32 * MB}}, "swap"),
        (
            {"blockIO": {"throttleReadBpsDevice": [{"major": 4000, "minor": 0, "rate": MB}]}},
            "throttleReadBpsDevice",
        ),
        ({"hugepageLimits": [{"pageSize": "3MB", "limit": MB}]}, "hugepageLimits"),
        ({"unified": {"memory.high": "much"}}, "memory.high"),
        ({"unified": {"nothing.max": "1"}}, "nothing.max"),
        ({"unified": {"../memory.max": "1"}}, "../memory.max"),
    ],
    ids=["cpus", "swap", "device", "page size", "value", "controller", "path"],
)
def test_what_cannot_be_set_is_refused(
    container_factory: Callable[..., Container], resources: dict[str, Any], name: str
) -> None:
    container = container_factory(resources)
    done = container.runtime.create(container.id, container.bundle)
    assert done.exit_code == 1
    assert not container.cgroup.exists()
    if container.runtime.name != "runc":  # ours tells which part of the config it was
        assert "linux.resources" in done.stderr
        assert name in done.stderr

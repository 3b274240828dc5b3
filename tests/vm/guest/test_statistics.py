"""events --stats: the numbers of cgroup v2's files, under the names that runc gives them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.vm.guest.subjects import only_ours

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.vm.guest.container import Container

MB = 1 << 20
RESOURCES: dict[str, Any] = {
    "memory": {"limit": 64 * MB, "swap": 96 * MB},
    "pids": {"limit": 50},
    "cpu": {"quota": 90000, "period": 100000},
}
# Members that only we have, as later releases of runc do.
SINCE_1_2 = ("psi", "max")
NUMBERS_OF_NOW = ("usage", "raw", "throttling", "cache", "ioServiceBytesRecursive", "ioServicedRecursive")


def statistics(container: Container) -> dict[str, Any]:
    event = json.loads(container.runtime.call("events", "--stats", container.id).must_succeed().stdout)
    assert (event["type"], event["id"]) == ("stats", container.id)
    data: dict[str, Any] = event["data"]
    return data


def test_numbers(container_factory: Callable[..., Container]) -> None:
    container = container_factory(RESOURCES).start()
    container.shell("dd if=/dev/zero of=/dev/null bs=64k count=50 2>/dev/null")
    found = statistics(container)
    current, stat = int(container.value("memory.current")), container.pairs("cpu.stat")
    container.end()
    assert found["pids"] == {"current": 1, "limit": 50}
    assert found["memory"]["usage"]["limit"] == 64 * MB
    assert abs(found["memory"]["usage"]["usage"] - current) < MB
    assert found["memory"]["swap"]["limit"] == 96 * MB
    assert found["memory"]["raw"]["anon"] > 0
    usage = found["cpu"]["usage"]
    assert 0 < usage["total"] <= stat["usage_usec"] * 1000
    assert abs(usage["total"] - usage["kernel"] - usage["user"]) < 1_000_000
    assert set(found["hugetlb"]) == {"2MB", "1GB"}


def shape(tree: Any) -> Any:
    """The members of a tree without its numbers."""
    if not isinstance(tree, dict):
        return type(tree).__name__
    return {
        key: "numbers" if key in NUMBERS_OF_NOW else shape(value)
        for key, value in tree.items()
        if key not in SINCE_1_2
    }


def test_the_same_members_as_with_runc(container_factory: Callable[..., Container]) -> None:
    """Ours, and the constants below are what runc 1.1 prints (this test holds for both)."""
    container = container_factory(RESOURCES).start()
    found = shape(statistics(container))
    container.end()
    assert set(found) == {
        "cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt", "network_interfaces"
    }  # fmt: skip
    assert set(found["memory"]) >= {"usage", "swap", "kernel", "kernelTCP"}
    assert found["hugetlb"]["2MB"] == {"failcnt": "int"}


@only_ours  # runc has it since 1.2
def test_pressure(container_factory: Callable[..., Container]) -> None:
    container = container_factory(RESOURCES).start()
    found = statistics(container)
    container.end()
    for section in ("cpu", "memory", "blkio"):
        pressure = found[section]["psi"]
        assert set(pressure) == {"some", "full"}
        assert set(pressure["some"]) == {"avg10", "avg60", "avg300", "total"}
        assert pressure["some"]["total"] >= 0


def test_ps_lists_processes_of_cgroups_inside(container_factory: Callable[..., Container]) -> None:
    container = container_factory().start()
    (container.cgroup / "inner").mkdir()
    container.exec("sleep", "1000", flags=("--detach", "--cgroup", "inner")).must_succeed()
    listed = container.runtime.call("ps", "--format", "json", container.id).must_succeed().stdout
    inner = [int(word) for word in (container.cgroup / "inner/cgroup.procs").read_text().split()]
    assert sorted(json.loads(listed)) == sorted([container.pid, *inner])
    container.end()

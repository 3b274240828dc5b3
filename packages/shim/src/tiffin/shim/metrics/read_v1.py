"""Reads the metrics of cgroup v1: one function for each controller, with the directory of the container's cgroup."""

from __future__ import annotations

import os

from tiffin.runtime.cgroup.files import exists, read_number, read_pairs, read_text
from tiffin.runtime.cgroup.statistics import huge_page_sizes

from .rdma import RdmaStat, read_rdma
from .values_v1 import (
    BlkIOEntry,
    BlkIOStat,
    CPUStat,
    CPUUsage,
    HugetlbStat,
    MemoryEntry,
    MemoryOomControl,
    MemoryStat,
    Metrics,
    PidsStat,
    Throttle,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NANOSECONDS = 1_000_000_000
NO_LIMIT = 2**64 - 1  # `max`, which is 0 in containerd's message
OWN_NAMES = {"hierarchical_swap_limit": "hierarchical_memsw_limit"}  # field: name in memory.stat
MEMORY_ENTRIES = {
    "usage": "memory",
    "swap": "memory.memsw",
    "kernel": "memory.kmem",
    "kernel_tcp": "memory.kmem.tcp",
}
# CFQ's counters, which also count what is below; without that scheduler the throttle's, which all kernels have.
SCHEDULED = {
    "sectors_recursive": "sectors_recursive",
    "io_service_bytes_recursive": "io_service_bytes_recursive",
    "io_serviced_recursive": "io_serviced_recursive",
    "io_queued_recursive": "io_queued_recursive",
    "io_service_time_recursive": "io_service_time_recursive",
    "io_wait_time_recursive": "io_wait_time_recursive",
    "io_merged_recursive": "io_merged_recursive",
    "io_time_recursive": "time_recursive",
}
THROTTLED = {
    "io_serviced_recursive": "throttle.io_serviced",
    "io_service_bytes_recursive": "throttle.io_service_bytes",
}


def read_v1(cgroups: Mapping[str, str]) -> Metrics:
    """All metrics.

    Args:
        cgroups: a container's directories by controller; those that are missing are left out.
    """
    memory = cgroups.get("memory", "")
    return Metrics(
        hugetlb=_hugetlb(cgroups.get("hugetlb", "")),
        pids=_pids(cgroups.get("pids", "")),
        cpu=CPUStat(_usage(cgroups.get("cpuacct", "")), _throttling(cgroups.get("cpu", ""))),
        memory=_memory(memory),
        blkio=_blkio(cgroups.get("blkio", "")),
        rdma=_rdma(cgroups.get("rdma", "")),
        memory_oom_control=_oom_control(memory),
    )


def _limited(path: str) -> int:
    value = read_number(path)
    return 0 if value is None or value == NO_LIMIT else value


def _hugetlb(directory: str) -> tuple[HugetlbStat, ...]:
    found = []
    for size in huge_page_sizes() if directory else ():
        prefix = f"{directory}/hugetlb.{size}"
        usage = read_number(f"{prefix}.usage_in_bytes")
        if usage is not None:
            most = read_number(f"{prefix}.max_usage_in_bytes") or 0
            found.append(HugetlbStat(usage, most, read_number(f"{prefix}.failcnt") or 0, size))
    return tuple(found)


def _pids(directory: str) -> PidsStat | None:
    current = read_number(f"{directory}/pids.current")
    return None if current is None else PidsStat(current, _limited(f"{directory}/pids.max"))


def _usage(directory: str) -> CPUUsage:
    modes = read_pairs(f"{directory}/cpuacct.stat") or {}
    tick = NANOSECONDS // os.sysconf("SC_CLK_TCK")
    return CPUUsage(
        total=read_number(f"{directory}/cpuacct.usage") or 0,
        kernel=modes.get("system", 0) * tick,
        user=modes.get("user", 0) * tick,
        per_cpu=tuple(int(word) for word in (read_text(f"{directory}/cpuacct.usage_percpu") or "").split()),
    )


def _throttling(directory: str) -> Throttle:
    values = read_pairs(f"{directory}/cpu.stat") or {}
    return Throttle(
        values.get("nr_periods", 0), values.get("nr_throttled", 0), values.get("throttled_time", 0)
    )


def _memory(directory: str) -> MemoryStat | None:
    values = read_pairs(f"{directory}/memory.stat")
    if values is None:
        return None
    found: dict[str, Any] = {}
    for field in MemoryStat._fields:
        if field not in MEMORY_ENTRIES:
            # pg_pg_in is pgpgin in the file, total_pg_fault is total_pgfault
            name = OWN_NAMES.get(field) or field.replace("pg_", "pg").replace("pgmaj_", "pgmaj")
            found[field] = values.get(name, 0)
    for field, prefix in MEMORY_ENTRIES.items():
        found[field] = _memory_entry(f"{directory}/{prefix}")
    return MemoryStat(**found)


def _memory_entry(prefix: str) -> MemoryEntry:
    """Swap and kernel memory may be missing from the kernel, and so may some of their files."""
    return MemoryEntry(
        limit=read_number(f"{prefix}.limit_in_bytes") or 0,
        usage=read_number(f"{prefix}.usage_in_bytes") or 0,
        max=read_number(f"{prefix}.max_usage_in_bytes") or 0,
        failcnt=read_number(f"{prefix}.failcnt") or 0,
    )


def _oom_control(directory: str) -> MemoryOomControl | None:
    values = read_pairs(f"{directory}/memory.oom_control")
    if values is None:
        return None
    return MemoryOomControl(**{field: values.get(field, 0) for field in MemoryOomControl._fields})


def _blkio(directory: str) -> BlkIOStat | None:
    if not exists(f"{directory}/blkio.throttle.io_serviced"):
        return None
    devices = _devices()
    if exists(f"{directory}/blkio.io_serviced_recursive"):
        found = _counters(directory, SCHEDULED, devices)
        if any(found):
            return found
    return _counters(directory, THROTTLED, devices)


def _counters(directory: str, names: Mapping[str, str], devices: Mapping[str, str]) -> BlkIOStat:
    return BlkIOStat(
        **{field: _block_entries(f"{directory}/blkio.{name}", devices) for field, name in names.items()}
    )


def _block_entries(path: str, devices: Mapping[str, str]) -> tuple[BlkIOEntry, ...]:
    """Lines `8:0 Read 1282048`, or without the operation; the sum at the end has no device."""
    found = []
    for line in (read_text(path) or "").splitlines():
        words = line.split()
        if ":" in words[0]:
            major, _, minor = words[0].partition(":")
            operation = words[1] if len(words) == 3 else ""
            device = devices.get(words[0], "")
            found.append(BlkIOEntry(operation, device, int(major), int(minor), int(words[-1])))
    return tuple(found)


def _devices() -> dict[str, str]:
    """Paths of block devices by `major:minor` (proc(5), /proc/partitions)."""
    found: dict[str, str] = {}
    for line in (read_text("/proc/partitions") or "").splitlines()[2:]:
        major, minor, _, name = line.split()
        found.setdefault(f"{major}:{minor}", f"/dev/{name}")
    return found


def _rdma(directory: str) -> RdmaStat | None:
    if not directory or not exists(f"{directory}/rdma.current"):
        return None
    return read_rdma(directory)

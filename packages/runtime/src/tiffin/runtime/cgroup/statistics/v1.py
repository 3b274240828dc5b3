"""Statistics from cgroup v1's files; a controller that the container has not joined is left at zero."""

from __future__ import annotations

from ..files import exists, read_number, read_pairs, read_text
from . import (
    CPUSET_FLAGS,
    EMPTY_MEMORY,
    block_entry,
    cpu_usage,
    huge_page_sizes,
    memory_entry,
    parse_list,
    throttling,
    without_zeros,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

TICK = 10_000_000  # nanoseconds: USER_HZ is 100 on every architecture that matters
NO_LIMIT = 2**64 - 1
# Key in the JSON, and the end of the file's name.
BLOCK_COUNTERS = (
    ("ioServiceBytesRecursive", "io_service_bytes"),
    ("ioServicedRecursive", "io_serviced"),
    ("ioQueueRecursive", "io_queued"),
    ("ioServiceTimeRecursive", "io_service_time"),
    ("ioWaitTimeRecursive", "io_wait_time"),
    ("ioMergedRecursive", "io_merged"),
    ("ioTimeRecursive", "time"),
    ("sectorsRecursive", "sectors"),
)
# Names of the counters by I/O scheduler: the first one that has its last two files in use counts for all.
BLOCK_FAMILIES = (
    "blkio.bfq.{}_recursive",
    "blkio.{}_recursive",
    "blkio.throttle.{}_recursive",
    "blkio.throttle.{}",
)


def statistics(paths: Mapping[str, str]) -> dict[str, Any]:
    """The whole structure.

    Args:
        paths: a container's directories by controller.
    """
    return {
        "cpu": {"usage": _usage(paths.get("cpuacct", "")), "throttling": _throttling(paths.get("cpu", ""))},
        "cpuset": _cpuset(paths.get("cpuset", "")),
        "memory": _memory(paths.get("memory", "")),
        "pids": _pids(paths.get("pids", "")),
        "blkio": _blkio(paths.get("blkio", "")),
        "hugetlb": _hugetlb(paths.get("hugetlb", "")),
    }


def _usage(directory: str) -> dict[str, Any]:
    total = read_number(f"{directory}/cpuacct.usage") or 0
    modes = read_pairs(f"{directory}/cpuacct.stat") or {}
    percpu = {
        "percpu": [int(word) for word in (read_text(f"{directory}/cpuacct.usage_percpu") or "").split()]
    }
    lines = (read_text(f"{directory}/cpuacct.usage_all") or "").splitlines()[1:]
    columns = [line.split(" ") for line in lines]
    percpu["percpu_kernel"] = [int(column[2]) for column in columns if len(column) > 2]
    percpu["percpu_user"] = [int(column[1]) for column in columns if len(column) > 2]
    return cpu_usage(total, modes.get("system", 0) * TICK, modes.get("user", 0) * TICK, percpu=percpu)


def _throttling(directory: str) -> dict[str, int]:
    values = read_pairs(f"{directory}/cpu.stat") or {}
    return throttling(
        values.get("nr_periods", 0), values.get("nr_throttled", 0), values.get("throttled_time", 0)
    )


def _cpuset(directory: str) -> dict[str, Any]:
    lists = {name: parse_list(read_text(f"{directory}/cpuset.{name}") or "") for name in ("cpus", "mems")}
    values: dict[str, Any] = {}
    for name, default in CPUSET_FLAGS:
        text = read_text(f"{directory}/cpuset.{name}")
        values[name] = default if text is None else int(text)
    first = {"cpu_exclusive": values.pop("cpu_exclusive")}
    return {
        **without_zeros({"cpus": lists["cpus"]}),
        **first,
        **without_zeros({"mems": lists["mems"]}),
        **values,
    }


def _memory(directory: str) -> dict[str, Any]:
    raw = read_pairs(f"{directory}/memory.stat")
    if raw is None:
        return {name: memory_entry(EMPTY_MEMORY) for name in ("usage", "swap", "kernel", "kernelTCP")}
    entries = {
        name: memory_entry(_memory_values(f"{directory}/memory{part}"))
        for name, part in (("usage", ""), ("swap", ".memsw"), ("kernel", ".kmem"), ("kernelTCP", ".kmem.tcp"))
    }
    return {**without_zeros({"cache": raw.get("cache", 0)}), **entries, "raw": dict(sorted(raw.items()))}


def _memory_values(prefix: str) -> dict[str, int]:
    """Swap and kernel memory may be missing from the kernel, and so may some of their files."""
    usage = read_number(f"{prefix}.usage_in_bytes")
    if usage is None:
        return EMPTY_MEMORY
    return {
        "limit": read_number(f"{prefix}.limit_in_bytes") or 0,
        "usage": usage,
        "max": read_number(f"{prefix}.max_usage_in_bytes") or 0,
        "failcnt": read_number(f"{prefix}.failcnt") or 0,
    }


def _pids(directory: str) -> dict[str, int]:
    limit = read_number(f"{directory}/pids.max") or 0
    current = read_number(f"{directory}/pids.current") or 0
    return without_zeros({"current": current, "limit": 0 if limit == NO_LIMIT else limit})


def _blkio(directory: str) -> dict[str, Any]:
    for family in BLOCK_FAMILIES:
        counters = {key: _block_entries(f"{directory}/{family.format(name)}") for key, name in BLOCK_COUNTERS}
        if counters["ioServicedRecursive"]:
            return without_zeros(counters)
    return {}


def _block_entries(path: str) -> list[dict[str, Any]]:
    """Lines `8:0 Read 1282048`, or without the operation; the sum at the end has no device."""
    entries = []
    for line in (read_text(path) or "").splitlines():
        words = line.split()
        if ":" in words[0]:
            entries.append(block_entry(words[0], words[1] if len(words) == 3 else "", int(words[-1])))
    return entries


def _hugetlb(directory: str) -> dict[str, Any]:
    if not directory:
        return {}
    found = {}
    for size in huge_page_sizes():
        prefix = f"{directory}/hugetlb.{size}"
        if exists(f"{prefix}.rsvd.usage_in_bytes"):
            prefix += ".rsvd"
        usage = read_number(f"{prefix}.usage_in_bytes")
        if usage is not None:
            values = {"usage": usage, "max": read_number(f"{prefix}.max_usage_in_bytes")}
            found[size] = {**without_zeros(values), "failcnt": read_number(f"{prefix}.failcnt") or 0}
    return found

"""Statistics from cgroup v2's files, brought to the names and units of v1; with pressure (PSI) where there is some."""

from __future__ import annotations

from ..files import exists, read_number, read_pairs, read_text
from . import (
    CPUSET_FLAGS,
    EMPTY_MEMORY,
    NANOSECONDS,
    block_entry,
    cpu_usage,
    huge_page_sizes,
    memory_entry,
    throttling,
    without_zeros,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NO_LIMIT = 2**64 - 1
# Counter in io.stat to the JSON's key and operation.
BLOCK_COUNTERS = {
    "rbytes": ("ioServiceBytesRecursive", "Read"),
    "wbytes": ("ioServiceBytesRecursive", "Write"),
    "rios": ("ioServicedRecursive", "Read"),
    "wios": ("ioServicedRecursive", "Write"),
}


def statistics(directory: str) -> dict[str, Any]:
    """The whole structure.

    Args:
        directory: the container's cgroup.
    """
    return {
        "cpu": {**_cpu(directory), **_pressure(directory, "cpu")},
        "cpuset": dict(CPUSET_FLAGS),
        "memory": {**_memory(directory), **_pressure(directory, "memory")},
        "pids": _pids(directory),
        "blkio": {**_io(directory), **_pressure(directory, "io")},
        "hugetlb": _hugetlb(directory),
    }


def _cpu(directory: str) -> dict[str, Any]:
    values = read_pairs(f"{directory}/cpu.stat") or {}
    usage = (values.get(f"{name}_usec", 0) * NANOSECONDS for name in ("usage", "system", "user"))
    return {
        "usage": cpu_usage(*usage),
        "throttling": throttling(
            values.get("nr_periods", 0),
            values.get("nr_throttled", 0),
            values.get("throttled_usec", 0) * NANOSECONDS,
        ),
    }


def _memory(directory: str) -> dict[str, Any]:
    raw = read_pairs(f"{directory}/memory.stat") or {}
    usage, swap = _memory_values(f"{directory}/memory"), _memory_values(f"{directory}/memory.swap")
    if swap["limit"] != NO_LIMIT:
        swap["limit"] += usage["limit"]
    # v1 counts memory and swap together; the sum of two peaks is not a peak.
    swap = {**swap, "limit": min(swap["limit"], NO_LIMIT), "usage": swap["usage"] + usage["usage"], "max": 0}
    entries = {"usage": usage, "swap": swap, "kernel": EMPTY_MEMORY, "kernelTCP": EMPTY_MEMORY}
    memory: dict[str, Any] = without_zeros({"cache": raw.get("file", 0)})
    memory |= {name: memory_entry(values) for name, values in entries.items()}
    return {**memory, **without_zeros({"raw": dict(sorted(raw.items()))})}


def _memory_values(prefix: str) -> dict[str, int]:
    """memory.current and its kin; all 0 if the controller is off, or swap is not counted."""
    usage = read_number(f"{prefix}.current")
    if usage is None:
        return dict(EMPTY_MEMORY)
    return {
        "limit": read_number(f"{prefix}.max") or 0,
        "usage": usage,
        "max": read_number(f"{prefix}.peak") or 0,  # Linux 5.19, for swap 6.5
        "failcnt": 0,
    }


def _pids(directory: str) -> dict[str, int]:
    current = read_number(f"{directory}/pids.current")
    if current is None:
        from ..processes import pids_in

        return without_zeros({"current": len(pids_in(directory))})
    limit = read_number(f"{directory}/pids.max") or 0
    return without_zeros({"current": current, "limit": 0 if limit == NO_LIMIT else limit})


def _io(directory: str) -> dict[str, Any]:
    """io.stat: `8:0 rbytes=1 wbytes=2 rios=3 ...`; its lines may be empty behind the number."""
    found: dict[str, Any] = {}
    for line in (read_text(f"{directory}/io.stat") or "").splitlines():
        numbers, _, rest = line.partition(" ")
        for item in rest.split():
            name, _, value = item.partition("=")
            if name in BLOCK_COUNTERS:
                key, operation = BLOCK_COUNTERS[name]
                found.setdefault(key, []).append(block_entry(numbers, operation, int(value)))
    return {key: found[key] for key in ("ioServiceBytesRecursive", "ioServicedRecursive") if key in found}


def _hugetlb(directory: str) -> dict[str, Any]:
    found = {}
    for size in huge_page_sizes():
        prefix = f"{directory}/hugetlb.{size}"
        current = f"{prefix}.rsvd.current" if exists(f"{prefix}.rsvd.current") else f"{prefix}.current"
        usage = read_number(current)
        if usage is not None:
            events = read_pairs(f"{prefix}.events") or {}
            found[size] = {**without_zeros({"usage": usage}), "failcnt": events.get("max", 0)}
    return found


def _pressure(directory: str, name: str) -> dict[str, Any]:
    """`psi`, or nothing if the kernel does not count it (before 4.20, psi=0, or cgroup.pressure off)."""
    try:
        text = read_text(f"{directory}/{name}.pressure")
    except OSError as error:
        from errno import EOPNOTSUPP

        if error.errno != EOPNOTSUPP:
            raise
        return {}
    if text is None:
        return {}
    lines = {}
    for line in text.splitlines():
        kind, *pairs = line.split()
        values = dict(pair.split("=") for pair in pairs)
        lines[kind] = {
            **{key: float(values[key]) for key in ("avg10", "avg60", "avg300")},
            "total": int(values["total"]),
        }
    return {"psi": lines}

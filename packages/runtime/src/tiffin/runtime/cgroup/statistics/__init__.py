"""What `runc events --stats` has under `data`: one JSON structure for cgroup v1 and v2 (runc, types/events.go).

Counters that are 0 are left out where runc leaves them out (`without_zeros`); callers parse with defaults.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NANOSECONDS = 1000  # in a microsecond
CPUSET_FLAGS = (
    ("cpu_exclusive", 0),
    ("mem_hardwall", 0),
    ("mem_exclusive", 0),
    ("memory_migrate", 0),
    ("memory_spread_page", 0),
    ("memory_spread_slab", 0),
    ("memory_pressure", 0),
    ("sched_load_balance", 0),
    ("sched_relax_domain_level", 0),
)
EMPTY_MEMORY = {"limit": 0, "usage": 0, "max": 0, "failcnt": 0}


def without_zeros(values: Mapping[str, Any]) -> dict[str, Any]:
    """Go's omitempty."""
    return {key: value for key, value in values.items() if value}


def cpu_usage(
    total: int, kernel: int, user: int, *, percpu: Mapping[str, list[int]] | None = None
) -> dict[str, Any]:
    """Nanoseconds; `kernel` and `user` are always there."""
    return {**without_zeros({"total": total, **(percpu or {})}), "kernel": kernel, "user": user}


def throttling(periods: int, throttled: int, nanoseconds: int) -> dict[str, int]:
    """How often, and for how long, the CPU quota stopped the processes."""
    return without_zeros({"periods": periods, "throttledPeriods": throttled, "throttledTime": nanoseconds})


def memory_entry(values: Mapping[str, int]) -> dict[str, int]:
    """`limit` and `failcnt` are always there, `usage` and `max` if not 0."""
    entry = {"limit": values["limit"], **without_zeros({"usage": values["usage"], "max": values["max"]})}
    return {**entry, "failcnt": values["failcnt"]}


def block_entry(numbers: str, operation: str, value: int) -> dict[str, Any]:
    """One device's count; numbers is `major:minor`."""
    major, _, minor = numbers.partition(":")
    return without_zeros({"major": int(major), "minor": int(minor), "op": operation, "value": value})


def empty_statistics() -> dict[str, Any]:
    """What there is to tell of a container without cgroups."""
    return {
        "cpu": {"usage": cpu_usage(0, 0, 0), "throttling": {}},
        "cpuset": dict(CPUSET_FLAGS),
        "memory": {name: memory_entry(EMPTY_MEMORY) for name in ("usage", "swap", "kernel", "kernelTCP")},
        "pids": {},
        "blkio": {},
        "hugetlb": {},
    }


def parse_list(text: str) -> list[int]:
    """`0-2,5` as numbers."""
    numbers: list[int] = []
    for part in text.strip().split(","):
        if part:
            first, _, last = part.partition("-")
            numbers += range(int(first), int(last or first) + 1)
    return numbers


def huge_page_sizes() -> list[str]:
    """The sizes as cgroup files name them: 2MB, 1GB (mm/hugetlb_cgroup.c)."""
    import posix

    try:
        names = posix.listdir("/sys/kernel/mm/hugepages")
    except FileNotFoundError:
        return []
    sizes = []
    for kilobytes in sorted(int(name[len("hugepages-") : -len("kB")]) for name in names):
        if kilobytes >= 1 << 20:
            sizes.append(f"{kilobytes >> 20}GB")
        else:
            sizes.append(f"{kilobytes >> 10}MB" if kilobytes >= 1 << 10 else f"{kilobytes}KB")
    return sizes

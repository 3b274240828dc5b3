"""Reads the metrics of cgroup v2; a missing file counts as empty (Documentation/admin-guide/cgroup-v2.rst)."""

from __future__ import annotations

from tiffin.runtime.cgroup.files import read_number, read_pairs, read_text
from tiffin.runtime.cgroup.statistics import huge_page_sizes

from .pressure import read_pressure
from .rdma import read_rdma
from .values_v2 import (
    CPUStat,
    HugeTlbStat,
    IOEntry,
    IOStat,
    MemoryEvents,
    MemoryStat,
    Metrics,
    PidsStat,
)

MEMORY_FILES = {
    "usage": "current",
    "usage_limit": "max",
    "max_usage": "peak",
    "swap_usage": "swap.current",
    "swap_limit": "swap.max",
    "swap_max_usage": "swap.peak",
}


def read_v2(directory: str) -> Metrics:
    """All metrics of a cgroup."""
    return Metrics(
        pids=PidsStat(_number(f"{directory}/pids.current"), _number(f"{directory}/pids.max")),
        cpu=_cpu(directory),
        memory=_memory(directory),
        rdma=read_rdma(directory),
        io=IOStat(_io(directory), read_pressure(f"{directory}/io.pressure")),
        hugetlb=_hugetlb(directory),
        memory_events=_memory_events(directory),
    )


def _number(path: str) -> int:
    return read_number(path) or 0


def _cpu(directory: str) -> CPUStat:
    values = read_pairs(f"{directory}/cpu.stat") or {}
    numbers = {field: values.get(field, 0) for field in CPUStat._fields if field != "psi"}
    return CPUStat(psi=read_pressure(f"{directory}/cpu.pressure"), **numbers)


def _memory(directory: str) -> MemoryStat:
    """Without the controller (no memory.stat) nothing of it is known."""
    values = read_pairs(f"{directory}/memory.stat")
    if values is None:
        return MemoryStat()
    numbers = {field: _number(f"{directory}/memory.{name}") for field, name in MEMORY_FILES.items()}
    for field in MemoryStat._fields:
        if field not in MEMORY_FILES and field != "psi":
            numbers[field] = values.get(field, 0)
    return MemoryStat(psi=read_pressure(f"{directory}/memory.pressure"), **numbers)


def _memory_events(directory: str) -> MemoryEvents | None:
    values = read_pairs(f"{directory}/memory.events")
    if not values:
        return None
    return MemoryEvents(**{field: values.get(field, 0) for field in MemoryEvents._fields})


def _io(directory: str) -> tuple[IOEntry, ...]:
    """Lines `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`; a device without I/O has no pairs."""
    found = []
    for line in (read_text(f"{directory}/io.stat") or "").splitlines():
        device, *pairs = line.split()
        major, colon, minor = device.partition(":")
        if not colon or not pairs:
            continue
        values = dict(pair.partition("=")[::2] for pair in pairs)
        counters = (int(values.get(name, 0)) for name in ("rbytes", "wbytes", "rios", "wios"))
        found.append(IOEntry(int(major), int(minor), *counters))
    return tuple(found)


def _hugetlb(directory: str) -> tuple[HugeTlbStat, ...]:
    found = []
    for size in huge_page_sizes():
        prefix = f"{directory}/hugetlb.{size}"
        failed = (read_pairs(f"{prefix}.events") or {}).get("max", 0)
        found.append(HugeTlbStat(_number(f"{prefix}.current"), _number(f"{prefix}.max"), size, failed))
    return tuple(found)

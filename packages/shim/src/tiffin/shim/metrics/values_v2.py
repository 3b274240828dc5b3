"""Metrics of cgroup v2. Fields are called as in io.containerd.cgroups.v2; bytes, microseconds, counts.

A limit of 2**64 - 1 is none. A record that is None has no file to be read from.
"""

from __future__ import annotations

from tiffin.runtime.record import Record

from .rdma import RdmaStat


class PSIData(Record):
    """Pressure: share of the time in percent, and all of it in microseconds."""

    avg10: float = 0.0
    avg60: float = 0.0
    avg300: float = 0.0
    total: int = 0


class PSIStats(Record):
    some: PSIData | None = None
    full: PSIData | None = None


class PidsStat(Record):
    current: int = 0
    limit: int = 0


class CPUStat(Record):
    usage_usec: int = 0
    user_usec: int = 0
    system_usec: int = 0
    nr_periods: int = 0
    nr_throttled: int = 0
    throttled_usec: int = 0
    psi: PSIStats | None = None
    nr_bursts: int = 0
    burst_usec: int = 0


class MemoryStat(Record):
    anon: int = 0
    file: int = 0
    kernel_stack: int = 0
    slab: int = 0
    sock: int = 0
    shmem: int = 0
    file_mapped: int = 0
    file_dirty: int = 0
    file_writeback: int = 0
    anon_thp: int = 0
    inactive_anon: int = 0
    active_anon: int = 0
    inactive_file: int = 0
    active_file: int = 0
    unevictable: int = 0
    slab_reclaimable: int = 0
    slab_unreclaimable: int = 0
    pgfault: int = 0
    pgmajfault: int = 0
    workingset_refault: int = 0
    workingset_activate: int = 0
    workingset_nodereclaim: int = 0
    pgrefill: int = 0
    pgscan: int = 0
    pgsteal: int = 0
    pgactivate: int = 0
    pgdeactivate: int = 0
    pglazyfree: int = 0
    pglazyfreed: int = 0
    thp_fault_alloc: int = 0
    thp_collapse_alloc: int = 0
    usage: int = 0
    usage_limit: int = 0
    swap_usage: int = 0
    swap_limit: int = 0
    max_usage: int = 0
    swap_max_usage: int = 0
    psi: PSIStats | None = None
    workingset_refault_anon: int = 0
    workingset_refault_file: int = 0
    workingset_activate_anon: int = 0
    workingset_activate_file: int = 0


class MemoryEvents(Record):
    low: int = 0
    high: int = 0
    max: int = 0
    oom: int = 0
    oom_kill: int = 0
    oom_group_kill: int = 0


class IOEntry(Record):
    major: int
    minor: int
    rbytes: int = 0
    wbytes: int = 0
    rios: int = 0
    wios: int = 0


class IOStat(Record):
    usage: tuple[IOEntry, ...] = ()
    psi: PSIStats | None = None


class HugeTlbStat(Record):
    """Of one size of huge pages. pagesize: as in the names of files, e.g. 2MB."""

    current: int
    max: int
    pagesize: str
    failcnt: int


class Metrics(Record):
    """All of them."""

    pids: PidsStat | None = None
    cpu: CPUStat | None = None
    memory: MemoryStat | None = None
    rdma: RdmaStat | None = None
    io: IOStat | None = None
    hugetlb: tuple[HugeTlbStat, ...] = ()
    memory_events: MemoryEvents | None = None

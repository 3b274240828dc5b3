"""Metrics of cgroup v1. Fields are called as in io.containerd.cgroups.v1; bytes, nanoseconds, counts.

A record that is None has no files to be read from: its controller is not there, or the container has not joined it.
"""

from __future__ import annotations

from tiffin.runtime.record import Record

from .rdma import RdmaStat


class HugetlbStat(Record):
    """Of one size of huge pages. pagesize: as in the names of files, e.g. 2MB."""

    usage: int
    max: int
    failcnt: int
    pagesize: str


class PidsStat(Record):
    """limit: 0 is none."""

    current: int
    limit: int


class CPUUsage(Record):
    total: int = 0
    kernel: int = 0
    user: int = 0
    per_cpu: tuple[int, ...] = ()


class Throttle(Record):
    periods: int = 0
    throttled_periods: int = 0
    throttled_time: int = 0


class CPUStat(Record):
    usage: CPUUsage = CPUUsage()
    throttling: Throttle = Throttle()


class MemoryEntry(Record):
    limit: int = 0
    usage: int = 0
    max: int = 0
    failcnt: int = 0


class MemoryStat(Record):
    """`total_*`: with all cgroups below."""

    cache: int = 0
    rss: int = 0
    rss_huge: int = 0
    mapped_file: int = 0
    dirty: int = 0
    writeback: int = 0
    pg_pg_in: int = 0
    pg_pg_out: int = 0
    pg_fault: int = 0
    pg_maj_fault: int = 0
    inactive_anon: int = 0
    active_anon: int = 0
    inactive_file: int = 0
    active_file: int = 0
    unevictable: int = 0
    hierarchical_memory_limit: int = 0
    hierarchical_swap_limit: int = 0
    total_cache: int = 0
    total_rss: int = 0
    total_rss_huge: int = 0
    total_mapped_file: int = 0
    total_dirty: int = 0
    total_writeback: int = 0
    total_pg_pg_in: int = 0
    total_pg_pg_out: int = 0
    total_pg_fault: int = 0
    total_pg_maj_fault: int = 0
    total_inactive_anon: int = 0
    total_active_anon: int = 0
    total_inactive_file: int = 0
    total_active_file: int = 0
    total_unevictable: int = 0
    usage: MemoryEntry = MemoryEntry()
    swap: MemoryEntry = MemoryEntry()
    kernel: MemoryEntry = MemoryEntry()
    kernel_tcp: MemoryEntry = MemoryEntry()


class MemoryOomControl(Record):
    oom_kill_disable: int = 0
    under_oom: int = 0
    oom_kill: int = 0


class BlkIOEntry(Record):
    """op: Read, Write ..., "" where the file has none. device: path, "" where it is not known."""

    op: str
    device: str
    major: int
    minor: int
    value: int


class BlkIOStat(Record):
    io_service_bytes_recursive: tuple[BlkIOEntry, ...] = ()
    io_serviced_recursive: tuple[BlkIOEntry, ...] = ()
    io_queued_recursive: tuple[BlkIOEntry, ...] = ()
    io_service_time_recursive: tuple[BlkIOEntry, ...] = ()
    io_wait_time_recursive: tuple[BlkIOEntry, ...] = ()
    io_merged_recursive: tuple[BlkIOEntry, ...] = ()
    io_time_recursive: tuple[BlkIOEntry, ...] = ()
    sectors_recursive: tuple[BlkIOEntry, ...] = ()


class Metrics(Record):
    """All of them."""

    hugetlb: tuple[HugetlbStat, ...] = ()
    pids: PidsStat | None = None
    cpu: CPUStat | None = None
    memory: MemoryStat | None = None
    blkio: BlkIOStat | None = None
    rdma: RdmaStat | None = None
    memory_oom_control: MemoryOomControl | None = None

"""What a container uses, from the cgroups of its first process, whichever runtime has made them."""

from __future__ import annotations

import time

from tiffin.cli.containers.port import Sample
from tiffin.cli.failure import CommandFailed
from tiffin.runtime.cgroup.paths import UNIFIED
from tiffin.shim.metrics import values_v1, values_v2
from tiffin.shim.metrics.read_v1 import read_v1
from tiffin.shim.metrics.read_v2 import read_v2
from tiffin.shim.tasks.cgroups import cgroups_of

LEAST_UNLIMITED = 1 << 62  # v1 says 2**63 less a page, v2 2**64 - 1


def sample_of(pid: int) -> Sample:
    """Memory is without the page cache that is not in use, as docker has it. Raises CommandFailed: it has no cgroup."""
    cgroups = cgroups_of(pid)
    if not cgroups:
        raise CommandFailed("this container has no cgroup of its own that could be measured")
    at = time.monotonic_ns()
    if set(cgroups) == {UNIFIED}:
        return _of_v2(read_v2(cgroups[UNIFIED]), at)
    return _of_v1(read_v1(cgroups), at)


def _of_v2(metrics: values_v2.Metrics, at: int) -> Sample:
    memory = metrics.memory or values_v2.MemoryStat()
    used = max(0, memory.usage - memory.inactive_file)
    cpu = metrics.cpu.usage_usec * 1000 if metrics.cpu else 0
    return Sample(at, cpu, used, _limit(memory.usage_limit), metrics.pids.current if metrics.pids else 0)


def _of_v1(metrics: values_v1.Metrics, at: int) -> Sample:
    memory = metrics.memory or values_v1.MemoryStat()
    whole = memory.usage or values_v1.MemoryEntry()
    used = max(0, whole.usage - memory.total_inactive_file)
    cpu = metrics.cpu.usage.total if metrics.cpu and metrics.cpu.usage else 0
    return Sample(at, cpu, used, _limit(whole.limit), metrics.pids.current if metrics.pids else 0)


def _limit(limit: int) -> int:
    return 0 if limit >= LEAST_UNLIMITED else limit

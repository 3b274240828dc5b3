"""cpu: shares or weight, quota and period and burst, realtime, idle.

Sources: Documentation/scheduler/sched-bwc.rst, sched-rt-group.rst; cgroup-v2.rst; runtime-spec, "CPU".
"""

from __future__ import annotations

from ...errors import InvalidArgument
from ...plan.operations import WRITE_OPTIONAL
from ..files import read_number
from . import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ...plan.operation import Operation

SHARES_MIN, SHARES_MAX = 2, 1 << 18  # kernel/sched: MIN_SHARES, MAX_SHARES; beyond them it clamps silently
WEIGHT_MIN, WEIGHT_MAX = 1, 10000
DEFAULT_PERIOD = 100000  # microseconds


def v1(directory: str, cpu: Mapping[str, Any]) -> list[Operation]:
    """The files of cgroup v1.

    Raises:
        InvalidArgument: shares are out of the kernel's range.
    """
    operations = []
    shares = cpu.get("shares") or 0
    if shares:
        check_shares(shares)
        operations.append(setting(directory, "cpu.shares", shares, "cpu.shares"))
    operations += _v1_bandwidth(directory, cpu)
    if cpu.get("idle") is not None:
        operations.append(setting(directory, "cpu.idle", cpu["idle"], "cpu.idle"))
    return operations + v1_realtime(directory, cpu)


def check_shares(shares: int) -> None:
    """Refuses what the kernel would clamp without a word."""
    if shares < SHARES_MIN:
        raise InvalidArgument(f"linux.resources.cpu.shares: the minimum allowed cpu-shares is {SHARES_MIN}")
    if shares > SHARES_MAX:
        raise InvalidArgument(f"linux.resources.cpu.shares: the maximum allowed cpu-shares is {SHARES_MAX}")


def _v1_bandwidth(directory: str, cpu: Mapping[str, Any]) -> list[Operation]:
    """Period, burst and quota, in an order in which each write is valid with what is there already."""
    period, quota, burst = cpu.get("period") or 0, cpu.get("quota") or 0, cpu.get("burst")
    set_period = [setting(directory, "cpu.cfs_period_us", period, "cpu.period")] if period else []
    set_quota = [setting(directory, "cpu.cfs_quota_us", quota, "cpu.quota")] if quota else []
    set_burst = []
    if burst is not None:
        # The file is missing before Linux 5.15.
        set_burst.append(setting(directory, "cpu.cfs_burst_us", burst, "cpu.burst", flags=WRITE_OPTIONAL))
    # quota/period may not exceed the parent's: a shorter period waits for its smaller quota, a longer one goes first.
    if quota and period and period < (read_number(f"{directory}/cpu.cfs_period_us") or 0):
        operations = set_quota + set_period
    else:
        operations = set_period + set_quota
    # burst may not exceed quota: less burst goes first, more burst waits for the quota.
    if burst is not None and burst > (read_number(f"{directory}/cpu.cfs_burst_us") or 0):
        return operations + set_burst
    return set_burst + operations


def v1_realtime(directory: str, cpu: Mapping[str, Any]) -> list[Operation]:
    """Realtime period and runtime; before a process joins, because one with SCHED_RR needs them to."""
    period, runtime = cpu.get("realtimePeriod") or 0, cpu.get("realtimeRuntime") or 0
    operations = []
    if period:
        operations.append(setting(directory, "cpu.rt_period_us", period, "cpu.realtimePeriod"))
    if runtime:
        operations.append(setting(directory, "cpu.rt_runtime_us", runtime, "cpu.realtimeRuntime"))
    if period and runtime and period < (read_number(f"{directory}/cpu.rt_period_us") or 0):
        operations.reverse()  # as with quota and period
    return operations


def v2(directory: str, cpu: Mapping[str, Any]) -> list[Operation]:
    """The files of cgroup v2; it has no realtime."""
    operations = []
    if cpu.get("idle") is not None:
        operations.append(setting(directory, "cpu.idle", cpu["idle"], "cpu.idle"))
    if cpu.get("shares"):
        operations.append(setting(directory, "cpu.weight", weight_from_shares(cpu["shares"]), "cpu.shares"))
    period, quota, burst = cpu.get("period") or 0, cpu.get("quota") or 0, cpu.get("burst")
    set_burst = []
    if burst is not None:
        set_burst.append(setting(directory, "cpu.max.burst", burst, "cpu.burst"))
    if not quota and not period:
        return operations + set_burst
    value = f"{quota if quota > 0 else 'max'} {period or DEFAULT_PERIOD}"
    set_max = [setting(directory, "cpu.max", value, "cpu.quota" if quota else "cpu.period")]
    if burst is not None and burst > (read_number(f"{directory}/cpu.max.burst") or 0):
        return operations + set_max + set_burst
    return operations + set_burst + set_max


def weight_from_shares(shares: int) -> int:
    """cpu.shares of v1 (2 to 262144, default 1024) as cpu.weight of v2 (1 to 10000, default 100).

    The quadratic fit in the logarithm that runc and crun use, so that minimum, default and maximum match.
    """
    if shares <= SHARES_MIN:
        return WEIGHT_MIN
    if shares >= SHARES_MAX:
        return WEIGHT_MAX
    from math import ceil, log2

    logarithm = log2(shares)
    return ceil(10 ** ((logarithm * logarithm + 125 * logarithm) / 612.0 - 7.0 / 34.0))

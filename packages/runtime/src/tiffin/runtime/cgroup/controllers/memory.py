"""memory: limit, reservation, memory and swap together, swappiness, the OOM killer.

Kernel memory limits (`kernel`, `kernelTCP`) are ignored, as runc does: the kernel has dropped them.
Sources: Documentation/admin-guide/cgroup-v1/memory.rst, cgroup-v2.rst; runtime-spec, config-linux.md, "Memory".
"""

from __future__ import annotations

from ...errors import FailedPrecondition, InvalidArgument
from ...plan.operations import WRITE_OPTIONAL
from ..files import exists, nearest_existing, read_number
from . import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ...plan.operation import Operation

UNLIMITED = -1
UNSET_SWAPPINESS = (-1, 2**64 - 1)  # how "leave it alone" looks as a signed and as an unsigned number
# Below the kernel's real maximum (LONG_MAX rounded down to pages), which a new cgroup starts with.
V1_NO_LIMIT = 1 << 62


def v1(directory: str, memory: Mapping[str, Any]) -> list[Operation]:
    """The files of cgroup v1.

    Raises:
        InvalidArgument: swappiness is not in 0 to 100.
    """
    operations = _v1_limits(directory, memory.get("limit") or 0, memory.get("swap") or 0)
    if memory.get("reservation"):
        value = memory["reservation"]
        operations.append(setting(directory, "memory.soft_limit_in_bytes", value, "memory.reservation"))
    if memory.get("disableOOMKiller"):
        operations.append(setting(directory, "memory.oom_control", 1, "memory.disableOOMKiller"))
    swappiness = memory.get("swappiness")
    if swappiness is not None and swappiness not in UNSET_SWAPPINESS:
        if not 0 <= swappiness <= 100:
            raise InvalidArgument(
                "linux.resources.memory.swappiness: "
                f"invalid memory swappiness value: {swappiness} (valid range is 0-100)"
            )
        operations.append(setting(directory, "memory.swappiness", swappiness, "memory.swappiness"))
    return operations


def _v1_limits(directory: str, limit: int, swap: int) -> list[Operation]:
    """Limit, and limit with swap, in an order that the kernel accepts: at no time may the first be above the second."""
    if (
        limit == UNLIMITED
        and not swap
        and exists(f"{nearest_existing(directory)}/memory.memsw.limit_in_bytes")
    ):
        swap = UNLIMITED
    set_limit = [setting(directory, "memory.limit_in_bytes", limit, "memory.limit")] if limit else []
    set_swap = [setting(directory, "memory.memsw.limit_in_bytes", swap, "memory.swap")] if swap else []
    if limit and swap:
        current = read_number(f"{directory}/memory.limit_in_bytes")
        if swap == UNLIMITED or (V1_NO_LIMIT if current is None else current) < swap:
            return set_swap + set_limit
    return set_limit + set_swap


def v2(directory: str, memory: Mapping[str, Any]) -> list[Operation]:
    """The files of cgroup v2, where swap counts without memory.

    Raises:
        InvalidArgument: swap is below the limit, or set without one.
        FailedPrecondition: checkBeforeUpdate is set, and the limit is not above the current usage.
    """
    limit, swap = memory.get("limit") or 0, memory.get("swap") or 0
    if memory.get("checkBeforeUpdate"):
        check_usage(directory, limit, swap)
    operations = []
    swap_max = swap_only(limit, swap)
    if swap_max or (swap > 0 and limit):
        # Without swap accounting the file is missing; that is as good as no swap, and as no limit.
        flags = WRITE_OPTIONAL if swap_max in (UNLIMITED, 0) else 0
        operations.append(setting(directory, "memory.swap.max", _text(swap_max), "memory.swap", flags=flags))
    if limit:
        operations.append(setting(directory, "memory.max", _text(limit), "memory.limit"))
    if memory.get("reservation"):
        operations.append(
            setting(directory, "memory.low", _text(memory["reservation"]), "memory.reservation")
        )
    return operations


def swap_only(limit: int, swap: int) -> int:
    """The config's memory with swap, converted to swap alone; 0 is unset, -1 unlimited.

    Raises:
        InvalidArgument: they contradict each other.
    """
    if limit == UNLIMITED and swap == 0:
        return UNLIMITED  # as on cgroup v1: unlimited memory means unlimited swap
    if swap in (UNLIMITED, 0) or limit == UNLIMITED:
        return swap
    where = "linux.resources.memory.swap"
    if limit == 0:
        raise InvalidArgument(f"{where}: unable to set swap limit without memory limit")
    if limit < 0:
        raise InvalidArgument(f"linux.resources.memory.limit: invalid memory value: {limit}")
    if swap < limit:
        raise InvalidArgument(f"{where}: memory+swap limit should be >= memory limit")
    return swap - limit


def check_usage(directory: str, limit: int, swap: int) -> None:
    """Refuses limits that would kill processes at once; without memory.current nothing is checked."""
    usage = read_number(f"{directory}/memory.current")
    if usage is None:
        return
    if 0 < swap <= usage:
        raise FailedPrecondition(f"rejecting memory+swap limit {swap} <= usage {usage}")
    if 0 < limit <= usage:
        raise FailedPrecondition(f"rejecting memory limit {limit} <= usage {usage}")


def _text(value: int) -> str:
    return "max" if value == UNLIMITED else str(value)

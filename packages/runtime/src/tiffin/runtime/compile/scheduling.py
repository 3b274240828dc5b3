"""process.scheduler, ioPriority, execCPUAffinity, linux.personality and linux.memoryPolicy.

Imported only where one of them is set.
"""

from __future__ import annotations

from ..errors import InvalidArgument
from ..plan.operations import (
    STEP_INIT,
    set_cpu_affinity,
    set_io_priority,
    set_memory_policy,
    set_personality,
    set_scheduler,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import IOPriorityTree, LinuxTree, ProcessTree, SchedulerTree

    from ..plan.operation import Operation

POLICIES = {  # linux/sched.h
    "SCHED_OTHER": 0, "SCHED_FIFO": 1, "SCHED_RR": 2, "SCHED_BATCH": 3, "SCHED_ISO": 4, "SCHED_IDLE": 5,
    "SCHED_DEADLINE": 6,
}  # fmt: skip
POLICY_FLAGS = {
    "SCHED_FLAG_RESET_ON_FORK": 0x01, "SCHED_FLAG_RECLAIM": 0x02, "SCHED_FLAG_DL_OVERRUN": 0x04,
    "SCHED_FLAG_KEEP_POLICY": 0x08, "SCHED_FLAG_KEEP_PARAMS": 0x10, "SCHED_FLAG_UTIL_CLAMP_MIN": 0x20,
    "SCHED_FLAG_UTIL_CLAMP_MAX": 0x40,
}  # fmt: skip
IO_CLASSES = {"IOPRIO_CLASS_RT": 1, "IOPRIO_CLASS_BE": 2, "IOPRIO_CLASS_IDLE": 3}  # linux/ioprio.h
IO_CLASS_SHIFT = 13
NUMBER_MAXIMUM = 1023  # CPU_SETSIZE and NODES_MAXIMUM of core/scheduling.c, less one
PERSONALITIES = {"LINUX": 0x0000, "LINUX32": 0x0008}  # sys/personality.h
MEMORY_MODES = {  # linux/mempolicy.h
    "MPOL_DEFAULT": 0, "MPOL_PREFERRED": 1, "MPOL_BIND": 2, "MPOL_INTERLEAVE": 3, "MPOL_LOCAL": 4,
    "MPOL_PREFERRED_MANY": 5, "MPOL_WEIGHTED_INTERLEAVE": 6,
}  # fmt: skip
MEMORY_FLAGS = {
    "MPOL_F_STATIC_NODES": 1 << 15,
    "MPOL_F_RELATIVE_NODES": 1 << 14,
    "MPOL_F_NUMA_BALANCING": 1 << 13,
}


def scheduling_operations(process: ProcessTree, linux: LinuxTree, prefix: str) -> list[Operation]:
    """What of these sections the config has, for init while it still has its privileges."""
    operations = []
    if scheduler := process.get("scheduler"):
        operations.append(_scheduler(scheduler, f"{prefix}scheduler"))
    if priority := process.get("ioPriority"):
        operations.append(_io_priority(priority, f"{prefix}ioPriority"))
    if personality := linux.get("personality"):
        persona = PERSONALITIES[personality["domain"]]
        operations.append(set_personality(STEP_INIT, "linux.personality", persona))
    if policy := linux.get("memoryPolicy"):
        mode = MEMORY_MODES[policy["mode"]] | sum(MEMORY_FLAGS[flag] for flag in policy.get("flags", ()))
        nodes = number_list(policy.get("nodes", ""), "linux.memoryPolicy.nodes")
        operations.append(set_memory_policy(STEP_INIT, "linux.memoryPolicy", mode, nodes))
    return operations


def affinity_operation(process: ProcessTree, which: str, step: int, prefix: str) -> list[Operation]:
    """One half of process.execCPUAffinity.

    Args:
        which: `initial`, before the cgroups are joined, or `final`, afterwards.
    """
    where = f"{prefix}execCPUAffinity.{which}"
    text = str(process.get("execCPUAffinity", {}).get(which, ""))
    return [set_cpu_affinity(step, where, number_list(text, where))] if text else []


def number_list(text: str, where: str) -> list[int]:
    """The numbers of a list such as `0-3,7` or `0-15:1/4` (cpuset(7), "List format"); a blank text has none.

    Raises:
        InvalidArgument: it is no such list, or a number is larger than any processor's or node's.
    """
    numbers: list[int] = []
    for part in text.split(",") if text.strip() else ():
        span, colon, stride = part.strip().partition(":")
        first, dash, last = span.partition("-")
        used, _, group = stride.partition("/")
        try:
            begin, end = int(first), int(last if dash else first)
            kept, size = (int(used), int(group)) if colon else (1, 1)
        except ValueError as error:
            raise InvalidArgument(f"{where}: {text!r} is no list such as 0-3,7") from error
        if not (0 <= begin <= end <= NUMBER_MAXIMUM and 0 < kept <= size):
            raise InvalidArgument(f"{where}: {span} is no span of numbers up to {NUMBER_MAXIMUM}")
        numbers += [number for number in range(begin, end + 1) if (number - begin) % size < kept]
    return numbers


def _scheduler(scheduler: SchedulerTree, where: str) -> Operation:
    flags = sum(POLICY_FLAGS[flag] for flag in scheduler.get("flags", ()))
    return set_scheduler(
        STEP_INIT, where, POLICIES[scheduler["policy"]], flags, scheduler.get("nice", 0), scheduler.get("priority", 0),
        scheduler.get("runtime", 0), scheduler.get("deadline", 0), scheduler.get("period", 0),
    )  # fmt: skip


def _io_priority(priority: IOPriorityTree, where: str) -> Operation:
    value = IO_CLASSES[priority["class"]] << IO_CLASS_SHIFT | priority.get("priority", 0)
    return set_io_priority(STEP_INIT, where, value)

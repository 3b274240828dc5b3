"""Limits: `linux.resources` and `process.rlimits`."""

from __future__ import annotations

import os

from tiffin.cli.parse import UsageError
from tiffin.cli.run.units import UNLIMITED, decimal, integer, pair, size, size_or_unlimited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.config.context import Context
    from tiffin.spec.runtime.tree import ConfigTree, CPUTree, MemoryTree, ResourcesTree, RlimitTree

CPU_PERIOD = 100_000  # microseconds, as Docker's --cpus has it
CGROUP_FLAGS = (
    "memory", "memory-swap", "memory-reservation", "cpus", "cpu-shares", "cpuset-cpus", "cpuset-mems", "pids-limit",
)  # fmt: skip
RLIMITS = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack",
)  # fmt: skip
UNLIMITED_RLIMIT = 2**64 - 1


def apply_resources(config: ConfigTree, arguments: Arguments, context: Context) -> None:
    """Sets what the flags limit.

    Raises:
        UsageError: for a value that makes no sense, or a limit that cannot be had without a cgroup.
    """
    wanted = [flag for flag in CGROUP_FLAGS if arguments.given(flag)]
    if wanted and context.cgroup_version == 0:
        raise UsageError(
            f"--{wanted[0]} needs a cgroup, and this user may not make one: run as root, or in a session whose "
            "cgroup v2 was delegated (systemd-run --user --scope -p Delegate=yes tiffin run ...)"
        )
    resources: ResourcesTree = config["linux"].setdefault("resources", {})
    if memory := _memory(arguments):
        resources["memory"] = memory
    if cpu := _cpu(arguments):
        resources["cpu"] = cpu
    if arguments.given("pids-limit"):
        limit = integer("pids-limit", arguments.text("pids-limit"))
        resources["pids"] = {"limit": limit if limit > 0 else UNLIMITED}
    if arguments.given("oom-score-adj"):
        config["process"]["oomScoreAdj"] = integer("oom-score-adj", arguments.text("oom-score-adj"))
    config["process"]["rlimits"] = _rlimits(arguments)


def _memory(arguments: Arguments) -> MemoryTree:
    memory: MemoryTree = {}
    limit = 0
    if arguments.given("memory"):
        limit = size_or_unlimited("memory", arguments.text("memory"))
        memory["limit"] = limit
    if arguments.given("memory-reservation"):
        memory["reservation"] = size("memory-reservation", arguments.text("memory-reservation"))
        if 0 < limit < memory["reservation"]:
            raise UsageError("--memory-reservation must not be more than --memory")
    if arguments.given("memory-swap"):
        swap = size_or_unlimited("memory-swap", arguments.text("memory-swap"))
        if not limit:
            raise UsageError("--memory-swap is the limit of memory and swap together: give --memory too")
        if swap != UNLIMITED and swap < limit:
            raise UsageError(f"--memory-swap ({swap} bytes) must be at least --memory ({limit} bytes)")
        memory["swap"] = swap
    elif limit > 0 and _swap_is_counted():
        memory["swap"] = 2 * limit
    return memory


def _swap_is_counted() -> bool:
    """Whether this kernel can limit swap; Docker too leaves out the default limit where it cannot."""
    if os.path.exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"):
        return True
    return os.path.exists("/sys/fs/cgroup/cgroup.controllers") and os.path.exists("/proc/swaps")


def _cpu(arguments: Arguments) -> CPUTree:
    cpu: CPUTree = {}
    if cpus := decimal("cpus", arguments.text("cpus", "0")):  # 0: no limit, as with Docker
        available = os.cpu_count() or 1
        if not 0.01 <= cpus <= available:
            raise UsageError(f"--cpus: {cpus:g} is out of range; this machine has 0.01 to {available}")
        cpu["period"] = CPU_PERIOD
        cpu["quota"] = round(cpus * CPU_PERIOD)
    if arguments.given("cpu-shares"):
        cpu["shares"] = integer("cpu-shares", arguments.text("cpu-shares"))
    if arguments.given("cpuset-cpus"):
        cpu["cpus"] = arguments.text("cpuset-cpus")
    if arguments.given("cpuset-mems"):
        cpu["mems"] = arguments.text("cpuset-mems")
    return cpu


def _rlimits(arguments: Arguments) -> list[RlimitTree]:
    """The limits that were asked for; the others are inherited from the caller, as with Docker."""
    limits: dict[str, RlimitTree] = {}
    for text in arguments.texts("ulimit"):
        name, value = pair("ulimit", text)
        if name not in RLIMITS:
            raise UsageError(f"--ulimit: there is no limit {name!r}; there are: {', '.join(RLIMITS)}")
        soft, colon, hard = value.partition(":")
        low = _rlimit(soft)
        high = _rlimit(hard) if colon else low
        if low > high:
            raise UsageError(f"--ulimit: the soft limit of {text!r} is above the hard one")
        limits[name] = {"type": f"RLIMIT_{name.upper()}", "soft": low, "hard": high}
    return list(limits.values())


def _rlimit(text: str) -> int:
    value = integer("ulimit", text)
    return UNLIMITED_RLIMIT if value == UNLIMITED else value

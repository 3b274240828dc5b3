"""runtime-spec 1.3, `process`: the program, who runs it, and with which privileges and limits."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec

from tiffin.spec.model import REQUIRED, Int, Int32, Model, Uint, Uint32, Uint64

SchedulerPolicy = Literal[
    "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE"
]
SchedulerFlag = Literal[
    "SCHED_FLAG_RESET_ON_FORK",
    "SCHED_FLAG_RECLAIM",
    "SCHED_FLAG_DL_OVERRUN",
    "SCHED_FLAG_KEEP_POLICY",
    "SCHED_FLAG_KEEP_PARAMS",
    "SCHED_FLAG_UTIL_CLAMP_MIN",
    "SCHED_FLAG_UTIL_CLAMP_MAX",
]
IOPriorityClass = Literal["IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"]
RlimitType = Literal[
    "RLIMIT_AS",
    "RLIMIT_CORE",
    "RLIMIT_CPU",
    "RLIMIT_DATA",
    "RLIMIT_FSIZE",
    "RLIMIT_LOCKS",
    "RLIMIT_MEMLOCK",
    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",
    "RLIMIT_NOFILE",
    "RLIMIT_NPROC",
    "RLIMIT_RSS",
    "RLIMIT_RTPRIO",
    "RLIMIT_RTTIME",
    "RLIMIT_SIGPENDING",
    "RLIMIT_STACK",
]


class Box(Model, kw_only=True):
    """The size of a console, in characters."""

    SECTION: ClassVar[str] = "config.md: Process"
    height: Annotated[Uint, REQUIRED] = 0
    width: Annotated[Uint, REQUIRED] = 0


class User(Model, kw_only=True):
    """Numeric ids in the container's user namespace."""

    SECTION: ClassVar[str] = "config.md: POSIX-platform User"
    uid: Annotated[Uint32, REQUIRED] = 0
    gid: Annotated[Uint32, REQUIRED] = 0
    umask: Uint32 | None = None
    additionalGids: list[Uint32] | None = None
    username: str | None = None


class Capabilities(Model, kw_only=True):
    """The five sets of capabilities(7), as names such as CAP_CHOWN."""

    SECTION: ClassVar[str] = "config.md: Linux Process"
    bounding: list[str] | None = None
    effective: list[str] | None = None
    inheritable: list[str] | None = None
    permitted: list[str] | None = None
    ambient: list[str] | None = None


class Rlimit(Model, kw_only=True):
    """One resource limit of getrlimit(2)."""

    SECTION: ClassVar[str] = "config.md: POSIX process"
    type: RlimitType
    hard: Annotated[Uint64, REQUIRED] = 0
    soft: Annotated[Uint64, REQUIRED] = 0


class Scheduler(Model, kw_only=True):
    """The attributes of sched_setattr(2); runtime, deadline and period are in nanoseconds."""

    SECTION: ClassVar[str] = "config.md: Linux Process"
    policy: SchedulerPolicy
    nice: Int32 | None = None
    priority: Int32 | None = None
    flags: list[SchedulerFlag] | None = None
    runtime: Uint64 | None = None
    deadline: Uint64 | None = None
    period: Uint64 | None = None


class IOPriority(Model, kw_only=True):
    """The class and level of ioprio_set(2); 0 is the highest level, 7 the lowest."""

    SECTION: ClassVar[str] = "config.md: Linux Process"
    class_: IOPriorityClass = msgspec.field(name="class")
    priority: Annotated[Int, REQUIRED] = 0


class CPUAffinity(Model, kw_only=True):
    """Lists of CPUs such as 0-3,7 for a process that joins the container."""

    SECTION: ClassVar[str] = "config.md: Linux Process"
    initial: str | None = None
    final: str | None = None


class Process(Model, kw_only=True):
    """The container process, and also what `exec --process` reads."""

    SECTION: ClassVar[str] = "config.md: Process"
    terminal: bool | None = None
    consoleSize: Box | None = None
    user: Annotated[User, REQUIRED] = msgspec.field(default_factory=User)
    args: list[str] | None = None
    commandLine: str | None = None
    env: list[str] | None = None
    cwd: str
    capabilities: Capabilities | None = None
    rlimits: list[Rlimit] | None = None
    noNewPrivileges: bool | None = None
    apparmorProfile: str | None = None
    oomScoreAdj: Int | None = None
    scheduler: Scheduler | None = None
    selinuxLabel: str | None = None
    ioPriority: IOPriority | None = None
    execCPUAffinity: CPUAffinity | None = None

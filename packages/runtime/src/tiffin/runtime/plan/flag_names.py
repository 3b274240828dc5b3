"""The kernel's names of the numbers in a plan, for a person: flags, limits, policies. Only for errors and --dry-run."""

from __future__ import annotations

from tiffin.spec.runtime.capabilities import NAMES as CAPABILITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Table = Sequence[tuple[int, str]]

# <linux/mount.h>, mount(2)
MOUNT = (
    (1 << 0, "MS_RDONLY"), (1 << 1, "MS_NOSUID"), (1 << 2, "MS_NODEV"), (1 << 3, "MS_NOEXEC"),
    (1 << 4, "MS_SYNCHRONOUS"), (1 << 5, "MS_REMOUNT"), (1 << 6, "MS_MANDLOCK"), (1 << 7, "MS_DIRSYNC"),
    (1 << 8, "MS_NOSYMFOLLOW"), (1 << 10, "MS_NOATIME"), (1 << 11, "MS_NODIRATIME"), (1 << 12, "MS_BIND"),
    (1 << 13, "MS_MOVE"), (1 << 14, "MS_REC"), (1 << 15, "MS_SILENT"), (1 << 16, "MS_POSIXACL"),
    (1 << 17, "MS_UNBINDABLE"), (1 << 18, "MS_PRIVATE"), (1 << 19, "MS_SLAVE"), (1 << 20, "MS_SHARED"),
    (1 << 21, "MS_RELATIME"), (1 << 23, "MS_I_VERSION"), (1 << 24, "MS_STRICTATIME"), (1 << 25, "MS_LAZYTIME"),
)  # fmt: skip
# <linux/mount.h>, mount_setattr(2); MOUNT_ATTR__ATIME is a mask of three bits, and stands before its parts
ATTRIBUTES = (
    (0x01, "MOUNT_ATTR_RDONLY"), (0x02, "MOUNT_ATTR_NOSUID"), (0x04, "MOUNT_ATTR_NODEV"), (0x08, "MOUNT_ATTR_NOEXEC"),
    (0x70, "MOUNT_ATTR__ATIME"), (0x10, "MOUNT_ATTR_NOATIME"), (0x20, "MOUNT_ATTR_STRICTATIME"),
    (0x80, "MOUNT_ATTR_NODIRATIME"), (0x100000, "MOUNT_ATTR_IDMAP"), (0x200000, "MOUNT_ATTR_NOSYMFOLLOW"),
)  # fmt: skip
# <linux/sched.h>
CLONE = (
    (0x80, "CLONE_NEWTIME"), (0x20000, "CLONE_NEWNS"), (0x2000000, "CLONE_NEWCGROUP"), (0x4000000, "CLONE_NEWUTS"),
    (0x8000000, "CLONE_NEWIPC"), (0x10000000, "CLONE_NEWUSER"), (0x20000000, "CLONE_NEWPID"),
    (0x40000000, "CLONE_NEWNET"),
)  # fmt: skip
# <linux/seccomp.h>
SECCOMP = (
    (1, "SECCOMP_FILTER_FLAG_TSYNC"), (2, "SECCOMP_FILTER_FLAG_LOG"), (4, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"),
    (8, "SECCOMP_FILTER_FLAG_NEW_LISTENER"), (16, "SECCOMP_FILTER_FLAG_TSYNC_ESRCH"),
    (32, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
)  # fmt: skip
# <linux/sched.h>, sched_setattr(2)
SCHEDULER = (
    (0x01, "SCHED_FLAG_RESET_ON_FORK"), (0x02, "SCHED_FLAG_RECLAIM"), (0x04, "SCHED_FLAG_DL_OVERRUN"),
    (0x08, "SCHED_FLAG_KEEP_POLICY"), (0x10, "SCHED_FLAG_KEEP_PARAMS"), (0x20, "SCHED_FLAG_UTIL_CLAMP_MIN"),
    (0x40, "SCHED_FLAG_UTIL_CLAMP_MAX"),
)  # fmt: skip
# <linux/mempolicy.h>
MEMORY_POLICY = (
    (1 << 13, "MPOL_F_NUMA_BALANCING"),
    (1 << 14, "MPOL_F_RELATIVE_NODES"),
    (1 << 15, "MPOL_F_STATIC_NODES"),
)
# <linux/personality.h>
DOMAINS = {0: "PER_LINUX", 8: "PER_LINUX32"}
POLICIES = {0: "SCHED_OTHER", 1: "SCHED_FIFO", 2: "SCHED_RR", 3: "SCHED_BATCH", 4: "SCHED_ISO", 5: "SCHED_IDLE",
            6: "SCHED_DEADLINE"}  # fmt: skip
MEMORY_MODES = {0: "MPOL_DEFAULT", 1: "MPOL_PREFERRED", 2: "MPOL_BIND", 3: "MPOL_INTERLEAVE", 4: "MPOL_LOCAL",
                5: "MPOL_PREFERRED_MANY", 6: "MPOL_WEIGHTED_INTERLEAVE"}  # fmt: skip
IO_CLASSES = {0: "IOPRIO_CLASS_NONE", 1: "IOPRIO_CLASS_RT", 2: "IOPRIO_CLASS_BE", 3: "IOPRIO_CLASS_IDLE"}
IO_CLASS_SHIFT = 13
RLIMITS = dict(enumerate(
    ("RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC",
     "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE",
     "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME"))
)  # fmt: skip
NODE_TYPES = {0o020000: "character device", 0o060000: "block device", 0o010000: "FIFO", 0o100000: "file"}
MODE_BITS = 0o7777


def flags(bits: int, table: Table) -> str:
    """`NAME|NAME`; what the table does not name follows as a number; "" for none."""
    names = []
    for bit, name in table:
        if bits & bit == bit:
            names.append(name)
            bits &= ~bit
    if bits:
        names.append(hex(bits))
    return "|".join(names)


def capabilities(mask: int) -> str:
    """`CAP_NAME,CAP_NAME`, `all` of those that we know, or `none`."""
    known = (1 << len(CAPABILITIES)) - 1
    if mask & known == known:
        return "all"
    return ",".join(name for number, name in enumerate(CAPABILITIES) if mask >> number & 1) or "none"


def limit(value: int) -> str:
    """A resource limit; the kernel's RLIM_INFINITY is -1 in a plan."""
    return "unlimited" if value == -1 else str(value & ((1 << 64) - 1))


def persona(value: int) -> str:
    """personality(2)."""
    return DOMAINS.get(value, hex(value))


def memory_mode(value: int) -> str:
    """set_mempolicy(2): the mode, then its flags."""
    known = sum(bit for bit, _ in MEMORY_POLICY)
    mode = MEMORY_MODES.get(value & ~known, hex(value & ~known))
    names = flags(value & known, MEMORY_POLICY)
    return f"{mode}|{names}" if names else mode


def io_priority(value: int) -> str:
    """ioprio_set(2): the class, and the level within it."""
    kind = value >> IO_CLASS_SHIFT
    return f"{IO_CLASSES.get(kind, kind)}, level {value & ((1 << IO_CLASS_SHIFT) - 1)}"


def node_type(mode: int) -> str:
    """What mknod(2) makes."""
    return NODE_TYPES.get(mode & ~MODE_BITS, "file")


def ranges(numbers: Sequence[int]) -> str:
    """`0-3,8`, in the order given."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)

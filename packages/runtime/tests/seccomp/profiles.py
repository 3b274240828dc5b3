"""Profiles that both runc and we must understand in the same way, and the system calls that tell them apart."""

from __future__ import annotations

from typing import Any

Profile = dict[str, Any]
Call = tuple[str, str, tuple[int, ...]]  # abi, name of the system call or its number, arguments

BIG = (1 << 64) - 1
CALLS: tuple[Call, ...] = (
    ("native", "getpid", ()),
    ("native", "getppid", ()),
    ("native", "getuid", ()),
    ("native", "personality", (0xFFFFFFFF,)),
    ("native", "personality", (0x0008,)),
    ("native", "fcntl", (4000, 0)),
    ("native", "fcntl", (4001, 1)),
    ("native", "fcntl", (4001, 2, 3)),
    ("native", "ioctl", (4000, 0x5412)),
    ("native", "ioctl", (4000, 0x5413)),
    ("native", "ioctl", (4000, 0x1_0000_5412)),
    ("native", "dup2", (4000, 4000)),
    ("native", "lseek", (4000, 0, 0)),
    ("native", "lseek", (4000, 1 << 33, 0)),
    ("native", "lseek", (4000, (1 << 33) + 5, 1)),
    ("native", "lseek", (4000, BIG, 2)),
    ("native", "fchmod", (4000, 0o4755)),
    ("native", "fchmod", (4000, 0o755)),
    ("native", "fchown", (4000, 1, 2)),
    ("native", "kcmp", (BIG, BIG, 99)),
    ("native", "mseal", (1, 1, 1)),
    ("native", "1000", ()),
    ("native", "4096", ()),
    ("native", str((1 << 30) + 39), ()),
    ("native", str((1 << 30) + 5000), ()),
    ("i386", "getpid", ()),
    ("i386", "getppid", ()),
    ("i386", "fchmod", (4000, 0o755)),
    ("i386", "2000", ()),
)

# What the probe itself, and runc's init after it has installed the filter, cannot do without.
BASE = """
read write writev open openat openat2 close close_range fstat newfstatat lstat stat statx statfs
fstatfs lseek mmap munmap mprotect madvise brk mremap rt_sigaction rt_sigprocmask rt_sigreturn
sigaltstack sched_yield sched_getaffinity getpid gettid clone clone3 fork vfork execve execveat exit
exit_group wait4 waitid futex set_robust_list rseq set_tid_address arch_prctl prctl prlimit64
getrlimit pipe pipe2 epoll_create1 epoll_ctl epoll_pwait nanosleep getdents64 readlinkat readlink
uname tgkill tkill kill setsid setresuid setresgid setuid setgid setgroups capget capset chdir
fchdir dup dup3 fcntl getcwd umask getrandom clock_gettime eventfd2 fadvise64 access faccessat
faccessat2 socket sendmsg recvmsg ppoll poll geteuid getegid getgid seccomp name_to_handle_at fchown
fchownat restart_syscall set_thread_area
"""


def rule(
    names: str, action: str, *conditions: tuple[int, str, int, int], errno: int | None = None
) -> Profile:
    entry: Profile = {"names": names.split(), "action": f"SCMP_ACT_{action}"}
    if errno is not None:
        entry["errnoRet"] = errno
    if conditions:
        keys = ("index", "op", "value", "valueTwo")
        entry["args"] = [
            dict(zip(keys, (i, f"SCMP_CMP_{op}", a, b), strict=True)) for i, op, a, b in conditions
        ]
    return entry


def profile(
    default: str, *entries: Profile, errno: int | None = None, architectures: str = "", **more: Any
) -> Profile:
    tree: Profile = {"defaultAction": f"SCMP_ACT_{default}", "syscalls": list(entries), **more}
    if errno is not None:
        tree["defaultErrnoRet"] = errno
    if architectures:
        tree["architectures"] = [f"SCMP_ARCH_{name}" for name in architectures.split()]
    return tree


def strict(default: str, *entries: Profile, **more: Any) -> Profile:
    """A profile that allows what is needed to run at all."""
    return profile(default, rule(BASE, "ALLOW"), *entries, **{"architectures": "X86_64", **more})


PROFILES: dict[str, Profile] = {
    "errno": profile("ALLOW", rule("getppid", "ERRNO")),
    "errno-given": profile("ALLOW", rule("getppid", "ERRNO", errno=95), rule("getuid", "ERRNO", errno=0)),
    "errno-largest": profile("ALLOW", rule("getppid", "ERRNO", errno=4094)),
    "kill": profile("ALLOW", rule("getppid", "KILL")),
    "kill-thread": profile("ALLOW", rule("getppid", "KILL_THREAD")),
    "kill-process": profile("ALLOW", rule("getppid", "KILL_PROCESS")),
    "trap": profile("ALLOW", rule("getppid", "TRAP")),
    "trace": profile("ALLOW", rule("getppid", "TRACE"), rule("getuid", "TRACE", errno=7)),
    "log": profile("ALLOW", rule("getppid", "LOG")),
    "no-flags": profile("ALLOW", rule("getppid", "ERRNO"), flags=[]),
    "default-log": profile("LOG", rule("getppid", "ERRNO")),
    "default-trace": strict("TRACE", rule("getppid", "ERRNO", errno=3)),
    "default-errno": strict("ERRNO"),
    "default-errno-given": strict("ERRNO", errno=13),
    "default-errno-enosys": strict("ERRNO", errno=38),
    "default-kill": strict("KILL"),
    "default-kill-process": strict("KILL_PROCESS"),
    "default-trap": strict("TRAP"),
    "newest-is-refused": strict("ERRNO", rule("faccessat2", "ERRNO", errno=99)),
    "unknown-syscall": strict("ERRNO", rule("no_such_call_at_all getuid", "ALLOW")),
    "redundant-rules": profile("ALLOW", rule("getppid getuid", "ALLOW"), rule("getuid", "ERRNO")),
    "duplicate-rules": profile("ALLOW", rule("getppid getppid", "ERRNO"), rule("getppid", "ERRNO")),
    "two-actions": profile("ALLOW", rule("getppid", "ERRNO", errno=5), rule("getppid", "ERRNO", errno=6)),
    "equal": profile("ALLOW", rule("fcntl", "ERRNO", (0, "EQ", 4001, 0))),
    "not-equal": profile("ALLOW", rule("fchmod", "ERRNO", (1, "NE", 0o755, 0))),
    "less": profile("ALLOW", rule("fchmod", "ERRNO", (1, "LT", 0o4755, 0))),
    "less-or-equal": profile("ALLOW", rule("lseek", "ERRNO", (1, "LE", 1 << 33, 0))),
    "greater": profile("ALLOW", rule("lseek", "ERRNO", (1, "GT", 1 << 33, 0))),
    "greater-or-equal": profile("ALLOW", rule("lseek", "ERRNO", (1, "GE", 1 << 33, 0))),
    "largest": profile("ALLOW", rule("lseek", "ERRNO", (1, "EQ", BIG, 0))),
    "masked": profile("ALLOW", rule("fchmod", "ERRNO", (1, "MASKED_EQ", 0o7000, 0o4000))),
    "masked-high-word": profile("ALLOW", rule("ioctl", "ERRNO", (1, "MASKED_EQ", 0xFFFFFFFF, 0x5412))),
    "and": profile("ALLOW", rule("fcntl", "ERRNO", (0, "EQ", 4001, 0), (1, "EQ", 2, 0), (2, "EQ", 3, 0))),
    "same-argument": profile("ALLOW", rule("fcntl", "ERRNO", (1, "EQ", 0, 0), (1, "EQ", 2, 0))),
    "same-argument-and-another": profile(
        "ALLOW", rule("lseek", "ERRNO", (1, "EQ", 0, 0), (2, "EQ", 1, 0), (1, "EQ", BIG, 0), errno=4)
    ),
    "two-entries": profile(
        "ALLOW",
        rule("personality", "ERRNO", (0, "EQ", 8, 0), errno=20),
        rule("personality", "ERRNO", (0, "EQ", 0xFFFFFFFF, 0), errno=21),
    ),
    "conditions-in-a-strict-one": strict(
        "ERRNO",
        rule("personality", "ALLOW", (0, "EQ", 0xFFFFFFFF, 0)),
        rule("ioctl", "ALLOW", (1, "NE", 0x5413, 0)),
    ),
    "i386": profile("ALLOW", rule("getppid", "ERRNO"), architectures="X86_64 X86"),
    "i386-only": profile("ALLOW", rule("getppid", "ERRNO"), architectures="X86"),
    "all-three": strict("ERRNO", rule("getppid", "ALLOW"), architectures="X86_64 X86 X32"),
    "x32": strict("ERRNO", architectures="X86_64 X32"),
    "foreign": profile("ALLOW", rule("getppid", "ERRNO"), architectures="AARCH64 ARM"),
    "no-syscalls": profile("ALLOW"),
    "many": strict(
        "ERRNO", rule("getppid getuid lseek ioctl mseal", "ALLOW"), rule("kcmp fchmod", "ERRNO", errno=2)
    ),
}

# runc 1.1 refuses all flags; crun knows them.
PROFILES_WITH_FLAGS: dict[str, Profile] = {
    "log": profile("ALLOW", rule("getppid", "LOG"), flags=["SECCOMP_FILTER_FLAG_LOG"]),
    "spec-allow": profile("ALLOW", rule("getppid", "ERRNO"), flags=["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]),
    "tsync": profile("ALLOW", rule("getppid", "ERRNO"), flags=["SECCOMP_FILTER_FLAG_TSYNC"]),
    "all": profile(
        "ALLOW",
        rule("getppid", "TRAP"),
        flags=[f"SECCOMP_FILTER_FLAG_{name}" for name in ("TSYNC", "LOG", "SPEC_ALLOW")],
    ),
}

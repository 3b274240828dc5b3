"""The names that a seccomp profile may use, and what the kernel and libseccomp call them.

Sources: runtime-spec 1.3 config-linux.md (names), linux/seccomp.h (actions, flags), seccomp.h of libseccomp 2.5
(operators; the architectures are found by their names).
"""

from __future__ import annotations

ERRNO_DEFAULT = 1  # EPERM
ERRNO_MAXIMUM = 4094  # libseccomp refuses the kernel's MAX_ERRNO itself
TRACE_MAXIMUM = 0xFFFF  # SECCOMP_RET_DATA

# Action: its SECCOMP_RET_* value, the largest errnoRet, which goes into its low 16 bits (0: it takes none), and its
# name in /proc/sys/kernel/seccomp/actions_avail.
ACTIONS = {
    "SCMP_ACT_KILL": (0x00000000, 0, "kill_thread"),
    "SCMP_ACT_KILL_THREAD": (0x00000000, 0, "kill_thread"),
    "SCMP_ACT_KILL_PROCESS": (0x80000000, 0, "kill_process"),
    "SCMP_ACT_TRAP": (0x00030000, 0, "trap"),
    "SCMP_ACT_ERRNO": (0x00050000, ERRNO_MAXIMUM, "errno"),
    "SCMP_ACT_NOTIFY": (0x7FC00000, 0, "user_notif"),
    "SCMP_ACT_TRACE": (0x7FF00000, TRACE_MAXIMUM, "trace"),
    "SCMP_ACT_LOG": (0x7FFC0000, 0, "log"),
    "SCMP_ACT_ALLOW": (0x7FFF0000, 0, "allow"),
}
# With these as the default, a system call that the profile's author could not know goes through anyway.
PERMISSIVE_ACTIONS = frozenset({"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"})
RETURN_ENOSYS = ACTIONS["SCMP_ACT_ERRNO"][0] | 38

OPERATORS = {
    "SCMP_CMP_NE": 1,
    "SCMP_CMP_LT": 2,
    "SCMP_CMP_LE": 3,
    "SCMP_CMP_EQ": 4,
    "SCMP_CMP_GE": 5,
    "SCMP_CMP_GT": 6,
    "SCMP_CMP_MASKED_EQ": 7,
}
LIMITS = frozenset(OPERATORS[f"SCMP_CMP_{name}"] for name in ("LT", "LE", "GE", "GT"))

# The bits of seccomp(2). Our init has one thread, so there is nothing for TSYNC to do.
FLAG_NEW_LISTENER = 1 << 3
FLAG_SPEC_ALLOW = 1 << 2
FLAG_WAIT_KILLABLE_RECV = 1 << 5
FLAGS = {
    "SECCOMP_FILTER_FLAG_TSYNC": 0,
    "SECCOMP_FILTER_FLAG_LOG": 1 << 1,
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW": FLAG_SPEC_ALLOW,
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV": FLAG_WAIT_KILLABLE_RECV,
}

ARCHITECTURES = (
    "SCMP_ARCH_X86",
    "SCMP_ARCH_X86_64",
    "SCMP_ARCH_X32",
    "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64",
    "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64",
    "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",
    "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32",
    "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",
    "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_S390",
    "SCMP_ARCH_S390X",
    "SCMP_ARCH_PARISC",
    "SCMP_ARCH_PARISC64",
    "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",
    "SCMP_ARCH_SH",
    "SCMP_ARCH_SHEB",
)

ARGUMENT_INDEX_MAXIMUM = 5
INSTRUCTIONS_MAXIMUM = 4096  # BPF_MAXINSNS

# Between the kernel's notify descriptor and the listener stand system calls of init: nobody could answer them yet.
# `write` is what runc refuses, and what tells the controller about errors.
NEEDED_BY_NOTIFY = frozenset({"write", "sendmsg"})

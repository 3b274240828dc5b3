"""runtime-spec 1.3, `linux.seccomp`: which system calls are allowed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from tiffin.spec.model import REQUIRED, Model, Uint, Uint64

SeccompAction = Literal[
    "SCMP_ACT_KILL",
    "SCMP_ACT_KILL_PROCESS",
    "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_TRAP",
    "SCMP_ACT_ERRNO",
    "SCMP_ACT_TRACE",
    "SCMP_ACT_ALLOW",
    "SCMP_ACT_LOG",
    "SCMP_ACT_NOTIFY",
    "",  # of a profile that says nothing else: runc takes it for none
]
SeccompOperator = Literal[
    "SCMP_CMP_NE",
    "SCMP_CMP_LT",
    "SCMP_CMP_LE",
    "SCMP_CMP_EQ",
    "SCMP_CMP_GE",
    "SCMP_CMP_GT",
    "SCMP_CMP_MASKED_EQ",
]
SeccompFlag = Literal[
    "SECCOMP_FILTER_FLAG_TSYNC",
    "SECCOMP_FILTER_FLAG_LOG",
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
]
SeccompArchitecture = Literal[
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
]


class SeccompArgument(Model, kw_only=True):
    """A condition on argument number `index` (0 to 5) of a system call."""

    SECTION: ClassVar[str] = "config-linux.md: Seccomp"
    index: Annotated[Uint, REQUIRED] = 0
    value: Annotated[Uint64, REQUIRED] = 0
    valueTwo: Uint64 | None = None
    op: SeccompOperator


class SeccompSyscall(Model, kw_only=True):
    """What to do for these system calls, if all of `args` match."""

    SECTION: ClassVar[str] = "config-linux.md: Seccomp"
    names: list[str]
    action: SeccompAction
    errnoRet: Uint | None = None
    args: list[SeccompArgument] | None = None


class Seccomp(Model, kw_only=True):
    """A profile: the action for every system call that no entry of `syscalls` matches, and those entries."""

    SECTION: ClassVar[str] = "config-linux.md: Seccomp"
    defaultAction: Annotated[SeccompAction | None, REQUIRED] = None
    defaultErrnoRet: Uint | None = None
    architectures: list[SeccompArchitecture] | None = None
    flags: list[SeccompFlag] | None = None
    listenerPath: str | None = None
    listenerMetadata: str | None = None
    syscalls: list[SeccompSyscall] | None = None

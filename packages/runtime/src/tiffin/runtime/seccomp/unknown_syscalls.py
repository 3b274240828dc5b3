"""System calls newer than the profile answer ENOSYS, whatever the profile's default is.

A C library tries a new system call and falls back when it gets ENOSYS; a profile that answers EPERM to all that it
does not list breaks that with each new kernel. So, like runc since 1.0-rc93, a few instructions stand before the
program: a number above the largest one that the profile names (on that architecture) never reaches it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import names
from .library import Library

# linux/bpf_common.h and linux/seccomp.h: codes of classic BPF, offsets in struct seccomp_data
LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
JUMP_IF_GREATER = 0x25  # BPF_JMP | BPF_JGT | BPF_K
JUMP_IF_BITS = 0x45  # BPF_JMP | BPF_JSET | BPF_K
JUMP = 0x05  # BPF_JMP | BPF_JA
RETURN = 0x06  # BPF_RET | BPF_K
NUMBER_OFFSET = 0
ARCHITECTURE_OFFSET = 4

X86_64 = 0xC000003E  # AUDIT_ARCH_X86_64
X32 = 0x4000003E  # libseccomp's token; the kernel reports X86_64, with X32_BIT in the number
X32_BIT = 1 << 30
S390 = frozenset({0x00000016, 0x80000016})  # AUDIT_ARCH_S390, AUDIT_ARCH_S390X
S390_SETUP = 0  # what a number that s390's entry code cannot decode turns into

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, k


def newest_syscalls(library: Library, syscalls: Iterable[str], tokens: Iterable[int]) -> dict[int, int]:
    """The largest number that the profile names, for each architecture of the filter (the native one is implied)."""
    names_once = list(dict.fromkeys(syscalls))
    newest: dict[int, int] = {}
    for token in dict.fromkeys((library.native_architecture(), *tokens)):
        numbers = (library.syscall(name, token) for name in names_once)
        largest = max((number for number in numbers if number is not None), default=0)
        if largest > 0:
            newest[token] = largest
    return newest


def answer_unknown_syscalls(newest: Mapping[int, int]) -> bytes:
    """The instructions that stand before the program; it follows them directly.

    Args:
        newest: what `newest_syscalls` returns.
    """
    program: list[Instruction] = []
    for token, largest in newest.items():
        if token != X32:
            x32_largest = newest.get(X32) if token == X86_64 else None
            program += _section(token, _compare(token, largest, x32_largest))
    if X32 in newest and X86_64 not in newest:
        program += _section(X86_64, _compare_x32(newest[X32]))
    return b"".join(encode(*instruction) for instruction in program)


def _section(architecture: int, body: list[Instruction]) -> list[Instruction]:
    """Skips the body for another architecture. A body falls through to what follows, unless it returns."""
    return [
        (LOAD_WORD, 0, 0, ARCHITECTURE_OFFSET),
        (JUMP_IF_EQUAL, 0, len(body) + 1, architecture),
        (LOAD_WORD, 0, 0, NUMBER_OFFSET),
        *body,
    ]


def _compare(token: int, largest: int, x32_largest: int | None) -> list[Instruction]:
    refuse: Instruction = (RETURN, 0, 0, names.RETURN_ENOSYS)
    if token in S390:
        return [(JUMP_IF_EQUAL, 1, 0, S390_SETUP), (JUMP_IF_GREATER, 0, 1, largest), refuse]
    if token != X86_64:
        return [(JUMP_IF_GREATER, 0, 1, largest), refuse]
    if x32_largest is None:  # numbers of x32 are the program's business: it kills them
        return [(JUMP_IF_BITS, 2, 0, X32_BIT), (JUMP_IF_GREATER, 0, 1, largest), refuse]
    return [
        (JUMP_IF_BITS, 0, 1, X32_BIT),
        (JUMP_IF_GREATER, 1, 2, x32_largest),
        (JUMP_IF_GREATER, 0, 1, largest),
        refuse,
    ]


def _compare_x32(largest: int) -> list[Instruction]:
    return [
        (JUMP_IF_BITS, 0, 2, X32_BIT),
        (JUMP_IF_GREATER, 0, 1, largest),
        (RETURN, 0, 0, names.RETURN_ENOSYS),
    ]


def encode(code: int, if_true: int, if_false: int, k: int) -> bytes:
    """One struct sock_filter, in the host's byte order."""
    from struct import pack

    return pack("=HBBI", code, if_true, if_false, k)

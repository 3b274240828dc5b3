"""The compiled program means what the runtime-spec says of the profile: every profile, number and argument."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages.runtime.tests.seccomp.bpf import AUDIT_ARCH_I386, AUDIT_ARCH_X86_64, evaluate
from packages.runtime.tests.seccomp.model import ENOSYS, EPERM, RETURNS, expected
from packages.runtime.tests.seccomp.profiles import BIG

from tiffin.runtime.seccomp.filter import CompiledFilter, compile_filter
from tiffin.runtime.seccomp.library import Library

pytestmark = pytest.mark.requires("libseccomp")
LIBRARY = Library()
NAMES = [
    "read",
    "write",
    "open",
    "close",
    "stat",
    "lseek",
    "ioctl",
    "access",
    "pipe",
    "dup2",
    "getpid",
    "fork",
    "execve",
    "exit",
    "kill",
    "uname",
    "fcntl",
    "chmod",
    "personality",
    "prctl",
    "gettid",
    "futex",
    "openat",
    "unshare",
    "prlimit64",
    "seccomp",
    "bpf",
    "statx",
    "clone3",
    "faccessat2",
]
NATIVE = LIBRARY.native_architecture()
X86 = LIBRARY.architecture("SCMP_ARCH_X86")
X32 = LIBRARY.architecture("SCMP_ARCH_X32")
ACTIONS = sorted(RETURNS)
DEFAULTS = sorted(set(ACTIONS) - {"SCMP_ACT_NOTIFY"})
# values whose halves matter: libseccomp compares 64 bits as two words
INTERESTING = [0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, (1 << 32) + 1, 1 << 63, BIG - 1, BIG]
VALUES = st.sampled_from(INTERESTING) | st.integers(0, BIG) | st.integers(0, 8)
SEVERAL = "may not heed all limits"
RANGES = ("LT", "LE", "GE", "GT")
EDGES = (0, 1, 0xFFFFFFFF, 1 << 32, (1 << 32) + 1, BIG - 1)
OPERATORS = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"]


def numbers_on(architecture: int) -> dict[str, int]:
    found = {name: LIBRARY.syscall(name, architecture) for name in NAMES}
    return {name: number for name, number in found.items() if number is not None and number >= 0}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    operator, value = draw(st.sampled_from(OPERATORS)), draw(VALUES)
    tree = {"index": draw(st.integers(0, 5)), "op": f"SCMP_CMP_{operator}", "value": value}
    if operator == "MASKED_EQ":
        tree["valueTwo"] = draw(VALUES) & value
    return tree


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    """Each system call is named once: how libseccomp orders contradicting rules is its own affair."""
    default = draw(st.sampled_from(DEFAULTS))
    entries = []
    left: list[str] = list(draw(st.permutations(NAMES)))
    for _ in range(draw(st.integers(0, 6))):
        count = draw(st.integers(1, 4))
        entry: dict[str, Any] = {"names": left[:count], "action": draw(st.sampled_from(ACTIONS))}
        left = left[count:]
        if entry["action"] == "SCMP_ACT_NOTIFY":
            entry["names"] = [name for name in entry["names"] if name != "write"] or ["getppid"]
        if draw(st.booleans()):
            entry["args"] = draw(st.lists(conditions(), max_size=3))
        if draw(st.booleans()):
            entry["errnoRet"] = draw(st.integers(0, 4094))
        entries.append(entry)
    tree: dict[str, Any] = {"defaultAction": default, "syscalls": entries, "listenerPath": "/run/listener"}
    if draw(st.booleans()):
        tree["defaultErrnoRet"] = draw(st.integers(0, 4094))
    return tree


def compiled(tree: dict[str, Any]) -> CompiledFilter:
    found = compile_filter(tree, None)
    assert found is not None
    return found


def program_of(tree: dict[str, Any]) -> bytes:
    return compiled(tree).instructions


def warned_of(tree: dict[str, Any]) -> set[str]:
    """The system calls whose limits libseccomp may not heed."""
    told = [text for text in compiled(tree).warnings if SEVERAL in text]
    return {name for text in told for name in text.rpartition(": ")[2].split(", ")}


@given(
    tree=profiles(),
    calls=st.lists(
        st.tuples(st.sampled_from(NAMES), st.lists(VALUES, min_size=6, max_size=6)), min_size=1, max_size=8
    ),
    number=st.integers(0, 600),
)
@settings(max_examples=150, deadline=None)
def test_a_profile_means_what_the_spec_says(
    tree: dict[str, Any], calls: list[tuple[str, list[int]]], number: int
) -> None:
    program, numbers = program_of(tree), numbers_on(NATIVE)
    numbers["getppid"] = LIBRARY.syscall("getppid") or 0
    doubtful = warned_of(tree)
    wanted = [value["value"] for entry in tree["syscalls"] for value in entry.get("args", [])]
    for name, arguments in calls:
        if name in doubtful:
            continue
        for tried in (arguments, [*wanted, *arguments][:6]):
            call = evaluate(program, NATIVE, numbers[name], tried)
            assert call == expected(tree, numbers, numbers[name], tried)
    zeros = [0] * 6
    assert evaluate(program, NATIVE, number) == expected(tree, numbers, number, zeros)
    assert evaluate(program, AUDIT_ARCH_I386, number) == expected(tree, numbers, number, zeros, native=False)


def limits(*given: tuple[str, int]) -> dict[str, Any]:
    """write(2) is refused where one of these limits of its third argument holds."""
    args = [{"index": 2, "op": f"SCMP_CMP_{operator}", "value": value} for operator, value in given]
    entry = {"names": ["write"], "action": "SCMP_ACT_ERRNO", "args": args}
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [entry]}


@pytest.mark.parametrize("first", RANGES)
@pytest.mark.parametrize("second", RANGES)
def test_of_several_limits_all_count_or_it_is_said_that_they_may_not(first: str, second: str) -> None:
    numbers = numbers_on(NATIVE)
    for pair in product(EDGES, EDGES):
        tree = limits(*zip((first, second), pair, strict=True))
        program = program_of(tree)
        tried = ([0, 0, max(value + more, 0), 0, 0, 0] for value in pair for more in (-1, 0, 1))
        wrong = [
            one for one in tried
            if evaluate(program, NATIVE, numbers["write"], one) != expected(tree, numbers, numbers["write"], one)
        ]  # fmt: skip
        assert not wrong or warned_of(tree) == {"write"}, tree
        assert max(pair) >> 32 or not warned_of(tree)


@pytest.mark.parametrize("pair", [(("LT", 1), ("EQ", 1 << 32)), (("GT", 1 << 40), ("GT", 1 << 40))])
def test_one_limit_is_heeded(pair: tuple[tuple[str, int], ...]) -> None:
    assert warned_of(limits(*pair)) == set()


@pytest.mark.skipif(NATIVE != AUDIT_ARCH_X86_64, reason="about the three architectures of x86-64")
@given(tree=profiles(), name=st.sampled_from(NAMES), number=st.integers(0, 600))
@settings(max_examples=60, deadline=None)
def test_three_architectures_in_one_filter(tree: dict[str, Any], name: str, number: int) -> None:
    for entry in tree["syscalls"]:
        entry.pop("args", None)  # on 32 bits an argument has only its lower half
    tree["architectures"] = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    program, zeros = program_of(tree), [0] * 6
    for token, reported in ((NATIVE, NATIVE), (X86, AUDIT_ARCH_I386), (X32, AUDIT_ARCH_X86_64)):
        numbers = numbers_on(token)
        if number_of_parent := LIBRARY.syscall("getppid", token):
            numbers["getppid"] = number_of_parent
        base = 1 << 30 if token == X32 else 0
        for tried in (numbers.get(name, 0), base + number):
            assert evaluate(program, reported, tried) == expected(tree, numbers, tried, zeros)


@pytest.mark.skipif(NATIVE != AUDIT_ARCH_X86_64, reason="read has number 0 on x86-64")
def test_a_profile_of_number_0_alone_has_no_largest_number() -> None:
    """As for runc (libcontainer/seccomp/patchbpf): the default counts, since nothing tells how old the profile is."""
    assert LIBRARY.syscall("read") == 0
    tree = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}
    assert evaluate(program_of(tree), NATIVE, 1) == RETURNS["SCMP_ACT_ERRNO"] | EPERM


def test_a_number_beyond_the_profile_is_enosys_even_where_the_default_kills() -> None:
    tree = {
        "defaultAction": "SCMP_ACT_KILL_PROCESS",
        "syscalls": [{"names": ["statx"], "action": "SCMP_ACT_ALLOW"}],
    }
    newest = LIBRARY.syscall("statx") or 0
    program = program_of(tree)
    assert evaluate(program, NATIVE, newest) == RETURNS["SCMP_ACT_ALLOW"]
    assert evaluate(program, NATIVE, newest + 1) == RETURNS["SCMP_ACT_ERRNO"] | ENOSYS
    assert evaluate(program, NATIVE, newest - 1) == RETURNS["SCMP_ACT_KILL_PROCESS"]

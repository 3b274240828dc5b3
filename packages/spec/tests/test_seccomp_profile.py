"""The default profile: facts of the one that Docker and containerd share, and what the kernel makes of ours.

Its whole content was compared once with moby's public file (resolved for 14 machines, 244 capability sets and 3
kernels: equal). Here stand the counts and the rules that matter, so that a slip in the table shows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packages.spec.tests.validation_cases import base

from tiffin.spec.runtime.capabilities import DEFAULT, NAMES
from tiffin.spec.runtime.seccomp_profile import ARCHITECTURES, default_profile
from tiffin.spec.runtime.validation import validate
from tiffin_testing.oci_runtime import OCIRuntime, new_id, runtime_command

ALWAYS = 361  # names that moby's profile allows to everyone, on every machine


def action(profile: Any, name: str, *arguments: int) -> str:
    """What a profile does with a call, as seccomp(2) evaluates it: the first entry whose conditions all hold."""
    compare: dict[str, Any] = {
        "SCMP_CMP_EQ": lambda value, argument: value == argument["value"],
        "SCMP_CMP_LT": lambda value, argument: value < argument["value"],
        "SCMP_CMP_GT": lambda value, argument: value > argument["value"],
        "SCMP_CMP_MASKED_EQ": lambda value, argument: value & argument["value"] == argument["valueTwo"],
    }
    for entry in profile["syscalls"]:
        if name in entry["names"] and all(
            compare[one["op"]](arguments[one["index"]], one) for one in entry.get("args", ())
        ):
            return f"{entry['action']} {entry.get('errnoRet', '')}".strip()
    return f"{profile['defaultAction']} {profile['defaultErrnoRet']}"


ALLOW = "SCMP_ACT_ALLOW"
EPERM = "SCMP_ACT_ERRNO 1"
ENOSYS = "SCMP_ACT_ERRNO 38"


def test_how_many_calls_are_allowed() -> None:
    (unconditional, *_others) = default_profile("mips64", (), kernel=(4, 4))["syscalls"]
    assert len(unconditional["names"]) == len(set(unconditional["names"])) == ALWAYS


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("read", (), ALLOW),
        ("landlock_create_ruleset", (), ALLOW),
        ("mount", (), EPERM),
        ("keyctl", (), EPERM),
        ("add_key", (), EPERM),
        ("io_uring_setup", (), EPERM),
        ("userfaultfd", (), EPERM),
        ("kexec_load", (), EPERM),
        ("unshare", (), EPERM),
        ("setns", (), EPERM),
        ("bpf", (), EPERM),
        ("no_such_call", (), EPERM),
        ("chroot", (), ALLOW),
        ("ptrace", (), ALLOW),
        ("clone", (0x11,), ALLOW),
        ("clone", (0x10000000,), EPERM),  # CLONE_NEWUSER
        ("clone", (0x02000000,), EPERM),  # CLONE_NEWCGROUP
        ("clone3", (), ENOSYS),
        ("socket", (1,), ALLOW),
        ("socket", (38,), EPERM),  # AF_ALG
        ("socket", (39,), ALLOW),
        ("socket", (40,), EPERM),  # AF_VSOCK
        ("socket", (41,), ALLOW),
        ("personality", (0,), ALLOW),
        ("personality", (0x20008,), ALLOW),
        ("personality", (0xFFFFFFFF,), ALLOW),
        ("personality", (0x40000,), EPERM),  # ADDR_NO_RANDOMIZE
        ("arch_prctl", (), ALLOW),
        ("s390_pci_mmio_read", (), EPERM),
    ],
)
def test_what_dockers_default_container_may_do(name: str, arguments: tuple[int, ...], expected: str) -> None:
    assert action(default_profile("x86_64"), name, *arguments) == expected


@pytest.mark.parametrize(
    ("capability", "call"),
    [
        ("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
        ("CAP_SYS_ADMIN", "mount"),
        ("CAP_SYS_ADMIN", "clone3"),
        ("CAP_SYS_BOOT", "reboot"),
        ("CAP_SYS_CHROOT", "chroot"),
        ("CAP_SYS_MODULE", "finit_module"),
        ("CAP_SYS_PACCT", "acct"),
        ("CAP_SYS_PTRACE", "pidfd_getfd"),
        ("CAP_SYS_RAWIO", "iopl"),
        ("CAP_SYS_TIME", "clock_settime"),
        ("CAP_SYS_TTY_CONFIG", "vhangup"),
        ("CAP_SYS_NICE", "mbind"),
        ("CAP_SYSLOG", "syslog"),
        ("CAP_BPF", "bpf"),
        ("CAP_PERFMON", "perf_event_open"),
    ],
)
def test_a_capability_brings_its_calls(capability: str, call: str) -> None:
    assert action(default_profile("x86_64", (capability,)), call) == ALLOW
    others = [name for name in NAMES if name not in (capability, "CAP_SYS_ADMIN")]
    assert action(default_profile("x86_64", others), call) != ALLOW


def test_with_sys_admin_clone_makes_namespaces() -> None:
    assert action(default_profile("x86_64", ("CAP_SYS_ADMIN",)), "clone", 0x10000000) == ALLOW


def test_on_s390_the_flags_of_clone_are_the_second_argument() -> None:
    profile = default_profile("s390x")
    assert action(profile, "clone", 0, 0x10000000) == EPERM
    assert action(profile, "clone", 0x10000000, 0) == ALLOW


def test_ptrace_needs_a_kernel_that_checks_it() -> None:
    assert action(default_profile("x86_64", kernel=(4, 7)), "ptrace") == EPERM
    assert action(default_profile("x86_64", ("CAP_SYS_PTRACE",), kernel=(4, 7)), "ptrace") == ALLOW


@pytest.mark.parametrize(
    ("machine", "architectures", "own"),
    [
        ("x86_64", ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "modify_ldt"),
        ("i686", ["SCMP_ARCH_X86"], "modify_ldt"),
        ("aarch64", ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"], "cacheflush"),
        ("armv7l", ["SCMP_ARCH_ARM"], "set_tls"),
        ("riscv64", ["SCMP_ARCH_RISCV64"], "riscv_flush_icache"),
        ("s390x", ["SCMP_ARCH_S390X", "SCMP_ARCH_S390"], "s390_runtime_instr"),
        ("ppc64le", ["SCMP_ARCH_PPC64LE"], "swapcontext"),
    ],
)
def test_machines(machine: str, architectures: list[str], own: str) -> None:
    profile = default_profile(machine)
    assert profile["architectures"] == architectures
    assert action(profile, own) == ALLOW
    assert action(default_profile("loongarch64"), own) == EPERM


def test_an_unknown_machine_gets_its_own_architecture_alone() -> None:
    assert "architectures" not in default_profile("vax")


@pytest.mark.parametrize("machine", [*ARCHITECTURES, "vax"])
def test_the_profile_is_sound(machine: str) -> None:
    for granted in ((), DEFAULT, NAMES):
        config = base()
        config["linux"]["seccomp"] = default_profile(machine, granted)
        assert validate(config) == []


PROGRAM = """
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
static void try(const char *name, long result) { printf("%s %d\\n", name, result < 0 ? errno : 0); }
int main(void) {
    try("clone3", syscall(SYS_clone3, 0, 0));
    try("unshare", syscall(SYS_unshare, 0x10000000));
    try("alg", syscall(SYS_socket, 38, 5, 0));
    try("unix", syscall(SYS_socket, 1, 1, 0));
    try("getpid", syscall(SYS_getpid));
    try("keyctl", syscall(SYS_keyctl, 0, -1, 0));
    try("personality", syscall(SYS_personality, 0x0040000));
    return 0;
}
"""


@pytest.mark.requires("root")
def test_runc_and_the_kernel_take_it(tmp_path: Path) -> None:
    if shutil.which("runc") is None:
        pytest.skip("runc is not installed")
    runc = OCIRuntime(runtime_command("runc"), tmp_path / "state")
    (tmp_path / "rootfs/bin").mkdir(parents=True)
    (tmp_path / "probe.c").write_text(PROGRAM)
    subprocess.run(
        ["gcc", "-static", "-o", tmp_path / "rootfs/bin/true", tmp_path / "probe.c"], check=True, timeout=60
    )
    config = base()
    config["linux"]["seccomp"] = default_profile(os.uname().machine)
    (tmp_path / "config.json").write_text(json.dumps(config))
    container = new_id()
    try:
        said = runc.call("run", "--bundle", tmp_path, container).must_succeed().stdout
    finally:
        runc.call("delete", "--force", container)
    results = dict(line.split() for line in said.splitlines())
    assert results == {
        "clone3": "38",
        "unshare": "1",
        "alg": "1",
        "unix": "0",
        "getpid": "0",
        "keyctl": "1",
        "personality": "1",
    }

"""A profile that cannot be used is refused with its JSON path; what the host lacks, with what to install."""

from __future__ import annotations

from typing import Any

import pytest
from packages.runtime.tests.seccomp.profiles import profile, rule

from tiffin.runtime.errors import InvalidArgument, Unsupported
from tiffin.runtime.seccomp.features import seccomp_features
from tiffin.runtime.seccomp.filter import compile_filter

S = "linux.seccomp"
NOTIFY = rule("getppid", "NOTIFY")
WAIT = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]
BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "default": (f"{S}.defaultAction", profile("NOTHING")),
    "no default": (f"{S}.defaultAction", {"syscalls": [rule("getpid", "ALLOW")]}),
    "default notify": (f"{S}.defaultAction", profile("NOTIFY")),
    "default errno": (f"{S}.defaultErrnoRet", profile("ERRNO", errno=4095)),
    "action": (f"{S}.syscalls[1].action", profile("ALLOW", rule("getpid", "KILL"), rule("getuid", "MAYBE"))),
    "no action": (f"{S}.syscalls[0].action", profile("ALLOW", {"names": ["getpid"]})),
    "errno": (f"{S}.syscalls[0].errnoRet", profile("ALLOW", rule("getpid", "ERRNO", errno=70000))),
    "negative errno": (f"{S}.syscalls[0].errnoRet", profile("ALLOW", rule("getpid", "ERRNO", errno=-1))),
    "trace": (f"{S}.syscalls[0].errnoRet", profile("ALLOW", rule("getpid", "TRACE", errno=70000))),
    "empty name": (
        f"{S}.syscalls[0].names[1]",
        profile("ALLOW", {**rule("x", "KILL"), "names": ["getpid", ""]}),
    ),
    "operator": (f"{S}.syscalls[0].args[0].op", profile("ALLOW", rule("read", "KILL", (0, "LIKE", 1, 0)))),
    "index": (
        f"{S}.syscalls[0].args[1].index",
        profile("ALLOW", rule("read", "KILL", (0, "EQ", 1, 0), (6, "EQ", 1, 0))),
    ),
    "value": (
        f"{S}.syscalls[0].args[0].value",
        profile("ALLOW", rule("read", "KILL", (0, "EQ", 1 << 64, 0))),
    ),
    "value two": (
        f"{S}.syscalls[0].args[0].valueTwo",
        profile("ALLOW", rule("read", "KILL", (0, "MASKED_EQ", 1, -1))),
    ),
    "architecture": (f"{S}.architectures[1]", profile("ALLOW", architectures="X86 VAX")),
    "flag": (f"{S}.flags[0]", profile("ALLOW", flags=["SECCOMP_FILTER_FLAG_NEW_LISTENER"])),
    "wait without notify": (f"{S}.flags[0]", profile("ALLOW", flags=WAIT)),
    "no listener": (f"{S}.listenerPath", profile("ALLOW", NOTIFY)),
    "notify write": (
        f"{S}.syscalls[0].names[0]",
        profile("ALLOW", rule("write", "NOTIFY"), listenerPath="/l"),
    ),
}


@pytest.mark.requires("libseccomp")
@pytest.mark.parametrize("name", BAD)
def test_a_bad_profile_is_refused_with_its_path(name: str) -> None:
    where, tree = BAD[name]
    with pytest.raises(InvalidArgument) as caught:
        compile_filter(tree, None)
    assert str(caught.value).startswith(f"{where}: ")


@pytest.mark.requires("libseccomp")
def test_byte_orders_do_not_mix() -> None:
    with pytest.raises(Unsupported, match="SCMP_ARCH_S390X"):
        compile_filter(profile("ALLOW", architectures="X86_64 S390X AARCH64"), None)


@pytest.mark.requires("libseccomp")
def test_too_many_rules_for_the_kernel_are_refused() -> None:
    rules = [rule("ioctl", "ERRNO", (1, "EQ", number << 32 | number, 0)) for number in range(3000)]
    with pytest.raises(InvalidArgument, match="instructions"):
        compile_filter(profile("ALLOW", *rules), None)


def test_without_libseccomp_the_error_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiffin.runtime.seccomp.library.NAME", "libseccomp-is-not-here.so.2")
    with pytest.raises(Unsupported, match="Debian's package libseccomp2"):
        compile_filter(profile("ALLOW"), None)
    assert not seccomp_features().enabled
    assert "libseccomp2" in seccomp_features().reason


def test_an_empty_section_switches_seccomp_off() -> None:
    assert compile_filter({}, None) is None
    assert compile_filter({"defaultAction": "", "syscalls": []}, None) is None


@pytest.mark.requires("libseccomp", "seccomp", "seccomp_notify")
def test_features_tell_what_this_host_has() -> None:
    found = seccomp_features()
    assert found.enabled
    assert set(found.supported_actions) == set(found.actions)
    assert {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"} <= set(found.supported_flags)
    assert "SCMP_ARCH_X86_64" in found.architectures
    assert "SCMP_CMP_MASKED_EQ" in found.operators

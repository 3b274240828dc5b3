"""Namespaces, host name, capabilities, seccomp and the other options of security."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tiffin.cli.failure import CommandFailed
from tiffin.cli.parse import UsageError
from tiffin.cli.run.config.build import Built
from tiffin.spec.runtime.capabilities import DEFAULT, NAMES

Build = Callable[..., Built]
OWN = ["mount", "pid", "ipc", "uts", "network"]


def namespaces(built: Built) -> list[str]:
    return [space["type"] for space in built.config["linux"]["namespaces"]]


@pytest.mark.parametrize(
    ("flags", "context", "kinds"),
    [
        ([], {}, OWN),
        ([], {"cgroup_version": 2}, [*OWN, "cgroup"]),
        (["--cgroupns=private"], {}, [*OWN, "cgroup"]),
        (["--cgroupns=host"], {"cgroup_version": 2}, OWN),
        (["--network=host"], {}, ["mount", "pid", "ipc", "uts"]),
        (["--net", "none"], {}, OWN),
        (["--pid=host", "--ipc=host", "--uts=host"], {}, ["mount", "network"]),
    ],
)
def test_namespaces(build: Build, flags: list[str], context: dict[str, Any], kinds: list[str]) -> None:
    assert namespaces(build(*flags, **context)) == kinds


def test_a_namespace_is_joined_by_its_path(build: Build) -> None:
    built = build("--network=ns:/proc/self/ns/net", "--userns=ns:/proc/self/ns/user")
    assert {"type": "network", "path": "/proc/self/ns/net"} in built.config["linux"]["namespaces"]
    assert {"type": "user", "path": "/proc/self/ns/user"} in built.config["linux"]["namespaces"]


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("--network=bridge", "packages/network, which comes later"),
        ("--pid=other", "expected host, or ns:PATH"),
        ("--network=ns:/not/there", "there is no namespace at '/not/there'"),
        ("--cgroupns=other", "host or private"),
        ("--add-host=x", "no NAME:ADDRESS"),
        ("--sysctl=x", "expected NAME=VALUE"),
        ("--hostname=a b", "is no name"),
        ("--hostname=a\nb", "is no name"),
        (f"--hostname={'a' * 65}", "up to 64 bytes"),
        ("--add-host=a", "is no NAME:ADDRESS"),
        ("--add-host=a:b", "'b' in 'a:b' is no IP address"),
        ("--add-host=a:host-gateway", "is no IP address"),
        ("--add-host=a b:::1", "is no NAME:ADDRESS"),
    ],
)
def test_mistakes(build: Build, flag: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(flag)
    assert text in str(caught.value)


def test_hostname(build: Build) -> None:
    assert build().config["hostname"] == "0123456789ab"
    assert build("--hostname=me").config["hostname"] == "me"
    assert build("--network=host").config["hostname"] == os.uname().nodename
    assert "hostname" not in build("--uts=host").config
    assert (
        build("--hostname=").config["hostname"] == build("--uts=private").config["hostname"] == "0123456789ab"
    )
    assert build("--uts=private", "--hostname=me").config["hostname"] == "me"
    with pytest.raises(UsageError, match="--hostname cannot be set"):
        build("--uts=host", "--hostname=me")


def test_files_of_the_network(build: Build, tmp_path: Path) -> None:
    files = build(
        "--hostname=me", "--add-host=a:192.0.2.1", "--add-host=b:[2001:db8::1]", "--add-host=c=::1"
    ).files
    hosts = files[f"{tmp_path}/box/hosts"]
    assert "127.0.1.1\tme box\n" in hosts
    assert "192.0.2.1\ta\n" in hosts
    assert "2001:db8::1\tb\n::1\tc\n" in hosts
    assert files[f"{tmp_path}/box/hostname"] == "me\n"
    assert files[f"{tmp_path}/box/resolv.conf"] == ""


def test_sysctl(build: Build) -> None:
    assert build("--sysctl=a.b=1").config["linux"]["sysctl"] == {"a.b": "1"}


def bounding(built: Built) -> set[str]:
    sets = built.config["process"]["capabilities"]
    assert sets["bounding"] == sets["effective"] == sets["permitted"]
    assert set(sets) == {"bounding", "effective", "permitted"}
    return set(sets["bounding"])


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ([], set(DEFAULT)),
        (["--cap-add=net_admin"], {*DEFAULT, "CAP_NET_ADMIN"}),
        (["--cap-add=CAP_NET_ADMIN", "--cap-drop=CHOWN"], {*DEFAULT, "CAP_NET_ADMIN"} - {"CAP_CHOWN"}),
        (["--cap-drop=all"], set()),
        (["--cap-drop=ALL", "--cap-add=chown"], {"CAP_CHOWN"}),
        (["--cap-add=ALL"], set(NAMES)),
        (["--cap-add=ALL", "--cap-drop=sys_admin"], set(NAMES) - {"CAP_SYS_ADMIN"}),
        (["--privileged"], set(NAMES)),
    ],
)
def test_capabilities(build: Build, flags: list[str], names: set[str]) -> None:
    assert bounding(build(*flags)) == names


def test_nobody_gives_what_they_do_not_have(build: Build) -> None:
    held = ("CAP_CHOWN", "CAP_SYS_ADMIN")
    assert bounding(build(held=held)) == {"CAP_CHOWN"}
    assert bounding(build("--privileged", held=held)) == set(held)
    assert bounding(build("--cap-add=SYS_TIME", held=held)) == {
        "CAP_CHOWN",
        "CAP_SYS_TIME",
    }  # asked for: may fail


def test_no_capabilities(build: Build) -> None:
    with pytest.raises(UsageError, match="--cap-add: there is no capability 'fly'"):
        build("--cap-add=fly")
    with pytest.raises(UsageError, match="which of them"):
        build("--cap-add=ALL", "--cap-drop=ALL")


def test_security_options(build: Build) -> None:
    process, linux = build().config["process"], build().config["linux"]
    assert process["noNewPrivileges"] is False
    assert linux["seccomp"]["defaultAction"] == "SCMP_ACT_ERRNO"
    assert "/proc/kcore" in linux["maskedPaths"]
    options = (
        "no-new-privileges",
        "apparmor=profile",
        "label=type:my_t",
        "systempaths=unconfined",
        "seccomp:unconfined",
    )
    built = build(*(f"--security-opt={option}" for option in options))
    assert built.config["process"]["noNewPrivileges"] is True
    assert built.config["process"]["apparmorProfile"] == "profile"
    assert built.config["process"]["selinuxLabel"] == "system_u:system_r:my_t:s0"
    assert built.config["linux"]["maskedPaths"] == built.config["linux"]["readonlyPaths"] == []
    assert "seccomp" not in built.config["linux"]


@pytest.mark.parametrize(
    "option", ["strange", "label=strange", "no-new-privileges=maybe", "seccomp=/not/there"]
)
def test_no_security_options(build: Build, option: str) -> None:
    with pytest.raises(UsageError, match="--security-opt"):
        build(f"--security-opt={option}")


def test_privileged(build: Build) -> None:
    built = build("--privileged")
    assert "seccomp" not in built.config["linux"]
    assert built.config["linux"]["maskedPaths"] == []
    assert {"allow": True, "access": "rwm"} in built.config["linux"]["resources"]["devices"]
    (system,) = [mount for mount in built.config["mounts"] if mount["destination"] == "/sys"]
    assert "ro" not in system["options"]


def test_annotations_and_stop_signal(build: Build) -> None:
    key = "org.opencontainers.image.stopSignal"
    built = build("--annotation=a=b", image={"StopSignal": "SIGINT"})
    assert built.config["annotations"] == {"a": "b", key: "SIGINT"}
    assert build("--stop-signal=TERM", image={"StopSignal": "SIGINT"}).config["annotations"] == {key: "TERM"}
    assert "annotations" not in build().config
    with pytest.raises(CommandFailed, match="there is no signal 'NOTHING'"):
        build("--stop-signal=NOTHING")

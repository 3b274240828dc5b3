"""Containers in the namespaces of others: each by its path, in every combination that callers use."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from packages.runtime.tests.features.subject import FOREVER, Config, Subject, namespaces, user_namespace
from packages.runtime.tests.lifecycle.containers import created, has_ended

pytestmark = pytest.mark.requires("root", "ns_time", "ns_cgroup")

FILES = {"network": "net", "mount": "mnt"}  # those whose file in /proc/PID/ns has another name
SHARED = ("pid", "network", "ipc", "uts", "cgroup", "time")
SHOW = "cd /proc/self/ns; for each in net pid ipc uts cgroup time user mnt; do readlink $each; done"


def joined(pid: int, *kinds: str) -> dict[str, str]:
    """The paths of namespaces of a process."""
    return {kind: f"/proc/{pid}/ns/{FILES.get(kind, kind)}" for kind in kinds}


def links(pid: int, *kinds: str) -> set[str]:
    return {os.readlink(path) for path in joined(pid, *kinds).values()}


def second(subject: Subject, config: Config, script: str) -> str:
    """The output of another container."""
    bundle = subject.make(config, ["sh", "-c", script])
    return subject.runtime.run(f"{subject.container}-b", bundle).must_succeed().stdout


@pytest.mark.parametrize("kind", SHARED)
def test_one_namespace_of_another_container(subject: Subject, kind: str) -> None:
    with subject.running({"linux": {"namespaces": namespaces("time")}}) as pid:
        linux = {"namespaces": namespaces("time", without=[kind], **joined(pid, kind))}
        seen = second(subject, {"hostname": None, "linux": linux}, SHOW).split()
        others = set(SHARED) - {kind}
        assert links(pid, kind) <= {*seen}
        assert not links(pid, *others) & {*seen}


def test_all_namespaces_but_that_of_mounts(subject: Subject) -> None:
    with subject.running({"linux": {"namespaces": namespaces("time")}}) as pid:
        linux = {"namespaces": namespaces(**joined(pid, *SHARED))}
        seen = second(subject, {"hostname": None, "linux": linux}, SHOW).split()
        assert links(pid, *SHARED) <= {*seen}
        assert not links(pid, "mount") & {*seen}


def test_all_namespaces_of_a_container_in_a_user_namespace(subject: Subject) -> None:
    with subject.running({"linux": user_namespace("time")}) as pid:
        every = (*SHARED, "user")
        linux = {"namespaces": namespaces(**joined(pid, *every))}
        script = f"{SHOW}; id -u; cat /proc/self/uid_map; hostname"
        *seen, _, _, _, name = second(subject, {"hostname": None, "linux": linux}, script).split()
        assert links(pid, *every) <= {*seen}
        assert name == "tiffin-test"


def test_only_the_user_namespace(subject: Subject) -> None:
    with subject.running({"linux": user_namespace()}) as pid:
        linux = {"namespaces": namespaces(**joined(pid, "user"))}
        script = "readlink /proc/self/ns/user; cat /proc/self/uid_map; touch /tmp/made; ls -l /dev/mqueue"
        seen = second(subject, {"linux": linux}, script).split()
        assert seen[:4] == [*links(pid, "user"), "0", "100000", "65536"]


def test_a_new_user_namespace_with_the_network_of_another_container(subject: Subject) -> None:
    """As in a pod: the sandbox has the network, its containers have ids of their own."""
    with subject.running({}) as pid:
        linux = {**user_namespace(), "namespaces": namespaces("user", **joined(pid, "network", "uts"))}
        seen = second(subject, {"linux": linux, "hostname": None}, SHOW).split()
        assert links(pid, "network", "uts") <= {*seen}
        assert not links(pid, "user") & {*seen}


def test_a_process_of_the_joined_pid_namespace_ends_with_its_own_container(subject: Subject) -> None:
    name = f"{subject.container}-b"
    with subject.running({}) as pid:
        linux = {"namespaces": namespaces(**joined(pid, "pid"))}
        with subject.running({"linux": linux}, *FOREVER, container=name) as other:
            assert links(other, "pid") == links(pid, "pid")
        assert has_ended(other)
        assert subject.runtime.status(subject.container) == "running"


@pytest.mark.parametrize("section", [{}, user_namespace()], ids=["plain", "user"])
def test_a_container_in_the_making_is_hidden_from_those_in_its_namespaces(
    subject: Subject, section: Config
) -> None:
    """CVE-2016-9962: they could take what it has open of the host."""
    kinds = ("pid", "user") if section else ("pid",)
    with subject.running({"linux": section} if section else {}) as pid:
        bundle = subject.make({"linux": {"namespaces": namespaces(**joined(pid, *kinds))}}, FOREVER)
        with created(subject.runtime, bundle, f"{subject.container}-b") as other:
            look = ["readlink", f"/proc/{pid_inside(other)}/fd/0"]
            outcome = subject.runtime.exec(subject.container, look)
            assert (outcome.exit_code, outcome.stdout) == (1, ""), outcome
        assert has_ended(other)  # and is reaped: the first one's init waits for it


def test_a_clock_of_its_own_among_the_namespaces_of_others(subject: Subject) -> None:
    with subject.running({"linux": user_namespace()}) as pid:
        linux = {
            "namespaces": namespaces("time", **joined(pid, "user", "pid")),
            "timeOffsets": {"boottime": {"secs": 1000}},
        }
        offsets = second(subject, {"linux": linux}, "cat /proc/self/timens_offsets").split()
        assert offsets[-3:] == ["boottime", "1000", "0"]


def pid_inside(pid: int) -> int:
    """The pid of a process in the innermost namespace that it is in (proc_pid_status(5), NSpid)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("NSpid:")).split()[-1])


@contextmanager
def holder() -> Iterator[int]:
    """A process with a mount namespace of its own; it ends when its stdin closes."""
    command = ["unshare", "-m", "--propagation", "private", "sh", "-c", "echo ready; read line"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.pid
        process.stdin.close()


def test_a_mount_namespace_that_has_the_root_file_system(subject: Subject) -> None:
    with holder() as pid:
        linux = {"namespaces": namespaces(without=["mount"], **joined(pid, "mount"))}
        expected = links(pid, "mount")
        assert expected <= {*second(subject, {"linux": linux}, SHOW).split()}


def test_a_mount_namespace_without_the_root_file_system_is_refused(subject: Subject) -> None:
    with subject.running({}) as pid:
        linux = {"namespaces": namespaces(without=["mount"], **joined(pid, "mount"))}
        bundle = subject.make({"linux": linux}, FOREVER)
        outcome = subject.runtime.create(f"{subject.container}-b", bundle)
        assert outcome.exit_code == 1
        assert "root.path" in outcome.stderr
        assert "no such file or directory" in outcome.stderr


@pytest.mark.parametrize("kind", SHARED)
def test_a_path_that_is_not_there_is_named(subject: Subject, kind: str) -> None:
    config = {"hostname": None, "linux": {"namespaces": namespaces(without=[kind], **{kind: "/no/such"})}}
    assert "/no/such" in subject.refusal(config)


def test_a_path_to_another_type_of_namespace_is_refused(subject: Subject) -> None:
    refused = subject.refusal({"linux": {"namespaces": namespaces(network="/proc/self/ns/uts")}})
    assert "/proc/self/ns/uts" in refused
    assert "invalid argument" in refused

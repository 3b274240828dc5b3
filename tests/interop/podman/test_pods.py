"""podman's pods: containers that share namespaces, with an infra container and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.client import Client

pytestmark = pytest.mark.requires("root", "podman", "runc", "busybox")

IMAGE = "localhost/busybox"


@pytest.fixture
def pod(podman: Client, cgroup: str) -> Iterator[str]:
    """A pod with an infra container, whose network, ipc and uts namespaces all of it share."""
    name = "pod"
    podman(
        "pod", "create", "--name", name, "--network", "none", "--share", "ipc,net,uts", "--cgroup-parent", cgroup,
        "--infra-image", IMAGE, "--infra-command", "sleep 1000",
    )  # fmt: skip
    yield name
    podman("pod", "rm", "--force", "--time", "0", name)


def namespaces(podman: Client, container: str, *kinds: str) -> list[str]:
    script = "for kind in {}; do readlink /proc/self/ns/$kind; done".format(" ".join(kinds))
    return podman("exec", container, "sh", "-c", script).split()


def test_containers_share_the_namespaces_of_the_infra_container(podman: Client, pod: str) -> None:
    for name in ("first", "second"):
        podman("run", "--detach", "--pod", pod, "--name", name, IMAGE, "sleep", "1000")
    shared = ("ipc", "net", "uts")
    assert namespaces(podman, "first", *shared) == namespaces(podman, "second", *shared)
    assert namespaces(podman, "first", "mnt", "pid") != namespaces(podman, "second", "mnt", "pid")


def test_a_pod_is_paused_stopped_started_and_killed_as_one(podman: Client, pod: str) -> None:
    podman("run", "--detach", "--pod", pod, "--name", "member", IMAGE, "sleep", "1000")
    infra = podman("pod", "inspect", "--format", "{{.InfraContainerID}}", pod)
    for command, state in (
        ("pause", "Paused"),
        ("unpause", "Running"),
        ("stop", "Exited"),
        ("start", "Running"),
        ("kill", "Exited"),
    ):
        podman("pod", command, *(("--time", "0") if command == "stop" else ()), pod)
        if command == "kill":  # it does not wait for their end
            podman("wait", "member", infra)
        assert podman("pod", "ps", "--format", "{{.Status}}") == state


def test_containers_without_infra_join_each_other(podman: Client, cgroup: str) -> None:
    podman("pod", "create", "--infra=false", "--cgroup-parent", cgroup, "--name", "plain")
    podman("run", "--detach", "--pod", "plain", "--name", "owner", IMAGE, "sleep", "1000")
    join = ("--ipc", "container:owner", "--network", "container:owner", "--pid", "container:owner")
    inside = podman(
        "run", "--rm", "--pod", "plain", *join, IMAGE, "sh", "-c", "readlink /proc/self/ns/ipc; ps"
    )
    assert inside.splitlines()[0] == namespaces(podman, "owner", "ipc")[0]
    assert "sleep 1000" in inside
    podman("pod", "rm", "--force", "--time", "0", "plain")

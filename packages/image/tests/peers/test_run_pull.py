"""`tiffin run HOST:PORT/NAME:TAG`: pulled from a registry when --pull says so, and not asked for otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.image.tests.peers.callers import Callers
from packages.image.tests.peers.runnable import CONFIG, RAN

from tiffin.image.writing import write_layout
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.fault_proxy import FaultProxy
from tiffin_testing.images import busybox_layer, file, tar
from tiffin_testing.registry import Registry

pytestmark = [
    pytest.mark.tier("interop"),
    pytest.mark.requires("root", "overlayfs", "ns_mount", "busybox", "docker-registry", "skopeo", "umoci"),
]


def test_run_pulls_a_name_from_its_registry_as_pull_says(
    callers: Callers, registry: Registry, cgroup_parent: CgroupParent
) -> None:
    name = f"{registry.address}/policy/app:1"

    def push(marker: bytes) -> None:
        layout = callers.folder / f"layout-{marker.decode().strip()}"
        write_layout(str(layout), [busybox_layer(), tar(file("marker", marker))], CONFIG, "1")
        callers.skopeo("copy", "-q", "--dest-tls-verify=false", f"oci:{layout}:1", f"docker://{name}")

    def run(*flags: str) -> str:
        ran = callers.tiffin("run", "--rm", f"--cgroup-parent=/{cgroup_parent.name}", *flags, name)
        assert ran.code == 0, ran
        return ran.out

    missing = callers.tiffin("run", "--rm", "--pull=never", name)
    assert missing.code == 125
    assert "--pull=never" in missing.err
    push(b"first\n")
    assert run() == "first\n"
    push(b"second\n")
    assert run() == run("--pull=missing") == run("--pull=never") == "first\n"
    assert run("--pull=always") == "second\n"
    assert run("--pull=never") == "second\n"


@pytest.fixture
def watched(registry: Registry) -> Iterator[FaultProxy]:
    """The registry behind a proxy that notes what is asked for."""
    with FaultProxy(registry.address) as proxy:
        yield proxy


def test_what_is_there_is_not_asked_for(
    callers: Callers, original: Path, watched: FaultProxy, cgroup_parent: CgroupParent
) -> None:
    flags = ("--rm", f"--cgroup-parent=/{cgroup_parent.name}")
    name = f"{watched.address}/watched/app:1"
    callers.skopeo(
        "copy",
        "-q",
        "--dest-tls-verify=false",
        f"oci:{original}:1",
        f"docker://{watched.upstream}/watched/app:1",
    )
    assert callers.tiffin("run", *flags, name).out == RAN
    asked = len(watched.requests)
    assert callers.tiffin("run", *flags, name).out == RAN
    assert len(watched.requests) == asked
    assert callers.tiffin("run", *flags, "--pull=always", name).out == RAN
    again = [path for _, path, _ in watched.requests[asked:]]
    assert not [path for path in again if "/blobs/" in path]
    assert again

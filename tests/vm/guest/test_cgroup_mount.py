"""A mount of type `cgroup` in the container, and the cgroup namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tiffin_testing.bundle import default_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.vm.guest.container import Container

CGROUP = "/sys/fs/cgroup"
SAFE = ("nosuid", "nodev", "noexec", "relatime")
NAMESPACES = ("pid", "network", "ipc", "uts", "mount")


def config(*options: str, namespaces: tuple[str, ...]) -> dict[str, Any]:
    mount = {"destination": CGROUP, "type": "cgroup", "source": "cgroup", "options": [*SAFE, *options]}
    return {
        "mounts": [*default_config()["mounts"], mount],
        "linux": {"namespaces": [{"type": name} for name in namespaces]},
    }


def mounted(container: Container) -> tuple[str, str, str, str]:
    """Root, whether it may be written, type and source of the mount at /sys/fs/cgroup."""
    lines = [
        line for line in container.shell("cat /proc/self/mountinfo").splitlines() if f" {CGROUP} " in line
    ]
    assert len(lines) == 1
    left, _, right = lines[0].partition(" - ")
    fields, (kind, source, _) = left.split(" "), right.split(" ")
    return fields[3], fields[5].partition(",")[0], kind, source


def can_make_a_cgroup(container: Container) -> bool:
    return container.exec("mkdir", f"{CGROUP}/made").exit_code == 0


def test_read_only_in_a_cgroup_namespace(container_factory: Callable[..., Container]) -> None:
    container = container_factory(config=config("ro", namespaces=(*NAMESPACES, "cgroup"))).start()
    assert mounted(container) == ("/", "ro", "cgroup2", "cgroup")
    assert container.shell(f"cat {CGROUP}/cgroup.procs").split()[0] == "1"
    assert not can_make_a_cgroup(container)
    container.end()


def test_writable_in_a_cgroup_namespace(container_factory: Callable[..., Container]) -> None:
    container = container_factory(config=config(namespaces=(*NAMESPACES, "cgroup"))).start()
    assert mounted(container) == ("/", "rw", "cgroup2", "cgroup")
    assert can_make_a_cgroup(container)
    assert (container.cgroup / "made").is_dir()
    container.end()


def test_without_a_cgroup_namespace_the_whole_tree_shows(container_factory: Callable[..., Container]) -> None:
    container = container_factory(config=config("ro", namespaces=NAMESPACES)).start()
    assert mounted(container) == ("/", "ro", "cgroup2", "cgroup")
    path = container.bundle.config["linux"]["cgroupsPath"]
    assert container.shell("cat /proc/self/cgroup") == f"0::{path}\n"
    assert container.shell(f"cat {CGROUP}{path}/cgroup.procs").split()[0] == "1"
    container.end()


@pytest.mark.parametrize(
    "kinds", [("user", "cgroup"), ("user",)], ids=["cgroup namespace", "no cgroup namespace"]
)
def test_in_a_user_namespace(container_factory: Callable[..., Container], kinds: tuple[str, ...]) -> None:
    ids = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    made = config("ro", namespaces=(*NAMESPACES, *kinds))
    made["linux"] |= {"uidMappings": ids, "gidMappings": ids}
    container = container_factory(config=made).start()
    root, access, kind, _ = mounted(container)
    assert (access, kind) == ("ro", "cgroup2")
    assert root == "/"
    own = "" if "cgroup" in kinds else container.bundle.config["linux"]["cgroupsPath"]
    assert container.shell(f"cat {CGROUP}{own}/cgroup.procs").split()[0] == "1"
    assert not can_make_a_cgroup(container)
    container.end()


def test_the_cgroup_namespace_of_another_container_is_joined(
    container_factory: Callable[..., Container],
) -> None:
    first = container_factory().start()
    rows = [{"type": name} for name in NAMESPACES]
    rows.append({"type": "cgroup", "path": f"/proc/{first.pid}/ns/cgroup"})
    second = container_factory(config={"linux": {"namespaces": rows}}).start()
    name = second.cgroup.name
    assert second.shell("cat /proc/self/cgroup") == f"0::/../{name}\n"
    second.end()
    first.end()

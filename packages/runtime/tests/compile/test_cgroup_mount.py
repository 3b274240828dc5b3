"""A mount of type cgroup, with each layout of the host."""

from __future__ import annotations

import pytest
from packages.runtime.tests.compile.planning import (
    Config,
    OneGroup,
    Seen,
    config_of,
    created,
    mapped,
    namespaces,
)

from tiffin.runtime.cgroup.layout import Hierarchy, Layout
from tiffin.runtime.plan.operations import MOUNT_RECURSIVE

TOP = "/sys/fs/cgroup"
V2 = Layout(2, (), Hierarchy((), TOP, "/"))
V1 = Layout(
    1,
    (
        Hierarchy(("memory",), f"{TOP}/memory", "/"),
        Hierarchy(("cpu", "cpuacct"), f"{TOP}/cpu,cpuacct", "/"),
        Hierarchy(("name=systemd",), f"{TOP}/systemd", "/"),
    ),
)
HYBRID = V1.replace(unified=Hierarchy((), f"{TOP}/unified", "/"))
PATHS = {"memory": f"{TOP}/memory/c", "cpu": f"{TOP}/cpu,cpuacct/c", "name=systemd": f"{TOP}/systemd/c"}
SAFE = 2 | 4 | 8  # MS_NOSUID, MS_NODEV, MS_NOEXEC
RDONLY = 1
UNSHARED = ("mount", "pid")


def mounted(monkeypatch: pytest.MonkeyPatch, layout: Layout, linux: Config, *options: str) -> list[Seen]:
    """What becomes of the mount."""
    monkeypatch.setattr("tiffin.runtime.compile.cgroup_mount.detect_layout", lambda: layout)
    mount = {"destination": "/cg", "type": "cgroup", "source": "cgroup", "options": list(options)}
    manager = OneGroup({"unified": f"{TOP}/c"} if layout.version == 2 else PATHS)
    seen = created(config_of(mounts=[mount], linux=linux), manager=manager)
    return [one for one in seen if one.where == "mounts[0]"]


def rows(seen: list[Seen]) -> list[tuple[str, ...]]:
    return [(one.name, *(str(one.fields.get(key)) for key in ("source", "target", "data"))) for one in seen]


def test_v2_is_one_new_mount(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = mounted(monkeypatch, V2, {}, "ro", "nosuid", "memory_recursiveprot")
    assert found.fields == {
        "source": "cgroup", "target": "/cg", "type": "cgroup2", "data": "memory_recursiveprot", "flags": RDONLY | 2,
        "options": 0,
    }  # fmt: skip


def test_v2_in_a_user_namespace_without_one_of_cgroups_is_a_bind_of_the_hosts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (found,) = mounted(monkeypatch, V2, mapped(*UNSHARED), "ro")
    assert found.name == "bind"
    assert (found.fields["source"], found.fields["flags"]) == (TOP, RDONLY)  # the host's, as with runc
    assert found.fields["options"] == MOUNT_RECURSIVE


@pytest.mark.parametrize("layout", [V1, HYBRID])
def test_v1_is_a_tmpfs_with_a_mount_for_each_tree(monkeypatch: pytest.MonkeyPatch, layout: Layout) -> None:
    seen = mounted(monkeypatch, layout, {}, "ro")
    assert rows(seen) == [
        ("mount", "tmpfs", "/cg", "mode=755"),
        ("mount", "cgroup", "/cg/memory", "memory"),
        ("mount", "cgroup", "/cg/cpu,cpuacct", "cpu,cpuacct"),
        ("mount", "systemd", "/cg/systemd", "name=systemd"),
        ("symlink", "None", "cpu,cpuacct", "None"),
        ("symlink", "None", "cpu,cpuacct", "None"),
    ]
    assert [one.fields["path"] for one in seen[-2:]] == ["/cg/cpu", "/cg/cpuacct"]
    assert {one.fields["flags"] for one in seen[1:4]} == {SAFE | RDONLY}
    assert seen[0].fields["flags"] == SAFE


def test_v1_without_a_cgroup_namespace_binds_the_containers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    linux = {"namespaces": namespaces(*UNSHARED)}
    seen = mounted(monkeypatch, V1, linux, "ro", "slave")
    binds = [one for one in seen if one.name == "bind"]
    assert [(one.fields["source"], one.fields["target"]) for one in binds] == [
        (PATHS["memory"], "/cg/memory"),
        (PATHS["cpu"], "/cg/cpu,cpuacct"),
        (PATHS["name=systemd"], "/cg/systemd"),
    ]
    assert all(one.fields["flags"] & RDONLY and one.fields["options"] == MOUNT_RECURSIVE for one in binds)
    assert [one.fields["target"] for one in seen if one.name == "set_propagation"] == [
        "/cg/memory",
        "/cg/cpu,cpuacct",
        "/cg/systemd",
        "/cg",
    ]

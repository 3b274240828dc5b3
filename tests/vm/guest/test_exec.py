"""exec: which cgroup the process joins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.vm.guest.subjects import only_ours

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.vm.guest.container import Container

OWN = ("cat", "/proc/self/cgroup")


def test_the_containers_cgroup(container_factory: Callable[..., Container]) -> None:
    container = container_factory({"pids": {"limit": 50}}).start()
    assert container.exec(*OWN).must_succeed().stdout == "0::/\n"
    container.end()


def test_a_cgroup_inside(container_factory: Callable[..., Container]) -> None:
    container = container_factory().start()
    (container.cgroup / "a/b").mkdir(parents=True)
    assert container.exec(*OWN, flags=("--cgroup", "a/b")).must_succeed().stdout == "0::/a/b\n"
    assert container.exec(*OWN, flags=("--cgroup", "/a")).must_succeed().stdout == "0::/a\n"
    container.end()


@pytest.mark.parametrize("path", ["missing", "..", "a/../../x", "memory:a"])
def test_a_cgroup_that_is_not_inside_is_refused(
    container_factory: Callable[..., Container], path: str
) -> None:
    container = container_factory().start()
    assert container.exec(*OWN, flags=("--cgroup", path)).exit_code == 255
    container.end()


def test_where_init_is_if_the_containers_cgroup_may_have_no_process(
    container_factory: Callable[..., Container],
) -> None:
    """As systemd, or dockerd, in a container: init moved into a cgroup inside, and handed controllers down."""
    container = container_factory().start()
    inner = container.cgroup / "init.scope"
    inner.mkdir()
    (inner / "cgroup.procs").write_text(str(container.pid))
    (container.cgroup / "cgroup.subtree_control").write_text("+memory +pids")
    assert container.exec(*OWN).must_succeed().stdout == "0::/init.scope\n"
    assert container.exec(*OWN, flags=("--cgroup", "init.scope")).must_succeed().stdout == "0::/init.scope\n"
    container.end()


@pytest.mark.parametrize(
    "joined", [True, False], ids=["its own cgroup namespace", "the host's cgroup namespace"]
)
def test_user_namespace(container_factory: Callable[..., Container], joined: bool) -> None:  # noqa: FBT001
    names = ["pid", "network", "ipc", "uts", "mount", "user", *(["cgroup"] if joined else [])]
    ids = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    config = {
        "linux": {"namespaces": [{"type": name} for name in names], "uidMappings": ids, "gidMappings": ids}
    }
    container = container_factory({"memory": {"limit": 1 << 26}}, config=config).start()
    own = "" if joined else container.bundle.config["linux"]["cgroupsPath"]
    assert container.exec(*OWN).must_succeed().stdout == f"0::{own or '/'}\n"
    assert container.shell("id -u; cat /proc/self/uid_map").split() == ["0", "0", "100000", "65536"]
    (container.cgroup / "inner").mkdir()
    assert container.exec(*OWN, flags=("--cgroup", "inner")).must_succeed().stdout == f"0::{own}/inner\n"
    container.end()


@only_ours  # runc 1.1 has processes of its own in the cgroup for a moment
def test_only_the_process_itself_enters(container_factory: Callable[..., Container]) -> None:
    container = container_factory({"pids": {"limit": 2}}).start()
    container.exec("true").must_succeed()
    assert container.value("pids.peak") == "2"
    container.end()

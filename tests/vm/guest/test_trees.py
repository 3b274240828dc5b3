"""Cgroups that somebody else made above the container's: threaded ones, ones with processes, ones of another user."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.vm.guest.container import UNIFIED, Container
from tests.vm.guest.subjects import only_ours

from tiffin_testing.bundle import Bundle, default_config, merge_patch
from tiffin_testing.cgroups import remove_tree
from tiffin_testing.oci_runtime import OCIRuntime, new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiffin_testing.cgroups import CgroupParent

MB = 1 << 20
USER = 1000
DELEGATED = ("cgroup.procs", "cgroup.subtree_control", "cgroup.threads")


@pytest.fixture
def above(cgroup_parent: CgroupParent) -> Iterator[Path]:
    """A cgroup to put containers in."""
    folder = UNIFIED / f"{cgroup_parent.name}-above"
    folder.mkdir()
    yield folder
    remove_tree(folder)


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A process that does nothing."""
    pid = os.fork()
    if pid == 0:
        signal.pause()
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def inside(factory: Callable[..., Container], above: Path, resources: dict[str, Any]) -> Container:
    path = f"/{(above / 'container').relative_to(UNIFIED)}"
    return factory(resources, config={"linux": {"cgroupsPath": path}})


def test_below_a_threaded_cgroup_it_is_threaded(
    container_factory: Callable[..., Container], above: Path
) -> None:
    (above / "cgroup.type").write_text("threaded")
    container = inside(container_factory, above, {}).start()
    assert container.value("cgroup.type") == "threaded"
    assert container.value("cgroup.threads") == str(container.pid)
    container.exec("true").must_succeed()
    container.end()


def test_below_a_threaded_cgroup_there_is_no_memory_limit(
    container_factory: Callable[..., Container], above: Path
) -> None:
    (above / "cgroup.type").write_text("threaded")
    container = inside(container_factory, above, {"memory": {"limit": 64 * MB}})
    done = container.runtime.create(container.id, container.bundle)
    assert done.exit_code == 1
    assert not container.cgroup.exists()
    assert "domain controllers" in done.stderr


def test_below_a_cgroup_with_processes_there_is_no_memory_limit(
    container_factory: Callable[..., Container], above: Path, sleeper: int
) -> None:
    (above / "cgroup.procs").write_text(str(sleeper))
    container = inside(container_factory, above, {"memory": {"limit": 64 * MB}})
    assert container.runtime.create(container.id, container.bundle).exit_code == 1
    assert not container.cgroup.exists()


def test_below_a_cgroup_with_processes_it_runs_without_limits(
    container_factory: Callable[..., Container], above: Path, sleeper: int
) -> None:
    (above / "cgroup.procs").write_text(str(sleeper))
    container = inside(container_factory, above, {}).start()
    container.exec("true").must_succeed()
    container.end()


def test_below_a_cgroup_with_processes_their_number_can_be_limited(
    container_factory: Callable[..., Container], above: Path, sleeper: int
) -> None:
    (above / "cgroup.procs").write_text(str(sleeper))
    container = inside(container_factory, above, {"pids": {"limit": 20}}).start()
    assert container.values("pids.max", "cgroup.type") == {"pids.max": "20", "cgroup.type": "threaded"}
    container.exec("true").must_succeed()
    container.end()


@only_ours  # runc takes more from others' cgroup than it needs
def test_a_cgroup_with_processes_stays_as_it_is(
    container_factory: Callable[..., Container], above: Path, sleeper: int
) -> None:
    (above / "cgroup.procs").write_text(str(sleeper))
    container = inside(container_factory, above, {}).create()
    assert (above / "cgroup.type").read_text() == "domain\n"
    assert (above / "cgroup.subtree_control").read_text().strip() == ""
    container.end()


@only_ours  # runc 1.1 only warns
def test_a_cgroup_with_processes_is_not_used(
    container_factory: Callable[..., Container], above: Path, sleeper: int
) -> None:
    container = inside(container_factory, above, {})
    container.cgroup.mkdir()
    (container.cgroup / "cgroup.procs").write_text(str(sleeper))
    done = container.runtime.create(container.id, container.bundle)
    assert done.exit_code == 1
    assert Path(f"/proc/{sleeper}/status").read_text().find("State:\tZ") < 0


@pytest.fixture
def place_of_user() -> Iterator[Path]:
    """A folder of an ordinary user, who also gets through to the interpreter's library (only in the machine)."""
    Path("/root").chmod(0o755)
    folder = Path(tempfile.mkdtemp(prefix="user-"))
    os.chown(folder, USER, USER)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def delegated(above: Path) -> Path:
    """A cgroup that an ordinary user owns, with `session` in it for the user's own processes."""
    controllers = "+memory +pids +cpu"
    (UNIFIED / "cgroup.subtree_control").write_text(controllers)
    (above / "session").mkdir()
    for folder in (above, above / "session"):
        os.chown(folder, USER, USER)
        for name in DELEGATED:
            os.chown(folder / name, USER, USER)
    (above / "cgroup.subtree_control").write_text(controllers)
    return above


@only_ours  # for runc one would have to start a program as another user; it is the same code that is tested above
def test_an_ordinary_user_in_a_delegated_cgroup(
    subject: OCIRuntime, delegated: Path, place_of_user: Path, rootfs: Path
) -> None:
    path = f"/{(delegated / 'container').relative_to(UNIFIED)}"
    ids = [{"containerID": 0, "hostID": USER, "size": 1}]
    own = {
        "root": {"path": str(rootfs)},
        "linux": {
            "cgroupsPath": path,
            "resources": {"memory": {"limit": 64 * MB}, "pids": {"limit": 20}, "cpu": {"quota": 50000}},
            "uidMappings": ids,
            "gidMappings": ids,
        },
    }
    config = merge_patch(default_config(("sleep", "1000"), rootless=True), own)
    (place_of_user / "config.json").write_text(json.dumps(config))
    runtime = type(subject)(subject.command, place_of_user / "state")
    container = Container(runtime, new_id(), Bundle(place_of_user, config))
    as_user: dict[str, Any] = {"uid": USER, "cgroup": str(delegated / "session")}
    runtime.create(container.id, container.bundle, **as_user).must_succeed()
    runtime.call("start", container.id, **as_user).must_succeed()
    expected = {"memory.max": str(64 * MB), "pids.max": "20", "cpu.max": "50000 100000"}
    assert container.values(*expected) == expected
    assert container.exec("cat", "/proc/self/cgroup", **as_user).must_succeed().stdout == "0::/\n"
    runtime.call("update", "--pids-limit", "30", container.id, **as_user).must_succeed()
    assert container.value("pids.max") == "30"
    runtime.call("pause", container.id, **as_user).must_succeed()
    runtime.call("resume", container.id, **as_user).must_succeed()
    runtime.call("delete", "--force", container.id, **as_user).must_succeed()
    assert not container.cgroup.exists()

"""What tests drive a runtime with, on runc and crun: if these fail, the support is at fault, not a runtime of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin_testing.bundle import Bundle
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.leaks import Snapshot, leaks_since
from tiffin_testing.oci_runtime import OCIRuntime, RuntimeCallFailed, runtime_command

pytestmark = pytest.mark.requires("root", "busybox", "cgroup_writable")


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.requires(name)) for name in ("runc", "crun")])
def peer(request: pytest.FixtureRequest, tmp_path: Path, nothing_left: None) -> OCIRuntime:
    return OCIRuntime(runtime_command(request.param), tmp_path / "state")


def test_run_gives_back_output_and_exit_code(
    peer: OCIRuntime, bundle_factory: Callable[..., Bundle], container_id: str
) -> None:
    bundle = bundle_factory(args=["sh", "-c", "echo out; echo err >&2; exit 7"])
    outcome = peer.run(container_id, bundle)
    assert (outcome.exit_code, outcome.stdout) == (7, "out\n")
    assert "err" in outcome.stderr


def test_a_whole_life(peer: OCIRuntime, bundle_factory: Callable[..., Bundle], container_id: str) -> None:
    peer.create(container_id, bundle_factory(args=["sleep", "300"])).must_succeed()
    assert peer.status(container_id) == "created"
    peer.start(container_id).must_succeed()
    assert peer.exec(container_id, ["cat", "/proc/1/comm"]).must_succeed().stdout == "sleep\n"
    peer.kill(container_id, "KILL").must_succeed()
    peer.wait_stopped(container_id)
    assert peer.status(container_id) == "stopped"
    peer.delete(container_id).must_succeed()
    with pytest.raises(RuntimeCallFailed):
        peer.state(container_id)


def test_a_container_that_is_left_is_reported_and_removed(
    peer: OCIRuntime, bundle_factory: Callable[..., Bundle], container_id: str, cgroup_parent: CgroupParent
) -> None:
    before = Snapshot.take(cgroup_parent)
    peer.create(container_id, bundle_factory(args=["sleep", "300"])).must_succeed()
    left = leaks_since(before, cgroup_parent, [peer])
    assert any(container_id in line for line in left)
    assert leaks_since(before, cgroup_parent, [peer]) == []

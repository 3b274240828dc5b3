"""What the tests in the machine share: the subjects, and containers with cgroups of their own."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.vm.guest.container import Container
from tests.vm.guest.forked import ForkedRuntime

from tiffin_testing import leaks
from tiffin_testing.bundle import Bundle, default_config, merge_patch
from tiffin_testing.oci_runtime import OCIRuntime, new_id, runtime_command
from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiffin_testing.cgroups import CgroupParent

OURS = "tiffin-runtime"
ALL_CAPABILITIES = ["CAP_MKNOD", "CAP_SYS_ADMIN", "CAP_KILL", "CAP_DAC_OVERRIDE"]


@pytest.fixture(scope="session")
def subreaper() -> None:
    """In the place of the one that makes this process the parent of orphans.

    They are left to the machine's first process, a shell, which reaps them at once: an init whose pid namespace has a
    process that nobody reaps does not end.
    """


@pytest.fixture(params=["runc", OURS])
def subject(
    request: pytest.FixtureRequest, tmp_path: Path, cgroup_parent: CgroupParent
) -> Iterator[OCIRuntime]:
    """The real runc first, which tests the test; then ours. Fails the test if something is left behind."""
    command = runtime_command(request.param)
    root = tmp_path / "state"
    before = leaks.Snapshot.take(cgroup_parent)
    runtime = ForkedRuntime(command, root) if request.param == OURS else OCIRuntime(command, root)
    yield runtime
    left = leaks.leaks_since(before, cgroup_parent, [runtime])
    if left:
        pytest.fail("left behind:\n  " + "\n  ".join(left), pytrace=False)


@pytest.fixture(scope="session")
def rootfs() -> Path:
    """One for all containers: to make it takes a second. Every user can reach it; it goes with the machine."""
    folder = Path(tempfile.mkdtemp(prefix="rootfs-"))
    folder.chmod(0o755)
    return make_rootfs(folder / "root")


@pytest.fixture
def container_factory(
    subject: OCIRuntime, tmp_path: Path, rootfs: Path, cgroup_parent: CgroupParent
) -> Callable[..., Container]:
    """`container_factory(resources, args=[...], config=merge patch)`; deleted by force at the end by `subject`."""

    def make(
        resources: dict[str, Any] | None = None,
        *,
        args: tuple[str, ...] = ("sleep", "1000"),
        config: dict[str, Any] | None = None,
    ) -> Container:
        identifier = new_id()
        own = {
            "root": {"path": str(rootfs)},
            "process": {
                "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), ALL_CAPABILITIES)
            },
            "linux": {"cgroupsPath": cgroup_parent.path_for(identifier), "resources": resources or {}},
        }
        folder = tmp_path / identifier
        folder.mkdir()
        bundle = Bundle(folder, merge_patch(merge_patch(default_config(args), own), config or {}))
        (folder / "config.json").write_text(json.dumps(bundle.config))
        return Container(subject, identifier, bundle)

    return make

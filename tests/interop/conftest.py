"""What the interop tests share: the runtime in the middle, a folder, an image of busybox."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.oci_runtime import runtime_command
from tiffin_testing.rootfs import make_rootfs


@pytest.fixture(scope="module", params=["runc", "tiffin-runtime"])
def runtime(request: pytest.FixtureRequest) -> Path:
    """The real runc first, which tests the test; then ours in its place."""
    return Path(runtime_command(request.param)[-1])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Short, since sockets lie in it, and their paths have a limit of 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="tiffin-interop-", dir="/var/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def rootfs_archive(folder: Path) -> Path:
    """A tar of the tests' root file system."""
    make_rootfs(folder / "rootfs")
    archive = folder / "rootfs.tar"
    subprocess.run(["tar", "-C", str(folder / "rootfs"), "-cf", str(archive), "."], check=True)
    shutil.rmtree(folder / "rootfs")
    return archive


@pytest.fixture(scope="module")
def cgroup(cgroup_parent: CgroupParent) -> str:
    """A parent for the cgroups of what these tests run."""
    return cgroup_parent.path_for("interop")

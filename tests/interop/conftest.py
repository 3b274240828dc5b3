"""What the interop tests share: the runtime in the middle, a folder, an image of busybox, and the check for leaks."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.interop.leftovers import leftovers, states, wait_for_orphans

from tiffin_testing.leaks import Snapshot
from tiffin_testing.oci_runtime import runtime_command
from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin_testing.cgroups import CgroupParent

USUAL_STATE = (Path("/run/runc"), Path("/run/tiffin"))
MOST_LINES = 20


@pytest.fixture(scope="module", params=["runc", "tiffin-runtime"])
def runtime(request: pytest.FixtureRequest) -> Path:
    """The real runc first, which tests the test; then ours in its place."""
    return Path(runtime_command(request.param)[-1])


@pytest.fixture(scope="module")
def folder(runtime: Path) -> Iterator[Path]:
    """Short, since sockets lie in it, and their paths have a limit of 107 bytes. One for each runtime."""
    path = Path(tempfile.mkdtemp(prefix="tiffin-interop-", dir="/var/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def state(folder: Path) -> Path:
    """The state directory of the runtime, where its caller lets us choose one."""
    return folder / "state"


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
    return f"/{cgroup_parent.name}"


@pytest.fixture(scope="module")
def kept_by_caller() -> str:
    """What of a caller's own may stay, as a regular expression: nothing, unless a module says otherwise."""
    return "(?!)"


@pytest.fixture(scope="module", autouse=True)
def good_guest(
    cgroup_parent: CgroupParent, subreaper: None, folder: Path, state: Path, kept_by_caller: str
) -> Iterator[None]:
    """Fails where a caller and its runtime leave a process, mount, cgroup or state behind.

    It is checked when all tests of a module are through and the caller's daemon has ended.
    """
    roots = [state, folder / "exec/runtime-runc", *USUAL_STATE]
    before = Snapshot.take(cgroup_parent)
    yield
    wait_for_orphans(before)
    left = leftovers(before, cgroup_parent, kept_by_caller)
    left += [f"state {path}" for path in sorted(states(roots, folder))]
    if left:
        pytest.fail("left behind:\n  " + "\n  ".join(left[:MOST_LINES]), pytrace=False)

"""An ordinary user to whom root has given a cgroup: limits, pause and statistics work in it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tiffin_testing import ordinary_user
from tiffin_testing.bundle import make_bundle
from tiffin_testing.cgroups import CgroupParent, hierarchies
from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = [
    pytest.mark.tier("kernel"),  # root gives the cgroup away, and becomes the user only for the runtime
    pytest.mark.requires(
        "root", "userns_rootless", "userns_proc", "cgroup_v1", "cgroup_pids", "cgroup_freezer", "busybox"
    ),
]

ROOT = Path(__file__).parents[4]
SCRIPT = """
    rt() { "$@" </dev/null >/dev/null || exit; }
    rt "$@" create --bundle "$BUNDLE" "$ID"
    rt "$@" start "$ID"
    cat "$PIDS/pids.max"
    rt "$@" update --pids-limit 40 "$ID"
    cat "$PIDS/pids.max"
    rt "$@" pause "$ID"
    "$@" list --quiet; "$@" state "$ID" | grep status
    rt "$@" resume "$ID"
    "$@" ps --format json "$ID" | grep -c .
    rt "$@" delete --force "$ID"
    ls -d "$PIDS" 2>/dev/null || echo gone
"""


@pytest.fixture
def delegated(cgroup_parent: CgroupParent) -> Iterator[str]:
    """A cgroup in each v1 hierarchy that belongs to the user; gives its path below the mount points."""
    name = f"{cgroup_parent.name}/delegated"
    for point in hierarchies():
        if (point / "cgroup.controllers").exists():
            continue
        folder = point / name
        folder.mkdir(parents=True)
        for path in (folder, *folder.iterdir()):
            os.chown(path, ordinary_user.UID, ordinary_user.UID)
    _copy_cpuset(Path("/sys/fs/cgroup/cpuset"), name)
    yield f"/{name}"
    cgroup_parent.remove()


def _copy_cpuset(point: Path, name: str) -> None:
    """A new cpuset is empty, and nobody can be in it."""
    if not point.is_dir():
        return
    folder = point
    for part in name.split("/"):
        for file in ("cpuset.cpus", "cpuset.mems"):
            (folder / part / file).write_text((folder / file).read_text())
        folder /= part


@pytest.fixture
def users_folder() -> Iterator[Path]:
    """A folder that the user can reach; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="tiffin-delegated-") as folder:
        os.chown(folder, ordinary_user.UID, -1)
        yield Path(folder)


def rootless_config(cgroup: str) -> dict[str, Any]:
    mapping = [{"containerID": 0, "hostID": ordinary_user.UID, "size": 1}]
    return {
        "linux": {
            "uidMappings": mapping,
            "gidMappings": mapping,
            "cgroupsPath": cgroup,
            "resources": {"pids": {"limit": 30}},
        }
    }


def test_limits_and_the_freezer_work_in_a_cgroup_of_the_users(
    runtime_under_test: OCIRuntime, delegated: str, users_folder: Path, container_id: str
) -> None:
    cgroup = f"{delegated}/{container_id}"
    folder = users_folder / "bundle"
    bundle = make_bundle(folder, rootless_config(cgroup), args=["sleep", "1000"], rootless=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, ordinary_user.UID, ordinary_user.UID, follow_symlinks=False)
    environment = {
        **os.environ,
        "BUNDLE": str(bundle.path),
        "ID": container_id,
        "PIDS": f"/sys/fs/cgroup/pids{cgroup}",
    }
    reached = [ROOT, sys.prefix, sys.base_prefix]
    command = [sys.executable, ordinary_user.__file__]
    command += [part for path in reached for part in ("--reach", str(path))]
    done = subprocess.run(
        [*command, "--", "sh", "-c", SCRIPT, "sh", *runtime_under_test.command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done
    expected = f'30\n40\n{container_id}\n  "status": "paused",\n1\ngone\n'
    assert done.stdout == expected, done

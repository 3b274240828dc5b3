"""Each case of `linux.resources` ends in the same cgroup files, and the same cgroups, as with runc."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packages.runtime.tests.cgroup.host_cgroups import child, execute, memberships, settings_of
from packages.runtime.tests.cgroup.resource_cases import CASES

from tiffin.runtime.errors import RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiffin.runtime.cgroup.manager import CgroupManager
    from tiffin_testing.bundle import Bundle

pytestmark = pytest.mark.requires("root", "runc", "cgroup_writable")


@pytest.fixture
def runc(tmp_path: Path, container_id: str) -> Iterator[Callable[[Bundle], int | None]]:
    """Creates a container with runc; its pid, or None if runc refuses."""
    root = ["runc", "--root", str(tmp_path / "runc")]

    def create(bundle: Bundle) -> int | None:
        pid_file = tmp_path / "pid"
        command = [*root, "create", "--bundle", str(bundle.path), "--pid-file", str(pid_file), container_id]
        # The container keeps stdout: a pipe would be open for as long as it is.
        with (tmp_path / "log").open("wb") as log:
            done = subprocess.run(
                command, check=False, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=60
            )
        return int(pid_file.read_text()) if done.returncode == 0 else None

    yield create
    subprocess.run([*root, "delete", "--force", container_id], check=False, capture_output=True, timeout=60)


def host_paths(manager: CgroupManager, from_name: str, to_name: str) -> dict[str, str]:
    """The manager's directories, for another container of the same parent."""
    return {name: path.replace(from_name, to_name) for name, path in manager.paths().items()}


@pytest.mark.parametrize("name", CASES)
def test_same_files_as_runc(
    name: str,
    bundle_factory: Callable[..., Bundle],
    runc: Callable[[Bundle], int | None],
    manager_factory: Callable[[], CgroupManager],
) -> None:
    resources: dict[str, Any] = CASES[name]
    bundle = bundle_factory({"linux": {"resources": resources}, "process": {"args": ["sleep", "60"]}})
    pid = runc(bundle)
    theirs_path = bundle.config["linux"]["cgroupsPath"]
    manager = manager_factory()
    ours_path = "/" + "/".join(
        manager.paths()["devices" if manager.version == 1 else "unified"].split("/")[-2:]
    )
    if pid is None:
        with child() as process, pytest.raises(RuntimeFailure) as refused:
            execute(manager.create_operations(resources), pid=process.pid)
        assert "linux.resources" in f"{refused.value}{getattr(refused.value, 'where', '')}"
        return
    theirs = settings_of(host_paths(manager, ours_path, theirs_path))
    their_memberships = memberships(pid)
    with child() as process:
        warnings = execute(manager.create_operations(resources), pid=process.pid)
        ours, our_memberships = settings_of(manager.paths()), memberships(process.pid)
        manager.kill()
    assert ours == theirs
    assert len(ours) > 20
    assert {
        tree: path.replace(ours_path, theirs_path) for tree, path in our_memberships.items()
    } == their_memberships
    assert warnings == ()


def test_idle_which_runc_has_since_1_2(manager_factory: Callable[[], CgroupManager]) -> None:
    manager = manager_factory()
    with child() as process:
        execute(manager.create_operations({"cpu": {"idle": 1}}), pid=process.pid)
        values = settings_of(manager.paths())
    assert {name: values[name] for name in values if name.endswith("cpu.idle")}.popitem()[1] == "1\n"


def test_an_own_null_device_takes_the_default_rule_away(
    bundle_factory: Callable[..., Bundle],
    runc: Callable[[Bundle], int | None],
    manager_factory: Callable[[], CgroupManager],
) -> None:
    devices = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 5}]
    bundle = bundle_factory({"linux": {"devices": devices}, "process": {"args": ["sleep", "60"]}})
    assert runc(bundle) is not None
    manager = manager_factory()
    if manager.version != 1:
        pytest.skip("rules can be read back on cgroup v1 only")
    ours_path = "/" + "/".join(manager.paths()["devices"].split("/")[-2:])
    theirs = Path(
        manager.paths()["devices"].replace(ours_path, bundle.config["linux"]["cgroupsPath"]), "devices.list"
    )
    with child() as process:
        execute(manager.create_operations({}, devices=devices), pid=process.pid)
        ours = Path(manager.paths()["devices"], "devices.list").read_text()
    assert ours == theirs.read_text()
    assert "c 1:3 rwm" not in ours


def test_paths_of_relative_and_missing_cgroups_path(
    tmp_path: Path,
    bundle_factory: Callable[..., Bundle],
    runc: Callable[[Bundle], int | None],
    container_id: str,
) -> None:
    from tiffin.runtime.cgroup.manager import select_manager

    for path in ("", f"tiffin-test-relative/{container_id}"):
        bundle = bundle_factory({"process": {"args": ["sleep", "60"]}})
        config = json.loads((bundle.path / "config.json").read_text())
        config["linux"]["cgroupsPath"] = path
        (bundle.path / "config.json").write_text(json.dumps(config))
        assert runc(bundle) is not None
        root = ["runc", "--root", str(tmp_path / "runc")]
        state = json.loads((tmp_path / "runc" / container_id / "state.json").read_text())
        theirs = {name or "unified": directory for name, directory in state["cgroup_paths"].items()}
        manager = select_manager(cgroups_path=path, container_id=container_id)
        assert manager.paths() == theirs
        subprocess.run([*root, "delete", "--force", container_id], check=True, timeout=60)
        for directory in manager.paths().values():
            if path:
                Path(directory).parent.rmdir()

"""Whether the kernel's OOM killer took a process, or a child of it, is part of its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.shim.tests.monitor.scene import Scene, Scenes

from tiffin_testing.cgroups import CgroupParent

pytestmark = pytest.mark.requires("root", "cgroup_v1")

EAT = "tail /dev/zero"  # it looks for the end of a line


@pytest.fixture
def cgroup(cgroup_parent: CgroupParent) -> Iterator[Path]:
    """A memory cgroup of 16 MB."""
    path = Path(f"/sys/fs/cgroup/memory{cgroup_parent.path_for('oom')}")
    path.mkdir(parents=True)
    (path / "memory.limit_in_bytes").write_text("16M")
    yield path
    path.rmdir()


async def run_in(scene: Scene, cgroup: Path, script: str, name: str = "init") -> None:
    """Starts a process that is in the cgroup when it is adopted."""
    pid_file = str(scene.file("pid"))
    argv = (
        "/bin/sh",
        "-c",
        'echo $$ > "$0/cgroup.procs"; exec "$@"',
        str(cgroup),
        str(scene.orphan),
        pid_file,
    )
    spawn = scene.command(name, *()).replace(argv=(*argv, "/bin/sh", "-c", script), pid_file=pid_file)
    await scene.monitor.run(spawn)


async def test_a_process_that_it_killed(scene_of: Scenes, cgroup: Path) -> None:
    async with scene_of() as scene:
        await run_in(scene, cgroup, f"exec {EAT}")
        end = await scene.heard.end_of("init")
        assert (end.status, end.signal, end.oom_killed) == (137, 9, True)


async def test_init_of_which_it_killed_a_child(scene_of: Scenes, cgroup: Path) -> None:
    async with scene_of() as scene:
        await run_in(scene, cgroup, f"{EAT}; exit 5")
        end = await scene.heard.end_of("init")
        assert (end.status, end.oom_killed) == (5, True)


async def test_another_process_of_the_container_is_not_to_blame(scene_of: Scenes, cgroup: Path) -> None:
    async with scene_of() as scene:
        await run_in(scene, cgroup, f"{EAT}; exit 5", "exec-1")
        end = await scene.heard.end_of("exec-1")
        assert (end.status, end.oom_killed) == (5, False)


async def test_a_kill_by_somebody_is_none(scene_of: Scenes, cgroup: Path) -> None:
    async with scene_of() as scene:
        await run_in(scene, cgroup, "kill -9 $$")
        end = await scene.heard.end_of("init")
        assert (end.signal, end.oom_killed) == (9, False)

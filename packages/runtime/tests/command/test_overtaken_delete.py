"""A native `delete` that is overtaken: when it has the lock, the container of that name is another one, which runs."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")
HERE = Path(__file__).parent
FRONT = HERE.parents[1] / "front"


@pytest.fixture
def front(tmp_path: Path) -> Path:
    """The front, stopped for $AT_FLOCK where it locks a container; it finds no Python to hand over to."""
    program = tmp_path / "front"
    sources = [HERE / "at_flock.c", *sorted(FRONT.glob("*.c"))]
    command: list[str | Path] = [
        "gcc",
        "-std=gnu11",
        "-D_GNU_SOURCE",
        "-O1",
        "-Wl,--wrap=flock",
        "-o",
        program,
    ]
    subprocess.run([*command, *sources], check=True, timeout=60)
    return program


def test_the_new_container_is_left_alone(
    front: Path, ours: OCIRuntime, bundle_factory: Callable[..., Bundle], container_id: str
) -> None:
    def bundle(cgroup: str, *args: str) -> Bundle:
        return bundle_factory({"linux": {"cgroupsPath": f"/{container_id}-{cgroup}"}}, args=list(args))

    ours.run(container_id, bundle("old", "true"), "--keep").must_succeed()
    runtime = shlex.join([*ours.command, "--root", str(ours.root)])
    new = bundle("new", "sleep", "1000").path
    again = (
        f"{runtime} delete {container_id} && "
        f"{runtime} run --detach --bundle {new} {container_id} < /dev/null > /dev/null 2>&1"
    )
    overtaken = OCIRuntime([str(front)], ours.root)
    try:
        overtaken.call("delete", container_id, env={**os.environ, "AT_FLOCK": again})
        assert ours.status(container_id) == "running"
    finally:
        ours.delete(container_id, force=True).must_succeed()

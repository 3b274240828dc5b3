"""`scene_of`: a monitor with what it needs, and the check that nothing of it is left."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from packages.shim.tests.monitor.scene import Scene, Scenes

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def orphan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that stands in for an OCI runtime; native/orphan.c."""
    program = tmp_path_factory.mktemp("orphan") / "orphan"
    subprocess.run(
        [os.environ.get("CC", "gcc"), "-O1", "-D_GNU_SOURCE", "-o", program, HERE / "native/orphan.c"],
        check=True,
        timeout=60,
    )
    return program


@pytest.fixture
def scene_of(tmp_path: Path, orphan: Path, nothing_left: None) -> Scenes:
    """`async with scene_of() as scene`: a scene in a folder of its own, with a monitor that has started."""
    return lambda: Scene(tmp_path, orphan)

"""Bundles that have the probe, and the runtime with mounts of its own around it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.features.subject import Subject

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

SOURCE = Path(__file__).parent / "probe.c"


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled probe."""
    program = tmp_path_factory.mktemp("probe") / "probe"
    command: list[str | Path] = [
        "gcc",
        "-O1",
        "-static",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        program,
        SOURCE,
    ]
    subprocess.run(command, check=True, timeout=60)
    return program


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that the ids of any user namespace may enter: those of pytest are for their owner alone."""
    with tempfile.TemporaryDirectory(prefix="tiffin-features-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def subject(
    runtime_under_test: OCIRuntime,
    bundle_factory: Callable[..., Bundle],
    container_id: str,
    tmp_path: Path,
    probe: Path,
) -> Subject:
    """The runtime, asked by a test of one feature; Debian's runc and crun are older than these features."""
    if runtime_under_test.name in {"runc", "crun"}:
        pytest.skip(f"{runtime_under_test.name} lacks most of runtime-spec 1.3")

    def make(overrides: dict[str, Any], args: list[str]) -> Bundle:
        bundle = bundle_factory(overrides, args=args)
        shutil.copy2(probe, bundle.rootfs / "bin/probe")
        (bundle.rootfs / "mnt").mkdir()
        return bundle

    return Subject(runtime_under_test, make, container_id, tmp_path)

"""runc decides how severe a problem is: what it takes may be a warning at most, what it refuses must be an error.

The exceptions have a reason in the table. A config that runc takes and that we would refuse breaks real callers.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from packages.spec.tests.validation_cases import CASES, Case, base, patched

from tiffin.spec.runtime.validation import ERROR
from tiffin_testing.oci_runtime import OCIRuntime, new_id, runtime_command

PROGRAM = "int main(void) { return 0; }\n"


@pytest.fixture(scope="module")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root file system with one static program, /bin/true."""
    folder = tmp_path_factory.mktemp("rootfs")
    (folder / "bin").mkdir()
    source = folder / "true.c"
    source.write_text(PROGRAM)
    subprocess.run(["gcc", "-static", "-Os", "-o", folder / "bin/true", source], check=True)
    return folder


@pytest.fixture
def runc(tmp_path: Path) -> OCIRuntime:
    if shutil.which("runc") is None:
        pytest.skip("runc is not installed")
    return OCIRuntime(runtime_command("runc"), tmp_path / "state")


def accepted(runc: OCIRuntime, rootfs: Path, bundle: Path, config: dict[str, object]) -> tuple[bool, str]:
    """Whether runc runs the config to its end, and what it said."""
    bundle.mkdir()
    shutil.copytree(rootfs, bundle / "rootfs")
    (bundle / "config.json").write_text(json.dumps(config))
    container = new_id()
    try:
        done = runc.call("run", "--bundle", bundle, container)
    finally:
        runc.call("delete", "--force", container)
    return done.exit_code == 0, done.stderr


@pytest.mark.requires("root")
def test_runc_takes_the_base(runc: OCIRuntime, rootfs: Path, tmp_path: Path) -> None:
    assert accepted(runc, rootfs, tmp_path / "bundle", base()) == (True, "")


@pytest.mark.requires("root")
@pytest.mark.parametrize("case", [case for case in CASES if not case.host], ids=lambda case: case.name)
def test_severity_is_as_runc_has_it(case: Case, runc: OCIRuntime, rootfs: Path, tmp_path: Path) -> None:
    took, said = accepted(runc, rootfs, tmp_path / "bundle", patched(case.broken))
    refuses = case.severity == ERROR and not case.peer
    assert took is not refuses, said

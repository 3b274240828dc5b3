"""The command under test, and runc beside it; each with a state directory of its own that does not exist yet."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tiffin_testing.oci_runtime import OCIRuntime, runtime_command


@pytest.fixture
def ours(request: pytest.FixtureRequest, tmp_path: Path) -> OCIRuntime:
    """The runtime of --runtime; its native front answers what it can."""
    name = request.config.getoption("--runtime") or os.environ.get("TIFFIN_TEST_RUNTIME") or "tiffin-runtime"
    return OCIRuntime(runtime_command(name), tmp_path / "ours")


@pytest.fixture
def runc(tmp_path: Path) -> OCIRuntime:
    return OCIRuntime(runtime_command("runc"), tmp_path / "runc")

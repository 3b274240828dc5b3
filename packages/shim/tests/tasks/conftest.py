"""Each test of tasks runs on runc and on tiffin-runtime, and must leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import Keeper, Keeping, keeping

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import runtime_command

RUNTIMES = ("runc", "tiffin-runtime")


@pytest.fixture(params=RUNTIMES)
def keeper_of(
    request: pytest.FixtureRequest, tmp_path: Path, bundle_factory: Callable[..., Bundle], nothing_left: None
) -> Keeping:
    """`async with keeper_of() as keeper`."""
    binary = runtime_command(request.param)[-1]
    return lambda: keeping(Keeper(tmp_path, binary, bundle_factory))

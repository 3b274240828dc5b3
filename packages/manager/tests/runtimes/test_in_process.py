"""Tasks in the manager's own process: what cannot be cleaned up is not forgotten."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import pytest

from tiffin.manager.runtimes.bundles.bundle import Bundles
from tiffin.manager.runtimes.bundles.make import make_bundle
from tiffin.manager.runtimes.in_process.runtime import InProcessRuntime
from tiffin.manager.runtimes.table import RuntimeTable
from tiffin.manager.tasks.making import Maker
from tiffin.manager.tasks.request import Container, TaskRequest
from tiffin.manager.tasks.rootfs import Rootfs
from tiffin.runtime.errors import FailedPrecondition, OperationFailed, RuntimeFailure, TimedOut, Unavailable

if TYPE_CHECKING:
    from pathlib import Path


class Failing:
    """Tasks of which none can be cleaned up."""

    def __init__(self, error: RuntimeFailure) -> None:
        self._error = error

    async def clean_up(self, _: str) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (TimedOut("its monitor does not answer"), True),
        (FailedPrecondition("it was killed, and does not end"), True),
        (Unavailable("its monitor is gone"), True),
        (OperationFailed("its records cannot be read"), False),
    ],
)
async def test_the_bundle_of_what_may_live_still_stays(
    tmp_path: Path, error: RuntimeFailure, *, stays: bool
) -> None:
    bundles = Bundles(str(tmp_path / "root"), str(tmp_path / "state"))
    bundle = bundles.of("default", "c1")
    make_bundle(bundle, b"{}")
    runtime = InProcessRuntime(lambda *_: cast("Any", Failing(error)))
    assert await runtime.clean_up(bundle, cast("Any", None)) is None
    assert ("c1" in os.listdir(os.path.join(bundles.state, "default"))) is stays


class HalfMaking:
    """Tasks that are half made: making one fails, and so does undoing it. cleaned_up: the bundles that were there."""

    def __init__(self) -> None:
        self.cleaned_up: list[str] = []

    async def create(self, _: Any) -> None:
        raise OperationFailed("no such hook")

    async def clean_up(self, bundle: str) -> None:
        assert os.listdir(bundle)
        self.cleaned_up.append(bundle)


async def test_what_is_left_of_a_creation_is_cleaned_up_before_its_bundle_goes(tmp_path: Path) -> None:
    """Its record tells of a monitor that may live still."""
    tasks = HalfMaking()
    name = "io.containerd.half.v1"
    table = RuntimeTable(cast("Any", None), {name: InProcessRuntime(lambda *_: cast("Any", tasks))})
    bundle = Bundles(str(tmp_path / "root"), str(tmp_path / "state")).of("default", "c1")
    with pytest.raises(OperationFailed, match="hook"):
        await Maker(table, Rootfs(None), cast("Any", None), 60.0).make(
            bundle, Container("c1", None, name), TaskRequest("c1")
        )
    assert tasks.cleaned_up == [bundle.path]
    assert os.listdir(os.path.dirname(bundle.path)) == []

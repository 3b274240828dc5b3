"""`keeper_of`, as the tests of tasks have it, on our executor in this process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import NAMESPACE, Keeper, Keeping, keeping

from tiffin.shim.runtimes.in_process import Executor, InProcess
from tiffin.shim.runtimes.options import RuntimeOptions
from tiffin.shim.runtimes.port import OciRuntime
from tiffin_testing.bundle import Bundle


class InProcessKeeper(Keeper):
    """Its containers are made by `executor`."""

    executor: Executor

    def runtime_for(self, options: RuntimeOptions) -> OciRuntime:
        if options.binary:
            return super().runtime_for(options)
        return InProcess(self.executor, options, namespace=NAMESPACE, limits=self.limits)


@pytest.fixture
def keeper_of(tmp_path: Path, bundle_factory: Callable[..., Bundle], nothing_left: None) -> Keeping:
    """`async with keeper_of() as keeper`"""

    @contextlib.asynccontextmanager
    async def kept() -> AsyncIterator[Keeper]:
        made = InProcessKeeper(tmp_path, "", bundle_factory)
        with Executor(str(tmp_path / "state")) as made.executor:
            async with keeping(made) as keeper:
                yield keeper

    return kept

"""`keeper_of`, as the tests of tasks have it, on our executor in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import NAMESPACE, Keeper, Keeping, keeping

from tiffin.shim.runtimes.in_process import Executor, InProcess
from tiffin.shim.runtimes.options import RuntimeOptions
from tiffin.shim.runtimes.port import OciRuntime
from tiffin_testing.bundle import Bundle


class InProcessKeeper(Keeper):
    """Its containers are made by an executor, which comes to be with the first of them."""

    _executor: Executor | None = None

    @property
    def executor(self) -> Executor:
        if self._executor is None:
            self._executor = Executor(str(self.root))
        return self._executor

    async def finish(self) -> None:
        await super().finish()
        self.executor.close()
        self._executor = None

    def runtime_for(self, options: RuntimeOptions) -> OciRuntime:
        if options.binary:
            return super().runtime_for(options)
        return InProcess(self.executor, options, namespace=NAMESPACE, limits=self.limits)


@pytest.fixture
def keeper_of(tmp_path: Path, bundle_factory: Callable[..., Bundle], nothing_left: None) -> Keeping:
    """`async with keeper_of() as keeper`"""

    return lambda: keeping(InProcessKeeper(tmp_path, "", bundle_factory))

"""`InProcess`: the `OciRuntime` that is our executor itself; its verbs are those of the command line `tiffin-runtime`.

Containers made here and there are the same: `tiffin-runtime --root ROOT` finds them.
"""

from __future__ import annotations

import contextlib
import os
from functools import partial

from tiffin.runtime.errors import NotFound
from tiffin.runtime.lifecycle.delete import delete
from tiffin.runtime.lifecycle.kill import kill
from tiffin.runtime.lifecycle.pause import pause, resume
from tiffin.runtime.lifecycle.processes import process_ids
from tiffin.runtime.lifecycle.start import start

from ..limits import TimeLimits
from ..port import INIT
from .calls import run
from .making import Making
from .start import MonitorStarter
from .verbs import change_limits, dump, state_of, wait_for_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from ...monitor.client import Monitor
    from ...monitor.values import Streams
    from ..options import CheckpointOptions, RuntimeOptions
    from ..port import ContainerState, Creation, Execution
    from .executor import Executor
    from .stopping import Stop

    T = TypeVar("T")


class InProcess:
    """Our executor with one container's options; an `OciRuntime`.

    Args:
        namespace: the last part of its root.
        limits: how long each verb may take.
    """

    host_processes = True

    def __init__(
        self, executor: Executor, options: RuntimeOptions, *, namespace: str, limits: TimeLimits | None = None
    ) -> None:
        self.options = options
        self.limits = limits or TimeLimits()
        self._executor = executor
        self._settings = executor.settings(options, namespace)
        self.root = self._settings.root

    async def create(self, monitor: Monitor, identifier: str, creation: Creation) -> int:
        """See `OciRuntime`."""
        making = self._making(monitor, identifier, INIT, creation.streams)
        if creation.restoration is None:
            return await self._start("create", making, lambda stop: making.create(creation.bundle, stop))
        restoration = creation.restoration
        return await self._start(
            "restore", making, lambda stop: making.restore(creation.bundle, restoration, stop)
        )

    async def execute(self, monitor: Monitor, identifier: str, execution: Execution) -> int:
        """See `OciRuntime`."""
        making = self._making(monitor, identifier, execution.name, execution.streams)
        return await self._start("exec", making, lambda stop: making.execute(execution.process, stop))

    async def start(self, identifier: str) -> None:
        """See `OciRuntime`."""
        await self._call(
            "start", identifier, lambda stop: start(self._settings, identifier, stop=stop.descriptor)
        )

    async def kill(self, identifier: str, signal: int, *, everything: bool = False) -> None:
        """See `OciRuntime`."""
        await self._call(
            "kill", identifier, lambda _: kill(self._settings, identifier, signal, every=everything)
        )

    async def delete(self, identifier: str, *, force: bool = False) -> None:
        """See `OciRuntime`."""
        await self._call(
            "delete",
            identifier,
            lambda stop: delete(self._settings, identifier, force=force, stop=stop.descriptor),
        )

    async def pause(self, identifier: str) -> None:
        """See `OciRuntime`."""
        await self._call("pause", identifier, lambda _: pause(self._settings, identifier))

    async def resume(self, identifier: str) -> None:
        """See `OciRuntime`."""
        await self._call("resume", identifier, lambda _: resume(self._settings, identifier))

    async def update(self, identifier: str, resources: bytes) -> None:
        """See `OciRuntime`."""
        await self._call("update", identifier, lambda _: change_limits(self._settings, identifier, resources))

    async def pids(self, identifier: str) -> list[int]:
        """See `OciRuntime`."""
        return list(await self._call("ps", identifier, lambda _: process_ids(self._settings, identifier)))

    async def checkpoint(self, identifier: str, options: CheckpointOptions) -> None:
        """See `OciRuntime`."""
        await self._call(
            "checkpoint", identifier, lambda stop: dump(self._settings, identifier, options, stop)
        )

    async def state(self, identifier: str) -> ContainerState:
        """See `OciRuntime`."""
        return await self._call("state", identifier, lambda _: state_of(self._settings, identifier))

    async def settle(self, identifier: str) -> None:
        """See `OciRuntime`. What a predecessor has left half-made ends with it, and holds the lock until then."""
        with contextlib.suppress(NotFound):
            await self._call(
                "settle", identifier, lambda stop: wait_for_lock(self._settings, identifier, stop)
            )

    def _making(self, monitor: Monitor, identifier: str, name: str, streams: Streams) -> Making:
        return Making(
            self._settings,
            self._executor.known,
            self.options,
            identifier,
            MonitorStarter(monitor, name, streams),
        )

    async def _start(self, verb: str, making: Making, work: Callable[[Stop], int]) -> int:
        try:
            return await self._call(verb, making.identifier, work)
        except BaseException:  # cancelled calls, too: it may have been done before it heard of that
            await making.starter.end()
            raise

    async def _call(self, verb: str, identifier: str, work: Callable[[Stop], T]) -> T:
        seconds = self.limits.of(verb)
        is_known = partial(os.path.lexists, os.path.join(self.root, identifier))
        return await run(self._executor.threads, verb, identifier, seconds, work, is_known=is_known)

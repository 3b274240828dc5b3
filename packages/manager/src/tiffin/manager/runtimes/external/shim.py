"""`Shim`: the connection to a shim for one task, what its end means, and what is cleaned up then."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.runtime.task.v2.shim_pb2 import ShutdownRequest
from tiffin.manager.runtimes.bundles.discard import discard
from tiffin.manager.runtimes.values import Exit
from tiffin.runtime.errors import RuntimeFailure, TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.external.connections import Connection
    from tiffin.manager.runtimes.external.log import ShimLog
    from tiffin.manager.runtimes.external.program import ShimProgram

LOG = logging.getLogger("tiffin.manager.shim")
SHUTDOWN = 3.0  # seconds that a shim gets to end
UNKNOWN_EXIT = 255  # where nobody can say how a process ended


class Shim:
    """Of one bundle; several may share a process. `watch` waits for its end.

    Args:
        connection: to it.
        program: what cleans up after it; None where another task's shim has it (a sandbox's).
        log: what it writes; None where it writes to another bundle's.
    """

    def __init__(
        self, bundle: Bundle, connection: Connection, program: ShimProgram | None, log: ShimLog | None
    ) -> None:
        self.bundle = bundle
        self.connection = connection
        self._program = program
        self._log = log
        self._expected = False
        self._watch: asyncio.Task[None] | None = None

    def watch(self, lost: Callable[[Exit], None]) -> None:
        """Calls `lost` when the connection ends without our doing, once all is removed that the shim has left."""
        self._watch = asyncio.get_running_loop().create_task(self._watched(lost))

    async def _watched(self, lost: Callable[[Exit], None]) -> None:
        await self.connection.wait_closed()
        if self._expected:
            return
        LOG.warning("the shim of %s has gone; what it left is removed", self.bundle.id)
        self._close_log()
        lost(await clean_up(self.bundle, self._program))

    async def end(self) -> None:
        """The task is deleted: the shim may go, and the bundle is removed."""
        self._expected = True
        try:
            async with asyncio.timeout(SHUTDOWN):
                await self.connection.call("Shutdown", ShutdownRequest(id=self.bundle.id), Empty)
        except TimeoutError:
            LOG.warning("the shim of %s does not end: it has had %g s", self.bundle.id, SHUTDOWN)
        except RuntimeFailure:
            pass  # it has gone while it answered, or has other tasks
        await self.give_up()
        await discard(self.bundle)

    async def give_up(self) -> None:
        """Closes the connection; the shim lives on."""
        self._expected = True
        await self.connection.close()
        if self._watch is not None:
            await self._watch
        self._close_log()

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()


async def clean_up(bundle: Bundle, program: ShimProgram | None) -> Exit:
    """Removes what a dead shim has left: the container, by the shim's own program, then the bundle."""
    exit_ = Exit(0, UNKNOWN_EXIT, time.time_ns())
    if program is not None:
        try:
            exit_ = await program.delete(bundle)
        except TimedOut as error:
            LOG.warning("cleaning up after the shim of %s: %s", bundle.id, error)
            return (
                exit_  # its processes live, in state D: the bundle stays, so that a later try knows of them
            )
        except RuntimeFailure as error:
            LOG.warning("cleaning up after the shim of %s: %s", bundle.id, error)
    await discard(bundle)
    return exit_ if exit_.at > 0 else exit_.replace(at=time.time_ns())

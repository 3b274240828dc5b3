"""`Shim`: the connection to a shim for one task, and what its end means.

A shim that can take its tasks back is started again (`taking_back`), and the connection is replaced; what another one
has left is removed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, TypeVar

from tiffin.manager.runtimes.bundles.discard import discard
from tiffin.manager.runtimes.external.connections import ask_to_end
from tiffin.manager.runtimes.external.taking_back import Deaths
from tiffin.manager.runtimes.values import Exit
from tiffin.runtime.errors import NotFound, RuntimeFailure, TimedOut, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.external.connections import Connection
    from tiffin.manager.runtimes.external.log import ShimLog
    from tiffin.manager.runtimes.external.program import ShimProgram
    from tiffin.manager.runtimes.external.taking_back import TakingBack

R = TypeVar("R", bound="Message")
LOG = logging.getLogger("tiffin.manager.shim")
UNKNOWN_EXIT = 255  # where nobody can say how a process ended
SETTLE = 15.0  # seconds for cleaning up when we are closed; the rest is left to the next start


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
        self._deleted = False
        self._taking_back = False
        self._watch: asyncio.Task[None] | None = None
        # while there is no connection: until there is one, or none will be
        self._next: asyncio.Future[None] | None = None

    async def call(self, method: str, request: Message, response: type[R]) -> R:
        """Calls a method, of a new shim if this one has died.

        Raises:
            Unavailable: it died meanwhile, or for good. NotFound: the task was deleted meanwhile.
        """
        await self._settled()
        try:
            return await self.connection.call(method, request, response)
        except Unavailable as error:
            raise self._meaning(error) from error

    async def ask(self, method: str, request: Message, response: type[R]) -> R:
        """The same for what changes nothing: if the shim dies meanwhile, the next one is asked."""
        while True:
            await self._settled()
            asked = self.connection
            try:
                return await asked.call(method, request, response)
            except Unavailable as error:
                if asked.connected:
                    raise
                await self._settled()
                if asked is self.connection:  # there is no other
                    raise self._meaning(error) from error

    def _meaning(self, error: Unavailable) -> RuntimeFailure:
        return NotFound(f"task {self.bundle.id} was deleted") if self._deleted else error

    async def _settled(self) -> None:
        """Returns when the connection stands, or there will be no other."""
        if not self.connection.connected and self._watched_over() and not self._expected:
            if self._next is None:
                self._next = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._next)

    def _watched_over(self) -> bool:
        return self._watch is not None and not self._watch.done()

    def _settle(self) -> None:
        if self._next is not None:
            self._next.set_result(None)
            self._next = None

    def watch(
        self, taking_back: TakingBack, returned: Callable[[], None], lost: Callable[[Exit], None]
    ) -> None:
        """When the connection ends without our doing, calls `returned` if another shim has taken the task.

        Else calls `lost`, once all is removed that the shim has left.
        """
        self._watch = asyncio.get_running_loop().create_task(self._watched(taking_back, returned, lost))
        self._watch.add_done_callback(self._watch_ended)

    def _watch_ended(self, watch: asyncio.Task[None]) -> None:
        self._settle()
        if not watch.cancelled() and (error := watch.exception()) is not None:
            LOG.error("nobody watches the shim of %s any more", self.bundle.id, exc_info=error)

    async def _watched(
        self, taking_back: TakingBack, returned: Callable[[], None], lost: Callable[[Exit], None]
    ) -> None:
        deaths = Deaths()
        while True:
            await self.connection.wait_closed()
            if self._expected:
                return
            self._taking_back = True
            connection = await taking_back.connection(self.bundle, self._program, deaths)
            self._taking_back = False
            if self._is_over():
                await _close(connection)
                return
            if connection is None:
                break
            self.connection = connection
            self._settle()
            returned()
        LOG.warning("the shim of %s has gone; what it left is removed", self.bundle.id)
        self._expected = True
        self._settle()
        self._close_log()
        lost(await clean_up(self.bundle, self._program))

    def _is_over(self) -> bool:
        return self._expected

    async def end(self) -> None:
        """The task is deleted: the shim may go, and the bundle is removed."""
        self._expected = self._deleted = True
        await ask_to_end(self.connection, self.bundle.id)
        await self.give_up()
        await discard(self.bundle)

    async def give_up(self) -> None:
        """Closes the connection; the shim lives on."""
        self._expected = True
        self._settle()
        await self.connection.close()
        if self._watch is not None:
            if self._taking_back:  # whoever comes next does it
                self._watch.cancel()
            await asyncio.wait([self._watch], timeout=SETTLE)
            self._watch.cancel()
        self._close_log()

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()


async def _close(connection: Connection | None) -> None:
    if connection is not None:
        await connection.close()


async def clean_up(bundle: Bundle, program: ShimProgram | None) -> Exit:
    """Removes what a dead shim has left: the container, by the shim's own program, then the bundle."""
    exit_ = Exit(0, UNKNOWN_EXIT, time.time_ns())
    if program is not None:
        try:
            exit_ = await program.delete(bundle)
        except TimedOut as error:
            LOG.warning("cleaning up after the shim of %s: %s", bundle.id, error)
            return exit_  # its processes live, in state D: a later try knows of them by the bundle
        except (RuntimeFailure, OSError) as error:
            LOG.warning("cleaning up after the shim of %s: %s", bundle.id, error)
    await discard(bundle)
    return exit_ if exit_.at > 0 else exit_.replace(at=time.time_ns())

"""`TakingBack`: a shim that has died is started again in its bundle, if it is of a kind that takes its tasks back.

Such a shim holds no process itself, and says so in its `-info`, by the annotation `dev.tiffin.shim.takes-back`. Any
other one has its containers cleaned up, as containerd does with all; and so has one that dies again and again.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError

from tiffin.api.containerd.runtime.task.v2.shim_pb2 import ShutdownRequest, StateRequest, StateResponse
from tiffin.manager.runtimes.external import bootstrap
from tiffin.manager.runtimes.external.connections import connect
from tiffin.runtime.errors import NotFound, RuntimeFailure, TimedOut, Unavailable, Unsupported

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.external.connections import Connection
    from tiffin.manager.runtimes.external.program import ShimProgram

LOG = logging.getLogger("tiffin.manager.shim")
ANNOTATION = "dev.tiffin.shim.takes-back"
QUICK = 3.0  # seconds: one that dies sooner after it has come back counts with its last death
MOST = 5  # such deaths in a row
FIRST_DELAY = 0.1  # seconds before another try, doubled with each
ANSWER = 60.0  # seconds that a shim has to take its tasks back


class Deaths:
    """Those of one task's shim. in_a_row: since it last lived for a while."""

    def __init__(self) -> None:
        self.in_a_row = 0
        self._back = -math.inf

    def died(self) -> None:
        """It has died."""
        self.in_a_row = self.in_a_row + 1 if time.monotonic() - self._back < QUICK else 1

    def failed(self) -> None:
        """It could not be started."""
        self.in_a_row += 1

    def returned(self) -> None:
        """It has its task again."""
        self._back = time.monotonic()


class _Turn:
    """Of the tasks that share a shim: one at a time may start it. starts: how often that was done."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.starts = 0


class TakingBack:
    """Of all shims of a manager: what a program has said of itself is asked once."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, int, int], asyncio.Task[bool]] = {}
        self._turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()

    async def connection(
        self, bundle: Bundle, program: ShimProgram | None, deaths: Deaths
    ) -> Connection | None:
        """A connection to a shim that has the task of a bundle, started if need be; None: it is to be cleaned up."""
        deaths.died()
        while program is not None and deaths.in_a_row <= MOST:
            try:
                if not await self._takes_back(program):
                    return None
                connection = await self._connection(bundle, program)
                deaths.returned()
                return connection
            except NotFound as error:
                LOG.warning("the new shim of %s has no task: %s", bundle.id, error)
                return None
            except (RuntimeFailure, OSError) as error:
                LOG.warning("the shim of %s cannot be started again: %s", bundle.id, error)
                deaths.failed()
                await asyncio.sleep(FIRST_DELAY * 2**deaths.in_a_row)
        if program is not None:
            LOG.warning("the shim of %s dies again and again: it is given up", bundle.id)
        return None

    async def _connection(self, bundle: Bundle, program: ShimProgram) -> Connection:
        """To the shim that somebody else has started already, else to a new one, which the first who comes starts.

        A shim is asked without holding the turn: the other tasks do not wait for one that does not answer.
        """
        turn = self._turns.setdefault(_address(bundle), _Turn())
        seen = turn.starts
        with suppress(Unavailable):
            return await _checked(bundle)
        async with turn.lock:
            if turn.starts == seen:
                LOG.warning("the shim of %s has died, and is started again", bundle.id)
                bootstrap.keep(bundle, await program.start(bundle, None))
                turn.starts += 1
        return await _checked(bundle)

    async def _takes_back(self, program: ShimProgram) -> bool:
        """Whether it is of that kind. Raises OSError, TimedOut, OperationFailed: it cannot be told now."""
        status = os.stat(program.path)
        key = (program.path, status.st_ino, status.st_mtime_ns)
        known = self._said.get(key)
        if known is None or (known.done() and (known.cancelled() or known.exception() is not None)):
            known = self._said[key] = asyncio.get_running_loop().create_task(_says(program))
        return await asyncio.shield(known)


async def _says(program: ShimProgram) -> bool:
    try:
        info = await program.info(None)
    except (Unsupported, DecodeError):  # it has no `-info`: one of before containerd 2.0
        return False
    return info.annotations[ANNOTATION] == "true"


async def _checked(bundle: Bundle) -> Connection:
    """To the shim that the bundle names. One that was just killed may take a connection, no more: it must answer.

    Raises:
        Unavailable: there is none. NotFound: it has no such task, and was asked to end. RuntimeFailure: it may be ill.
    """
    try:
        endpoint = bootstrap.kept(bundle)
    except NotFound as error:
        raise Unavailable(str(error)) from error
    connection = await connect(endpoint)
    await _check(bundle, connection)
    return connection


async def _check(bundle: Bundle, connection: Connection) -> None:
    """Raises NotFound: it has no such task; RuntimeFailure. Then the connection is closed."""
    try:
        async with asyncio.timeout(ANSWER):
            await connection.call("State", StateRequest(id=bundle.id), StateResponse)
    except TimeoutError as error:
        await connection.close()
        raise TimedOut(f"it has not answered in {ANSWER:g} s") from error
    except NotFound:
        with suppress(RuntimeFailure):  # it ends while it answers, unless it has other tasks
            await connection.call("Shutdown", ShutdownRequest(id=bundle.id), Empty)
        await connection.close()
        raise
    except BaseException:
        await connection.close()
        raise


def _address(bundle: Bundle) -> str:
    """Of its shim; where it has none, what is nobody else's."""
    try:
        return bootstrap.kept(bundle).address
    except RuntimeFailure:
        return bundle.path

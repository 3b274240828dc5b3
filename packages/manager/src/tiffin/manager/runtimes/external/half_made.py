"""`has_task`: whether a shim that was found after a restart has its task, or was being made when we were killed.

A shim that makes its task still does not know it yet, and does not end when it is asked to: then it is asked again.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tiffin.api.containerd.runtime.task.v2.shim_pb2 import StateRequest, StateResponse
from tiffin.manager.runtimes.external.connections import ask_to_end
from tiffin.runtime.errors import NotFound, RuntimeFailure, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.external.connections import Connection

LOG = logging.getLogger("tiffin.manager.shim")
ANSWER = 5.0  # seconds that a shim gets to answer, as from containerd (io.containerd.timeout.shim.load)
MAKING = 10.0  # and to have made its task
PAUSE = 0.2


async def has_task(bundle: Bundle, connection: Connection, unmade: Callable[[], None]) -> bool:
    """False: it has none, and was asked to end. One that does not answer has it: the machine may be slow.

    Unless it has the task, the connection is closed.

    Args:
        unmade: called when it has told that it has none, and does not end: it will be asked again.

    Raises:
        Unavailable: it has died while it was asked.
    """
    async with AsyncExitStack() as undo:
        undo.push_async_callback(connection.close)
        loop = asyncio.get_running_loop()
        end = loop.time() + MAKING
        while not await _knows(bundle, connection):
            await ask_to_end(connection, bundle.id)
            if await _ends(connection) or loop.time() > end:  # the latter: it has others, of the same pod
                LOG.info("the shim of %s has no task", bundle.id)
                return False
            unmade()
        undo.pop_all()
    return True


async def _knows(bundle: Bundle, connection: Connection) -> bool:
    try:
        async with asyncio.timeout(ANSWER):
            await connection.call("State", StateRequest(id=bundle.id), StateResponse)
    except TimeoutError:
        LOG.warning("the shim of %s has not answered in %g s", bundle.id, ANSWER)
    except NotFound as error:
        LOG.debug("the shim of %s has no task: %s", bundle.id, error)
        return False
    except Unavailable:
        raise
    except RuntimeFailure as error:
        LOG.warning("the shim of %s cannot tell how its task is: %s", bundle.id, error)
    return True


async def _ends(connection: Connection) -> bool:
    """Whether it ends now."""
    try:
        async with asyncio.timeout(PAUSE):
            await connection.wait_closed()
    except TimeoutError:
        return False
    return True

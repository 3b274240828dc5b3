"""`has_task`: whether a shim that was found after a restart has its task, or was being made when we were killed.

A shim that makes its task still does not know it yet, and does not end when it is asked to: then it is asked again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from tiffin.runtime.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from tiffin.manager.runtimes.external.shim import Shim
    from tiffin.manager.runtimes.external.task import ExternalTask

LOG = logging.getLogger("tiffin.manager.shim")
ANSWER = 10.0  # seconds that a shim gets to answer
MAKING = 10.0  # and to have made its task
PAUSE = 0.2


async def has_task(shim: Shim, task: ExternalTask) -> bool:
    """False: it has none, and was asked to end. One that does not answer has it: the machine may be slow."""
    loop = asyncio.get_running_loop()
    end = loop.time() + MAKING
    while True:
        try:
            async with asyncio.timeout(ANSWER):
                await task.state("")
            return True
        except TimeoutError:
            LOG.warning("the shim of %s has not answered in %g s", shim.bundle.id, ANSWER)
            return True
        except Unavailable as error:
            LOG.warning("the shim of %s has just died: %s", shim.bundle.id, error)
            return False
        except NotFound as error:
            LOG.info("the shim of %s has no task: %s", shim.bundle.id, error)
        await shim.ask_to_end()
        if await _ends(shim) or loop.time() > end:  # the latter: it has others, of the same pod
            return False


async def _ends(shim: Shim) -> bool:
    """Whether it ends now."""
    try:
        async with asyncio.timeout(PAUSE):
            await shim.connection.wait_closed()
    except TimeoutError:
        return False
    return True

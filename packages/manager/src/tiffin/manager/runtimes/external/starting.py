"""`new_connection`: has a shim started; who gives that up leaves none.

A shim goes on when the program that has started it is killed. It waits then for a reader of its log, with the socket of
its name, where the next start of that name finds it: that one's task would never be made. So the start is waited for
still, and the shim is asked to end.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from tiffin.manager.runtimes.external import bootstrap
from tiffin.manager.runtimes.external.connections import ask_to_end, connect
from tiffin.manager.runtimes.external.leftovers import kill_shims
from tiffin.manager.runtimes.undoing import to_the_end
from tiffin.runtime.errors import TimedOut, Unavailable

if TYPE_CHECKING:
    from google.protobuf.any_pb2 import Any

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.external.connections import Connection
    from tiffin.manager.runtimes.external.program import ShimProgram

LOG = logging.getLogger("tiffin.manager.shim")
PATIENCE = 10.0  # seconds for a start that was given up


async def new_connection(bundle: Bundle, program: ShimProgram, options: Any | None) -> Connection:
    """Starts a shim, whose log must have a reader until this has ended, also if it is cancelled.

    Raises:
        OperationFailed, TimedOut: it does not start. Unavailable: it has started, and does not take connections.
    """
    starting = asyncio.get_running_loop().create_task(_started(bundle, program, options))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await to_the_end(_undone(bundle, program, starting))
        raise
    except TimedOut:  # what it has started may be there
        await kill_shims(bundle, program.path)
        raise


async def _started(bundle: Bundle, program: ShimProgram, options: Any | None) -> Connection:
    """Once more where the shim that `start` has found for it was just ending."""
    for last in (False, False, True):
        endpoint = await program.start(bundle, options)
        bootstrap.keep(bundle, endpoint)
        try:
            return await connect(endpoint)
        except Unavailable:
            if last:
                raise
    raise AssertionError("the last one returns or raises")


async def _undone(bundle: Bundle, program: ShimProgram, starting: asyncio.Task[Connection]) -> None:
    await asyncio.wait([starting], timeout=PATIENCE)
    if not starting.done():
        LOG.warning("the start of a shim of %s was given up %g s ago, and is killed", bundle.id, PATIENCE)
        starting.cancel()
        await asyncio.wait([starting])
        await kill_shims(bundle, program.path)
    elif starting.exception() is None:
        connection = starting.result()
        await ask_to_end(connection, bundle.id)
        await connection.close()

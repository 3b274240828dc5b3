"""`create_in`: has a shim make its task; who gives that up leaves none.

A shim goes on when its caller has gone, for its protocol cannot stop a call. So the answer is waited for still, and
what was made is deleted: else the shim would keep a task that nobody knows, and with it the name for ever.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from tiffin.api.containerd.runtime.task.v2 import shim_pb2
from tiffin.api.containerd.types.mount_pb2 import Mount as MountMessage
from tiffin.manager.runtimes.undoing import to_the_end
from tiffin.runtime.errors import RuntimeFailure

if TYPE_CHECKING:
    from tiffin.manager.runtimes.external.connections import Connection
    from tiffin.manager.runtimes.values import Creation

LOG = logging.getLogger("tiffin.manager.shim")
PATIENCE = 10.0  # seconds for the answer to what was given up, and as many for the deletion


async def create_in(connection: Connection, creation: Creation) -> None:
    """Makes it. Raises what the shim answers."""
    answer = connection.call("Create", _request(creation), shim_pb2.CreateTaskResponse)
    creating = asyncio.get_running_loop().create_task(answer)
    try:
        await asyncio.shield(creating)
    except asyncio.CancelledError:
        await to_the_end(_undone(connection, creation.bundle.id, creating))
        raise


async def _undone(
    connection: Connection, task: str, creating: asyncio.Task[shim_pb2.CreateTaskResponse]
) -> None:
    await asyncio.wait([creating], timeout=PATIENCE)
    try:
        if not creating.done():
            creating.cancel()
            LOG.warning("the shim of %s makes a task still that was given up %g s ago", task, PATIENCE)
        elif creating.exception() is None:
            async with asyncio.timeout(PATIENCE):
                await connection.call("Delete", shim_pb2.DeleteRequest(id=task), shim_pb2.DeleteResponse)
    except (RuntimeFailure, TimeoutError) as error:
        LOG.warning("the task %s was given up, and cannot be deleted: %s", task, error)


def _request(creation: Creation) -> shim_pb2.CreateTaskRequest:
    streams = creation.streams
    return shim_pb2.CreateTaskRequest(
        id=creation.bundle.id,
        bundle=creation.bundle.path,
        rootfs=[
            MountMessage(type=each.type, source=each.source, target=each.target, options=each.options)
            for each in creation.rootfs
        ],
        terminal=streams.terminal,
        stdin=streams.stdin,
        stdout=streams.stdout,
        stderr=streams.stderr,
        checkpoint=creation.checkpoint,
        options=creation.options,
    )

"""`connect_unix`: connects to a unix socket without stopping the event loop.

A connect(2) of such a socket that does not block is never under way: it is done, or EAGAIN says that too many wait to
be accepted; asyncio's `sock_connect` takes that for done. Source: unix(7), connect(2).
"""

from __future__ import annotations

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

PATIENCE = 1.0  # seconds for a place among those who wait; no event tells of one
PAUSE = 0.01  # seconds between attempts


async def connect_unix(endpoint: socket.socket, where: str) -> None:
    """Connects a socket that does not block. Raises OSError; BlockingIOError: there was no place for it in time."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while True:
        try:
            endpoint.connect(where)
        except BlockingIOError:
            if loop.time() > until:
                raise
        else:
            return
        await asyncio.sleep(PAUSE)

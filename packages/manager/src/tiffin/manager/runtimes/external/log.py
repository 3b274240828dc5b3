"""`ShimLog`: what a shim writes to the FIFO `log` of its bundle, line by line, goes to our log."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle

LOG = logging.getLogger("tiffin.manager.shim")
PIECE = 1 << 16
LONGEST = 1 << 14  # of a line; the rest of it is left out


class ShimLog:
    """Open from before the shim starts, for a writer needs a reader, until `close`. Belongs to one event loop."""

    def __init__(self, bundle: Bundle) -> None:
        path = bundle.file("log")
        with suppress(FileExistsError):
            os.mkfifo(path, 0o700)
        # both ends: it never comes to an end
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        self._rest = b""
        self._name = {"container": bundle.id, "namespace": bundle.namespace}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._read)

    def _read(self) -> None:
        with suppress(BlockingIOError):
            *lines, rest = (self._rest + os.read(self._descriptor, PIECE)).split(b"\n")
            self._rest = rest[:LONGEST]
            for line in lines:
                text = line[:LONGEST].decode(errors="replace")
                LOG.info("shim of %s: %s", self._name["container"], text, extra=self._name)

    def close(self) -> None:
        """Tells what is there, and ends."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            self._read()
            os.close(self._descriptor)
            self._descriptor = -1

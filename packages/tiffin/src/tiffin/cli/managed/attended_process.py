"""A process of a manager, with its FIFOs, as an attendance wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiffin.manager.client.fifos import Fifos
    from tiffin.manager.client.process import Process


class ManagedProcess:
    """An `AttendedProcess`."""

    def __init__(self, process: Process, fifos: Fifos) -> None:
        self._process = process
        self._fifos = fifos

    async def exit_status(self) -> int:
        """See `AttendedProcess`."""
        return (await self._process.wait()).status

    async def kill(self, number: int) -> None:
        """See `AttendedProcess`."""
        await self._process.kill(number)

    async def resize(self, width: int, height: int) -> None:
        """See `AttendedProcess`."""
        await self._process.resize(width, height)

    async def end_stdin(self) -> None:
        """See `AttendedProcess`."""
        await self._fifos.close_stdin(self._process)

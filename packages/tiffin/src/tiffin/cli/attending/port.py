"""What an attendance needs of a process and of its streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio


class AttendedProcess(Protocol):
    """A process that runs. What comes after its end raises RuntimeFailure."""

    async def exit_status(self) -> int:
        """Waits for its end; 0 to 255."""

    async def kill(self, number: int) -> None:
        """Sends a signal."""

    async def resize(self, width: int, height: int) -> None:
        """Of its terminal, in characters."""

    async def end_stdin(self) -> None:
        """It reads an end of file after what was written."""


class AttendedStreams(Protocol):
    """Our ends."""

    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader

    async def write(self, data: bytes) -> None:
        """To its stdin. Raises BrokenPipeError."""

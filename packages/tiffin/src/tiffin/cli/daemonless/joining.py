"""`tiffin attach` with no daemon: our streams joined to those that the container's monitor holds."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tiffin.cli.attending.attendance import Attendance
from tiffin.cli.daemonless.monitored import MONITOR
from tiffin.cli.failure import CommandFailed
from tiffin.runtime.errors import Unavailable
from tiffin.shim.monitor import Monitor

if TYPE_CHECKING:
    from tiffin.shim.monitor import Exit

INIT = "init"


def attach(name: str, folder: str, *, tty: bool, stdin: bool) -> int:
    """Until its end, or until the user leaves; the exit code. Raises CommandFailed."""
    return asyncio.run(_attach(name, os.path.join(folder, MONITOR), tty=tty, stdin=stdin))


async def _attach(name: str, directory: str, *, tty: bool, stdin: bool) -> int:
    async with AsyncExitStack() as stack:
        process = JoinedProcess()
        try:
            monitor = await Monitor.connect(directory, process)
        except Unavailable as error:
            raise CommandFailed(f"{name!r} does not run any more (`tiffin logs {name}`)") from error
        stack.push_async_callback(monitor.close)
        process.monitor = monitor
        process.streams = streams = JoinedStreams(stack)
        await streams.join(monitor, tty=tty, stdin=stdin)
        known = {each.name: each for each in await monitor.processes()}
        if (end := known[INIT].exit) is not None:
            process.exited(INIT, end)
        terminal = tty and any(map(os.isatty, (0, 1, 2)))
        attendance = Attendance(process, streams, tty=terminal, stdin=stdin, may_leave=terminal)
        return await attendance.attend() or 0


class JoinedProcess:
    """The first process: a `Listener` of its monitor, and an `AttendedProcess`."""

    monitor: Monitor
    streams: JoinedStreams

    def __init__(self) -> None:
        self._status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def exited(self, name: str, exit: Exit) -> None:  # noqa: A002  # the listener's own names
        if name == INIT and not self._status.done():
            self._status.set_result(exit.status)

    def drained(self, name: str) -> None:
        """Nothing more comes; the streams tell that by themselves."""

    def lost(self) -> None:
        if not self._status.done():
            self._status.set_exception(CommandFailed("the container's monitor was killed"))

    async def exit_status(self) -> int:
        """See `AttendedProcess`."""
        return await asyncio.shield(self._status)

    async def kill(self, number: int) -> None:
        """See `AttendedProcess`."""
        await self.monitor.signal(INIT, number)

    async def resize(self, width: int, height: int) -> None:
        """See `AttendedProcess`."""
        await self.monitor.resize(INIT, width, height)

    async def end_stdin(self) -> None:
        """See `AttendedProcess`. The monitor still hands over what is in our pipe."""
        self.streams.end()
        await self.monitor.close_stdin(INIT)


class JoinedStreams:
    """Pipes between us and the monitor: an `AttendedStreams`. stack: closes them."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.stdout = asyncio.StreamReader()
        self.stderr = asyncio.StreamReader()
        self._stack = stack
        self._writer: asyncio.StreamWriter | None = None

    async def join(self, monitor: Monitor, *, tty: bool, stdin: bool) -> None:
        """Has the monitor copy from now on."""
        theirs = {"stdout": await self._reading(self.stdout)}
        if tty:
            self.stderr.feed_eof()
        else:
            theirs["stderr"] = await self._reading(self.stderr)
        if stdin:
            theirs["stdin"] = await self._writing()
        try:
            await monitor.attach(INIT, **theirs)
        finally:
            for descriptor in theirs.values():
                os.close(descriptor)

    async def _reading(self, reader: asyncio.StreamReader) -> int:
        ours, theirs = os.pipe2(os.O_CLOEXEC)
        loop = asyncio.get_running_loop()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(ours, "rb", 0))
        self._stack.callback(transport.close)
        return theirs

    async def _writing(self) -> int:
        theirs, ours = os.pipe2(os.O_CLOEXEC)
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(ours, "wb", 0)
        )
        self._writer = asyncio.StreamWriter(transport, protocol, None, loop)
        self._stack.callback(transport.close)
        return theirs

    async def write(self, data: bytes) -> None:
        """See `AttendedStreams`."""
        if self._writer is not None:
            self._writer.write(data)
            await self._writer.drain()

    def end(self) -> None:
        """No more input."""
        if self._writer is not None:
            self._writer.close()

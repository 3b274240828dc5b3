"""`Fifos`: the client's ends of a process's streams, which containerd's shims know as paths of FIFOs.

async with Fifos(stdin=True) as fifos:
    task = await container.create_task(fifos)
    await task.start()
    await fifos.write(b"hello")
    await fifos.close_stdin(task)
    output = await fifos.stdout.read()      # until the process, and all that has its output, has ended
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import tempfile
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol, Self

    from tiffin.manager.client.process import Process

    class Ends(Protocol):
        """What a process may be given as its streams: `Fifos`, or something of the caller's."""

        @property
        def paths(self) -> Sequence[str]:
            """stdin, stdout and stderr, as containerd's shims know them; "" for none."""

        async def connect(self) -> None:
            """The shim has its ends open."""


NAMES = ("stdin", "stdout", "stderr")
READ_AT_ONCE = 1 << 16


class Fifos:
    """Three FIFOs in a folder of their own, which is removed at the end of the `async with` block.

    Args:
        stdin: whether there is one. terminal: then there is no stderr.
        folder: where; by default below the folder for temporary files.
    """

    def __init__(self, *, stdin: bool = False, terminal: bool = False, folder: str | None = None) -> None:
        self._folder = tempfile.mkdtemp(prefix="tiffin-fifos-", dir=folder)
        wanted = (stdin, True, not terminal)
        self.paths = tuple(
            os.path.join(self._folder, name) if is_wanted else ""
            for name, is_wanted in zip(NAMES, wanted, strict=True)
        )
        self.stdout = asyncio.StreamReader()
        self.stderr = asyncio.StreamReader()
        self._stdin: int = -1
        self._stack = AsyncExitStack()
        self._stack.callback(shutil.rmtree, self._folder)
        for path in filter(None, self.paths):
            os.mkfifo(path, 0o600)

    async def __aenter__(self) -> Self:
        """Opens the ends that are read, before a shim opens its own: what a process writes is not lost."""
        try:
            for path, reader in zip(self.paths[1:], (self.stdout, self.stderr), strict=True):
                if path:
                    await self._read(path, reader)
                else:
                    reader.feed_eof()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._end_stdin()
        await self._stack.aclose()

    async def _read(self, path: str, reader: asyncio.StreamReader) -> None:
        end = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", 0)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), end)
        self._stack.callback(transport.close)

    async def connect(self) -> None:
        """Opens stdin, once the shim has its end open: a task's is when it is made, an exec's when it is started.

        Of a process that has ended since then nobody has it open any more: that is told to who writes.
        """
        if self.paths[0] and self._stdin < 0:
            try:
                self._stdin = os.open(self.paths[0], os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise

    async def write(self, data: bytes) -> None:
        """To the process; waits while it takes nothing. Raises BrokenPipeError: nobody takes it any more."""
        if self._stdin < 0:
            raise BrokenPipeError(errno.EPIPE, "nobody reads this stdin")
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._stdin, view[:READ_AT_ONCE]) :]
            except BlockingIOError:
                await self._writable()

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_writer(self._stdin, _set_once, ready)
        try:
            await ready
        finally:
            loop.remove_writer(self._stdin)

    async def close_stdin(self, process: Process) -> None:
        """The process reads an end of file after all that was written."""
        self._end_stdin()
        await process.close_stdin()

    def _end_stdin(self) -> None:
        if self._stdin >= 0:
            os.close(self._stdin)
        self._stdin = -1


def _set_once(ready: asyncio.Future[None]) -> None:
    """A writer may be told more than once before who waits has its turn."""
    if not ready.done():
        ready.set_result(None)

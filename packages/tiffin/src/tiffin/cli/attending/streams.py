"""Our own standard streams in an event loop, whatever they are: terminals, pipes, files."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from errno import EIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

READ_AT_ONCE = 1 << 16
NEVER_BLOCKS = 4096  # PIPE_BUF: so much a descriptor takes that poll(2) calls writable
LEAVE = b"\x10\x11"  # ctrl-p ctrl-q


async def read_some(descriptor: int) -> bytes:
    """What is there, b"" at the end. Files, which epoll refuses, never keep anybody waiting."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_reader(descriptor, _set_once, ready)
    except PermissionError:
        return os.read(descriptor, READ_AT_ONCE)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
    try:
        return os.read(descriptor, READ_AT_ONCE)
    except OSError as error:
        if error.errno == EIO:  # the terminal was hung up
            return b""
        raise


async def write_all(descriptor: int, data: bytes) -> None:
    """Writes without holding the loop up: signals and the other streams go on while nobody takes it."""
    loop = asyncio.get_running_loop()
    view = memoryview(data)
    while view:
        ready: asyncio.Future[None] = loop.create_future()
        try:
            loop.add_writer(descriptor, _set_once, ready)
        except PermissionError:
            view = view[os.write(descriptor, view) :]
            continue
        try:
            await ready
        finally:
            loop.remove_writer(descriptor)
        view = view[os.write(descriptor, view[:NEVER_BLOCKS]) :]


class Output:
    """Copies to a stream of ours, to the end. copying: the task. is_writing: it waits for who reads ours."""

    def __init__(self, reader: asyncio.StreamReader, descriptor: int) -> None:
        self.is_writing = False
        self.copying: asyncio.Task[None] = asyncio.ensure_future(self._copy(reader, descriptor))

    async def _copy(self, reader: asyncio.StreamReader, descriptor: int) -> None:
        while data := await reader.read(READ_AT_ONCE):
            self.is_writing = True
            await write_all(descriptor, data)
            self.is_writing = False


async def copy_input(
    write: Callable[[bytes], Awaitable[None]], end: Callable[[], Awaitable[None]], *, may_leave: bool
) -> bool:
    """From our stdin to its end; whether the user has left by ctrl-p ctrl-q, which only a terminal offers."""
    held = b""
    while data := await read_some(0):
        data = held + data
        held = b""
        if may_leave:
            if LEAVE in data:
                await write(data[: data.index(LEAVE)])
                return True
            if data.endswith(LEAVE[:1]):
                data, held = data[:-1], LEAVE[:1]
        try:
            await write(data)
        except ConnectionError:  # a process that takes no (more) input
            return False
    if held:
        with suppress(ConnectionError):
            await write(held)
    await end()
    return False


def _set_once(ready: asyncio.Future[None]) -> None:
    """The loop may call more than once before who waits has its turn."""
    if not ready.done():
        ready.set_result(None)

"""A process on our own streams, where whoever reads them is slow, or gone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tiffin.cli.attending import attendance
from tiffin.cli.attending.attendance import Attendance

SECONDS = 30.0
MUCH = b"x" * 300_000  # more than a pipe holds


class Process:
    """One that ends when it is told to."""

    def __init__(self) -> None:
        self.end = asyncio.Event()

    async def exit_status(self) -> int:
        await self.end.wait()
        return 7

    async def kill(self, number: int) -> None:
        """Nobody sends a signal."""

    async def resize(self, width: int, height: int) -> None:
        """There is no terminal."""

    async def end_stdin(self) -> None:
        """There is none."""


class Streams:
    """What it writes."""

    def __init__(self, *, ends: bool = True) -> None:
        self.stdout, self.stderr = asyncio.StreamReader(), asyncio.StreamReader()
        self.stdout.feed_data(MUCH)
        if ends:
            self.stdout.feed_eof()
        self.stderr.feed_eof()

    async def write(self, data: bytes) -> None:
        """Nobody reads it."""


@contextmanager
def stdout_in(descriptor: int) -> Iterator[None]:
    """Our descriptor 1 is that."""
    before = os.dup(1)
    os.dup2(descriptor, 1)
    try:
        yield
    finally:
        os.dup2(before, 1)
        os.close(before)


@pytest.fixture
def pipe() -> Iterator[list[int]]:
    """Both ends; one that a test closes becomes -1 in it."""
    ends = list(os.pipe())
    yield ends
    for end in ends:
        if end >= 0:
            os.close(end)


def test_a_slow_reader_gets_all_that_the_process_has_written(
    pipe: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "DRAIN_SECONDS", 0.05)
    found = bytearray()

    async def work() -> int | None:
        process = Process()
        process.end.set()
        loop = asyncio.get_running_loop()

        def read() -> None:
            found.extend(os.read(pipe[0], 1 << 16))

        # after several times what is waited for output that does not come
        loop.call_later(0.3, loop.add_reader, pipe[0], read)
        async with asyncio.timeout(SECONDS):
            code = await Attendance(process, Streams(), tty=False, stdin=False).attend()
        loop.remove_reader(pipe[0])
        return code

    with stdout_in(pipe[1]):
        assert asyncio.run(work()) == 7
    os.set_blocking(pipe[0], False)
    while len(found) < len(MUCH):  # what fits into the pipe
        found += os.read(pipe[0], 1 << 16)
    assert found == MUCH


def test_others_that_hold_its_streams_are_not_waited_for(
    pipe: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "DRAIN_SECONDS", 0.05)

    async def work() -> int | None:
        process, loop = Process(), asyncio.get_running_loop()
        process.end.set()
        loop.add_reader(pipe[0], os.read, pipe[0], 1 << 16)
        async with asyncio.timeout(SECONDS):
            return await Attendance(process, Streams(ends=False), tty=False, stdin=False).attend()

    with stdout_in(pipe[1]):
        assert asyncio.run(work()) == 7


def test_nobody_reads_any_more(pipe: list[int]) -> None:
    async def work() -> None:
        os.close(pipe[0])
        pipe[0] = -1
        async with asyncio.timeout(SECONDS):
            await Attendance(Process(), Streams(), tty=False, stdin=False).attend()

    with stdout_in(pipe[1]), pytest.raises(BrokenPipeError):
        asyncio.run(work())

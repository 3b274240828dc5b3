"""Programs are run to their end, which is bounded, whatever they leave behind."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from tiffin.manager.runtimes.external.programs import Ended, run_program
from tiffin.runtime.errors import OperationFailed, TimedOut


async def run(script: str, *, stdin: bytes = b"", seconds: float = 20.0) -> Ended:
    command = ["/bin/sh", "-c", script]
    return await run_program(
        command, directory="/", environment=dict(os.environ), stdin=stdin, seconds=seconds
    )


async def test_what_a_program_prints_and_how_it_ends_is_told() -> None:
    assert await run("cat; echo oh >&2; exit 3", stdin=b"hello") == Ended(3, b"hello", b"oh\n")


async def test_who_inherits_the_streams_keeps_nobody_waiting() -> None:
    began = time.monotonic()
    ended = await run("(sleep 30 & echo $!)")
    assert time.monotonic() - began < 25
    os.kill(int(ended.stdout), 9)


async def test_one_that_does_not_end_is_killed_with_its_children() -> None:
    began = time.monotonic()
    with pytest.raises(TimedOut):
        await run("sleep 1000 & sleep 1000", seconds=0.3)
    assert time.monotonic() - began < 60


async def test_one_whose_caller_gives_up_is_killed() -> None:
    running = asyncio.create_task(run("echo $$ >&2; exec sleep 1000"))
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(OperationFailed):
        await run_program(["/no/such"], directory="/", environment={}, stdin=b"", seconds=5)

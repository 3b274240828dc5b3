"""`Fifos` whose other ends are not there."""

from __future__ import annotations

import asyncio

import pytest

from tiffin.manager.client.fifos import Fifos


def test_a_process_that_has_ended_at_once_takes_no_input_and_its_start_has_not_failed() -> None:
    async def work() -> None:
        async with Fifos(stdin=True) as fifos:
            await fifos.connect()
            with pytest.raises(BrokenPipeError):
                await fifos.write(b"too late")

    asyncio.run(work())


def test_nothing_is_written_to_what_is_not_open() -> None:
    async def work() -> None:
        async with Fifos(stdin=True) as fifos:
            with pytest.raises(BrokenPipeError):
                await fifos.write(b"too early")

    asyncio.run(work())

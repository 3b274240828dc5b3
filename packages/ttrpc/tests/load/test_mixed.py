"""All kinds of calls at once on one connection, many of them given up at any moment: each gets what belongs to it."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest
from packages.ttrpc.tests.echo import NAME, echoing

from tiffin.ttrpc import Limits, Raw, RpcError

if TYPE_CHECKING:
    from tiffin.ttrpc import Client

MESSAGES = 100


class Caller:
    """Makes calls of each kind.

    Args:
        number: stands in every message, so that a wrong one is seen.
    """

    def __init__(self, client: Client, number: int, chance: random.Random) -> None:
        self._client = client
        self._number = number
        self._chance = chance

    def message(self, index: int) -> Raw:
        return Raw(b"%d/%d:" % (self._number, index) + bytes(self._chance.randrange(3000)))

    async def unary(self) -> None:
        for index in range(MESSAGES):
            message = self.message(index)
            assert await self._client.call(NAME, "Echo", message, Raw, timeout=60) == message

    async def down(self) -> None:
        async with await self._client.unary_stream(NAME, "Count", Raw(b"%d" % MESSAGES), Raw) as stream:
            assert [int(each) async for each in stream] == list(range(MESSAGES))

    async def up(self) -> None:
        messages = [self.message(index) for index in range(MESSAGES)]
        stream = await self._client.stream_unary(NAME, "Join", Raw)
        for message in messages:
            await stream.send(message)
        assert await stream.response() == b",".join(messages)

    async def both(self) -> None:
        messages = [self.message(index) for index in range(MESSAGES)]
        stream = await self._client.stream_stream(NAME, "Each", Raw)

        async def send() -> None:
            for message in messages:
                await stream.send(message)
            await stream.close_send()

        sending = asyncio.create_task(send())
        try:
            assert [each async for each in stream] == [message.upper() for message in messages]
        finally:
            sending.cancel()
            await asyncio.wait([sending])

    async def waits_in_vain(self) -> None:
        with pytest.raises(RpcError):
            await self._client.call(
                NAME, "Wait", Raw(), Raw, timeout=self._chance.choice([0.001, 0.01, 0.05])
            )


async def given_up(call: asyncio.Task[None], after: int) -> None:
    """Cancels it after some turns of the loop."""
    for _ in range(after):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    if not call.cancelled():
        call.result()


@pytest.mark.parametrize(
    "limits", [Limits(patience=60), Limits(stream_messages=2, write_buffer=1000, patience=60)]
)
@pytest.mark.parametrize("seed", range(3))
async def test_each_call_gets_what_belongs_to_it(limits: Limits, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # nothing to hide
    async with echoing(limits) as (client, _):
        whole, cancelled = [], []
        for number in range(20):
            caller = Caller(client, number, chance)
            kinds = (caller.unary, caller.down, caller.up, caller.both, caller.waits_in_vain)
            whole += [asyncio.create_task(kind()) for kind in kinds]
            cancelled += [given_up(asyncio.create_task(kind()), chance.randrange(100)) for kind in kinds[:2]]
        await asyncio.gather(*whole, *cancelled)
        assert not client._connection._receivers

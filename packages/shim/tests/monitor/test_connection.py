"""A connection to a monitor that takes nothing any more: it ends, and what waits with it, but not what was answered."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from selectors import EVENT_WRITE
from typing import Any

import pytest

from tiffin.runtime.errors import Unavailable
from tiffin.shim.monitor import messages
from tiffin.shim.monitor.connection import Connection
from tiffin.shim.monitor.wire import decode, encode


async def test_who_waits_to_send_hears_of_the_end_and_leaves_its_number_to_others() -> None:
    failures: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, failure: failures.append(failure))
    ours, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    number = ours.fileno()
    connection = Connection(ours, lambda _: None, lambda: None)
    asked = [
        asyncio.ensure_future(connection.request(messages.Signal("x" * 60000, 9), messages.Done))
        for _ in range(20)
    ]
    for _ in asked:
        await asyncio.sleep(0)  # a turn for each: those for whom there is no room wait
    assert any(key.fd == number and key.events & EVENT_WRITE for key in loop._selector.get_map().values())  # type: ignore[attr-defined]
    connection.close()
    reader, writer = os.pipe()
    assert reader == number
    readable = asyncio.Event()
    loop.add_reader(reader, readable.set)
    for one in asked:
        with pytest.raises(Unavailable):
            await one
    os.write(writer, b"x")
    await asyncio.wait_for(readable.wait(), 20)
    loop.remove_reader(reader)
    for descriptor in (reader, writer):
        os.close(descriptor)
    other.close()
    del asked, one
    gc.collect()
    assert failures == []


async def test_what_was_answered_before_the_end_is_heard_though_another_request_was_not_read() -> None:
    ours, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection = Connection(ours, lambda _: None, lambda: None)
    asked = [
        asyncio.ensure_future(connection.request(messages.Signal(name, 9), messages.Done)) for name in "ab"
    ]
    for _ in asked:
        await asyncio.sleep(0)
    serial, _ = decode(other.recv(messages.LONGEST_MESSAGE))
    other.send(encode(messages.Done(7), serial))
    other.close()  # with the second unread, which makes of the end an ECONNRESET
    first, second = asked
    assert (await first).pid == 7
    with pytest.raises(Unavailable):
        await second

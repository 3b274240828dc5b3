"""`Manager`: a manager in this process, with folders that its caller names."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tiffin.api.containerd.events.task_pb2 import TaskStart
from tiffin.manager.manager import Manager
from tiffin.manager.plugins.kinds import EVENTS

pytestmark = pytest.mark.requires("root")


def test_folders_are_found_wherever_the_process_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)

    async def work() -> None:
        async with Manager("root", "state") as manager:
            monkeypatch.chdir(tmp_path / "elsewhere")
            client = manager.client()
            digest = await client.content.write("ref", b"here")
            assert await client.content.read_whole(digest) == b"here"

    asyncio.run(work())
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere", "root", "state"}
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_who_closes_a_subscription_has_ended_it(tmp_path: Path) -> None:
    """At once, and not when the interpreter comes across it."""

    async def work() -> None:
        async with Manager(str(tmp_path / "root"), str(tmp_path / "state")) as manager:
            client, exchange = manager.client(), manager._plugins.get(EVENTS)
            async with aclosing(client.events.subscribe()) as events:
                coming = asyncio.ensure_future(anext(events))
                while not exchange.subscribers:  # noqa: ASYNC110  # nobody tells when a subscription has begun
                    await asyncio.sleep(0)
                await client.events.publish("/tasks/start", TaskStart(container_id="a"))
                assert (await coming).topic == "/tasks/start"
            assert not exchange.subscribers

    asyncio.run(work())


def test_what_a_thread_does_at_the_end_may_need_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transfer that is told to end, or a deletion that waits for a collection."""
    closing = threading.Event()

    async def work() -> None:
        loop = asyncio.get_running_loop()

        def slowly() -> None:
            assert closing.wait(60)
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(10)

        async with Manager(str(tmp_path / "root"), str(tmp_path / "state")) as manager:
            pool = manager._workers._slow
            shutdown = pool.shutdown

            def close(**how: Any) -> None:
                closing.set()
                shutdown(**how)

            monkeypatch.setattr(pool, "shutdown", close)
            running = pool.submit(slowly)
        running.result()

    asyncio.run(work())

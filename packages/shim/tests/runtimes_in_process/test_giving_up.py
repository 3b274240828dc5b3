"""A call that takes too long, or is cancelled, is given up wherever it hangs; it leaves nothing, holds up no other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from packages.shim.tests.runtimes_in_process.places import Heard, place
from packages.shim.tests.tasks.keeping import FOREVER, SECONDS, process_of

from tiffin.runtime.errors import NotFound, OperationFailed, RuntimeFailure, TimedOut
from tiffin.shim.monitor import Monitor, Streams
from tiffin.shim.runtimes.in_process.threads import Threads
from tiffin.shim.runtimes.port import Creation, Execution
from tiffin.spec import json_tree
from tiffin_testing.bundle import Bundle

pytestmark = pytest.mark.requires("root")
Make = Callable[..., Bundle]


def creation(bundle: Bundle) -> Creation:
    return Creation(str(bundle.path), Streams())


async def test_a_hook_that_hangs_is_killed_when_the_time_is_up(
    tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    async with place(tmp_path) as here:
        hook, reached = here.hook()
        bundle = bundle_factory({"hooks": {"createRuntime": [hook]}}, args=FOREVER)
        runtime = here.runtime(create=3.0)
        creating = asyncio.ensure_future(runtime.create(here.monitor, "c1", creation(bundle)))
        await reached.wait()
        with pytest.raises(TimedOut, match=r"OCI runtime create of c1 hangs: it did not end in 3 s"):
            await creating
        assert here.containers() == []
        assert await here.monitor.processes() == ()


async def test_a_creation_that_is_cancelled_leaves_nothing(
    tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    async with place(tmp_path) as here:
        hook, reached = here.hook()
        bundle = bundle_factory({"hooks": {"createRuntime": [hook]}}, args=FOREVER)
        creating = asyncio.ensure_future(here.runtime().create(here.monitor, "c1", creation(bundle)))
        await reached.wait()
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        assert here.containers() == []
        assert await here.monitor.processes() == ()


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8])
async def test_it_may_be_cancelled_at_any_time(
    turns: int, tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    bundle = bundle_factory(args=FOREVER)
    async with place(tmp_path) as here:
        creating = asyncio.ensure_future(here.runtime().create(here.monitor, "c1", creation(bundle)))
        for _ in range(turns):
            await asyncio.sleep(0)
        creating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await creating
        await here.runtime().delete("c1", force=True)  # what Tasks does then
        assert await here.monitor.processes() == ()


async def test_a_monitor_that_hangs_holds_up_nobody_for_longer_than_the_limit(
    tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    bundle = bundle_factory(args=FOREVER)
    async with place(tmp_path) as here:
        os.kill(here.monitor.pid, signal.SIGSTOP)
        try:
            creating = here.runtime(create=0.5).create(here.monitor, "c1", creation(bundle))
            hanging = asyncio.ensure_future(creating)
            await asyncio.wait([hanging], timeout=1.5)  # `forget`, which the monitor does not answer either
        finally:
            os.kill(here.monitor.pid, signal.SIGCONT)
        with pytest.raises(TimedOut):
            await hanging
        assert here.containers() == []
        assert await here.monitor.processes() == ()


async def test_without_its_monitor_nothing_is_made(
    tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    bundle = bundle_factory(args=FOREVER)
    async with place(tmp_path) as here:
        monitor = await Monitor.start(str(tmp_path / "another"), Heard())
        await monitor.quit()
        with pytest.raises(RuntimeFailure):
            await here.runtime().create(monitor, "c1", creation(bundle))
        assert here.containers() == []


async def test_hooks_after_the_start_may_hang_too(
    tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    async with place(tmp_path) as here:
        hook, reached = here.hook()
        bundle = bundle_factory({"hooks": {"poststart": [hook]}}, args=FOREVER)
        runtime = here.runtime(start=3.0)
        await runtime.create(here.monitor, "c1", creation(bundle))
        starting = asyncio.ensure_future(runtime.start("c1"))
        await reached.wait()
        with pytest.raises(TimedOut, match="OCI runtime start of c1 hangs"):
            await starting
        await here.heard.until("init")
        assert (await runtime.state("c1")).status == "stopped"


async def test_twenty_hanging_calls_do_not_hold_up_another(
    tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    """More than there are places: each gives its place up after a while."""
    async with place(tmp_path) as here:
        before = here.executor.threads
        here.executor.threads = Threads(places=4, hangs=0.1)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def hang() -> None:
            asyncio.run_coroutine_threadsafe(stop.wait(), loop).result()

        hanging = [here.executor.threads.submit(hang).result for _ in range(20)]
        await asyncio.sleep(0)
        with pytest.raises(NotFound):
            await asyncio.wait_for(here.runtime().state("c1"), SECONDS)
        stop.set()
        await asyncio.gather(*hanging)
        here.executor.threads.close()
        here.executor.threads = before


async def test_an_exec_that_is_cancelled_leaves_no_process(
    tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    bundle = bundle_factory(args=FOREVER)
    async with place(tmp_path) as here:
        runtime = here.runtime()
        await runtime.create(here.monitor, "c1", creation(bundle))
        await runtime.start("c1")
        process = json_tree.encode(process_of(FOREVER)).encode()
        for turns in range(6):
            call = runtime.execute(here.monitor, "c1", Execution(f"e{turns}", process, Streams()))
            executing = asyncio.ensure_future(call)
            for _ in range(turns):
                await asyncio.sleep(0)
            executing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await executing
        assert [one.name for one in await here.monitor.processes()] == ["init"]
        assert len(await runtime.pids("c1")) == 1


async def test_a_process_that_cannot_be_is_an_error(
    tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    bundle = bundle_factory(args=FOREVER)
    async with place(tmp_path) as here:
        runtime = here.runtime()
        await runtime.create(here.monitor, "c1", creation(bundle))
        await runtime.start("c1")
        for process in (b"[", b"[]", b"{}", b'{"args":["true"],"cwd":1}'):
            with pytest.raises(OperationFailed):
                await runtime.execute(here.monitor, "c1", Execution("e1", process, Streams()))
        for terminal in (True, False):
            tree = process_of(["true"], terminal=not terminal)
            wrong = Execution("e1", json_tree.encode(tree).encode(), Streams(terminal=terminal))
            with pytest.raises(OperationFailed):
                await runtime.execute(here.monitor, "c1", wrong)
        assert [one.name for one in await here.monitor.processes()] == ["init"]

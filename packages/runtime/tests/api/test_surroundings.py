"""The API in programs that have signal handlers, an event loop, or forks: it takes nothing for itself alone."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest
from packages.runtime.tests.api.conftest import Make, shell

from tiffin.runtime import PIPE, Container, Runtime, TimedOut
from tiffin.runtime.lifecycle.hooks import HookFailed

pytestmark = pytest.mark.requires("root")
SECONDS = 20.0


@pytest.fixture
def container(runtime: Runtime, bundle_factory: Make) -> Iterator[Container]:
    """One that ends with 3 when its stdin does."""
    bundle = bundle_factory(args=shell("cat; exit 3"))
    made = runtime.create("surrounded", bundle.config, bundle=bundle.path, stdin=PIPE)
    made.start()
    yield made
    made.delete(force=True)


def test_signal_handlers_and_the_mask_are_left_alone(runtime: Runtime, bundle_factory: Make) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGCHLD, lambda number, _frame: heard.append(number))
    try:
        bundle = bundle_factory(args=shell("exit 4"))
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        assert runtime.run(bundle.config, bundle=bundle.path).exit_code == 4
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask
        assert heard
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_a_program_that_ignores_its_children(runtime: Runtime, bundle_factory: Make) -> None:
    """Nobody then learns an exit code; all else works, and nothing is left."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        bundle = bundle_factory(args=["echo", "out"])
        result = runtime.run(bundle.config, bundle=bundle.path)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert (result.exit_code, result.stdout) == (-1, b"out\n")
    assert runtime.containers() == []


def test_a_hook_in_a_program_that_ignores_its_children_is_taken_for_failed(
    runtime: Runtime, bundle_factory: Make
) -> None:
    """Before the start that is an error, after the end a warning."""
    failing = bundle_factory({"hooks": {"prestart": [{"path": "/bin/true", "timeout": 20}]}})
    warned = bundle_factory({"hooks": {"poststop": [{"path": "/bin/true"}]}}, args=["echo", "out"])
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(HookFailed, match="SIGCHLD"):
            runtime.run(failing.config, bundle=failing.path)
        assert runtime.run(warned.config, bundle=warned.path).stdout == b"out\n"
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert runtime.containers() == []


def test_the_containers_signals_are_the_defaults(runtime: Runtime, bundle_factory: Make) -> None:
    """Whatever this program ignores or blocks: Python itself ignores SIGPIPE."""
    bundle = bundle_factory(args=["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"])
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        shown = runtime.run(bundle.config, bundle=bundle.path).stdout.split()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert shown == [b"SigBlk:", b"0" * 16, b"SigIgn:", b"0" * 16]


def test_a_fork_of_this_program_runs_containers_of_its_own(
    runtime: Runtime, container: Container, bundle_factory: Make
) -> None:
    bundle = bundle_factory(args=shell("exit 5"))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = runtime.run(bundle.config, bundle=bundle.path).exit_code
            container.process.poll()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
    assert container.status == "running"
    container.process.streams.close()
    assert container.wait(timeout=SECONDS) == 3


def test_an_event_loop_runs_containers_in_threads(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory(args=shell("cat; exit 6"))

    async def one(data: bytes) -> tuple[int, bytes]:
        result = await asyncio.to_thread(runtime.run, bundle.config, bundle=bundle.path, input=data)
        return result.exit_code, result.stdout

    async def many() -> list[tuple[int, bytes]]:
        return [await one(b"first"), await one(b"second")]

    assert asyncio.run(many()) == [(6, b"first"), (6, b"second")]


def test_an_event_loop_waits_with_no_thread(container: Container) -> None:
    async def wait() -> int:
        with pytest.raises(TimedOut):
            await container.process.wait_async(timeout=0.01)
        waiting = asyncio.create_task(container.process.wait_async())
        await asyncio.sleep(0)
        assert not waiting.done()
        container.process.streams.close()
        return await asyncio.wait_for(waiting, SECONDS)

    assert asyncio.run(wait()) == 3
    assert asyncio.run(container.process.wait_async()) == 3


def test_a_cancelled_wait_leaves_the_process_alone(container: Container) -> None:
    async def cancel() -> None:
        waiting = asyncio.create_task(container.process.wait_async())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancel())
    assert container.status == "running"

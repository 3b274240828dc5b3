"""`MonitorStarter`: has the container's monitor start tiffin-core (or CRIU), so that init is the monitor's child.

    thread: start ──┐                              adopt ──┐
    event loop:     └─► Monitor.spawn ─► pid               └─► Monitor.adopt
    monitor:                                                          └─► knows init, and lets it pass `created`

A kill -9 of this process before `adopt` was sent ends launcher and init, which wait for us; after it the monitor knows
init, which goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from concurrent.futures import wait

from tiffin.runtime.errors import RuntimeFailure
from tiffin.runtime.launch.strangers import end_process
from tiffin.runtime.state.identity import process_stat

from ...monitor.values import Spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from concurrent.futures import Future
    from typing import Self, TypeVar

    from tiffin.runtime.launch.starting import Program

    from ...monitor.client import Monitor
    from ...monitor.values import Streams
    from .stopping import Stop

    T = TypeVar("T")

END_SECONDS = 5.0
FIRST = 3
CONSOLE = 20
"""The number of the console's socket in the program, above those that it is given."""


class MonitorStarter:
    """The `Starter` of one process. Made in the event loop, used in a thread.

    Args:
        name: what the monitor calls the process.
        streams: which the monitor makes for it.
    """

    def __init__(self, monitor: Monitor, name: str, streams: Streams) -> None:
        self._monitor = monitor
        self._name = name
        self._streams = streams
        self._stop: Stop | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def terminal(self) -> bool:
        """Whether the monitor holds a terminal for it."""
        return self._streams.terminal

    def until(self, stop: Stop) -> Self:
        """Itself, which gives up when it is told to."""
        self._stop = stop
        return self

    async def end(self) -> None:
        """Nobody wants the process; the monitor knows nothing of it afterwards, or hangs, or is gone."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                with contextlib.suppress(RuntimeFailure):  # it has ended
                    await self._monitor.signal(self._name, signal.SIGKILL)
                with contextlib.suppress(RuntimeFailure):  # the monitor was not even asked for it
                    await self._monitor.forget(self._name)

    def start(self, program: Program) -> MonitoredProgram:
        """See `Starter`. The program's stdio is the monitor's."""
        given = [word for word in program.words if isinstance(word, int)]
        kept = [number for number in program.inherited if number != CONSOLE]
        free = (number for number in range(FIRST, CONSOLE) if number not in kept)
        numbers = dict(zip(given, free, strict=False))
        words = [str(numbers[word]) if isinstance(word, int) else word for word in program.words]
        pairs = [*numbers.items(), *((number, number) for number in kept)]
        if program.executable >= 0:
            pairs.append((program.executable, next(free)))
            words[0] = f"/proc/self/fd/{pairs[-1][1]}"
        copies = [(os.dup(own), number) for own, number in pairs]  # ours till the monitor has them
        spawn = Spawn(
            name=self._name,
            argv=tuple(words),
            environment=tuple(f"{name}={value}" for name, value in program.environment.items()),
            streams=self._streams,
            console_descriptor=CONSOLE if self._streams.terminal else -1,
            descriptors=tuple(copies),
        )
        spawned = self.ask(self._spawn(spawn))
        spawned.add_done_callback(lambda _: _close(copies))
        return MonitoredProgram(self, spawned)

    async def _spawn(self, spawn: Spawn) -> tuple[int, int]:
        return identity(await self._monitor.spawn(spawn))

    def adopt(self, pid: int, go: int) -> None:
        """Tells the monitor which process counts: it lets that one go on; without `go`, this returns when it knows."""
        if go < 0:
            self.answer(self.ask(self._monitor.adopt(self._name, pid)))
            return
        copy = os.dup(go)
        adopted = self.ask(self._monitor.adopt(self._name, pid, go=copy))
        adopted.add_done_callback(lambda done: self._adopted(done, copy))

    def _adopted(self, done: Future[None], copy: int) -> None:
        os.close(copy)
        error = None if done.cancelled() else done.exception()
        if isinstance(error, Exception) and self._stop is not None:
            self._stop.set(error)  # the process would wait for ever

    def ask(self, call: Coroutine[object, object, T]) -> Future[T]:
        """Has the event loop ask the monitor something."""
        return asyncio.run_coroutine_threadsafe(call, self._loop)

    def answer(self, future: Future[T]) -> T:
        """Waits for what the monitor says. Raises RuntimeFailure; TimedOut if nobody wants it any more."""
        return future.result() if self._stop is None else self._stop.result(future)


class MonitoredProgram:
    """A child of the monitor, and the process that it makes; a `StartedProgram`."""

    def __init__(self, starter: MonitorStarter, spawned: Future[tuple[int, int]]) -> None:
        self._starter = starter
        self._spawned = spawned
        self._made = (0, 0)

    def pid(self) -> int:
        """Waits until the monitor has told it."""
        return self._starter.answer(self._spawned)[0]

    def identify(self, pid: int) -> None:
        self._made = identity(pid)

    def adopt(self, go: int) -> bool:
        self._starter.adopt(self._made[0], go)
        return go >= 0

    def reap(self) -> int | None:
        """The monitor does; here it is told if it could not even start the program."""
        self._starter.answer(self._spawned)
        return None

    def kill(self) -> None:
        """Waits for the pid if need be. A monitor that hangs starts a program that finds nobody there, and ends."""
        wait([self._spawned], timeout=END_SECONDS)
        if self._spawned.done() and not self._spawned.cancelled() and self._spawned.exception() is None:
            end_process(*self._spawned.result())

    def kill_made(self) -> int | None:
        made, self._made = self._made, (0, 0)
        if made[0]:
            end_process(*made)
        return None


def identity(pid: int) -> tuple[int, int]:
    """(pid, start time) of a process that is alive; (0, 0) if it is not."""
    found = process_stat(pid)
    return (pid, found[1]) if found is not None else (0, 0)


def _close(pairs: Sequence[tuple[int, int]]) -> None:
    for own, _ in pairs:
        os.close(own)

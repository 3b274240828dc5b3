"""`MonitorStarter`: has the container's monitor start tiffin-core (or CRIU), so that init is the monitor's child.

    thread:  start ──┐ spawn                       adopt ──┐
    monitor:         └─► tiffin-core ─► init                └─► knows init, and lets it pass `created`

A kill -9 of this process before `adopt` was sent ends launcher and init, which wait for us; after it the monitor knows
init, which goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from concurrent.futures import wait

from tiffin.runtime.errors import RuntimeFailure
from tiffin.runtime.launch.strangers import end_process
from tiffin.runtime.state.identity import process_stat

from ...monitor.messages import Done
from ...monitor.values import Spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future
    from typing import Self, TypeVar

    from tiffin.runtime.launch.starting import Program

    from ...monitor.client import Monitor
    from ...monitor.messages import Message
    from ...monitor.values import Streams
    from .stopping import Stop

    T = TypeVar("T")

END_SECONDS = 5.0
FIRST = 3
CONSOLE = 20
"""The number of the console's socket in the program, above those that it is given."""


class MonitorStarter:
    """The `Starter` of one process. Made in the event loop, used in a thread, which asks the monitor by itself.

    Args:
        name: what the monitor calls the process.
        streams: which the monitor makes for it.
    """

    def __init__(self, monitor: Monitor, name: str, streams: Streams) -> None:
        self._monitor = monitor
        self._name = name
        self._streams = streams
        self._stop: Stop | None = None

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
        spawn = Spawn(
            name=self._name,
            argv=tuple(words),
            environment=tuple(f"{name}={value}" for name, value in program.environment.items()),
            streams=self._streams,
            console_descriptor=CONSOLE if self._streams.terminal else -1,
            descriptors=tuple(pairs),
        )
        return MonitoredProgram(self, self._monitor.post_spawn(spawn))

    def adopt(self, pid: int, go: int) -> None:
        """Tells the monitor which process counts: it lets that one go on; without `go`, this returns when it knows."""
        adopted = self._monitor.post_adopt(self._name, pid, go=go)
        if go < 0:
            self.answer(adopted)
        else:
            adopted.add_done_callback(self._adopted)

    def _adopted(self, done: Future[Message]) -> None:
        """In the event loop."""
        error = None if done.cancelled() else done.exception()
        if isinstance(error, Exception) and self._stop is not None:
            self._stop.set(error)  # the process would wait for ever

    def answer(self, future: Future[T]) -> T:
        """Waits for what the monitor says. Raises RuntimeFailure; TimedOut if nobody wants it any more."""
        return future.result() if self._stop is None else self._stop.result(future)


class MonitoredProgram:
    """A child of the monitor, and the process that it makes; a `StartedProgram`."""

    def __init__(self, starter: MonitorStarter, spawned: Future[Message]) -> None:
        self._starter = starter
        self._spawned = spawned
        self._program = (0, 0)
        self._made = (0, 0)
        spawned.add_done_callback(self._learn)

    def _learn(self, done: Future[Message]) -> None:
        """The program as (pid, start time), right after it was started: later its pid may be another's."""
        if done.exception() is None:
            self._program = identity(_pid(done.result()))

    def pid(self) -> int:
        """Waits until the monitor has told it."""
        return _pid(self._starter.answer(self._spawned))

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
        if self._spawned.done() and self._spawned.exception() is None:
            program = self._program if self._program[0] else identity(_pid(self._spawned.result()))
            if program[0]:  # else it had ended before anybody looked
                end_process(*program)

    def kill_made(self) -> int | None:
        made, self._made = self._made, (0, 0)
        if made[0]:
            end_process(*made)
        return None


def identity(pid: int) -> tuple[int, int]:
    """(pid, start time) of a process that is alive; (0, 0) if it is not."""
    found = process_stat(pid)
    return (pid, found[1]) if found is not None else (0, 0)


def _pid(answer: Message) -> int:
    assert isinstance(answer, Done)  # noqa: S101  # the answer to a spawn
    return answer.pid

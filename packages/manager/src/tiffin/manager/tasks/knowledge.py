"""`Knowledge`: what is known of the processes of one task, and how it is brought up to date.

What it runs on is asked once for all who want to know at the same time. If it does not answer in time, everybody gets
what was known last, at once and until it answers: the question stays open, and no second one is put behind it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from tiffin.manager.runtimes.values import ProcessState, Status
from tiffin.manager.tasks.process import Process
from tiffin.runtime.errors import NotFound, RuntimeFailure, TimedOut, Unavailable

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from tiffin.manager.runtimes.port import RuntimeTask
    from tiffin.manager.runtimes.values import Exit
    from tiffin.manager.tasks.asking import Asking

LOG = logging.getLogger("tiffin.manager.tasks")


class Probe:
    """One question for a state. about: whose, if it was heard of. since: seconds of time.monotonic()."""

    def __init__(self, answer: Coroutine[None, None, ProcessState], about: Process | None) -> None:
        self.about = about
        self.since = time.monotonic()
        self.task = asyncio.get_running_loop().create_task(answer)
        self.late = False


class Knowledge:
    """Of one task. patience: how long a state may take, seconds."""

    def __init__(self, runs_on: RuntimeTask, asking: Asking, patience: float) -> None:
        self._runs_on = runs_on
        self._asking = asking
        self._patience = patience
        self._processes: dict[str, Process] = {"": Process("")}
        self._probes: dict[str, Probe] = {}
        self._waits: dict[str, asyncio.Task[None]] = {}
        self._open: set[asyncio.Task[ProcessState]] = set()

    def process(self, exec_id: str) -> Process:
        """What is known of a process; nothing of one that was not heard of yet."""
        if exec_id not in self._processes:
            self._processes[exec_id] = Process(exec_id)
        return self._processes[exec_id]

    def find(self, exec_id: str) -> Process | None:
        """The same; None for one that was not heard of."""
        return self._processes.get(exec_id)

    def begin(self, state: ProcessState) -> None:
        """A new process, whatever was known of an earlier one of its name."""
        self.forget(state.exec_id)
        self.process(state.exec_id).learn(state)

    @property
    def processes(self) -> Sequence[Process]:
        """Those that were heard of."""
        return tuple(self._processes.values())

    def forget(self, exec_id: str) -> None:
        """A process was deleted."""
        if process := self._processes.pop(exec_id, None):
            process.forget()
        if waiting := self._waits.pop(exec_id, None):  # the next one of its name is asked for anew
            waiting.cancel()

    def lost(self) -> None:
        """What it ran on is no more: who still waits for a process will not be told how it ended, and learns that."""
        for process in self._processes.values():
            process.forget()

    def outdated(self) -> None:
        """Something has been changed: an answer that is under way may be older. One that hangs is left alone."""
        self._probes = {name: probe for name, probe in self._probes.items() if probe.late}

    async def state(self, exec_id: str) -> ProcessState:
        """As it is, or as it was last; UNKNOWN if that was never told.

        Raises:
            NotFound. TimedOut: nobody has told yet whether there is such a further process.
        """
        process = self._processes.get(exec_id)
        if process is not None and process.stopped and process.state is not None:
            return process.state
        if self._runs_on.in_process:
            return self._learned(exec_id, await self._runs_on.state(exec_id))
        return await self._asked(exec_id)

    async def _asked(self, exec_id: str) -> ProcessState:
        probe = self._probes.get(exec_id)
        if probe is None or probe.task.done():
            probe = self._probes[exec_id] = Probe(self._runs_on.state(exec_id), self.find(exec_id))
            self._open.add(probe.task)
            probe.task.add_done_callback(self._answered)
        left = probe.since + self._patience - time.monotonic()
        if not probe.task.done():
            await asyncio.wait([probe.task], timeout=max(left, 0))
        if not probe.task.done():
            return self._last(exec_id, probe)
        return self._learn(exec_id, probe)

    def _answered(self, answer: asyncio.Task[ProcessState]) -> None:
        self._open.discard(answer)
        if not answer.cancelled():
            answer.exception()  # who has asked may have gone, or have been told what was known last

    def _learn(self, exec_id: str, probe: Probe) -> ProcessState:
        try:
            state = probe.task.result()
        except NotFound:
            raise
        except RuntimeFailure:  # such as a shim that has just died: whoever cleans up after it will tell
            return self._last(exec_id, probe)
        self._asking.answered()
        if self.find(exec_id) is not probe.about:  # it was deleted, and there may be another of its name
            return state
        return self._learned(exec_id, state)

    def _learned(self, exec_id: str, state: ProcessState) -> ProcessState:
        process = self.process(exec_id)
        process.learn(state)
        return process.state or state

    def _last(self, exec_id: str, probe: Probe) -> ProcessState:
        if not probe.late:
            probe.late = True
            self._asking.give_up(f"state {exec_id}".rstrip(), probe.since)
            LOG.warning("task %s does not answer: %s", self._runs_on.bundle.id, self._asking.text())
        process = self._processes.get(exec_id)
        if process is not None and process.state is not None:
            return process.state
        if not exec_id:  # there is one: containerd tells no more of it either, but lists it
            return ProcessState("", 0, Status.UNKNOWN)
        raise TimedOut(f"task {self._runs_on.bundle.id}: no answer ({self._asking.text()})")

    async def wait(self, exec_id: str) -> Exit:
        """Until a process has ended; one question for all who wait. Raises NotFound."""
        process = self.process(exec_id)
        if process.exit is None and exec_id not in self._waits:
            waiting = asyncio.get_running_loop().create_task(self._wait(exec_id, process))
            self._waits[exec_id] = waiting
            waiting.add_done_callback(lambda done: self._waited(exec_id, done))
        return await process.ended()

    def _waited(self, exec_id: str, waiting: asyncio.Task[None]) -> None:
        if self._waits.get(exec_id) is waiting:
            del self._waits[exec_id]
        if not waiting.cancelled() and (error := waiting.exception()) is not None:
            LOG.error("task %s: the end of a process is not known", self._runs_on.bundle.id, exc_info=error)

    async def _wait(self, exec_id: str, process: Process) -> None:
        try:
            process.end(await self._runs_on.wait(exec_id))
        except Unavailable:
            pass  # as above
        except RuntimeFailure as error:
            process.fail(error)
            if isinstance(error, NotFound) and exec_id and self.find(exec_id) is process:
                del self._processes[exec_id]

    async def close(self) -> None:
        """Ends all questions."""
        tasks = [*self._open, *self._waits.values()]
        for name in list(self._processes):
            self.forget(name)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

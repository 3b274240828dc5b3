"""`Container`: one container as it is known now; hears its monitor, keeps the disk the same, and tells events.

It decides nothing: what changes it are `creating`, `running`, `further`, `ending`, `deleting`, `recovery` and `loss`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time

from tiffin.runtime.errors import (
    FailedPrecondition,
    NotFound,
    OperationFailed,
    RuntimeFailure,
    TimedOut,
    Unavailable,
)

from .ending import ended
from .loss import monitor_lost
from .process import Process
from .records import FOLDER, TaskRecord, write_process
from .states import Status, check
from .values import Activity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
    from typing import Any

    from ..events.values import Event
    from ..monitor.client import Monitor
    from ..monitor.values import Exit
    from ..runtimes.port import OciRuntime
    from .states import Verb
    from .surroundings import Surroundings

LOG = logging.getLogger("tiffin.shim.tasks")


class Container:
    """A container; the `Listener` of its monitor.

    restores: `start` restores it from a checkpoint. monitor: None once it is lost.
    ready: set once it is made, or taken back; what happens before is kept until then.
    """

    def __init__(self, record: TaskRecord, runtime: OciRuntime, surroundings: Surroundings) -> None:
        request = record.request
        self.id = request.id
        self.bundle = request.bundle
        self.directory = directory_of(request.bundle)
        self.rootfs = os.path.join(request.bundle, "rootfs") if request.rootfs else ""
        self.request = request
        self.namespace = record.namespace
        self.shared_pids = record.shared_pids
        self.new_cgroups = record.new_cgroups
        self.restores = bool(request.checkpoint)
        self.runtime = runtime
        self.surroundings = surroundings
        self.init = Process("", request.stdio)
        self.execs: dict[str, Process] = {}
        self.cgroups: dict[str, str] = {}
        self.monitor: Monitor | None = None
        self.exec_ended = asyncio.Event()
        self.ready = asyncio.Event()
        self._activities: dict[tuple[str, str], float] = {}
        self._background: set[asyncio.Task[None]] = set()

    # The monitor's Listener.

    def exited(self, name: str, exit: Exit) -> None:  # noqa: A002  # the port's own word
        """A process has ended."""
        process = self.named(name)
        if process is not None and process.exit is None:
            process.exit = exit
            if (
                self.ready.is_set() and process.status is not Status.STARTING
            ):  # else its start goes on with it
                ended(self, process)

    def drained(self, name: str) -> None:
        """The output of a process was handed over."""
        process = self.named(name)
        if process is not None:
            process.drained.set()

    def lost(self) -> None:
        """The monitor is gone."""
        self.monitor = None
        self.in_background(monitor_lost(self), "the loss of its monitor")

    # What is known.

    @property
    def processes(self) -> list[Process]:
        """The further ones, and then the first."""
        return [*self.execs.values(), self.init]

    def named(self, name: str) -> Process | None:
        """A process by its name in the monitor."""
        return next((process for process in self.processes if process.name == name), None)

    def process(self, exec_id: str) -> Process:
        """A process by its id, "" for the first. Raises NotFound."""
        if not exec_id:
            return self.init
        if exec_id not in self.execs:
            raise NotFound(f"process does not exist {exec_id}: container {self.id} has no such exec")
        return self.execs[exec_id]

    def said(self, process: Process) -> str:
        """What a process is called in an error."""
        return f"exec {process.exec_id} of {self.id}" if process.exec_id else f"task {self.id}"

    def connected(self) -> Monitor:
        """Its monitor. Raises Unavailable."""
        if self.monitor is None:
            raise Unavailable(f"the monitor of container {self.id} is gone")
        return self.monitor

    async def told(self, answer: Awaitable[None]) -> None:
        """Waits for an answer of its monitor, in bounds. Raises TimedOut: it is stopped, or hangs in a file."""
        seconds = self.surroundings.patience.request
        try:
            async with asyncio.timeout(seconds):
                await answer
        except TimeoutError:
            raise TimedOut(f"the monitor of container {self.id} does not answer in {seconds:g} s") from None

    # What changes.

    def become(self, process: Process, status: Status, event: Event | None = None) -> None:
        """It has come to this: on disk first, then told. A full disk only costs a successor a question."""
        process.status = status
        process.untold = event.topic if event is not None else ""
        self._save(process)
        if event is not None:
            self.tell(process, event)

    def tell(self, process: Process, event: Event) -> None:
        """Hands an event over; after a kill in between it is told again."""
        self.surroundings.emit(event)
        process.untold = ""
        self._save(process)

    def write(self, process: Process) -> None:
        """Raises OperationFailed, for what may not be done where it cannot be written down."""
        write_process(self.directory, process.name, process.record(self.cgroups))

    def _save(self, process: Process) -> None:
        try:
            self.write(process)
        except OperationFailed as error:
            LOG.warning(
                "%s is %s, and that cannot be written: %s", self.said(process), process.status.value, error
            )

    @contextlib.asynccontextmanager
    async def change(self, process: Process, verb: Verb) -> AsyncIterator[None]:
        """Does a verb of the table: alone, with its state written before it begins, and back to that if it fails.

        Who uses it calls `become` with the state after it. Raises as `states.check`, and OperationFailed.
        """
        async with process.changing:
            rule = check(process.rules, verb, process.status, self.said(process))
            before = process.status
            if rule.meanwhile is not None:
                process.status = rule.meanwhile
            try:
                if rule.meanwhile is Status.DELETING:
                    self._save(process)  # that can be done on a full disk, and makes room
                elif rule.meanwhile is not None:
                    self.write(process)
                with self.activity(process, verb.value):
                    yield
            except BaseException:
                if process.status is rule.meanwhile:
                    self.become(process, before)
                raise

    @contextlib.contextmanager
    def activity(self, process: Process, verb: str) -> Iterator[None]:
        """Something works on a process, and may hang."""
        key = (process.exec_id, verb)
        self._activities.setdefault(key, time.monotonic())
        try:
            yield
        finally:
            self._activities.pop(key, None)

    def activities(self) -> list[Activity]:
        """What works now."""
        now = time.monotonic()
        return [Activity(self.id, *key, now - since) for key, since in self._activities.items()]

    async def end_stdin(self, process: Process) -> None:
        """Tells the monitor what it may not know yet: that nothing more comes. What fails is logged: it runs."""
        if self.monitor is None or not (process.stdin_ended and process.pid and process.exit is None):
            return
        try:
            await self.told(self.monitor.close_stdin(process.name))
        except NotFound:  # it has ended already
            return
        except RuntimeFailure as error:
            LOG.warning("%s: its stdin cannot be ended: %s", self.said(process), error)

    def check_runs_execs(self) -> None:
        """Raises FailedPrecondition if its first process has ended, also where that is not told yet."""
        if self.init.exit is not None:
            raise FailedPrecondition(f"container {self.id}: init process is not running")

    def in_background(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """Runs something that nobody waits for; what goes wrong is logged."""
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(lambda done: self._finished(done, what))

    def _finished(self, task: asyncio.Task[None], what: str) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOG.error("container %s: %s: %s", self.id, what, error, exc_info=error)

    async def close(self) -> None:
        """Lets go of it; it lives on."""
        for task in list(self._background):
            task.cancel()
        if self._background:
            await asyncio.wait(self._background)
        if self.monitor is not None:
            monitor, self.monitor = self.monitor, None
            await monitor.close()


def real_bundle(bundle: str) -> str:
    """Its path without links, as /proc/self/mountinfo has it."""
    return os.path.realpath(bundle)


def directory_of(bundle: str) -> str:
    """The folder of a container's own files, and of its monitor."""
    return os.path.join(bundle, FOLDER)

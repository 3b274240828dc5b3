"""`TaskManager`: all tasks of a manager, by namespace and id."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tiffin.api.containerd.types.introspection_pb2 import RuntimeRequest
from tiffin.api.typeurl import holds, pack, unpack
from tiffin.manager.runtimes.values import ProcessState, Status
from tiffin.manager.tasks.making import Maker
from tiffin.manager.tasks.rootfs import Rootfs
from tiffin.manager.tasks.task import Task
from tiffin.manager.tasks.telling import Teller
from tiffin.manager.tasks.underway import Underway
from tiffin.runtime.errors import AlreadyExists, InvalidArgument, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.any_pb2 import Any

    from tiffin.manager.events.exchange import Exchange
    from tiffin.manager.mounts.manager import Mounts
    from tiffin.manager.runtimes.bundles.bundle import Bundle, Bundles
    from tiffin.manager.runtimes.port import RuntimeTask
    from tiffin.manager.runtimes.table import RuntimeTable
    from tiffin.manager.runtimes.values import Exit
    from tiffin.manager.tasks.limits import Limits
    from tiffin.manager.tasks.request import Container, Containers, TaskRequest

SETTLE = 15.0  # seconds that what is under way gets when the manager closes: a shim gets 10 to clean up


class TaskManager:
    """Makes tasks, and knows them. Belongs to one event loop; `recovery.recover` comes before the first use.

    Args:
        bundles: where their folders are.
        runtimes: what they may run on.
        containers: what they are made from.
        exchange: where their events go.
        limits: how long answers may take.
        mounts: makes mounts that a shim cannot make; None for none.
    """

    def __init__(
        self,
        bundles: Bundles,
        runtimes: RuntimeTable,
        containers: Containers,
        exchange: Exchange,
        limits: Limits,
        mounts: Mounts | None = None,
    ) -> None:
        self.bundles = bundles
        self.runtimes = runtimes
        self.limits = limits
        self.teller = Teller(exchange, self._tasks_by_name, self._gone)
        self._containers = containers
        self.rootfs = Rootfs(mounts)
        self._maker = Maker(runtimes, self.rootfs, self.teller, limits.create)
        self._tasks: dict[tuple[str, str], Task] = {}
        self.recovering = Underway()
        self._making = Underway()
        self._releasing = Underway()

    def _tasks_by_name(self, namespace: str, identifier: str) -> Task | None:
        return self._tasks.get((namespace, identifier))

    def get(self, namespace: str, identifier: str) -> Task:
        """One of them. Raises NotFound; Unavailable: it is being taken back."""
        task = self._tasks.get((namespace, identifier))
        if task is None:
            self._check_taken_back((namespace, identifier))
            raise NotFound(f"task {identifier} not found")
        return task

    def _check_taken_back(self, key: tuple[str, str]) -> None:
        if key in self.recovering and key not in self._tasks:
            raise Unavailable(f"task {key[1]} is being taken back: what it runs on has not answered yet")

    def list(self, namespace: str | None = None) -> Sequence[Task]:
        """Those of a namespace; None: of all."""
        return [task for (of, _), task in self._tasks.items() if namespace is None or of == namespace]

    def add(self, runs_on: RuntimeTask) -> Task:
        """A task that is there from now on."""
        task = Task(runs_on, self.limits, self._gone)
        self._tasks[task.namespace, task.id] = task
        return task

    async def create(self, namespace: str, request: TaskRequest) -> tuple[Task, int]:
        """Makes a task; its first process waits to be started. Returns it, and the process's pid.

        If the caller is cancelled, so is the making; until all of that is undone the name is told to be taken.

        Raises:
            NotFound: no such container, or runtime.
            AlreadyExists: it has a task, or one is being made. Unavailable: it is being taken back.
            InvalidArgument, FailedPrecondition, TimedOut, OperationFailed
        """
        key = (namespace, request.container)
        container = await asyncio.to_thread(self._containers.get, namespace, request.container)
        await self._releasing.ended(key)
        self._check_taken_back(key)
        if key in self._tasks or key in self._making:
            raise AlreadyExists(f"task {request.container}: already exists")
        making = self._making.begin(key, self._create(self.bundles.of(*key), container, request))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            self._making.give_up(making)
            raise

    async def _create(self, bundle: Bundle, container: Container, request: TaskRequest) -> tuple[Task, int]:
        runs_on = await self._maker.make(bundle, container, request)
        task = self.add(runs_on)
        pid = await task.asking.ask("connect", self.limits.start, runs_on.pid())
        if task.known.process("").state is None:
            task.known.process("").learn(ProcessState("", pid, Status.CREATED, request.streams))
        return task, pid

    async def delete(self, namespace: str, identifier: str) -> Exit:
        """Removes a task whose first process has ended. Raises NotFound, FailedPrecondition, TimedOut."""
        key = (namespace, identifier)
        exit_ = await self.get(*key).delete("")
        await self._releasing.ended(key)
        await self.recovering.ended(key)
        return exit_

    def _gone(self, task: Task) -> None:
        """It was deleted, or its shim has died: nothing of it is to be found out any more."""
        key = (task.namespace, task.id)
        if self.knows(task):
            del self._tasks[key]
            if taking_back := self.recovering.of(key):
                self.recovering.give_up(taking_back)
            self._releasing.begin(key, self.rootfs.release(*key))

    def knows(self, task: Task) -> bool:
        """It was not deleted yet."""
        return self._tasks.get((task.namespace, task.id)) is task

    async def forget(self, task: Task) -> None:
        """It is not known any more, and nothing that belongs to it is touched."""
        if self.knows(task):
            del self._tasks[task.namespace, task.id]
        await task.runs_on.give_up()
        await task.close()

    def hanging(self, seconds: float = 1.0) -> dict[tuple[str, str], str]:
        """What waits for an answer for longer than that, by namespace and id: where it hangs, in words."""
        now = time.monotonic()
        return {
            key: task.asking.text()
            for key, task in self._tasks.items()
            if any(now - question.since > seconds for question in task.asking.unanswered)
        }

    async def plugin_info(self, options: Any, _call: object) -> Any:
        """For introspection: what a runtime says of itself. Raises InvalidArgument, NotFound, Unsupported."""
        if not holds(options, RuntimeRequest):
            raise InvalidArgument(f"options {options.type_url!r}: expected a containerd.types.RuntimeRequest")
        request = unpack(options, RuntimeRequest)
        chosen = self.runtimes.choose(
            request.runtime_path, request.options if request.HasField("options") else None
        )
        return pack(await chosen.runtime.info(chosen.name, chosen.options))

    async def close(self) -> None:
        """Forgets all of them; containers and shims live on. What is being made is undone, if that does not hang."""
        for underway in (self._making, self.recovering):
            underway.give_up()
            await underway.all_ended(SETTLE)
        await self.teller.close()
        tasks = list(self._tasks.values())
        await asyncio.gather(*(task.runs_on.give_up() for task in tasks))
        await asyncio.gather(*(task.close() for task in tasks))
        await self._releasing.all_ended(SETTLE)
        self._releasing.give_up()
        self._tasks.clear()
        await self.runtimes.close()

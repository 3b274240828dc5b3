"""`TaskManager`: all tasks of a manager, by namespace and id."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from tiffin.api.containerd.types.introspection_pb2 import RuntimeRequest
from tiffin.api.typeurl import holds, pack, unpack
from tiffin.manager.events.checking import check_identifier
from tiffin.manager.runtimes.bundles import mark
from tiffin.manager.runtimes.bundles.discard import discard
from tiffin.manager.runtimes.bundles.make import make_bundle
from tiffin.manager.runtimes.values import Creation, ProcessState, Status
from tiffin.manager.tasks.asking import Asking
from tiffin.manager.tasks.rootfs import Rootfs
from tiffin.manager.tasks.task import Task
from tiffin.manager.tasks.telling import Teller
from tiffin.runtime.errors import AlreadyExists, InvalidArgument, NotFound

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

LOG = logging.getLogger("tiffin.manager.tasks")


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
        self._rootfs = Rootfs(mounts)
        self._tasks: dict[tuple[str, str], Task] = {}
        self._making: set[tuple[str, str]] = set()

    def _tasks_by_name(self, namespace: str, identifier: str) -> Task | None:
        return self._tasks.get((namespace, identifier))

    def get(self, namespace: str, identifier: str) -> Task:
        """One of them. Raises NotFound."""
        task = self._tasks.get((namespace, identifier))
        if task is None:
            raise NotFound(f"task {identifier} not found")
        return task

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

        Raises:
            NotFound: no such container, or runtime.
            AlreadyExists: it has a task.
            InvalidArgument, FailedPrecondition, TimedOut, OperationFailed
        """
        key = (namespace, request.container)
        container = await asyncio.to_thread(self._containers.get, namespace, request.container)
        if key in self._tasks or key in self._making:
            raise AlreadyExists(f"task {request.container}: already exists")
        self._making.add(key)
        try:
            return await self._create(self.bundles.of(*key), container, request)
        finally:
            self._making.discard(key)

    async def _create(self, bundle: Bundle, container: Container, request: TaskRequest) -> tuple[Task, int]:
        check_identifier("id of a task", bundle.id)
        chosen = self.runtimes.choose(
            request.runtime or container.runtime, request.options or container.options
        )
        await self._make_bundle(bundle, None if container.spec is None else container.spec.value)
        creation = Creation(
            bundle=bundle,
            runtime=chosen.name,
            rootfs=await self._rootfs.prepare(bundle.namespace, bundle.id, request.rootfs),
            streams=request.streams,
            checkpoint=request.checkpoint,
            options=chosen.options,
            sandbox=container.sandbox,
            address=request.address,
            version=request.version,
        )
        try:
            mark.write(bundle, chosen.name)
            if request.restore is not None:
                creation = creation.replace(checkpoint=bundle.file("checkpoint"))
                await asyncio.to_thread(request.restore, creation.checkpoint)
            making = chosen.runtime.create(creation, self.teller)
            runs_on = await Asking(f"task {bundle.id}").ask("create", self.limits.create, making)
        except BaseException:
            await discard(bundle)
            await self._rootfs.release(bundle.namespace, bundle.id)
            raise
        task = self.add(runs_on)
        pid = await task.asking.ask("connect", self.limits.start, runs_on.pid())
        if task.known.process("").state is None:
            task.known.process("").learn(ProcessState("", pid, Status.CREATED, request.streams))
        return task, pid

    async def _make_bundle(self, bundle: Bundle, config: bytes | None) -> None:
        try:
            await asyncio.to_thread(make_bundle, bundle, config)
        except AlreadyExists:
            LOG.warning("%s has a bundle, and no task: it is cleaned up", bundle.id)
            await self.runtimes.of_bundle(bundle).clean_up(bundle, self.teller)
            await asyncio.to_thread(make_bundle, bundle, config)

    async def delete(self, namespace: str, identifier: str) -> Exit:
        """Removes a task whose first process has ended. Raises NotFound, FailedPrecondition, TimedOut."""
        exit_ = await self.get(namespace, identifier).delete("")
        await self._rootfs.release(namespace, identifier)
        return exit_

    def _gone(self, task: Task) -> None:
        """It was deleted, or its shim has died."""
        if self._tasks.get((task.namespace, task.id)) is task:
            del self._tasks[task.namespace, task.id]

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
        """Forgets all of them; containers and shims live on."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        await self.teller.close()
        await asyncio.gather(*(task.runs_on.give_up() for task in tasks))
        await asyncio.gather(*(task.close() for task in tasks))
        await self.runtimes.close()

"""`InProcessRuntime`: `TaskRuntime` by `tiffin.shim.tasks`, one set of tasks for each namespace."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any

from tiffin.api.containerd.types.introspection_pb2 import RuntimeInfo
from tiffin.manager.runtimes.bundles.discard import discard
from tiffin.manager.runtimes.in_process.task import InProcessTask
from tiffin.manager.runtimes.values import Exit
from tiffin.runtime.errors import FailedPrecondition, RuntimeFailure, TimedOut, Unavailable
from tiffin.shim.events.messages import message_of
from tiffin.shim.service.options import runtime_options
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.tasks import Tasks
from tiffin.shim.tasks.values import CreateTask

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.port import Watcher
    from tiffin.manager.runtimes.values import Creation
    from tiffin.shim.events.values import Event

TasksOf = Callable[[str, Callable[["Event"], None]], Tasks]
NO_OPTIONS = Any()
LOG = logging.getLogger("tiffin.manager.tasks")
MAY_LIVE = (FailedPrecondition, TimedOut, Unavailable)  # its monitor hangs, or its processes do, in state D


class InProcessRuntime:
    """As the protocol says.

    Args:
        tasks_of: makes the tasks of a namespace; gets its name, and where events go.
    """

    def __init__(self, tasks_of: TasksOf) -> None:
        self._tasks_of = tasks_of
        self._tasks: dict[str, Tasks] = {}

    def _of(self, namespace: str, watcher: Watcher) -> Tasks:
        if namespace not in self._tasks:

            def emit(event: Event) -> None:
                watcher.happened(namespace, event.topic, message_of(event))

            self._tasks[namespace] = self._tasks_of(namespace, emit)
        return self._tasks[namespace]

    async def create(self, creation: Creation, watcher: Watcher) -> InProcessTask:
        """As the protocol says."""
        bundle, streams = creation.bundle, creation.streams
        tasks = self._of(bundle.namespace, watcher)
        request = CreateTask(
            id=bundle.id,
            bundle=bundle.path,
            rootfs=creation.rootfs,
            stdio=Stdio(streams.stdin, streams.stdout, streams.stderr, streams.terminal),
            checkpoint=creation.checkpoint,
            options=runtime_options(creation.options or NO_OPTIONS),
        )
        await tasks.create(request)
        return InProcessTask(bundle, tasks)

    async def recover(
        self,
        bundle: Bundle,
        watcher: Watcher,
        unmade: Callable[[], None],  # noqa: ARG002  # it is known at once
    ) -> InProcessTask | None:
        """As the protocol says."""
        tasks = self._of(bundle.namespace, watcher)
        if await tasks.recover(bundle.path) is None:
            return None
        return InProcessTask(bundle, tasks)

    async def clean_up(self, bundle: Bundle, watcher: Watcher) -> Exit | None:
        """As the protocol says. What may live still is kept, so that a later try knows of it."""
        was = None
        try:
            was = await self._of(bundle.namespace, watcher).clean_up(bundle.path)
        except RuntimeFailure as error:
            LOG.warning("cleaning up the task of %s: %s", bundle.id, error)
            if isinstance(error, MAY_LIVE):
                return None
        await discard(bundle)
        return None if was is None else Exit(was.pid, was.exit_status, was.exited_at)

    async def info(self, runtime: str, options: Any | None) -> RuntimeInfo:
        """As the protocol says."""
        return RuntimeInfo(name=runtime, options=options)

    async def close(self) -> None:
        """As the protocol says."""
        for tasks in self._tasks.values():
            await tasks.close()
        self._tasks.clear()

"""`Rootfs`: mounts of root file systems that a shim cannot make as they are given; some are made for it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from tiffin.runtime.errors import AlreadyExists, NotFound, RuntimeFailure, Unsupported

if TYPE_CHECKING:
    from tiffin.manager.mounts.manager import Mounts
    from tiffin.shim.events.values import Mount

LOG = logging.getLogger("tiffin.manager.tasks")
OF_CONTAINER = "containerd.io/gc.bref.container"  # containerd's label of what goes with its container


class Rootfs:
    """mounts: makes them, under the task's id; None: shims get what clients give."""

    def __init__(self, mounts: Mounts | None) -> None:
        self._mounts = mounts

    async def prepare(self, namespace: str, task: str, mounts: tuple[Mount, ...]) -> tuple[Mount, ...]:
        """What the shim gets. Raises InvalidArgument, OperationFailed."""
        if self._mounts is None or not any("/" in each.type for each in mounts):
            return mounts
        labels = {OF_CONTAINER: task}
        try:
            made = await asyncio.to_thread(self._mounts.activate, namespace, task, mounts, labels=labels)
        except Unsupported:
            return mounts
        except AlreadyExists:  # of a task of the same container, that was not removed
            made = await asyncio.to_thread(self._mounts.info, namespace, task)
        return made.system

    async def release(self, namespace: str, task: str) -> None:
        """Unmounts what was mounted for a task that is gone."""
        if self._mounts is None:
            return
        try:
            await asyncio.to_thread(self._mounts.deactivate, namespace, task)
        except NotFound:
            pass  # there were none, as for almost all tasks
        except (RuntimeFailure, OSError) as error:
            LOG.warning("mounts of task %s stay: %s", task, error)

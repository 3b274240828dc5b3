"""`Rootfs`: mounts of root file systems that a shim cannot make as they are given; some are made for it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tiffin.runtime.errors import AlreadyExists, NotFound, RuntimeFailure, Unsupported
from tiffin.shim.tasks.threads import in_thread

if TYPE_CHECKING:
    from tiffin.manager.mounts.activation import Activation
    from tiffin.manager.mounts.manager import Mounts
    from tiffin.shim.events.values import Mount

LOG = logging.getLogger("tiffin.manager.tasks")
OF_CONTAINER = "containerd.io/gc.bref.container"  # containerd's label of what goes with its container


class Rootfs:
    """mounts: makes them, under the task's id; None: shims get what clients give."""

    def __init__(self, mounts: Mounts | None) -> None:
        self._mounts = mounts

    async def prepare(self, namespace: str, task: str, mounts: tuple[Mount, ...]) -> tuple[Mount, ...]:
        """What the shim gets. Raises InvalidArgument, OperationFailed; AlreadyExists: a client has mounts of that name.

        What an earlier task has left there, whose manager was killed, is replaced: it may be another root.
        """
        if self._mounts is None or not any("/" in each.type for each in mounts):
            return mounts
        try:
            return (await in_thread(_activate, self._mounts, namespace, task, mounts)).system
        except Unsupported:
            return mounts

    async def release(self, namespace: str, task: str) -> None:
        """Unmounts what was mounted for a task that is gone."""
        if self._mounts is None:
            return
        try:
            await in_thread(_deactivate, self._mounts, namespace, task)
        except NotFound:
            pass  # there were none, as for almost all tasks
        except (RuntimeFailure, OSError) as error:
            LOG.warning("mounts of task %s stay: %s", task, error)


def _activate(made_by: Mounts, namespace: str, task: str, mounts: tuple[Mount, ...]) -> Activation:
    labels = {OF_CONTAINER: task}
    try:
        return made_by.activate(namespace, task, mounts, labels=labels)
    except AlreadyExists:
        if not _deactivate(made_by, namespace, task):
            raise
        return made_by.activate(namespace, task, mounts, labels=labels)


def _deactivate(made_by: Mounts, namespace: str, task: str) -> bool:
    """Whether they were a task's: a client may have mounts of the same name. Raises NotFound, RuntimeFailure."""
    if made_by.info(namespace, task).labels.get(OF_CONTAINER) != task:
        return False
    made_by.deactivate(namespace, task)
    return True

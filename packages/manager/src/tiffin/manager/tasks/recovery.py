"""Takes tasks back when the manager starts: living ones are known again, dead ones are cleaned up and told."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from tiffin.manager.runtimes.values import Status
from tiffin.runtime.errors import NotFound, OperationFailed, RuntimeFailure, TimedOut, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.manager.runtimes.bundles.bundle import Bundle, Bundles
    from tiffin.manager.tasks.manager import TaskManager
    from tiffin.manager.tasks.task import Task

LOG = logging.getLogger("tiffin.manager.tasks")
AT_ONCE = 64
LACKS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN}
AGAIN = 10.0  # seconds to the next try
PATIENCE = 30.0  # seconds for the first ones: one shim that does not answer gets five


async def recover(manager: TaskManager) -> None:
    """Looks at every bundle; one that cannot be taken back is told in the log, and stays, and stops nothing.

    What hangs is not waited for: it goes on, or is tried again, while the manager serves, and who asks for the task
    meanwhile is told so. Nor is what was just being made, or removed, when an earlier manager was killed.
    """
    bundles = await asyncio.to_thread(list, manager.bundles.all())
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(bundle: Bundle, tried: asyncio.Event) -> None:
        taking_back = _TakingBack(manager, bundle, tried)
        async with limit:
            hangs = await taking_back.hangs()
        tried.set()
        while hangs:
            await asyncio.sleep(AGAIN)
            hangs = await taking_back.hangs()

    tries = [asyncio.Event() for _ in bundles]
    for bundle, tried in zip(bundles, tries, strict=True):
        manager.recovering.begin((bundle.namespace, bundle.id), one(bundle, tried))
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            for tried in tries:
                await tried.wait()
    await asyncio.to_thread(_remove_unfinished, manager.bundles)


class _TakingBack:
    """Of the task of one bundle. tried: is set when the start does not wait for it any more."""

    def __init__(self, manager: TaskManager, bundle: Bundle, tried: asyncio.Event) -> None:
        self._manager = manager
        self._bundle = bundle
        self._tried = tried
        self._task: Task | None = None

    async def hangs(self) -> bool:
        """Takes it back; True: what it runs on, its monitor for example, does not answer, and may do so later."""
        try:
            return not await self._taken_back()
        except Exception as error:  # whatever it is, the others are taken back
            expected = isinstance(error, RuntimeFailure | OSError)
            words = (self._bundle.id, self._bundle.namespace, error)
            LOG.warning("task %s of %s cannot be taken back: %s", *words, exc_info=not expected)
            return _may_pass(error)

    async def _taken_back(self) -> bool:
        """False: it is known, but not how it is."""
        task = self._task or await self._found()
        if task is None or not self._manager.knows(task):  # it was deleted meanwhile
            return True
        self._task = task
        try:
            state = await task.state("")
        except NotFound:
            if task.is_being_removed:  # by a client, who takes care of all of it
                return False
            # it was being made when we were killed, and what it runs on did not say so in time
            self._task = None
            await self._manager.forget(task)
            return await self._taken_back()
        if state.status is Status.UNKNOWN:
            return False
        self._tell(task)
        LOG.info("task %s of %s is %s", task.id, task.namespace, state.status.name.lower())
        return True

    async def _found(self) -> Task | None:
        """None: nothing runs any more; what was left is removed, and told."""
        manager, bundle = self._manager, self._bundle
        runtime = manager.runtimes.of_bundle(bundle)
        runs_on = await runtime.recover(bundle, manager.teller, self._tried.set)
        if runs_on is not None:
            return manager.add(runs_on)
        exit_ = await runtime.clean_up(bundle, manager.teller)
        await manager.rootfs.release(bundle.namespace, bundle.id)
        if exit_ is not None:
            manager.teller.tell_death(bundle.namespace, bundle.id, exit_)
        return None

    def _tell(self, task: Task) -> None:
        first = task.known.process("")
        if first.stopped and first.exit is not None and not task.runs_on.in_process:
            self._manager.teller.tell_exit(task, first, first.exit)


def _may_pass(error: Exception) -> bool:
    """Whether the next try may succeed: what it runs on does not answer, or has just gone; or the host lacks something.

    One that is given up is not known, though its container lives: who makes another of its name has that one killed.
    """
    if isinstance(error, OSError | OperationFailed):
        return error.errno in LACKS
    return isinstance(error, TimedOut | Unavailable)


def _remove_unfinished(bundles: Bundles) -> None:
    """Removes what was being made or removed, and work folders whose bundles were lost with a boot."""
    for folder in _hidden(bundles.state):
        if not os.path.ismount(os.path.join(folder, "rootfs")):
            shutil.rmtree(folder, ignore_errors=True)
    for namespace in _names(bundles.root):
        for identifier in _names(os.path.join(bundles.root, namespace)):
            if not os.path.isdir(os.path.join(bundles.state, namespace, identifier)):
                shutil.rmtree(os.path.join(bundles.root, namespace, identifier), ignore_errors=True)


def _hidden(state: str) -> Iterator[str]:
    for namespace in _names(state):
        for name in _names(os.path.join(state, namespace)):
            if name.startswith("."):
                yield os.path.join(state, namespace, name)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []

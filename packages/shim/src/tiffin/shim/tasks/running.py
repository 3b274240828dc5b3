"""What is done with a task between its creation and its end: start, pause, resume, update, checkpoint."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil

from tiffin.runtime.errors import AlreadyExists, RuntimeFailure, TimedOut
from tiffin.runtime.state.files import remove_tree

from ..events.values import TaskCheckpointed, TaskPaused, TaskResumed, TaskStart
from ..monitor.client import Monitor
from .creating import learn_first_process, make_first_process
from .ending import ended
from .facts import cgroup_manager
from .states import Status, Verb
from .threads import in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..runtimes.options import CheckpointOptions
    from .container import Container

LOG = logging.getLogger("tiffin.shim.tasks")
RUNTIME_STATES = {"created": Status.CREATED, "running": Status.RUNNING, "paused": Status.PAUSED}


async def start(container: Container) -> int:
    """Lets the first process run; returns its pid. Raises FailedPrecondition, RuntimeFailure."""
    init = container.init
    try:
        async with container.change(init, Verb.START):
            if container.restores:
                await learn_first_process(container, await _restored(container))
            else:
                await _started(container)
            container.become(init, Status.RUNNING, TaskStart(container_id=container.id, pid=init.pid))
            await container.end_stdin(init)
    finally:
        if init.exit is not None and init.status in (Status.CREATED, Status.RUNNING):
            ended(container, init)  # while it was being started
    if container.restores and container.surroundings.watcher is not None and container.cgroups:
        container.surroundings.watcher.watch(container.id, container.cgroups)
    return init.pid


async def _started(container: Container) -> None:
    """The command may hang, or be given up, after it has done it."""
    try:
        await container.runtime.start(container.id)
    except TimedOut:
        if await state_now(container) is not Status.RUNNING:
            raise
    except asyncio.CancelledError:
        if await state_now(container) is Status.RUNNING:
            event = TaskStart(container_id=container.id, pid=container.init.pid)
            container.become(container.init, Status.RUNNING, event)
        raise


async def _restored(container: Container) -> int:
    try:
        if container.monitor is None:  # it had no process, and has ended while nobody was connected
            container.monitor = await Monitor.start(container.directory, container)
        return await make_first_process(container)
    except AlreadyExists:  # it is another's: that is not ours to remove
        raise
    except BaseException:
        container.init.forget()
        with contextlib.suppress(RuntimeFailure):  # it is the first error that is told; `delete` tries again
            await container.runtime.delete(container.id, force=True)
        raise


async def state_now(container: Container) -> Status | None:
    """What the runtime says; None if it does not, or if there is no process any more."""
    try:
        state = await container.runtime.state(container.id)
    except RuntimeFailure as error:
        LOG.warning("container %s: its runtime does not tell its state: %s", container.id, error)
        return None
    return RUNTIME_STATES.get(state.status)


async def is_frozen(container: Container) -> bool:
    """Whether its processes are frozen, as the kernel says; where it does not, the runtime. Raises RuntimeFailure."""
    manager = cgroup_manager(container)
    if manager is not None:
        return await in_thread(manager.is_frozen)
    return await state_now(container) is Status.PAUSED


async def pause(container: Container) -> None:
    """Freezes it. Raises FailedPrecondition, RuntimeFailure; also then the state is true."""
    async with container.change(container.init, Verb.PAUSE):
        try:
            await container.runtime.pause(container.id)
        except BaseException:
            if await is_frozen(container):
                _paused(container)
            raise
        _paused(container)


def _paused(container: Container) -> None:
    if container.init.status is Status.PAUSING:  # it has not ended meanwhile
        container.become(container.init, Status.PAUSED, TaskPaused(container_id=container.id))


async def resume(container: Container) -> None:
    """Lets it run on. Raises FailedPrecondition, RuntimeFailure; also then the state is true."""
    async with container.change(container.init, Verb.RESUME):
        try:
            await container.runtime.resume(container.id)
        except BaseException:
            if not await is_frozen(container):
                _resumed(container)
            raise
        _resumed(container)


def _resumed(container: Container) -> None:
    if container.init.status is Status.RESUMING:
        container.become(container.init, Status.RUNNING, TaskResumed(container_id=container.id))


async def update(container: Container, resources: bytes) -> None:
    """Changes its limits. resources: OCI's `linux.resources` as JSON. Raises FailedPrecondition, RuntimeFailure."""
    async with container.change(container.init, Verb.UPDATE):
        await container.runtime.update(container.id, resources)


async def checkpoint(container: Container, options: CheckpointOptions) -> None:
    """Writes it to disk; CRIU's log of a failure is in the bundle, as with runc's shim.

    Raises:
        FailedPrecondition, RuntimeFailure
    """
    work = options.work or os.path.join(container.directory, "criu")
    async with container.change(container.init, Verb.CHECKPOINT):
        try:
            await container.runtime.checkpoint(container.id, options.replace(work=work))
        except asyncio.CancelledError:
            await _let_run_on(container)
            raise
        except RuntimeFailure as error:
            if isinstance(error, TimedOut):
                await _let_run_on(container)
            with contextlib.suppress(OSError):  # there is none if CRIU was not even started
                shutil.copyfile(
                    os.path.join(work, "dump.log"), os.path.join(container.bundle, "criu-dump.log")
                )
            raise
        finally:
            if not options.work:
                remove_tree(work)
        container.surroundings.emit(TaskCheckpointed(container_id=container.id, checkpoint=options.image))


async def _let_run_on(container: Container) -> None:
    """A CRIU that was killed leaves the cgroup frozen, as it had it."""
    manager = cgroup_manager(container)
    if manager is None or container.init.status is not Status.RUNNING:
        return
    try:
        if await in_thread(manager.is_frozen):
            await in_thread(manager.thaw)
    except RuntimeFailure as error:  # it is the checkpoint's failure that is told
        LOG.warning("container %s is left frozen by a checkpoint: %s", container.id, error)

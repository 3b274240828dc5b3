"""Deletes a process, or a whole task. Each step may be done again: after a failure, or a kill, `delete` is called anew.

Output that nobody takes, or that children of the process may still write, is waited for in bounds, and then given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from tiffin.runtime.errors import NotFound, Unavailable

from ..events.values import TaskDelete
from .killing import kill_created
from .mounting.unmount import unmount_all
from .records import remove_process
from .removing import remove_files, stop_monitor
from .states import Status, Verb, check
from .threads import in_thread
from .values import Deleted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .container import Container
    from .process import Process

LOG = logging.getLogger("tiffin.shim.tasks")


async def delete_exec(container: Container, process: Process) -> Deleted:
    """Deletes a further process that has ended, or never began.

    Raises:
        FailedPrecondition: it runs. OperationFailed, TimedOut: it may be deleted again.
    """
    async with container.change(process, Verb.DELETE):
        await _drained(container, process)
        if container.monitor is not None:
            with contextlib.suppress(NotFound, Unavailable):  # never started; or all of it goes
                await container.told(container.monitor.forget(process.name))
        remove_process(container.directory, process.name)
        del container.execs[process.exec_id]
        process.status = Status.DELETED
        _nobody_waits(container, process)
    return what_was(process)


async def delete(container: Container) -> Deleted:
    """Deletes a task whose first process has ended, or was never started: that one is killed.

    Raises:
        FailedPrecondition: it runs. NotFound: it is deleted.
        OperationFailed, TimedOut: a step failed; the task is stopped, and may be deleted again.
    """
    init = container.init
    async with init.changing:
        check(init.rules, Verb.DELETE, init.status, container.said(init))
        if init.status is Status.CREATED and init.pid:
            await kill_created(container)
    async with container.change(init, Verb.DELETE):
        await asyncio.gather(*(_drained(container, process) for process in container.processes))
        await remove(container)
    return what_was(init)


async def remove(container: Container) -> None:
    """Removes a container that has ended, and tells it. Raises RuntimeFailure."""
    init = container.init
    with contextlib.suppress(NotFound):  # a checkpoint has ended it, or this is not the first try
        await container.runtime.delete(container.id)
    if container.rootfs:
        await in_thread(unmount_all, container.rootfs)
    await stop_monitor(container)
    was = what_was(init)
    container.surroundings.emit(
        TaskDelete(
            container_id=container.id, pid=was.pid, exit_status=was.exit_status, exited_at=was.exited_at
        )
    )
    remove_files(container.directory)
    for process in container.processes:
        process.status = Status.DELETED
        _nobody_waits(container, process)


def what_was(process: Process) -> Deleted:
    """What is told of a process that is no more."""
    if process.exit is None:
        return Deleted(process.pid, 0, 0)
    return Deleted(process.pid, process.exit.status, process.exit.at)


async def _drained(container: Container, process: Process) -> None:
    """Waits for its output, in bounds."""
    if process.exit is None or container.monitor is None:
        return
    with container.activity(process, "drain"):
        try:
            await asyncio.wait_for(process.drained.wait(), container.surroundings.patience.drain)
        except TimeoutError:
            LOG.warning("%s: its output is given up: somebody keeps it open", container.said(process))


def _nobody_waits(container: Container, process: Process) -> None:
    if not process.settled.is_set():
        process.settle(NotFound(f"{container.said(process)} was deleted"))

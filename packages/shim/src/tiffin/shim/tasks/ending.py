"""How a process ends: its exit is told once, after its start, and that of the first process after those of all others.

Without a pid namespace of its own the first process leaves the others alive: they are killed, as runc's shim does it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from tiffin.runtime.errors import RuntimeFailure

from ..events.values import TaskExit
from .killing import kill_everything, thaw
from .states import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .container import Container
    from .process import Process

LOG = logging.getLogger("tiffin.shim.tasks")
FROZEN = (Status.PAUSING, Status.PAUSED, Status.RESUMING)


def ended(container: Container, process: Process) -> None:
    """The exit of a process is known, and its start was told."""
    if process is not container.init:
        settle(container, process)
        container.exec_ended.set()
    elif container.shared_pids or running_execs(container):
        container.in_background(_first_ended(container), "the end of its other processes")
    else:
        settle(container, process)


def running_execs(container: Container) -> list[Process]:
    """The further processes that run, or are about to."""
    return [one for one in container.execs.values() if one.status in (Status.STARTING, Status.RUNNING)]


def settle(container: Container, process: Process) -> None:
    """It is stopped: writes it down, tells it, and lets those go on who wait for it."""
    if process.exit is None or process.status is Status.STOPPED:
        return
    was_frozen = process.status in FROZEN
    watcher = container.surroundings.watcher
    if process is container.init and watcher is not None:
        watcher.unwatch(container.id)  # tells what it has seen, which comes before the exit
    container.become(process, Status.STOPPED, exit_event(container, process))
    process.settle()
    if process is container.init and was_frozen:
        container.in_background(thaw(container), "thawing it")


def exit_event(container: Container, process: Process) -> TaskExit:
    """The event of a process that has ended."""
    assert process.exit is not None  # noqa: S101
    return TaskExit(
        container_id=container.id,
        id=process.exec_id or container.id,
        pid=process.pid,
        exit_status=process.exit.status,
        exited_at=process.exit.at,
    )


async def _first_ended(container: Container) -> None:
    if container.shared_pids:
        try:
            await kill_everything(container)
        except (RuntimeFailure, OSError) as error:  # those that wait for the exit must get it
            LOG.warning("container %s: what its first process left cannot be killed: %s", container.id, error)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(container.surroundings.patience.last_execs):
            while running_execs(container):
                container.exec_ended.clear()
                await container.exec_ended.wait()
    if left := running_execs(container):
        names = ", ".join(process.exec_id for process in left)
        LOG.warning("container %s: its first process has ended, and these have not: %s", container.id, names)
    settle(container, container.init)

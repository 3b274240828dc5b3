"""What a killed predecessor was at: how far it came, and what of it is undone."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from tiffin.runtime.errors import NotFound, RuntimeFailure, TimedOut

from ..events.values import TaskExecStarted, TaskPaused, TaskResumed, TaskStart
from ..runtimes.stopping import kill_commands, pid_file_of
from .cgroups import cgroups_of
from .mounting.unmount import unmount_all
from .orphans import Orphan
from .removing import remove_files, remove_half_made, stop_monitor
from .running import is_frozen
from .states import Status
from .threads import in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..monitor.values import MonitoredProcess
    from .container import Container
    from .process import Process

LOG = logging.getLogger("tiffin.shim.tasks")
BETWEEN_LOOKS = 0.005  # seconds


async def undo_creation(container: Container) -> None:
    """Removes a task that was half made. Raises RuntimeFailure; then its record stays, and it is tried again."""
    await _command_ended(container, container.init)
    init = container.init
    await stop_monitor(container, by_force=True)
    if init.pid and init.exit is None:  # without a monitor it would live on
        with Orphan.of(init) as orphan:
            orphan.kill()
            await orphan.ended(container.surroundings.patience.kill)
    await remove_half_made(container)
    if container.rootfs:
        await in_thread(unmount_all, container.rootfs)
    remove_files(container.directory)
    await container.close()


async def finish_first(container: Container) -> None:
    """The first process: its state becomes one in which nothing is at work."""
    init = container.init
    if init.status is Status.DELETING:
        container.become(init, Status.STOPPED if init.exit is not None else Status.CREATED)
    elif init.status is Status.STARTING and container.restores:
        await _finish_restoration(container)
    elif init.status is Status.STARTING:
        # One that has ended cannot be asked; it was most likely started, and no exit is told without a start.
        started = init.exit is not None or await _runs(container)
        _change(init, Status.RUNNING if started else Status.CREATED, TaskStart.topic if started else "")
    elif init.status in (Status.PAUSING, Status.RESUMING):
        await _finish_pause(container)


async def _runs(container: Container) -> bool:
    """What the runtime says. Raises TimedOut: it hangs; taken for one that was not started it could not be started."""
    try:
        return (await container.runtime.state(container.id)).status == "running"
    except TimedOut:
        raise
    except RuntimeFailure as error:
        LOG.warning("container %s: its runtime does not tell its state: %s", container.id, error)
        return False


async def _command_ended(container: Container, process: Process) -> None:
    """The command that makes a process has ended, by itself or not, and the monitor has said what came of it."""
    path = pid_file_of(container.directory, process.name)
    await in_thread(kill_commands, path, after=container.surroundings.patience.half_made)
    known = await _known(container, process.name)
    if known is not None and known.pid:
        process.learn(known)
    elif known is not None:  # it is just being executed, or was to be adopted by the predecessor
        await _forgotten(container, process.name)


async def _known(container: Container, name: str) -> MonitoredProcess | None:
    """What the monitor knows of a process."""
    if container.monitor is None:
        return None
    return next((one for one in await container.monitor.processes() if one.name == name), None)


async def _forgotten(container: Container, name: str) -> None:
    """The monitor kills what is being started, and knows the name no more once that is reaped; no event tells when."""
    with contextlib.suppress(NotFound):
        await container.connected().forget(name)
    for _ in range(int(container.surroundings.patience.kill / BETWEEN_LOOKS)):
        if await _known(container, name) is None:
            return
        await asyncio.sleep(BETWEEN_LOOKS)


async def _finish_restoration(container: Container) -> None:
    init = container.init
    await _command_ended(container, init)
    if init.pid:
        if container.runtime.host_processes:
            container.cgroups = cgroups_of(init.pid)
        _change(init, Status.RUNNING, TaskStart.topic)
        return
    init.forget()
    await remove_half_made(container)
    container.become(init, Status.CREATED)


async def _finish_pause(container: Container) -> None:
    init = container.init
    if await is_frozen(container):
        _change(init, Status.PAUSED, TaskPaused.topic if init.status is Status.PAUSING else "")
    else:
        _change(init, Status.RUNNING, TaskResumed.topic if init.status is Status.RESUMING else "")


async def finish_exec(container: Container, process: Process) -> None:
    """A further process: it runs if its command had succeeded; else it was never started."""
    if process.status is Status.DELETING:
        container.become(process, Status.STOPPED if process.exit is not None else Status.CREATED)
    elif process.status is Status.STARTING:
        await _command_ended(container, process)
        if process.pid:
            _change(process, Status.RUNNING, TaskExecStarted.topic)
        else:
            process.forget()
            container.become(process, Status.CREATED)


def _change(process: Process, status: Status, untold: str) -> None:
    """`recovery` tells the event, and writes it down."""
    process.status = status
    process.untold = untold

"""What a killed predecessor was at: how far it came, and what of it is undone."""

from __future__ import annotations

import contextlib

from tiffin.runtime.errors import NotFound, RuntimeFailure

from ..events.values import TaskExecStarted, TaskPaused, TaskResumed, TaskStart
from ..runtimes.stopping import kill_commands, pid_file_of
from .cgroups import cgroups_of
from .facts import cgroup_manager
from .killing import SIGKILL
from .loss import end_process
from .mounting.unmount import unmount_all
from .removing import remove_files, stop_monitor
from .running import state_now
from .states import Status
from .threads import in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .container import Container
    from .process import Process


async def undo_creation(container: Container) -> None:
    """Removes a task that was half made. Raises RuntimeFailure; then its record stays, and it is tried again."""
    await in_thread(kill_commands, pid_file_of(container.directory, container.init.name))
    init = container.init
    await stop_monitor(container)
    if init.pid and init.exit is None:  # without a monitor it would live on
        await end_process(init, container.surroundings.patience.kill)
    await container.runtime.delete(container.id, force=True)
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
        started = init.exit is not None or await state_now(container) is Status.RUNNING
        _change(init, Status.RUNNING if started else Status.CREATED, TaskStart.topic if started else "")
    elif init.status in (Status.PAUSING, Status.RESUMING):
        await _finish_pause(container)


async def _finish_restoration(container: Container) -> None:
    init = container.init
    if init.pid:
        if container.runtime.host_processes:
            container.cgroups = cgroups_of(init.pid)
        _change(init, Status.RUNNING, TaskStart.topic)
        return
    await _undo_start(container, init)
    await container.runtime.delete(container.id, force=True)
    container.become(init, Status.CREATED)


async def _finish_pause(container: Container) -> None:
    init = container.init
    manager = cgroup_manager(container)
    if manager is not None:
        frozen = await in_thread(manager.is_frozen)
    else:
        frozen = await state_now(container) is Status.PAUSED
    if frozen:
        _change(init, Status.PAUSED, TaskPaused.topic if init.status is Status.PAUSING else "")
    else:
        _change(init, Status.RUNNING, TaskResumed.topic if init.status is Status.RESUMING else "")


async def finish_exec(container: Container, process: Process) -> None:
    """A further process: it runs if its command had succeeded; else it was never started."""
    if process.status is Status.DELETING:
        container.become(process, Status.STOPPED if process.exit is not None else Status.CREATED)
    elif process.status is Status.STARTING and process.pid:
        _change(process, Status.RUNNING, TaskExecStarted.topic)
    elif process.status is Status.STARTING:
        await _undo_start(container, process)
        container.become(process, Status.CREATED)


async def _undo_start(container: Container, process: Process) -> None:
    """Ends the command that makes a process, and the process if it was faster."""
    await in_thread(kill_commands, pid_file_of(container.directory, process.name))
    if container.monitor is not None:
        with contextlib.suppress(NotFound):  # there is no process
            await container.monitor.signal(process.name, SIGKILL)
        with contextlib.suppress(RuntimeFailure):  # it is not known
            await container.monitor.forget(process.name)
    process.forget()


def _change(process: Process, status: Status, untold: str) -> None:
    """`recovery` tells the event, and writes it down."""
    process.status = status
    process.untold = untold

"""Takes a task back from its bundle, whenever its keeper was killed: it is as it was, or half made and undone.

A state in -ing says what was at work. Its command is waited for (`OciRuntime.settle`), then asked about; what needs no
answer costs no command. Events that may not have been handed over are told again, in their order.
"""

from __future__ import annotations

import asyncio
import errno
import logging

from tiffin.runtime.errors import OperationFailed, RuntimeFailure, TimedOut, Unavailable

from ..events.values import (
    TaskCreate,
    TaskExecAdded,
    TaskExecStarted,
    TaskExit,
    TaskPaused,
    TaskResumed,
    TaskStart,
)
from ..monitor.client import Monitor
from ..monitor.records import recorded
from ..monitor.starting import pid_of
from ..monitor.values import INIT
from .container import Container, directory_of
from .creating import created_event
from .ending import ended, exit_event
from .loss import end_orphans
from .process import Process
from .records import read_processes, read_task
from .removing import kill_monitor, remove_files
from .states import ENDED, Status
from .unfinished import finish_exec, finish_first, undo_creation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..events.values import Event
    from ..monitor.values import MonitoredProcess
    from .records import TaskRecord
    from .surroundings import Surroundings

LOG = logging.getLogger("tiffin.shim.tasks")
AT_WORK = (Status.CREATING, Status.STARTING, Status.PAUSING, Status.RESUMING, Status.DELETING)
BETWEEN_TRIES = 1.0  # seconds
PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN, errno.ETIMEDOUT})
"""What a later try may not meet: too much is open, or a process in state D keeps a cgroup from being frozen."""


def record_of(bundle: str) -> TaskRecord | None:
    """What is written down of a bundle's task; None if it has none, and then nothing of one is left.

    Raises:
        OperationFailed: it cannot be read.
    """
    directory = directory_of(bundle)
    record = read_task(directory)
    if record is None:
        remove_files(directory)
    return record


async def recover(
    record: TaskRecord, surroundings: Surroundings, *, by_force: bool = False
) -> Container | None:
    """The container; None if it was half made, and is undone now.

    Args:
        by_force: a monitor that does not answer in time is killed, which ends the container.

    Raises:
        OperationFailed: its records cannot be read, or what was half made cannot be removed.
        NotFound: its runtime is not installed any more. TimedOut: a command of the predecessor cannot be ended.
    """
    container = Container(record, surroundings.runtime_for(record.request.options), surroundings)
    try:
        return container if await _taken_back(container, by_force=by_force) else None
    except BaseException:
        await container.close()  # its monitor would tell two of them when it is tried again
        raise


async def recover_at_last(record: TaskRecord, surroundings: Surroundings) -> Container | None:
    """As `recover`, but what does not answer now is asked again, as often as it takes: the machine may be slow.

    Whoever heard that there is no such task would remove what lives.
    """
    while True:
        try:
            return await recover(record, surroundings)
        except (RuntimeFailure, OSError) as error:
            if not _may_answer_later(error):
                raise
            LOG.warning("task %s cannot be taken back yet: %s", record.request.id, error)
        await asyncio.sleep(BETWEEN_TRIES)


def _may_answer_later(error: RuntimeFailure | OSError) -> bool:
    """Unavailable: its monitor has just gone, or cut the connection; the next try finds out which."""
    if isinstance(error, OperationFailed | OSError):
        return error.errno in PASSING
    return isinstance(error, TimedOut | Unavailable)


async def _taken_back(container: Container, *, by_force: bool) -> bool:
    """False: it was half made, and is undone now."""
    _read(container)
    if container.init.status in AT_WORK:
        await container.runtime.settle(container.id)
    await _connect(container, by_force=by_force)
    if container.init.status is Status.CREATING:
        await undo_creation(container)
        return False
    await finish_first(container)
    await asyncio.gather(*(finish_exec(container, process) for process in container.execs.values()))
    await _tell(container)
    for process in container.processes:
        await container.end_stdin(process)
    return True


def _read(container: Container) -> None:
    for name, record in read_processes(container.directory):
        process = Process.from_record(record)
        if name == INIT:
            container.init = process
            container.cgroups = dict(record.cgroups)
        else:
            container.execs[record.exec_id] = process


async def _connect(container: Container, *, by_force: bool) -> None:
    """To its monitor; to its files, where that has ended. Raises TimedOut: it does not answer."""
    known = await _told(container)
    if known is None and not by_force:
        raise TimedOut(f"the monitor in {container.directory} does not answer: is it stopped?")
    if known is None:
        if container.monitor is not None:
            monitor, container.monitor = container.monitor, None
            await monitor.close()
        await kill_monitor(pid_of(container.directory), container.surroundings.patience.kill)
        known = recorded(container.directory)
    for process in container.processes:
        if process.name in known:
            process.learn(known[process.name])
        elif process.exit is not None:  # it was being deleted: the monitor has forgotten it
            process.drained.set()


async def _told(container: Container) -> Mapping[str, MonitoredProcess] | None:
    """What its monitor, or what is left of it, says of its processes; None: it does not answer."""
    try:
        async with asyncio.timeout(container.surroundings.patience.monitor):
            container.monitor = await Monitor.connect(container.directory, container)
            return {one.name: one for one in await container.monitor.processes()}
    except TimeoutError:
        return None
    except Unavailable:
        container.monitor = None
        return recorded(container.directory)


async def _tell(container: Container) -> None:
    """What was not told, the further processes first; then what has ended meanwhile."""
    container.ready.set()
    watcher = container.surroundings.watcher
    if watcher is not None and container.cgroups and container.init.exit is None:
        watcher.watch(container.id, container.cgroups)
    for process in container.processes:
        if process.untold:
            container.tell(process, _untold(container, process))
        if process.status is Status.STOPPED:
            process.settle()
    if container.monitor is None:
        await end_orphans(container)
    for process in container.processes:
        if process.exit is not None and process.status not in ENDED:
            ended(container, process)


def _untold(container: Container, process: Process) -> Event:
    """The event of a topic that a record has."""
    identifier, exec_id, pid = container.id, process.exec_id, process.pid
    made: Mapping[str, Callable[[], Event]] = {
        TaskCreate.topic: lambda: created_event(container),
        TaskStart.topic: lambda: TaskStart(container_id=identifier, pid=pid),
        TaskExit.topic: lambda: exit_event(container, process),
        TaskExecAdded.topic: lambda: TaskExecAdded(container_id=identifier, exec_id=exec_id),
        TaskExecStarted.topic: lambda: TaskExecStarted(container_id=identifier, exec_id=exec_id, pid=pid),
        TaskPaused.topic: lambda: TaskPaused(container_id=identifier),
        TaskResumed.topic: lambda: TaskResumed(container_id=identifier),
    }
    return made[process.untold]()

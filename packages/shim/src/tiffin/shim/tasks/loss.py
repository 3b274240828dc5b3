"""A monitor that is gone, with processes that live: they are killed, and that is told as their end.

Without its monitor a container has nobody who takes its output, and nobody who will learn how it ends: the kernel gives
its processes to somebody else. It cannot go on, and one that is half alive would be worse than one that is dead; so
does containerd when a shim has died. Exit status 137 stands for those that we have killed, and 255, containerd's
"unknown", for those that were gone when we looked.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time

from tiffin.runtime.errors import FailedPrecondition, NotFound, OperationFailed, RuntimeFailure, Unavailable

from ..monitor.client import Monitor
from ..monitor.records import recorded
from ..monitor.values import Exit
from ..runtimes.stopping import kill_commands, pid_file_of
from .ending import ended
from .killing import kill_everything, thaw
from .orphans import Orphan
from .states import ENDED, Status
from .threads import in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .container import Container

LOG = logging.getLogger("tiffin.shim.tasks")
UNKNOWN = 255
KILLED = 128 + signal.SIGKILL
BETWEEN_TRIES = 1.0  # seconds


async def monitor_lost(container: Container) -> None:
    """The connection is gone: takes it up again, or, where there is no monitor any more, ends what it had."""
    await container.ready.wait()
    monitor = await _found_again(container)
    if monitor is None:
        LOG.error("container %s: its monitor is gone; its processes are killed", container.id)
        await _end_at_last(container)
        return
    LOG.warning("container %s: its monitor had cut the connection; it is there again", container.id)
    await _resume(container, monitor)
    container.monitor = monitor  # now others may start processes again
    for process in container.processes:
        await container.end_stdin(process)


async def _end_at_last(container: Container) -> None:
    """Ends what it had, however often that takes: else nobody would ever hear of the end."""
    while True:
        try:
            await end_orphans(container)
            return
        except OSError as error:  # no descriptors are left, as a rule
            LOG.warning("container %s: its processes cannot be ended yet: %s", container.id, error)
        await asyncio.sleep(BETWEEN_TRIES)


async def _found_again(container: Container) -> Monitor | None:
    """A new connection to it; None if it is gone. While this program has no descriptors left, that cannot be known."""
    while True:
        try:
            return await Monitor.connect(container.directory, container)
        except Unavailable:
            return None
        except OperationFailed as error:
            LOG.warning("container %s: its monitor cannot be looked for: %s", container.id, error)
        await asyncio.sleep(BETWEEN_TRIES)


async def _resume(container: Container, monitor: Monitor) -> None:
    for known in await monitor.processes():
        process = container.named(known.name)
        if process is None or not process.pid:  # whoever started it was told that it has failed
            await _give_up(container, monitor, known.name)
        elif known.exit is not None:
            container.exited(known.name, known.exit)
        if known.drained:
            container.drained(known.name)


async def _give_up(container: Container, monitor: Monitor, name: str) -> None:
    """Ends a process, or the command that is making it, with all it has started."""
    await in_thread(kill_commands, pid_file_of(container.directory, name))
    with contextlib.suppress(NotFound, FailedPrecondition):  # it has ended, or is not there yet
        await monitor.signal(name, signal.SIGKILL)
    with contextlib.suppress(NotFound):
        await monitor.forget(name)


async def end_orphans(container: Container) -> None:
    """Ends all processes of a container without a monitor, and tells how they ended; what is on disk is true."""
    known = recorded(container.directory)
    for process in container.processes:
        if process.name in known:
            process.learn(known[process.name])
    living = [process for process in container.processes if process.pid and process.exit is None]
    with contextlib.ExitStack() as stack:
        orphans = [(process, stack.enter_context(Orphan.of(process))) for process in living]
        for _, orphan in orphans:
            orphan.kill()
        if container.shared_pids:
            with contextlib.suppress(
                RuntimeFailure, OSError
            ):  # nothing may be left; those that count are killed
                await kill_everything(container)
        with contextlib.suppress(RuntimeFailure):  # then they end when somebody thaws them
            await thaw(container)
        for process, orphan in orphans:
            await orphan.ended(container.surroundings.patience.kill)
            status, number = (KILLED, signal.SIGKILL) if orphan.lived else (UNKNOWN, 0)
            process.exit = process.exit or Exit(status, number, time.time_ns(), oom_killed=False)
    for process in container.processes:
        process.drained.set()
        if process.exit is not None and process.status not in (*ENDED, Status.CREATING, Status.STARTING):
            ended(container, process)

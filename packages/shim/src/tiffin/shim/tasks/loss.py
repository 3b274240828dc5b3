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
import os
import signal
import time

from tiffin.runtime.errors import RuntimeFailure
from tiffin.runtime.launch.process_end import open_end
from tiffin.runtime.state.identity import is_alive

from ..monitor.client import Monitor
from ..monitor.records import recorded
from ..monitor.values import Exit
from .ending import ended
from .killing import kill_everything
from .states import ENDED, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .container import Container
    from .process import Process

LOG = logging.getLogger("tiffin.shim.tasks")
UNKNOWN = 255
KILLED = 128 + signal.SIGKILL


async def monitor_lost(container: Container) -> None:
    """The connection is gone: takes it up again, or, where there is no monitor any more, ends what it had."""
    await container.ready.wait()
    with contextlib.suppress(RuntimeFailure):  # there is none
        monitor = await Monitor.connect(container.directory, container)
        container.monitor = monitor
        for known in await monitor.processes():
            if known.exit is not None:
                container.exited(known.name, known.exit)
            if known.drained:
                container.drained(known.name)
        return
    LOG.error("container %s: its monitor is gone; its processes are killed", container.id)
    await end_orphans(container)


async def end_orphans(container: Container) -> None:
    """Ends all processes of a container without a monitor, and tells how they ended; what is on disk is true."""
    known = recorded(container.directory)
    for process in container.processes:
        if process.name in known:
            process.learn(known[process.name])
    living = [process for process in container.processes if process.pid and process.exit is None]
    if container.shared_pids or not living:
        with contextlib.suppress(
            RuntimeFailure, OSError
        ):  # nothing may be left; each is killed by itself below
            await kill_everything(container)
    for process in living:
        killed = await end_process(process, container.surroundings.patience.kill)
        status, number = (KILLED, signal.SIGKILL) if killed else (UNKNOWN, 0)
        process.exit = process.exit or Exit(status, number, time.time_ns(), oom_killed=False)
    for process in container.processes:
        process.drained.set()
        if process.exit is not None and process.status not in (*ENDED, Status.CREATING, Status.STARTING):
            ended(container, process)


async def end_process(process: Process, seconds: float) -> bool:
    """Kills a process that is nobody's any more, and waits for its end; whether it lived till then."""
    try:
        descriptor = open_end(process.pid)
    except ProcessLookupError:
        return False
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    try:
        if not is_alive(process.pid, process.start_time):  # now that the descriptor is of whoever has the pid
            return False
        loop.add_reader(descriptor, gone.set)
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):  # it is in the kernel, and dies when it comes out of there
            await asyncio.wait_for(gone.wait(), seconds)
        return True
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)

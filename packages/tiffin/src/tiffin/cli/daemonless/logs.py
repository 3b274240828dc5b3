"""`tiffin logs` with no daemon: the file that the container's monitor writes."""

from __future__ import annotations

import os
from contextlib import ExitStack

from tiffin.cli.containers.log_reading import show
from tiffin.cli.daemonless.monitored import LOG, MONITOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.containers.port import LogView


def show_log(folder: str, view: LogView) -> None:
    """Prints it; follows it until the monitor has ended, which is after all of the output was written."""
    with ExitStack() as stack:
        ended = _monitor_end(folder, stack) if view.follow else -1
        show(os.path.join(folder, LOG), view, plain=False, ended=ended)


def _monitor_end(folder: str, stack: ExitStack) -> int:
    """A pidfd of the monitor; -1 if it has ended."""
    import asyncio

    pid = asyncio.run(_monitor_pid(os.path.join(folder, MONITOR)))
    if not pid:
        return -1
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return -1
    stack.callback(os.close, descriptor)
    return descriptor


async def _monitor_pid(directory: str) -> int:
    from tiffin.cli.daemonless.background import NOBODY
    from tiffin.runtime.errors import Unavailable
    from tiffin.shim.monitor import Monitor

    try:
        monitor = await Monitor.connect(directory, NOBODY)
    except Unavailable:
        return 0
    pid = monitor.pid
    await monitor.close()
    return pid

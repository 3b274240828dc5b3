"""Signals to the processes of a container: to one by its monitor, to all by the cgroup, to both without the runtime.

No program starts, and no other process can be hit. Where processes are not this kernel's (runsc), the runtime is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal as signals

from tiffin.runtime.api.family import kill_family
from tiffin.runtime.errors import FailedPrecondition, NotFound, Unavailable
from tiffin.runtime.state.identity import is_alive

from .facts import cgroup_manager
from .orphans import Orphan
from .states import Status, Verb, check
from .threads import in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .container import Container
    from .process import Process

SIGKILL = signals.SIGKILL
FROZEN = (Status.PAUSING, Status.PAUSED, Status.RESUMING)


async def kill(container: Container, process: Process, signal: int, *, everything: bool) -> None:
    """Sends a signal. Not held up by a command that changes the process.

    Args:
        everything: of the first process: to all of the container. Of an exec: with SIGKILL, to all that it has started.

    Raises:
        NotFound: it has ended. FailedPrecondition: it has not begun.
    """
    name = container.said(process)
    check(process.rules, Verb.KILL, process.status, name)
    if process.exit is not None:
        raise NotFound(f"{name}: process already finished")
    if not process.pid:
        raise FailedPrecondition(f"cannot kill {name}: process not created")
    if process is not container.init:
        await _kill_exec(container, process, signal, everything=everything)
    elif everything:
        await kill_everything(container, signal)
    elif container.runtime.host_processes:
        await _send(container, process, signal)
        if signal == SIGKILL and process.status in FROZEN:
            await thaw(container)
    else:
        await container.runtime.kill(container.id, signal)


async def _kill_exec(container: Container, process: Process, signal: int, *, everything: bool) -> None:
    if everything and signal == SIGKILL and container.runtime.host_processes:
        if not is_alive(process.pid, process.start_time):
            raise NotFound(f"{container.said(process)}: process already finished")
        await in_thread(kill_family, process.pid)
    else:
        await _send(container, process, signal)


async def _send(container: Container, process: Process, signal: int) -> None:
    """By the monitor; without it, if that is stopped, or hangs in writing to a log: it cannot be waited for."""
    monitor = container.connected()
    try:
        async with asyncio.timeout(container.surroundings.patience.monitor):
            await monitor.signal(process.name, signal)
    except TimeoutError:
        with Orphan.of(process) as orphan:
            if not orphan.send(signal):
                raise NotFound(f"{container.said(process)}: process already finished") from None


async def kill_everything(container: Container, signal: int = SIGKILL) -> None:
    """Sends a signal to all processes of the container. Raises RuntimeFailure."""
    manager = cgroup_manager(container)
    if manager is None:
        await container.runtime.kill(container.id, signal, everything=True)
    else:
        await in_thread(manager.kill, signal)


async def thaw(container: Container) -> None:
    """On cgroup v1 a frozen process dies only once it is thawed. Raises RuntimeFailure."""
    manager = cgroup_manager(container)
    if manager is not None and manager.version == 1 and await in_thread(manager.is_frozen):
        await in_thread(manager.thaw)


async def kill_created(container: Container) -> None:
    """Ends a first process that was never started, and waits until that is told. Raises RuntimeFailure."""
    init = container.init
    if container.runtime.host_processes:
        with contextlib.suppress(NotFound):  # it was faster
            await _kill_first(container)
    elif init.exit is None:
        await container.runtime.kill(container.id, SIGKILL)
    await _settled(container)


async def _kill_first(container: Container) -> None:
    """While its monitor is lost, and looked for, too. Raises NotFound: it has ended."""
    try:
        await _send(container, container.init, SIGKILL)
    except Unavailable:
        with Orphan.of(container.init) as orphan:
            orphan.kill()


async def end(container: Container) -> None:
    """Kills all of it, and waits until the end of its first process is told. Raises RuntimeFailure."""
    await kill_everything(container)
    await thaw(container)
    await _settled(container)


async def _settled(container: Container) -> None:
    patience = container.surroundings.patience
    seconds = patience.kill + patience.last_execs  # the end is told when an exec that hangs is given up
    try:
        await asyncio.wait_for(container.init.settled.wait(), seconds)
    except TimeoutError:
        raise FailedPrecondition(f"task {container.id} was killed, and does not end") from None

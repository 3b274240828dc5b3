"""Removes what is left of a container that has ended: its monitor, its mounts, its files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from tiffin.runtime.cgroup.removal import remove_all
from tiffin.runtime.errors import NotFound, OperationFailed, RuntimeFailure, TimedOut
from tiffin.runtime.state.files import remove_tree

from ..monitor.starting import end_of
from ..runtimes.stopping import children_of
from .records import TASK_FILE, remove_file
from .threads import in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .container import Container


async def stop_monitor(container: Container, *, by_force: bool = False) -> None:
    """Ends the monitor; one that is gone is fine. Loggers read what is written, and end by themselves.

    The container has it until it has ended: it may stay for output that nobody reads, and is told to go once more then.

    Args:
        by_force: kill whatever it has started or adopted first.

    Raises:
        TimedOut: it did not answer, and is hanging in the kernel: it cannot even be killed.
        OSError: no descriptors are left.
    """
    if (monitor := container.monitor) is None:
        return
    if by_force:
        await in_thread(kill_descendants, monitor.pid)
    patience = container.surroundings.patience
    try:
        async with asyncio.timeout(patience.monitor):
            with contextlib.suppress(RuntimeFailure):  # it was killed itself
                await monitor.quit()
    except TimeoutError:
        await kill_monitor(monitor.pid, patience.kill)
    container.monitor = None
    await monitor.close()


async def kill_monitor(pid: int, seconds: float) -> None:
    """It is stopped, or hangs in a file. Its socket is open: the pid is still its own; 0: it has gone, which is fine.

    Raises:
        TimedOut: it hangs in the kernel, and cannot even be killed.
    """
    if not pid:
        return
    with end_of(pid) as ended:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        try:
            await asyncio.wait_for(ended, seconds)
        except TimeoutError:
            raise TimedOut(f"the monitor {pid} was killed, and does not end") from None


async def remove_half_made(container: Container) -> None:
    """Has the runtime remove what it may know of, and removes cgroups that it may not. Raises RuntimeFailure.

    A container of the same id from another bundle is not ours: whoever was killed had not come to hear of it.
    """
    if await _is_another(container):
        return
    await container.runtime.delete(container.id, force=True)
    await in_thread(remove_all, container.new_cgroups)


async def _is_another(container: Container) -> bool:
    try:
        bundle = (await container.runtime.state(container.id)).bundle
    except (NotFound, OperationFailed):  # what is half-made may be damaged, too
        return False
    return bool(bundle) and not _same(bundle, container.bundle)


def _same(bundle: str, own: str) -> bool:
    """A runtime may have been started by way of a link."""
    return os.path.realpath(bundle) == own


def kill_descendants(pid: int) -> None:
    """Kills all that a monitor has started or adopted: as the subreaper it is above whatever a container left."""
    seen: set[int] = set()
    while new := set(_descendants(pid)) - seen:
        for one in new:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        seen |= new


def _descendants(pid: int) -> list[int]:
    """Zombies too: their children are the monitor's a moment later."""
    found: list[int] = []
    level = children_of(pid)
    while level:
        found += level
        level = [child for parent in level for child in children_of(parent)]
    return found


def remove_files(directory: str) -> None:
    """Removes a container's folder; then there is no task any more. Raises OperationFailed."""
    try:
        remove_file(os.path.join(directory, TASK_FILE))
        remove_tree(directory)
    except OSError as error:
        raise OperationFailed(f"{directory}: {error.strerror}", errno=error.errno or 0) from error

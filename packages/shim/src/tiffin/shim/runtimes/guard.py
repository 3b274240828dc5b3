"""A FIFO in a container's folder that every command holds while it works, so that a successor can wait for its end.

A command does not die with this process (killed, it might leave a container half paused): it goes on to its end. Who
takes the container back opens the FIFO, and reads EOF when the last of them is gone: an event, no pid that may be
another's by now.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal

from tiffin.runtime.errors import OperationFailed, TimedOut

from ..tasks.threads import in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "commands"
MODE = 0o600
AFTER_KILL_SECONDS = 5.0


@contextlib.contextmanager
def held(directory: str) -> Iterator[int]:
    """A descriptor to give to a command; -1 without a directory, or where no file can be made (its disk is full)."""
    if not directory:
        yield -1
        return
    path = os.path.join(directory, NAME)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkfifo(path, MODE)
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.ENOENT):
            raise OperationFailed(f"{path}: {error.strerror}", errno=error.errno or 0) from error
        yield -1
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def released(directory: str, identifier: str, *, seconds: float) -> None:
    """Returns when no command of anybody works any more; those that still do after `seconds` are killed.

    Raises:
        TimedOut: one could not be killed.
    """
    path = os.path.join(directory, NAME)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_end_of_file(descriptor), seconds)
            return
        for pid in await in_thread(holders, path):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.wait_for(_end_of_file(descriptor), AFTER_KILL_SECONDS)
    except TimeoutError:
        left = await in_thread(holders, path)
        raise TimedOut(
            f"container {identifier}: commands of a predecessor, {left}, still work, and cannot be killed"
        ) from None
    finally:
        os.close(descriptor)


async def _end_of_file(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        while True:
            with contextlib.suppress(BlockingIOError):
                if not os.read(descriptor, 4096):
                    return
            readable.clear()
            await readable.wait()
    finally:
        loop.remove_reader(descriptor)


def holders(path: str) -> list[int]:
    """The processes that have the file open, but for this one. Blocks."""
    wanted = os.stat(path)
    names = (name for name in os.listdir("/proc") if name.isdecimal() and int(name) != os.getpid())
    return [int(name) for name in names if _holds(name, wanted)]


def _holds(pid: str, wanted: os.stat_result) -> bool:
    folder = f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):  # it has ended, or is not ours to look at
        for number in os.listdir(folder):
            with contextlib.suppress(OSError):  # that one was closed meanwhile
                if os.path.samestat(os.stat(f"{folder}/{number}"), wanted):
                    return True
    return False

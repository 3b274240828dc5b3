"""Runs a runtime's command as a child of this process: a time limit, no thread, no pipe that a grandchild could hold.

Its output and its log go to memory files (memfd_create(2)): they need no disk, and are whole when it has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from contextlib import ExitStack

from tiffin.runtime.errors import NotFound, TimedOut
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LOG_DESCRIPTOR, GUARD_DESCRIPTOR = 3, 4  # numbers in the command
LOG_PATH = f"/proc/self/fd/{LOG_DESCRIPTOR}"
FIRST_OWN = 10  # ours are above those numbers, so that none is overwritten by another
PYTHON_IGNORES = (signal.SIGPIPE, signal.SIGXFSZ)  # the command, and its containers, must not
GROUP_SECONDS = 1.0  # for the rest of its group; one that nobody reaps counts for as long
BETWEEN_LOOKS = 0.005  # seconds: no event tells of the end of a group
KILL_SECONDS = 5.0  # until a killed command is left to itself: it is in the kernel, and cannot die


# of the service that we are: a runtime would take them for a container's, and wait for its sd_notify(3)
OF_OUR_SERVICE = frozenset({"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"})


def runtime_environment() -> dict[str, str]:
    """What commands of a runtime get of our environment."""
    return {name: value for name, value in os.environ.items() if name not in OF_OUR_SERVICE}


class Finished(Record):
    """A command that has ended. status: its exit status, or 128 and the signal's number.

    output: stdout and stderr. log: what it wrote to LOG_PATH.
    """

    status: int
    output: bytes
    log: bytes


async def run_command(argv: Sequence[str], *, seconds: float, data: bytes = b"", guard: int = -1) -> Finished:
    """Runs a command to its end. A cancelled call, and one whose time is up, kills it with its process group.

    Args:
        argv: the first is the path of the program.
        seconds: the limit.
        data: what it reads as its stdin.
        guard: a descriptor that it holds while it lives, -1 for none.

    Raises:
        TimedOut: it was killed. NotFound: there is no such program. OSError: it cannot be started.
    """
    with ExitStack() as stack:
        files = [_memory_file(stack, name) for name in ("stdin", "output", "log")]
        os.pwrite(files[0], data, 0)
        if 0 <= guard < FIRST_OWN:
            guard = _copy_above(stack, guard)
        child = _Child(argv, [files[0], files[1], files[1], files[2], guard])
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(child.ended)
        except (TimeoutError, asyncio.CancelledError) as error:
            await child.kill()
            if isinstance(error, asyncio.CancelledError):
                raise
            raise TimedOut(f"{' '.join(argv)} did not end in {seconds:g} s, and was killed") from None
        return Finished(child.ended.result(), _contents(files[1]), _contents(files[2]))


class _Child:
    """A process that is reaped once, by the event loop. ended: its status."""

    def __init__(self, argv: Sequence[str], given: Sequence[int]) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = loop.create_future()
        actions = [(os.POSIX_SPAWN_DUP2, own, number) for number, own in enumerate(given) if own >= 0]
        try:
            self.pid = os.posix_spawn(
                argv[0],
                list(argv),
                runtime_environment(),
                file_actions=actions,
                setpgroup=0,
                setsigmask=(),
                setsigdef=PYTHON_IGNORES,
            )
        except FileNotFoundError as error:
            raise NotFound(f"{argv[0]}: no such program") from error
        try:
            self._end = os.pidfd_open(self.pid)
        except OSError:  # no descriptor is left: nobody would hear of its end
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise
        loop.add_reader(self._end, self._reap)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._end)
        os.close(self._end)
        status = -1  # another part of this program has reaped it: nobody knows how it ended
        with contextlib.suppress(ChildProcessError):
            code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            status = code if code >= 0 else 128 - code
        self.ended.set_result(status)

    async def kill(self) -> None:
        """Kills it with its group, and waits until it is reaped."""
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)  # not reaped yet: the number is its own
        await asyncio.wait([self.ended], timeout=KILL_SECONDS)
        await self._group_ended()

    async def _group_ended(self) -> None:
        """What it has started was killed too, and writes until it is dead: CRIU, to a folder that is removed then."""
        loop = asyncio.get_running_loop()
        until = loop.time() + GROUP_SECONDS
        while loop.time() < until:
            try:
                os.killpg(self.pid, 0)
            except (
                ProcessLookupError,
                PermissionError,
            ):  # there is none; the number is somebody else's by now
                return
            await asyncio.sleep(BETWEEN_LOOKS)


def _memory_file(stack: ExitStack, name: str) -> int:
    descriptor = os.memfd_create(f"command-{name}", os.MFD_CLOEXEC)
    try:
        return _copy_above(stack, descriptor)
    finally:
        os.close(descriptor)


def _copy_above(stack: ExitStack, descriptor: int) -> int:
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FIRST_OWN)
    stack.callback(os.close, copy)
    return copy


def _contents(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)

"""`end_process`: kills a process that is no child of ours, and waits for its end; a `Starter` of the like needs it."""

from __future__ import annotations

import errno
import posix
import select
from _signal import pidfd_send_signal

from ..errors import OperationFailed
from ..state.identity import is_alive
from .process_end import open_end
from .starting import SIGKILL

PATIENCE = 10.0  # seconds for a killed process to end: in the kernel it may hang for as long as that likes


def end_process(pid: int, start_time: int) -> None:
    """Kills it; returns once it has ended. One that has ended, or that its parent has reaped already, is fine.

    Args:
        start_time: its field 22 of /proc/PID/stat: a later process with its pid is left alone.

    Raises:
        OperationFailed: it does not end.
    """
    try:
        descriptor = open_end(pid)
    except ProcessLookupError:
        return
    try:
        if not is_alive(pid, start_time):  # now that the descriptor is of whoever has the pid
            return
        _kill(pid, descriptor)
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if not poll.poll(PATIENCE * 1000):
            raise OperationFailed(f"process {pid} was killed, and does not end")
    finally:
        posix.close(descriptor)


def _kill(pid: int, descriptor: int) -> None:
    try:
        pidfd_send_signal(descriptor, SIGKILL)
    except ProcessLookupError:
        return
    except OSError as error:
        if error.errno not in {errno.EBADF, errno.EINVAL, errno.ENOSYS}:
            raise
        posix.kill(pid, SIGKILL)  # Linux before 5.3: it was that process a moment ago

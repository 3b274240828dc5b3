"""`open_end`: a descriptor to wait on, with others and with a time limit, for the end of a process.

It is a pidfd. Linux before 5.3 has none, and nothing else that can be polled; there a thread waits, and closes its end
of a pipe.
"""

from __future__ import annotations

import _thread
import errno
import posix
import time

from ..state.identity import is_alive, process_stat

INTERVAL = 0.01  # seconds between two looks at a process that is no child of ours, without a pidfd


def open_end(pid: int) -> int:
    """A descriptor that is readable once the process has ended; the caller closes it.

    Raises:
        ProcessLookupError: there is no such process.
    """
    try:
        return posix.pidfd_open(pid)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    found = process_stat(pid)
    if found is None:
        raise ProcessLookupError(errno.ESRCH, "no such process")
    reader, writer = posix.pipe2(posix.O_CLOEXEC)
    try:
        _thread.start_new_thread(_close_at_end, (pid, found[1], writer))
    except BaseException:
        posix.close(reader)
        posix.close(writer)
        raise
    return reader


def _close_at_end(pid: int, start_time: int, writer: int) -> None:
    try:
        posix.waitid(posix.P_PID, pid, posix.WEXITED | posix.WNOWAIT)
    except ChildProcessError:  # no child, or somebody has reaped it
        while is_alive(pid, start_time):
            time.sleep(INTERVAL)
    finally:
        posix.close(writer)

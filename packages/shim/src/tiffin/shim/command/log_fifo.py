"""Where a shim's log lines go: the FIFO `log` in the bundle, which containerd copies to its own log."""

from __future__ import annotations

import errno
import posix

LOG = "log"
STDERR = 2


def become_logged(bundle: str) -> None:
    """Standard error is the log from now on, standard input and output are nothing.

    The FIFO is open for reading too: a containerd that is away leaves no broken pipe, and the one that comes back finds
    what was written meanwhile. It never blocks: what does not fit is lost.
    """
    null = posix.open("/dev/null", posix.O_RDWR | posix.O_CLOEXEC)
    log = _open(f"{bundle}/{LOG}")
    for descriptor, target in ((null, 0), (null, 1), (null if log < 0 else log, STDERR)):
        posix.dup2(descriptor, target)
    for descriptor in {null, log}:
        if descriptor > STDERR:
            posix.close(descriptor)


def _open(path: str) -> int:
    try:
        return posix.open(path, posix.O_RDWR | posix.O_NONBLOCK | posix.O_CLOEXEC | posix.O_NOCTTY)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENXIO}:  # started by hand: nobody wants to read it
            return -1
        raise

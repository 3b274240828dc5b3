"""Freezing and thawing, on cgroup v1 (freezer.state) and v2 (cgroup.freeze and cgroup.events).

v2 tells by poll(2) when the state of cgroup.events changes. v1 has no such thing, and its freezer can stay in
FREEZING for as long as the cgroup's processes keep forking: there one writes FROZEN again, and lets them run for a
moment now and then (cgroup-v1/freezer-subsystem.rst).
"""

from __future__ import annotations

import errno
import posix
import time

from ..errors import OperationFailed, Unsupported
from .apply import write
from .files import read_pairs, read_text

V1_TRIES = 1000
V1_THAW_EVERY, V1_YIELD_EVERY = 50, 25
V1_THAW_SECONDS, V1_YIELD_SECONDS = 0.01, 0.00001
V2_SECONDS = 10.0
V1_WAIT_SECONDS = 10.0


def freeze_v1(directory: str) -> None:
    """Freezes a cgroup of the v1 freezer; thaws it again if that does not succeed.

    Raises:
        OperationFailed: it did not freeze, or is gone.
    """
    path = f"{directory}/freezer.state"
    try:
        for attempt in range(V1_TRIES):
            if attempt % V1_THAW_EVERY == V1_THAW_EVERY - 1:
                write(path, b"THAWED")
                time.sleep(V1_THAW_SECONDS)
            write(path, b"FROZEN")
            if attempt % V1_YIELD_EVERY == V1_YIELD_EVERY - 1:
                time.sleep(V1_YIELD_SECONDS)
            if (read_text(path) or "").strip() == "FROZEN":
                return
    except OSError as error:
        raise OperationFailed(f"freezing {directory}: {error.strerror}", errno=error.errno or 0) from error
    write(path, b"THAWED")
    raise OperationFailed(f"unable to freeze {directory}: its processes kept forking", errno=errno.EBUSY)


def thaw_v1(directory: str) -> None:
    """Thaws it; processes run again when this returns.

    Raises:
        OperationFailed: the cgroup is gone, or may not be written.
    """
    try:
        write(f"{directory}/freezer.state", b"THAWED")
    except OSError as error:
        raise OperationFailed(f"thawing {directory}: {error.strerror}", errno=error.errno or 0) from error


def is_frozen_v1(directory: str) -> bool:
    """Whether the cgroup itself, not only one above it, is frozen; waits while it is neither.

    Raises:
        OperationFailed: it stayed FREEZING.
    """
    deadline = time.monotonic() + V1_WAIT_SECONDS
    while (state := (read_text(f"{directory}/freezer.state") or "").strip()) == "FREEZING":
        if time.monotonic() > deadline:
            raise OperationFailed(f"{directory}/freezer.state stayed FREEZING", errno=errno.ETIMEDOUT)
        time.sleep(0.001)
    if state != "FROZEN":
        return False
    return (read_text(f"{directory}/freezer.self_freezing") or "1").strip() == "1"


def freeze_v2(directory: str) -> None:
    """Freezes a cgroup of the unified tree, and waits until all processes are; thaws it if they are not in time.

    Raises:
        Unsupported: the kernel has no cgroup.freeze (before Linux 5.2).
        OperationFailed: it did not freeze, or is gone.
    """
    path = f"{directory}/cgroup.freeze"
    try:
        write(path, b"1")
        if _wait_frozen(directory):
            return
        write(path, b"0")
    except FileNotFoundError as error:
        if posix.access(directory, posix.F_OK):
            raise Unsupported("freezer not supported: the kernel has no cgroup.freeze (Linux 5.2)") from error
        raise OperationFailed(f"freezing {directory}: {error.strerror}", errno=errno.ENOENT) from error
    except OSError as error:
        raise OperationFailed(f"freezing {directory}: {error.strerror}", errno=error.errno or 0) from error
    raise OperationFailed(f"{directory} did not freeze in {V2_SECONDS:.0f} seconds", errno=errno.ETIMEDOUT)


def _wait_frozen(directory: str) -> bool:
    """Polls cgroup.events until it says `frozen 1`."""
    from select import POLLERR, POLLPRI, poll

    deadline = time.monotonic() + V2_SECONDS
    events = posix.open(f"{directory}/cgroup.events", posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        poller = poll()
        poller.register(events, POLLPRI | POLLERR)
        while b"frozen 1" not in posix.pread(events, 4096, 0):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            poller.poll(left * 1000)
    finally:
        posix.close(events)
    return True


def thaw_v2(directory: str) -> None:
    """Thaws it; a kernel without cgroup.freeze has nothing to thaw.

    Raises:
        OperationFailed: the cgroup is gone, or may not be written.
    """
    try:
        write(f"{directory}/cgroup.freeze", b"0")
    except OSError as error:
        if error.errno == errno.ENOENT and posix.access(directory, posix.F_OK):
            return
        raise OperationFailed(f"thawing {directory}: {error.strerror}", errno=error.errno or 0) from error


def is_frozen_v2(directory: str) -> bool:
    """Whether the cgroup itself was frozen and all of its processes are."""
    if (read_text(f"{directory}/cgroup.freeze") or "").strip() != "1":
        return False
    return (read_pairs(f"{directory}/cgroup.events") or {}).get("frozen") == 1

"""Out-of-memory notifications, for `events`: something to poll, and to read.

cgroup v1 counts in an eventfd that is registered with memory.oom_control; v2 makes memory.events and cgroup.events
pollable (cgroup-v1/memory.rst, section 9; cgroup-v2.rst, "Memory Interface Files").
"""

from __future__ import annotations

import posix

from ..errors import OperationFailed
from .apply import write
from .files import exists, read_pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from select import epoll
    from typing import Protocol

    class OomEvents(Protocol):
        """Use: wait until `fileno()` is readable, then `read()`; until that is None."""

        def fileno(self) -> int:
            """Becomes readable when there is something to read."""

        def read(self) -> int | None:
            """How many times memory ran out since the last call; None if the container's cgroup has ended."""

        def close(self) -> None: ...


class V1OomEvents:
    """Events of one memory cgroup, by eventfd."""

    def __init__(self, directory: str) -> None:
        self._control = f"{directory}/cgroup.event_control"
        self._eventfd = posix.eventfd(0, posix.EFD_CLOEXEC | posix.EFD_NONBLOCK)
        try:
            source = posix.open(f"{directory}/memory.oom_control", posix.O_RDONLY | posix.O_CLOEXEC)
            try:
                write(self._control, f"{self._eventfd} {source}".encode())
            finally:
                posix.close(source)
        except OSError as error:
            self.close()
            raise OperationFailed(
                f"watching {directory}/memory.oom_control: {error.strerror}", errno=error.errno or 0
            ) from error

    def fileno(self) -> int:
        return self._eventfd

    def read(self) -> int | None:
        # The removal of the cgroup is told in the same way as an event.
        if not exists(self._control):
            return None
        try:
            return posix.eventfd_read(self._eventfd)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        posix.close(self._eventfd)


class V2OomEvents:
    """Events of one cgroup of v2: oom_kill of memory.events, and the end by populated of cgroup.events."""

    def __init__(self, directory: str) -> None:
        import select

        self._directory = directory
        self._descriptors: list[int] = []
        self._epoll: epoll = select.epoll()
        try:
            for name in ("memory.events", "cgroup.events"):
                descriptor = posix.open(f"{directory}/{name}", posix.O_RDONLY | posix.O_CLOEXEC)
                self._descriptors.append(descriptor)
                self._epoll.register(descriptor, select.EPOLLPRI)
                posix.pread(descriptor, 4096, 0)  # an event is a change since the last read
        except OSError as error:
            self.close()
            raise OperationFailed(
                f"watching {directory}/memory.events: {error.strerror}", errno=error.errno or 0
            ) from error
        self._seen = self._count() or 0

    def _count(self) -> int | None:
        pairs = read_pairs(f"{self._directory}/memory.events")
        return None if pairs is None else pairs.get("oom_kill", 0)

    def fileno(self) -> int:
        return self._epoll.fileno()

    def read(self) -> int | None:
        self._epoll.poll(0)
        for descriptor in self._descriptors:
            try:
                posix.pread(descriptor, 4096, 0)
            except OSError:
                return None  # ENODEV: the cgroup was removed
        count = self._count()
        populated = (read_pairs(f"{self._directory}/cgroup.events") or {}).get("populated", 0)
        if count is None or (count == self._seen and not populated):
            return None
        new, self._seen = count - self._seen, count
        return new

    def close(self) -> None:
        self._epoll.close()
        for descriptor in self._descriptors:
            posix.close(descriptor)


def watch_v1(directory: str) -> V1OomEvents:
    """Watches a cgroup of the v1 memory controller.

    Raises:
        OperationFailed: there is none, or it may not be watched.
    """
    return V1OomEvents(directory)


def watch_v2(directory: str) -> V2OomEvents:
    """Watches a cgroup of v2; OperationFailed if it lacks the memory controller."""
    return V2OomEvents(directory)

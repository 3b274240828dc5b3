"""`ending_children`: for work of the executor that cannot be told to stop itself, as it waits for a program: CRIU.

The program is killed; the work sees that, and ends. So nobody writes to a checkpoint's folder any more when it is given
up, and the container's lock is free again.

Source: proc_pid_task(5), `children`: those that one thread has started. A kernel without it (CONFIG_PROC_CHILDREN)
leaves the work to itself.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .stopping import Stop

BETWEEN_LOOKS = 10  # milliseconds: a program may just be starting, or the work may start another one


@contextlib.contextmanager
def ending_children(stop: Stop) -> Iterator[None]:
    """What this thread starts in the block is killed once it is told to stop."""
    thread = threading.get_native_id()
    before = _children(thread)
    done = os.eventfd(0, os.EFD_CLOEXEC)
    watcher = threading.Thread(target=_watch, args=(stop.descriptor, done, thread, before), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        os.eventfd_write(done, 1)
        watcher.join()
        os.close(done)


def _watch(told: int, done: int, thread: int, before: frozenset[int]) -> None:
    poll = select.poll()
    for descriptor in (told, done):
        poll.register(descriptor, select.POLLIN)
    if done in dict(poll.poll()):
        return
    poll.unregister(told)
    while True:
        for pid in _children(thread) - before:
            _kill(pid, thread)
        if poll.poll(BETWEEN_LOOKS):
            return


def _kill(pid: int, thread: int) -> None:
    """The thread may have reaped it by now, and the number may be another's."""
    try:
        child = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if pid in _children(thread):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(child, signal.SIGKILL)
    finally:
        os.close(child)


def _children(thread: int) -> frozenset[int]:
    try:
        with open(f"/proc/self/task/{thread}/children", "rb") as file:
            return frozenset(map(int, file.read().split()))
    except FileNotFoundError:
        return frozenset()

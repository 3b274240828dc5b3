"""`FolderWatch`: tells that files in a folder have changed: inotify(7), which Python lacks."""

from __future__ import annotations

import ctypes
import os
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100
READ_AT_ONCE = 1 << 16


class FolderWatch:
    """Use it in a `with` statement. Raises OSError."""

    def __init__(self, folder: str) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._descriptor = _checked(library.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK), folder)
        mask = IN_MODIFY | IN_MOVED_TO | IN_CREATE
        try:
            _checked(library.inotify_add_watch(self._descriptor, os.fsencode(folder), mask), folder)
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def wait(self, other: int, seconds: float | None = None) -> bool:
        """Waits for a change, for another descriptor to become readable, or for a time; whether there was a change."""
        poll = select.poll()
        for descriptor in (self._descriptor, other):
            if descriptor >= 0:
                poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000)}
        if self._descriptor in ready:
            os.read(self._descriptor, READ_AT_ONCE)
        return self._descriptor in ready


def _checked(result: int, folder: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), folder)
    return result

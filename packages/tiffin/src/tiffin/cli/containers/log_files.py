"""`LogFiles`: the files of a log that is rotated, in the order in which they were written, and the last as it grows.

PATH.2  PATH.1  PATH     the oldest to the newest; the last one is renamed when it is full, or emptied where it is alone
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import ExitStack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO, Self

AT_ONCE = 1 << 20  # bytes: somebody may write no end of lines


class LogFiles:
    """Use it in a `with` statement. Raises FileNotFoundError: there is no log.

    Args:
        path: of the newest one.
        plain: bytes without lines that belong together: what there is of one is told at once.
    """

    def __init__(self, path: str, *, plain: bool) -> None:
        self._path = path
        self._plain = plain
        self._rest = b""
        self._files = deque(
            self._newer(None)
        )  # all of them: none is missed for a rotation while it waits for its turn
        if not self._files:
            raise FileNotFoundError(2, os.strerror(2), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:
            for file in self._files:
                stack.enter_context(file)

    def lines(self) -> Iterator[bytes]:
        """What has been written since the last call, to its present end."""
        while True:
            yield from self._lines_of(self._files[0])
            if len(self._files) == 1:
                self._files += self._newer(self._files[0])
                # nobody writes to what has been renamed, but somebody may have since we read it
                yield from self._lines_of(self._files[0])
            if len(self._files) == 1:
                return
            self._files.popleft().close()
            if self._rest:  # a crash has cut it off
                yield self._rest
                self._rest = b""

    def _lines_of(self, file: BinaryIO) -> Iterator[bytes]:
        if os.fstat(file.fileno()).st_size < file.tell():  # it was emptied
            file.seek(0)
        while piece := file.readline(AT_ONCE):
            self._rest += piece
            if self._plain or piece.endswith(b"\n"):
                yield self._rest
                self._rest = b""

    def _newer(self, last: BinaryIO | None) -> list[BinaryIO]:
        """The files that came after one, the oldest first; after none: all of them.

        From the newest on: a rotation meanwhile makes us see one twice, and none not at all.
        """
        known = {} if last is None else {os.fstat(last.fileno()).st_ino: last}
        found: list[BinaryIO] = []
        for name in self._names():
            try:
                file = open(name, "rb")  # noqa: SIM115  # closed by __exit__
            except FileNotFoundError:  # between two names
                continue
            inode = os.fstat(file.fileno()).st_ino
            if inode in known:
                file.close()
                if known[inode] is last:
                    break
                continue
            known[inode] = file
            found.append(file)
        return found[::-1]

    def _names(self) -> Iterator[str]:
        folder, name = os.path.split(self._path)
        numbers = (entry[len(name) + 1 :] for entry in os.listdir(folder) if entry.startswith(f"{name}."))
        last = max((int(number) for number in numbers if number.isdecimal()), default=0)
        yield self._path
        for number in range(1, last + 2):  # one more: it may be renamed while we look
            yield f"{self._path}.{number}"

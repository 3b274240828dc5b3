"""The standard streams of a container's process, as subprocess has them: inherited, nothing, a pipe or a file."""

from __future__ import annotations

import fcntl
import os
from subprocess import DEVNULL, PIPE
from typing import IO, TYPE_CHECKING

from .streams import Streams

if TYPE_CHECKING:
    from typing import Self

Stream = int | IO[bytes] | IO[str]
INHERIT = -100
"""The program's own stream of the same number."""

__all__ = ["DEVNULL", "INHERIT", "PIPE", "Pipes", "Stream", "pipes_for"]

NAMES = ("stdin", "stdout", "stderr")


class Pipes:
    """Both ends: `theirs` for the container, `ours` for this program. Closes theirs, and ours unless kept."""

    def __init__(self, wanted: tuple[Stream, Stream, Stream]) -> None:
        self.ours = Streams()
        self._opened: list[int] = []
        self._kept = False
        try:
            theirs = [self._apart(number, self._open(number, stream)) for number, stream in enumerate(wanted)]
        except BaseException:
            self._close()
            raise
        self.theirs = (theirs[0], theirs[1], theirs[2])

    def _open(self, number: int, stream: Stream) -> int:
        if not isinstance(stream, int):
            return stream.fileno()
        if stream == INHERIT:
            return number
        if stream == DEVNULL:
            self._opened.append(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC))
        elif stream == PIPE:
            reading, writing = os.pipe2(os.O_CLOEXEC)
            ours, theirs = (writing, reading) if number == 0 else (reading, writing)
            setattr(self.ours, NAMES[number], ours)
            self._opened.append(theirs)
        else:
            return stream
        return self._opened[-1]

    def _apart(self, number: int, descriptor: int) -> int:
        """The container's 0, 1 and 2 are made one after another: none may be taken from the place of another."""
        if descriptor == number or descriptor >= len(NAMES):
            return descriptor
        self._opened.append(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, len(NAMES)))
        return self._opened[-1]

    def keep(self) -> Streams:
        """Our ends, which the caller closes from now on."""
        self._kept = True
        return self.ours

    def _close(self) -> None:
        for descriptor in self._opened:
            os.close(descriptor)
        self._opened.clear()
        if not self._kept:
            self.ours.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()


def pipes_for(stdin: Stream, stdout: Stream, stderr: Stream) -> Pipes:
    """Opens what three streams need; use it in a `with`."""
    return Pipes((stdin, stdout, stderr))

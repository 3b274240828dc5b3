"""`HostTerminal`: the terminal of a command in the foreground, which has a size and a mode, and may go away.

When it has (a window is closed, a connection breaks) the kernel answers EIO. The container gets SIGHUP as we do, and
may live on.
"""

from __future__ import annotations

import errno
import fcntl
import posix
import termios

from ..errors import FailedPrecondition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TTY = "/dev/tty"
WINDOW_SIZE = 8  # bytes of struct winsize (ioctl_tty(2))
IFLAG, OFLAG, CFLAG, LFLAG, CC = 0, 1, 2, 3, 6  # indexes of what tcgetattr(3) gives in Python


class HostTerminal:
    """Our terminal: a standard stream, or the controlling terminal; `close` gives it its mode back.

    Raises:
        FailedPrecondition: we have none.
    """

    def __init__(self) -> None:
        self._mode: list[Any] | None = None
        self._descriptor, self._opened = _find()

    def size(self) -> bytes:
        """Its struct winsize; empty if it has gone."""
        try:
            return fcntl.ioctl(self._descriptor, termios.TIOCGWINSZ, b"\0" * WINDOW_SIZE)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return b""

    def make_raw(self) -> None:
        """Hands every key on as it is typed."""
        self._mode = termios.tcgetattr(self._descriptor)
        termios.tcsetattr(self._descriptor, termios.TCSANOW, _raw(self._mode))

    def close(self) -> None:
        """Once more is no error."""
        if self._mode is not None:
            try:
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._mode)
            except termios.error as error:  # no OSError
                if error.args[0] != errno.EIO:
                    raise
            self._mode = None
        if self._opened:
            posix.close(self._descriptor)
            self._opened = False


def _find() -> tuple[int, bool]:
    """Our terminal, and whether it was opened for this."""
    for descriptor in (2, 1, 0):
        if posix.isatty(descriptor):
            return descriptor, False
    try:
        return posix.open(TTY, posix.O_RDWR | posix.O_CLOEXEC | posix.O_NOCTTY), True
    except OSError as error:
        raise FailedPrecondition(
            f"open {TTY}: {error.strerror}: a foreground process with a terminal needs one here"
        ) from error


def _raw(mode: list[Any]) -> list[Any]:
    """cfmakeraw(3), but output is still processed: newlines get their carriage return here."""
    raw = [*mode[:CC], list(mode[CC])]
    raw[IFLAG] &= ~(
        termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP
        | termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON
    )  # fmt: skip
    raw[OFLAG] |= termios.OPOST
    raw[LFLAG] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    raw[CFLAG] = (raw[CFLAG] & ~(termios.CSIZE | termios.PARENB)) | termios.CS8
    raw[CC][termios.VMIN] = 1
    raw[CC][termios.VTIME] = 0
    return raw

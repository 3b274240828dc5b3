"""Our own terminal, in raw mode for as long as a process has it."""

from __future__ import annotations

import os
import termios
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tiffin.cli.parse import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


def own_terminal() -> int:
    """The descriptor of one of our streams that is a terminal. Raises UsageError."""
    found = next((number for number in (0, 1, 2) if os.isatty(number)), -1)
    if found < 0:
        raise UsageError("--tty: none of the standard streams is a terminal")
    return found


def size_of(descriptor: int) -> tuple[int, int]:
    """Columns and rows."""
    size = os.get_terminal_size(descriptor)
    return size.columns, size.lines


@contextmanager
def raw(descriptor: int) -> Iterator[None]:
    """All keys go to the process."""
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor, termios.TCSANOW)  # what was typed already is for the process, too
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

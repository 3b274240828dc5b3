"""stdin, stdout and stderr: there even where the caller has closed them, and UTF-8 whatever the locale is."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

# /dev/null is opened the wrong way round: who needs a stream that is not there fails with EBADF, as with `cat <&-`.
# What is told on stderr has no reader, and is no failure.
STREAMS = (("stdin", "r", os.O_WRONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY))


def prepare() -> None:
    """Comes before any file is opened, which would get the number of a stream that is not there."""
    for number, (name, mode, flags) in enumerate(STREAMS):
        if getattr(sys, name) is None:
            _open(number, flags)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115
    escape = "surrogateescape"
    for stream, errors in ((sys.stdin, escape), (sys.stdout, escape), (sys.stderr, "backslashreplace")):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(
                encoding="utf-8", errors=errors
            )  # JSON is, and Dockerfiles, and what Go's programs print


def _open(number: int, flags: int) -> None:
    descriptor = os.open(os.devnull, flags)
    if descriptor == number:
        os.set_inheritable(number, True)  # positional only
    else:
        os.dup2(descriptor, number)
        os.close(descriptor)


def unread() -> bool:
    """Whether nobody reads stdout or stderr any more (`| head`); then what is still buffered for it goes nowhere."""
    from select import POLLERR, poll

    ours = poll()
    for number in (1, 2):
        ours.register(number, 0)
    closed = [number for number, events in ours.poll(0) if events & POLLERR]
    for number in closed:
        _discard(number)
    return bool(closed)


def finish() -> None:
    """Writes out what is buffered; where that fails it is dropped, or the interpreter would fail once more with it."""
    try:
        sys.stdout.flush()
    except OSError:
        _discard(1)


def _discard(number: int) -> None:
    descriptor = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(descriptor, number)
    os.close(descriptor)

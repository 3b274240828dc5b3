"""The standard streams of a container."""

from __future__ import annotations

import os
from contextlib import contextmanager

from tiffin.cli.parse import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.cli.containers.port import Execution
    from tiffin.cli.parse import Arguments

TERMINAL = "/dev/tty"


def check_terminal() -> None:
    """Makes sure that somebody will hold the other side of a container's terminal.

    Raises:
        UsageError: nobody would.
    """
    if any(map(os.isatty, (0, 1, 2))):
        return
    try:
        os.close(os.open(TERMINAL, os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY))
    except OSError as error:
        raise UsageError(
            f"--tty: none of the standard streams is a terminal, and there is no other: {error.strerror}"
        ) from error


@contextmanager
def open_stdio(arguments: Arguments) -> Iterator[tuple[int, int, int]]:
    """Ours, with /dev/null to read from unless it is interactive."""
    with _streams(interactive=arguments.switch("interactive"), tty=arguments.switch("tty")) as stdio:
        yield stdio


@contextmanager
def process_stdio(execution: Execution) -> Iterator[tuple[int, int, int]]:
    """The same for a further process; of one that is detached, nobody hears."""
    with _streams(interactive=execution.interactive, tty=execution.tty) as (stdin, stdout, stderr):
        if not execution.detach:
            yield stdin, stdout, stderr
            return
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            yield stdin, null, null
        finally:
            os.close(null)


@contextmanager
def _streams(*, interactive: bool, tty: bool) -> Iterator[tuple[int, int, int]]:
    if interactive:
        yield 0, 1, 2
        return
    stdin = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if tty:
            os.dup2(stdin, 0)  # the runtime copies our own stdin to the container's terminal
        yield stdin, 1, 2
    finally:
        os.close(stdin)

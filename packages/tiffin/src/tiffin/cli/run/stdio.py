"""The standard streams of a container."""

from __future__ import annotations

import os
from contextlib import contextmanager

from tiffin.cli.parse import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.cli.containers.folder import ContainerFolder
    from tiffin.cli.parse import Arguments

OUTPUT = "output.log"
TERMINAL = "/dev/tty"


def check_terminal(*, detach: bool) -> None:
    """Makes sure that somebody will hold the other side of a container's terminal.

    Raises:
        UsageError: nobody would.
    """
    if detach:
        raise UsageError("--tty: nobody would be there to hold the terminal of a container in the background")
    if any(map(os.isatty, (0, 1, 2))):
        return
    try:
        os.close(os.open(TERMINAL, os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY))
    except OSError as error:
        raise UsageError(
            f"--tty: none of the standard streams is a terminal, and there is no other: {error}"
        ) from error


@contextmanager
def open_stdio(arguments: Arguments, folder: ContainerFolder) -> Iterator[tuple[int, int, int]]:
    """Ours in the foreground, with /dev/null to read from unless it is interactive; a file in the background."""
    detach = arguments.switch("detach")
    opened = []
    try:
        stdin, stdout, stderr = 0, 1, 2
        if detach or not arguments.switch("interactive"):
            stdin = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            opened.append(stdin)
            if arguments.switch("tty"):
                os.dup2(stdin, 0)  # the runtime copies our own stdin to the container's terminal
        if detach:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            stdout = stderr = os.open(folder.file(OUTPUT), flags, 0o600)
            opened.append(stdout)
        yield stdin, stdout, stderr
    finally:
        for descriptor in opened:
            os.close(descriptor)

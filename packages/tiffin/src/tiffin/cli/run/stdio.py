"""The standard streams of a container."""

from __future__ import annotations

import os
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.cli.containers.folder import ContainerFolder

OUTPUT = "output.log"


@contextmanager
def open_stdio(folder: ContainerFolder, *, interactive: bool, detach: bool) -> Iterator[tuple[int, int, int]]:
    """Ours in the foreground, with /dev/null to read from unless it is interactive; a file in the background."""
    opened = []
    try:
        stdin, stdout, stderr = 0, 1, 2
        if detach or not interactive:
            stdin = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            opened.append(stdin)
        if detach:
            stdout = os.open(
                folder.file(OUTPUT), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
            )
            opened.append(stdout)
            stderr = stdout
        yield stdin, stdout, stderr
    finally:
        for descriptor in opened:
            os.close(descriptor)

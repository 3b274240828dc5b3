"""`Stdio`: where a process's streams go, as containerd's clients say it; `streams_of` has it for the monitor.

| text                        | what it is                                                          |
|-----------------------------|---------------------------------------------------------------------|
| ""                          | /dev/null                                                           |
| /path, fifo:///path         | a FIFO that the client has made; another file there is appended to  |
| file:///path                | a file, appended to                                                 |
| binary:///path?key=value    | a logger that is started, with containerd's protocol (binary-v2 too)|
| cri:///path?max-size=10Mi   | ours: a file in Kubernetes' log format, rotated                     |
| json-file:///path?...       | ours: a file in Docker's log format, rotated                        |
"""

from __future__ import annotations

import os

from tiffin.runtime.errors import InvalidArgument, OperationFailed
from tiffin.runtime.record import Record

from ..monitor.values import Streams
from ..tasks.threads import in_thread
from .sinks import FIFO, scheme_of, sink_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER_MODE = 0o755
MADE_BY_US = frozenset({"file", "cri", "json-file"})  # kinds of sinks whose file the monitor makes


class Stdio(Record):
    """The streams of one process, as a client gave them. terminal: all three are one; stderr is not looked at."""

    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    terminal: bool = False


def streams_of(
    stdio: Stdio, *, identifier: str, namespace: str, owner: tuple[int, int] | None = None
) -> Streams:
    """The same for the monitor.

    A stdout that is no FIFO takes stderr too if that names nothing, or the same: one file, one logger.

    Args:
        identifier: what a logger is told as CONTAINER_ID: the container's id, or that of the exec.
        namespace: what it is told as CONTAINER_NAMESPACE.
        owner: uid and gid of the pipes.

    Raises:
        InvalidArgument: a text that is neither an absolute path nor one of these URIs.
    """
    environment = (f"CONTAINER_ID={identifier}", f"CONTAINER_NAMESPACE={namespace}")
    stderr = stdio.stderr
    if stdio.stdout and not stderr and scheme_of(stdio.stdout) != FIFO:
        stderr = stdio.stdout
    return Streams(
        stdin=_fifo(stdio.stdin),
        stdout=(sink_of(stdio.stdout, environment),) if stdio.stdout else (),
        stderr=(sink_of(stderr, environment),) if stderr and not stdio.terminal else (),
        terminal=stdio.terminal,
        owner=owner,
    )


async def make_folders(streams: Streams) -> None:
    """Makes the folders of the files that the monitor will make. Raises OperationFailed."""
    if files := [sink.path for sink in (*streams.stdout, *streams.stderr) if sink.kind in MADE_BY_US]:
        await in_thread(_make_folders_of, files)  # they may be on a file system that hangs


def _make_folders_of(files: Iterable[str]) -> None:
    for path in files:
        try:
            os.makedirs(os.path.dirname(path), mode=FOLDER_MODE, exist_ok=True)
        except OSError as error:
            raise OperationFailed(
                f"the folder of {path}: {error.strerror}", errno=error.errno or 0
            ) from error


def _fifo(text: str) -> str:
    """The path of a stdin."""
    if not text:
        return ""
    sink = sink_of(text, ())
    if sink.kind != FIFO:
        raise InvalidArgument(f"stdin {text!r}: must be the path of a FIFO")
    return sink.path

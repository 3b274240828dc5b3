"""A log on the disk, to our streams: Docker's format (one JSON object a line, rotated), or plain bytes.

PATH.2  PATH.1  PATH     the oldest to the newest; the last one is renamed when it is full
"""

from __future__ import annotations

import json
import os
import select
import sys
from collections import deque

from tiffin.cli.containers.folder_watch import FolderWatch
from tiffin.cli.failure import CommandFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from tiffin.cli.containers.port import LogView

QUIET_SECONDS = 0.3  # after the end of a process, what was in its pipes may still come


def show(path: str, view: LogView, *, plain: bool, ended: int = -1) -> None:
    """Prints it.

    Args:
        plain: bytes as they were written, whose streams and times nobody knows.
        ended: becomes readable when nothing more will come (a pidfd); -1: that is so already. With `follow` only.

    Raises:
        CommandFailed: times are asked for that a plain log does not have.
    """
    if plain and view.timestamps:
        raise CommandFailed("this log has no times: it was written as plain bytes")
    lines = _all_lines(path)
    if view.tail >= 0:
        lines = iter(deque(lines, view.tail))
    printer = _Printer(plain=plain, timestamps=view.timestamps)
    if not view.follow or ended < 0:
        printer.print(lines)
        return
    with FolderWatch(os.path.dirname(path)) as watch, _Tail(path) as tail:
        printer.print(deque(_before(path, tail), None if view.tail < 0 else view.tail))
        while not _is_readable(ended):
            printer.print(tail.lines())
            watch.wait(ended)
        printer.print(tail.lines())
        while watch.wait(-1, QUIET_SECONDS):
            printer.print(tail.lines())


def _before(path: str, tail: _Tail) -> Iterator[bytes]:
    for old in _rotated(path):
        with open(old, "rb") as file:
            yield from file
    yield from tail.lines()


def _all_lines(path: str) -> Iterator[bytes]:
    for name in (*_rotated(path), path):
        with open(name, "rb") as file:
            yield from file


def _rotated(path: str) -> list[str]:
    """The older files, the oldest first."""
    folder, name = os.path.split(path)
    numbers = [entry[len(name) + 1 :] for entry in os.listdir(folder) if entry.startswith(f"{name}.")]
    return [f"{path}.{number}" for number in sorted((int(n) for n in numbers if n.isdigit()), reverse=True)]


def _is_readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


class _Tail:
    """The newest file, and the one that follows when it is renamed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: BinaryIO = open(path, "rb")  # noqa: SIM115  # closed by __exit__
        self._rest = b""

    def __enter__(self) -> _Tail:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def lines(self) -> Iterator[bytes]:
        """What has been written since the last call, in whole lines."""
        while True:
            for line in self._file:
                self._rest += line
                if self._rest.endswith(b"\n"):
                    yield self._rest
                    self._rest = b""
            if not self._was_renamed():
                return
            self._file.close()
            self._file = open(self._path, "rb")  # noqa: SIM115  # closed by __exit__

    def _was_renamed(self) -> bool:
        try:
            return os.stat(self._path).st_ino != os.fstat(self._file.fileno()).st_ino
        except FileNotFoundError:  # between two names
            return False


class _Printer:
    def __init__(self, *, plain: bool, timestamps: bool) -> None:
        self._plain = plain
        self._timestamps = timestamps

    def print(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            if self._plain:
                sys.stdout.buffer.write(line)
            else:
                self._print_entry(line)
        sys.stdout.buffer.flush()
        sys.stderr.buffer.flush()

    def _print_entry(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except ValueError:  # cut off by a crash, or a full disk
            return
        stream = sys.stderr if entry.get("stream") == "stderr" else sys.stdout
        text = f"{entry.get('time')} {entry['log']}" if self._timestamps else entry["log"]
        stream.buffer.write(text.encode("utf-8", "surrogateescape"))

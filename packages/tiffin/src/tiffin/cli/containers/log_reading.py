"""A log on the disk, to our streams: Docker's format (one JSON object a line, rotated), or plain bytes."""

from __future__ import annotations

import json
import os
import select
import sys
from collections import deque
from contextlib import ExitStack

from tiffin.cli.containers.folder_watch import FolderWatch
from tiffin.cli.containers.log_files import LogFiles
from tiffin.cli.failure import CommandFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

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
    printer = _Printer(plain=plain, timestamps=view.timestamps)
    with ExitStack() as stack:
        follows = view.follow and ended >= 0
        watch = stack.enter_context(FolderWatch(os.path.dirname(path))) if follows else None
        files = stack.enter_context(LogFiles(path, plain=plain))
        printer.print(files.lines() if view.tail < 0 else deque(files.lines(), view.tail))
        if watch is not None:
            _follow(printer, files, watch, ended)


def _follow(printer: _Printer, files: LogFiles, watch: FolderWatch, ended: int) -> None:
    while not _is_readable(ended):
        printer.print(files.lines())
        watch.wait(ended)
    printer.print(files.lines())
    while watch.wait(-1, QUIET_SECONDS):
        printer.print(files.lines())


def _is_readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


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
            data = entry["log"].encode("utf-8", "surrogateescape")
            start = f"{entry['time']} ".encode() if self._timestamps else b""
        except (ValueError, KeyError, TypeError, AttributeError):  # cut off by a crash, or a full disk
            return
        stream = sys.stderr if entry.get("stream") == "stderr" else sys.stdout
        stream.buffer.write(start + data)

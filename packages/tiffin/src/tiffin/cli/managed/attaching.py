"""`tiffin --address SOCKET attach`: joins a task whose streams are FIFOs."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from tiffin.cli.attending.attendance import Attendance
from tiffin.cli.failure import CommandFailed
from tiffin.cli.managed.attended_process import ManagedProcess
from tiffin.manager.client.fifos import Fifos

if TYPE_CHECKING:
    from tiffin.api.containerd.types.task.task_pb2 import Process as ProcessState
    from tiffin.manager.client.tasks import Task


class JoinedFifos(Fifos):
    """FIFOs that are there already, and stay."""

    def __init__(self, paths: tuple[str, str, str]) -> None:
        super().__init__()
        for path in filter(None, self.paths):
            os.unlink(path)
        self.paths = paths


async def attach(task: Task, state: ProcessState, *, stdin: bool) -> int:
    """Until its end, or until the user leaves. Raises CommandFailed: its output goes elsewhere."""
    if not _is_fifo(state.stdout):
        where = state.stdout or "/dev/null"
        raise CommandFailed(
            f"{task.container!r} cannot be attached to: its output goes to {where} "
            f"(`tiffin logs --follow {task.container}` reads a log of `tiffin run --detach`)"
        )
    joins_stdin = stdin and _is_fifo(state.stdin)
    paths = (state.stdin if joins_stdin else "", state.stdout, state.stderr)
    async with JoinedFifos(paths) as fifos:
        await fifos.connect()
        terminal = bool(state.terminal) and any(map(os.isatty, (0, 1, 2)))
        attendance = Attendance(
            ManagedProcess(task, fifos), fifos, tty=terminal, stdin=joins_stdin, may_leave=terminal
        )
        code = await attendance.attend()
    return code or 0


def _is_fifo(path: str) -> bool:
    try:
        return bool(path) and stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False

"""`Process`: one process of a container as it is known now: its first one, or a further one (an exec)."""

from __future__ import annotations

import asyncio
import re

from tiffin.runtime.errors import InvalidArgument

from ..monitor.values import INIT
from .records import ProcessRecord
from .states import EXEC, TASK, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.runtime.errors import RuntimeFailure

    from ..monitor.values import Exit, MonitoredProcess
    from ..stdio import Stdio

EXEC_PREFIX = "x-"  # of its name in the monitor: an exec may be called `init`
IDENTIFIER = re.compile(r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*")
LONGEST_EXEC_ID = 76  # as containerd has it (identifiers.Validate)


class Process:
    """What is known of it; `Container` keeps the disk the same.

    changing: held by who changes its state by a command. settled: set once it is known that nobody has to wait any
    more: its exit was told, its start failed, or it was deleted. drained: set once its output was handed over.
    stdin_ended: nothing more comes for it, even if it does not run yet.
    """

    def __init__(self, exec_id: str, stdio: Stdio, process: str = "") -> None:
        self.exec_id = exec_id
        self.name = EXEC_PREFIX + exec_id if exec_id else INIT
        self.rules = EXEC if exec_id else TASK
        self.stdio = stdio
        self.process = process
        self.status = Status.CREATING
        self.pid = 0
        self.start_time = 0
        self.exit: Exit | None = None
        self.untold = ""
        self.failure: RuntimeFailure | None = None
        self.stdin_ended = False
        self.changing = asyncio.Lock()
        self.settled = asyncio.Event()
        self.drained = asyncio.Event()

    def record(self, cgroups: Mapping[str, str]) -> ProcessRecord:
        """For the disk."""
        return ProcessRecord(
            exec_id=self.exec_id,
            stdio=self.stdio,
            status=self.status,
            pid=self.pid,
            start_time=self.start_time,
            exit=self.exit,
            untold=self.untold,
            process=self.process,
            stdin_ended=self.stdin_ended,
            cgroups=dict(cgroups) if self.name == INIT else {},
        )

    @classmethod
    def from_record(cls, record: ProcessRecord) -> Process:
        """As a predecessor has left it."""
        process = cls(record.exec_id, record.stdio, record.process)
        process.status = record.status
        process.pid = record.pid
        process.start_time = record.start_time
        process.exit = record.exit
        process.untold = record.untold
        process.stdin_ended = record.stdin_ended
        return process

    def learn(self, known: MonitoredProcess) -> None:
        """What the monitor, or its files, say. An exit that was known is the true one."""
        self.pid = known.pid or self.pid
        self.start_time = known.start_time or self.start_time
        self.exit = self.exit or known.exit
        if known.drained:
            self.drained.set()

    def forget(self) -> None:
        """Its start has failed: it is as if it had not been tried."""
        self.pid = self.start_time = 0
        self.exit = None
        self.drained.clear()

    def settle(self, failure: RuntimeFailure | None = None) -> None:
        """Those who wait go on: it has ended, or there is nothing to wait for."""
        self.failure = failure
        self.settled.set()


def check_exec_id(exec_id: str) -> None:
    """Raises InvalidArgument for what is no identifier of containerd's."""
    if not IDENTIFIER.fullmatch(exec_id) or len(exec_id) > LONGEST_EXEC_ID:
        raise InvalidArgument(
            f"exec id {exec_id!r}: letters, digits, and `._-` between them, at most {LONGEST_EXEC_ID}"
        )

"""--trace FILE: how long each operation of a plan took, one JSON object a line."""

from __future__ import annotations

import posix

from ..plan.table import OPERATIONS, STEPS
from ..state.document import quote
from ..state.files import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..plan.operation import Plan

OPERATION_NAMES = {row[0]: row[1] for row in OPERATIONS}
STEP_NAMES = {row[0]: row[1] for row in STEPS}


class Trace:
    """Collects the durations of one plan's operations, and writes them at its end."""

    def __init__(self, plan: Plan, container: str) -> None:
        self.plan = plan
        self.container = container
        self.lines: list[str] = []

    def add(self, index: int, begin: int, end: int) -> None:
        """An operation took from begin to end (CLOCK_MONOTONIC, nanoseconds)."""
        operation = self.plan.operations[index]
        self.lines.append(
            f'{{"container":{quote(self.container)},"index":{index},"operation":"{OPERATION_NAMES[operation.number]}",'
            f'"step":"{STEP_NAMES[operation.step]}","where":{quote(operation.where)},'
            f'"begin_ns":{begin},"duration_us":{(end - begin) / 1000:.1f}}}\n'
        )

    def write(self, path: str) -> None:
        """Appends what was collected to a file."""
        flags = posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND | posix.O_CLOEXEC
        descriptor = posix.open(path, flags, 0o644)
        try:
            write_all(descriptor, "".join(self.lines).encode())
        finally:
            posix.close(descriptor)

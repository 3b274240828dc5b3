"""`Operation` and `Plan`: what the executor will do, as values.

A plan is made with no privilege, and can be printed, compared and tested. `encode` flattens it to the blob
that the C core decodes; `table` says what each number means.
"""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Operation(Record):
    """One step of the executor.

    number: its number in `table.OPERATIONS`.
    step: who executes it (`table.STEPS`).
    where: the JSON path in config.json that asked for it, or a flag such as `--console-socket`; "" if none.
    arguments: its fields, in the order of the table.
    """

    number: int
    step: int
    where: str
    arguments: tuple[Any, ...]


class Plan(Record):
    """A frozen list of operations, in the order of execution within each step."""

    operations: tuple[Operation, ...]

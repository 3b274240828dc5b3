"""list: all containers, as a table, as JSON or as ids."""

from __future__ import annotations

import sys

from ...errors import InvalidArgument
from ...lifecycle.listing import list_containers
from ...state.document import list_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...lifecycle.listing import Listed
    from ...lifecycle.settings import Settings
    from ..parse import Invocation

HEAD = ("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER")
NARROWEST, GAP = 12, 3  # of a column, with the gap to the next one


def run_verb(settings: Settings, invocation: Invocation) -> int:
    form = invocation.flags.text("format", "table")
    found = list(list_containers(settings))
    if invocation.flags.switch("quiet"):
        sys.stdout.write("".join(f"{row.state.id}\n" for row in found))
    elif form == "json":
        rows = ",".join(list_document(row.state, row.status, row.owner) for row in found)
        sys.stdout.write(f"[{rows}]\n" if found else "null\n")
    elif form == "table":
        sys.stdout.write(table([HEAD, *(cells(row) for row in found)]))
    else:
        raise InvalidArgument("invalid format option")
    return 0


def cells(row: Listed) -> tuple[str, ...]:
    """One line of the table."""
    pid = row.state.pid if row.status != "stopped" else 0
    return row.state.id, str(pid), row.status, row.state.bundle, row.state.created, row.owner


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need to be; the last one is not padded."""
    widths = [max(NARROWEST, *(len(row[index]) + GAP for row in rows)) for index in range(len(HEAD) - 1)]
    lines = (
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + row[-1] for row in rows
    )
    return "".join(f"{line}\n" for line in lines)
